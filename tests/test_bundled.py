"""The model that comes along: whole, small, judged, without this machine's paths, and named by a word everywhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from botaclip.core import bundled
from botaclip.core.bundled import BUNDLED, MODELS, bundled_model
from botaclip.core.commands import COMMANDS
from botaclip.core.errors import ModelFileError, OptionError
from botaclip.core.model import Model
from botaclip.core.model_report import info, verify
from botaclip.core.options import Kind, Option, parse_parameters
from botaclip.core.predict import predict
from botaclip.core.progress import SILENT

from .small_rasters import neon_like_raster


def test_the_word_is_the_file_in_every_command_that_takes_a_model() -> None:
    taking = [command for command in COMMANDS.values() if any(option.kind is Kind.MODEL for option in command.options)]
    assert {"embed", "suitability", "predict", "info", "verify", "train"} <= {command.name for command in taking}
    for command in taking:
        for option in command.options:
            if option.kind is Kind.MODEL:
                assert option.parse(" bundled ") == str(BUNDLED)
                assert option.parse("bundled.botaclip") == "bundled.botaclip"
    several = Option("ensemble", Kind.MODELS, "")
    assert several.parse("bundled;other.botaclip") == [str(BUNDLED), "other.botaclip"]


def test_where_it_was_taken_away_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bundled, "BUNDLED", tmp_path / "gone.botaclip")
    with pytest.raises(ModelFileError, match="there is no bundled model"):
        bundled_model()


def test_it_is_whole_small_and_says_what_it_is() -> None:
    assert verify({"model": str(BUNDLED)}, SILENT)["encoder_at_hand"]
    assert BUNDLED.stat().st_size < 10e6
    lines = "\n".join(info({"model": str(BUNDLED)}, SILENT)["print"])
    assert "National Ecological Observatory Network" in lines and "Not to be trusted" in lines
    assert "places of plots: coarse:10000" in lines


def test_no_path_of_the_machine_that_made_it_is_in_it() -> None:
    text = json.dumps(Model.open(BUNDLED).metadata)
    assert not re.search(r"(/work|/home|/root|/tmp|[A-Z]:\\\\)", text)


def test_its_places_are_rounded_to_ten_kilometres() -> None:
    places = [plot for plot in Model.open(BUNDLED).file.plots()["plots"] if plot.get("x") is not None]
    assert len(places) == 48
    # Middles of squares of 10 km.
    rows = np.array([plot["y"] for plot in places]) * 111_320 / 10_000 - 0.5
    np.testing.assert_allclose(rows, rows.round(), atol=1e-4)
    assert len({(plot["x"], plot["y"]) for plot in places}) < 20, "neighbouring plots are not told apart"


def test_it_is_there_because_it_beats_the_prevalence_within_sites() -> None:
    judged = json.loads((MODELS / "neon.json").read_text(encoding="utf-8"))
    better = judged["differences"]["adapted - prevalence"]
    assert 0 < better["low"] <= better["mean"] <= better["high"]
    card = Model.open(BUNDLED).metadata["card"]
    assert f"{better['mean']:+.3f} [{better['low']:+.3f}, {better['high']:+.3f}]" in card
    shuffled = judged["differences"]["shuffled - prevalence"]
    assert f"{shuffled['mean']:+.3f}" in card, "what wrong relevés bring is said beside it"
    assert "{" not in card, "every figure was filled in"


def test_a_first_prediction_with_it(tmp_path: Path) -> None:
    image = neon_like_raster(tmp_path / "image.tif")
    points = tmp_path / "points.csv"
    points.write_text("name,x,y\na,260021,4110021\n", encoding="utf-8")
    command = COMMANDS["predict"]
    given = {"raster": str(image), "model": "bundled", "points": str(points), "x_field": "x", "y_field": "y",
             "crs": "EPSG:32611", "output": str(tmp_path / "out.csv")}  # fmt: skip
    parameters, unknown = parse_parameters(command, given)
    assert unknown == []
    predict(parameters, SILENT)
    header, row = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    values = dict(zip(header.split(","), row.split(","), strict=True))
    species = Model.open(BUNDLED).species
    found = [float(values[name]) for name in species if name in values]
    assert len(found) == len(species) and all(0 <= value <= 1 for value in found) and np.ptp(found) > 0.1


def test_an_empty_word_is_still_no_model() -> None:
    command = COMMANDS["info"]
    with pytest.raises(OptionError, match="is missing"):
        parse_parameters(command, {"model": " "})
