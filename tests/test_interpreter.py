"""Which Python runs the worker."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import pytest

from botaclip.core import interpreter, lock_files
from botaclip.core.errors import EnvironmentMissing
from botaclip.core.interpreter import find_interpreter


def environment(folder: Path) -> Path:
    """Make something like a virtual environment; return its Python."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return python


def managed(parent: Path, *sets: str, python: str = "cp311-linux_x86_64", key: str = "") -> Path:
    """Make something like a managed environment of these locks; return its Python."""
    folder = parent / f"{python}-{key or lock_files.key()}"
    made = environment(folder)
    names = [*sets, *(["torch-cpu"] if "train" in sets else [])]
    marker = {"format": 1, "sets": sets, "locks": lock_files.digests(names), "torch": {"build": "cpu"}}
    (folder / "botaclip.json").write_text(json.dumps(marker), encoding="utf-8")
    return made


@pytest.fixture(autouse=True)
def parent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with nothing on it; where its managed environments would lie."""
    monkeypatch.delenv("BOTACLIP_PYTHON", raising=False)
    monkeypatch.delitem(sys.modules, "qgis", raising=False)
    monkeypatch.setenv("BOTACLIP_ENVIRONMENTS", str(tmp_path / "environments"))
    monkeypatch.setattr(interpreter, "candidates", lambda: iter(()))
    interpreter._can_import.cache_clear()
    return tmp_path / "environments"


@pytest.fixture
def inside_qgis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qgis", types.ModuleType("qgis"))


def test_order(tmp_path: Path, parent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setting, variable, beside = (environment(tmp_path / name) for name in ("setting", "variable", ".venv"))
    made = managed(parent, "run", "train")
    monkeypatch.setenv("BOTACLIP_PYTHON", str(variable))
    assert find_interpreter(setting, root=tmp_path) == setting
    assert find_interpreter(" ", root=tmp_path) == variable
    monkeypatch.delenv("BOTACLIP_PYTHON")
    assert find_interpreter(None, root=tmp_path) == beside
    assert beside.is_symlink()  # a resolved link would leave the environment
    (tmp_path / ".venv").rename(tmp_path / "gone")
    assert find_interpreter(None, root=tmp_path) == made and made.is_symlink()
    (parent / made.parts[-3]).rename(parent / "gone")
    assert find_interpreter(None, root=tmp_path) == Path(sys.executable)


def test_a_folder_names_its_python(tmp_path: Path) -> None:
    python = environment(tmp_path / "v")
    assert find_interpreter(str(tmp_path / "v"), root=tmp_path) == python


@pytest.mark.usefixtures("inside_qgis")
def test_a_managed_environment_counts_when_these_locks_made_it_and_it_has_the_set(
    tmp_path: Path, parent: Path
) -> None:
    managed(parent, "run", "train", key="0" * 12)
    unfinished = managed(parent, "run", "train", python="cp310-linux_x86_64")
    (unfinished.parents[1] / "botaclip.json").unlink()
    with pytest.raises(EnvironmentMissing, match="no Python environment for the worker was found. Run botaclip setup"):
        find_interpreter(root=tmp_path)
    run = managed(parent, "run", python="cp311-linux_x86_64")
    assert find_interpreter(root=tmp_path) == run
    with pytest.raises(EnvironmentMissing, match="but not those for training. Run botaclip setup --packages train"):
        find_interpreter(needs="train", root=tmp_path)
    train = managed(parent, "run", "train", python="cp312-linux_x86_64")
    assert find_interpreter(needs="train", root=tmp_path) == find_interpreter(root=tmp_path) == train
    train.unlink()
    assert find_interpreter(root=tmp_path) == run
    marker = run.parents[1] / "botaclip.json"
    marker.write_text(marker.read_text().replace(lock_files.digests(["run"])["run.lock.txt"], "0" * 64))
    with pytest.raises(EnvironmentMissing, match="no Python environment"):
        find_interpreter(root=tmp_path)


def test_running_python_counts_when_it_has_the_packages_and_is_not_qgis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_interpreter(root=tmp_path) == Path(sys.executable)
    monkeypatch.setitem(sys.modules, "qgis", types.ModuleType("qgis"))
    with pytest.raises(EnvironmentMissing, match="make setup"):
        find_interpreter(root=tmp_path)
    monkeypatch.delitem(sys.modules, "qgis")
    monkeypatch.setattr(interpreter, "needed_imports", lambda needs: ("numpy", "no_such_package"))
    with pytest.raises(EnvironmentMissing, match="no Python environment for the worker was found"):
        find_interpreter(root=tmp_path)


@pytest.mark.usefixtures("inside_qgis")
def test_another_python_counts_when_it_has_the_packages_run_on_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QGIS's own, tried as a process; nothing is imported here."""
    note = tmp_path / "note"
    without, has = tmp_path / "without" / "python3", tmp_path / "has" / "python3"
    for path in (without, has):
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\necho run >> {note}\nexec {sys.executable} \"$@\"\n")
        path.chmod(0o755)
    without.write_text(f"#!/bin/sh\necho run >> {note}\nexit 1\n")
    monkeypatch.setattr(interpreter, "candidates", lambda: iter([without, has]))
    monkeypatch.setattr(interpreter, "needed_imports", lambda needs: ("json", "csv"))
    assert find_interpreter(root=tmp_path) == has
    assert find_interpreter(root=tmp_path) == has
    assert note.read_text() == "run\nrun\n", "each is tried once"
    interpreter._can_import.cache_clear()
    monkeypatch.setattr(interpreter, "needed_imports", lambda needs: ("json", "no_such_package"))
    with pytest.raises(EnvironmentMissing):
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
