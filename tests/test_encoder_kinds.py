"""What comes in under a name of one's own: its licence, what it was trained on and in, and that it stays as it was."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from botaclip.core.commands import ENCODERS
from botaclip.core.encoder_actions import encoders
from botaclip.core.encoder_import import _tried
from botaclip.core.encoders.checkpoint import Checkpoint
from botaclip.core.encoders.graphs import graph_of
from botaclip.core.encoders.layouts import recognise
from botaclip.core.encoders.licences import licence_of
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.record_json import record_to_json
from botaclip.core.encoders.registry import RECORDS
from botaclip.core.encoders.spec import EncoderSpec
from botaclip.core.encoders.store import Store
from botaclip.core.errors import BotaclipError
from botaclip.core.options import parse_parameters
from botaclip.core.progress import SILENT, Progress

from . import parity
from .encoder_files import made_up, shapes_of
from .test_dinov3 import in_timms_layout

RGB = ("red", "green", "blue")
UNET, FPN, DEEPLAB = (f"flair-inc-rgb-15cl-resnet34-{head}" for head in ("unet", "fpn", "deeplabv3"))


def dinov3(case: str) -> dict[str, Tensor]:
    return {key: torch.from_numpy(np.array(value)) for key, value in parity.stored_state(f"dinov3/{case}").items()}


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store, and a registry with a DINOv3 of photographs and one of satellite images of the same small size."""
    monkeypatch.setenv("BOTACLIP_ENCODERS", str(tmp_path / "encoders"))
    for twin, new in (("dinov3-vitl16", "small"), ("dinov3-vitl16-sat", "small-sat")):
        sizes = parity.config("dinov3/tiny")["config"]
        record = dataclasses.replace(
            RECORDS[twin], id=new, title=new, dimension=sizes["dim"], input_px=64, window_px=128,
            variant={"width": sizes["dim"], "depth": sizes["depth"], "heads": sizes["heads"]},
        )  # fmt: skip
        monkeypatch.setitem(RECORDS, new, record)  # type: ignore[arg-type]
    return Store()


def act(action: str, name: str, **more: Any) -> tuple[dict[str, Any], str]:
    log: list[str] = []
    given = {"action": action, "encoder": name}
    given |= {key: str(value) if isinstance(value, Path) else value for key, value in more.items()}
    parameters, unknown = parse_parameters(ENCODERS, given)
    assert not unknown
    outputs = encoders(parameters, Progress(log=lambda level, text: log.append(f"{level}: {text}")))
    return outputs, "\n".join(log)


def refused(name: str, **more: Any) -> str:
    with pytest.raises(BotaclipError) as caught:
        act("import", name, **more)
    assert Store().installed(name) is None
    return caught.value.sentence


# --- Licences --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("licence", [None, "MIT"])
@pytest.mark.parametrize("way", ["layout", "like", "record"])
def test_dinov3_keeps_its_licence_under_any_name(way: str, licence: str | None, tmp_path: Path, store: Store) -> None:
    path = tmp_path / "weights.pth"
    torch.save(dinov3("tiny"), path)
    more: dict[str, Any] = {"file": path}
    if way == "record":
        record = dataclasses.replace(RECORDS["small"], id="mine", file="", sha256_prefix="", licence=licence or "")
        (tmp_path / "mine.json").write_text(json.dumps(record_to_json(record)))
        more["record"] = tmp_path / "mine.json"
    else:
        more |= {"architecture": "small"} if way == "like" else {}
        more |= {"licence": licence} if licence else {}
    said = refused("mine", **more)
    assert "mine comes under the DINOv3 License (Meta, 19 August 2025), which has to be accepted" in said
    act("import", "mine", accept_licence=True, **more)
    installed = store.installed("mine")
    assert installed is not None and (installed.accepted, installed.record.licence) == ("DINOv3", "DINOv3")
    output = tmp_path / "out.onnx"
    outputs, _ = act("export", "mine", mode="exact", output=output)
    assert "comes under the DINOv3 License" in (tmp_path / "out.licence.txt").read_text(encoding="utf-8")
    assert outputs["print"][-1] == (
        "The graph is made of weights under the DINOv3 License (Meta, 19 August 2025): out.licence.txt has to stay "
        "with it, with the licence's notice in it."
    )


