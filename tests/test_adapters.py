"""The light adapters: as many parameters as the paper says, and an identity at the start."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from botaclip.core.adapters import IMAGE_FORMS, ImageAdapter, ReleveAdapter, count_parameters
from botaclip.core.errors import OptionError
from botaclip.core.losses import GeometryRegulariser, NeighbourRegulariser, SigmoidContrastiveLoss

FORMS = pytest.mark.parametrize("form", IMAGE_FORMS)
# W and b; then gelu(D -> D/4) -> D without a second bias; or 32 groups of 32 to tokens of 64, one head, and back.
LINEAR = 1024 * 1024 + 1024
RESIDUAL = LINEAR + 1024 * 256 + 256 + 256 * 1024
ATTENTION = LINEAR + 32 * 32 * 64 + 32 * 64 + 3 * (64 * 64 + 64) + 32 * 64 * 32


def moved(form: str, dimension: int, width: int | None = None) -> ImageAdapter:
    """Return an adapter none of whose numbers is where it started."""
    torch.manual_seed(0)
    adapter = ImageAdapter(dimension, width, form)
    with torch.no_grad():
        for parameter in adapter.parameters():
            parameter += 0.2 * torch.randn(parameter.shape)
    return adapter


def test_numbers_of_parameters_are_the_papers() -> None:
    image = ImageAdapter(1024)
    assert count_parameters(image) == 1_049_600
    releve = ReleveAdapter(256, 1024, hidden=1024)
    assert count_parameters(releve) == 1_312_768
    # "about 2.4 million", with temperature and bias of the loss
    assert count_parameters(image, releve, SigmoidContrastiveLoss()) == 2_362_370
    assert count_parameters(ReleveAdapter.of("mlp", 256, 1024)) == 1_312_768
    assert count_parameters(ReleveAdapter.of("linear", 256, 1024)) == 263_168


@pytest.mark.parametrize(("form", "expected"), [("linear", LINEAR), ("residual", RESIDUAL), ("attention", ATTENTION)])
def test_numbers_of_parameters_of_each_form(form: str, expected: int) -> None:
    assert expected == {"linear": 1_049_600, "residual": 1_574_144, "attention": 1_195_200}[form]
    assert count_parameters(ImageAdapter(1024, form=form)) == expected


def test_frozen_numbers_do_not_count() -> None:
    image = ImageAdapter(10)
    image.linear.bias.requires_grad_(False)
    assert count_parameters(image) == 100


@FORMS
@pytest.mark.parametrize("dimension", [1, 24, 32, 45, 96])
def test_image_adapter_starts_as_the_identity(form: str, dimension: int) -> None:
    vectors = torch.randn(7, dimension, generator=torch.Generator().manual_seed(0))
    assert torch.equal(ImageAdapter(dimension, form=form)(vectors), vectors)


@FORMS
def test_at_the_start_regularisers_are_zero_and_flat_but_the_contrastive_loss_is_not(form: str) -> None:
    torch.manual_seed(0)
    vectors, releves = torch.randn(9, 40), torch.randn(9, 40)
    adapter = ImageAdapter(40, form=form)

    def gradient(value: torch.Tensor) -> float:
        adapter.zero_grad()
        value.backward()
        return max(float(p.grad.abs().max()) for p in adapter.parameters() if p.grad is not None)

    for regulariser in (GeometryRegulariser(), NeighbourRegulariser()):
        value = regulariser(adapter(vectors), vectors)
        assert float(value.detach()) == pytest.approx(0.0, abs=1e-6)
        assert gradient(value) < 1e-5
    assert gradient(SigmoidContrastiveLoss()(adapter(vectors), releves)) > 1e-3


@FORMS
def test_every_number_learns_after_a_few_steps(form: str) -> None:
    """What starts at 0 holds back what stands before it only for the first step."""
    torch.manual_seed(0)
    adapter, vectors, wanted = ImageAdapter(40, form=form), torch.randn(30, 40), torch.randn(30, 40)
    before = {name: value.detach().clone() for name, value in adapter.named_parameters()}
    optimiser = torch.optim.SGD(adapter.parameters(), lr=0.1)
    for _ in range(3):
        optimiser.zero_grad()
        (adapter(vectors) - wanted).square().mean().backward()
        optimiser.step()
    # Softmax does not see what is added to all of a row's products, as the key's bias is.
    still = {name for name, value in adapter.named_parameters() if torch.equal(value, before[name])}
    assert still <= {"attention.key.bias"}


@FORMS
def test_rows_are_adapted_by_themselves(form: str) -> None:
    adapter, vectors = moved(form, 45), torch.randn(8, 45)
    whole = adapter(vectors)
    torch.testing.assert_close(torch.cat([adapter(vectors[:3]), adapter(vectors[3:])]), whole)
    torch.testing.assert_close(adapter(vectors.flip(0)), whole.flip(0))


def test_the_residual_form_is_linear_plus_linear_gelu_linear() -> None:
    adapter, vectors = moved("residual", 12, 9), torch.randn(5, 12)
    names = adapter.matrices()
    hidden = torch.nn.functional.gelu(vectors @ names["hidden_weight"] + names["hidden_bias"])
    expected = vectors @ names["weight"] + names["bias"] + hidden @ names["out_weight"]
    torch.testing.assert_close(adapter(vectors), expected)
    assert adapter(vectors).shape == (5, 9)


def test_attention_is_torchs_own_over_tokens_of_each_group() -> None:
    adapter, vectors = moved("attention", 70), torch.randn(4, 70)
    names = adapter.matrices()
    rows = []
    for vector in vectors:
        groups = torch.cat([vector, torch.zeros(26)]).view(3, 32)
        tokens = torch.stack([groups[g] @ names["token_weight"][g] + names["token_bias"][g] for g in range(3)])
        query, key, value = (
            tokens @ names[f"{role}_weight"] + names[f"{role}_bias"] for role in ("query", "key", "value")
        )
        attended = torch.nn.functional.scaled_dot_product_attention(query[None], key[None], value[None])[0]
        brought = torch.cat([attended[g] @ names["out_weight"][g] for g in range(3)])[:70]
        rows.append((vector + brought) @ names["weight"] + names["bias"])
    torch.testing.assert_close(adapter(vectors), torch.stack(rows), atol=1e-4, rtol=1e-4)


@FORMS
def test_every_form_can_continue_from_a_linear_adapter(form: str) -> None:
    torch.manual_seed(0)
    weight, bias, vectors = torch.randn(9, 40), torch.randn(9), torch.randn(6, 40)
    adapter = ImageAdapter(40, 9, form)
    adapter.start_linear(weight, bias)
    torch.testing.assert_close(adapter(vectors), vectors @ weight.T + bias)


def test_unknown_forms_are_worded_errors() -> None:
    with pytest.raises(OptionError, match="linear, residual, attention"):
        ImageAdapter(8, form="round")
    with pytest.raises(OptionError, match="linear or mlp"):
        ReleveAdapter.of("round", 8, 8)


def test_single_layer_starts_at_a_known_solution() -> None:
    random = np.random.default_rng(0)
    weight, bias, axes = random.normal(size=(12, 5)), random.normal(size=12), random.normal(size=(9, 5))
    adapter = ReleveAdapter(5, 12)
    adapter.start_linear(torch.as_tensor(weight), torch.as_tensor(bias))
    made = adapter(torch.as_tensor(axes, dtype=torch.float32)).detach().numpy()
    np.testing.assert_allclose(made, axes @ weight.T + bias, atol=1e-5)


def test_hidden_layer_is_linear_gelu_linear() -> None:
    torch.manual_seed(0)
    adapter = ReleveAdapter(5, 12, hidden=8)
    axes = torch.randn(9, 5)
    first, second = adapter.layers
    expected = second(torch.nn.functional.gelu(first(axes)))
    assert torch.equal(adapter(axes), expected)
    assert count_parameters(adapter) == 5 * 8 + 8 + 8 * 12 + 12
    (weight, bias), (last_weight, last_bias) = adapter.matrices()
    torch.testing.assert_close(torch.nn.functional.gelu(axes @ weight + bias) @ last_weight + last_bias, expected)
