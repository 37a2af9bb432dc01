"""What a checkpoint looks like, for every layout that is known and for some that are not."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import torch

from botaclip.core.encoders.architecture import ARCHITECTURES
from botaclip.core.encoders.layouts import Layout, explain, recognise, unwrapped
from botaclip.core.encoders.timm_library import import_timm

from . import parity
from .conftest import ROOT

Shapes = dict[str, tuple[int, ...]]


def case(name: str) -> Shapes:
    return {key: tuple(shape) for key, shape in parity.config(name)["keys"].items()}


def of_timm(name: str, **settings: object) -> Shapes:
    timm = import_timm()
    with torch.device("meta"):
        network = timm.create_model(name, pretrained=False, **settings)
    return {key: tuple(value.shape) for key, value in network.state_dict().items()}


def of_transformers(shapes: Shapes, nested: bool) -> Shapes:
    """DINOv3's original keys in the layout of transformers, as the reference sheet states it."""
    renamed: Shapes = {}
    for key, shape in shapes.items():
        if key in ("cls_token", "mask_token"):
            renamed[f"embeddings.{key}"] = shape
        elif key == "storage_tokens":
            renamed["embeddings.register_tokens"] = shape
        elif key.startswith("patch_embed.proj."):
            renamed[key.replace("patch_embed.proj", "embeddings.patch_embeddings")] = shape
        elif key.endswith("attn.qkv.weight"):
            for letter in "qkv":
                stem = key.replace("attn.qkv", f"attention.{letter}_proj").replace("blocks.", "layer.")
                renamed[stem] = (shape[0] // 3, *shape[1:])
        elif key.startswith("blocks.") and "qkv" not in key:
            renamed[re.sub(r"ls([12])\.gamma", r"layer_scale\1.lambda1", key).replace("blocks.", "layer.")] = shape
        elif key.startswith("norm."):
            renamed[key] = shape
    return {(f"model.{key}" if nested and key.startswith("layer.") else key): value for key, value in renamed.items()}


def dofa(width: int, patch: int = 16, depth: int = 12, before: str = "") -> Shapes:
    return {
        f"{before}cls_token": (1, 1, width), f"{before}pos_embed": (1, 1 + (224 // patch) ** 2, width),
        "patch_embed.weight_generator.weight_tokens": (128, 128),
        "patch_embed.weight_generator.fc_weight.bias": (patch * patch * width,),
        "patch_embed.weight_generator.fc_bias.bias": (width,),
        **{f"{before}blocks.{number}.norm1.weight": (width,) for number in range(depth)},
    }  # fmt: skip


def mit_b5() -> Shapes:
    blocks = {f"encoder.block{stage}.{number}.norm1.weight": (64,)
              for stage, depth in enumerate((3, 6, 40, 3), 1) for number in range(depth)}  # fmt: skip
    return {"encoder.patch_embed1.proj.weight": (64, 3, 7, 7), **blocks, "decoder.blocks.0.conv1.0.weight": (9, 9)}


def test_dofa() -> None:
    assert recognise(case("dofa/base")) == Layout(
        "dofa", "DOFA ViT-B/16", {"width": 768, "depth": 12, "patch_px": 16, "image_px": 224, "heads": 12}
    )
    large = recognise(dofa(1024, depth=24))
    assert large is not None and large.detail == "DOFA ViT-L/16" and large.variant["heads"] == 16
    assert large.variant["depth"] == 24
    second = recognise(dofa(768, 14, before="model."))
    assert second is not None and (second.architecture, second.detail) == ("dofa-v2", "DOFA v2 ViT-B/14")


def test_dinov3_in_its_three_layouts() -> None:
    meta, found = case("dinov3/vits16"), {}
    found["Meta"] = recognise(meta)
    found["timm"] = recognise(of_timm("vit_small_patch16_dinov3"))
    found["transformers"] = recognise(of_transformers(meta, nested=False))
    for whose, layout in found.items():
        assert layout == Layout("dinov3", f"DINOv3 ViT-S/16 in the layout of {whose}",
                                {"width": 384, "depth": 12, "heads": 6},
                                satellite=False if whose == "Meta" else None), whose  # fmt: skip
    assert recognise(of_transformers(meta, nested=True)) == found["transformers"]


def test_sizes_of_dinov3() -> None:
    names = {"vit_small_plus_patch16_dinov3": "ViT-S+/16", "vit_base_patch16_dinov3": "ViT-B/16",
             "vit_large_patch16_dinov3": "ViT-L/16", "vit_huge_plus_patch16_dinov3": "ViT-H+/16"}  # fmt: skip
    for name, size in names.items():
        layout = recognise(of_timm(name))
        assert layout is not None and layout.detail == f"DINOv3 {size} in the layout of timm"
    assert layout is not None and layout.variant["heads"] == 20 and layout.variant["ffn"] == "swiglu"
    satellite = recognise(case("dinov3/tiny_untied"))
    assert satellite is not None and "(satellite) in the layout of Meta" in satellite.detail
    assert satellite.satellite is True
    gated = recognise(case("dinov3/tiny_swiglu"))
    assert gated is not None and gated.variant == {"width": 64, "depth": 2, "ffn": "swiglu", "hidden": 256}


@pytest.mark.parametrize("prefix", ["", "model.seg_model.", "module.model.", "_orig_mod."])
def test_flair_inc_with_and_without_prefixes(prefix: str) -> None:
    shapes = {prefix + key: shape for key, shape in case("flair/inc_rgbie").items()}
    if prefix == "model.seg_model.":
        shapes["criterion.weight"] = (19,)
    assert recognise(shapes) == Layout(
        "flair", "FLAIR-INC ResNet34 U-Net of 5 bands", {"timm": "resnet34"}, head="U-Net"
    )


@pytest.mark.parametrize(
    ("keys", "head"),
    [
        (["decoder.0.convs.0.0.weight", "decoder.1.weight"], "DeepLabV3"),
        (["decoder.aspp.convs.0.0.weight"], "DeepLabV3"),
        (["decoder.aspp.0.convs.1.weight", "decoder.block1.0.weight"], "DeepLabV3+"),
        (["decoder.p5.weight", "decoder.seg_blocks.0.weight"], "FPN"), (["decoder.blocks.0.conv1.0.weight"], "U-Net"),
        (["decoder.blocks.x_0_0.conv1.0.weight"], "U-Net++"), (["decoder.psp.weight"], "segmentation network"),
        (["segmentation_head.0.weight"], "segmentation network"), ([], ""),
    ],
)  # fmt: skip
def test_the_network_that_an_encoder_of_flair_was_trained_in(keys: list[str], head: str) -> None:
    encoder = {key: shape for key, shape in case("flair/inc_rgb").items() if key.startswith("encoder.")}
    layout = recognise(encoder | {key: (1,) for key in keys})
    assert layout is not None and layout.head == head
    assert layout.detail == f"FLAIR-INC ResNet34 {head or 'encoder'} of 3 bands"


def test_flair_inc_of_mix_transformers() -> None:
    assert recognise(mit_b5()) == Layout("mit", "FLAIR-INC MiT-B5 U-Net of 3 bands", head="U-Net")


@pytest.mark.parametrize("prefix", ["", "model."])
def test_flair_hub(prefix: str) -> None:
    layout = recognise({prefix + key: shape for key, shape in case("flair/hub_swin_tiny").items()})
    assert layout == Layout(
        "flair-hub", "FLAIR-HUB Swin-tiny (window 7) (AERIAL_RGBI)", {"timm": "swin_tiny_patch4_window7_224"}
    )
    before = "encoders.AERIAL_RGBI.seg_model.model."
    base = {prefix + before + key.replace("stages.", "stages_").replace("stem.", "stem_"): shape
            for key, shape in of_timm("convnextv2_base").items()}  # fmt: skip
    layout = recognise(base)
    assert layout is not None and layout.detail == "FLAIR-HUB ConvNeXtV2-base (AERIAL_RGBI)"


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("resnet34", "ResNet34 of timm"), ("resnet50", "ResNet50 of timm"),
        ("swin_base_patch4_window12_384", "Swin-base (window 12) of timm"),
        ("swin_small_patch4_window7_224", "Swin-small (window 7) of timm"),
        ("convnext_small", "ConvNeXt-small of timm"), ("convnextv2_atto", "ConvNeXtV2-atto of timm"),
    ],
)  # fmt: skip
def test_backbones_of_timm(name: str, detail: str) -> None:
    assert recognise(of_timm(name)) == Layout("timm", detail, {"timm": name})


def test_a_plain_vit() -> None:
    layout = recognise(of_timm("vit_base_patch16_224"))
    assert layout is not None and layout.detail == "a plain ViT-B/16 of timm"
    layout = recognise(of_timm("vit_small_patch14_dinov2"))
    assert layout is not None and layout.detail == "a plain ViT-S/14 with LayerScale, like DINOv2's, of timm"


@pytest.mark.parametrize(
    "shapes",
    [
        {}, {"weight": (3, 3)}, {"patch_embed.weight_generator.weight_tokens": (128, 128)}, {"conv1.weight": ()},
        {"storage_tokens": (1,), "blocks.0.attn.qkv.weight": (1,)}, {"stem.0.weight": (3,)},
        {"encoder.conv1.weight": (64,), "encoder.layer1.0.conv1.weight": (64,)},
        {"patch_embed.proj.weight": (), "blocks.0.attn.qkv.weight": (), "cls_token": ()},
        {"criterion.weight": (3,)}, {"model.": (1,)}, {"encoders.X.seg_model.a": (1,), "module.": ()},
    ],
)  # fmt: skip
def test_what_is_nothing_known_raises_nothing(shapes: Shapes) -> None:
    layout = recognise(shapes)
    assert layout is None or "unknown" in layout.detail


def test_every_architecture_it_names_has_a_loader() -> None:
    named = set(re.findall(r'Layout\(\s*"([a-z0-9-]+)"', (ROOT / "core/encoders/layouts.py").read_text("utf-8")))
    assert named | {"dofa-v2", "dofa"} == set(ARCHITECTURES)


def test_prefixes() -> None:
    assert unwrapped(["module.model.a", "module.model.b.c"]) == {"module.model.a": "a", "module.model.b.c": "b.c"}
    assert unwrapped(["model.a", "b"]) == {"model.a": "model.a", "b": "b"}
    assert unwrapped(["model.a", "criterion.weight", "val_metrics.x"]) == {"model.a": "a"}
    assert unwrapped(["a", "criterion.weight"]) == {"a": "a", "criterion.weight": "criterion.weight"}
    assert unwrapped([]) == {}


def test_explanations() -> None:
    expected = {"a": (2,), "b": (3, 4), "c": (1,), "d": (1,), "e": ()}
    said = explain(expected, ["a", "b", "c", "d"], ["x", "y"], {"x": (1,), "y": (1,)})
    assert said == (
        "it lacks the keys a, b, c and 1 more; it should not have the keys x, y; "
        "it looks like no encoder that is known here"
    )
    said = explain({"b": (3, 4)}, [], [], {"b": (4, 3)})
    assert said == "b is 4 x 3 instead of 3 x 4; it looks like no encoder that is known here"
    said = explain({"b": (3, 4), "e": ()}, [], [], {"b": (4, 3), "e": (1,)})
    assert said.startswith("b is 4 x 3 instead of 3 x 4, and 1 more of another size")
    assert explain({"e": ()}, ["e"], [], case("dofa/base")).endswith("it looks like DOFA ViT-B/16")


def test_no_torch_is_needed() -> None:
    code = (
        "import importlib.util as u, pathlib, sys; r = pathlib.Path(sys.argv[1]); "
        "s = u.spec_from_file_location('botaclip', r / '__init__.py', submodule_search_locations=[str(r)]); "
        "m = u.module_from_spec(s); sys.modules['botaclip'] = m; s.loader.exec_module(m); "
        "import botaclip.core.encoders.layouts, botaclip.core.encoders.architecture; "
        "assert not {'torch', 'numpy', 'timm'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(ROOT)], check=True)
