"""The other real sets under ``shared/data``, each judged by what it can test.

    .venv/bin/python benchmarks/real_sets.py             # all of them
    .venv/bin/python benchmarks/real_sets.py --quick     # mongon only
    .venv/bin/python benchmarks/real_sets.py --report    # only the tables

``camden``: street trees of 453 cells under a Sentinel-2 scene; all columns. ``camden-unseen``: half of the trees kept
out of the alignment, judged with all, 30 and 100 labelled cells. ``ecospat`` and ``mongon`` have environment rasters
and no photograph: nothing can be aligned, so only ``environment_only``, ``location_only`` and ``prevalence`` are
judged, and what an image would have to beat is learnt. ``s2bms`` and ``glc23`` (16 and 100 patches) only show that
such files are read and encoded. Intervals are by bootstrap over blocks; protocol ``strict``, whole blocks held out.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from checkout import register

ROOT = register()

import numpy as np  # noqa: E402
import rasterio  # noqa: E402

from botaclip.core.encoders import opening  # noqa: E402
from botaclip.core.releves import read_releves  # noqa: E402
from botaclip.training.task import Task  # noqa: E402
from botaclip.training.training_table import TrainingTable  # noqa: E402
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
    scored,
    spatial_folds,
    tell,
    timed,
    without_cover_of,
)
from study_blocks import task_by_blocks  # noqa: E402
from study_tables import comparison_table, cost_table, picked, score_table  # noqa: E402

SHARED = Path(os.environ.get("BOTACLIP_SHARED") or ROOT.parent / "shared") / "data"
UNITS = ("camden", "camden-unseen", "ecospat", "mongon", "s2bms", "glc23")
WITHOUT_IMAGE = {"ecospat": "ecospat_w_alps", "mongon": "mongon_releves"}
RASTERS = {"ecospat": "env.tif", "mongon": "ep.tif"}
BLIND = ("environment_only", "location_only", "prevalence")
LABELS = (30, 100)
UNSEEN = "trees kept out"
WORDS = {
    "camden": "Street trees of Camden, Sentinel-2",
    "camden-unseen": "Street trees of Camden, half of the species kept out of the alignment",
    "ecospat": "Western Swiss Alps: environment rasters, no photograph",
    "mongon": "Mongon (Peru): environment rasters, no photograph",
    "s2bms": "Butterfly transects, Sentinel-2 (16 places)",
    "glc23": "GeoLifeCLEF 2023 sample (100 patches, one species each)",
}


def dense(cover: Any) -> np.ndarray:
    """Return a small table of cover as an array."""
    return np.asarray(cover.toarray() if hasattr(cover, "toarray") else cover)


def table_without_image(key: str) -> TrainingTable:
    """Return plots with the values of environment rasters at their places, and no image: a vector of zeros."""
    folder = SHARED / WITHOUT_IMAGE[key]
    releves = read_releves(
        folder / "releves.csv", plots=folder / "plots.csv", x_field="easting", y_field="northing", crs_field="epsg",
        groups="block", min_presences=20 if key == "ecospat" else 8, data_type="presence-absence",
        cover_field="percent_cover" if key == "mongon" else None,
    )  # fmt: skip
    with rasterio.open(folder / RASTERS[key]) as dataset:
        points = releves.points.to(dataset.crs.to_wkt())
        values = np.array(list(dataset.sample(list(zip(points.x, points.y, strict=True)))), dtype=np.float64)
        if dataset.nodata is not None and np.isfinite(dataset.nodata):
            values[values == dataset.nodata] = np.nan
    known = np.flatnonzero(np.isfinite(values).all(axis=1))
    kept = releves.take(known)
    return TrainingTable(
        ids=tuple(str(name) for name in kept.plot_ids),
        places=np.column_stack([points.x, points.y])[known],
        vectors=np.zeros((len(known), 1), np.float32),
        cover=kept.cover,
        presence=(dense(kept.cover[:, kept.targets]) > 0).astype(np.float32),
        species=tuple(str(kept.species[i]) for i in kept.targets),
        groups=None if kept.groups is None else tuple(str(group) for group in kept.groups),
        environment=values[known],
    )


def measure(key: str, arguments: Any) -> dict[str, Any]:
    """Return one unit."""
    unit: dict[str, Any] = {"kind": "real", "set": key}
    kept = arguments.cache / "folds" / f"real-{key}"
    setting = Setting(downstream=arguments.downstream, device=arguments.device)

    def say(words: str) -> None:
        print(f"{key}: {words}", flush=True)

    if key in ("s2bms", "glc23"):
        with timed(unit, "data_seconds"):
            unit |= encoded(key)
        return unit | {"tasks": {}}
    if key in WITHOUT_IMAGE:
        with timed(unit, "data_seconds"):
            table = table_without_image(key)
        setting = Setting(asked="none")
        blocks, folds = spatial_folds(table, 0.0, 100.0)
        judged = judge(table, folds, protocol_of(table, blocks, setting), setting, columns=BLIND, kept=kept, say=say)
        tasks: list[Task] = []
    else:
        with timed(unit, "data_seconds"):
            reading = read_folder(SHARED / "s2_london_camden_trees")
        table = reading.data
        tasks = []
        if key == "camden-unseen":
            out = table.species[1::2]
            chosen = np.isin(table.species, out)
            tasks = [Task(UNSEEN, "presence", out, table.presence[:, chosen].astype(np.float64))]
            table = without_cover_of(table, [str(name) for name in reading.table.species], out)
            setting = Setting(labels=LABELS, downstream=arguments.downstream, device=arguments.device)
        blocks, folds = spatial_folds(table, reading.touching_m, reading.pairs.patch.size_m)
        judged = judge(table, folds, protocol_of(table, blocks, setting), setting, tasks, kept=kept, say=say)
        unit["picked"] = [choices["adapted"] for choices in judged.plants.choices]
    assert table.groups is not None
    found = scored(table, judged, tasks)["tasks"]
    for task in (Task.plants(table), *tasks):
        intervals = task_by_blocks(task, [(judged, task.name)], table.groups)["intervals"]
        for comparison, scores in intervals.items():
            found[task.name].setdefault("intervals", {})[comparison] = scores
    return unit | {"tasks": found, "plots": len(table), "blocks": len(set(table.groups))}


def encoded(key: str) -> dict[str, Any]:
    """Return how many patches of a sample were read and what their vectors look like: a smoke test, no score."""
    folder = SHARED / {"s2bms": "s2bms_butterflies_sample/s2", "glc23": "glc23_s2_po_sample/rgb"}[key]
    bands = ("blue", "green", "red", "nir") if key == "s2bms" else ("red", "green", "blue")
    files = sorted(path for path in folder.iterdir() if path.suffix in (".tif", ".jpeg"))
    largest = 255.0 if key == "glc23" else 4_000.0
    vectors = []
    for path in files:
        with rasterio.open(path) as dataset:
            pixels = dataset.read().astype(np.float32)[None, : len(bands)]
        encoder = opening.get("random-conv", bands=bands, value_range=(0.0, largest))
        stride, margin = encoder.stride_px, encoder.margin_px
        order = [bands.index(role) for role in encoder.bands]
        side = (min(pixels.shape[2:]) - 2 * margin) // stride * stride + 2 * margin
        square = pixels[:, order, :side, :side]
        vectors.append(encoder.encode(square, np.ones((1, side, side), bool)).mean(axis=(0, 2, 3)))
    spread = np.std(vectors, axis=0)
    return {
        "plots": len(files), "dimension": len(spread), "finite": bool(np.isfinite(vectors).all()),
        "constant": int((spread < 1e-9).sum()),
    }  # fmt: skip


def report(results: dict[str, Any]) -> str:
    """Return the tables as Markdown."""
    lines = [
        "Scores are medians over targets; differences to `raw` as in the tables above; intervals of AUC by bootstrap "
        "over blocks, none for other metrics.", "",
    ]  # fmt: skip
    for key in UNITS:
        if key not in results:
            continue
        unit = results[key]
        lines += [f"### {WORDS[key]}", ""]
        if key in ("s2bms", "glc23"):
            lines += [
                f"{unit['plots']} patches were read and encoded to {unit['dimension']} numbers, "
                f"{'all finite' if unit['finite'] else 'NOT all finite'}, {unit['constant']} of them constant. Too few "
                "for any score.", "",
            ]  # fmt: skip
            continue
        lines += [f"{unit['plots']} plots in {unit['blocks']} blocks. {picked([unit]) if 'picked' in unit else ''}", ""]
        tasks = [task for task in unit["tasks"] if not (key == "camden-unseen" and task == "plants")]
        reference = "prevalence" if key in WITHOUT_IMAGE else "raw"
        for task in tasks:
            lines += [f"**{task[0].upper()}{task[1:]}**", "", *score_table([unit], task, reference=reference)]
        if key not in WITHOUT_IMAGE:
            lines += comparison_table([unit], tasks)
    if results:
        lines += ["### What it costs", "", *cost_table({key: [results[key]] for key in UNITS if key in results})]
    return "\n".join(lines)


def main() -> int:
    """Run what has not been run, print the tables."""
    parser = options(__doc__)
    parser.add_argument("--sets", nargs="*", default=list(UNITS), choices=UNITS, help="only these")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.sets = ["mongon"]
    folder, name = (arguments.cache, "real_sets_quick.json") if arguments.quick else (RESULTS, "real_sets.json")
    results = Results(arguments.results or folder / name)
    failed = 0
    if not (arguments.report or arguments.write):
        if not is_there(SHARED):
            return 1
        failed = run_units(
            str(Path(__file__)), arguments, results, arguments.sets, lambda key: measure(key, arguments)
        )
    if not arguments.unit:
        tell("real_sets", report(results.units) if results.units else None, arguments)
    return failed


if __name__ == "__main__":
    sys.exit(main())
