"""The light adapters: as many parameters as the paper says, and an identity at the start."""

from __future__ import annotations

import numpy as np
import torch

from botaclip.core.adapters import ImageAdapter, ReleveAdapter, count_parameters


def test_numbers_of_parameters_are_the_papers() -> None:
    image = ImageAdapter(1024)
    assert count_parameters(image) == 1_049_600
    releve = ReleveAdapter(256, 1024, hidden=1024)
    assert count_parameters(releve) == 1_312_768
    # "about 2.4 million"
    assert count_parameters(image, releve) == 2_362_368


def test_frozen_numbers_do_not_count() -> None:
    image = ImageAdapter(10)
    image.linear.bias.requires_grad_(False)
    assert count_parameters(image) == 100


def test_image_adapter_starts_as_the_identity() -> None:
    vectors = torch.randn(7, 24, generator=torch.Generator().manual_seed(0))
    assert torch.equal(ImageAdapter(24)(vectors), vectors)


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
