"""Dense encoders over whole real scenes: a cell is the same in every window, and what that saves.

    .venv/bin/python benchmarks/encoder_dense.py                                   # a quarter of an hour on two cores
    .venv/bin/python benchmarks/encoder_dense.py --encoders colour-texture --scenes neon_bart_rgb_10cm_2019

Each of the four scenes is walked over once as a map is made (windows of 48 x 48 cells, through the lattice function),
and once patch by patch: 16 x 16 cells and their margins, read and encoded alone. Every cell with a valid pixel is
compared. The largest difference is given in spreads (standard deviations over the scene) of its
dimension; above 1e-3 the benchmark fails. Dimensions without spread must not differ at all.

Cost of one map cell is that of encoding, without reading. *Dense* is what a map of patches costs, since neighbouring
patches share their cells; *patch-wise* is one patch for every map cell. The third figure is the patch-wise cost of a
cell where patches adjoin instead of overlapping: what the margins alone cost.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

from checkout import register

register()

import numpy as np  # noqa: E402

from botaclip.core.cells import CellSource  # noqa: E402
from botaclip.core.encoders.onnx_session import OnnxEncoder  # noqa: E402
from botaclip.core.lattice import Lattice  # noqa: E402
from botaclip.core.lattice_reader import LatticeReader  # noqa: E402
from botaclip.core.rasters import RasterSource, open_raster  # noqa: E402
from encoder_graphs import (  # noqa: E402
    FLAIR,
    HAND_MADE,
    RESULTS,
    SCENES,
    about_machine,
    hand_made,
    machine,
    network,
)

PATCH_CELLS, WINDOW_CELLS = 16, 48
MOST_DIFFERENCE = 1e-3
# Name -> bands by role, in full and for encoders of red, green and blue.
RASTERS = {
    "neon_bart_rgb_10cm_2019": ("red=1,green=2,blue=3", "red=1,green=2,blue=3"),
    "zion_landsat8_b2345": ("red=3,green=2,blue=1,nir=4", "red=3,green=2,blue=1"),
    "s2rgb_manchester_2024": ("red=1,green=2,blue=3", "red=1,green=2,blue=3"),
    "s2rgb_birmingham_2024": ("red=1,green=2,blue=3", "red=1,green=2,blue=3"),
}
FLAIR_STAGES = {"flair-resnet34 stage 2": 2, "flair-resnet34 stage 3": 3}


def encoder_for(name: str, source: RasterSource, threads: int | None) -> OnnxEncoder:
    """Return a dense encoder for the bands and values of a raster."""
    if name in HAND_MADE:
        return hand_made(name, tuple(source.roles), value_range=source.value_range(), threads=threads)
    made = network(FLAIR, stage=FLAIR_STAGES[name])
    return made.exported("dense", value_range=source.value_range(), threads=threads)


class Differences:
    """Largest difference and spread of every dimension, gathered window by window."""

    def __init__(self, dimension: int) -> None:
        self.count = 0
        self._sum, self._square = np.zeros(dimension), np.zeros(dimension)
        self._largest = np.zeros(dimension)

    def add(self, dense: np.ndarray, alone: np.ndarray) -> None:
        """Take vectors (D, N) of the same cells by both roads."""
        self.count += dense.shape[1]
        values = dense.astype(np.float64)
        self._sum += values.sum(axis=1)
        self._square += (values**2).sum(axis=1)
        np.maximum(self._largest, np.abs(dense - alone).max(axis=1, initial=0.0), out=self._largest)

    def relative(self) -> float:
        """Return the largest difference in spreads of its dimension."""
        mean = self._sum / self.count
        spread = np.sqrt(np.maximum(self._square / self.count - mean**2, 0.0))
        if (self._largest[spread == 0] > 0).any():
            return math.inf
        alive = spread > 0
        return float((self._largest[alive] / spread[alive]).max(initial=0.0))


def walk(source: RasterSource, encoder: OnnxEncoder) -> dict[str, Any]:
    """Walk over the whole scene by both roads."""
    lattice = Lattice.of(source, encoder.stride_px, 0, math.inf)
    reader = LatticeReader(source, lattice)
    cells, margin, stride = CellSource(reader, encoder), encoder.margin_px, encoder.stride_px
    first, last = extent(source, lattice)
    differences = Differences(encoder.dimension)
    seconds = {"dense": 0.0, "patchwise": 0.0}
    counts = {"dense": 0, "patchwise": 0}
    for top in range(first[0], last[0], WINDOW_CELLS):
        for left in range(first[1], last[1], WINDOW_CELLS):
            # Whole windows and patches also at the border: what lies outside is not valid and not compared.
            window = cells.read(top, left, WINDOW_CELLS, WINDOW_CELLS)
            if not window.valid.any():
                continue
            began = time.perf_counter()
            dense, seen = cells.encode(window)
            seconds["dense"] += time.perf_counter() - began
            counts["dense"] += int((seen > 0).sum())
            for row in range(0, WINDOW_CELLS, PATCH_CELLS):
                for col in range(0, WINDOW_CELLS, PATCH_CELLS):
                    part = slice(row, row + PATCH_CELLS), slice(col, col + PATCH_CELLS)
                    there = seen[part] > 0
                    if not there.any():
                        continue
                    side = PATCH_CELLS * stride + 2 * margin
                    pixels, valid = reader.read(
                        (top + row) * stride - margin, (left + col) * stride - margin, side, side
                    )
                    began = time.perf_counter()
                    alone = encoder.encode(pixels[None], valid[None])[0]
                    seconds["patchwise"] += time.perf_counter() - began
                    counts["patchwise"] += 1
                    differences.add(dense[(slice(None), *part)][:, there], alone[:, there])
    dense_ms = 1000 * seconds["dense"] / counts["dense"]
    patch_ms = 1000 * seconds["patchwise"] / counts["patchwise"]
    return {
        "cells": counts["dense"], "compared": differences.count, "patches": counts["patchwise"],
        "pixel_m": lattice.pixel_m, "largest_difference": differences.relative(), "dense_ms_per_cell": dense_ms,
        "patchwise_ms_per_cell": patch_ms, "ratio": patch_ms / dense_ms,
        "ratio_adjoining": patch_ms / PATCH_CELLS**2 / dense_ms,
    }  # fmt: skip


def extent(source: RasterSource, lattice: Lattice) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the first cell (row, column) that touches the raster, and the one after the last."""
    from botaclip.core.places import Points

    xs, ys = (np.concatenate(axis) for axis in zip(*(tile.corners for tile in source.tiles), strict=True))
    placed = Points(x=xs, y=ys, crs=source.crs_wkt).to(lattice.crs_wkt)
    across, down = (placed.x - lattice.origin_x) / lattice.cell, (lattice.origin_y - placed.y) / lattice.cell
    return (
        (math.floor(down.min() + 1e-6), math.floor(across.min() + 1e-6)),
        (math.ceil(down.max() - 1e-6), math.ceil(across.max() - 1e-6)),
    )


