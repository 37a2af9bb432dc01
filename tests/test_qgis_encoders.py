"""``botaclip:encoders`` and ``botaclip:cache`` in QGIS: a file fetched by hand, a download, the licence in the log."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.file_server import FileServer
from tests.qgis_support import Qgis, make_qgis

from botaclip.core.encoders.licences import LICENCES
from botaclip.core.encoders.record_json import record_to_json
from botaclip.core.encoders.registry import RECORDS

WEIGHTS = bytes(range(256)) * 4000
LICENCE = LICENCES["DINOv3"]


@pytest.fixture(scope="module")
def bare() -> Iterator[Qgis]:
    """A machine without any environment: what needs none works all the same."""
    yield from make_qgis(copied=True)


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


def variables(folder: Path) -> dict[str, str]:
    return {"BOTACLIP_ENCODERS": str(folder / "encoders"), "BOTACLIP_CACHE": str(folder / "cache"),
            "no_proxy": "127.0.0.1", "OMP_NUM_THREADS": "1"}  # fmt: skip


def run(qgis: Qgis, folder: Path, *asked: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Run algorithms one after the other in one QGIS, and return what each said."""
    path = folder / "asked.json"
    path.write_text(json.dumps(asked, default=str), encoding="utf-8")
    answers: list[dict[str, Any]] = qgis.script("encoders", str(path), environment=variables(folder))
    assert not any("Traceback" in answer["log"] for answer in answers), answers
    return answers


def refused_with_the_licence_shown(answer: dict[str, Any], name: str) -> None:
    """Hold that the log has the licence once, and the refusal after it is short."""
    assert not answer["ok"] and answer["log"].count(LICENCE.summary) == 1
    assert f"Licence: {LICENCE.title}" in answer["log"] and LICENCE.url in answer["log"]
    assert answer["error"] == (
        f"{name} comes under the DINOv3 License (Meta, 19 August 2025), which has to be accepted. Read it at "
        f"{LICENCE.url}, then say so with --accept-licence (in QGIS: tick 'Accept licence')."
    )


def test_listing_and_showing_need_no_environment(bare: Qgis, tmp_path: Path) -> None:
    listed, shown, lost, unread = run(
        bare, tmp_path, ("encoders", {"ACTION": "list"}),
        ("encoders", {"ACTION": "show", "ENCODER": "dinov3-vitl16-sat"}),
        ("encoders", {"ACTION": "show", "ENCODER": "dino"}),
        ("encoders", {"ACTION": "import", "ENCODER": "dofa-base", "FILE": "/nowhere/x.pth"}),
    )  # fmt: skip
    lines = listed["results"]["SUMMARY"].splitlines()
    assert lines[0].startswith("random-conv (Random convolutional features): built in; bands any; modes dense;")
    assert (
        "dinov3-vits16 (DINOv3 ViT-S/16): not installed; bands red, green, blue; modes exact, tokens; vectors of 384; "
        "licence DINOv3"
    ) in lines
    assert not any("   " in line for line in lines), "a table is unreadable where letters differ in width"
    assert {line.partition(" ")[0] for line in lines} >= set(RECORDS)
    assert "botaclip encoders show dinov3-vitl16-sat" in shown["log"] and "No use for weapons" in shown["log"]
    assert "Or fetch it by hand: action import, Encoder dinov3-vitl16-sat, File: your dinov3_vitl16" in shown["log"]
    assert "there is no encoder 'dino'" in lost["error"]
    assert "there is no file or folder /nowhere/x.pth" in unread["log"] and not unread["ok"]


def test_a_download_is_installed_checked_and_removed(bare: Qgis, tmp_path: Path) -> None:
    with FileServer(WEIGHTS).serving() as server:
        server.texts = {"/folder/LICENSE.md": b"The whole text"}
        record = dataclasses.replace(
            RECORDS["dinov3-vits16"], id="mine", file="weights.pth", url=server.url, sha256=server.sha256,
            sha256_prefix="", licence="DINOv3",
        )  # fmt: skip
        path = tmp_path / "mine.json"
        path.write_text(json.dumps(record_to_json(record)), encoding="utf-8")
        given = {"ACTION": "download", "ENCODER": "mine", "RECORD": path}
        (refused,) = run(bare, tmp_path, ("encoders", given))
        refused_with_the_licence_shown(refused, "mine")
        assert not server.asked
        fetched, checked = run(
            bare, tmp_path, ("encoders", {**given, "ACCEPT_LICENCE": True}),
            ("encoders", {"ACTION": "verify", "ENCODER": "mine"}),
        )  # fmt: skip
    assert f"botaclip encoders download mine --accept-licence --record {path}" in fetched["log"] and fetched["ok"]
    installed = tmp_path / "encoders" / "mine"
    assert (installed / "weights.pth").read_bytes() == WEIGHTS
    assert (installed / "LICENCE.txt").read_text() == "The whole text"
    assert "It is the file that the record pins" in checked["log"]
    # And by the road of scripts and models.
    ran = bare.run("encoders", environment=variables(tmp_path), ACTION="remove", ENCODER="mine")
    assert ran.returncode == 0 and "mine was removed" in ran.stdout, ran.stdout + ran.stderr
    assert not installed.exists()


def test_the_cache_is_shown_and_cleared(bare: Qgis, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "a.safetensors").write_bytes(b"x" * 1_000_000)
    shown, cleared = run(bare, tmp_path, ("cache", {}), ("cache", {"ACTION": "clear", "PART": "vectors"}))
    assert "vectors: image vectors of plots, 1 file, 1.0 MB" in shown["log"]
    assert "vectors: 1 file removed, 1.0 MB freed" in cleared["log"]
    assert "botaclip cache clear --part vectors" in cleared["log"]
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
    output = tmp_path / "tiny.onnx"
    refused, taken, listed, written = run(
        qgis, tmp_path, ("encoders", words), ("encoders", {**words, "ACCEPT_LICENCE": True}), ("encoders", {}),
        ("encoders", {"ACTION": "export", "ENCODER": "tiny", "MODE": "exact", "OUTPUT": output}),
    )  # fmt: skip
    refused_with_the_licence_shown(refused, "tiny")
    digest = hashlib.sha256((given / "tiny.pth").read_bytes()).hexdigest()
    assert f"SHA-256 {digest}" in taken["log"] and "Use it: botaclip train --encoder tiny" in taken["log"]
    assert listed["results"]["SUMMARY"].splitlines()[2].startswith("tiny (DOFA ViT-B/16): installed")
    assert output.stat().st_size > 10_000 and "vectors of 32" in written["log"]
    assert json.loads((tmp_path / "tiny.json").read_text())["checkpoint_sha256"] == digest
    assert "DINOv3 License" in (tmp_path / "tiny.licence.txt").read_text()
