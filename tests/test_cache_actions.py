"""``botaclip cache``: shows what is kept, and deletes that and nothing else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from botaclip.core import cli
from botaclip.core.cache_folder import cache_folder
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.store import Store
from botaclip.core.raster_output import Block
from botaclip.core.vector_cache import load_vectors, save_vectors
from botaclip.core.windows import Windows


@pytest.fixture()
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with one file of vectors, two windows and a graph, and files of someone else beside them."""
    monkeypatch.setenv("BOTACLIP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("BOTACLIP_ENCODERS", str(tmp_path / "encoders"))
    save_vectors(cache_folder() / "a.safetensors", np.zeros((2, 3), np.float32), np.ones(2, np.float32))
    windows = Windows({"map": 1})
    for row in (0, 8):
        windows.keep(Block(row, 0, 8, 8), np.zeros((1, 8, 8), np.float32))
    (tmp_path / "w.pth").write_bytes(b"weights")
    store = Store()
    digest = hashlib.sha256(b"weights").hexdigest()
    store.install(EncoderRecord("mine", "Mine", "timm"), tmp_path / "w.pth", sha256=digest, source="")
    store.put_graph("mine", "exact", b"graph" * 100, {})
    (tmp_path / "cache" / "letter.txt").write_text("not ours")
    (tmp_path / "cache" / "windows" / "letter.txt").write_text("not ours")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, dict[str, int]]:
    assert cli.main(["cache", *words, "--json", "--progress", "none"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def counts(found: dict[str, dict[str, int]]) -> dict[str, int]:
    return {name: about["files"] for name, about in found.items()}


def test_what_is_kept_is_counted(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run(capsys)
    assert counts(found) == {"vectors": 1, "windows": 2, "graphs": 2}
    sizes = [path.stat().st_size for path in (kept / "encoders" / "mine" / "graphs").iterdir()]
    assert found["graphs"]["bytes"] == sum(sizes) and found["vectors"]["folder"] == str(kept / "cache")
    assert cli.main(["cache", "show"]) == 0
    assert "windows: finished windows of interrupted maps, 2 files, 0.0 MB" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("part", "left"),
    [("vectors", {"vectors": 0, "windows": 2, "graphs": 2}), ("windows", {"vectors": 1, "windows": 0, "graphs": 2}),
     ("graphs", {"vectors": 1, "windows": 2, "graphs": 0}), ("all", {"vectors": 0, "windows": 0, "graphs": 0})],
)  # fmt: skip
def test_clearing_takes_what_was_asked_and_nothing_else(
    kept: Path, capsys: pytest.CaptureFixture[str], part: str, left: dict[str, int]
) -> None:
    removed = run(capsys, "clear", "--part", part)
    before = {"vectors": 1, "windows": 2, "graphs": 2}
    assert counts(removed) == {name: count for name, count in before.items() if not left[name]}
    assert counts(run(capsys)) == left
    assert (kept / "cache" / "letter.txt").exists() and (kept / "cache" / "windows" / "letter.txt").exists()
    installed = Store().installed("mine")
    assert installed is not None and installed.checkpoint.read_bytes() == b"weights"


def test_what_was_cleared_is_made_anew(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    windows = Windows({"map": 1})
    assert len(windows) == 2
    run(capsys, "clear")
    block = Block(0, 0, 8, 8)
    assert windows.take(block) is None and load_vectors(cache_folder() / "a.safetensors") is None
    windows.keep(block, np.ones((1, 8, 8), np.float32))
    assert windows.take(block) is not None
    assert "nothing was kept" in "".join(cli_lines(capsys, "clear", "--part", "vectors"))


def cli_lines(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert cli.main(["cache", *words]) == 0
    return capsys.readouterr().out.splitlines()


def test_nothing_at_all_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BOTACLIP_CACHE", str(tmp_path / "none"))
    monkeypatch.setenv("BOTACLIP_ENCODERS", str(tmp_path / "nothing"))
    assert counts(run(capsys)) == counts(run(capsys, "clear")) == {"vectors": 0, "windows": 0, "graphs": 0}
    assert list(tmp_path.iterdir()) == []
