"""The sample project that comes along: whole, small, invented, as its maker says, and copied without harm."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import rasterio

from botaclip.core import cli, sample
from botaclip.core.data_folder import read_data_folder
from botaclip.core.demo_landscape import Landscape, PixelWindow
from botaclip.core.errors import OutputError
from botaclip.core.model import Model
from botaclip.core.model_report import info, verify
from botaclip.core.progress import SILENT, Cancelled, Progress
from botaclip.core.sample import CONTENTS, IMAGE, MODEL, PLOTS, RELEVES, SAMPLE, is_sample, sample_files

from .conftest import ROOT
from .test_landscape_plots import benchmark
from .warm_cli import listing, warm_cli

PLOT_COUNT, SPECIES_COUNT = 244, 43


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    return benchmark("sample")


@pytest.fixture(scope="module")
def landscape(maker: ModuleType) -> Landscape:
    whole: Landscape = maker.landscape()
    return whole


def rows(name: str) -> list[dict[str, str]]:
    with (SAMPLE / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def copied(folder: Path, *, overwrite: bool = False) -> list[str]:
    said = sample.sample({"output": str(folder), "overwrite": overwrite}, SILENT)["print"]
    return [str(line) for line in said]


# --- What came along ------------------------------------------------------------------------------------------------


def test_it_is_whole_small_and_says_that_nothing_in_it_is_real() -> None:
    assert is_sample(SAMPLE)
    listed = set(sample_files())
    assert {path.name for path in SAMPLE.iterdir()} == listed
    assert {IMAGE, PLOTS, RELEVES, MODEL, "botaclip.json", "landscape.json", "README.txt"} < listed
    assert sum(path.stat().st_size for path in SAMPLE.iterdir()) < 6e6
    assert "EVERYTHING IN THIS FOLDER IS INVENTED" in (SAMPLE / "README.txt").read_text(encoding="utf-8")
    assert json.loads((SAMPLE / "landscape.json").read_text(encoding="utf-8"))["synthetic"] is True


def test_the_image_is_four_square_kilometres_at_two_metres() -> None:
    with rasterio.open(SAMPLE / IMAGE) as image:
        assert (image.width, image.height, image.count, image.dtypes[0]) == (1000, 1000, 4, "uint8")
        assert image.crs.to_epsg() == 32632 and image.res == (2.0, 2.0) and image.nodata == 0
        assert tuple(image.bounds) == (652_400.0, 5_159_600.0, 654_400.0, 5_161_600.0)
        assert image.descriptions == ("red", "green", "blue", "nir")
        assert image.overviews(1) == [2, 4] and image.block_shapes[0] == (256, 256)
        pixels = image.read()
    assert (pixels > 0).all(axis=0).mean() > 0.95
    assert pixels[3].mean() > 1.2 * pixels[0].mean(), "plants are bright in the near infrared"


def test_the_image_is_the_landscape_of_its_maker(landscape: Landscape) -> None:
    with rasterio.open(SAMPLE / IMAGE) as image:
        pixels = image.read(window=((100, 150), (300, 350)))
    row, column = 400 + 2 * 100, 400 + 2 * 300
    drawn = landscape.render(PixelWindow(column=column, row=row, width=100, height=100))
    mean = drawn.reshape(4, 50, 2, 50, 2).mean(axis=(2, 4))
    assert np.abs(pixels - mean).max() <= 0.5


def test_the_tables_are_those_of_its_maker(maker: ModuleType, landscape: Landscape, tmp_path: Path) -> None:
    assert maker.write_tables(tmp_path, landscape) == PLOT_COUNT
    for name in (PLOTS, RELEVES):
        assert (tmp_path / name).read_bytes() == (SAMPLE / name).read_bytes()


def test_every_plot_lies_on_the_image_with_its_whole_square() -> None:
    plots = rows(PLOTS)
    assert len({plot["plot_id"] for plot in plots}) == len(plots) == PLOT_COUNT
    assert all(652_450 <= float(plot["x"]) <= 654_350 for plot in plots)
    assert all(5_159_650 <= float(plot["y"]) <= 5_161_550 for plot in plots)
    assert {row["plot_id"] for row in rows(RELEVES)} <= {plot["plot_id"] for plot in plots}


def test_its_options_are_those_of_train() -> None:
    options = read_data_folder(SAMPLE)
    assert options["raster"] == str(SAMPLE / IMAGE) and options["releves"] == str(SAMPLE / RELEVES)
    assert options["crs"] == "EPSG:32632" and options["patch-size"] == "100"
    assert options["bands"] == "red=1,green=2,blue=3,nir=4"


# --- The model ------------------------------------------------------------------------------------------------------


def test_the_model_works_alone_and_says_what_it_is() -> None:
    assert (SAMPLE / MODEL).stat().st_size < 3e6
    verified = verify({"model": str(SAMPLE / MODEL)}, SILENT)
    assert verified["encoder_at_hand"]
    with (SAMPLE / MODEL).open("rb") as stream:
        assert b"encoder.onnx" in stream.read()
    lines = "\n".join(info({"model": str(SAMPLE / MODEL)}, SILENT)["print"])
    assert "Everything it knows is invented" in lines and "{" not in Model.open(SAMPLE / MODEL).metadata["card"]
    assert "CC0 1.0" in lines


def test_the_model_knows_every_species_with_enough_presences() -> None:
    counts = Counter(row["species"] for row in rows(RELEVES))
    often = {name for name, count in counts.items() if count >= 20}
    model = Model.open(SAMPLE / MODEL)
    assert set(model.species) == often and len(often) == SPECIES_COUNT
    assert len([plot for plot in model.file.plots()["plots"] if plot.get("x") is not None]) == PLOT_COUNT


def test_the_model_beats_prevalence_and_wrong_releves_on_held_out_folds() -> None:
    scores = Model.open(SAMPLE / MODEL).metadata["scores"]["blocked"]
    assert scores["prevalence"]["auc"]["median"] == 0.5
    assert scores["adapted"]["auc"]["median"] > scores["shuffled"]["auc"]["median"] > 0.5
    assert scores["adapted"]["auc"]["median"] > 0.65 and scores["adapted"]["auc"]["n_targets"] == SPECIES_COUNT
    assert scores["adapted"]["brier"]["fold_mean"] < scores["prevalence"]["brier"]["fold_mean"]
    assert scores["adapted"]["tss_at_train_threshold"]["median"] > 0.2


def test_the_area_of_applicability_and_lists_came_along() -> None:
    metadata = Model.open(SAMPLE / MODEL).metadata
    assert metadata["applicability"]["threshold"] > 0 and len(metadata["lists"]["classes"]) == SPECIES_COUNT
    assert all(0 < species["threshold"] < 1 and species["presences"] >= 20 for species in metadata["species"])


def test_no_path_of_the_machine_that_made_it_is_in_it() -> None:
    for text in (json.dumps(Model.open(SAMPLE / MODEL).metadata), (SAMPLE / CONTENTS).read_text(encoding="utf-8")):
        assert not re.search(r"(/work|/home|/root|/tmp|[A-Z]:\\\\)", text)


# --- Copying --------------------------------------------------------------------------------------------------------


def test_a_copy_is_the_sample(tmp_path: Path) -> None:
    folder = tmp_path / "a folder" / "Échantillon"
    assert copied(folder) == [f"The sample project lies in {folder}. Nothing in it is real."]
    assert listing(folder) == listing(SAMPLE) and is_sample(folder)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_second_copy_to_the_same_place_changes_nothing(tmp_path: Path) -> None:
    copied(tmp_path / "s")
    (tmp_path / "s" / "suitability.tif").write_bytes(b"made with it")
    before = listing(tmp_path)
    assert copied(tmp_path / "s") == [f"The sample project lies in {tmp_path / 's'} already, unaltered."]
    assert listing(tmp_path) == before


def test_an_altered_copy_is_replaced_only_when_asked(tmp_path: Path) -> None:
    copied(tmp_path)
    (tmp_path / PLOTS).write_text("plot_id,x,y\n", encoding="utf-8")
    (tmp_path / "suitability.tif").write_bytes(b"made with it")
    assert not is_sample(tmp_path)
    with pytest.raises(OutputError, match="holds a sample project that was altered, or another version's"):
        copied(tmp_path)
    assert (tmp_path / PLOTS).read_text(encoding="utf-8") == "plot_id,x,y\n"
    copied(tmp_path, overwrite=True)
    assert is_sample(tmp_path) and (tmp_path / "suitability.tif").read_bytes() == b"made with it"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_other_files_is_left_alone(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / CONTENTS).write_text('{"kind": "mine", "files": {"plots.csv": ""}}', encoding="utf-8")
    before = listing(tmp_path)
    with pytest.raises(OutputError, match="a folder of this name holds other files"):
        copied(tmp_path, overwrite=overwrite)
    assert listing(tmp_path) == before


def test_a_list_of_contents_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / CONTENTS).write_text(
        json.dumps({"kind": "BotaCLIP sample project", "files": {"../x": [1, 2], "y": [1, 2]}}), encoding="utf-8"
    )
    assert set(sample._listed(tmp_path)) == {"y"} and not is_sample(tmp_path)


def test_a_cancelled_copy_leaves_nothing(tmp_path: Path) -> None:
    asked = iter([False, False, True])
    channel = Progress(None, None, lambda: next(asked, True))
    with pytest.raises(Cancelled):
        sample.sample({"output": str(tmp_path / "s"), "overwrite": False}, channel)
    assert list(tmp_path.iterdir()) == []


def test_where_it_did_not_come_along_one_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "SAMPLE", tmp_path)
    with pytest.raises(OutputError, match="the sample project did not come along"):
        copied(tmp_path / "s")
    contents = (SAMPLE / CONTENTS).read_bytes()
    (tmp_path / CONTENTS).write_bytes(contents)
    with pytest.raises(OutputError, match=r"did not come along whole \(.* is missing\)"):
        copied(tmp_path / "s")


def test_the_command_line_copies_it_without_an_environment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOTACLIP_PYTHON", "/nowhere/python")
        assert cli.main(["sample", "--output", str(tmp_path / "s"), "--progress", "none"]) == 0
    assert "Nothing in it is real" in capsys.readouterr().out
    assert listing(tmp_path / "s") == listing(SAMPLE)


# --- A map of it ----------------------------------------------------------------------------------------------------


def test_a_map_of_the_sample_agrees_with_the_truth(maker: ModuleType, landscape: Landscape, tmp_path: Path) -> None:
    output = tmp_path / "map.tif"
    with warm_cli() as botaclip:
        ran = botaclip("suitability", "--raster", SAMPLE / IMAGE, "--model", SAMPLE / MODEL, "--stride", 100,
                       "--device", "cpu", "--output", output)  # fmt: skip
    assert ran.code == 0, ran.err
    with rasterio.open(output) as dataset:
        values, names, transform = dataset.read(), dataset.descriptions, dataset.transform
    assert list(names) == list(Model.open(SAMPLE / MODEL).species)
    seen = np.argwhere(np.isfinite(values).all(axis=0))
    assert len(seen) > 300
    x, y = transform * (seen[:, 1] + 0.5, seen[:, 0] + 0.5)
    truth = maker.truth_at(landscape, np.asarray(x), np.asarray(y))
    known = [plant.name for plant in landscape.plants]
    agreed = [
        np.corrcoef(values[band][tuple(seen.T)], truth[known.index(name)])[0, 1] for band, name in enumerate(names)
    ]
    measured = json.loads((ROOT / "benchmarks" / "results" / "sample.json").read_text(encoding="utf-8"))
    assert np.mean(agreed) == pytest.approx(measured["maps"]["20"]["correlation_with_truth"]["mean"], abs=0.05)
    assert np.mean(agreed) > 0.4
