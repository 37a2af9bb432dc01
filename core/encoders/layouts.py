"""What a checkpoint looks like, from the names and shapes of its tensors alone. No torch.

The layouts are facts about published files: DOFA (github.com/zhu-xlab/DOFA), DINOv3 in the layouts of Meta, timm and
transformers, FLAIR-INC and FLAIR-HUB of IGN, and timm's own backbones.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Shapes = Mapping[str, tuple[int, ...]]

# What wrappers put before every key: DistributedDataParallel, torch.compile, Lightning modules, FLAIR's, Meta's.
_PREFIXES = (
    "module.", "_orig_mod.", "model.seg_model.", "seg_model.", "model.", "teacher.backbone.", "student.backbone.",
    "teacher.", "student.", "backbone.",
)  # fmt: skip
# What a Lightning module keeps beside its model.
_BESIDE = re.compile(r"^(criterion|loss|loss_fn|metrics?|(train|val|test)_\w*)\.")

_SIZES = {192: "Ti", 384: "S", 768: "B", 1024: "L", 1280: "H", 4096: "7B"}
_HEADS = {192: 3, 384: 6, 768: 12, 1024: 16, 1280: 16, 4096: 32}
_DINOV3_HEADS = {**_HEADS, 1280: 20}
_RESNETS: Mapping[tuple[tuple[int, ...], bool], str] = {
    ((2, 2, 2, 2), False): "ResNet18", ((3, 4, 6, 3), False): "ResNet34", ((3, 4, 6, 3), True): "ResNet50",
    ((3, 4, 23, 3), True): "ResNet101", ((3, 8, 36, 3), True): "ResNet152",
}  # fmt: skip
_MITS: Mapping[tuple[int, ...], str] = {
    (3, 4, 6, 3): "MiT-B2", (3, 4, 18, 3): "MiT-B3", (3, 8, 27, 3): "MiT-B4", (3, 6, 40, 3): "MiT-B5",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Layout:
    """What a checkpoint looks like.

    Parameters
    ----------
    architecture
        Key of :data:`botaclip.core.encoders.architecture.ARCHITECTURES` whose loader takes it.
    detail
        In words, with its size: ``DINOv3 ViT-S/16 in the layout of transformers``.
    variant
        What the shapes say of ``EncoderRecord.variant``.
    head
        Of a FLAIR-INC model, the network that its encoder was trained in (``U-Net``); empty without a decoder.
    satellite
        Whether a DINOv3 was trained on satellite images; None where the layout does not tell.
    """

    architecture: str
    detail: str
    variant: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    head: str = ""
    satellite: bool | None = None


def unwrapped(keys: Iterable[str]) -> dict[str, str]:
    """Return the keys without the prefixes that wrappers put before all of them: key as it was -> key as it is.

    What a Lightning module keeps beside its model (criterion, metrics) is left out when the rest shares a prefix.
    """
    names = {key: key for key in keys}
    while True:
        inside = {key: name for key, name in names.items() if not _BESIDE.match(name)} or names
        prefix = next((p for p in _PREFIXES if inside and all(name.startswith(p) for name in inside.values())), None)
        if prefix is None:
            return names
        names = {key: name[len(prefix) :] for key, name in inside.items()}


def recognise(shapes: Shapes) -> Layout | None:
    """Return what a checkpoint with these keys and shapes looks like; None when it is nothing known here."""
    renamed = unwrapped(shapes)
    plain = {renamed[key]: tuple(shape) for key, shape in shapes.items() if key in renamed}
    for look in _LOOKS:
        try:
            layout = look(plain)
        except (IndexError, KeyError, ZeroDivisionError):  # a key it goes by is there, another or its size is not
            continue
        if layout is not None:
            return layout
    return None


def explain(
    expected: Shapes, missing: Sequence[str], unexpected: Sequence[str], shapes: Shapes, file: Shapes | None = None
) -> str:
    """Say in one sentence what is wrong with a checkpoint's keys, and what it looks like instead.

    Parameters
    ----------
    expected
        Keys and shapes that the network has.
    missing, unexpected
        Keys that the checkpoint lacks, and that it has too much.
    shapes
        Keys and shapes that the checkpoint has.
    file
        Those of the file, where its keys were turned into another layout before; they say what it looks like.
    """
    said = []
    if missing:
        said.append(f"it lacks {_listed(missing)}")
    if unexpected:
        said.append(f"it should not have {_listed(unexpected)}")
    other = [key for key, shape in expected.items() if key in shapes and tuple(shapes[key]) != tuple(shape)]
    if other:
        first = f"{other[0]} is {_size(shapes[other[0]])} instead of {_size(expected[other[0]])}"
        said.append(first if len(other) == 1 else f"{first}, and {len(other) - 1} more of another size")
    layout = recognise(shapes if file is None else file)
    said.append(f"it looks like {layout.detail}" if layout else "it looks like no encoder that is known here")
    return "; ".join(said)


def _listed(keys: Sequence[str]) -> str:
    first = ", ".join(keys[:3])
    if len(keys) > 3:
        return f"the keys {first} and {len(keys) - 3} more"
    return f"the key {first}" if len(keys) == 1 else f"the keys {first}"


def _size(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape)) or "a single number"


# --- What each looks like --------------------------------------------------------------------------------------------


def _count(shapes: Shapes, pattern: str) -> int:
    """Return how many different numbers the pattern's group takes in keys that begin with the pattern."""
    compiled = re.compile(pattern)
    return len({match.group(1) for key in shapes if (match := compiled.match(key))})


