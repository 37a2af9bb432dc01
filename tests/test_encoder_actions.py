"""``botaclip encoders`` without an environment: list, show, download, verify, remove, as a user types them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from botaclip.core import cli
from botaclip.core.commands import ENCODERS
from botaclip.core.encoder_actions import encoders
from botaclip.core.encoders import downloads
from botaclip.core.encoders.licences import LICENCES
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.record_json import record_to_json
from botaclip.core.encoders.registry import RECORDS
from botaclip.core.encoders.store import Store
from botaclip.core.errors import Cancelled
from botaclip.core.options import parse_parameters
from botaclip.core.progress import Progress

from .file_server import FileServer

DATA = random.Random(8).randbytes(2_000_000)
SHA256 = hashlib.sha256(DATA).hexdigest()
RGB = ("red", "green", "blue")


@pytest.fixture()
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with FileServer(DATA).serving() as serving:
        yield serving


@pytest.fixture()
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("BOTACLIP_ENCODERS", str(tmp_path / "encoders"))
    return Store()


@pytest.fixture()
def record(server: FileServer, store: Store, monkeypatch: pytest.MonkeyPatch) -> EncoderRecord:
    """A record of the registry whose file lies on the server."""
    made = EncoderRecord(
        "test-vit", "Test ViT", "dinov3", {"timm": "vit_small_patch16_dinov3"}, file="weights.pth", url=server.url,
        sha256=SHA256, size_bytes=len(DATA), licence="CC-BY-4.0", bands=RGB, mean=dict.fromkeys(RGB, 1.0),
        std=dict.fromkeys(RGB, 2.0), dimension=8, citation="nobody", refused={"deadbeef": "it gives wrong features"},
    )  # fmt: skip
    monkeypatch.setitem(RECORDS, made.id, made)  # type: ignore[arg-type]
    return made


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    """Run ``botaclip encoders``; return what it printed, errors behind."""
    found = cli.main(["encoders", *words])
    out, err = capsys.readouterr()
    assert found == code, out + err
    return out + err


def state(capsys: pytest.CaptureFixture[str]) -> str:
    found = json.loads(said(capsys, "--json", "--progress", "none"))["encoders"]
    return str(next(one["state"] for one in found if one["id"] == "test-vit"))


def change(monkeypatch: pytest.MonkeyPatch, record: EncoderRecord, **values: Any) -> None:
    monkeypatch.setitem(RECORDS, record.id, dataclasses.replace(record, **values))  # type: ignore[arg-type]


def test_the_list_shows_every_encoder_and_how_it_stands(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys)
    rows = {line.split()[0]: " ".join(line.split()) for line in text.splitlines() if line.split()[:1]}
    assert set(RECORDS) <= set(rows)
    assert rows["random-conv"].startswith("random-conv built in dense *")
    assert rows["dofa-base"].startswith("dofa-base not installed exact,tokens 768 any CC-BY-4.0")
    assert rows["dofa-v2-base"].startswith("dofa-v2-base not installed, unverified, unpinned exact,tokens 768")
    assert "exact,tokens,dense 512 red,green,blue etalab-2.0" in rows["flair-inc-rgb-12cl-resnet34-unet"]
    assert rows["dinov3-vits16"].startswith("dinov3-vits16 not installed exact,tokens 384 red,green,blue DINOv3")
    found = json.loads(said(capsys, "list", "--json", "--progress", "none"))
    assert [one["id"] for one in found["encoders"]] == list(RECORDS) and found["folder"] == str(store.folder)


def test_one_is_shown_with_its_licence_and_how_to_get_it(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "show", "dinov3-vits16")
    for part in (
        "DINOv3 License (Meta, 19 August 2025)", LICENCES["DINOv3"].url, "so under the same agreement",
        "SHA-256: 08c60483... (first digits)", "the inner 17 x 17 tokens of 16 px",
        "botaclip encoders download dinov3-vits16 --url ADDRESS --accept-licence",
        "botaclip encoders import dinov3-vits16 --file dinov3_vits16_pretrain_lvd1689m-08c60483.pth --accept-licence",
    ):  # fmt: skip
        assert part in text
    text = said(capsys, "show", "dofa-base-e100")
    assert "download dofa-base-e100 --sha256 DIGEST\n" in text and "7cc0f413...: written before" in text
    assert "stage 2: 59 px, stage 3: 179 px" in said(capsys, "show", "flair-inc-rgb-15cl-resnet34-unet")
    assert "How to get it" not in said(capsys, "show", "random-conv")
    assert json.loads(said(capsys, "--json", "show", "dofa-base", "--progress", "none"))["encoder"]["dimension"] == 768
    assert "there is no encoder 'dofa-bas'. Perhaps you mean dofa-base." in said(capsys, "show", "dofa-bas", code=1)
    assert "show needs the name of an encoder" in said(capsys, "show", code=1)


def test_download_then_use_verify_and_remove(
    record: EncoderRecord, server: FileServer, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, "download", "test-vit")
    assert "Creative Commons Attribution 4.0" in text and f"SHA-256 {SHA256}" in text
    assert "Use it: botaclip train --encoder test-vit" in text
    installed = store.installed("test-vit")
    assert installed is not None and installed.checkpoint.read_bytes() == DATA
    assert (installed.source, installed.accepted, installed.pin) == (server.url, "", "sha256")
    assert sorted(path.name for path in store.folder.iterdir()) == ["test-vit"]
    assert "is installed already" in said(capsys, "download", "test-vit") and len(server.asked) == 1
    assert state(capsys) == "installed"
    assert f"SHA-256 {SHA256}" in said(capsys, "show", "test-vit")
    assert "It is the file that the record pins" in said(capsys, "verify", "test-vit")
    installed.checkpoint.write_bytes(DATA[:-1] + b"\0")
    text = said(capsys, "verify", "test-vit", code=1)
    assert "weights.pth of test-vit is not what was installed" in text
    said(capsys, "download", "test-vit")  # mends it
    assert installed.checkpoint.read_bytes() == DATA and len(server.asked) == 2
    assert "2 MB freed" in said(capsys, "remove", "test-vit") and store.installed("test-vit") is None
    assert "is not installed" in said(capsys, "remove", "test-vit", code=1)
    assert "is not installed. botaclip encoders show test-vit" in said(capsys, "verify", "test-vit", code=1)


def test_a_broken_download_goes_on_in_the_next_run(
    record: EncoderRecord, server: FileServer, store: Store, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name, value in (("tries", 2), ("pause", 0.01), ("timeout", 0.5)):
        monkeypatch.setitem(downloads.download.__kwdefaults__, name, value)
    server.faults = [("cut", 700_000), ("stall", 0), ("cut", 0)]
    assert "the next try goes on from there" in said(capsys, "download", "test-vit", code=1)
    assert store.installed("test-vit") is None and state(capsys) == "not installed"
    assert "Going on with weights.pth at 700 kB." in said(capsys, "download", "test-vit")
    assert store.installed("test-vit") is not None
    server.faults = [("corrupt", 7)]
    said(capsys, "remove", "test-vit")
    assert "it was deleted" in said(capsys, "download", "test-vit", code=1)
    assert store.installed("test-vit") is None and list((store.folder / "test-vit").iterdir()) == []


def test_a_cancelled_download_keeps_what_came(record: EncoderRecord, server: FileServer, store: Store) -> None:
    server.faults = [("stall", 500_000)]
    part, said_so = store.folder / "test-vit" / "weights.pth.part", []
    stop = Progress(
        log=lambda _, text: said_so.append(text),
        cancelled=lambda: part.exists() and part.stat().st_size == 500_000,
    )  # fmt: skip
    parameters, _ = parse_parameters(ENCODERS, {"action": "download", "encoder": "test-vit"})
    with pytest.raises(Cancelled) as cancelled:
        encoders(parameters, stop)
    assert cancelled.value.left == "nothing is left but what has come of the file"
    assert said_so[-1] == "What has come is kept with the encoder; the next download goes on from there."
    assert store.installed("test-vit") is None and [path.name for path in store.folder.iterdir()] == ["test-vit"]
    encoders(parameters, Progress())
    assert server.ranges_asked() == ["", "bytes=500000-"] and store.installed("test-vit") is not None
    (store.folder / "test-vit" / "encoder.json").unlink()  # as if it had been killed just before the end
    encoders(parameters, Progress())
    assert len(server.asked) == 2 and store.installed("test-vit") is not None


def test_no_room(record: EncoderRecord, store: Store, capsys: pytest.CaptureFixture[str],
                 monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10**6))
    text = said(capsys, "download", "test-vit", code=1)
    assert "270 MB are needed and 1 MB are free" in text and "BOTACLIP_ENCODERS" in text
    assert store.installed("test-vit") is None


def test_a_licence_is_shown_and_accepted_first(
    record: EncoderRecord, server: FileServer, store: Store, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    change(monkeypatch, record, licence="DINOv3")
    text = said(capsys, "download", "test-vit", code=1)
    assert "Licence: DINOv3 License" in text and "No use for weapons" in text
    accept = "then say so with --accept-licence (in QGIS: tick 'Accept licence')."
    assert f"Read it at {LICENCES['DINOv3'].url}, {accept}" in text
    assert server.asked == [] and text.count("No use for weapons") == 1, "once, before the refusal"
    server.texts = {"/folder/LICENSE.md": b"The whole DINOv3 License"}
    said(capsys, "download", "test-vit", "--accept-licence")
    installed = store.installed("test-vit")
    assert installed is not None and installed.accepted == "DINOv3"
    assert installed.licence_text == "The whole DINOv3 License"
    assert "The whole DINOv3 License" in said(capsys, "show", "test-vit")
    said(capsys, "remove", "test-vit")
    server.texts, server.kind = {}, "application/octet-stream"
    server.faults = [("", None), ("status", 404)]
    text = said(capsys, "download", "test-vit", "--accept-licence")
    assert "Warning: The text of the DINOv3 License (Meta, 19 August 2025) could not be fetched" in text
    assert store.installed("test-vit") is not None


def test_what_is_not_pinned_needs_a_digest(
    record: EncoderRecord, server: FileServer, store: Store, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    change(monkeypatch, record, sha256="")
    assert "no digest of test-vit is known here" in said(capsys, "download", "test-vit", code=1)
    assert "--sha256 cannot be 'abc'" in said(capsys, "download", "test-vit", "--sha256", "abc", code=1)
    assert server.asked == []
    said(capsys, "download", "test-vit", "--sha256", SHA256.upper())
    assert state(capsys) == "installed, unpinned"
    assert "No record pins it" in said(capsys, "verify", "test-vit")
    said(capsys, "remove", "test-vit")
    change(monkeypatch, record, sha256="", sha256_prefix=SHA256[:8])
    said(capsys, "download", "test-vit")
    assert f"first digits are those that the record pins ({SHA256[:8]})" in said(capsys, "verify", "test-vit")
    text = said(capsys, "download", "test-vit", "--sha256", "0" * 64, code=1)
    assert f"--sha256 is not that of test-vit, which begins with {SHA256[:8]}" in text


def test_refused_digests_are_refused(
    record: EncoderRecord, server: FileServer, store: Store, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    change(monkeypatch, record, sha256="", refused={SHA256[:8]: "it gives wrong features"})
    text = said(capsys, "download", "test-vit", "--sha256", SHA256, code=1)
    assert "this file is refused: it gives wrong features" in text and server.asked == []


def test_other_places(record: EncoderRecord, server: FileServer, store: Store, capsys: pytest.CaptureFixture[str],
                      monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    base = server.url.rpartition("/")[0]
    change(monkeypatch, record, url="https://nowhere.invalid/weights.pth")
    said(capsys, "download", "test-vit", "--mirror", f"{base}/")
    assert server.asked[0]["path"] == "/folder/weights.pth"
    said(capsys, "remove", "test-vit")
    said(capsys, "download", "test-vit", "--url", f"{base}/other.bin?Policy=x")
    installed = store.installed("test-vit")
    assert installed is not None and installed.checkpoint.name == "weights.pth"
    assert installed.source == f"{base}/other.bin"
    text = said(capsys, "download", "test-vit", "--url", "file:///etc/passwd", code=1)
    assert "is no address to fetch from" in text and "botaclip encoders import" in text
    text = said(capsys, "download", "dofa-small", code=1)
    assert "no address of dofa-small is known here" in text and "import dofa-small --file FILE" in text
    assert "is built in; there is nothing to fetch" in said(capsys, "download", "random-conv", code=1)
    assert "is built in and cannot be removed" in said(capsys, "remove", "random-conv", code=1)


def test_a_gated_file_says_what_to_do(
    record: EncoderRecord, server: FileServer, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    server.faults = [("status", 403)]
    text = said(capsys, "download", "test-vit", code=1)
    assert "Accept the licence on the publisher's page and give the address that you were mailed with --url" in text


def test_a_record_of_ones_own_can_be_fetched(
    record: EncoderRecord, server: FileServer, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.json"
    mine = dataclasses.replace(record, id="mine", licence="as my boss says")
    path.write_text(json.dumps(record_to_json(mine)))  # a DINOv3, whatever it says
    assert "has to be accepted" in said(capsys, "download", "mine", "--record", str(path), code=1)
    mine = dataclasses.replace(mine, architecture="timm", variant={"timm": "resnet18"})
    path.write_text(json.dumps(record_to_json(mine)))
    said(capsys, "download", "mine", "--record", str(path))
    installed = store.installed("mine")
    assert installed is not None and installed.record == mine
    assert "mine" in said(capsys, "list") and "as my boss says" in said(capsys, "show", "mine")
    (installed.folder / "encoder.json").write_text("{")
    assert "Warning:" in said(capsys, "list")
    said(capsys, "remove", "mine")


def test_a_name_and_a_record_that_differ(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "r.json"
    path.write_text('{"id": "mine", "architecture": "timm"}')
    text = said(capsys, "download", "yours", "--record", str(path), code=1)
    assert "the record is for 'mine', not for 'yours'" in text
    path.write_text('{"id": "dofa-base", "architecture": "timm"}')
    assert "is an encoder of the registry" in said(capsys, "download", "dofa-base", "--record", str(path), code=1)
    path.write_text("{")
    assert "it is no JSON" in said(capsys, "download", "mine", "--record", str(path), code=1)
    text = said(capsys, "list", "--output", str(tmp_path / "x.onnx"), code=1)
    assert "--output belongs to export, not to list" in text


@pytest.mark.parametrize("name", ["encoder.json", "LICENCE.txt", "Encoder.JSON", "graphs", "GRAPHS", "x.pth.part",
                                  "x.part.json", "mine.lock"])  # fmt: skip
def test_a_download_never_takes_the_name_of_a_file_of_the_stores_own(
    record: EncoderRecord, server: FileServer, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:  # fmt: skip
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(record_to_json(dataclasses.replace(record, id="mine"))))
    said(capsys, "download", "mine", "--record", str(path), "--accept-licence")
    before = {file.name: file.read_bytes() for file in store.folder_of("mine").iterdir()}
    server.asked.clear()
    for file, url in (("", urljoin(server.url, name)), (name, record.url)):
        path.write_text(json.dumps(record_to_json(dataclasses.replace(record, id="mine", file=file, sha256=""))))
        text = said(capsys, "download", "mine", "--record", str(path), "--url", url, "--sha256", "a" * 64, code=1)
        assert f"a checkpoint cannot be called '{name}'" in text and "in the record" in text
    assert server.asked == []
    assert {file.name: file.read_bytes() for file in store.folder_of("mine").iterdir()} == before
