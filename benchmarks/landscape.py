"""Does alignment help on a landscape whose truth is known? All columns, ten seeds, 400 and 1,000 plots.

    .venv/bin/python benchmarks/landscape.py             # all seeds; about two minutes each on two cores
    .venv/bin/python benchmarks/landscape.py --seeds 1 2
    .venv/bin/python benchmarks/landscape.py --report    # only the tables, from what was measured

Every seed is a landscape of its own, written and read as files like anybody's data. Intervals are over seeds
(Student's t), because targets of one landscape are not independent. ``environment_known`` is the same head on the
true environment: a ceiling.
Results are kept in ``benchmarks/results/landscape.json``, finished seeds are not run again.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from checkout import register

ROOT = register()

import numpy as np  # noqa: E402
import rasterio  # noqa: E402
from scipy import stats  # noqa: E402

from botaclip.core.commands import TRAIN  # noqa: E402
from botaclip.core.demo_landscape import write_demo_landscape  # noqa: E402
from botaclip.core.options import parse_parameters  # noqa: E402
from botaclip.core.progress import Progress  # noqa: E402
from botaclip.training import train as job  # noqa: E402
from botaclip.training.evaluation import COLUMNS, cross_validate  # noqa: E402
from botaclip.training.scores import target_scores  # noqa: E402
from botaclip.training.training_table import TrainingTable  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "landscape.json"
SIZES = (400, 1000)
TSS = "tss_at_train_threshold"
SHOWN = (*COLUMNS, "environment_known")


def environment_features(folder: Path, table: TrainingTable) -> np.ndarray:
    """Return the true gradients at the plots with squares and products (N, F)."""
    with rasterio.open(folder / "environment.tif") as dataset:
        values = np.array(list(dataset.sample([(float(x), float(y)) for x, y in table.places])))
    values = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-6)
    rows, cols = np.triu_indices(values.shape[1])
    return np.hstack([values, values[:, rows] * values[:, cols]]).astype(np.float32)


def run_seed(seed: int) -> dict[str, Any]:
    """Return per size: for every column and metric the scores of all targets, blocked folds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_demo_landscape(folder, seed=seed, plots=max(SIZES))
        parameters, _ = parse_parameters(
            TRAIN,
            {
                "raster": folder / "tiles", "releves": folder / "releves.csv", "plots": folder / "plots.csv",
                "crs": "EPSG:32632", "x_field": "x", "y_field": "y", "output": folder / "model.botaclip",
            },
        )
        releves = job._read(parameters)
        quiet = Progress()
        every = job._pair(releves, job._imagery(parameters, quiet), parameters, quiet)
        out: dict[str, Any] = {}
        for size in SIZES:
            started = time.perf_counter()
            # Plots come in random order: the first are a random part of the survey.
            first = every.plots < size
            pairs = dataclasses.replace(
                every,
                **{
                    field: getattr(every, field)[first]
                    for field in ("plots", "rows", "cols", "offset_m", "vectors", "seen", "points", "scene")
                },
            )
            table = job.training_table(releves, pairs, parameters["raster"])
            blocks = job._blocks(pairs, table, parameters, quiet)
            folds = list(blocks.split(table.places))
            protocol = job._protocol(table, blocks, parameters, "cpu")
            cv = cross_validate(table, folds, protocol)
            targets = target_scores(table, cv)
            known = dataclasses.replace(table, vectors=environment_features(folder, table))
            ceiling = target_scores(
                known, cross_validate(known, folds, dataclasses.replace(protocol, alignments=()), columns=("raw",))
            )
            for species in targets:
                targets[species]["environment_known"] = ceiling[species]["raw"]
            out[str(size)] = {
                "targets": targets,
                "picked": [choices["adapted"] for choices in cv.choices],
                "seconds": round(time.perf_counter() - started, 1),
            }
            print(f"seed {seed}, {size} plots: {out[str(size)]['seconds']} s", flush=True)
            print(one_line(out[str(size)]["targets"]), flush=True)
    return out


def values(targets: dict[str, Any], column: str, metric: str) -> np.ndarray:
    """Return one metric of one column over the targets."""
    return np.array([columns[column][metric] for columns in targets.values()], dtype=float)


def one_line(targets: dict[str, Any]) -> str:
    """Return the median TSS of every column."""
    tss = [f"{c} {np.nanmedian(values(targets, c, TSS)):.3f}" for c in SHOWN]
    return "   TSS " + ", ".join(tss)


def interval(x: np.ndarray) -> str:
    """Return mean and 95 % interval over seeds."""
    if len(x) < 2:
        return f"{x.mean():+.4f}"
    half = stats.t.ppf(0.975, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x))
    return f"{x.mean():+.4f} [{x.mean() - half:+.4f}, {x.mean() + half:+.4f}]"


def report(results: dict[str, Any]) -> str:
    """Return the tables as Markdown."""
    lines = []
    for size in SIZES:
        seeds = [seed for seed in results if str(size) in results[seed]]
        lines += [
            f"### {size} plots, {len(seeds)} seeds ({', '.join(seeds)})",
            "",
            "Median over targets (mean over seeds); differences to `raw`: median of the paired differences over "
            "targets, mean over seeds with 95 % interval over seeds.",
            "",
            "| column | TSS | fold-mean TSS | difference in TSS | truth r | difference in truth r | AUC | Brier |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for column in SHOWN:
            cells = []
            for metric in (TSS, f"{TSS}_fold_mean", "truth_correlation", "auc", "brier"):
                each = [np.nanmedian(values(results[s][str(size)]["targets"], column, metric)) for s in seeds]
                cells.append(f"{np.mean(each):.3f}")
            gains = []
            for metric in (TSS, "truth_correlation"):
                each = np.array(
                    [
                        np.nanmedian(
                            values(results[s][str(size)]["targets"], column, metric)
                            - values(results[s][str(size)]["targets"], "raw", metric)
                        )
                        for s in seeds
                    ]
                )
                gains.append("" if column == "raw" else interval(each))
            row = [f"`{column}`", cells[0], cells[1], gains[0], cells[2], gains[1], cells[3], cells[4]]
            lines.append(f"| {' | '.join(row)} |")
        versus = [
            np.nanmedian(
                values(results[s][str(size)]["targets"], "supervised", TSS)
                - values(results[s][str(size)]["targets"], "botaclip", TSS)
            )
            for s in seeds
        ]
        picked = [choice.split(",")[0] for s in seeds for choice in results[s][str(size)]["picked"]]
        counts = {name: picked.count(name) for name in sorted(set(picked))}
        lines += [
            "",
            f"`supervised` minus `botaclip` in TSS: {interval(np.array(versus))}. What `auto` picked over all folds: "
            + ", ".join(f"{name} {count}" for name, count in counts.items())
            + ".",
            "",
        ]
    return "\n".join(lines)


def main() -> None:
    """Run what has not been run, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="*", help="only these")
    parser.add_argument("--report", action="store_true", help="print the tables, run nothing")
    parser.add_argument("--again", action="store_true", help="run seeds again that were finished")
    arguments = parser.parse_args()
    known = json.loads((ROOT / "benchmarks" / "landscape_seeds.json").read_text())
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for seed in [] if arguments.report else (arguments.seeds or known["fixed"] + known["drawn"]):
        if str(seed) in results and not arguments.again:
            continue
        results[str(seed)] = run_seed(seed)
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(rounded(results)))
    sys.stdout.write(report(results) + "\n")


def rounded(value: Any) -> Any:
    """Return numbers with five digits: the file is committed."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 5) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
