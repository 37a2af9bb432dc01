"""The one table of options."""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botaclip.core.band_names import NAMED_ROLES
from botaclip.core.commands import BANDS, COMMANDS, EVERYWHERE
from botaclip.core.errors import OptionError
from botaclip.core.options import Command, Kind, Option, check_outputs, command_line, parse_parameters

ALL = [(command, option) for command in COMMANDS.values() for option in command.options]
# The faces of the issue, so that no option gets lost or renamed.
FACES = {
    "train": "raster releves plots crs plot-field species-field cover-field x-field y-field date-field cover-scale "
    "data-type bands patch-size encoder groups block-size buffer folds min-presences species head alignment "
    "regulariser plot-locations epochs output report metrics layout encoding decimal layer-field layers names taxa "
    "unidentified crs-field habitat-field site-field image-date date-tolerance uncertainty-field area-field "
    "environment init predictions",
    "evaluate": "raster releves model protocol task task-kind task-plot-field task-target-field task-value-field "
    "downstream pseudo-absences pseudo-distance-min pseudo-distance-max pseudo-ratio repeats metrics table splits "
    "groups block-size buffer folds alignment lambda checkpoint",
    "ablate": "raster releves factors encoders repeats alignment output metrics",
    "embed": "raster model extent mask stride dimensions quantise bands environment cog output",
    "suitability": "raster model species extent mask stride bands environment cog output",
    "aoa": "raster model extent mask stride bands environment cog output",
    "similarity": "raster model species-list plot place extent mask stride bands environment cog output",
    "richness": "raster model extent mask stride bands environment cog output",
    "clusters": "raster model clusters releves plots crs extent mask stride bands environment cog output indicators",
    "change": "raster earlier model species stable extent mask stride bands environment cog output",
    "threshold": "raster rule value output",
    "lists": "raster areas area-field rule share output",
    "predict": "raster model points species x-field y-field crs-field bands environment output",
    "report": "metrics output table odmap aoa",
    "info": "model",
    "verify": "model",
    "demo-data": "output seed plots species",
    "sample": "output",
    "preview": "raster releves plots crs bands patch-size encoder splits folds min-presences species output blocks",
    "devices": "model raster bands environment json",
    "setup": "packages torch wheels index-url proxy python check remove",
    "encoders": "action encoder file accept-licence sha256 url mirror proxy mode precision pooling stage output json",
    "cache": "action part json",
    "diagnostics": "output",
}


@pytest.mark.parametrize("name", FACES)
def test_commands_have_the_promised_options(name: str) -> None:
    options = {option.name for option in COMMANDS[name].options}
    assert options >= set(FACES[name].split()) | {"device", "random-state", "progress", "overwrite"}


def test_all_commands_are_promised() -> None:
    assert set(COMMANDS) == set(FACES)
    assert all(command.options[-len(EVERYWHERE) :] == EVERYWHERE for command in COMMANDS.values())


@pytest.mark.parametrize(("command", "option"), ALL, ids=[f"{command.name}-{option.name}" for command, option in ALL])
def test_every_option_is_sound(command: Command, option: Option) -> None:
    assert [other.name for other in command.options].count(option.name) == 1
    assert option.help.strip().endswith(".") and option.help == " ".join(option.help.split())
    assert option.name == option.name.lower() and option.parameter == option.name.upper().replace("-", "_")
    assert bool(option.choices) == (option.kind is Kind.CHOICE)
    assert not (option.required and option.default is not None)
    assert option.parse(option.default) == option.default and option.parse("") == option.default
    assert option.kind is not Kind.FLAG or option.default is False
    if option.kind is Kind.FIELD:
        assert command.option(option.parent).kind in (Kind.TABLE, Kind.POINTS, Kind.MASK)
    if option.unit:
        assert option.kind in (Kind.NUMBER, Kind.INTEGER)


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        (Kind.NUMBER, "1,5", 1.5), (Kind.NUMBER, 2, 2.0), (Kind.INTEGER, "7", 7), (Kind.FLAG, "Yes", True),
        (Kind.FLAG, "0", False), (Kind.FLAG, True, True), (Kind.LIST, ["a", "b c"], "a,b c"),
        (Kind.LIST, "a, b", "a, b"),
        (Kind.CHOICE, " ONE ", "one"), (Kind.TEXT, 64, "64"), (Kind.TEXT, "  ", None),
        (Kind.RASTERS, "/a, b; /c;", ["/a, b", "/c"]), (Kind.RASTERS, ["/a"], ["/a"]),
        (Kind.TABLES, "/a, b; /c;", ["/a, b", "/c"]), (Kind.TABLES, ["/a", "/b"], ["/a", "/b"]),
        (Kind.RASTERS, ";", None), (Kind.RASTER, "/a b", "/a b"),
    ],
)  # fmt: skip
def test_values_are_read(kind: Kind, given: Any, value: Any) -> None:
    parsed = Option("x", kind, "X.", choices=("one", "two") if kind is Kind.CHOICE else ()).parse(given)
    assert parsed == value and type(parsed) is type(value)


