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
    assert len(ALGORITHMS) == 8
    assert listed(qgis) == ALGORITHMS


def test_all_algorithms_are_listed_without_an_environment(bare_qgis: Qgis) -> None:
    assert listed(bare_qgis) == ALGORITHMS


def test_running_without_an_environment_says_what_to_do(bare_qgis: Qgis) -> None:
    ran = bare_qgis.run("devices")
    assert ran.returncode == 1
    assert "no Python environment for the worker was found. In a checkout, run make setup" in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr


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


TYPES = {
    ("train", "RASTER"): "raster", ("train", "RELEVES"): "source", ("train", "CRS"): "crs",
    ("train", "PLOT_FIELD"): "field", ("train", "PATCH_SIZE"): "number", ("train", "OUTPUT"): "fileDestination",
    ("train", "COVER_SCALE"): "enum", ("embed", "EXTENT"): "extent", ("embed", "MASK"): "source",
    ("embed", "MODEL"): "file", ("embed", "OUTPUT"): "rasterDestination", ("predict", "POINTS"): "source",
    ("predict", "OUTPUT"): "vectorDestination", ("demodata", "OUTPUT"): "folderDestination",
    ("devices", "JSON"): "boolean",
}  # fmt: skip


@pytest.mark.parametrize(("where", "kind"), TYPES.items(), ids=lambda value: str(value))
def test_parameters_are_typed(where: tuple[str, str], kind: str, described: dict) -> None:
    algorithm, parameter = where
    assert described[algorithm]["parameters"][parameter]["type"] == kind
