"""DINOv3: the authors' numbers from every layout of the keys, and clear words about files that do not fit."""

from __future__ import annotations

import functools
import re

import numpy as np
import pytest
import torch
from torch import Tensor

from botaclip.core.encoders.dinov3 import DINOv3, build, to_timm
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.timm_library import create
from botaclip.core.errors import EncoderError

from . import parity

TINY = ("tiny", "tiny_bf16p", "tiny_untied", "tiny_zerob", "tiny_swiglu")
BANDS = ("red", "green", "blue")
TOLERANCE = {"rtol": 1e-4, "atol": 1e-4}


def record(case: str) -> EncoderRecord:
    sizes = parity.config(f"dinov3/{case}")["config"]
    variant: dict = {"width": sizes["dim"], "depth": sizes["depth"], "heads": sizes["heads"]}
    if sizes.get("ffn") == "swiglu":
        variant |= {"ffn": "swiglu", "hidden": sizes["dim"] * sizes["ffn_ratio"] * 2 // 3}
    if case == "vits16":
        variant = {"timm": "vit_small_patch16_dinov3"}
    return EncoderRecord(id=case, title=f"DINOv3 {case}", architecture="dinov3", variant=variant)


@functools.lru_cache(maxsize=2)
def weights(case: str) -> dict[str, Tensor]:
    if case in TINY:
        arrays = parity.stored_state(f"dinov3/{case}")
    else:
        arrays = parity.recipe_state(parity.config(f"dinov3/{case}"))
        # The references have the formula's values here and not the recipe's, as the README says.
        count = len(arrays["rope_embed.periods"])
        arrays["rope_embed.periods"] = (100.0 ** (np.arange(count) / count)).astype(np.float32)
        for key in [key for key in arrays if key.endswith("bias_mask")]:
            arrays[key] = np.repeat(np.float32([1, 0, 1]), len(arrays[key]) // 3)
    return {key: torch.from_numpy(np.array(value)) for key, value in arrays.items()}


def encoder(case: str, state: dict[str, Tensor] | None = None) -> DINOv3:
    return build(record(case), weights(case) if state is None else state, bands=BANDS)


def image(case: str) -> Tensor:
    return torch.from_numpy(parity.reference(f"dinov3/{case}")["x"])


def answers(model: DINOv3, pixels: Tensor) -> dict[str, np.ndarray]:
    """All that the references hold, by their names."""
    prenorm: list[Tensor] = []
    handle = model.network.norm.register_forward_pre_hook(lambda _module, inputs: prenorm.append(inputs[0]))
    sequence = model.sequence(pixels)
    handle.remove()
    first, second = model.layers(pixels, [0, 1])
    found = {"cls": sequence[:, 0], "storage": sequence[:, 1:5], "patch": sequence[:, 5:], "prenorm": prenorm[0],
             "layer0": first, "layer1": second}  # fmt: skip
    return {name: value.numpy() for name, value in found.items()}


@pytest.mark.parametrize("case", TINY)
def test_tiny_models_give_the_numbers_of_the_authors(case: str) -> None:
    expected = parity.reference(f"dinov3/{case}")
    found = answers(encoder(case), image(case))
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], **TOLERANCE, err_msg=name)


@pytest.mark.parametrize(
    "key",
    ["storage_tokens", "rope_embed.periods", "patch_embed.proj.bias", "blocks.0.attn.qkv.weight",
     "blocks.0.attn.qkv.bias", "blocks.0.ls1.gamma", "blocks.1.mlp.fc2.weight", "norm.weight"],
)  # fmt: skip
def test_a_perturbed_weight_does_not(key: str) -> None:
    state = dict(weights("tiny"))
    state[key] = state[key] * 1.05
    expected = parity.reference("dinov3/tiny")["patch"]
    found = answers(encoder("tiny", state), image("tiny"))["patch"]
    assert not np.allclose(found, expected, **TOLERANCE)


def test_vit_small_gives_the_numbers_of_the_authors() -> None:
    expected = parity.reference("dinov3/vits16")
    pixels = torch.from_numpy(parity.image((1, 3, 224, 224)))
    model = encoder("vits16")
    assert (model.dimension, model.token_px) == (384, 16)
    prenorm: list[Tensor] = []
    with model.network.norm.register_forward_pre_hook(lambda _module, inputs: prenorm.append(inputs[0])):
        cls, tokens = model.features(pixels)
    np.testing.assert_allclose(prenorm[0].mean(dim=1).numpy(), expected["prenorm_mean"], **TOLERANCE)
    np.testing.assert_allclose(cls.numpy(), expected["cls"], **TOLERANCE)
    assert tokens.shape == (1, 384, 14, 14)
    np.testing.assert_allclose(tokens.flatten(2).mT[:, ::7].numpy(), expected["patch_sub"], **TOLERANCE)


# --- layouts of the keys ---------------------------------------------------------------------------------------------


