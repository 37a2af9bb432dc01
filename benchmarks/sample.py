"""Make the sample project that the plugin brings along, ``resources/sample``: four square kilometres and a model.

    .venv/bin/python benchmarks/sample.py            # some minutes
    .venv/bin/python benchmarks/sample.py --measure  # only score the maps of what is there against the truth

A demo landscape of 2.8 km is drawn and surveyed more densely than ``botaclip demo-data`` does; its inner 2 km are kept,
where no corner is cut, at 2 m (means of 2 x 2 pixels). The model is what ``botaclip train`` makes of it by itself. Then
its maps of every species are held against the landscape's truth, and what was measured is kept in
``benchmarks/results/sample.json``. The same command gives the same image and tables, byte for byte, with the same
GDAL.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from checkout import register

ROOT = register()

import numpy as np  # noqa: E402
import rasterio  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from rasterio.enums import ColorInterp, Resampling  # noqa: E402
from rasterio.transform import from_origin  # noqa: E402

from botaclip.core.commands import COMMANDS  # noqa: E402
from botaclip.core.demo_landscape import COVER_CODES, Landscape, PixelWindow, Survey, sample_survey  # noqa: E402
from botaclip.core.demo_landscape.files import BANDS  # noqa: E402
from botaclip.core.demo_landscape.geometry import CELL_M, PATCH_M  # noqa: E402
from botaclip.core.options import parse_parameters  # noqa: E402
from botaclip.core.progress import Progress  # noqa: E402
from botaclip.core.sample import CONTENTS, IMAGE, MODEL, PLOTS, RELEVES, SAMPLE, contents_of  # noqa: E402
from botaclip.core.suitability import suitability  # noqa: E402
from botaclip.training.train import train  # noqa: E402

SEED, SPECIES, DRAWN_M, KEPT_M, PIXEL_M, VISITED = 4, 60, 2800, 2000, 2, 480
# A whole number of truth cells from the north-west corner.
MARGIN_M = (DRAWN_M - KEPT_M) // 2 // CELL_M * CELL_M
CARD = ROOT / "benchmarks" / "sample_card.md"
MEASURED = ROOT / "benchmarks" / "results" / "sample.json"
STRIDES_M = (20, 40)
README = """\
Sample project (BotaCLIP for QGIS)
==================================
EVERYTHING IN THIS FOLDER IS INVENTED. No place, photograph, plant, relevé or measurement in it exists; the coordinates
(EPSG:32632) are borrowed only so that the files open on a map. Never mix it with real data, and never read an
ecological result out of it.

image.tif       aerial photograph, 2 km x 2 km, 2 m pixels: red, green, blue, near infrared
plots.csv       {plots} plots: centre (x, y) and date
releves.csv     their plants, Braun-Blanquet codes, on 100 m x 100 m around the centre
model.botaclip  a model trained from these, ready to map and to click
botaclip.json   how the tables are read: options of "botaclip train"
landscape.json  where in which invented landscape this lies
sample.json     the files of this folder and their checksums

Made by benchmarks/sample.py of the source repository. CC0 1.0: do with it what you like.
"""


def landscape() -> Landscape:
    """Return the landscape that the sample is a part of."""
    return Landscape(SEED, SPECIES, float(DRAWN_M))


def corner(whole: Landscape) -> tuple[float, float]:
    """Return the sample's north-west corner on the map."""
    return whole.x_min_m + MARGIN_M, whole.y_max_m - MARGIN_M


def kept_plots(whole: Landscape, survey: Survey) -> NDArray[np.int64]:
    """Return the plots whose whole square lies in the sample."""
    left, top = corner(whole)
    half = PATCH_M / 2
    inside = (survey.x - half >= left) & (survey.x + half <= left + KEPT_M)
    inside &= (survey.y + half <= top) & (survey.y - half >= top - KEPT_M)
    return np.flatnonzero(inside)


def photograph(whole: Landscape) -> NDArray[np.uint8]:
    """Return the sample's photograph, (4, rows, columns): means of the landscape's pixels; 0 where one is missing."""
    pixels = whole.render(PixelWindow(column=MARGIN_M, row=MARGIN_M, width=KEPT_M, height=KEPT_M))
    side = KEPT_M // PIXEL_M
    blocks = pixels.reshape(len(BANDS), side, PIXEL_M, side, PIXEL_M)
    mean = np.round(blocks.mean(axis=(2, 4))).astype(np.uint8)
    return np.where((blocks > 0).all(axis=(0, 2, 4)), mean, 0).astype(np.uint8)


def write_image(path: Path, whole: Landscape) -> None:
    """Write the photograph with its overviews."""
    pixels = photograph(whole)
    left, top = corner(whole)
    with rasterio.open(
        path, "w", driver="GTiff", width=pixels.shape[2], height=pixels.shape[1], count=len(BANDS), dtype="uint8",
        crs=whole.crs, transform=from_origin(left, top, PIXEL_M, PIXEL_M), nodata=0, tiled=True, blockxsize=256,
        blockysize=256, compress="deflate", predictor=2, zlevel=9, interleave="pixel", photometric="RGB", alpha="no",
    ) as dataset:  # fmt: skip
        dataset.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.undefined)
        dataset.descriptions = BANDS
        dataset.update_tags(SYNTHETIC="yes", SEED=whole.seed)
        dataset.write(pixels)
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2, 4], Resampling.average)


