"""Modes ``exact`` and ``tokens`` of DINOv3 ViT-S/16: what a map cell costs in each, and how far their vectors agree.

    .venv/bin/python benchmarks/encoder_modes.py               # some minutes
    .venv/bin/python benchmarks/encoder_modes.py --side 1      # a smaller map

On a real scene (NEON, Bartlett, 10 cm), patches of 16 x 16 tokens = 256 pixels = the encoder's own input size, so that
no patch is resized. ``exact`` looks at every patch by itself and takes the mean of its patch tokens. ``tokens`` looks
at windows of 336 pixels at fixed places, keeps the inner 17 x 17 of 21 x 21 tokens, and a patch's vector is the mean of
its 16 x 16 tokens. Both through the lattice function, as maps and plots do.

Cost: a map with one patch on every token (a cell of 16 pixels); reading is part of it. ``tokens`` makes all of the map;
of ``exact`` a sample of its patches is made, which cost the same each. Rounds take turns; the median is given. Cosines
are between the two vectors of the same place, and, for scale, between exact vectors of different places; of vectors as
they are, and with the mean of all places taken out, which is what a model that standardises sees.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from checkout import register

register()

import numpy as np  # noqa: E402

from botaclip.core.lattice import Lattice, PatchSpec  # noqa: E402
from botaclip.core.lattice_reader import LatticeReader  # noqa: E402
from botaclip.core.rasters import open_raster  # noqa: E402
from botaclip.core.vector_source import vector_source  # noqa: E402
from encoder_graphs import DINOV3_S, RESULTS, SCENES, about_machine, machine, network  # noqa: E402

SCENE = SCENES / "neon_bart_rgb_10cm_2019.tif"
PATCH_CELLS, TOKEN_PX = 16, 16
SAMPLED = 6


def measure(side: int, rounds: int, threads: int | None = None) -> dict[str, Any]:
    """Return costs and cosines on a map of ``side`` windows a side."""
    made = network(DINOV3_S)
    encoders = {
        "exact": made.exported(
            "exact", input_px=PATCH_CELLS * TOKEN_PX, pooling="mean", threads=threads
        ).with_stride(TOKEN_PX),
        "tokens": made.exported("tokens", threads=threads),
    }  # fmt: skip
    source = open_raster(SCENE)
    patch_m = PATCH_CELLS * TOKEN_PX * source.pixel_size_m
    lattice = Lattice.of(source, TOKEN_PX, 0, patch_m)
    patch, kept = PatchSpec(patch_m, PATCH_CELLS), encoders["tokens"].kept_tokens
    # Whole windows, off the scene's border, so that none is computed for a part of what it keeps.
    first, nodes = kept, side * kept - PATCH_CELLS + 1
    rows, cols = (axis.ravel() + first + PATCH_CELLS // 2 for axis in np.mgrid[0:nodes, 0:nodes])
    picked = np.random.default_rng(0).choice(len(rows), min(SAMPLED**2, len(rows)), replace=False)
    found: dict[str, list[float]] = {"exact": [], "tokens": []}
    results = {}
    for _ in range(rounds):
        for mode, encoder in encoders.items():
            # A source keeps the windows it has made; a new one has none.
            looked = vector_source(LatticeReader(source, lattice), encoder, None)
            asked = picked if mode == "exact" else np.arange(len(rows))
            began = time.perf_counter()
            results[mode] = looked.patches(rows[asked], cols[asked], patch)[0]
            cells = len(asked) if mode == "exact" else (side * kept) ** 2
            found[mode].append((time.perf_counter() - began) / cells)
    exact, tokens = results["exact"].astype(np.float64), results["tokens"][picked].astype(np.float64)
    if not (np.isfinite(exact).all() and np.isfinite(tokens).all()):
        raise SystemExit("the map reaches beyond the scene; take a smaller --side")
    ms = {mode: 1000 * float(np.median(seconds)) for mode, seconds in found.items()}
    return {
        "weights": made.weights, "patch_px": PATCH_CELLS * TOKEN_PX, "window_px": made.record.window_px,
        "kept_tokens": kept, "cells": (side * kept) ** 2, "places": len(picked), "rounds": rounds,
        "ms_per_cell": ms, "ratio": ms["exact"] / ms["tokens"],
        "cosine": agreement(exact, tokens), "cosine_centred": agreement(exact - exact.mean(0), tokens - tokens.mean(0)),
        "cosine_other_places": float(np.median(_other(exact))),
        "cosine_other_places_centred": float(np.median(_other(exact - exact.mean(0)))),
    }  # fmt: skip


def agreement(one: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """Return the median, mean and lowest cosine between rows."""
    values = (_unit(one) * _unit(other)).sum(axis=1)
    return {"median": float(np.median(values)), "mean": float(values.mean()), "lowest": float(values.min())}


def _other(vectors: np.ndarray) -> np.ndarray:
    """Return the cosines between different rows."""
    unit = _unit(vectors)
    return (unit @ unit.T)[np.triu_indices(len(unit), 1)]


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def words(found: dict[str, Any]) -> list[str]:
    """Return the figures as Markdown."""
    lines = ["| mode | ms per map cell | |", "|---|---|---|"]
    lines.append(f"| exact | {found['ms_per_cell']['exact']:.1f} | one patch of {found['patch_px']} px a cell |")
    lines.append(
        f"| tokens | {found['ms_per_cell']['tokens']:.3f} | windows of {found['window_px']} px, "
        f"{found['kept_tokens']} x {found['kept_tokens']} tokens kept |"
    )
    lines.append(f"\nA map cell costs {found['ratio']:.0f} times as much in mode exact ({found['weights']} weights).")
    for key, what in (("cosine", "as they are"), ("cosine_centred", "mean of all places taken out")):
        one = found[key]
        lines.append(
            f"Cosine of exact and tokens at the same {found['places']} places, {what}: median {one['median']:.4f}, "
            f"mean {one['mean']:.4f}, lowest {one['lowest']:.4f}; exact vectors of different places: median "
            f"{found[key.replace('cosine', 'cosine_other_places')]:.4f}."
        )
    return lines


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=2, help="windows a side of the map; 2 fit on the scene")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--results", type=Path, default=RESULTS / "encoder_modes.json")
    options = parser.parse_args()
    found = {"machine": machine(), **measure(options.side, options.rounds, options.threads)}
    print(about_machine(found["machine"]))
    print("\n".join(words(found)))
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