def in_timms_layout(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """As timm stores it: no periods, no masks, biases of q and v apart."""
    renamed = {}
    for key, value in state.items():
        if re.search(r"periods|bias_mask|mask_token|local_cls_norm", key):
            continue
        for old, new in (("storage_tokens", "reg_token"), ("ls1.gamma", "gamma_1"), ("ls2.gamma", "gamma_2"),
                         ("mlp.w1", "mlp.fc1_g"), ("mlp.w2", "mlp.fc1_x"), ("mlp.w3", "mlp.fc2")):  # fmt: skip
            key = key.replace(old, new)
        if key.endswith("qkv.bias"):
            query, _, values = value.chunk(3)
            renamed[key.replace("qkv.bias", "q_bias")] = query
            renamed[key.replace("qkv.bias", "v_bias")] = values
        else:
            renamed[key] = value
    return renamed


def in_layout_of_transformers(state: dict[str, Tensor], *, nested: bool) -> dict[str, Tensor]:
    """As transformers 4 (or, nested, 5) stores it: q, k and v apart, k without a bias."""
    names = {
        "cls_token": "embeddings.cls_token", "storage_tokens": "embeddings.register_tokens",
        "mask_token": "embeddings.mask_token", "patch_embed.proj.weight": "embeddings.patch_embeddings.weight",
        "patch_embed.proj.bias": "embeddings.patch_embeddings.bias",
    }  # fmt: skip
    renamed = {}
    for key, value in state.items():
        if re.search(r"periods|bias_mask|local_cls_norm", key):
            continue
        new = names.get(key, re.sub(r"^blocks\.", "model.layer." if nested else "layer.", key))
        for old, other in (("attn.proj", "attention.o_proj"), ("ls1.gamma", "layer_scale1.lambda1"),
                           ("ls2.gamma", "layer_scale2.lambda1"), ("mlp.fc1", "mlp.up_proj"),
                           ("mlp.fc2", "mlp.down_proj"), ("mlp.w1", "mlp.gate_proj"), ("mlp.w2", "mlp.up_proj"),
                           ("mlp.w3", "mlp.down_proj")):  # fmt: skip
            new = new.replace(old, other)
        if "attn.qkv." in new:
            for letter, part in zip("qkv", value.chunk(3), strict=True):
                if letter != "k" or new.endswith("weight"):
                    renamed[new.replace("attn.qkv", f"attention.{letter}_proj")] = part
        else:
            renamed[new] = value
    return renamed


LAYOUTS = {
    "timm": in_timms_layout,
    "transformers 4": functools.partial(in_layout_of_transformers, nested=False),
    "transformers 5": functools.partial(in_layout_of_transformers, nested=True),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_numbers_of_the_authors(layout: str) -> None:
    """Only that of the authors stores the periods; without them they are rounded to bfloat16, as released."""
    state = LAYOUTS[layout](weights("tiny_bf16p"))
    assert not set(state) & {"storage_tokens", "rope_embed.periods"}
    found = answers(encoder("tiny_bf16p", state), image("tiny_bf16p"))
    expected = parity.reference("dinov3/tiny_bf16p")
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], **TOLERANCE, err_msg=name)