@pytest.mark.parametrize(
    ("kind", "given", "remedy"),
    [
        (Kind.NUMBER, "ten", "Use a number"), (Kind.NUMBER, "nan", "finite"), (Kind.NUMBER, math.inf, "finite"),
        (Kind.NUMBER, "1.000,5", "Use a number"), (Kind.NUMBER, 11, "from 1 up to 10"),
        (Kind.INTEGER, "0", "from 1 up to 10"),
        (Kind.INTEGER, "2.5", "whole number"), (Kind.INTEGER, True, "whole number"),
        (Kind.NUMBER, True, "Use a number"),
        (Kind.FLAG, "perhaps", "true or false"), (Kind.CHOICE, "three", "one, two"),
    ],
)  # fmt: skip
def test_bad_values_are_refused(kind: Kind, given: Any, remedy: str) -> None:
    option = Option("x", kind, "X.", choices=("one", "two") if kind is Kind.CHOICE else (), minimum=1, maximum=10)
    with pytest.raises(OptionError, match=f"--x cannot be .*{remedy}"):
        option.parse(given)


def test_whole_numbers_that_qgis_hands_over_as_floats_are_whole() -> None:
    assert Option("x", Kind.INTEGER, "X.").parse(5.0) == 5


def test_parse_parameters_fills_defaults_and_names_the_unknown() -> None:
    parameters, unknown = parse_parameters(
        COMMANDS["embed"], {"raster": "r", "model": "m", "output": "o", "Raster": "x", "dims": 3}
    )
    assert unknown == ["Raster", "dims"]
    assert set(parameters) == {option.key for option in COMMANDS["embed"].options}
    assert parameters["quantise"] == "none" and parameters["extent"] is None and parameters["overwrite"] is False
    with pytest.raises(OptionError, match="botaclip embed: --model is missing"):
        parse_parameters(COMMANDS["embed"], {"raster": "r", "output": "o"})


def test_command_line_leaves_out_defaults_and_quotes() -> None:
    parameters, _ = parse_parameters(
        COMMANDS["demo-data"], {"output": "/a b", "seed": 7, "plots": 1000, "overwrite": True}
    )
    assert command_line(COMMANDS["demo-data"], parameters) == "botaclip demo-data --output '/a b' --seed 7 --overwrite"


@given(st.floats(0.1, 100_000.0), st.text(min_size=1).filter(lambda text: text.strip() and "\0" not in text))
def test_command_line_keeps_every_digit_and_letter(patch_size: float, species: str) -> None:
    from botaclip.core.cli import parse

    required = {"raster": "/r", "releves": "/t", "output": "/o"}
    parameters, _ = parse_parameters(COMMANDS["train"], {**required, "patch_size": patch_size, "species": species})
    words = shlex.split(command_line(COMMANDS["train"], parameters))
    assert parse(words[1:]) == (COMMANDS["train"], parameters)


@pytest.mark.parametrize("text", ["1,000", "12,000", "1,000,000", "-1,500"])
def test_a_thousands_separator_is_not_guessed(text: str) -> None:
    with pytest.raises(OptionError, match="without a thousands separator"):
        COMMANDS["train"].option("patch-size").parse(text)


def test_a_decimal_comma_is_read() -> None:
    assert COMMANDS["train"].option("patch-size").parse("12,5") == 12.5


@pytest.mark.parametrize(
    ("name", "given", "found"),
    [
        ("suitability", {"raster": "a.tif", "model": "m", "output": "a.tif"}, "--output would replace what --raster"),
        ("suitability", {"raster": "a.tif", "model": "m", "output": "./x/../m"}, "would replace what --model names"),
        ("embed", {"raster": "a.tif", "model": "m", "environment": ["e.tif", "f.tif"], "output": "f.tif"}, "--env"),
        ("embed", {"raster": "a.tif", "model": "m", "environment": ["dem=f.tif"], "output": "f.tif"}, "--environment"),
        ("predict", {"raster": "a.tif", "model": "m", "points": "p.gpkg|layername=x", "output": "p.gpkg"}, "--points"),
        ("train", {"raster": "a.tif", "releves": "r.csv", "output": "m", "report": "m"}, "are the same file"),
        ("train", {"raster": "a.tif", "releves": "r.csv", "output": "m", "metrics": "r.csv"}, "--releves names"),
        ("suitability", {"raster": "tiles", "model": "m", "output": "tiles/s.tif"}, "lies in the folder of tiles"),
        ("suitability", {"raster": "link.tif", "model": "m", "output": "a.tif"}, "would replace what --raster names"),
    ],
)  # fmt: skip
def test_outputs_never_replace_inputs(
    name: str, given: dict[str, Any], found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiles").mkdir()
    (tmp_path / "a.tif").touch()
    (tmp_path / "link.tif").symlink_to("a.tif")
    with pytest.raises(OptionError, match=found):
        check_outputs(COMMANDS[name], given)


def test_outputs_beside_inputs_are_fine() -> None:
    given = {"raster": "a.tif", "releves": "r.csv", "output": "a.botaclip", "metrics": "r.json"}
    check_outputs(COMMANDS["train"], given)
    check_outputs(COMMANDS["demo-data"], {"output": "folder"})


def test_the_help_of_bands_names_all_roles_that_are_never_guessed() -> None:
    assert all(f"{role}," in BANDS.help for role in NAMED_ROLES) and "um1.38" in BANDS.help
