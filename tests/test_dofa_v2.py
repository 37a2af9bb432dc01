"""DOFA v2: its structure and keys, against timm's transformer; no official output is at hand."""

from __future__ import annotations

import pytest
import torch

from botaclip.core.encoders import architecture
from botaclip.core.encoders.dofa import WavelengthConvolution
from botaclip.core.encoders.dofa_v2 import DofaV2
from botaclip.core.encoders.layouts import recognise
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.timm_library import import_timm
from botaclip.core.errors import EncoderError

RGB = ("red", "green", "blue")
VARIANT = {"width": 48, "depth": 2, "heads": 3, "image_px": 56}
RECORD = EncoderRecord("dofa-v2-tiny", "DOFA v2 tiny", "dofa-v2", VARIANT, verified=False)


def random_state(seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = {key: value.shape for key, value in DofaV2(48, 2, 3, image_px=56).state_dict().items()}
    return {key: torch.randn(shape, generator=generator) * 0.2 for key, shape in shapes.items()}


def test_keys_are_those_of_the_published_files() -> None:
    keys = set(random_state())
    assert {key.split(".")[0] for key in keys} == {"patch_embed", "model"}
    assert {"model.cls_token", "model.pos_embed", "model.norm.weight", "model.blocks.0.ls1.gamma",
            "model.blocks.1.ls2.gamma", "model.blocks.1.attn.qkv.bias", "model.blocks.1.mlp.fc2.weight",
            "patch_embed.weight_generator.weight_tokens", "patch_embed.fclayer.w1.weight"} <= keys  # fmt: skip
    assert len([key for key in keys if key.startswith("model.blocks.0.")]) == 14


def test_equals_timm_behind_the_convolution() -> None:
    import_timm()
    from timm.models.vision_transformer import VisionTransformer

    state = random_state()
    theirs = VisionTransformer(
        img_size=56, patch_size=14, embed_dim=48, depth=2, num_heads=3, init_values=1e-5, num_classes=0
    ).eval()
    del theirs.patch_embed.proj
    inside = {key.removeprefix("model."): value for key, value in state.items() if key.startswith("model.")}
    assert theirs.load_state_dict(inside) is not None
    convolution = WavelengthConvolution(48, 14).eval()
    prefix = "patch_embed."
    convolution.load_state_dict({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
    pixels = torch.randn(2, 3, 56, 56, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        tokens = convolution(pixels, torch.tensor([0.665, 0.56, 0.49])).flatten(2).transpose(1, 2)
        expected = theirs._pos_embed(tokens)
        for block in theirs.blocks:
            expected = block(expected)
        expected = theirs.norm(expected)
        encoder = architecture.build(RECORD, state, bands=RGB)
        torch.testing.assert_close(encoder.tokens(pixels).flatten(2).transpose(1, 2), expected[:, 1:], rtol=1e-4,
                                   atol=1e-4)  # fmt: skip
        torch.testing.assert_close(encoder.pooled(pixels, "cls"), expected[:, 0], rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(encoder.pooled(pixels), expected[:, 1:].mean(1), rtol=1e-4, atol=1e-4)


def test_patches_of_fourteen_and_any_bands() -> None:
    encoder = architecture.build(RECORD, random_state(), bands=("nir", "red"))
    with torch.no_grad():
        assert encoder.tokens(torch.zeros(1, 2, 56, 56)).shape == (1, 48, 4, 4)
        encoder.prepare(70, 84)
        assert encoder.tokens(torch.zeros(3, 2, 70, 84)).shape == (3, 48, 5, 6)
    assert (encoder.token_px, encoder.dimension) == (14, 48)
    full = DofaV2(48, 1, 3)
    assert full.model.pos_embed.shape == (1, 257, 48)


def test_every_weight_counts() -> None:
    pixels = torch.randn(1, 3, 56, 56, generator=torch.Generator().manual_seed(1))
    state = random_state()
    with torch.no_grad():
        plain = architecture.build(RECORD, state, bands=RGB).pooled(pixels, "cls-mean")
        for key, value in state.items():
            noise = torch.randn(value.shape, generator=torch.Generator().manual_seed(2))
            changed = architecture.build(RECORD, {**state, key: value + 0.5 * noise}, bands=RGB)
            assert float((changed.pooled(pixels, "cls-mean") - plain).abs().max()) > 1e-5, key


def test_it_is_told_from_v1() -> None:
    layout = recognise({key: tuple(value.shape) for key, value in random_state().items()})
    assert layout is not None and layout.architecture == "dofa-v2"
    assert dict(layout.variant) == {"width": 48, "depth": 2, "patch_px": 14, "image_px": 56}
    first = EncoderRecord("dofa-tiny", "DOFA tiny", "dofa", {**VARIANT, "patch_px": 14})
    with pytest.raises(EncoderError, match="fit DOFA tiny: .* looks like DOFA v2 ViT of width 48, patch 14"):
        architecture.build(first, random_state(), bands=RGB)


def test_a_second_norm_and_heads_are_tolerated_others_are_not() -> None:
    state = {**random_state(), "norm.weight": torch.ones(48), "head.weight": torch.ones(2, 48)}
    architecture.build(RECORD, state, bands=RGB)
    del state["model.norm.weight"]
    with pytest.raises(EncoderError, match="it lacks the key model.norm.weight; it should not have the key stray"):
        architecture.build(RECORD, {**state, "stray": torch.ones(1)}, bands=RGB)
