"""Which Python runs the worker."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from botaclip.core import interpreter
from botaclip.core.errors import EnvironmentMissing
from botaclip.core.interpreter import find_interpreter


def environment(folder: Path) -> Path:
    """Make something like a virtual environment; return its Python."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return python


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOTACLIP_PYTHON", raising=False)
    monkeypatch.delitem(sys.modules, "qgis", raising=False)


def test_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setting, variable, beside = (environment(tmp_path / name) for name in ("setting", "variable", ".venv"))
    monkeypatch.setenv("BOTACLIP_PYTHON", str(variable))
    assert find_interpreter(setting, root=tmp_path) == setting
    assert find_interpreter(" ", root=tmp_path) == variable
    monkeypatch.delenv("BOTACLIP_PYTHON")
    assert find_interpreter(None, root=tmp_path) == beside
    assert beside.is_symlink()  # a resolved link would leave the environment


def test_a_folder_names_its_python(tmp_path: Path) -> None:
    python = environment(tmp_path / "v")
    assert find_interpreter(str(tmp_path / "v"), root=tmp_path) == python


def test_running_python_counts_when_it_has_the_packages_and_is_not_qgis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_interpreter(root=tmp_path) == Path(sys.executable)
    monkeypatch.setitem(sys.modules, "qgis", types.ModuleType("qgis"))
    with pytest.raises(EnvironmentMissing, match="make setup"):
        find_interpreter(root=tmp_path)
    monkeypatch.delitem(sys.modules, "qgis")
    monkeypatch.setattr(interpreter, "NEEDED", ("numpy", "no_such_package"))
    with pytest.raises(EnvironmentMissing, match="no Python environment for the worker was found"):
        find_interpreter(root=tmp_path)


def test_what_was_named_is_never_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment(tmp_path / ".venv")
    with pytest.raises(EnvironmentMissing, match=r"there is no Python at .*/none, which the setting"):
        find_interpreter(tmp_path / "none", root=tmp_path)
    plain = tmp_path / "plain"
    plain.write_text("no program")
    plain.chmod(0o644)
    monkeypatch.setenv("BOTACLIP_PYTHON", str(plain))
    with pytest.raises(EnvironmentMissing, match="BOTACLIP_PYTHON names, may not be run"):
        find_interpreter(root=tmp_path)