def _depths(shapes: Shapes, pattern: str) -> tuple[int, ...]:
    """Return the number of blocks of each of four stages; ``{}`` in the pattern is the stage's number, from 0."""
    return tuple(_count(shapes, pattern.replace("{}", str(stage))) for stage in range(4))


def _vit(width: int, patch: int, plus: bool = False) -> str:
    size = _SIZES.get(width, "")
    return f"ViT-{size}{'+' if plus else ''}/{patch}" if size else f"ViT of width {width}, patch {patch}"


def _dofa(shapes: Shapes) -> Layout | None:
    if "patch_embed.weight_generator.weight_tokens" not in shapes:
        return None
    second = any(key.startswith("model.") for key in shapes)
    before = "model." if second else ""
    width = shapes["patch_embed.weight_generator.fc_bias.bias"][0]
    patch = math.isqrt(shapes["patch_embed.weight_generator.fc_weight.bias"][0] // width)
    depth = _count(shapes, re.escape(before) + r"blocks\.(\d+)\.")
    image = math.isqrt(shapes[f"{before}pos_embed"][1] - 1) * patch
    variant = {"width": width, "depth": depth, "patch_px": patch, "image_px": image}
    variant |= {"heads": _HEADS[width]} if width in _HEADS else {}
    name = "DOFA v2" if second else "DOFA"
    return Layout("dofa-v2" if second else "dofa", f"{name} {_vit(width, patch)}", variant)


def _dinov3(shapes: Shapes) -> Layout | None:
    if "storage_tokens" in shapes and "blocks.0.attn.qkv.weight" in shapes:
        whose, gate, proj = "Meta", "blocks.0.mlp.w3.weight", "patch_embed.proj.weight"
        depth = _count(shapes, r"blocks\.(\d+)\.")
    elif "reg_token" in shapes and "pos_embed" not in shapes and "blocks.0.gamma_1" in shapes:
        whose, gate, proj = "timm", "blocks.0.mlp.fc1_g.weight", "patch_embed.proj.weight"
        depth = _count(shapes, r"blocks\.(\d+)\.")
    elif "embeddings.register_tokens" in shapes and _count(shapes, r"(?:model\.)?layer\.(\d+)\."):
        whose, proj = "transformers", "embeddings.patch_embeddings.weight"
        gate = "model.layer.0.mlp.gate_proj.weight" if "model.layer.0.norm1.weight" in shapes else (
            "layer.0.mlp.gate_proj.weight"
        )  # fmt: skip
        depth = _count(shapes, r"(?:model\.)?layer\.(\d+)\.")
    else:
        return None
    width, patch = shapes[proj][0], shapes[proj][-1]
    plus = gate in shapes and width != 4096
    # Only Meta's own files tell: the other two layouts drop the second norm that the satellite models have.
    untied = "local_cls_norm.weight" in shapes
    satellite = " (satellite)" if untied else ""
    variant: dict[str, Any] = {"width": width, "depth": depth}
    variant |= {"heads": _DINOV3_HEADS[width]} if width in _DINOV3_HEADS else {}
    variant |= {"ffn": "swiglu", "hidden": max(shapes[gate])} if gate in shapes else {}
    return Layout("dinov3", f"DINOv3 {_vit(width, patch, plus)}{satellite} in the layout of {whose}", variant,
                  satellite=untied if untied or whose == "Meta" else None)  # fmt: skip


def _flair_hub(shapes: Shapes) -> Layout | None:
    inside = re.compile(r"(?:model\.)?encoders\.([^.]+)\.seg_model\.(?:model\.)?")
    encoders: dict[str, dict[str, tuple[int, ...]]] = {}
    for key, shape in shapes.items():
        if match := inside.match(key):
            encoders.setdefault(match.group(1), {})[key[match.end() :]] = shape
    if not encoders:
        return None
    name = next((name for name in encoders if name.startswith("AERIAL")), next(iter(encoders)))
    backbone = _swin(encoders[name]) or _convnext(encoders[name])
    what = backbone.detail.removesuffix(" of timm") if backbone else "an unknown backbone"
    return Layout("flair-hub", f"FLAIR-HUB {what} ({', '.join(encoders)})", backbone.variant if backbone else {})


def _flair_inc(shapes: Shapes) -> Layout | None:
    inside = {key.removeprefix("encoder."): shape for key, shape in shapes.items() if key.startswith("encoder.")}
    if not inside:
        return None
    head = _segmentation_head(shapes)
    network = head or "encoder"
    if "patch_embed1.proj.weight" in inside:
        depths = tuple(_count(inside, rf"block{stage}\.(\d+)\.") for stage in range(1, 5))
        small = "MiT-B0" if inside["patch_embed1.proj.weight"][0] == 32 else "MiT-B1"
        name = small if depths == (2, 2, 2, 2) else _MITS.get(depths, "a mix transformer")
        bands = inside["patch_embed1.proj.weight"][1]
        return Layout("mit", f"FLAIR-INC {name} {network} of {bands} bands", head=head)
    backbone = _resnet(inside)
    if backbone is None:
        return None
    bands = inside["conv1.weight"][1]
    name = backbone.detail.removesuffix(" of timm")
    return Layout("flair", f"FLAIR-INC {name} {network} of {bands} bands", backbone.variant, head=head)


def _segmentation_head(shapes: Shapes) -> str:
    """Return the network that an encoder was trained in, as segmentation-models-pytorch names its parts."""
    decoder = [key for key in shapes if key.startswith("decoder.")]
    if not decoder and not any(key.startswith("segmentation_head.") for key in shapes):
        return ""
    if any(".convs." in key for key in decoder):  # those at several rates side by side
        return "DeepLabV3+" if any(key.startswith("decoder.block") for key in decoder) else "DeepLabV3"
    if any(key.startswith(("decoder.p5.", "decoder.seg_blocks.")) for key in decoder):
        return "FPN"
    if any(key.startswith("decoder.blocks.x_") for key in decoder):
        return "U-Net++"
    return "U-Net" if any(key.startswith("decoder.blocks.") for key in decoder) else "segmentation network"


def _resnet(shapes: Shapes) -> Layout | None:
    if "conv1.weight" not in shapes or "layer1.0.conv1.weight" not in shapes:
        return None
    depths = tuple(_count(shapes, rf"layer{stage}\.(\d+)\.") for stage in range(1, 5))
    name = _RESNETS.get((depths, "layer1.0.conv3.weight" in shapes), "a ResNet")
    variant = {"timm": name.lower()} if name != "a ResNet" else {}
    return Layout("timm", f"{name} of timm", variant)


def _swin(shapes: Shapes) -> Layout | None:
    dot = "." if "layers.0.blocks.0.attn.relative_position_bias_table" in shapes else "_"
    table = f"layers{dot}0.blocks.0.attn.relative_position_bias_table"
    if table not in shapes:
        return None
    width, window = shapes["patch_embed.proj.weight"][0], (math.isqrt(shapes[table][0]) + 1) // 2
    deep = _count(shapes, rf"layers{re.escape(dot)}2\.blocks\.(\d+)\.") > 6
    name = {96: "small" if deep else "tiny", 128: "base", 192: "large"}.get(width)
    variant = {"timm": f"swin_{name}_patch4_window{window}_{32 * window}"} if name else {}
    return Layout("timm", f"Swin-{name or width} (window {window}) of timm", variant)


def _convnext(shapes: Shapes) -> Layout | None:
    stem = next((key for key in ("stem.0.weight", "stem_0.weight") if key in shapes), None)
    dot = "." if "stages.0.blocks.0.conv_dw.weight" in shapes else "_"
    if stem is None or f"stages{dot}0.blocks.0.conv_dw.weight" not in shapes:
        return None
    second = f"stages{dot}0.blocks.0.mlp.grn.weight" in shapes
    depths, width = _depths(shapes, rf"stages{re.escape(dot)}{{}}\.blocks\.(\d+)\."), shapes[stem][0]
    sizes: Mapping[tuple[tuple[int, ...], int], str] = {
        ((2, 2, 6, 2), 40): "atto", ((2, 2, 6, 2), 48): "femto", ((2, 2, 6, 2), 64): "pico",
        ((2, 2, 8, 2), 80): "nano", ((3, 3, 9, 3), 96): "tiny", ((3, 3, 27, 3), 96): "small",
        ((3, 3, 27, 3), 128): "base", ((3, 3, 27, 3), 192): "large", ((3, 3, 27, 3), 352): "huge",
    }  # fmt: skip
    name = sizes.get((depths, width))
    family = "convnextv2" if second else "convnext"
    variant = {"timm": f"{family}_{name}"} if name else {}
    return Layout("timm", f"ConvNeXt{'V2' if second else ''}-{name or width} of timm", variant)


def _plain_vit(shapes: Shapes) -> Layout | None:
    if "patch_embed.proj.weight" not in shapes or "blocks.0.attn.qkv.weight" not in shapes:
        return None
    width, patch = shapes["patch_embed.proj.weight"][0], shapes["patch_embed.proj.weight"][-1]
    scaled = " with LayerScale, like DINOv2's," if "blocks.0.ls1.gamma" in shapes else ""
    return Layout("timm", f"a plain {_vit(width, patch)}{scaled} of timm")


# The more particular before the more general.
_LOOKS: tuple[Callable[[Shapes], Layout | None], ...] = (
    _dofa, _dinov3, _flair_hub, _flair_inc, _resnet, _swin, _convnext, _plain_vit,
)  # fmt: skip
