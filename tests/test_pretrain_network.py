"""The network of the bundled encoder: its field, its map, and that its graph is the network."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from botaclip.core.onnx_scan import scan_onnx
from botaclip.training.pretrain_export import graph_of_network
from botaclip.training.pretrain_network import MARGIN_PX, STRIDE_PX, Block, ConvEncoder, Projector


def network(seed: int = 0) -> ConvEncoder:
    """Return a network whose norms and offsets all do something."""
    torch.manual_seed(seed)
    made = ConvEncoder(24)
    for layer in made.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None and layer.running_var is not None
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2.0)
            nn.init.normal_(layer.weight)
            nn.init.normal_(layer.bias)
        if isinstance(layer, Block):
            nn.init.normal_(layer.narrow.weight, std=0.2)
    nn.init.normal_(made.without_nir)
    return made.eval()


def image(rows: int, cols: int, seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    sides = (STRIDE_PX * rows + 2 * MARGIN_PX, STRIDE_PX * cols + 2 * MARGIN_PX)
    return torch.randn(2, 4, *sides, generator=generator)


@torch.no_grad()
def test_a_map_is_its_patches() -> None:
    made, pixels = network(), image(5, 3)
    whole = made(pixels, torch.ones(2))
    assert whole.shape == (2, 24, 5, 3)
    for row in range(5):
        for col in range(3):
            top, left = row * STRIDE_PX, col * STRIDE_PX
            side = STRIDE_PX + 2 * MARGIN_PX
            one = made(pixels[:, :, top : top + side, left : left + side], torch.ones(2))
            torch.testing.assert_close(one[:, :, 0, 0], whole[:, :, row, col], rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_a_cell_sees_its_margin_and_no_further() -> None:
    made, pixels = network(), image(5, 5)
    before = made(pixels, torch.ones(2))[:, :, 2, 2]
    seen = torch.zeros(pixels.shape[2], dtype=torch.bool)
    for column in range(pixels.shape[3]):
        other = pixels.clone()
        other[:, :, :, column] += 3.0
        seen[column] = not torch.equal(made(other, torch.ones(2))[:, :, 2, 2], before)
    first, last = 2 * STRIDE_PX, 3 * STRIDE_PX + 2 * MARGIN_PX - 1
    assert seen.nonzero().ravel().tolist() == list(range(first, last + 1))


@pytest.mark.parametrize("bands", [3, 4])
@torch.no_grad()
def test_the_graph_is_the_network(bands: int) -> None:
    made, pixels = network(), image(4, 6)
    if bands == 3:
        pixels[:, 3] = 0.0
    expected = made(pixels, torch.full((2,), float(bands == 4))).numpy()
    graph = graph_of_network(made, bands, name="test")
    scan_onnx(graph, where="the graph")
    found = onnxruntime.InferenceSession(graph).run(None, {"pixels": pixels[:, :bands].numpy()})[0]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
    # The same bytes from the same weights.
    assert graph == graph_of_network(made, bands, name="test")


@torch.no_grad()
def test_an_unknown_band_is_not_a_dark_one() -> None:
    made, pixels = network(), image(2, 2)
    pixels[:, 3] = 0.0
    assert not torch.allclose(made(pixels, torch.zeros(2)), made(pixels, torch.ones(2)))


def test_a_block_begins_as_the_straight_way() -> None:
    block = Block(6, 12).eval()
    pixels = torch.randn(1, 6, 7, 7)
    with torch.no_grad():
        expected = pixels[:, :, 1:-1, 1:-1] + block.narrow.bias[:, None, None]
        torch.testing.assert_close(block(pixels), expected)


def test_the_projector_gives_its_width() -> None:
    assert Projector(24, 10)(torch.randn(5, 24)).shape == (5, 10)
