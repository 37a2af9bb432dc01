"""By what should inner validation choose? Every trial's inner scores beside what it reaches on the outer fold.

    .venv/bin/python benchmarks/criterion.py camden 400/101        # 5 to 20 minutes of one core each
    .venv/bin/python benchmarks/criterion.py --report

``camden`` is the real set of ``real_sets.py``; ``size/seed`` a landscape of ``landscape.py``. In every outer fold all
alignments are tried in inner folds as ``auto`` tries them; then each is fitted on the whole outer training fold and
its linear head asked about the test fold. What is told is the mean over outer folds of the mean AUC over species on
the test fold, every species alike: of what each criterion picked among all trials, of what it picked within each
alignment, and of the best trial, which nobody can know. Made to look at ``--choose-by``; the tables of the studies are
of ``error``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from checkout import register

ROOT = register()

import numpy as np  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402

import landscape  # noqa: E402
from botaclip.core.cache_folder import cache_folder  # noqa: E402
from botaclip.training.alignment import Alignment  # noqa: E402
from botaclip.training.heads import PENALTIES, linear_path  # noqa: E402
from botaclip.training.selection import CRITERIA, Trial, best, fit_alignment, inner_validation  # noqa: E402
from botaclip.training.standardiser import Standardiser  # noqa: E402
from botaclip.training.training_table import TrainingTable  # noqa: E402
from landscape_plots import landscape_plots, survey_size  # noqa: E402
from real_sets import SHARED  # noqa: E402
from study import Setting, protocol_of, read_folder, spatial_folds  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "criterion.json"


def table_of(key: str, cache: Path) -> tuple[TrainingTable, float, float]:
    """Return the plots, the distance from which two share no pixel, and the side of a patch."""
    if key == "camden":
        reading = read_folder(SHARED / "s2_london_camden_trees")
        return reading.data, reading.touching_m, reading.pairs.patch.size_m
    size, seed = map(int, key.split("/"))
    plots = landscape_plots(seed, survey_size(size), cache / "landscapes").first(size)
    return plots.training_table(min_presences=landscape.MIN_PRESENCES), plots.touching_m, landscape.PATCH_M


def measure(key: str, cache: Path) -> dict[str, Any]:
    """Return what each criterion picks, fold by fold."""
    table, touching_m, patch_m = table_of(key, cache)
    blocks, folds = spatial_folds(table, touching_m, patch_m)
    protocol = protocol_of(table, blocks, Setting())
    reached: dict[str, list[float]] = {}
    picked: dict[str, list[str]] = {criterion: [] for criterion in CRITERIA}
    for number, (train, test) in enumerate(folds):
        inside, outside = table.take(train), table.take(test)
        trials = inner_validation(
            inside, protocol.validation_folds(inside), protocol.alignments, choose_by="ranking",
            random_state=protocol.random_state,
        )  # fmt: skip
        found = _on_test(inside, outside, protocol.alignments, protocol.random_state)
        for criterion in CRITERIA:
            judged = [_judged(trial, criterion) for trial in trials]
            for name in ("", *dict.fromkeys(trial.alignment.name for trial in trials)):
                chosen = best(judged, *([name] if name else []))
                label = f"{criterion}: {name or 'all'}"
                reached.setdefault(label, []).append(found[_key(chosen)])
            picked[criterion].append(best(judged).label)
        reached.setdefault("best of all", []).append(max(found.values()))
        sys.stdout.write(f"{key}: fold {number + 1} of {len(folds)}\n")
        sys.stdout.flush()
    return {"auc": {label: float(np.mean(values)) for label, values in reached.items()}, "picked": picked,
            "folds": len(folds), "species": len(table.species), "plots": len(table)}  # fmt: skip


def _judged(trial: Trial, criterion: str) -> Trial:
    import dataclasses

    return trial if criterion == "ranking" else dataclasses.replace(trial, ranking=None)


def _key(trial: Trial) -> tuple[str, int, float]:
    return trial.alignment.label, trial.steps, trial.penalty


def _on_test(
    inside: TrainingTable, outside: TrainingTable, alignments: tuple[Alignment, ...], random_state: int
) -> dict[tuple[str, int, float], float]:
    """Return the mean AUC over species on the test fold of every alignment, number of steps and penalty."""
    standardiser = Standardiser.fit(inside.vectors, inside.blocks)
    near, far = standardiser(inside.vectors), standardiser(outside.vectors)
    count = outside.presence.sum(axis=0)
    known = np.flatnonzero((count > 0) & (count < len(outside)))
    found = {}
    for alignment in (Alignment("none"), *alignments):
        spaces = {0: (near, far)}
        if alignment.name != "none":
            fitted = fit_alignment(near, inside, alignment, standardiser, random_state=random_state)
            spaces = {adapter.steps: (adapter(near), adapter(far)) for adapter in fitted}
        for steps, (a, b) in spaces.items():
            for penalty, scores in zip(PENALTIES, linear_path(a, inside.presence, b), strict=True):
                areas = [roc_auc_score(outside.presence[:, s], scores[:, s]) for s in known]
                found[alignment.label, steps, penalty] = float(np.mean(areas))
    return found


def report(results: dict[str, Any]) -> str:
    """Return what was measured as a table."""
    lines = ["| set | criterion | all | " + " | ".join(("frozen", "supervised", "canonical", "contrastive", "joint"))
             + " | picked |", "|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for key, unit in results.items():
        for criterion in CRITERIA:
            names = ("all", "none", "supervised", "canonical", "contrastive", "joint")
            cells = [f"{unit['auc'][f'{criterion}: {name}']:.3f}" for name in names]
            lines.append(f"| {key} | {criterion} | {' | '.join(cells)} | {'; '.join(unit['picked'][criterion])} |")
        lines.append(f"| {key} | *best of all trials* | {unit['auc']['best of all']:.3f} |  |  |  |  |  |  |")
    return "\n".join(lines)


def main() -> int:
    """Measure what is named, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", help="camden, or size/seed of a landscape")
    parser.add_argument("--cache", type=Path, default=cache_folder().parent / "studies")
    parser.add_argument("--report", action="store_true", help="print the table, run nothing")
    arguments = parser.parse_args()
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for key in [] if arguments.report else arguments.sets:
        results[key] = measure(key, arguments.cache)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(report(results) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