@pytest.mark.parametrize("case", ["tiny", "tiny_untied", "tiny_zerob", "tiny_swiglu"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_become_the_same_tensors(case: str, layout: str) -> None:
    straight, around = to_timm(weights(case)), to_timm(LAYOUTS[layout](weights(case)))
    unused = {"mask_token", "local_cls_norm.weight", "local_cls_norm.bias"}
    assert set(straight.state) - unused == set(around.state) - unused
    for key in set(straight.state) - unused:
        assert torch.equal(straight.state[key], around.state[key]), key
    assert around.periods is None and straight.periods is not None


def test_what_was_loaded_can_be_loaded_again_from_timms_own_keys() -> None:
    first = encoder("tiny_bf16p")
    state = {key: value for key, value in first.network.state_dict().items() if "rope" not in key}
    again = encoder("tiny_bf16p", state)
    assert torch.equal(again.sequence(image("tiny")), first.sequence(image("tiny")))


def test_periods_are_those_of_the_checkpoint_else_rounded() -> None:
    stored = weights("tiny")["rope_embed.periods"]
    assert torch.equal(encoder("tiny").positions.periods, stored)
    without = {key: value for key, value in weights("tiny").items() if "periods" not in key}
    rounded = encoder("tiny", without).positions.periods
    assert torch.equal(rounded, weights("tiny_bf16p")["rope_embed.periods"])
    assert not torch.equal(rounded, stored)
    with pytest.raises(EncoderError, match=r"has 5 periods of the rotary code, DINOv3 tiny has 8"):
        encoder("tiny", weights("tiny") | {"rope_embed.periods": stored[:5]})


def test_a_bias_is_made_only_where_there_is_one() -> None:
    assert encoder("tiny_zerob").network.blocks[0].attn.q_bias is None
    assert encoder("tiny").network.blocks[0].attn.q_bias is not None


def test_the_bias_of_keys_is_masked_as_the_checkpoint_says() -> None:
    masked = encoder("tiny").sequence(image("tiny"))
    bare, never_set = dict(weights("tiny")), dict(weights("tiny"))
    for key in [key for key in bare if key.endswith("bias_mask")]:
        del bare[key]
        never_set[key] = torch.full_like(never_set[key], torch.nan)
    assert torch.equal(encoder("tiny", never_set).sequence(image("tiny")), masked)
    assert float((encoder("tiny", bare).sequence(image("tiny")) - masked).abs().max()) > 1e-3


# --- what it gives ---------------------------------------------------------------------------------------------------


def test_pooling() -> None:
    model, pixels = encoder("tiny"), image("tiny")
    expected = parity.reference("dinov3/tiny")
    mean = expected["patch"].mean(axis=1)
    np.testing.assert_allclose(model.pooled(pixels, "cls").numpy(), expected["cls"], **TOLERANCE)
    np.testing.assert_allclose(model.pooled(pixels, "mean").numpy(), mean, **TOLERANCE)
    both = model.pooled(pixels, "cls-mean").numpy()
    np.testing.assert_allclose(both, np.concatenate([expected["cls"], mean], axis=1), **TOLERANCE)


def test_tokens_lie_as_their_patches_do() -> None:
    model, pixels = encoder("tiny"), image("tiny")
    tokens = model.tokens(pixels)
    assert tokens.shape == (2, 64, 4, 6)
    expected = parity.reference("dinov3/tiny")["patch"].reshape(2, 4, 6, 64).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(tokens.numpy(), expected, **TOLERANCE)


def test_made_ready_for_a_size_it_gives_the_same_numbers_for_all_sizes() -> None:
    model, ready = encoder("tiny"), encoder("tiny")
    ready.prepare(64, 96)
    for size in ((64, 96), (96, 64), (48, 32)):
        pixels = torch.from_numpy(parity.image((1, 3, *size)))
        assert torch.equal(model.tokens(pixels), ready.tokens(pixels)), size


@pytest.mark.parametrize("grid", [(4, 6), (1, 3), (37, 21)])
def test_the_rotary_code_is_timms(grid: tuple[int, int]) -> None:
    theirs = create("vit_small_patch16_dinov3", depth=1).rope
    ours = encoder("vits16").positions
    ours.periods.copy_(theirs.periods)
    torch.testing.assert_close(ours.get_embed(grid), theirs.get_embed(shape=list(grid)), rtol=0, atol=2e-6)


def test_sides_that_are_no_multiple_of_16_are_refused() -> None:
    with pytest.raises(EncoderError, match=r"cannot look at 40 × 64 pixels\. Use sides that are multiples of 16"):
        encoder("tiny").tokens(torch.zeros(1, 3, 40, 64))


# --- what does not fit -----------------------------------------------------------------------------------------------


def test_missing_and_unexpected_keys_are_named() -> None:
    state = dict(weights("tiny"))
    state["blocks.7.norm1.weight"] = state.pop("blocks.1.norm1.weight")
    with pytest.raises(EncoderError) as caught:
        encoder("tiny", state)
    assert "blocks.1.norm1.weight" in caught.value.sentence and "blocks.7.norm1.weight" in caught.value.sentence


@pytest.mark.parametrize("layout", ["Meta", *LAYOUTS])
def test_the_layout_is_told_from_the_files_own_keys(layout: str) -> None:
    state = dict(weights("tiny") if layout == "Meta" else LAYOUTS[layout](weights("tiny")))
    del state["norm.weight"]
    with pytest.raises(EncoderError) as caught:
        encoder("tiny", state)
    said = caught.value.sentence
    assert "it lacks the key norm.weight" in said
    assert f"it looks like DINOv3 ViT of width 64, patch 16 in the layout of {layout.split()[0]}" in said


def test_another_number_of_bands_is_named() -> None:
    with pytest.raises(EncoderError, match=r"looks at 3 bands, not at the 4 given \(red, green, blue, nir\)"):
        build(record("tiny"), weights("tiny"), bands=(*BANDS, "nir"))


def test_a_record_without_sizes_and_a_name_of_another_family_are_refused() -> None:
    bare = EncoderRecord(id="x", title="X", architecture="dinov3", variant={"width": 64})
    with pytest.raises(EncoderError, match="does not say its depth, heads"):
        build(bare, weights("tiny"), bands=BANDS)
    other = EncoderRecord(id="x", title="X", architecture="dinov3", variant={"timm": "vit_tiny_patch16_224"})
    with pytest.raises(EncoderError, match="vit_tiny_patch16_224 of timm is not a DINOv3"):
        build(other, weights("tiny_zerob"), bands=BANDS)
