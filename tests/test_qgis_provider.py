"""The Processing provider shows the option table, the whole of it, with and without an environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.qgis_support import Qgis, make_qgis

from botaclip.core.commands import COMMANDS
from botaclip.core.options import Kind


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


@pytest.fixture(scope="module")
def bare_qgis() -> Iterator[Qgis]:
    """A machine without any environment for the worker."""
    yield from make_qgis(copied=True)


@pytest.fixture(scope="module")
def described(qgis: Qgis) -> dict:
    return qgis.script("describe")


ALGORITHMS = {f"botaclip:{command.algorithm}" for command in COMMANDS.values()}


def listed(qgis: Qgis) -> set[str]:
    lines = qgis.process("list").stdout.splitlines()
    return {line.split()[0] for line in lines if line.strip().startswith("botaclip:")}


def test_all_algorithms_are_listed(qgis: Qgis) -> None:
    assert len(ALGORITHMS) == 24
    assert listed(qgis) == ALGORITHMS


def test_all_algorithms_are_listed_without_an_environment(bare_qgis: Qgis) -> None:
    assert listed(bare_qgis) == ALGORITHMS


def test_running_without_an_environment_says_what_to_do(bare_qgis: Qgis) -> None:
    ran = bare_qgis.run("devices")
    assert ran.returncode == 1
    said = ran.stdout + ran.stderr
    assert "no Python environment for the worker was found. Run botaclip setup, or in QGIS the algorithm Set up" in said
    assert "Traceback" not in said


def test_the_named_environment_is_taken_or_refused(bare_qgis: Qgis) -> None:
    ran = bare_qgis.run("devices", environment={"BOTACLIP_PYTHON": "/nowhere/python"})
    assert ran.returncode == 1
    assert "there is no Python at /nowhere/python, which BOTACLIP_PYTHON names" in ran.stdout + ran.stderr


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.name)
def test_parameters_are_those_of_the_option_table(command, described: dict) -> None:
    shown = described[command.algorithm]
    options = {option.parameter: option for option in command.options if option.name != "progress"}
    assert list(shown["parameters"]) == list(options)
    assert shown["title"] == command.title and shown["group"] == command.group
    assert command.summary in shown["help"] and command.help in shown["help"]
    assert Path(shown["icon"]).stem == command.name, "every command has its own icon"
    for name, option in options.items():
        parameter = shown["parameters"][name]
        assert parameter["help"].startswith(option.help_with_default)
        assert parameter["optional"] == (not option.required and option.default in (None, ""))
        assert parameter["advanced"] == option.advanced
        assert parameter["hidden"] == (option.name == "overwrite")
        assert parameter["options"] == list(option.choices) and parameter["static"] == bool(option.choices)
        if option.unit:
            assert f"[{option.unit}]" in parameter["description"]
        if option.kind is Kind.NUMBER and option.default is not None:
            assert float(parameter["default"]) == option.default
        elif isinstance(option.default, str):
            assert parameter["default"] == option.default


MAPS = ("embed", "suitability", "aoa", "similarity", "richness", "clusters", "threshold", "change")
TYPES = {
    ("train", "RASTER"): "raster", ("train", "RELEVES"): "source", ("train", "CRS"): "crs",
    ("train", "PLOT_FIELD"): "field", ("train", "PATCH_SIZE"): "number", ("train", "OUTPUT"): "fileDestination",
    ("train", "COVER_SCALE"): "enum", ("embed", "EXTENT"): "extent", ("embed", "MASK"): "source",
    ("embed", "MODEL"): "file", ("embed", "OUTPUT"): "rasterDestination", ("predict", "POINTS"): "source",
    ("predict", "OUTPUT"): "vectorDestination", ("demodata", "OUTPUT"): "folderDestination",
    ("sample", "OUTPUT"): "folderDestination",
    ("devices", "JSON"): "boolean", ("train", "ENVIRONMENT"): "multilayer", ("embed", "ENVIRONMENT"): "multilayer",
    ("encoders", "ACTION"): "enum", ("encoders", "FILE"): "file", ("encoders", "OUTPUT"): "fileDestination",
    ("encoders", "CALIBRATION"): "raster", ("cache", "PART"): "enum", ("setup", "WHEELS"): "file",
    ("train", "TAXA"): "source", ("train", "INIT"): "file",
    ("evaluate", "TASK"): "multilayer", ("evaluate", "TABLE"): "fileDestination", ("evaluate", "MODEL"): "file",
    ("evaluate", "PROTOCOL"): "enum", ("ablate", "OUTPUT"): "fileDestination",
    ("train", "CRS_FIELD"): "field", ("predict", "CRS_FIELD"): "field", ("train", "PREDICTIONS"): "vectorDestination",
    ("similarity", "SPECIES_LIST"): "string", ("aoa", "OUTPUT"): "rasterDestination",
    ("clusters", "RELEVES"): "source", ("suitability", "ENSEMBLE"): "multilayer",
    ("clusters", "INDICATORS"): "fileDestination",
}  # fmt: skip


def test_a_field_belongs_to_the_table_it_is_a_column_of(described: dict) -> None:
    for command in COMMANDS.values():
        shown = described[command.algorithm]["parameters"]
        for option in command.options:
            if option.kind is Kind.FIELD:
                parent = shown[option.parameter]["parent"]
                assert parent == command.option(option.parent).parameter and parent in shown


def test_a_dialog_begins_with_what_everybody_needs(described: dict) -> None:
    """What is folded away is what has a good default; the rest fits a screen."""
    for command in COMMANDS.values():
        open_ones = [one for one in described[command.algorithm]["parameters"].values() if not one["advanced"]]
        assert len([one for one in open_ones if not one["hidden"]]) <= 24, command.name


def test_maps_also_return_the_rasters_to_show(described: dict) -> None:
    for name, shown in described.items():
        several = {"RASTERS": "outputMultilayer"} if name in MAPS else {}
        assert {one: kind for one, kind in shown["outputs"].items() if one == "RASTERS"} == several


def test_help_says_everything_once(qgis: Qgis) -> None:
    said = qgis.process("help", "botaclip:embed").stdout
    assert said.count(COMMANDS["embed"].summary) == 1 and said.count(COMMANDS["embed"].help) == 1


@pytest.mark.parametrize(("where", "kind"), TYPES.items(), ids=lambda value: str(value))
def test_parameters_are_typed(where: tuple[str, str], kind: str, described: dict) -> None:
    algorithm, parameter = where
    assert described[algorithm]["parameters"][parameter]["type"] == kind
