"""Whether a Python has the packages of a set is asked of that Python, and without loading what may not load."""

from __future__ import annotations

import venv
from pathlib import Path

import pytest

from botaclip.core.python_environment import FOUND_ONLY, failing_import, needed_imports, python_of


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """The folder of the packages of an environment with no pip, ``tmp_path / "v"``."""
    venv.create(tmp_path / "v", with_pip=False, symlinks=True)
    found = [*tmp_path.glob("v/lib/python3.*/site-packages"), *tmp_path.glob("v/Lib/site-packages")]
    return found[0]


def put(packages: Path, name: str, code: str = "") -> None:
    (packages / name).mkdir()
    (packages / name / "__init__.py").write_text(code, encoding="utf-8")


def test_what_loads_only_after_a_preparation_has_to_be_there_and_is_not_loaded(packages: Path) -> None:
    python = python_of(packages.parents[2])
    put(packages, "torch")
    for name in FOUND_ONLY:
        assert failing_import(python, ["torch", *FOUND_ONLY]) == f"No module named {name!r}"
        put(packages, name, "raise RuntimeError('operator torchvision::nms does not exist')")
    assert failing_import(python, ["torch", *FOUND_ONLY]) is None


def test_everything_else_is_loaded(packages: Path) -> None:
    python = python_of(packages.parents[2])
    put(packages, "torch", "raise ImportError('libtorch.so is missing')")
    assert failing_import(python, ["json", "torch"]) == "ImportError: libtorch.so is missing"
    assert failing_import(python, ["json", "no_such_package"]) == (
        "ModuleNotFoundError: No module named 'no_such_package'"
    )
    assert failing_import(python, ["json"], oldest=(99, 0)) == "it is too old"


def test_only_training_needs_torch_and_what_is_built_on_it() -> None:
    assert {"torch", "torchvision", "timm", "onnxscript"} <= set(needed_imports("train"))
    assert not {"torch", "torchvision", "timm", "onnx", "onnxscript"} & set(needed_imports("run"))
