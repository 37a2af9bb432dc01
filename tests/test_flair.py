"""FLAIR-INC's ResNet34: the authors' maps of every stage, and inner cells that do not know where their window ends."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from torch import Tensor

from botaclip.core.encoders.flair import (
    DIMENSIONS,
    STAGES,
    FlairResNet,
    build,
    dense_margin_px,
    field_px,
    stride_px,
    without_prefix,
)  # fmt: skip
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.registry import RECORDS
from botaclip.core.errors import EncoderError

from . import parity

ROLES = ("red", "green", "blue", "nir", "elevation")
CASES = {"inc_rgb": 3, "inc_rgbie": 5}
DEEPLAB = {"output_stride": 8}


def record(**fields: object) -> EncoderRecord:
    return EncoderRecord(id="flair", title="FLAIR-INC", architecture="flair", **fields)


@functools.lru_cache(maxsize=2)
def weights(case: str) -> dict[str, Tensor]:
    """The encoder's part of a whole U-Net's weights, one tensor of the decoder with it."""
    keys = parity.config(f"flair/{case}")["keys"]
    used = {key: shape for key, shape in keys.items() if key.startswith(("encoder.", "segmentation_head.0.bias"))}
    return {key: torch.from_numpy(np.array(value)) for key, value in parity.recipe_state(used).items()}


def encoder(case: str = "inc_rgb", stage: int | None = None, **fields: object) -> FlairResNet:
    return build(record(**fields), weights(case), bands=ROLES[: CASES[case]], stage=stage)


def image(channels: int, height: int = 128, width: int = 96) -> Tensor:
    return torch.from_numpy(parity.image((1, channels, height, width)))


def relative(found: Tensor, expected: np.ndarray) -> float:
    """Largest difference beside the largest value."""
    return float(np.abs(found.numpy() - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("stage", [3, 4, 5])
@pytest.mark.parametrize("case", CASES)
def test_stages_are_those_of_the_authors(case: str, stage: int) -> None:
    expected = parity.reference(f"flair/{case}_resnet34_unet")[f"f{stage}"]
    model = encoder(case, stage)
    tokens = model.tokens(image(CASES[case]))
    assert tokens.shape == expected.shape and model.dimension == expected.shape[1]
    assert relative(tokens, expected) < 1e-4
    np.testing.assert_allclose(
        model.pooled(image(CASES[case])).numpy(), expected.mean(axis=(2, 3)), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize(
    "key", ["conv1.weight", "bn1.running_var", "layer2.0.downsample.0.weight", "layer4.2.bn2.bias"]
)
def test_a_perturbed_weight_gives_other_maps(key: str) -> None:
    state = dict(weights("inc_rgb"))
    state[f"encoder.{key}"] = state[f"encoder.{key}"] * 1.2
    model = build(record(), state, bands=ROLES[:3])
    assert relative(model.tokens(image(3)), parity.reference("flair/inc_rgb_resnet34_unet")["f5"]) > 1e-4


# Of segmentation-models-pytorch 0.6.0, weights by the recipe: shape, two values, spread, mean size, norm of a cell.
DILATED = {
    5: ((1, 512, 16, 12), [2.042219, 5.798377, 2.704369, 2.171273, 69.653038]),
    4: ((1, 256, 16, 12), [0.101255, 3.537931, 2.746932, 2.705668, 52.205902]),
}
STRIDED = {
    5: ((1, 512, 4, 3), [2.242660, 4.131570, 2.764482, 2.206896, 98.790016]),
    4: ((1, 256, 8, 6), [0.274845, 3.984885, 2.803174, 2.747869, 66.684517]),
}


def summary(tokens: Tensor) -> list[float]:
    cell = tokens[0, :, tokens.shape[2] // 2, 1]
    return [float(value) for value in (tokens[0, 0, 0, 0], tokens[0, 3, -1, -1], tokens.std(), tokens.abs().mean(),
                                       cell.norm())]  # fmt: skip


@pytest.mark.parametrize("stage", [4, 5])
@pytest.mark.parametrize(("variant", "golden"), [(DEEPLAB, DILATED), ({}, STRIDED)], ids=["DeepLabV3", "FPN"])
def test_dilated_and_strided_encoders_are_those_of_the_segmentation_library(
    variant: dict, golden: dict, stage: int
) -> None:
    model = encoder(stage=stage, variant=variant)
    tokens = model.tokens(image(3))
    assert tokens.shape == golden[stage][0]
    assert model.token_px == (8 if variant else 2**stage)
    np.testing.assert_allclose(summary(tokens), golden[stage][1], rtol=1e-4, atol=1e-5)


# --- the field of a cell ---------------------------------------------------------------------------------------------


def test_fields_and_margins() -> None:
    assert [field_px(stage) for stage in (1, 2, 3, 4, 5)] == [7, 59, 179, 547, 899]
    assert [stride_px(stage) for stage in (1, 2, 3, 4, 5)] == [2, 4, 8, 16, 32]
    assert [dense_margin_px(stage) for stage in (1, 2, 3)] == [4, 32, 96]
    assert [(field_px(stage, 8), stride_px(stage, 8)) for stage in (3, 4, 5)] == [(179, 8), (563, 8), (947, 8)]


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_a_cell_sees_its_field_and_nothing_else(stage: int) -> None:
    """By the gradient: some filter of the cell answers to the first and the last pixel of the field, none beyond."""
    model, reach, step = encoder(stage=stage), field_px(stage) // 2, stride_px(stage)
    cell = (reach + step) // step + 1
    side = (2 * cell + 2) * step
    pixels = image(3, side, side).requires_grad_()
    model.tokens(pixels)[0, :, cell, cell].square().sum().backward()
    assert pixels.grad is not None
    seen = pixels.grad[0].abs().sum(dim=0)
    for profile in (seen.sum(dim=0), seen.sum(dim=1)):
        touched = torch.nonzero(profile).flatten()
        assert int(touched.min()) == cell * step - reach
        assert int(touched.max()) == cell * step + reach


@pytest.mark.parametrize("stage", [2, 3])
@pytest.mark.parametrize("variant", [{}, DEEPLAB], ids=["U-Net", "DeepLabV3"])
def test_inner_cells_are_the_same_in_every_window(stage: int, variant: dict) -> None:
    model = encoder(stage=stage, fields={2: 59, 3: 179}, variant=variant)
    margin, step = model.margin_px, model.token_px
    assert (margin, step) == {2: (32, 4), 3: (96, 8)}[stage]
    whole = image(3, 2 * margin + 9 * step, 2 * margin + 7 * step)
    cells = model.dense(whole)
    assert cells.shape == (1, model.dimension, 9, 7)
    window = model.dense(whole[:, :, 3 * step : 3 * step + 2 * margin + 4 * step, step : step + 2 * margin + 5 * step])
    assert float((cells[:, :, 3:7, 1:6] - window).abs().max() / cells.std()) < 1e-5
    # One cell less of margin, and the zeros around the window are seen.
    ring = margin // step - 1
    inside = model.tokens(whole)[:, :, ring, ring]
    shifted = model.tokens(whole[:, :, step:, step:])[:, :, ring - 1, ring - 1]
    assert float((inside - shifted).abs().max()) > 1e-6


def test_dense_is_refused_where_the_record_has_no_field() -> None:
    with pytest.raises(EncoderError, match="sees too far for mode dense"):
        encoder(stage=5, fields={2: 59}).dense(image(3))
    assert encoder(stage=5, fields={2: 59}).margin_px == 0


def test_the_registry_says_what_the_network_is() -> None:
    records = [about for about in RECORDS.values() if about.architecture == "flair"]
    assert len(records) >= 5
    for about in records:
        output_stride = about.variant.get("output_stride", 32)
        assert about.stages == STAGES and about.dimension == DIMENSIONS[about.stages[0]]
        assert about.token_px == stride_px(about.stages[0], output_stride)
        assert dict(about.fields) == {stage: field_px(stage, output_stride) for stage in about.fields}
        assert (output_stride == 8) == ("deeplabv3" in about.id)


# --- checkpoints -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["model.seg_model.", "state_dict.model.", "seg_model.", ""])
def test_wrappers_and_a_bare_network_give_the_same(prefix: str) -> None:
    state = {prefix + key: value for key, value in weights("inc_rgb").items()}
    if not prefix:
        state = without_prefix(state, "encoder.conv1.weight", inside="encoder.")
        state["fc.weight"] = torch.zeros(1000, 512)
        assert "conv1.weight" in state
    tokens = build(record(), state, bands=ROLES[:3]).tokens(image(3))
    assert torch.equal(tokens, encoder().tokens(image(3)))


def test_shallow_stages_hold_no_deep_weights_and_still_ask_for_them() -> None:
    assert not [key for key in encoder(stage=2).state_dict() if "layer2" in key]
    state = {key: value for key, value in weights("inc_rgb").items() if not key.endswith("layer4.1.conv2.weight")}
    with pytest.raises(EncoderError, match=r"layer4\.1\.conv2\.weight"):
        build(record(), state, bands=ROLES[:3], stage=2)


def test_default_stage_is_the_records_first_else_the_deepest() -> None:
    assert encoder().stage == STAGES[0] == 5
    assert encoder(stages=(3, 2)).stage == 3
    with pytest.raises(EncoderError, match=r"flair has no stage 6\. Choose one of 5, 4, 3, 2, 1"):
        encoder(stage=6)


def test_bands_strides_and_other_files_are_refused() -> None:
    with pytest.raises(EncoderError, match=r"looks at 3 bands, not at the 4 given \(red, green, blue, nir\)"):
        build(record(), weights("inc_rgb"), bands=ROLES[:4])
    with pytest.raises(EncoderError, match="has output_stride 12"):
        encoder(variant={"output_stride": 12})
    with pytest.raises(EncoderError, match="does not fit FLAIR-INC"):
        build(record(), {"cls_token": torch.zeros(1, 1, 64)}, bands=ROLES[:3])
