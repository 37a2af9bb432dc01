"""Over parts of the real scenes, a dense encoder says of every cell what it says of it in a patch of 16 cells alone.

Whole scenes, and what each road costs, are in ``benchmarks/encoder_dense.py``.
"""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import pytest

from botaclip.core.cells import CellSource
from botaclip.core.encoders import architecture, colour_texture, random_conv
from botaclip.core.encoders.onnx_session import OnnxEncoder
from botaclip.core.encoders.registry import RECORDS
from botaclip.core.lattice import Lattice
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.rasters import RasterSource, open_raster

from .conftest import shared

RGB = ("red", "green", "blue")
PATCH_CELLS = 16
# File -> bands, and the pixel (row, column) of the lattice at which the part begins: land, no cloud.
SCENES = {
    "neon_bart_rgb_10cm_2019": ("red=1,green=2,blue=3", (300, 400)),
    "zion_landsat8_b2345": ("red=3,green=2,blue=1,nir=4", (500, 500)),
    "s2rgb_manchester_2024": ("red=1,green=2,blue=3", (600, 700)),
    "s2rgb_birmingham_2024": ("red=1,green=2,blue=3", (900, 1500)),
}
# Cells a side of the part.
ENCODERS = {"random-conv": 34, "colour-texture": 34, "flair stage 2": 40, "flair stage 3": 20}
MOST_DIFFERENCE = 1e-3


def scene(name: str, *, rgb: bool) -> RasterSource:
    bands = SCENES[name][0]
    return open_raster(shared(f"data/scenes/{name}.tif"), bands=bands.partition(",nir")[0] if rgb else bands)


def hand_made(name: str, source: RasterSource) -> OnnxEncoder:
    made = {"random-conv": random_conv, "colour-texture": colour_texture}[name]
    bands = tuple(source.roles)
    return OnnxEncoder(
        id=name, onnx=made.build(bands), bands=bands, value_range=source.value_range(),
        dimension=made.dimension(len(bands)), stride_px=made.STRIDE_PX, margin_px=made.MARGIN_PX, centre=made.CENTRE,
        spread=made.SPREAD, licence=made.LICENCE, citation=made.CITATION, threads=1,
    )  # fmt: skip


@functools.cache
def flair(stage: int) -> OnnxEncoder:
    """The ResNet34 of FLAIR-INC up to a stage, with random weights."""
    torch = pytest.importorskip("torch")
    from botaclip.core.encoders.export import export_graph
    from botaclip.core.encoders.timm_library import create

    record = RECORDS["flair-inc-rgb-15cl-resnet34-unet"]
    with torch.random.fork_rng():
        torch.manual_seed(5)
        state = create("resnet34", in_chans=3).state_dict()
        # Fresh norms let the shortcuts through and nothing else; such a network sees but a few pixels.
        for key, value in state.items():
            if key.endswith("weight") and value.ndim == 1:
                state[key] = 1 + 0.1 * torch.randn(value.shape)
    module = architecture.build(record, state, bands=RGB, stage=stage)
    return OnnxEncoder(
        id=record.id, onnx=export_graph(module, mode="dense", channels=3), bands=RGB, value_range=(0.0, 255.0),
        dimension=module.dimension, stride_px=module.token_px, margin_px=module.margin_px,
        centre=tuple(record.mean[role] / 255 for role in RGB), spread=tuple(record.std[role] / 255 for role in RGB),
        licence=record.licence, citation=record.citation, stage=stage, threads=1,
    )  # fmt: skip


def encoder_for(name: str, source: RasterSource) -> OnnxEncoder:
    if not name.startswith("flair"):
        return hand_made(name, source)
    return dataclasses.replace(flair(int(name[-1])), value_range=source.value_range())


def both_roads(
    source: RasterSource, encoder: OnnxEncoder, start_px: tuple[int, int], cells: int, *, narrower: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cells of a part of the scene, (D, cells, cells), as a map has them and patch by patch.

    ``narrower`` blacks out so many pixels of each patch's margin.
    """
    stride, margin = encoder.stride_px, encoder.margin_px
    reader = LatticeReader(source, Lattice.of(source, stride, 0, math.inf))
    first = [place // stride for place in start_px]
    dense, seen = CellSource(reader, encoder).cells(*first, cells, cells)
    alone = np.full_like(dense, np.nan)
    side = PATCH_CELLS * stride + 2 * margin
    # The last patches of a row and a column overlap those before them, so that the part need not be whole patches.
    starts = [*range(0, cells - PATCH_CELLS, PATCH_CELLS), cells - PATCH_CELLS]
    for row in starts:
        for col in starts:
            corner = [(cell + by) * stride - margin for cell, by in zip(first, (row, col), strict=True)]
            pixels, valid = reader.read(*corner, side, side)
            if narrower:
                inner = np.zeros_like(valid)
                inner[narrower:-narrower, narrower:-narrower] = True
                valid = valid & inner
            alone[:, row : row + PATCH_CELLS, col : col + PATCH_CELLS] = encoder.encode(pixels[None], valid[None])[0]
    assert (seen > 0).mean() > 0.9, "choose a part that shows something"
    return dense * (seen > 0), alone * (seen > 0)


def largest_difference(dense: np.ndarray, alone: np.ndarray) -> float:
    """Return the largest difference in spreads of its dimension; infinite where one without spread differs."""
    spread = dense.std(axis=(1, 2), dtype=np.float64)
    largest = np.abs(dense - alone).max(axis=(1, 2))
    assert (spread > 0).mean() > 0.5, "the encoder sees nothing here"
    if largest[spread == 0].any():
        return math.inf
    return float((largest[spread > 0] / spread[spread > 0]).max())


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("encoder_name", ENCODERS)
def test_dense_is_patchwise_on_real_scenes(name: str, encoder_name: str) -> None:
    source = scene(name, rgb=encoder_name.startswith("flair"))
    encoder = encoder_for(encoder_name, source)
    dense, alone = both_roads(source, encoder, SCENES[name][1], ENCODERS[encoder_name])
    assert largest_difference(dense, alone) <= MOST_DIFFERENCE


@pytest.mark.parametrize("encoder_name", ENCODERS)
def test_with_too_narrow_a_margin_it_is_not(encoder_name: str) -> None:
    """What the test above would find if an encoder saw farther than it states."""
    name = "neon_bart_rgb_10cm_2019"
    source = scene(name, rgb=True)
    encoder = encoder_for(encoder_name, source)
    # Half of it: it may be rounded up to whole cells, and the outermost pixels of a field weigh next to nothing.
    narrower = encoder.margin_px // 2
    dense, alone = both_roads(source, encoder, SCENES[name][1], ENCODERS[encoder_name], narrower=narrower)
    assert largest_difference(dense, alone) > MOST_DIFFERENCE
