"""``botaclip:encoders`` and ``botaclip:cache`` in QGIS: a file fetched by hand, a download, the licence in the log."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.file_server import FileServer
from tests.qgis_support import Qgis, make_qgis

from botaclip.core.encoders.record_json import record_to_json
from botaclip.core.encoders.registry import RECORDS

WEIGHTS = bytes(range(256)) * 4000


@pytest.fixture(scope="module")
def bare() -> Iterator[Qgis]:
    """A machine without any environment: what needs none works all the same."""
    yield from make_qgis(copied=True)


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


def run(qgis: Qgis, algorithm: str, folder: Path, code: int = 0, **inputs: object) -> str:
    variables = {"BOTACLIP_ENCODERS": str(folder / "encoders"), "BOTACLIP_CACHE": str(folder / "cache"),
                 "no_proxy": "127.0.0.1", "OMP_NUM_THREADS": "1"}  # fmt: skip
    ran = qgis.run(algorithm, environment=variables, **inputs)
    said = ran.stdout + ran.stderr
    assert ran.returncode == code and "Traceback" not in said, said
    return said


def test_listing_and_showing_need_no_environment(bare: Qgis, tmp_path: Path) -> None:
    said = run(bare, "encoders", tmp_path)
    assert "dinov3-vits16" in said and "not installed, unverified, unpinned" in said
    said = run(bare, "encoders", tmp_path, ACTION="show", ENCODER="dinov3-vitl16-sat")
    assert "botaclip encoders show dinov3-vitl16-sat" in said and "No use for weapons" in said
    assert "there is no encoder 'dino'" in run(bare, "encoders", tmp_path, 1, ACTION="show", ENCODER="dino")
    said = run(bare, "encoders", tmp_path, 1, ACTION="import", ENCODER="dofa-base", FILE="/nowhere/x.pth")
    assert "there is no file or folder /nowhere/x.pth" in said


def test_a_download_is_installed_checked_and_removed(bare: Qgis, tmp_path: Path) -> None:
    with FileServer(WEIGHTS).serving() as server:
        record = dataclasses.replace(
            RECORDS["dinov3-vits16"], id="mine", file="weights.pth", url=server.url, sha256=server.sha256,
            sha256_prefix="", licence="DINOv3",
        )  # fmt: skip
        path = tmp_path / "mine.json"
        path.write_text(json.dumps(record_to_json(record)), encoding="utf-8")
        given = {"ACTION": "download", "ENCODER": "mine", "RECORD": path}
        said = run(bare, "encoders", tmp_path, 1, **given)
        assert "Licence: DINOv3 License" in said and "say so with --accept-licence" in said and not server.asked
        server.texts = {"/folder/LICENSE.md": b"The whole text"}
        said = run(bare, "encoders", tmp_path, **given, ACCEPT_LICENCE="true")
        assert f"botaclip encoders download mine --accept-licence --record {path}" in said
    installed = tmp_path / "encoders" / "mine"
    assert (installed / "weights.pth").read_bytes() == WEIGHTS
    assert (installed / "LICENCE.txt").read_text() == "The whole text"
    assert "It is the file that the record pins" in run(bare, "encoders", tmp_path, ACTION="verify", ENCODER="mine")
    assert "mine was removed" in run(bare, "encoders", tmp_path, ACTION="remove", ENCODER="mine")
    assert not installed.exists()


def test_the_cache_is_shown_and_cleared(bare: Qgis, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "a.safetensors").write_bytes(b"x" * 1_000_000)
    assert "vectors: image vectors of plots, 1 file, 1.0 MB" in run(bare, "cache", tmp_path)
    said = run(bare, "cache", tmp_path, ACTION="clear", PART="vectors")
    assert "vectors: 1 file removed, 1.0 MB freed" in said and "botaclip cache clear --part vectors" in said
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_file_fetched_by_hand_is_taken_in_by_the_worker(qgis: Qgis, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from botaclip.core.encoders.dofa import Dofa

    sizes = {"width": 32, "depth": 1, "heads": 2, "patch_px": 16, "image_px": 64}
    torch.manual_seed(0)
    state = {key: torch.randn(value.shape) * 0.05 for key, value in Dofa(**sizes).state_dict().items()}
    given = tmp_path / "given"
    given.mkdir()
    torch.save({key: value for key, value in state.items() if not key.startswith("fc_norm.")}, given / "tiny.pth")
    record = dataclasses.replace(
        RECORDS["dofa-base"], id="tiny", variant=sizes, file="tiny.pth", url="", revision="", sha256_prefix="",
        dimension=32, input_px=64, window_px=128, licence="DINOv3",
    )  # fmt: skip
    (given / "tiny.json").write_text(json.dumps(record_to_json(record)), encoding="utf-8")
    words = {"ACTION": "import", "ENCODER": "tiny", "FILE": given, "RECORD": given / "tiny.json"}  # the folder
    said = run(qgis, "encoders", tmp_path, 1, **words)
    assert "Licence: DINOv3 License" in said and "say so with --accept-licence" in said
    said = run(qgis, "encoders", tmp_path, **words, ACCEPT_LICENCE="true")
    digest = hashlib.sha256((given / "tiny.pth").read_bytes()).hexdigest()
    assert f"SHA-256 {digest}" in said and "Use it: botaclip train --encoder tiny" in said
    output = tmp_path / "tiny.onnx"
    said = run(qgis, "encoders", tmp_path, ACTION="export", ENCODER="tiny", MODE="exact", OUTPUT=output)
    assert output.stat().st_size > 10_000 and "vectors of 32" in said
    assert json.loads((tmp_path / "tiny.json").read_text())["checkpoint_sha256"] == digest
    assert "DINOv3 License" in (tmp_path / "tiny.licence.txt").read_text()
