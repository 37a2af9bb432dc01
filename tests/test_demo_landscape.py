"""The demo landscape: exact, honest about what it shows, and clean when cancelled."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import rasterio

from botaclip.core.demo_landscape import (
    COVER_CODES,
    Landscape,
    PixelWindow,
    sample_survey,
    write_demo_landscape,
)
from botaclip.core.demo_landscape.terrain import INVISIBLE
from botaclip.core.errors import OptionError

SIZE_M = 2000.0


@pytest.fixture(scope="module")
def landscape() -> Landscape:
    return Landscape(3, n_species=30, size_m=SIZE_M)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "landscape"
    write_demo_landscape(folder, seed=3, plots=60, species=12, size_m=1200.0)
    return folder


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_same_seed_gives_the_same_bytes_and_another_seed_others(written: Path, tmp_path: Path) -> None:
    write_demo_landscape(tmp_path / "again", seed=3, plots=60, species=12, size_m=1200.0)
    write_demo_landscape(tmp_path / "other", seed=4, plots=60, species=12, size_m=1200.0)
    first, again, other = _digests(written), _digests(tmp_path / "again"), _digests(tmp_path / "other")
    assert again == first
    assert set(other) == set(first)
    # Only how the tables are read does not depend on the seed.
    assert [name for name in first if first[name] == other[name]] == ["botaclip.json"]


@pytest.mark.parametrize(
    "window",
    [
        PixelWindow(column=700, row=610, width=100, height=100),
        PixelWindow(column=733, row=801, width=37, height=211),
        PixelWindow(column=1023, row=555, width=1, height=1),
    ],
)
def test_a_window_rendered_alone_is_the_crop_of_the_whole(landscape: Landscape, window: PixelWindow) -> None:
    whole = landscape.render(PixelWindow(column=600, row=500, width=600, height=520))
    crop = whole[
        :,
        window.row - 500 : window.row - 500 + window.height,
        window.column - 600 : window.column - 600 + window.width,
    ]
    assert np.array_equal(landscape.render(window), crop)


def test_windows_across_a_flight_seam_agree(landscape: Landscape) -> None:
    columns = np.arange(landscape.size_px)
    strips = landscape.strips.strip_of(columns=columns, rows=np.array([1000]))[0]
    seam = int(np.flatnonzero(np.diff(strips))[0])
    across = landscape.render(PixelWindow(column=seam - 40, row=980, width=80, height=40))
    west = landscape.render(PixelWindow(column=seam - 40, row=980, width=33, height=40))
    east = landscape.render(PixelWindow(column=seam - 7, row=980, width=47, height=40))
    assert np.array_equal(across, np.concatenate([west, east], axis=2))


def test_tiles_on_disk_are_the_rendered_photograph(written: Path) -> None:
    landscape = Landscape(3, n_species=12, size_m=1200.0)
    with rasterio.open(written / "tiles" / "tile_r1_c1.tif") as tile:
        assert tile.descriptions == ("red", "green", "blue", "nir")
        assert [band.name for band in tile.colorinterp[:3]] == ["red", "green", "blue"]
        assert tile.nodata == 0 and tile.crs.to_epsg() == 32632
        assert tile.transform.c == landscape.x_min_m and tile.transform.f == landscape.y_max_m
        stored = tile.read()
    assert np.array_equal(stored, landscape.render(PixelWindow(column=0, row=0, width=1200, height=1200)))
    # A pixel is nodata in all bands or in none, and the corners are.
    assert np.array_equal((stored == 0).any(axis=0), (stored == 0).all(axis=0))
    assert all(stored[0, row, column] == 0 for row in (0, -1) for column in (0, -1))
    assert stored[0, 600, 600] > 0
    assert 0.01 < (stored[0] == 0).mean() < 0.12


def test_more_species_do_not_change_the_photograph(landscape: Landscape) -> None:
    window = PixelWindow(column=900, row=900, width=64, height=64)
    fewer = Landscape(3, n_species=5, size_m=SIZE_M)
    assert np.array_equal(fewer.render(window), landscape.render(window))


def test_invisible_gradients_leave_no_trace(landscape: Landscape) -> None:
    window = PixelWindow(column=300, row=400, width=700, height=700)
    changed = landscape.with_gradients(
        **{name: getattr(landscape.terrain, name)[::-1, ::-1].copy() for name in INVISIBLE}
    )
    assert np.array_equal(changed.render(window), landscape.render(window))
    # They do matter to what lives there: 17 soil groups hang on nothing else.
    hidden = [i for i, group in enumerate(landscape.soil_groups) if group.driven_by == "invisible"]
    assert len(hidden) == 17
    seen = landscape.cells.valid & changed.cells.valid
    for i in hidden:
        before, after = landscape.soil_abundance[i][seen], changed.soil_abundance[i][seen]
        assert np.corrcoef(np.log(before), np.log(after))[0, 1] < 0.95
    assert not np.array_equal(landscape.plant_suitability[:, seen], changed.plant_suitability[:, seen])


def test_visible_gradients_do_show(landscape: Landscape) -> None:
    window = PixelWindow(column=900, row=900, width=100, height=100)
    wetter = landscape.with_gradients(moisture=landscape.terrain.moisture + 1)
    assert not np.array_equal(wetter.render(window), landscape.render(window))


def test_more_than_half_of_the_plots_are_a_patch_apart_and_all_on_image_data() -> None:
    landscape = Landscape(5, n_species=5, size_m=3000.0)
    survey = sample_survey(landscape, 240)
    x, y = survey.x, survey.y
    # Along the wider axis: at 100 m no pixel lies in two patches.
    distance = np.maximum(np.abs(x[:, None] - x), np.abs(y[:, None] - y))
    np.fill_diagonal(distance, np.inf)
    nearest = distance.min(axis=1)
    assert survey.alone.mean() >= 0.5
    assert nearest[survey.alone].min() >= 100 - 1e-6
    assert nearest[~survey.alone].min() < 100  # clustered as real surveys are
    for plot in range(0, 240, 7):
        pixels = landscape.render(landscape.window_around(x=x[plot], y=y[plot]))
        assert pixels.min() >= 1
    row, column = landscape.cell_index(x=x, y=y)
    assert landscape.plant_suitability.shape[1:] == (150, 150)
    assert (row >= 0).all() and (column < 150).all()


def test_too_many_plots_are_refused(landscape: Landscape) -> None:
    with pytest.raises(OptionError, match="no room for 3000 plots"):
        sample_survey(landscape, 3000)


def test_truth_is_a_probability_and_presences_follow_it(landscape: Landscape) -> None:
    valid = landscape.cells.valid
    for truth in (landscape.plant_suitability, landscape.butterfly_suitability):
        assert np.isnan(truth[:, ~valid]).all()
        assert truth[:, valid].min() >= 0 and truth[:, valid].max() <= 1
    commonness = [plant.commonness for plant in landscape.plants]
    np.testing.assert_allclose(landscape.plant_suitability[:, valid].mean(axis=1), commonness, rtol=0.01)

    expected, seen, expected_butterflies, seen_butterflies = [], [], [], []
    for draw in range(6):
        survey = sample_survey(landscape, 110, draw=draw)
        row, column = landscape.cell_index(x=survey.x, y=survey.y)
        expected.append(landscape.plant_suitability[:, row, column].T)
        seen.append(survey.cover > 0)
        expected_butterflies.append(landscape.butterfly_suitability[:, row, column].T)
        seen_butterflies.append(survey.butterflies)
    chance, present = np.concatenate(expected), np.concatenate(seen)
    assert np.isfinite(chance).all()
    # Calibrated, apart from the few plants overlooked.
    for low, high in ((0.05, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.0)):
        chosen = (chance >= low) & (chance < high)
        ratio = present[chosen].mean() / chance[chosen].mean()
        assert 0.86 < ratio < 1.0, (low, high, ratio)
    assert np.corrcoef(chance.ravel(), present.ravel())[0, 1] > 0.4
    # Butterflies: given the plants, unbiased.
    ratio = np.concatenate(seen_butterflies).mean() / np.concatenate(expected_butterflies).mean()
    assert 0.9 < ratio < 1.1


def test_tables_hold_valid_codes_names_and_dates(written: Path) -> None:
    plots = {row["plot_id"]: row for row in _rows(written / "plots.csv")}
    assert len(plots) == 60
    releves = _rows(written / "releves.csv")
    assert {row["cover"] for row in releves} <= set(COVER_CODES)
    assert len({row["cover"] for row in releves}) >= 5
    assert {row["plot_id"] for row in releves} <= set(plots)
    assert all("2017-04-25" <= row["date"] <= "2023-09-23" for row in plots.values())
    with rasterio.open(written / "truth_plants.tif") as truth:
        names = truth.descriptions
        assert len(set(names)) == 12 and {row["species"] for row in releves} <= set(names)
        assert truth.res == (20.0, 20.0) and np.isnan(truth.nodata)
        values = np.array(
            [value for value in truth.sample([(float(p["x"]), float(p["y"])) for p in plots.values()])]
        )
    assert np.isfinite(values).all()
    butterflies = _rows(written / "butterflies.csv")
    assert len(butterflies) == 60 * 12 and {row["present"] for row in butterflies} == {"0", "1"}
    soil = _rows(written / "soil_groups.csv")
    assert len(soil) == 60 * 51 and len({row["group"] for row in soil}) == 51
    assert all(int(row["abundance"]) >= 0 for row in soil)
    with rasterio.open(written / "truth_soil.tif") as truth:
        assert set(truth.descriptions) == {row["group"] for row in soil}


def test_descriptions_name_the_tables_and_what_is_invisible(written: Path) -> None:
    options = json.loads((written / "botaclip.json").read_text(encoding="utf-8"))
    for key in ("raster", "releves", "plots"):
        assert (written / options[key]).exists()
    header = (written / options["plots"]).read_text(encoding="utf-8").splitlines()[0].split(",")
    assert {options[key] for key in ("plot-field", "x-field", "y-field", "date-field")} <= set(header)
    assert options["patch-size"] == 100 and options["cover-scale"] == "braun-blanquet"
    description = json.loads((written / "landscape.json").read_text(encoding="utf-8"))
    assert description["synthetic"] is True and description["seed"] == 3
    assert description["invisible"]["gradients"] == ["acidity", "continentality", "clay"]
    assert len(description["invisible"]["soil_groups"]) == 17
    assert all((written / tile).exists() for tile in description["tiles"])
    assert "EVERYTHING IN THIS FOLDER IS SYNTHETIC" in (written / "README.txt").read_text(encoding="utf-8")


class _Cancelled(Exception):
    pass


@pytest.mark.parametrize("at", [0.1, 0.2, 0.5])
def test_cancelling_leaves_nothing(tmp_path: Path, at: float) -> None:
    def progress(fraction: float, _message: str) -> None:
        if fraction >= at:
            raise _Cancelled

    target = tmp_path / "deep" / "landscape"
    with pytest.raises(_Cancelled):
        write_demo_landscape(target, seed=3, plots=40, species=5, size_m=1200.0, progress=progress)
    assert list(tmp_path.iterdir()) == []


def test_cancelling_keeps_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "plots.csv").write_text("mine\n", encoding="utf-8")

    def progress(fraction: float, _message: str) -> None:
        if fraction > 0.3:
            raise _Cancelled

    with pytest.raises(_Cancelled):
        write_demo_landscape(tmp_path, seed=3, plots=40, species=5, size_m=1200.0, progress=progress)
    assert [path.name for path in tmp_path.iterdir()] == ["plots.csv"]
    assert (tmp_path / "plots.csv").read_text(encoding="utf-8") == "mine\n"


def test_progress_rises_to_one(tmp_path: Path) -> None:
    fractions: list[float] = []
    files = write_demo_landscape(
        tmp_path, seed=3, plots=40, species=5, size_m=1200.0, progress=lambda f, _m: fractions.append(f)
    )
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == 1
    assert all(path.exists() for path in files.values())
    assert not list(tmp_path.rglob("*.part"))
