"""The demo landscape as files: tiles, tables, truth and what to make of them."""

from __future__ import annotations

import csv
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.transform import Affine, from_origin
from rasterio.windows import Window

from botaclip.core import unfinished
from botaclip.core.demo_landscape.geometry import CELL_M, PATCH_M, FloatArray, PixelWindow
from botaclip.core.demo_landscape.landscape import HISTORY_STRENGTH, Landscape
from botaclip.core.demo_landscape.parcels import HABITATS
from botaclip.core.demo_landscape.survey import COVER_CODES, Survey, sample_survey

GENERATOR_VERSION = 1
"""Changes whenever one seed gives other bytes."""
PART_NAME = "demo-landscape"
TILE_PX = 2000
BLOCK_PX = 256
BANDS = ("red", "green", "blue", "nir")
Progress = Callable[[float, str], None]

_README = """\
Synthetic demo landscape (BotaCLIP for QGIS), seed {seed}
{rule}
EVERYTHING IN THIS FOLDER IS SYNTHETIC. No place, photograph, plant, animal, relevé or
measurement in it exists; the names are invented, and the coordinates (EPSG:32632) are
borrowed only so that the files open on a map. Never mix it with real data, and never
read an ecological result out of it.

tiles/                 aerial photograph, 1 m, uint8: red, green, blue, nir; 0 = no data (corners)
plots.csv              {plots} plots: centre (x, y), date, alone (a patch or more from all others)
releves.csv            plants per plot, Braun-Blanquet codes; 100 m x 100 m around the centre
butterflies.csv        butterflies per plot (present 0/1)
soil_groups.csv        soil groups per plot (reads)
truth_plants.tif       true probability that a plant is in the 100 m square around each 20 m cell
truth_butterflies.tif  the same for butterflies
truth_soil.tif         expected reads per sample in that square
environment.tif        true environment, means over that square (for an oracle, not for training)
landscape.json         seed, versions, tiles, what is invisible from above
botaclip.json          how the tables are read: options of `botaclip train`

Truth: float32, one band per name (band description), NaN where the square is not wholly on
image data. A plot has the probability of the 20 m cell its centre lies in. Plants were drawn
with it, butterflies given the plants present, soil counts (gamma-Poisson) from the expectation;
a few plants present were overlooked, sparse ones more often.

Invisible from above: {invisible}.
Nuisances in the photograph: flight strips of different day, light, haze and exposure; cast
shadow; vignetting; crop and mowing rows, soil colour and mowing dates unrelated to plants; roads.
"""


class _Stopped(Exception):
    """Another thread or the caller ended the work."""


def write_demo_landscape(
    output: Path,
    *,
    seed: int = 1,
    plots: int = 1000,
    species: int = 60,
    progress: Progress | None = None,
    size_m: float = 6000.0,
) -> dict[str, Path]:
    """Write a demo landscape to a folder.

    Everything is written below `output`/demo-landscape.<process>.part first; each file moves to its name when all
    are complete. If anything goes wrong, or `progress` raises, nothing of it is left.

    Parameters
    ----------
    output : Path
        Folder; made if missing. Files of the same names are replaced.
    seed : int
        Which landscape.
    plots : int
        Number of relevés.
    species : int
        Number of plants.
    progress : callable, optional
        Called from this thread with the share done (0 to 1) and a message; may raise to cancel.
    size_m : float
        Side of the landscape in metres.

    Returns
    -------
    dict of str to Path
        Files by role: `tiles` (the folder), `plots`, `releves`, `butterflies`, `soil_groups`,
        `truth_plants`, `truth_butterflies`, `truth_soil`, `environment`, `landscape`, `options`, `readme`.
    """
    report: Progress = progress or (lambda _fraction, _message: None)
    output = Path(output)
    made = [folder for folder in (output, *output.parents) if not folder.exists()]
    unfinished.remove_stale(output / PART_NAME)
    part = unfinished.part_path(output / PART_NAME)
    # So that whoever has to kill us in the middle can clear up.
    if unfinished.announce is not None:
        unfinished.announce("part", str(part))
    try:
        (part / "tiles").mkdir(parents=True)
        names = _write_all(part, seed, plots, species, size_m, report)
        (output / "tiles").mkdir(exist_ok=True)
        for path in sorted(p for p in part.rglob("*") if p.is_file()):
            os.replace(path, output / path.relative_to(part))
        shutil.rmtree(part)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        for folder in made:  # innermost first; only those made here, and only if empty
            if folder.exists() and not any(folder.iterdir()):
                folder.rmdir()
        raise
    finally:
        if unfinished.announce is not None and not part.exists():
            unfinished.announce("done", str(part))
    report(1.0, "demo landscape complete")
    return {role: output / name for role, name in names.items()}