def test_a_backbone_of_timm_that_is_a_dinov3(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({key: value.contiguous() for key, value in in_timms_layout(dinov3("tiny")).items()}, path)
    for name in ("vit_small_patch16_dinov3", "resnet18"):
        said = refused("mine", file=path, architecture=f"timm:{name}", licence="MIT")
        assert "mine comes under the DINOv3 License" in said


@pytest.mark.parametrize(
    ("architecture", "variant", "file", "accept"),
    [
        ("dinov3", {}, "", True), ("timm", {"timm": "convnext_tiny.dinov3_lvd1689m"}, "", True),
        ("onnx", {}, "DINOv3-small.onnx", True), ("timm", {"timm": "vit_small_patch14_dinov2"}, "x.pth", False),
    ],
)  # fmt: skip
def test_no_record_says_the_licence_away(architecture: str, variant: dict, file: str, accept: bool) -> None:
    record = EncoderRecord("mine", "Mine", architecture, variant, file=file, licence="MIT")
    assert licence_of(record).accept == accept


def test_a_file_that_the_registry_pins_keeps_its_licence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    timm = pytest.importorskip("botaclip.core.encoders.timm_library").import_timm()
    path = tmp_path / "weights.safetensors"
    save_file(timm.create_model("resnet10t", pretrained=False, num_classes=0).state_dict(), path)
    monkeypatch.setitem(  # type: ignore[arg-type]
        RECORDS, "small", dataclasses.replace(RECORDS["small"], sha256_prefix=sha256_of(path)[:8])
    )
    assert "mine comes under the DINOv3 License" in refused("mine", file=path, architecture="timm:resnet10t")


def sha256_of(path: Path) -> str:
    from botaclip.core.encoders.store import digest

    return digest(path)


# --- What it was trained on and in -----------------------------------------------------------------------------------


def test_satellite_weights_get_their_own_normalisation(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "weights.pth"
    for case, like in (("tiny", "small"), ("tiny_untied", "small-sat")):
        torch.save(dinov3(case), path)
        _, log = act("import", "mine", file=path, accept_licence=True)
        installed = store.installed("mine")
        assert f"it is taken in as one like {like}" in log and installed is not None
        assert installed.record.mean == RECORDS[like].mean and installed.record.std == RECORDS[like].std
        store.remove("mine")
    said = refused("small", file=path, accept_licence=True)
    assert "(satellite) in the layout of Meta, not like small" in said and "It fits small-sat" in said
    assert "Say --architecture small-sat" in refused("mine", file=path, architecture="small", accept_licence=True)
    torch.save(dinov3("tiny"), path)
    assert "It fits small." in refused("small-sat", file=path, accept_licence=True) + "."
    torch.save(in_timms_layout(dinov3("tiny")), path)
    _, log = act("import", "mine", file=path, accept_licence=True)
    assert "warning: This layout does not tell what it was trained on" in log and "--architecture small-sat" in log


@pytest.fixture(scope="module")
def resnet() -> dict[str, Tensor]:
    return {key: torch.from_numpy(value) for key, value in made_up(shapes_of(UNET)).items()}


KEYS = {
    UNET: "decoder.blocks.0.conv1.0.weight", FPN: "decoder.p5.weight", DEEPLAB: "decoder.0.convs.0.0.weight", "": "",
}  # fmt: skip


@pytest.mark.parametrize("of", KEYS)
def test_the_network_around_flairs_encoder_has_to_be_the_records(of: str, resnet: dict[str, Tensor]) -> None:
    state = resnet | ({KEYS[of]: torch.zeros(1)} if of else {})
    checkpoint = Checkpoint(state, "", recognise({key: tuple(value.shape) for key, value in state.items()}))
    for name in (UNET, FPN, DEEPLAB):
        if of in (name, ""):
            assert _tried(RECORDS[name], checkpoint, Path("x.pth"), SILENT) == RECORDS[name]
            continue
        with pytest.raises(BotaclipError) as caught:
            _tried(RECORDS[name], checkpoint, Path("x.pth"), SILENT)
        title = {UNET: "U-Net", FPN: "FPN", DEEPLAB: "DeepLabV3"}[of]
        said = caught.value.sentence
        assert f"it looks like FLAIR-INC ResNet34 {title} of 3 bands, not like {RECORDS[name].title}" in said
        assert of in said.split("It fits")[1]
    own = dataclasses.replace(RECORDS[DEEPLAB], id="mine", title="mine, like that")
    if of in (UNET, FPN):
        with pytest.raises(BotaclipError, match=f"Say --architecture .*{of}"):
            _tried(own, checkpoint, Path("x.pth"), SILENT)
    else:
        assert _tried(own, checkpoint, Path("x.pth"), SILENT).variant == own.variant


# --- That it stays as it was -----------------------------------------------------------------------------------------


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)


def test_an_altered_checkpoint_is_not_used(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "weights.safetensors"
    save_file(dinov3("tiny"), path)
    act("import", "mine", file=path, accept_licence=True)
    installed = store.installed("mine")
    assert installed is not None
    flip(installed.checkpoint)
    assert store.installed("mine") is not None  # its size says nothing
    with pytest.raises(BotaclipError, match=r"the checkpoint of mine was altered or damaged\. Import it again"):
        graph_of(EncoderSpec("mine", mode="exact"), RGB, store=store)


def test_an_altered_onnx_file_is_not_used(tmp_path: Path, store: Store) -> None:
    import onnx
    from onnx import TensorProto, helper

    path = tmp_path / "mean.onnx"
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in (("image", ["b", 3, 32, 32]), ("vector", ["b", 3]))]  # fmt: skip
    nodes = [helper.make_node("GlobalAveragePool", ["image"], ["m"]), helper.make_node("Flatten", ["m"], ["vector"])]
    graph = helper.make_graph(nodes, "mean", ends[:1], ends[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    act("import", "mean", file=path, bands="red,green,blue", mean="0", std="255")
    assert graph_of(EncoderSpec("mean", mode="exact"), RGB, store=store).about.dimension == 3
    store.clear_graphs("mean")
    installed = store.installed("mean")
    assert installed is not None
    flip(installed.checkpoint)
    with pytest.raises(BotaclipError, match="the checkpoint of mean was altered or damaged"):
        graph_of(EncoderSpec("mean", mode="exact"), RGB, store=store)
