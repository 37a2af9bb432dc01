"""The size of the paper on this machine: 28,418 plots, 3,587 species, vectors of 512 numbers; time, memory, rate.

    .venv/bin/python benchmarks/paper_size.py            # about 10 minutes on two cores
    .venv/bin/python benchmarks/paper_size.py --quick    # a hundredth of it, to see that all is well
    .venv/bin/python benchmarks/paper_size.py --device cuda
    BOTACLIP_SAMPLED=10 .venv/bin/python benchmarks/paper_size.py --parts forests    # fewer species than 100

Everything is generated: gradients, species that follow them, images that carry some of them. Five folds of the adapter
that the paper trains (``botaclip``, to its last step) and of the linear head for all species at once; forests for 100
sampled species, timed apart; then all species over a megapixel of embeddings, of which the ten highest are kept. Each
part runs in a process of its own, so that memory is that part's. The peak of this machine is that of NumPy's float32
matrix product of the same width, measured in the same process before and after.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from typing import Any

from checkout import register

ROOT = register()

import numpy as np  # noqa: E402
from scipy.sparse import csr_array  # noqa: E402

from botaclip.core.encoders.onnx_session import open_session, run_session  # noqa: E402
from botaclip.core.suitability import highest  # noqa: E402
from botaclip.training.alignment import candidates, fit_adapters  # noqa: E402
from botaclip.training.export import head_graph  # noqa: E402
from botaclip.training.forest import grow_forest  # noqa: E402
from botaclip.training.heads import fit_linear  # noqa: E402
from botaclip.training.standardiser import Standardiser  # noqa: E402
from botaclip.training.training_table import TrainingTable  # noqa: E402
from study import tell  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "paper_size.json"
PLOTS, SPECIES, WIDTH, FOLDS, SAMPLED, PIXELS, TOP = 28_418, 3_587, 512, 5, 100, 1_000_000, 10
MOST_MINUTES, MOST_GIB, LEAST_SHARE = 15.0, 6.0, 0.5
_ROWS, _GRADIENTS = 512, 12


def survey(plots: int, species: int, width: int) -> TrainingTable:
    """Return generated plots: about 20 species each, as many rare ones as real surveys have."""
    random = np.random.default_rng(1)
    gradients = random.normal(size=(plots, _GRADIENTS)).astype(np.float32)
    vectors = gradients @ random.normal(size=(_GRADIENTS, width)).astype(np.float32)
    vectors += 3.0 * random.normal(size=(plots, width)).astype(np.float32)
    optimum = random.normal(size=(_GRADIENTS, species)).astype(np.float32)
    level = np.sort(random.gamma(0.5, size=species))[::-1].astype(np.float32)
    rate = 20.0 * level / level.sum()
    parts = []
    for first in range(0, plots, 2_048):
        fit = gradients[first : first + 2_048] @ optimum / np.sqrt(_GRADIENTS)
        present = random.random(fit.shape, dtype=np.float32) < np.minimum(rate * np.exp(1.5 * fit - 1.0), 0.95)
        parts.append(csr_array(present * random.choice([0.5, 2.5, 8.0, 15.0, 37.5], fit.shape).astype(np.float32)))
    from scipy.sparse import vstack

    cover = csr_array(vstack(parts))
    return TrainingTable(
        ids=tuple(f"p{i}" for i in range(plots)), places=random.uniform(0, 300_000, (plots, 2)), vectors=vectors,
        cover=cover, presence=(cover > 0).astype(np.float32).toarray(),
        species=tuple(f"species {s}" for s in range(species)),
    )


def folds_of(table: TrainingTable) -> list[np.ndarray]:
    """Return the training rows of each fold: vertical strips of the land are held out."""
    strip = (table.places[:, 0] // 10_000).astype(int) % FOLDS
    return [np.flatnonzero(strip != fold) for fold in range(FOLDS)]


def adapters(sizes: tuple[int, ...], device: str) -> dict[str, Any]:
    """Fit adapter and linear head of every fold."""
    plots, species, width, _ = sizes
    table = survey(plots, species, width)
    alignment = next(each for each in candidates(len(table), dimension=width) if each.name == "botaclip")
    alignment = alignment.at(max(alignment.checkpoints))
    spent = {"adapters": 0.0, "heads": 0.0}
    for rows in folds_of(table):
        began = time.perf_counter()
        inside = table.take(rows)
        standardiser = Standardiser.fit(inside.vectors, inside.blocks)
        adapter = fit_adapters(standardiser(inside.vectors), inside, alignment, device=device)[0]
        middle = time.perf_counter()
        fit_linear(adapter(standardiser(inside.vectors)), inside.presence, 3.0)
        spent["adapters"] += middle - began
        spent["heads"] += time.perf_counter() - middle
    return {
        "seconds": spent, "steps": max(alignment.checkpoints),
        "species_a_plot": float(table.presence.sum(axis=1).mean()), "minutes": sum(spent.values()) / 60,
    }


def forests(sizes: tuple[int, ...], device: str) -> dict[str, Any]:
    """Grow the paper's forests for sampled species on the first fold."""
    plots, species, width, _ = sizes
    table = survey(plots, species, width)
    rows = folds_of(table)[0]
    often = np.flatnonzero(table.presence.sum(axis=0) >= min(20, plots // 20))
    sampled = int(os.environ.get("BOTACLIP_SAMPLED") or SAMPLED)
    chosen = np.random.default_rng(2).choice(often, min(sampled, len(often)), replace=False)
    began = time.perf_counter()
    for species_index in chosen:
        grow_forest(table.vectors[rows], table.presence[rows][:, [species_index]], random_state=1, trees=100, leaf=5)
    return {"seconds": time.perf_counter() - began, "species": len(chosen), "trees": 100}


def everywhere(sizes: tuple[int, ...], device: str) -> dict[str, Any]:
    """Compute all species over a megapixel, keep the highest, and compare with the bare matrix product."""
    _, species, width, pixels = sizes
    random = np.random.default_rng(3)
    from botaclip.training.heads import LinearHead

    head = LinearHead(random.normal(0, 0.05, (width, species)).astype(np.float32), np.zeros(species, np.float32))
    slope, intercept = np.ones(species, np.float32), np.zeros(species, np.float32)
    session = open_session(head_graph(head, slope=slope, intercept=intercept))
    batch = random.normal(size=(_ROWS, width)).astype(np.float32)
    peak = [_peak(batch, head.weights)]
    began = time.perf_counter()
    for _ in range(pixels // _ROWS):
        (made,) = run_session(session, {"adapted": batch}, ("suitability",))
        highest(made, TOP)
    seconds = time.perf_counter() - began
    bare = time.perf_counter()
    for _ in range(pixels // _ROWS):
        run_session(session, {"adapted": batch}, ("suitability",))
    bare = time.perf_counter() - bare
    peak.append(_peak(batch, head.weights))
    done = 2.0 * (pixels // _ROWS) * _ROWS * width * species
    most = float(np.mean(peak))
    return {
        "seconds": seconds, "seconds_without_top": bare, "pixels": pixels // _ROWS * _ROWS,
        "gflops": done / seconds / 1e9, "peak_gflops": most / 1e9, "share_of_peak": done / seconds / most,
        "share_without_top": done / bare / most,
    }


def _peak(batch: np.ndarray, weights: np.ndarray) -> float:
    """Return operations a second of the bare product."""
    batch @ weights
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < 3.0:
        batch @ weights
        count += 1
    return 2.0 * count * batch.size * weights.shape[1] / (time.perf_counter() - began)


PARTS = {"adapters": adapters, "forests": forests, "everywhere": everywhere}


def report(found: dict[str, Any]) -> str:
    """Return what was measured, in words; parts that were not are said to be missing."""
    lines = [
        f"Machine: {found['cores']} cores, device {found['device']}; {found['plots']:,} plots, "
        f"{found['species']:,} species, {found['width']} numbers a vector."
    ]
    if fit := found.get("adapters"):
        lines.append(
            f"Five folds of adapters ({fit['steps']:,} steps each) and linear heads, {fit['species_a_plot']:.0f} "
            f"species a plot: {fit['minutes']:.1f} min ({fit['seconds']['adapters']:.0f} s and "
            f"{fit['seconds']['heads']:.0f} s), at most {fit['gib']:.2f} GiB (wanted: {MOST_MINUTES:.0f} min, "
            f"{MOST_GIB:.0f} GiB)."
        )
    if grown := found.get("forests"):
        lines.append(
            f"Forests of {grown['trees']} trees for {grown['species']} species, one fold: "
            f"{grown['seconds'] / 60:.1f} min, {grown['gib']:.2f} GiB."
        )
    if made := found.get("everywhere"):
        lines.append(
            f"All species over {made['pixels']:,} pixels, the {TOP} highest kept: {made['seconds']:.0f} s, "
            f"{made['gflops']:.0f} GFLOP/s of {made['peak_gflops']:.0f}, {made['share_of_peak']:.0%} of the matrix "
            f"product's peak ({made['share_without_top']:.0%} without the choice), {made['gib']:.2f} GiB (wanted: "
            f"{LEAST_SHARE:.0%})."
        )
    missing = [part for part in PARTS if part not in found]
    return "\n".join([*lines, *([f"Not measured: {', '.join(missing)}."] if missing else [])])


def main() -> int:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a hundredth of it; nothing is kept")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--write", action="store_true", help="put what was measured into docs/results.md, run nothing")
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=PARTS, help="only these")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        tell("paper_size", report(json.loads(RESULTS.read_text(encoding="utf-8"))).replace("\n", "\n\n"), arguments)
        return 0
    sizes = (400, 120, 64, 20_000) if arguments.quick else (PLOTS, SPECIES, WIDTH, PIXELS)
    if arguments.part:
        found = PARTS[arguments.part](sizes, arguments.device)
        found["gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        sys.stdout.write(f"\n{json.dumps(found)}\n")
        return 0
    measured: dict[str, Any] = {
        "plots": sizes[0], "species": sizes[1], "width": sizes[2], "device": arguments.device, "cores": os.cpu_count()
    }
    if RESULTS.exists() and not arguments.quick:  # parts that are not asked for stay as they were measured
        kept = json.loads(RESULTS.read_text(encoding="utf-8"))
        measured |= {part: kept[part] for part in PARTS if part in kept and kept["device"] == arguments.device}
    for part in arguments.parts:
        words = [sys.executable, __file__, "--part", part, "--device", arguments.device]
        done = subprocess.run(
            [*words, *(["--quick"] if arguments.quick else [])], stdout=subprocess.PIPE, text=True, check=True
        )
        measured[part] = json.loads(done.stdout.strip().splitlines()[-1])
        sys.stdout.write(f"{part}: done\n")
        sys.stdout.flush()
        if not arguments.quick:
            RESULTS.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(report(measured) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