def write_tables(folder: Path, whole: Landscape) -> int:
    """Write plots and relevés as ``demo-data`` does; return how many plots there are."""
    survey = sample_survey(whole, VISITED)
    kept = kept_plots(whole, survey)
    tables: dict[str, list[tuple[object, ...]]] = {
        PLOTS: [("plot_id", "x", "y", "date")],
        RELEVES: [("plot_id", "species", "cover")],
    }
    for plot in kept:
        name = survey.plot_id[plot]
        day = survey.day[plot].isoformat()
        tables[PLOTS].append((name, f"{survey.x[plot]:.1f}", f"{survey.y[plot]:.1f}", day))
        tables[RELEVES] += [
            (name, whole.plants[plant].name, COVER_CODES[survey.cover[plot, plant] - 1])
            for plant in np.flatnonzero(survey.cover[plot])
        ]
    for file, rows in tables.items():
        with (folder / file).open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(rows)
    return len(kept)


def write_descriptions(folder: Path, whole: Landscape, plots: int) -> dict[str, Any]:
    """Write how the tables are read, where the sample lies and that nothing is real; return the options."""
    options = {
        "raster": IMAGE, "releves": RELEVES, "plots": PLOTS, "crs": whole.crs, "plot-field": "plot_id",
        "species-field": "species", "cover-field": "cover", "x-field": "x", "y-field": "y", "date-field": "date",
        "cover-scale": "braun-blanquet", "data-type": "presence-absence",
        "bands": ",".join(f"{role}={number}" for number, role in enumerate(BANDS, start=1)), "patch-size": PATCH_M,
    }  # fmt: skip
    left, top = corner(whole)
    described = {
        "synthetic": True, "seed": SEED, "species": SPECIES, "drawn_m": DRAWN_M, "visited": VISITED, "crs": whole.crs,
        "x_min": left, "y_max": top, "size_m": KEPT_M, "pixel_m": PIXEL_M, "square_m": PATCH_M, "plots": plots,
        "invisible": list(whole.invisible),
    }  # fmt: skip
    for name, content in (("botaclip.json", options), ("landscape.json", described)):
        (folder / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "README.txt").write_text(README.format(plots=plots), encoding="utf-8")
    return options


def make(folder: Path, device: str) -> None:
    """Write the whole sample into a folder."""
    whole = landscape()
    write_image(folder / IMAGE, whole)
    plots = write_tables(folder, whole)
    options = write_descriptions(folder, whole, plots)
    with tempfile.TemporaryDirectory() as scratch:
        card, model = Path(scratch) / "card.md", Path(scratch) / MODEL
        text = CARD.read_text(encoding="utf-8").replace("{PLOTS}", str(plots)).replace("{SEED}", str(SEED))
        card.write_text(text, encoding="utf-8")
        asked = {key.replace("-", "_"): value for key, value in options.items()} | {
            "embed_encoder": "yes", "card": str(card), "licence": "CC0 1.0", "random_state": 1, "device": device,
            "output": str(model),
        }  # fmt: skip
        # From the folder itself: no path of this machine gets into the model.
        with contextlib.chdir(folder):
            parameters, _ = parse_parameters(COMMANDS["train"], asked)
            answer = train(parameters, Progress())
        (folder / MODEL).write_bytes(model.read_bytes())
    sys.stdout.write("\n".join(answer["print"]) + "\n")
    (folder / CONTENTS).write_text(json.dumps(contents_of(folder)) + "\n", encoding="utf-8")


def truth_at(whole: Landscape, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the true probability of every plant in the square around places, (plants, places)."""
    row, column = whole.cell_index(x=x, y=y)
    return np.asarray(whole.plant_suitability[:, row, column])


def measured(folder: Path) -> dict[str, Any]:
    """Return sizes, seconds of maps at several strides and how the maps agree with the truth."""
    whole = landscape()
    names = [plant.name for plant in whole.plants]
    found: dict[str, Any] = {
        "bytes": {path.name: path.stat().st_size for path in sorted(folder.iterdir())}, "maps": {},
    }  # fmt: skip
    for stride in STRIDES_M:
        with tempfile.TemporaryDirectory() as scratch:
            output = Path(scratch) / "suitability.tif"
            given = {
                "raster": str(folder / IMAGE), "model": str(folder / MODEL), "stride": stride, "device": "cpu",
                "output": str(output),
            }  # fmt: skip
            parameters, _ = parse_parameters(COMMANDS["suitability"], given)
            began = time.monotonic()
            suitability(parameters, Progress())
            seconds = time.monotonic() - began
            with rasterio.open(output) as dataset:
                values, species, transform = dataset.read(), dataset.descriptions, dataset.transform
        seen = np.argwhere(np.isfinite(values).all(axis=0))
        x, y = transform * (seen[:, 1] + 0.5, seen[:, 0] + 0.5)
        truth = truth_at(whole, np.asarray(x), np.asarray(y))
        agreed = [
            float(np.corrcoef(values[band][tuple(seen.T)], truth[names.index(name)])[0, 1])
            for band, name in enumerate(species)
        ]
        found["maps"][str(stride)] = {
            "seconds": round(seconds, 1), "species": len(species), "size": list(values.shape[1:]),
            "correlation_with_truth": {
                "mean": round(float(np.mean(agreed)), 3), "median": round(float(np.median(agreed)), 3),
                "least": round(min(agreed), 3), "most": round(max(agreed), 3),
            },
        }  # fmt: skip
    return found


def main() -> int:
    """Make, keep, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true", help="only measure what is there")
    parser.add_argument("--device", default="cpu", help="device of the training")
    arguments = parser.parse_args()
    if not arguments.measure:
        with tempfile.TemporaryDirectory() as scratch:
            made = Path(scratch) / SAMPLE.name
            made.mkdir()
            make(made, arguments.device)
            shutil.rmtree(SAMPLE, ignore_errors=True)
            shutil.copytree(made, SAMPLE)
    # A map of its own, not what an earlier run has kept.
    with tempfile.TemporaryDirectory() as cache:
        os.environ["BOTACLIP_CACHE"] = cache
        found = measured(SAMPLE)
    MEASURED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
