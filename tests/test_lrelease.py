"""The translations that QGIS loads are made when they are missing or old, where Qt's tool is at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .conftest import ROOT
from .script_modules import script

lrelease, package, setup = script("lrelease"), script("package"), script("setup")
ts_file = script("ts_file")

needs_tool = pytest.mark.skipif(lrelease.find_lrelease() is None, reason="lrelease is not installed")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "botaclip_fr.ts"
    ts_file.write_ts(path, "fr", [ts_file.Message("Map", "Carte"), ts_file.Message("Not yet", "")])
    return path


def no_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTACLIP_LRELEASE", "/nowhere/lrelease")


@needs_tool
def test_it_is_made_when_missing_and_when_old(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = source.with_suffix(".qm")
    assert lrelease.stale(source.parent) == [source]
    setup.make_translations(source.parent)
    assert "Translations made: botaclip_fr." in capsys.readouterr().out
    # Strings are kept in UTF-16.
    assert "Carte".encode("utf-16-be") in made.read_bytes()
    assert lrelease.stale(source.parent) == []
    assert sorted(path.suffix for path in source.parent.iterdir()) == [".qm", ".ts"]
    setup.make_translations(source.parent)
    assert capsys.readouterr().out == ""
    os.utime(source, (made.stat().st_mtime + 10, made.stat().st_mtime + 10))
    assert lrelease.stale(source.parent) == [source]


@needs_tool
def test_a_source_that_is_no_ts_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "botaclip_fr.ts").write_text("<TS", encoding="utf-8")
    with pytest.raises(SystemExit, match="could not make botaclip_fr.qm"):
        lrelease.release(tmp_path / "botaclip_fr.ts", lrelease.find_lrelease())
    assert not list(tmp_path.glob("*.qm*"))


def test_a_tool_that_does_not_run_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "lrelease"
    tool.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("BOTACLIP_LRELEASE", str(tool))
    assert lrelease.find_lrelease() is None
    tool.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    assert lrelease.find_lrelease() == tool


def test_set_up_goes_on_without_it_and_packaging_does_not(
    source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    no_tool(monkeypatch)
    setup.make_translations(source.parent)
    assert not source.with_suffix(".qm").exists() and capsys.readouterr().out == ""
    sentence = r"^Packaging needs Qt's lrelease .* install qttools5-dev-tools and run this again\.$"
    with pytest.raises(SystemExit, match=sentence):
        package.translate(source.parent)
    assert source.is_file()


@pytest.mark.parametrize("can_install", [True, False])
def test_set_up_installs_it_or_says_what_is_lost(
    can_install: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    no_tool(monkeypatch)
    system = setup.qgis_system

    def apt_prefix() -> list[str]:
        if not can_install:
            raise system.SetupError("nothing can be installed")
        return []

    monkeypatch.setattr(system, "find_qgis", lambda: system.Qgis(Path("/opt/qgis_process"), (3, 44)))
    monkeypatch.setattr(system, "apt_prefix", apt_prefix)
    monkeypatch.setattr(setup.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(lrelease, "find_lrelease", lambda: None)
    assert setup.missing_packages() == (["qttools5-dev-tools"] if can_install else [])
    assert ("the plugin stays English" in capsys.readouterr().out) != can_install


def test_what_is_made_is_not_kept_in_git() -> None:
    assert "/i18n/*.qm" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
