"""The store: what is installed, what does not count as installed, and what a second process may not do meanwhile."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from botaclip.core.encoders import store as module
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.registry import RECORDS
from botaclip.core.encoders.store import Installed, Store, store_folder
from botaclip.core.errors import EncoderError, OutputError

MINE = EncoderRecord("mine", "Mine", "timm", {"timm": "resnet18"}, bands=("red",), mean={"red": 1}, std={"red": 2})
WEIGHTS = b"weights" * 1000
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()


@pytest.fixture()
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def given(folder: Path, content: bytes = WEIGHTS, name: str = "weights.pth") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def install(store: Store, path: Path, record: EncoderRecord = MINE, **more: str) -> Installed:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return store.install(record, path, sha256=sha256, source=str(path), **more)


def test_an_encoder_is_found_again(store: Store, tmp_path: Path) -> None:
    assert store.installed("mine") is None and store.problem("mine") == "" and list(store.records()) == list(RECORDS)
    path = given(tmp_path)
    installed = install(store, path, accepted="", licence_text="do as you like, é")
    assert path.read_bytes() == WEIGHTS  # the user's own file stays
    found = store.installed("mine")
    assert found == installed and found.checkpoint.read_bytes() == WEIGHTS and found.sha256 == SHA256
    assert found.record == MINE and found.licence_text == "do as you like, é" and found.source == str(path)
    assert sorted(path.name for path in found.folder.iterdir()) == ["LICENCE.txt", "encoder.json", "weights.pth"]
    assert store.records()["mine"] == MINE and store.record("mine") == MINE
    assert store.verify("mine") == [("weights.pth", SHA256, SHA256)]
    assert store.size_of("mine") > len(WEIGHTS)
    assert store.remove("mine") > len(WEIGHTS) and store.installed("mine") is None
    assert "mine" not in store.records() and not (store.folder / "mine").exists()


def test_pins(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = given(tmp_path)
    for pins, expected in (
        ({"sha256": SHA256}, "sha256"), ({"sha256_prefix": SHA256[:8]}, "prefix"), ({}, "none"),
        ({"sha256": "0" * 64}, "none"), ({"sha256_prefix": "00000000"}, "none"),
    ):  # fmt: skip
        record = EncoderRecord("pinned", "Pinned", "timm", **pins)
        monkeypatch.setitem(RECORDS, "pinned", record)  # type: ignore[arg-type]
        assert install(store, path, record).pin == expected


def test_the_registry_cannot_be_replaced(store: Store, tmp_path: Path) -> None:
    forged = EncoderRecord("dofa-base", "Forged", "timm")
    with pytest.raises(EncoderError, match="is an encoder of the registry"):
        install(store, given(tmp_path), forged)
    install(store, given(tmp_path), RECORDS["dofa-base"])
    marker = store.folder / "dofa-base" / "encoder.json"
    about = json.loads(marker.read_text())
    about["record"]["title"] = "Forged"
    marker.write_text(json.dumps(about))
    assert store.record("dofa-base").title == RECORDS["dofa-base"].title
    installed = store.installed("dofa-base")
    assert installed is not None and installed.record is RECORDS["dofa-base"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "encoder.json").write_text("{"), "it is damaged"),
        (lambda folder: (folder / "encoder.json").write_text("[]"), "it is damaged (not of the format"),
        (lambda folder: (folder / "encoder.json").write_text('{"format": 1}'), "it is damaged"),
        (lambda folder: (folder / "encoder.json").write_text("[" * 100_000), "it is damaged"),
        (lambda folder: (folder / "encoder.json").write_bytes(b"\xff\xfe"), "it is damaged"),
        (lambda folder: (folder / "weights.pth").unlink(), "the checkpoint of mine is missing"),
        (lambda folder: (folder / "weights.pth").write_bytes(b"cut"), "has 3 bytes instead of 7000"),
        (lambda folder: _edit(folder, file="../../etc/passwd"), "does not describe what lies beside it"),
        (lambda folder: _edit(folder, sha256="x"), "does not describe what lies beside it"),
        (lambda folder: _edit(folder, size_bytes="many"), "it is damaged"),
    ],
)  # fmt: skip
def test_what_is_damaged_is_not_installed(store: Store, tmp_path: Path, spoil: object, words: str) -> None:
    installed = install(store, given(tmp_path))
    spoil(installed.folder)  # type: ignore[operator]
    assert store.installed("mine") is None and "mine" not in store.records()
    assert words in store.problem("mine") and "download or import it again" in store.problem("mine").lower()
    with pytest.raises(EncoderError, match="again"):
        store.record("mine")
    install(store, given(tmp_path))
    assert store.problem("mine") == ""


def _edit(folder: Path, **change: str) -> None:
    about = json.loads((folder / "encoder.json").read_text())
    (folder / "encoder.json").write_text(json.dumps({**about, **change}))


def test_an_altered_checkpoint_shows(store: Store, tmp_path: Path) -> None:
    installed = install(store, given(tmp_path))
    store.put_graph("mine", "exact-1", b"graph", {"mode": "exact"})
    installed.checkpoint.write_bytes(WEIGHTS[:-1] + b"X")
    assert store.installed("mine") is not None  # its size is right; the digest is for verify
    checks = store.verify("mine")
    assert [(file, expected == found) for file, expected, found in checks] == [
        ("weights.pth", False), ("graphs/exact-1.onnx", True)
    ]


def test_another_checkpoint_takes_the_graphs_of_the_first_with_it(store: Store, tmp_path: Path) -> None:
    install(store, given(tmp_path))
    store.put_graph("mine", "a", b"graph", {})
    install(store, given(tmp_path))
    assert store.graph("mine", "a") is not None  # the same weights
    installed = install(store, given(tmp_path, b"other weights", "other.pth"))
    assert store.graph("mine", "a") is None
    assert sorted(path.name for path in installed.folder.iterdir()) == ["encoder.json", "other.pth"]


def test_graphs(store: Store, tmp_path: Path) -> None:
    install(store, given(tmp_path))
    graph = store.put_graph("mine", "tokens-fp32-0.1", b"graph", {"mode": "tokens", "bands": ["red"]})
    assert store.graph("mine", "tokens-fp32-0.1") == graph and store.graphs("mine") == (graph,)
    assert graph.read() == b"graph" and graph.sha256 == hashlib.sha256(b"graph").hexdigest()
    assert graph.about == {"mode": "tokens", "bands": ["red"]}
    graph.path.write_bytes(b"graqh")
    with pytest.raises(EncoderError, match="altered or damaged"):
        graph.read()
    graph.path.write_bytes(b"cut")
    assert store.graph("mine", "tokens-fp32-0.1") is None and store.graphs("mine") == ()
    graph.path.with_suffix(".json").write_text("{")
    assert store.graph("mine", "tokens-fp32-0.1") is None
    assert store.graph("mine", "none") is None
    with pytest.raises(EncoderError, match="cannot be called"):
        store.graph("mine", "../x")
    assert store.clear_graphs("mine") > 0 and store.clear_graphs("mine") == 0


@pytest.mark.parametrize("name", ["../x", "", "A", "a/b", "a" * 65, ".hidden"])
def test_names_that_are_none(store: Store, name: str) -> None:
    with pytest.raises(EncoderError):
        store.folder_of(name)
    with pytest.raises(EncoderError):
        store.record(name)


def test_unknown_names_are_guessed(store: Store) -> None:
    with pytest.raises(EncoderError, match=r"there is no encoder 'dofa-bsae'\. Perhaps you mean dofa-base"):
        store.record("dofa-bsae")
    with pytest.raises(EncoderError, match="not installed"):
        store.remove("dofa-base")
    with pytest.raises(EncoderError, match="not installed"):
        store.verify("dofa-base")


def test_a_full_disk_is_noticed_first(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=module.SPARE_BYTES))
    with pytest.raises(OutputError, match="free disk space"):
        try:
            install(store, given(tmp_path))
        except OutputError as error:
            raise OutputError(error.sentence.lower()) from error
    assert store.installed("mine") is None and list((store.folder / "mine").iterdir()) == []


def test_a_file_that_changes_while_it_is_copied(store: Store, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="changed while it was copied"):
        store.install(MINE, given(tmp_path), sha256="0" * 64, source="")
    assert store.installed("mine") is None and list((store.folder / "mine").iterdir()) == []


def test_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BOTACLIP_ENCODERS", str(tmp_path))
    assert store_folder() == tmp_path and Store().folder == tmp_path
    monkeypatch.delenv("BOTACLIP_ENCODERS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(module.sys, "platform", "linux")
    assert store_folder() == tmp_path / "data" / "botaclip" / "encoders"


def test_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="BOTACLIP_ENCODERS"), Store(tmp_path / "file").lock("mine"):
        pass


def test_the_lock_leaves_nothing(store: Store) -> None:
    with store.lock("mine"):
        assert [path.name for path in store.folder.iterdir()] == ["mine.lock"]
    assert list(store.folder.iterdir()) == []
