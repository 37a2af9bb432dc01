"""Does the alignment tell species without a head, and do lists hold what they promise? Landscapes with known truth.

    .venv/bin/python benchmarks/promises.py              # three landscapes of 400 plots: twenty minutes
    .venv/bin/python benchmarks/promises.py --quick      # one landscape, for a look
    .venv/bin/python benchmarks/promises.py --report     # only the tables, from what was measured

Protocol ``strict``, the folds and columns of ``landscape.py``. On the test plots of each fold: zero-shot (cosine of an
image with a relevé of one species alone, which no head has been fitted for), retrieval of a plot's own relevé by its
image and the other way round, both beside chance, with the real relevés and with relevés dealt out at random. Then the
lists that are to hold 90 % of the species present, learnt from other folds than they are judged on, beside lists by
prevalence alone; and intervals of richness.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from checkout import register

ROOT = register()

import numpy as np  # noqa: E402
from scipy import stats  # noqa: E402

from botaclip.core.demo_landscape.geometry import PATCH_M  # noqa: E402
from botaclip.training.strict_protocol import evaluate_strictly  # noqa: E402
from botaclip.training.trust import trust  # noqa: E402
from landscape import MIN_PRESENCES, known_seeds  # noqa: E402
from landscape_plots import landscape_plots, survey_size  # noqa: E402
from study import RESULTS, Results, Setting, options, protocol_of, run_units, spatial_folds, tell, timed  # noqa: E402

COLUMNS = (
    "raw", "supervised", "contrastive", "botaclip", "canonical", "joint", "adapted", "shuffled", "prevalence",
)  # fmt: skip
SEEDS = {400: 3}
SHOWN = (
    ("zero_shot_auc", "zero-shot AUC"), ("retrieval_image_to_releve_recall_at_1", "image → relevé, first of all"),
    ("retrieval_image_to_releve_recall_at_5", "among five"),
    ("retrieval_releve_to_image_recall_at_1", "relevé → image, first of all"),
    ("retrieval_releve_to_image_recall_at_5", "among five"),
    ("retrieval_mean_reciprocal_rank", "mean reciprocal rank, both ways"),
)  # fmt: skip
CHANCE = {
    "zero_shot_auc": "zero_shot_auc_chance", "retrieval_mean_reciprocal_rank": "retrieval_mean_reciprocal_rank_chance",
    **{f"retrieval_{way}_recall_at_{k}": f"retrieval_recall_at_{k}_chance"
       for way in ("image_to_releve", "releve_to_image") for k in (1, 5)},
}  # fmt: skip


def measure(key: str, arguments: Any) -> dict[str, Any]:
    """Return one unit: ``size/seed``."""
    size, seed = map(int, key.split("/"))
    unit: dict[str, Any] = {"size": size, "seed": seed, "kind": "promises", "tasks": {}}
    with timed(unit, "data_seconds"):
        plots = landscape_plots(seed, survey_size(size), arguments.cache / "landscapes").first(size)
    table = plots.training_table(min_presences=MIN_PRESENCES)
    blocks, folds = spatial_folds(table, plots.touching_m, PATCH_M)
    protocol = protocol_of(table, blocks, Setting(device=arguments.device))
    judged = evaluate_strictly(table, folds, protocol, (), (), columns=COLUMNS)
    promised = trust(
        judged.plants.suitability["adapted"], table.presence, judged.plants.fold,
        baseline=judged.plants.suitability["prevalence"],
    )
    return unit | {
        "plots": len(table), "species": len(table.species), "spaces": judged.spaces, "lists": promised.lists,
        "richness": promised.richness, "folds": len(folds),
    }  # fmt: skip


def report(results: dict[str, Any]) -> str:
    """Return the tables as Markdown."""
    lines = [
        "Means over the test plots of five folds, then over seeds; in brackets the 95 % interval over seeds (Student's "
        "t; none for two).", "",
    ]  # fmt: skip
    for size in sorted({unit["size"] for unit in results.values()}):
        units = [unit for unit in results.values() if unit["size"] == size]
        seeds = ", ".join(str(unit["seed"]) for unit in units)
        plots = np.mean([unit["spaces"]["raw"]["retrieval_plots"] for unit in units])
        lines += [
            f"### {size:,} plots ({len(units)} seeds: {seeds})", "",
            f"Retrieval is among the test plots of a fold, {plots:.0f} on average.", "",
            f"| column | {' | '.join(words for _, words in SHOWN)} |", f"|---{'|---' * len(SHOWN)}|",
        ]  # fmt: skip
        for column in [name for name in COLUMNS if name in units[0]["spaces"]]:
            cells = [_over(units, lambda unit, c=column, m=metric: unit["spaces"][c].get(m)) for metric, _ in SHOWN]
            lines.append(f"| `{column}` | {' | '.join(cells)} |")
        chance = [_over(units, lambda unit, m=metric: unit["spaces"]["raw"].get(CHANCE[m])) for metric, _ in SHOWN]
        lines += [f"| *chance* | {' | '.join(cell.split(' [')[0] for cell in chance)} |", "", *_lists(units)]
    return "\n".join(lines)


def _lists(units: Sequence[Any]) -> list[str]:
    """Return what lists and intervals of richness held."""
    lines = [
        "Lists that are to hold 90 % of the species present (`adapted`), and as long ones by prevalence alone:", "",
        "| seed | species | presences held | binomial interval | species on a list | by prevalence | "
        "rare, scattered, common held | plots within the interval of richness |", "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for unit in units:
        found = unit["lists"]["coverage"]
        whole, beside = found["all"], unit["lists"]["coverage_of_prevalence"]["all"]
        classes = ", ".join(
            f"{each['share']:.1%} [{each['low']:.1%}, {each['high']:.1%}]"
            for words, each in found.items() if words != "all" and each["share"] is not None
        )  # fmt: skip
        lines.append(
            f"| {unit['seed']} | {unit['species']} | {whole['share']:.1%} | "
            f"{whole['low']:.1%} to {whole['high']:.1%} | {whole['length']:.1f} | {beside['length']:.1f} | {classes} | "
            f"{unit['richness']['coverage']:.1%} |"
        )
    held = sum(unit["lists"]["coverage"]["all"]["held"] for unit in units)
    presences = sum(unit["lists"]["coverage"]["all"]["presences"] for unit in units)
    return [*lines, "", f"All seeds: {held:,} of {presences:,} presences, {held / presences:.1%}.", ""]


def _over(units: Sequence[Any], value: Callable[[Any], Any]) -> str:
    values = [found for found in map(value, units) if found is not None]
    if not values:
        return ""
    mean = float(np.mean(values))
    if len(values) < 3:
        return f"{mean:.3f}"
    half = float(stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return f"{mean:.3f} [{mean - half:.3f}, {mean + half:.3f}]"


def main() -> int:
    """Run what has not been run, print the tables."""
    arguments = options(__doc__).parse_args()
    folder, name = (arguments.cache, "promises_quick.json") if arguments.quick else (RESULTS, "promises.json")
    results = Results(arguments.results or folder / name)
    failed = 0
    if not (arguments.report or arguments.write):
        sizes = {400: 1} if arguments.quick else SEEDS
        keys = [f"{size}/{seed}" for size, count in sizes.items() for seed in known_seeds()[:count]]
        failed = run_units(str(Path(__file__)), arguments, results, keys, lambda key: measure(key, arguments), ())
    if not arguments.unit:
        tell("promises", report(results.units) if results.units else None, arguments)
    return failed


if __name__ == "__main__":
    sys.exit(main())
