"""``botaclip encoders import`` and ``export``: the right file, another one, another encoder's, a pickle, a folder."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.numpy import save_file as save_numbers
from safetensors.torch import save_file

from botaclip.core.commands import ENCODERS
from botaclip.core.encoder_actions import encoders
from botaclip.core.encoders.dofa import Dofa
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.record_json import record_to_json
from botaclip.core.encoders.registry import RECORDS
from botaclip.core.encoders.store import Store
from botaclip.core.errors import BotaclipError
from botaclip.core.options import parse_parameters
from botaclip.core.progress import Progress

from .encoder_files import made_up, shapes_of

SIZES = {"width": 32, "depth": 1, "heads": 2, "patch_px": 16, "image_px": 64}
TINY = dataclasses.replace(
    RECORDS["dofa-base"], id="tiny", title="Tiny DOFA", variant=SIZES, file="tiny.pth", url="", revision="",
    sha256_prefix="", dimension=32, input_px=64, window_px=128,
)  # fmt: skip


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(3)
    module = Dofa(**SIZES)
    state = {key: torch.randn_like(value) * 0.05 for key, value in module.state_dict().items()}
    return {key: value for key, value in state.items() if not key.startswith("fc_norm.")}


@pytest.fixture()
def checkpoint(weights: dict[str, torch.Tensor], tmp_path: Path) -> Path:
    folder = tmp_path / "given"
    folder.mkdir()
    torch.save(weights, folder / "tiny.pth")
    return folder / "tiny.pth"


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("BOTACLIP_ENCODERS", str(tmp_path / "encoders"))
    monkeypatch.setitem(RECORDS, "tiny", TINY)  # type: ignore[arg-type]
    return Store()


def pin(monkeypatch: pytest.MonkeyPatch, **change: Any) -> None:
    monkeypatch.setitem(RECORDS, "tiny", dataclasses.replace(TINY, **change))  # type: ignore[arg-type]


def take(name: str, file: Path | None, **more: Any) -> tuple[dict[str, Any], str]:
    """Import; return what it answers and all that it said."""
    log: list[str] = []
    given = {"action": "import", "encoder": name, "file": None if file is None else str(file), **more}
    parameters, unknown = parse_parameters(ENCODERS, given)
    assert not unknown
    outputs = encoders(parameters, Progress(log=lambda level, text: log.append(f"{level}: {text}")))
    return outputs, "\n".join(log)


def refused(name: str, file: Path | None, **more: Any) -> str:
    before = {path.name for path in Store().folder.glob("*")}
    with pytest.raises(BotaclipError) as caught:
        take(name, file, **more)
    assert {path.name for path in Store().folder.glob("*")} == before
    return caught.value.sentence


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_file_that_is_pinned(checkpoint: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    pin(monkeypatch, sha256_prefix=sha256(checkpoint)[:8])
    outputs, log = take("tiny", checkpoint)
    installed = store.installed("tiny")
    assert installed is not None and installed.pin == "prefix" and installed.sha256 == sha256(checkpoint)
    assert installed.checkpoint.read_bytes() == checkpoint.read_bytes() and installed.source == str(checkpoint)
    assert "The first digits of its SHA-256 are those that the record pins" in log and "warning" not in log
    assert outputs["print"][1] == "Use it: botaclip train --encoder tiny"
    assert outputs["encoder"]["state"] == "installed"


def test_another_file_of_the_same_layout_is_taken_and_said(
    checkpoint: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, sha256="0" * 64)
    outputs, log = take("tiny", checkpoint)
    assert "warning: tiny.pth has the layout of tiny but is not the file that its record pins" in log
    assert sha256(checkpoint) in log and outputs["encoder"]["state"] == "installed, unpinned"
    store.remove("tiny")
    pin(monkeypatch)
    assert "warning: No digest of tiny is known here" in take("tiny", checkpoint)[1]
    assert "not " + "1" * 64 in refused("tiny", checkpoint, sha256="1" * 64)


def test_a_licence_is_shown_and_accepted_and_its_text_kept(
    checkpoint: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, licence="DINOv3")
    said = refused("tiny", checkpoint)
    assert "has to be accepted" in said and "then say so with --accept-licence" in said
    _, log = take("tiny", checkpoint, accept_licence=True)
    assert "info: Licence: DINOv3 License" in log and "The licence's text is not beside the file" in log
    (checkpoint.parent / "LICENSE.md").write_text("The whole text")
    take("tiny", checkpoint, accept_licence=True)
    installed = store.installed("tiny")
    assert installed is not None and (installed.accepted, installed.licence_text) == ("DINOv3", "The whole text")
    (checkpoint.parent / "mine.txt").write_text("Another text")
    take("tiny", checkpoint, accept_licence=True, licence_file=str(checkpoint.parent / "mine.txt"))
    installed = store.installed("tiny")
    assert installed is not None and installed.licence_text == "Another text"


def test_refused_digests(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pin(monkeypatch, refused={sha256(checkpoint)[:8]: "it gives wrong features"})
    assert "this file is refused: it gives wrong features" in refused("tiny", checkpoint)


def test_another_architecture_is_named(checkpoint: Path) -> None:
    said = refused("dinov3-vits16", checkpoint, accept_licence=True)
    assert "it looks like DOFA ViT of width 32, patch 16, not like DINOv3 (dinov3-vits16)" in said
    said = refused("dofa-base", checkpoint)
    assert "does not fit DOFA ViT-B/16" in said and "it looks like DOFA" in said


def test_what_is_no_checkpoint(tmp_path: Path, weights: dict[str, torch.Tensor]) -> None:
    class Harm:
        def __reduce__(self) -> Any:
            return print, ("harm",)

    path = tmp_path / "bad.pth"
    path.write_bytes(pickle.dumps(Harm()))
    assert "Traceback" not in refused("tiny", path)
    path.write_bytes(b"<html>")
    assert "web page" in refused("tiny", path)
    torch.save(dict(list(weights.items())[1:]), path)
    assert str(path) in refused("tiny", path) or "lacks" in refused("tiny", path)
    assert "there is no such file" in refused("tiny", tmp_path / "none.pth")
    assert "import needs the file" in refused("tiny", None)
    assert "is built in; there is nothing to import" in refused("random-conv", path)
    assert "is an encoder of the registry, and --mean is not to be altered" in refused(
        "tiny", path, mean="1,2,3", std="1,1,1"
    )


def test_a_folder_is_searched(checkpoint: Path, store: Store, weights: dict[str, torch.Tensor],
                              monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    folder = checkpoint.parent
    (folder / "readme.md").write_text("x")
    take("tiny", folder)
    assert store.installed("tiny") is not None
    store.remove("tiny")
    save_file(weights, folder / "other.safetensors")
    take("tiny", folder)  # by the record's name
    pin(monkeypatch, file="elsewhere.pth")
    assert "the folder holds 2 files that could be it: other.safetensors, tiny.pth" in refused("tiny", folder)
    pin(monkeypatch, file="elsewhere.pth", sha256=sha256(folder / "other.safetensors"))
    take("tiny", folder)  # by the record's digest
    installed = store.installed("tiny")
    assert installed is not None and installed.checkpoint.name == "other.safetensors" and installed.pin == "sha256"
    store.remove("tiny")
    outputs, _ = take("", folder)  # without a name
    assert [one["id"] for one in outputs["encoders"]] == ["tiny"]
    pin(monkeypatch, file="elsewhere.pth")
    assert "no file of an encoder that is known by its name or digest" in refused("", folder)


def test_a_new_name_like_an_encoder_that_is_known(checkpoint: Path, store: Store) -> None:
    _, log = take("mine", checkpoint, licence="ask my boss", gsd="0.1,2")
    installed = store.installed("mine")
    assert "it is taken in as one like tiny" in log and installed is not None
    record = installed.record
    assert (record.architecture, record.variant, record.gsd_m) == ("dofa", SIZES, (0.1, 2.0))
    assert record.licence == "ask my boss"
    assert not record.pinned and record.refused == TINY.refused and record.mean == TINY.mean
    take("yours", checkpoint, architecture="tiny", bands="red,nir", mean="1,2", std="3,4", value_range="0,10000")
    installed = store.installed("yours")
    assert installed is not None and installed.record.bands == ("red", "nir")
    assert installed.record.std == {"red": 3.0, "nir": 4.0} and installed.record.value_range == (0.0, 10000.0)
    assert "--value-range alone" in refused("hers", checkpoint, architecture="tiny", value_range="0,1")
    assert "--mean has 3 numbers for 2 bands" in refused(
        "hers", checkpoint, architecture="tiny", bands="red,nir", mean="1,2,3", std="1,2,3"
    )
    assert "only one of --mean and --std" in refused("hers", checkpoint, architecture="tiny", mean="1")
    assert "--gsd cannot be 'x'" in refused("hers", checkpoint, architecture="tiny", gsd="x")
    assert "--architecture cannot be 'resnet'" in refused("hers", checkpoint, architecture="resnet")
    assert "it looks like DOFA" in refused("hers", checkpoint, architecture="dinov3")
    assert "an encoder cannot be called 'Hers'" in refused("Hers", checkpoint)


def test_a_record_of_ones_own(checkpoint: Path, store: Store, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    record = dataclasses.replace(TINY, id="mine", file="", sha256=sha256(checkpoint))
    path.write_text(json.dumps(record_to_json(record)))
    take("mine", checkpoint, record=str(path))
    installed = store.installed("mine")
    assert installed is not None and installed.record == record and installed.pin == "sha256"
    assert "the record is for 'mine', not for 'yours'" in refused("yours", checkpoint, record=str(path))
    assert "contradict each other" in refused("yours", checkpoint, record=str(path), mean="1", std="1")
    path.write_text(json.dumps({**record_to_json(record), "id": "yours", "architecture": "magic"}))
    assert "there is no architecture 'magic'" in refused("yours", checkpoint, record=str(path))
    take("mine", checkpoint)  # again, as the record in the store says
    again = store.installed("mine")
    assert again is not None and again.record == record


def test_a_backbone_of_timm(store: Store, tmp_path: Path) -> None:
    timm = pytest.importorskip("botaclip.core.encoders.timm_library").import_timm()
    torch.manual_seed(0)
    network = timm.create_model("resnet18", pretrained=False, num_classes=0)
    save_file(network.state_dict(), tmp_path / "resnet18.safetensors")
    take("my-resnet", tmp_path / "resnet18.safetensors", architecture="timm:resnet18", licence="mine")
    installed = store.installed("my-resnet")
    assert installed is not None
    record: EncoderRecord = installed.record
    assert (record.architecture, record.dimension, record.token_px) == ("timm", 512, 32)
    assert record.mean["red"] == pytest.approx(0.485 * 255) and record.bands == ("red", "green", "blue")
    said = refused("other", tmp_path / "resnet18.safetensors", architecture="timm:nothing_of_the_kind")
    assert "nothing_of_the_kind" in said


def test_an_onnx_file(store: Store, tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    path = tmp_path / "mean.onnx"
    graph = helper.make_graph(
        [helper.make_node("GlobalAveragePool", ["image"], ["map"]), helper.make_node("Flatten", ["map"], ["vector"])],
        "mean", [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["b", 3, 32, 32])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["b", 3])],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    assert "name them in order with --bands" in refused("mean", path).lower()
    take("mean", path, bands="red,green,blue", mean="0", std="255", licence="mine")
    installed = store.installed("mean")
    assert installed is not None and installed.record.architecture == "onnx" and installed.record.dimension == 3
    assert installed.record.std == {"red": 255.0, "green": 255.0, "blue": 255.0}


def test_export_writes_graph_description_and_licence(
    checkpoint: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, licence="DINOv3")
    take("tiny", checkpoint, accept_licence=True)
    output = tmp_path / "out" / "tiny.onnx"
    parameters, _ = parse_parameters(
        ENCODERS, {"action": "export", "encoder": "tiny", "mode": "exact", "precision": "fp16", "output": str(output)}
    )
    outputs = encoders(parameters, Progress())
    about = json.loads(output.with_suffix(".json").read_text())
    assert about["mode"] == "exact" and about["precision"] == "fp16" and about["dimension"] == 32
    assert about["bands"] == ["red", "green", "blue"] and about["checkpoint_sha256"] == sha256(checkpoint)
    assert about["fidelity"]["cosine"]["median"] == outputs["fidelity"]["cosine"]["median"] > 0.99
    assert any(line.startswith("Measured on noise, on ") for line in outputs["print"])
    assert "comes under the DINOv3 License" in (tmp_path / "out" / "tiny.licence.txt").read_text()
    assert len(store.graphs("tiny")) == 2  # in full precision, too
    import onnxruntime

    session = onnxruntime.InferenceSession(str(output), providers=["CPUExecutionProvider"])
    (vectors,) = session.run(None, {"pixels": torch.randn(2, 3, 50, 50).numpy()})
    assert vectors.shape == (2, 32)
    with pytest.raises(BotaclipError, match="the file exists already"):
        encoders(parameters, Progress())


def test_a_record_is_held_against_the_network(checkpoint: Path, store: Store, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    about = {**record_to_json(dataclasses.replace(TINY, id="mine", file="")), "modes": ["exact"]}
    for change, words in (
        ({"dimension": 999}, "the record says vectors of 999 numbers, and the network makes vectors of 32 numbers"),
        ({"token_px": 8}, "the record says tokens of 8 px, and the network makes tokens of 16 px"),
        ({"stages": [2], "fields": {"2": 59}}, "stage 2"),
    ):
        path.write_text(json.dumps(about | change))
        assert words in refused("mine", checkpoint, record=str(path))
    path.write_text(json.dumps({key: value for key, value in about.items() if key not in ("dimension", "token_px")}))
    take("mine", checkpoint, record=str(path))
    installed = store.installed("mine")
    assert installed is not None and (installed.record.dimension, installed.record.token_px) == (32, 16)


@pytest.mark.parametrize(("fields", "words"), [
    ({"2": 59, "3": 179}, ""), ({"2": 30}, "receptive field of 30 px, and the inner cells of stage 2 need 32 px"),
    ({"3": 59}, "receptive field of 59 px, and the inner cells of stage 3 need 96 px"),
])  # fmt: skip
def test_a_receptive_field_is_held_against_the_network(tmp_path: Path, fields: dict[str, int], words: str) -> None:
    like = RECORDS["flair-inc-rgb-12cl-resnet34-unet"]
    mine = dataclasses.replace(like, id="mine", file="", url="", revision="", sha256="", sha256_prefix="")
    save_numbers(made_up(shapes_of(mine)), tmp_path / "mine.safetensors")
    (tmp_path / "mine.json").write_text(json.dumps(record_to_json(mine) | {"fields": fields}))
    given = {"record": str(tmp_path / "mine.json"), "accept_licence": True}
    if words:
        assert words in refused("mine", tmp_path / "mine.safetensors", **given)
    else:
        take("mine", tmp_path / "mine.safetensors", **given)


def test_ones_own_weights_in_a_network_of_timm(store: Store, tmp_path: Path) -> None:
    """Whose they are, and how they were trained, timm does not know."""
    timm = pytest.importorskip("botaclip.core.encoders.timm_library").import_timm()
    network = timm.create_model("vit_tiny_patch16_224", pretrained=False, num_classes=0, depth=12)
    save_file(network.state_dict(), tmp_path / "mine.safetensors")
    _, log = take("t4", tmp_path / "mine.safetensors", architecture="timm:vit_tiny_patch16_224")
    installed = store.installed("t4")
    assert installed is not None and installed.record.licence == ""
    assert "the weights are your own" in installed.record.notes
    for words in ("mean 127.5, 127.5, 127.5", "input size 224", "pixel size 0.1, 30 m", "value range 0, 255",
                  "The licence of the weights is not stated", "Licence: not stated"):  # fmt: skip
        assert words in log
    all_said = {"licence": "mine", "mean": "1,2,3", "std": "4,5,6", "value_range": "0,255", "input_size": 224,
                "gsd": "0.2,1", "bands": "red,green,blue"}  # fmt: skip
    _, log = take("t5", tmp_path / "mine.safetensors", architecture="timm:vit_tiny_patch16_224", **all_said)
    assert "Not stated" not in log and "not stated" not in log


def test_an_incomplete_file_of_the_right_layout(weights: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = tmp_path / "cut.pth"
    torch.save({key: value for key, value in weights.items() if key != "blocks.0.attn.proj.bias"}, path)
    said = refused("tiny", path)
    assert "the checkpoint of Tiny DOFA is incomplete: it lacks the key blocks.0.attn.proj.bias" in said
    assert "belongs to" not in said and "get the file anew" in said.lower()