def _write_all(
    folder: Path, seed: int, plots: int, species: int, size_m: float, report: Progress
) -> dict[str, str]:
    report(0.0, "drawing terrain and parcels")
    landscape = Landscape(seed, species, size_m)
    report(0.02, "working out the true environment")
    _ = landscape.cells
    report(0.06, "working out where the plants grow")
    _ = landscape.plant_suitability
    report(0.12, "visiting the plots")
    survey = sample_survey(landscape, plots)
    _write_tables(folder, landscape, survey)
    transform = from_origin(landscape.x_min_m, landscape.y_max_m, CELL_M, CELL_M)
    truth: tuple[tuple[str, str, Sequence[str], FloatArray], ...] = (
        ("truth_plants.tif", "probability of presence", [p.name for p in landscape.plants],
         landscape.plant_suitability),
        ("truth_butterflies.tif", "probability of presence", [b.name for b in landscape.butterflies],
         landscape.butterfly_suitability),
        ("truth_soil.tif", "expected reads per sample", [g.name for g in landscape.soil_groups],
         landscape.soil_abundance),
        ("environment.tif", "mean over 100 m", list(landscape.environment),
         np.stack(list(landscape.environment.values()))),
    )  # fmt: skip
    for number, (name, quantity, bands, values) in enumerate(truth):
        report(0.14 + 0.03 * number, f"writing {name}")
        _write_truth(folder / name, landscape, transform, quantity, bands, values)
    tiles = _write_tiles(folder / "tiles", landscape, lambda share, text: report(0.27 + 0.72 * share, text))
    _write_descriptions(folder, landscape, survey, tiles)
    return {
        "tiles": "tiles",
        "plots": "plots.csv",
        "releves": "releves.csv",
        "butterflies": "butterflies.csv",
        "soil_groups": "soil_groups.csv",
        "truth_plants": "truth_plants.tif",
        "truth_butterflies": "truth_butterflies.tif",
        "truth_soil": "truth_soil.tif",
        "environment": "environment.tif",
        "landscape": "landscape.json",
        "options": "botaclip.json",
        "readme": "README.txt",
    }


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _write_tables(folder: Path, landscape: Landscape, survey: Survey) -> None:
    _write_csv(
        folder / "plots.csv",
        ("plot_id", "x", "y", "date", "alone"),
        (
            (plot, f"{x:.1f}", f"{y:.1f}", day.isoformat(), int(alone))
            for plot, x, y, day, alone in zip(
                survey.plot_id, survey.x, survey.y, survey.day, survey.alone, strict=True
            )
        ),
    )
    _write_csv(
        folder / "releves.csv",
        ("plot_id", "species", "cover"),
        (
            (survey.plot_id[plot], landscape.plants[plant].name, COVER_CODES[survey.cover[plot, plant] - 1])
            for plot, plant in np.argwhere(survey.cover > 0)
        ),
    )
    _write_csv(
        folder / "butterflies.csv",
        ("plot_id", "species", "present"),
        (
            (survey.plot_id[plot], landscape.butterflies[number].name, int(present))
            for (plot, number), present in np.ndenumerate(survey.butterflies)
        ),
    )
    _write_csv(
        folder / "soil_groups.csv",
        ("plot_id", "group", "abundance"),
        (
            (survey.plot_id[plot], landscape.soil_groups[number].name, int(reads))
            for (plot, number), reads in np.ndenumerate(survey.soil)
        ),
    )


def _write_truth(
    path: Path,
    landscape: Landscape,
    transform: Affine,
    quantity: str,
    names: Sequence[str],
    values: FloatArray,
) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", width=values.shape[2], height=values.shape[1], count=values.shape[0],
        dtype="float32", crs=landscape.crs, transform=transform, nodata=float("nan"), tiled=True,
        blockxsize=BLOCK_PX, blockysize=BLOCK_PX, compress="deflate", predictor=3, zlevel=1,
        interleave="band", bigtiff="if_safer",
    ) as dataset:  # fmt: skip
        dataset.write(values)
        dataset.descriptions = tuple(names)
        dataset.update_tags(
            SYNTHETIC="yes", SEED=landscape.seed, QUANTITY=quantity, SQUARE_M=PATCH_M,
            GENERATOR=f"botaclip demo-data {GENERATOR_VERSION}",
        )  # fmt: skip


