"""NEON plots: 48 relevés under a 10 cm aerial image, on five sites. Does alignment help there? All columns.

    .venv/bin/python benchmarks/neon.py              # all variants
    .venv/bin/python benchmarks/neon.py --quick      # plants, one repeat
    .venv/bin/python benchmarks/neon.py --report     # only the tables

Whole blocks of plots are held out (five folds of blocks; repeated with other folds, scores are means over repeats).
Pooled over sites a model only recognises the site, so scores within sites lead: plots of one site are compared that one
model was tested on. Unseen taxa (beetles, birds, small mammals, trees) and ground cover are predicted from each fold's
spaces. ``pretrained`` is the same with VEGETA fitted also to the relevés of ``neon_releves_all``; ``trees`` takes the
tree lists (75 plots) for relevés. Intervals are by bootstrap over blocks. Nothing was tuned on these plots.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path
from typing import Any

from checkout import register

ROOT = register()

import numpy as np  # noqa: E402

from botaclip.core.errors import PairingError, ReleveError  # noqa: E402
from botaclip.training.reading import Reading  # noqa: E402
from botaclip.training.task import Task, read_task  # noqa: E402
from study import (  # noqa: E402
    RESULTS,
    Results,
    Setting,
    is_there,
    judge,
    options,
    protocol_of,
    read_folder,
    run_units,
    spatial_folds,
    tell,
    timed,
)
from study_blocks import task_by_blocks  # noqa: E402
from study_tables import comparison_table, cost_table, picked, score_table  # noqa: E402

SHARED = Path(os.environ.get("BOTACLIP_SHARED") or ROOT.parent / "shared") / "data"
FOLDER = SHARED / "neon_releves_rgb"
UNITS = ("plants", "pretrained", "trees")
REPEATS = 3
FEWEST = 5
WORDS = {
    "plants": "48 relevés",
    "pretrained": "48 relevés, VEGETA fitted also to the relevés of neon_releves_all",
    "trees": "75 tree lists as relevés",
}


def reading_of(unit: str) -> Reading:
    """Return the plots of a variant."""
    changes: dict[str, Any] = {}
    if unit == "pretrained":
        changes["extra-releves"] = str(SHARED / "neon_releves_all" / "releves.csv")
    if unit == "trees":
        changes |= {
            "releves": str(FOLDER / "tree_composition.csv"), "species-field": "species", "cover-field": None,
            "cover-scale": "auto", "date-field": None,
        }  # fmt: skip
    return read_folder(FOLDER, changes)


def tasks_of(unit: str, ids: tuple[str, ...]) -> list[Task]:
    """Return the other taxa and the ground cover that enough of these plots have."""
    wanted: list[tuple[str, str, dict[str, Any]]] = [
        (name, "other_taxa.csv", {
            "target_field": "taxon_name", "value_field": "n_samples_present", "kind": "presence",
            "where": {"group": group},
        })
        for name, group in (("beetles", "beetle"), ("birds", "bird"), ("small mammals", "small_mammal"))
    ]  # fmt: skip
    if unit != "trees":
        trees = {"target_field": "species", "value_field": "n_trees", "kind": "presence"}
        wanted.append(("trees", "tree_composition.csv", trees))
    cover = {"target_field": "cover_type", "value_field": "mean_percent_cover", "kind": "abundance"}
    wanted.append(("ground cover", "ground_cover.csv", cover))
    tasks = []
    for name, file, how in wanted:
        try:
            tasks.append(read_task(FOLDER / file, ids, name=name, min_presences=FEWEST, **how))
        except (ReleveError, PairingError) as error:
            print(f"{name}: {error}", flush=True)
    return tasks


def measure(key: str, arguments: Any) -> dict[str, Any]:
    """Return one variant, all its repeats."""
    unit: dict[str, Any] = {"variant": key, "kind": "neon"}
    with timed(unit, "data_seconds"):
        reading = reading_of(key)
    table = reading.data
    if key == "trees":
        # A plot without a tree list has not been looked at.
        table = table.take(np.flatnonzero(np.asarray((table.cover > 0).sum(axis=1)).ravel() > 0))
    assert table.groups is not None and table.sites is not None
    tasks = tasks_of(key, table.ids)
    repeats = []
    for repeat in range(1, arguments.repeats + 1):
        blocks, folds = spatial_folds(table, reading.touching_m, reading.pairs.patch.size_m, seed=repeat)
        setting = Setting(seed=repeat, downstream=arguments.downstream, device=arguments.device)
        repeats.append(
            judge(
                table, folds, protocol_of(table, blocks, setting), setting, tasks,
                kept=arguments.cache / "folds" / f"neon-{key}-{repeat}",
                say=lambda words, repeat=repeat: print(f"{key}, repeat {repeat}: {words}", flush=True),
            )  # fmt: skip
        )
    plants = dataclasses.replace(Task.plants(table), name="trees" if key == "trees" else "plants")
    found: dict[str, Any] = {}
    for task, name in ((plants, "plants"), *((task, task.name) for task in tasks)):
        held = [(judged, name) for judged in repeats if name == "plants" or name in judged.tasks]
        if not held:
            continue
        for words, sites in (("within sites", table.sites), ("pooled over sites", None)):
            scores = task_by_blocks(task, held, table.groups, sites=sites, fewest=FEWEST)
            if scores["targets"]:
                found[f"{task.name}, {words}"] = scores
    unit |= {"tasks": found, "plots": len(table), "blocks": len(set(table.groups)), "repeats": arguments.repeats}
    unit["sites"] = {str(site): int(n) for site, n in zip(*np.unique(table.sites, return_counts=True), strict=True)}
    unit["picked"] = [choices["adapted"] for judged in repeats for choices in judged.plants.choices]
    return unit


def report(results: dict[str, Any]) -> str:
    """Return the tables as Markdown."""
    lines = [
        "Scores are medians over targets; differences to `raw` are medians of the paired differences over targets "
        "(means, for AUC within sites, which takes few values), in brackets the 95 % interval by bootstrap over "
        "blocks; p (Wilcoxon) and r (rank-biserial) are over targets, "
        "which share plots.", "",
    ]  # fmt: skip
    for name in UNITS:
        if name not in results:
            continue
        unit = results[name]
        lines += [f"### {WORDS[name]}", ""]
        lines += [
            f"{unit['plots']} plots in {unit['blocks']} blocks on {len(unit['sites'])} sites; {unit['repeats']} "
            f"cross-validations. {picked([unit])}", "",
        ]  # fmt: skip
        for task in sorted(unit["tasks"], key=lambda words: "pooled" in words):
            lines += [f"**{task[0].upper()}{task[1:]}**", "", *score_table([unit], task)]
        lines += comparison_table([unit], list(unit["tasks"]))
    if results:
        lines += ["### What it costs", "", *cost_table({name: [results[name]] for name in UNITS if name in results})]
    return "\n".join(lines)


def main() -> int:
    """Run what has not been run, print the tables."""
    parser = options(__doc__)
    parser.add_argument("--variants", nargs="*", default=list(UNITS), choices=UNITS, help="only these")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="cross-validations with other folds")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.variants, arguments.repeats = ["plants"], 1
    folder, name = (arguments.cache, "neon_quick.json") if arguments.quick else (RESULTS, "neon.json")
    results = Results(arguments.results or folder / name)
    failed = 0
    if not (arguments.report or arguments.write):
        if not is_there(FOLDER):
            return 1
        failed = run_units(
            str(Path(__file__)), arguments, results, arguments.variants, lambda key: measure(key, arguments),
            ("--repeats", str(arguments.repeats)),
        )  # fmt: skip
    if not arguments.unit:
        tell("neon", report(results.units) if results.units else None, arguments)
    return failed


if __name__ == "__main__":
    sys.exit(main())
