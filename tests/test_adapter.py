"""An adapter in numpy computes what its torch module does, and keeps what the module forgets."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from botaclip.core.adapters import IMAGE_FORMS, ImageAdapter
from botaclip.training import adapter as adapter_module
from botaclip.training.adapter import Adapter

FORMS = pytest.mark.parametrize("form", IMAGE_FORMS)


def moved(form: str, dimension: int, width: int | None = None) -> ImageAdapter:
    torch.manual_seed(0)
    module = ImageAdapter(dimension, width, form)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.1 * torch.randn(parameter.shape)
    return module


@FORMS
@pytest.mark.parametrize(("dimension", "width"), [(64, None), (45, 30), (7, 7)])
def test_numpy_and_torch_agree(form: str, dimension: int, width: int | None) -> None:
    module = moved(form, dimension, width)
    vectors = np.random.default_rng(0).normal(size=(11, dimension)).astype(np.float32)
    adapter = Adapter.of_module(module, 5)
    assert (adapter.steps, adapter.form, adapter.width) == (5, form, width or dimension)
    made = adapter(vectors)
    assert made.shape == (11, width or dimension) and made.dtype == np.float32
    np.testing.assert_allclose(made, module(torch.as_tensor(vectors)).detach().numpy(), atol=1e-5)


@FORMS
def test_an_untrained_adapter_changes_nothing(form: str) -> None:
    vectors = np.random.default_rng(0).normal(size=(6, 33)).astype(np.float32)
    np.testing.assert_array_equal(Adapter.of_module(ImageAdapter(33, form=form), 0)(vectors), vectors)


def test_no_vector_is_no_error() -> None:
    for form in IMAGE_FORMS:
        assert Adapter.of_module(ImageAdapter(33, form=form), 0)(np.zeros((0, 33), np.float32)).shape == (0, 33)


def test_attention_by_pieces_is_attention_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = Adapter.of_module(moved("attention", 40), 1)
    vectors = np.random.default_rng(1).normal(size=(10, 40)).astype(np.float32)
    whole = adapter(vectors)
    monkeypatch.setattr(adapter_module, "_ROWS", 3)
    np.testing.assert_allclose(adapter(vectors), whole, atol=1e-6)


@FORMS
def test_a_checkpoint_does_not_move_with_its_module(form: str) -> None:
    module = moved(form, 20)
    adapter = Adapter.of_module(module, 1)
    before = {name: values.copy() for name, values in adapter.weights.items()}
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(1.0)
    assert set(before) == set(module.matrices())
    for name, values in adapter.weights.items():
        np.testing.assert_array_equal(values, before[name])


def test_a_linear_adapter_is_a_matrix_and_a_bias() -> None:
    random = np.random.default_rng(0)
    weight, bias, vectors = random.normal(size=(4, 3)), random.normal(size=3), random.normal(size=(5, 4))
    adapter = Adapter.linear(8, weight, bias)
    assert adapter.weight is weight and adapter.bias is bias and adapter.tower is None and adapter.form == "linear"
    np.testing.assert_array_equal(adapter(vectors), vectors @ weight + bias)
