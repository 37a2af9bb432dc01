"""The last error is kept, one at most, whole or not at all, and where nothing can be written nothing happens."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from botaclip.core.last_error import error_file, forget_error, last_error, remember_error


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("BOTACLIP_ENVIRONMENTS", str(tmp_path / "environments"))
    return tmp_path / "environments"


def test_one_error_is_kept_without_what_is_private(folder: Path) -> None:
    assert last_error() == {}
    assert remember_error("first")
    assert remember_error("/home/ann/r.tif: it has no CRS.", "Traceback\n" * 5000 + "http://a:b@c /home/ann/r.tif")
    assert [path.name for path in folder.iterdir()] == ["last-error.json"]
    kept = last_error()
    assert kept["sentence"] == "<path>: it has no CRS." and kept["version"]
    assert kept["trace"].endswith("http://***@c <path>") and len(kept["trace"]) <= 12_000
    assert "ann" not in error_file().read_text(encoding="utf-8")
    forget_error()
    forget_error()
    assert last_error() == {} and list(folder.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "[" * 100_000, '{"sentence": 3}', "\xff"])
def test_a_damaged_file_is_no_error(folder: Path, content: str) -> None:
    folder.mkdir()
    error_file().write_bytes(content.encode("latin-1"))
    found = last_error()
    assert found == {} or found["sentence"] == "3"
    assert remember_error("next") and last_error()["sentence"] == "next"


def test_where_nothing_can_be_written_nothing_happens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BOTACLIP_ENVIRONMENTS", str(tmp_path / "file" / "environments"))
    assert remember_error("lost") is False and last_error() == {}
    forget_error()


def test_a_write_that_fails_keeps_the_one_before(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    remember_error("kept")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert remember_error("lost") is False
    assert json.loads(error_file().read_text(encoding="utf-8"))["sentence"] == "kept"
    assert [path.name for path in folder.iterdir()] == ["last-error.json"]
