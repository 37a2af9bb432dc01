"""The encoders that are known by name. Standard library only: QGIS lists them.

Every fact is one that the publishers' pages or code gave when they were read in November 2026. Digests and revisions
stand here only where they were seen: a prefix is kept as a prefix, and what is empty is unpinned; then a download asks
for the digest. Weights were never fetched by us, so nothing here is ours to vouch for but the spelling.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botaclip.core.encoders.record import EncoderRecord

RGB = ("red", "green", "blue")
_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_SATELLITE = (0.430, 0.411, 0.296), (0.213, 0.156, 0.143)


def _by_role(roles: tuple[str, ...], values: tuple[float, ...], scale: float = 1.0) -> dict[str, float]:
    return {role: round(value * scale, 9) for role, value in zip(roles, values, strict=True)}


# --- Built in --------------------------------------------------------------------------------------------------------


def _builtin() -> Iterator[EncoderRecord]:
    yield EncoderRecord(
        "random-conv", "Random convolutional features", "builtin", licence="CC0-1.0", token_px=10, modes=("dense",),
        gsd_m=(0.05, 100.0), value_range=(0.0, 1.0),
        citation="after MOSAIKS: Rolf et al. (2021), Nature Communications 12, 4392, doi:10.1038/s41467-021-24638-z",
        notes="Any bands; it has learnt nothing from anyone's landscape. Its dimension depends on the number of bands.",
    )  # fmt: skip
    yield EncoderRecord(
        "colour-texture", "Colour and texture statistics", "builtin", licence="CC0-1.0", token_px=10, modes=("dense",),
        gsd_m=(0.05, 100.0), value_range=(0.0, 1.0),
        citation="after Haralick et al. (1973), IEEE Transactions on Systems, Man, and Cybernetics SMC-3 (6), 610-621, "
        "doi:10.1109/TSMC.1973.4309314",
        notes="Any bands; made by hand, nothing learnt. Its dimension depends on the number of bands.",
    )  # fmt: skip


# --- DOFA ------------------------------------------------------------------------------------------------------------

_DOFA_CITATION = "Xiong et al. (2024), Neural Plasticity-Inspired Multimodal Foundation Model for Earth Observation, "
_DOFA_CITATION += "arXiv:2403.15356"
_OLD_DOFA = "written before the layout fix of August 2024: it loads without error and gives wrong features"
_DOFA_REFUSED = {"7cc0f413": _OLD_DOFA, "fbd47fa9": _OLD_DOFA}
_DOFA_ROLES = ("red", "green", "blue", "rededge1", "rededge2", "rededge3", "nir", "swir1", "swir2", "vh", "vv")
_DOFA_MEAN = (
    *(255 * value for value in _IMAGENET[0]),
    84.33539309, 97.84789168, 103.94461911, 101.435633, 72.32804172, 56.66528851, 166.36275909, 88.45542715,
)  # fmt: skip
_DOFA_STD = (
    *(255 * value for value in _IMAGENET[1]),
    64.57022983, 61.72545487, 61.34187099, 60.29744676, 47.88519516, 42.55886798, 64.83126309, 43.07350145,
)  # fmt: skip
_DOFA_NOTES = (
    "Any bands, by wavelength. Normalised on 0 to 255: red, green and blue as its README does for RGB (ImageNet's "
    "numbers), the others with its statistics of Sentinel-2 (nir, rededge, swir) and Sentinel-1 (vh, vv)."
)
_DOFA_HUB = "https://huggingface.co/torchgeo/dofa/resolve"
_DOFA_REVISION = "b8db318b64a90b9e085ec04ba8851233c5893666"  # pragma: allowlist secret
_AUTHORS_HUB = "https://huggingface.co/earthflow/DOFA/resolve/main"
_VITS = {
    "small": ("S", 384, 12, 6), "base": ("B", 768, 12, 12), "large": ("L", 1024, 24, 16), "huge": ("H", 1280, 32, 16),
}  # fmt: skip


def _dofa(size: str, suffix: str = "", *, notes: str = "", **file: Any) -> EncoderRecord:
    letter, width, depth, heads = _VITS[size]
    patch = 14 if size == "huge" else 16
    tokens = 224 // patch
    return EncoderRecord(
        f"dofa-{size}{suffix}", f"DOFA ViT-{letter}/{patch}{' (e100)' if suffix else ''}", "dofa",
        {"width": width, "depth": depth, "heads": heads, "patch_px": patch, "image_px": 224},
        refused=_DOFA_REFUSED, licence="CC-BY-4.0", mean=_by_role(_DOFA_ROLES, _DOFA_MEAN),
        std=_by_role(_DOFA_ROLES, _DOFA_STD), input_px=224, token_px=patch, window_px=patch * tokens, drop_tokens=2,
        gsd_m=(1.0, 30.0), dimension=width, poolings=("mean",), citation=_DOFA_CITATION,
        notes=f"{_DOFA_NOTES} {notes}".strip(), **file,
    )  # fmt: skip


def _dofas() -> Iterator[EncoderRecord]:
    unpublished = "No published checkpoint of this size is known here: import your own."
    yield _dofa("small", notes=unpublished)
    for size, prefix, nbytes in (("base", "a0275954", 445_000_000), ("large", "0ff904d3", 1_350_000_000)):
        name = f"dofa_{size}_patch16_224-{prefix}.pth"
        yield _dofa(
            size, file=name, url=f"{_DOFA_HUB}/{_DOFA_REVISION}/{name}", revision=_DOFA_REVISION,
            sha256_prefix=prefix, size_bytes=nbytes,
        )  # fmt: skip
    yield _dofa("huge", notes=f"Its patches are of 14 pixels, as in the paper's ViT-H, not of 16. {unpublished}")
    for size, nbytes in (("base", 448_000_000), ("large", 1_350_000_000)):
        name = f"DOFA_ViT_{size}_e100.pth"
        yield _dofa(
            size, "-e100", file=name, url=f"{_AUTHORS_HUB}/{name}", size_bytes=nbytes,
            notes="The authors' own file, uploaded anew on 30 August 2024; its digest is not known here.",
        )  # fmt: skip
    for size in ("base", "large"):
        letter, width, depth, heads = _VITS[size]
        name = f"dofav2_vit_{size}_e150.pth"
        yield EncoderRecord(
            f"dofa-v2-{size}", f"DOFA v2 ViT-{letter}/14", "dofa-v2",
            {"width": width, "depth": depth, "heads": heads, "patch_px": 14, "image_px": 224},
            file=name, url=f"{_AUTHORS_HUB}/{name}", licence="CC-BY-4.0", mean=_by_role(_DOFA_ROLES, _DOFA_MEAN),
            std=_by_role(_DOFA_ROLES, _DOFA_STD), input_px=224, token_px=14, window_px=224, drop_tokens=2,
            gsd_m=(1.0, 30.0), dimension=width, poolings=("mean",), citation=_DOFA_CITATION, verified=False,
            notes=f"{_DOFA_NOTES} Its digest is not known here.",
        )  # fmt: skip


# --- DINOv3 ----------------------------------------------------------------------------------------------------------


def _dinov3(
    size: str, title: str, timm: str, dimension: int, prefix: str, *, data: str = "lvd1689m", url: str = ""
) -> EncoderRecord:
    satellite = data == "sat493m"
    mean, std = _SATELLITE if satellite else _IMAGENET
    # Named after the pattern of the one file whose full address was seen.
    file = f"dinov3_{size}_pretrain_{data}-{prefix}.pth"
    seen = "satellite images of 0.6 m" if satellite else "photographs from the web"
    fetch = "The address is sent by mail to whoever accepts the licence on Meta's page; give it with --url. "
    fetch += f"On Hugging Face, after accepting the licence there: facebook/dinov3-{size}-pretrain-{data}."
    return EncoderRecord(
        f"dinov3-{size}{'-sat' if satellite else ''}", title, "dinov3", {"timm": timm},
        file=file, url=url, sha256_prefix=prefix, licence="DINOv3", bands=RGB,
        mean=_by_role(RGB, mean, 255.0), std=_by_role(RGB, std, 255.0), input_px=256, token_px=16, window_px=336,
        drop_tokens=2, gsd_m=(0.6, 0.6) if satellite else (0.1, 30.0), dimension=dimension,
        poolings=("cls", "mean", "cls-mean"),
        citation="Siméoni et al. (2025), DINOv3, arXiv:2508.10104", notes=f"Trained on {seen}. {fetch}",
    )  # fmt: skip


def _dinov3s() -> Iterator[EncoderRecord]:
    yield _dinov3("vits16", "DINOv3 ViT-S/16", "vit_small_patch16_dinov3", 384, "08c60483")
    yield _dinov3("vits16plus", "DINOv3 ViT-S+/16", "vit_small_plus_patch16_dinov3", 384, "4057cbaa")
    yield _dinov3("vitb16", "DINOv3 ViT-B/16", "vit_base_patch16_dinov3", 768, "73cec8be")
    yield _dinov3("vitl16", "DINOv3 ViT-L/16", "vit_large_patch16_dinov3", 1024, "8aa4cbdd")
    yield _dinov3(
        "vitl16", "DINOv3 ViT-L/16, satellite", "vit_large_patch16_dinov3", 1024, "eadcf0ff", data="sat493m",
        url="https://dl.fbaipublicfiles.com/dinov3/dinov3_vitl16/dinov3_vitl16_pretrain_sat493m-eadcf0ff.pth",
    )  # fmt: skip


# --- FLAIR -----------------------------------------------------------------------------------------------------------

_INC_ROLES = ("red", "green", "blue", "nir", "elevation")
_INC_MEAN = (105.08, 110.87, 101.82, 106.38, 53.26)
_INC_STD = (52.17, 45.38, 44.0, 39.69, 79.3)
_INC_CITATION = "Garioud et al. (2023), FLAIR, arXiv:2310.13336; IGN, FLAIR-INC"


def _flair_inc(bands: str, classes: int, network: str, *, size_bytes: int = 0) -> EncoderRecord:
    name = f"FLAIR-INC_{bands}_{classes}cl_{network}"
    lightning = (bands, classes) == ("rgbie", 15)
    roles = _INC_ROLES[: len(bands)]
    mit = network.startswith("mitb5")
    backbone = "MiT-B5" if mit else "ResNet34"
    head = {"unet": "U-Net", "fpn": "FPN", "deeplabv3": "DeepLabV3"}[network.partition("-")[2]]
    variant: dict[str, Any] = {"size": "b5"} if mit else {"timm": "resnet34"}
    strided = head == "DeepLabV3"
    if strided:
        variant["output_stride"] = 8
    notes = "Elevation is that above ground, as 8-bit numbers." if "e" in bands else ""
    if lightning:
        notes += " Its file is a Lightning checkpoint (*.ckpt) whose name is not known here: give its address."
    return EncoderRecord(
        f"flair-inc-{bands}-{classes}cl-{network}", f"FLAIR-INC {bands.upper()} {classes} classes, {backbone} {head}",
        "mit" if mit else "flair", variant,
        file=f"{name}.ckpt" if lightning else f"{name}_weights.pth",
        url="" if lightning else f"https://huggingface.co/IGNF/{name}/resolve/main/{name}_weights.pth",
        size_bytes=size_bytes, licence="etalab-2.0", bands=roles,
        mean=_by_role(roles, _INC_MEAN[: len(bands)]), std=_by_role(roles, _INC_STD[: len(bands)]),
        input_px=512, token_px=8 if strided else 32, window_px=512, drop_tokens=12 if strided else 3, gsd_m=(0.2, 0.2),
        dimension=512, modes=("exact", "tokens") if mit else ("exact", "tokens", "dense"),
        stages=(5, 4, 3, 2) if mit else (5, 4, 3, 2, 1), fields={} if mit else {2: 59, 3: 179},
        citation=_INC_CITATION, notes=notes.strip(),
    )  # fmt: skip


def _flairs() -> Iterator[EncoderRecord]:
    for bands, classes in (("rgb", 12), ("rgb", 15), ("rgbi", 15), ("rgbie", 12), ("rgbie", 15)):
        yield _flair_inc(bands, classes, "resnet34-unet", size_bytes=98_000_000)
    for network in ("resnet34-fpn", "resnet34-deeplabv3", "mitb5-unet"):
        yield _flair_inc("rgb", 15, network)
    roles = ("nir", "red", "green")
    for name, title, timm, file, verified in (
        ("swinbase", "Swin-B", "swin_base_patch4_window12_384", "FLAIR-HUB_LC-A_swinbase-upernet.safetensors", True),
        ("convnextv2base", "ConvNeXtV2-B", "convnextv2_base", "", False),
    ):
        yield EncoderRecord(
            f"flair-hub-lc-a-{name}", f"FLAIR-HUB LC-A {title}", "flair-hub", {"timm": timm},
            file=file, licence="etalab-2.0", bands=roles,
            mean=_by_role(roles, (106.59, 105.66, 111.35)), std=_by_role(roles, (39.78, 52.23, 45.62)),
            input_px=512, token_px=32, window_px=512, drop_tokens=3, gsd_m=(0.2, 0.2), dimension=1024,
            stages=(4, 3, 2, 1), verified=verified, citation="Garioud et al. (2025), FLAIR-HUB, arXiv:2506.07080",
            notes="Near infrared, red, green, in this order. Fetch its safetensors file by hand from IGN's collection "
            "https://huggingface.co/collections/IGNF/flair-models-684035e78bd5bff99199ff87 and import it; its address "
            "and digest are not known here.",
        )  # fmt: skip


RECORDS: Mapping[str, EncoderRecord] = {
    record.id: record for records in (_builtin(), _dofas(), _dinov3s(), _flairs()) for record in records
}
