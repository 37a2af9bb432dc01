"""What a map cell costs when every patch is cut and encoded alone, beside the lattice that maps are made on here.

    .venv/bin/python benchmarks/peers.py                   # generated raster and model, as scale.py
    .venv/bin/python benchmarks/peers.py --keep build/scale

The plain way is that of most tools: for every map cell the patch around it is read from the raster, encoded by itself
and averaged. Here a patch of 100 m has 20 x 20 cells of 5 m, and at a stride of 10 m neighbours share most of them: the
lattice encodes each cell once. Both roads use the same model, raster, threads and adapter; the values must agree. The
plain way is measured on map cells drawn at random (in rows, so that its reads are as near to each other as they would
be), with as many patches at a time as the lattice computes blocks.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import county
from checkout import register

ROOT = register()

import numpy as np  # noqa: E402

from botaclip.core.applied_imagery import AppliedImagery  # noqa: E402
from botaclip.core.applied_model import AppliedModel  # noqa: E402
from botaclip.core.area import Area  # noqa: E402
from botaclip.core.progress import SILENT  # noqa: E402
from botaclip.core.raster_output import Block  # noqa: E402
from botaclip.core.stream import stream  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "peers.json"
STRIDE_M = 10.0
_ROWS, _RUN = 8, 64  # map cells of the plain way: so many runs of so many neighbours


def plain(scene: AppliedModel, area: Area, rows: np.ndarray, cols: np.ndarray) -> tuple[np.ndarray, float]:
    """Return suitability (N, S) of map cells, each patch cut and encoded alone, and the seconds it took."""
    patch, half = scene.patch, scene.patch.cells // 2

    def one(place: tuple[int, int]) -> np.ndarray:
        row, col = area.node(*place)
        vectors, seen = scene.cells.cells(row - half, col - half, patch.cells, patch.cells)
        counted = seen >= 0.5
        mean = np.einsum("dhw,hw->d", vectors, counted, dtype=np.float64) / max(counted.sum(), 1)
        return scene.suitability(mean[None].astype(np.float32))[0]

    started = time.perf_counter()
    with ThreadPoolExecutor(scene.workers) as pool:
        values = np.array(list(pool.map(one, zip(rows.tolist(), cols.tolist(), strict=True))))
    return values, time.perf_counter() - started


def lattice(scene: AppliedModel, area: Area) -> tuple[np.ndarray, float]:
    """Return the suitability (S, h, w) of a whole map by the lattice, and the seconds it took (nothing is written)."""
    blank = np.full(len(scene.model.species), np.nan, np.float32)
    result = np.full((len(blank), area.height, area.width), np.nan, np.float32)

    def make(block: Block, wanted: np.ndarray) -> np.ndarray | None:
        made = scene.block(area, block, wanted, lambda vectors: (scene.suitability(vectors), 0), blank, ahead)
        return None if made is None else made[0]

    def write(block: Block, values: np.ndarray) -> None:
        result[:, block.row : block.row + block.height, block.col : block.col + block.width] = values

    blocks = scene.blocks(area)
    started = time.perf_counter()
    with ThreadPoolExecutor(scene.workers) as ahead:
        stream(
            blocks, lambda block: area.inside(block.row, block.col, block.height, block.width), make, write,
            total=len(blocks), progress=SILENT, workers=scene.workers,
        )  # fmt: skip
    return result, time.perf_counter() - started


def compare(model: Path, raster: Path) -> dict[str, Any]:
    """Measure both roads on one raster."""
    with AppliedImagery.open(model, raster, device="cpu", maps=True) as applied:
        area = applied.areas(stride_m=STRIDE_M, extent=None, mask=None)[0]
        scene = applied.scene(0)
        random = np.random.default_rng(1)
        rows = random.integers(0, area.height, _ROWS).repeat(_RUN)
        cols = (random.integers(0, area.width - _RUN, _ROWS)[:, None] + np.arange(_RUN)).ravel()
        plain(scene, area, rows[:8], cols[:8])
        alone, plain_s = plain(scene, area, rows, cols)
        mapped, lattice_s = lattice(scene, area)
    there = mapped[:, rows, cols].T
    known = np.isfinite(there[:, 0])
    plain_us, lattice_us = 1e6 * plain_s / len(rows), 1e6 * lattice_s / (area.height * area.width)
    return {
        "map_cells": area.height * area.width, "plain_cells": len(rows), "plain_us_per_cell": plain_us,
        "lattice_us_per_cell": lattice_us, "times_cheaper": plain_us / lattice_us,
        "largest_difference": float(np.abs(there[known] - alone[known]).max()), "compared": int(known.sum()),
    }  # fmt: skip


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=8000, help="pixels a side of the generated raster (8000)")
    parser.add_argument("--keep", type=Path, help="folder in which raster and model are kept")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="botaclip-peers-")))
        folder.mkdir(parents=True, exist_ok=True)
        model, raster = folder / "county.botaclip", folder / f"county_{options.side}.tif"
        if not model.exists():
            county.train(folder)
        if not raster.exists():
            county.write_county(raster, side=options.side)
        found = compare(model, raster)
    found["machine"] = {"cores": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0]}
    sys.stdout.write(
        f"every patch alone {found['plain_us_per_cell']:8.0f} us a map cell\n"
        f"lattice           {found['lattice_us_per_cell']:8.0f} us a map cell, "
        f"{found['times_cheaper']:.0f} times less\n"
        f"largest difference in suitability {found['largest_difference']:.1e} over {found['compared']} map cells\n"
    )
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