def table(found: dict[str, Any]) -> list[str]:
    """Return the figures as Markdown."""
    lines = [
        "| encoder | scene | cells compared | largest difference, spreads | dense, ms per map cell "
        "| patch-wise, ms per map cell | ratio | ratio where patches adjoin |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, scenes in found.items():
        for scene, one in scenes.items():
            lines.append(
                f"| {name} | {scene} | {one['compared']} | {one['largest_difference']:.1e} | "
                f"{one['dense_ms_per_cell']:.4f} | {one['patchwise_ms_per_cell']:.2f} | {one['ratio']:.0f} | "
                f"{one['ratio_adjoining']:.2f} |"
            )
    return lines


def main() -> int:
    """Measure, print and keep the figures; 1 where a difference is too large."""
    names = [*HAND_MADE, *FLAIR_STAGES]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoders", nargs="*", choices=names, default=names)
    parser.add_argument("--scenes", nargs="*", choices=list(RASTERS), default=list(RASTERS))
    parser.add_argument("--threads", type=int)
    parser.add_argument("--results", type=Path, default=RESULTS / "encoder_dense.json")
    options = parser.parse_args()
    found: dict[str, Any] = {}
    for name in options.encoders:
        found[name] = {}
        for scene in options.scenes:
            source = open_raster(SCENES / f"{scene}.tif", bands=RASTERS[scene][name not in HAND_MADE])
            found[name][scene] = walk(source, encoder_for(name, source, options.threads))
            print(f"{name}, {scene}: done", flush=True)
    about = machine()
    weights = {
        name: network(FLAIR, stage=FLAIR_STAGES[name]).weights for name in options.encoders if name in FLAIR_STAGES
    }
    print(about_machine(about))
    print("\n".join([f"{name}: {words} weights" for name, words in weights.items()] + table(found)))
    options.results.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": about, "weights": weights, "encoders": found}, indent=1)
    options.results.write_text(text + "\n", encoding="utf-8")
    worst = max(one["largest_difference"] for scenes in found.values() for one in scenes.values())
    print(f"largest difference: {worst:.1e} spreads, {'within' if worst <= MOST_DIFFERENCE else 'ABOVE'} 1e-3")
    return int(worst > MOST_DIFFERENCE)


if __name__ == "__main__":
    raise SystemExit(main())
