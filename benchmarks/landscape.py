"""Does alignment help on a landscape whose truth is known? All columns; 400, 1,000, 4,000 and 16,000 plots.

    .venv/bin/python benchmarks/landscape.py                  # all of it, overnight; begins again where it stopped
    .venv/bin/python benchmarks/landscape.py --quick          # 2 seeds of 400 plots: minutes
    .venv/bin/python benchmarks/landscape.py --sizes 400 --seeds 1 2
    .venv/bin/python benchmarks/landscape.py --report         # only the tables, from what was measured

Every seed is a landscape of its own; patches are rendered on the fly (``landscape_plots.py``) and encoded by
``random-conv``. Up to 1,000 plots they are the first of one survey of 36 square kilometres; larger surveys cover more
land as densely. Judged are the plants of the relevés, and of the same plots butterflies (presence) and 51 soil groups
(abundance, as log(1 + reads)), which the alignment never sees; the last two also with 30 and 100 labelled plots.
``unseen`` units keep half of the plants out of the alignment and judge those. ``environment_known`` is the same head on
the true environment: a ceiling. Intervals are over seeds, because targets of one landscape are not independent.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from checkout import register

ROOT = register()

import numpy as np  # noqa: E402

from botaclip.core.demo_landscape.geometry import PATCH_M  # noqa: E402
from botaclip.training.task import Task  # noqa: E402
from landscape_plots import LandscapePlots, landscape_plots, survey_size  # noqa: E402
from study import (  # noqa: E402
    RESULTS,
    Results,
    Setting,
    judge,
    options,
    protocol_of,
    run_units,
    scored,
    spatial_folds,
    tell,
    timed,
    without_cover_of,
)  # fmt: skip
from study_tables import comparison_table, cost_table, picked, score_table  # noqa: E402

SIZES = (400, 1_000, 4_000, 16_000)
# So many seeds as a night allows.
SEEDS = {400: 10, 1_000: 10, 4_000: 2, 16_000: 1}
UNSEEN_SEEDS = {400: 1, 1_000: 1}
LABELS = (30, 100)
BUTTERFLIES, SOIL, UNSEEN = "butterflies", "soil groups", "plants kept out"
MIN_PRESENCES = 20


def known_seeds() -> list[int]:
    """Return the seeds of the benchmark, those fixed from the start first."""
    known = json.loads((ROOT / "benchmarks" / "landscape_seeds.json").read_text(encoding="utf-8"))
    return [*known["fixed"], *known["drawn"]]


def tasks_of(plots: LandscapePlots) -> tuple[list[Task], dict[str, np.ndarray]]:
    """Return the butterflies that are seen often enough, the soil groups, and the truth behind both."""
    count = plots.butterflies.sum(axis=0)
    often = np.flatnonzero((count >= MIN_PRESENCES) & (count < len(plots)))
    names = tuple(plots.butterfly_names[i] for i in often)
    tasks = [
        Task(BUTTERFLIES, "presence", names, plots.butterflies[:, often].astype(np.float64)),
        Task(SOIL, "abundance", plots.soil_names, np.log1p(plots.soil)),
    ]
    return tasks, {BUTTERFLIES: plots.butterfly_truth[:, often], SOIL: plots.soil_truth}


def measure(key: str, arguments: Any) -> dict[str, Any]:
    """Return one unit: ``size/seed``, or ``unseen/size/seed``."""
    *what, size, seed = key.split("/")
    unit: dict[str, Any] = {"size": int(size), "seed": int(seed), "kind": what[0] if what else "whole"}
    with timed(unit, "data_seconds"):
        plots = landscape_plots(int(seed), survey_size(int(size)), arguments.cache / "landscapes").first(int(size))
    table = plots.training_table(min_presences=MIN_PRESENCES)
    tasks, truths = tasks_of(plots)
    if what:
        # Every second plant, alphabetically: names are drawn apart from niches.
        out = table.species[1::2]
        chosen = np.isin(table.species, out)
        tasks = [Task(UNSEEN, "presence", out, table.presence[:, chosen].astype(np.float64))]
        truths = {UNSEEN: table.truth[:, chosen]}
        table = without_cover_of(table, plots.plants, out)
    known = dataclasses.replace(table, vectors=plots.environment_features)
    blocks, folds = spatial_folds(table, plots.touching_m, PATCH_M)
    setting = Setting(labels=LABELS, downstream=arguments.downstream, device=arguments.device)
    judged = judge(
        table, folds, protocol_of(table, blocks, setting), setting, tasks, known=known,
        kept=arguments.cache / "folds" / key.replace("/", "-"),
        say=lambda words: print(f"{key}: {words}", flush=True),
    )  # fmt: skip
    unit |= {"plots": len(table), "species": len(table.species), "block_m": blocks.block_size_}
    return unit | scored(table, judged, tasks, truths)


def report(results: dict[str, Any]) -> str:
    """Return the tables as Markdown."""
    lines = [
        "Scores are medians over targets, means over seeds. Differences are medians of the paired differences over "
        "targets, means over seeds, in brackets the 95 % interval over seeds (Student's t; none for fewer than three), "
        "then in how many seeds they are above zero; p is Wilcoxon's over the targets of all seeds, which are not "
        "independent within a seed, r the matched-pairs rank-biserial.", "",
    ]  # fmt: skip
    costs: dict[str, list[Any]] = {}
    for size in SIZES:
        here = [unit for unit in results.values() if unit["size"] == size]
        whole = [unit for unit in here if unit["kind"] == "whole"]
        unseen = [unit for unit in here if unit["kind"] == "unseen"]
        if whole:
            costs[f"{size:,} plots"] = whole
            seeds = ", ".join(str(unit["seed"]) for unit in whole)
            lines += [f"### {size:,} plots ({len(whole)} seeds: {seeds})", ""]
            lines += _tables(whole)
            lines += [picked(whole), ""]
        if unseen:
            costs[f"{size:,} plots, half of the plants kept out"] = unseen
            lines += [f"### {size:,} plots, half of the plants kept out of the alignment ({len(unseen)} seeds)", ""]
            lines += _tables(unseen, without=("plants",))
    lines += ["### What it costs", "", *cost_table(costs)]
    return "\n".join(lines)


def _tables(units: Sequence[Any], without: Sequence[str] = ()) -> list[str]:
    tasks = [task for task in units[0]["tasks"] if task not in without and all(task in unit["tasks"] for unit in units)]
    lines: list[str] = []
    for task in tasks:
        lines += [f"**{task[0].upper()}{task[1:]}**", "", *score_table(units, task)]
    return [*lines, *comparison_table(units, tasks)]


def keys_of(arguments: Any) -> list[str]:
    """Return the units that are asked for, small ones first."""
    if arguments.quick:
        return [f"400/{seed}" for seed in known_seeds()[:2]]
    keys: list[str] = []
    for size in arguments.sizes:
        seeds = arguments.seeds or known_seeds()[: SEEDS[size]]
        keys += [f"{size}/{seed}" for seed in seeds]
        keys += [f"unseen/{size}/{seed}" for seed in seeds[: UNSEEN_SEEDS.get(size, 0)]]
    return keys


def main() -> int:
    """Run what has not been run, print the tables."""
    parser = options(__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES), choices=SIZES, help="numbers of plots")
    parser.add_argument("--seeds", type=int, nargs="*", help="only these")
    arguments = parser.parse_args()
    name = "landscape_quick.json" if arguments.quick else "landscape.json"
    results = Results(arguments.results or (arguments.cache if arguments.quick else RESULTS) / name)
    failed = 0
    if not (arguments.report or arguments.write):
        failed = run_units(
            str(Path(__file__)), arguments, results, keys_of(arguments), lambda key: measure(key, arguments)
        )
    if not arguments.unit:
        tell("landscape", report(results.units) if results.units else None, arguments)
    return failed


if __name__ == "__main__":
    sys.exit(main())