def _write_tiles(folder: Path, landscape: Landscape, report: Progress) -> list[str]:
    """Write the photograph, two tiles at a time; `report` is called from this thread only."""
    starts = range(0, landscape.size_px, TILE_PX)
    tiles = {
        f"tile_r{row // TILE_PX + 1}_c{column // TILE_PX + 1}.tif": PixelWindow(
            column=column,
            row=row,
            width=min(TILE_PX, landscape.size_px - column),
            height=min(TILE_PX, landscape.size_px - row),
        )
        for row in starts
        for column in starts
    }
    stop = threading.Event()
    done = [0]
    bands_per_tile = [-(-tile.height // BLOCK_PX) for tile in tiles.values()]
    total = sum(bands_per_tile)
    lock = threading.Lock()

    def advance() -> None:
        with lock:
            done[0] += 1
        if stop.is_set():
            raise _Stopped

    with ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:
        pending: set[Future[None]] = {
            pool.submit(_write_tile, folder / name, landscape, tile, advance) for name, tile in tiles.items()
        }
        try:
            while pending:
                finished, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                report(done[0] / total, f"photograph: {len(tiles) - len(pending)} of {len(tiles)} tiles")
        except BaseException:
            stop.set()
            for future in pending:
                future.cancel()
            raise
    return list(tiles)


def _write_tile(path: Path, landscape: Landscape, tile: PixelWindow, advance: Callable[[], None]) -> None:
    transform = from_origin(landscape.x_min_m + tile.column, landscape.y_max_m - tile.row, 1, 1)
    with rasterio.open(
        path, "w", driver="GTiff", width=tile.width, height=tile.height, count=4, dtype="uint8",
        crs=landscape.crs, transform=transform, nodata=0, tiled=True, blockxsize=BLOCK_PX,
        blockysize=BLOCK_PX, compress="deflate", predictor=2, zlevel=1, interleave="pixel",
        photometric="RGB", alpha="no",
    ) as dataset:  # fmt: skip
        dataset.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.undefined)
        dataset.descriptions = BANDS
        dataset.update_tags(SYNTHETIC="yes", SEED=landscape.seed)
        for row in range(0, tile.height, BLOCK_PX):
            height = min(BLOCK_PX, tile.height - row)
            for column in range(0, tile.width, 2 * BLOCK_PX):
                width = min(2 * BLOCK_PX, tile.width - column)
                pixels = landscape.render(
                    PixelWindow(column=tile.column + column, row=tile.row + row, width=width, height=height)
                )
                dataset.write(pixels, window=Window(column, row, width, height))
            advance()


def _write_descriptions(folder: Path, landscape: Landscape, survey: Survey, tiles: list[str]) -> None:
    description = {
        "synthetic": True,
        "generator_version": GENERATOR_VERSION,
        "versions": {"numpy": np.__version__, "rasterio": rasterio.__version__},
        "seed": landscape.seed,
        "crs": landscape.crs,
        "x_min": landscape.x_min_m,
        "y_max": landscape.y_max_m,
        "size_m": landscape.size_m,
        "pixel_m": 1,
        "truth_cell_m": CELL_M,
        "square_m": PATCH_M,
        "tiles": [f"tiles/{name}" for name in tiles],
        "plots": len(survey.plot_id),
        "plots_alone": int(survey.alone.sum()),
        "habitats": list(HABITATS),
        "invisible": {
            "gradients": [name for name in landscape.invisible if name in landscape.environment],
            "plants": f"history: a random field per plant, {HISTORY_STRENGTH} on the log scale",
            "soil_groups": [g.name for g in landscape.soil_groups if g.driven_by == "invisible"],
        },
        "soil_groups": {
            g.name: {"driven_by": g.driven_by, "weights": g.weights} for g in landscape.soil_groups
        },
        "plants": {
            p.name: {"home": HABITATS[p.home], "commonness": round(p.commonness, 4)} for p in landscape.plants
        },
        "butterflies": {
            b.name: {"hosts": [landscape.plants[host].name for host in b.hosts]}
            for b in landscape.butterflies
        },
        "flight_days": [strip.day.isoformat() for strip in landscape.strips.strips],
    }
    options = {
        "raster": "tiles",
        "releves": "releves.csv",
        "plots": "plots.csv",
        "crs": landscape.crs,
        "plot-field": "plot_id",
        "species-field": "species",
        "cover-field": "cover",
        "x-field": "x",
        "y-field": "y",
        "date-field": "date",
        "cover-scale": "braun-blanquet",
        "data-type": "presence-absence",
        "bands": ",".join(f"{role}={number}" for number, role in enumerate(BANDS, start=1)),
        "patch-size": PATCH_M,
    }
    for name, content in (("landscape.json", description), ("botaclip.json", options)):
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        (folder / name).write_text(text, encoding="utf-8")
    title = f"Synthetic demo landscape (BotaCLIP for QGIS), seed {landscape.seed}"
    readme = _README.format(
        seed=landscape.seed,
        rule="=" * len(title),
        plots=len(survey.plot_id),
        invisible=", ".join(landscape.invisible),
    )
    (folder / "README.txt").write_text(readme, encoding="utf-8")
