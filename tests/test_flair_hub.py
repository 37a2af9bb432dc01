"""FLAIR-HUB's encoders: the authors' maps for Swin, structure for ConvNeXtV2, and checkpoints of several sensors."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from torch import Tensor

from botaclip.core.encoders.flair_hub import FlairHub, build, encoder_weights
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.timm_library import create
from botaclip.core.errors import EncoderError

from . import parity

BANDS = ("nir", "red", "green")
SWIN = "swin_tiny_patch4_window7_224"
PREFIX = "encoders.AERIAL_RGBI.seg_model.model."


def record(timm: str = SWIN, input_px: int = 256, **variant: str) -> EncoderRecord:
    return EncoderRecord(id="hub", title="FLAIR-HUB", architecture="flair-hub", variant={"timm": timm, **variant},
                         input_px=input_px)  # fmt: skip


@functools.lru_cache(maxsize=1)
def weights() -> dict[str, Tensor]:
    """The encoder's part of a whole model's weights, and one tensor each of the fusion and of the head."""
    keys = parity.config("flair/hub_swin_tiny")["keys"]
    used = {key: shape for key, shape in keys.items()
            if key.startswith("encoders.") or key.endswith(("conv_f.0.bias", "segmentation_head.0.bias"))}  # fmt: skip
    assert len(used) > len([key for key in used if key.startswith("encoders.")])
    return {key: torch.from_numpy(np.array(value)) for key, value in parity.recipe_state(used).items()}


@functools.lru_cache(maxsize=4)
def encoder(stage: int | None = None, input_px: int = 256) -> FlairHub:
    return build(record(input_px=input_px), weights(), bands=BANDS, stage=stage)


def image(height: int = 256, width: int = 256) -> Tensor:
    return torch.from_numpy(parity.image((1, 3, height, width)))


def relative(found: Tensor, expected: np.ndarray) -> float:
    return float(np.abs(found.numpy() - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize(("stage", "name", "dimension"), [(4, "f5", 768), (3, "f4", 384)])
def test_stages_of_the_swin_are_those_of_the_authors(stage: int, name: str, dimension: int) -> None:
    model = encoder(stage)
    tokens = model.tokens(image())
    assert tokens.shape == (1, dimension, 256 // model.token_px, 256 // model.token_px)
    assert (model.dimension, model.token_px) == (dimension, 4 * 2 ** (stage - 1))
    assert relative(tokens[:, :, ::2, ::2], parity.reference("flair/hub_swin_tiny_upernet")[name]) < 1e-4
    assert torch.equal(model.pooled(image()), tokens.mean(dim=(2, 3)))


@pytest.mark.parametrize("key", ["patch_embed.proj.bias", "layers_1.downsample.reduction.weight",
                                 "layers_2.blocks.3.attn.relative_position_bias_table",
                                 "layers_3.blocks.1.mlp.fc2.weight"])  # fmt: skip
def test_a_perturbed_weight_gives_other_maps(key: str) -> None:
    state = dict(weights())
    state[PREFIX + key] = state[PREFIX + key] * 1.2
    tokens = build(record(), state, bands=BANDS).tokens(image())
    assert relative(tokens[:, :, ::2, ::2], parity.reference("flair/hub_swin_tiny_upernet")["f5"]) > 1e-4


def test_a_swin_made_for_one_size_looks_at_another_as_one_made_for_it() -> None:
    elsewhere = build(record(input_px=320), weights(), bands=BANDS)
    expected = parity.reference("flair/hub_swin_tiny_upernet")["f5"]
    assert relative(elsewhere.tokens(image())[:, :, ::2, ::2], expected) < 1e-4
    wide = image(224, 288)
    made = build(record(input_px=256), weights(), bands=BANDS)
    assert torch.equal(made.tokens(wide), elsewhere.tokens(wide))
    assert relative(made.tokens(image())[:, :, ::2, ::2], expected) < 1e-4


@pytest.mark.parametrize("size", [(240, 256), (192, 256), (256, 64)])
def test_sizes_that_windows_do_not_fit_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(EncoderError, match=r"cannot look at .*multiples of 32, at least 224"):
        encoder().tokens(image(*size))
    with pytest.raises(EncoderError, match="at least 224"):
        build(record(input_px=192), weights(), bands=BANDS)


# --- checkpoints -----------------------------------------------------------------------------------------------------


def test_the_sensor_is_chosen_by_name_else_the_aerial_one() -> None:
    def several(*sensors: str) -> dict[str, Tensor]:
        return {f"model.encoders.{sensor}.seg_model.model.stem_0.bias": torch.full((1,), float(place))
                for place, sensor in enumerate(sensors)}  # fmt: skip

    def place(state: dict[str, Tensor], modality: str = "") -> float:
        return float(encoder_weights(state, modality)["stem_0.bias"])

    assert place(several("SPOT_RGBI", "AERIAL-RLT_PAN", "AERIAL_RGBI")) == 2
    assert place(several("SPOT_RGBI", "AERIAL-RLT_PAN", "AERIAL_RGBI"), "AERIAL-RLT_PAN") == 1
    assert place(several("SPOT_RGBI", "AERIAL-RLT_PAN")) == 1
    assert place(several("SPOT_RGBI")) == 0
    with pytest.raises(EncoderError, match=r"encoders of several sensors\. Name one of DEM_ELEV, SPOT_RGBI"):
        place(several("SPOT_RGBI", "DEM_ELEV"))
    with pytest.raises(EncoderError, match=r"no encoder of AERIAL_RGBI\. Name one of SPOT_RGBI"):
        place(several("SPOT_RGBI"), "AERIAL_RGBI")


def test_wrappers_a_bare_network_and_stored_tables_give_the_same() -> None:
    expected = encoder().tokens(image())
    bare = {key[len(PREFIX) :].replace("layers_", "layers."): value for key, value in weights().items()
            if key.startswith(PREFIX)}  # fmt: skip
    bare |= {"norm.weight": torch.ones(768), "head.fc.bias": torch.zeros(1000),
             "layers.0.blocks.1.attn_mask": torch.zeros(64, 49, 49),
             "layers.0.blocks.0.attn.relative_position_index": torch.zeros(49, 49)}  # fmt: skip
    for state in (bare, {"model." + key: value for key, value in weights().items()}):
        assert torch.equal(build(record(), state, bands=BANDS).tokens(image()), expected)


def test_shallow_stages_hold_no_deep_weights_and_still_ask_for_them() -> None:
    model = encoder(2)
    assert not [key for key in model.state_dict() if "layers_2" in key]
    assert model.tokens(image()).shape == (1, 192, 32, 32)
    state = {key: value for key, value in weights().items() if not key.endswith("layers_3.blocks.1.norm2.bias")}
    with pytest.raises(EncoderError, match=r"layers_3\.blocks\.1\.norm2\.bias"):
        build(record(), state, bands=BANDS, stage=2)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(EncoderError, match="looks at 3 bands, not at the 4 given"):
        build(record(), weights(), bands=(*BANDS, "blue"))
    with pytest.raises(EncoderError, match="resnet18 is no network of FLAIR-HUB"):
        build(record("resnet18"), weights(), bands=BANDS)
    with pytest.raises(EncoderError, match=r"hub has no stage 5\. Choose one of 4, 3, 2, 1"):
        build(record(), weights(), bands=BANDS, stage=5)
    with pytest.raises(EncoderError, match="does not fit FLAIR-HUB"):
        build(record("swin_small_patch4_window7_224"), weights(), bands=BANDS)


# --- ConvNeXtV2: structure only --------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [1, 2, 3, 4])
def test_convnext_stages_are_timms(stage: int) -> None:
    network = create("convnextv2_atto", features_only=True, in_chans=3).eval()
    state = {f"model.{PREFIX}{key}": value for key, value in network.state_dict().items()}
    model = build(record("convnextv2_atto"), state, bands=BANDS, stage=stage)
    pixels = image(96, 64)
    with torch.no_grad():
        expected = network(pixels)[stage - 1]
    assert torch.equal(model.tokens(pixels), expected)
    assert (model.dimension, model.token_px) == (expected.shape[1], 96 // expected.shape[2])
    with pytest.raises(EncoderError, match=r"at 48 × 64 pixels\. Use sides that are multiples of 32, at least 32"):
        model.tokens(image(48, 64))
