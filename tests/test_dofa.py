"""DOFA against the official implementation's outputs, and what its loader promises."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
import torch

from botaclip.core.encoders import architecture, checkpoint, dofa
from botaclip.core.encoders.dofa import Dofa, WavelengthConvolution
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.registry import RECORDS
from botaclip.core.encoders.timm_library import import_timm
from botaclip.core.errors import EncoderError

from . import parity

SENSORS = ("rgb", "s1", "s2", "naip", "irc", "pan")
CASES = [("tiny", sensor) for sensor in SENSORS] + [("tiny_cls", sensor) for sensor in SENSORS]
CLOSE = {"rtol": 1e-4, "atol": 1e-4}
RGB = ("red", "green", "blue")


def record(name: str) -> EncoderRecord:
    size = parity.config(f"dofa/{name}")["config"]
    variant = {"width": size["dim"], "depth": size["depth"], "heads": size["heads"], "patch_px": size["patch"],
               "image_px": size["img"]}  # fmt: skip
    return EncoderRecord(f"dofa-{name}", f"DOFA {name}", "dofa", variant)


def tensors(arrays: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {key: torch.from_numpy(np.array(value)) for key, value in arrays.items()}


@functools.lru_cache(maxsize=4)
def weights(name: str) -> dict[str, torch.Tensor]:
    stored = parity.stored_state(f"dofa/{name}") if name.startswith("tiny") else None
    return tensors(stored or parity.recipe_state(parity.config(f"dofa/{name}")))


@functools.lru_cache(maxsize=4)
def references(name: str) -> dict[str, np.ndarray]:
    return parity.reference(f"dofa/{name}")


def made(name: str, wavelengths: np.ndarray, state: dict[str, torch.Tensor] | None = None) -> Dofa:
    bands = tuple(f"band {number}" for number in range(len(wavelengths)))
    encoder = architecture.build(
        record(name), state or weights(name), bands=bands, wavelengths=[float(value) for value in wavelengths]
    )
    assert isinstance(encoder, Dofa)
    return encoder


def outputs(encoder: Dofa, state: dict[str, torch.Tensor], pixels: torch.Tensor) -> dict[str, np.ndarray]:
    """What the official model gives: embedded patches, tokens after the last block, feature, logits."""
    with torch.no_grad():
        embedded = encoder.patch_embed(pixels)
        feature = encoder.pooled(pixels, "mean" if "fc_norm.weight" in state else "cls")
        found = {
            "patch_embed": embedded.flatten(2).transpose(1, 2),
            "tokens": encoder.after_blocks(embedded),
            "feat": feature,
            "logits": torch.nn.functional.linear(feature, state["head.weight"], state["head.bias"]),
        }
        assert torch.equal(encoder.tokens(pixels).flatten(2).transpose(1, 2), found["tokens"][:, 1:])
    return {key: value.numpy() for key, value in found.items()}


@pytest.mark.parametrize(("name", "sensor"), CASES)
def test_equals_the_official_implementation(name: str, sensor: str) -> None:
    reference = references(name)
    wavelengths = reference[f"{sensor}_wl"]
    pixels = torch.from_numpy(parity.image((2, len(wavelengths), 64, 64)))
    found = outputs(made(name, wavelengths), weights(name), pixels)
    for key, value in found.items():
        np.testing.assert_allclose(value, reference[f"{sensor}_{key}"], **CLOSE, err_msg=key)


@pytest.mark.parametrize("sensor", ["rgb", "s2"])
def test_equals_the_official_implementation_in_full_size(sensor: str) -> None:
    reference = references("base")
    wavelengths = reference[f"{sensor}_wl"]
    encoder = made("base", wavelengths)
    pixels = torch.from_numpy(parity.image((1, len(wavelengths), 224, 224)))
    with torch.no_grad():
        seen = encoder.after_blocks(encoder.patch_embed(pixels))
        patches = seen[:, 1:].transpose(1, 2).reshape(1, 768, 14, 14)
        feature = encoder.mean_of(patches)
        logits = torch.nn.functional.linear(feature, weights("base")["head.weight"], weights("base")["head.bias"])
    np.testing.assert_allclose(seen[:, ::14].numpy(), reference[f"{sensor}_tokens_sub"], **CLOSE)
    np.testing.assert_allclose(feature.numpy(), reference[f"{sensor}_feat"], **CLOSE)
    np.testing.assert_allclose(logits.numpy(), reference[f"{sensor}_logits"], **CLOSE)


def kinds() -> list[str]:
    """One key of every kind of weight, those of both poolings."""
    return [
        "cls_token", "pos_embed", "fc_norm.weight", "fc_norm.bias", "norm.weight", "norm.bias",
        *(f"patch_embed.weight_generator.{key}" for key in (
            "weight_tokens", "bias_token", "fc_weight.weight", "fc_weight.bias", "fc_bias.weight", "fc_bias.bias")),
        *(f"patch_embed.weight_generator.transformer_encoder.layers.0.{key}" for key in (
            "self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight",
            "self_attn.out_proj.bias", "linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias",
            "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias")),
        *(f"patch_embed.fclayer.{key}" for key in ("w1.weight", "w1.bias", "w2.weight", "w2.bias")),
        *(f"blocks.1.{key}" for key in (
            "norm1.weight", "norm1.bias", "attn.qkv.weight", "attn.qkv.bias", "attn.proj.weight", "attn.proj.bias",
            "norm2.weight", "norm2.bias", "mlp.fc1.weight", "mlp.fc1.bias", "mlp.fc2.weight", "mlp.fc2.bias")),
    ]  # fmt: skip


@pytest.mark.parametrize("key", kinds())
def test_a_perturbed_weight_is_no_longer_equal(key: str) -> None:
    name = "tiny_cls" if key.startswith("norm.") else "tiny"
    reference = references(name)
    # Another number everywhere: a shift alike in all of them would pass through the attention's keys unseen.
    noise = torch.from_numpy(parity.image(tuple(weights(name)[key].shape), 11))
    state = {**weights(name), key: weights(name)[key] + 0.2 * noise}
    found = outputs(made(name, reference["rgb_wl"], state), state, torch.from_numpy(parity.image((2, 3, 64, 64))))
    # The input-dependent scale: what makes the kernels enters times 0.01.
    difference = max(
        np.max(np.abs(found[part] - reference[f"rgb_{part}"]) / (1e-4 + 1e-4 * np.abs(reference[f"rgb_{part}"])))
        for part in ("feat", "tokens", "patch_embed")
    )
    assert difference > 1


def test_every_kind_of_weight_is_perturbed() -> None:
    untouched = {key.replace("blocks.0.", "blocks.1.") for name in ("tiny", "tiny_cls") for key in weights(name)}
    assert untouched - set(kinds()) == {"head.weight", "head.bias"}


def test_the_old_layout_would_give_other_features() -> None:
    reference = references("tiny")
    encoder = made("tiny", reference["rgb_wl"])
    convolution = encoder.patch_embed
    assert isinstance(convolution, torch.nn.Conv2d)
    pixels = torch.from_numpy(parity.image((2, 3, 64, 64)))
    with torch.no_grad():
        fixed = convolution.weight
        # (D, C, k, k) from the same row of numbers that is (C, k, k, D) now.
        convolution.weight = torch.nn.Parameter(fixed.permute(1, 2, 3, 0).reshape(fixed.shape))
        old = encoder.pooled(pixels).numpy()
    assert np.max(np.abs(old - reference["rgb_feat"])) > 0.3


@pytest.mark.parametrize("wavelengths", [(0.665,), (0.842, 0.56), (0.665, 0.56, 0.49, 0.842), (5.405, 5.405)])
def test_folded_equals_unfolded(wavelengths: tuple[float, ...]) -> None:
    torch.manual_seed(3)
    generator = WavelengthConvolution(48, 8).eval()
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.3)
        pixels = torch.randn(2, len(wavelengths), 40, 33)
        unfolded = generator(pixels, torch.tensor(wavelengths))
        folded = generator.folded(wavelengths)(pixels)
    assert folded.shape == (2, 48, 5, 4)
    assert float((folded - unfolded).abs().max()) <= 1e-5 * float(unfolded.std())


def test_bands_come_in_any_order() -> None:
    """The image is a set of bands: reordering bands and wavelengths together changes nothing."""
    pixels = torch.from_numpy(parity.image((1, 4, 64, 64), 3))
    wavelengths, order = np.array([0.665, 0.56, 0.49, 0.842]), [3, 1, 0, 2]
    with torch.no_grad():
        straight = made("tiny", wavelengths).pooled(pixels)
        turned = made("tiny", wavelengths[order]).pooled(pixels[:, order])
    torch.testing.assert_close(straight, turned, rtol=1e-4, atol=1e-4)


def test_wavelengths_of_roles() -> None:
    pixels = torch.from_numpy(parity.image((1, 3, 64, 64), 3))
    with torch.no_grad():
        by_role = architecture.build(record("tiny"), weights("tiny"), bands=RGB).pooled(pixels)
        given = made("tiny", np.array([0.665, 0.56, 0.49])).pooled(pixels)
        reference = made("tiny", np.array([0.665, 0.56, 0.842])).pooled(pixels)
    assert torch.equal(by_role, given)
    assert float((by_role - reference).abs().max()) > 1e-2


@pytest.mark.parametrize(
    ("bands", "wavelengths", "found"),
    [
        ((), None, "no band"),
        (("red", "thermal"), None, "the wavelength of band 'thermal' is not known"),
        (RGB, (0.665, 0.56), "2 wavelengths are given for 3 bands"),
        (RGB, (665.0, 560.0, 490.0), "a wavelength cannot be 665 micrometres"),
        (("red",), (float("nan"),), "a wavelength cannot be nan micrometres"),
        (("red",), (0.0,), "a wavelength cannot be 0 micrometres"),
    ],
)
def test_wrong_wavelengths(bands: tuple[str, ...], wavelengths: tuple[float, ...] | None, found: str) -> None:
    with pytest.raises(EncoderError, match=found):
        dofa.build(record("tiny"), weights("tiny"), bands=bands, wavelengths=wavelengths)


# --- Checkpoints -----------------------------------------------------------------------------------------------------


def test_published_keys_beside_those_it_needs_are_tolerated() -> None:
    """The e100 files have no fc_norm and no head, and what pretraining left behind."""
    state = {key: value for key, value in weights("tiny_cls").items() if not key.startswith("head.")}
    state |= {"mask_token": torch.zeros(1, 1, 32), "projector.weight": torch.zeros(8, 32)}
    pixels = torch.from_numpy(parity.image((2, 3, 64, 64)))
    with torch.no_grad():
        encoder = architecture.build(record("tiny"), state, bands=RGB)
        mean, cls, both = (encoder.pooled(pixels, pooling) for pooling in ("mean", "cls", "cls-mean"))
        plain = encoder.tokens(pixels).mean(dim=(2, 3))
    expected = (plain - plain.mean(1, keepdim=True)) / (plain.var(1, keepdim=True, unbiased=False) + 1e-6).sqrt()
    torch.testing.assert_close(mean, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(cls.numpy(), references("tiny_cls")["rgb_feat"], **CLOSE)
    torch.testing.assert_close(both, torch.cat((cls, mean), 1))


def test_a_checkpoint_without_a_norm_has_no_class_token() -> None:
    encoder = architecture.build(record("tiny"), weights("tiny"), bands=RGB)
    with pytest.raises(EncoderError, match="no class token for pooling cls"), torch.no_grad():
        encoder.pooled(torch.zeros(1, 3, 64, 64), "cls")
    with pytest.raises(EncoderError, match="no pooling 'max'"):
        encoder.pooled(torch.zeros(1, 3, 64, 64), "max")


def test_missing_and_unexpected_keys_are_named() -> None:
    state = dict(weights("tiny"))
    del state["blocks.1.mlp.fc1.weight"], state["cls_token"]
    with pytest.raises(EncoderError) as caught:
        architecture.build(record("tiny"), {**state, "extra.weight": torch.zeros(2)}, bands=RGB)
    said = str(caught.value)
    assert "DOFA tiny" in said and "it lacks the keys cls_token, blocks.1.mlp.fc1.weight" in said
    assert "it should not have the key extra.weight" in said and "it looks like DOFA ViT" in said


def test_another_size_is_explained() -> None:
    with pytest.raises(EncoderError) as caught:
        architecture.build(record("base"), weights("tiny"), bands=RGB)
    said = str(caught.value)
    assert "and 117 more" in said and "cls_token is 1 x 1 x 32 instead of 1 x 1 x 768" in said
    assert "it looks like DOFA ViT of width 32, patch 8" in said


def test_the_checkpoint_of_another_architecture_is_explained() -> None:
    state = tensors(parity.stored_state("dinov3/tiny"))
    with pytest.raises(EncoderError, match="it looks like DINOv3 .* in the layout of Meta"):
        architecture.build(record("tiny"), state, bands=RGB)


def test_other_weights_of_the_same_layout_load() -> None:
    state = tensors(parity.recipe_state(parity.config("dofa/tiny"), seed="other"))
    found = outputs(made("tiny", references("tiny")["rgb_wl"], state), state,
                    torch.from_numpy(parity.image((2, 3, 64, 64))))  # fmt: skip
    assert np.isfinite(found["feat"]).all() and np.max(np.abs(found["feat"] - references("tiny")["rgb_feat"])) > 0.3


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"depth": None}, "'depth' in 'variant' is None"),
        ({"heads": 5}, "5 heads cannot share a width of 32"),
        ({"width": True}, "'width' in 'variant' is True"),
    ],
)
def test_wrong_variants(change: dict, found: str) -> None:
    wrong = dataclasses.replace(record("tiny"), variant={**record("tiny").variant, **change})
    with pytest.raises(EncoderError, match=found):
        architecture.build(wrong, weights("tiny"), bands=RGB)


def test_nothing_is_trained() -> None:
    encoder = architecture.build(record("tiny"), weights("tiny"), bands=RGB)
    assert not encoder.training and not any(parameter.requires_grad for parameter in encoder.parameters())
    assert not any("weight_generator" in name for name, _ in encoder.named_parameters())


def test_weights_are_held_once() -> None:
    encoder = made("tiny", references("tiny")["rgb_wl"])
    given = weights("tiny")["blocks.0.attn.qkv.weight"]
    assert encoder.blocks[0].attn.qkv.weight.data_ptr() == given.data_ptr()  # type: ignore[union-attr, operator]


@pytest.mark.parametrize("name", [name for name, one in RECORDS.items() if one.architecture.startswith("dofa")])
def test_records_of_the_registry_are_complete(name: str) -> None:
    one = RECORDS[name]
    sizes = dofa.vit_sizes(one, patch_px=16)
    assert sizes["width"] == one.dimension and sizes["patch_px"] == one.token_px
    assert one.window_px == one.token_px * dofa.tokens_a_side(one.window_px, one.token_px)
    assert set(checkpoint.REFUSED) <= set(one.refused) or one.architecture == "dofa-v2"


# --- Other sizes of input --------------------------------------------------------------------------------------------


def test_positions_of_another_size() -> None:
    encoder = made("tiny", references("tiny")["rgb_wl"])
    table = torch.zeros(1, 65, 32)
    # A plane stays a plane away from the border, and the class token's position stays what it is.
    rows, columns = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    table[0, 1:, 0], table[0, 1:, 1], table[0, 0, 0] = rows.reshape(-1), columns.reshape(-1), 7.0
    encoder.pos_embed = torch.nn.Parameter(table, requires_grad=False)
    larger = encoder.positions(16, 12)
    assert larger.shape == (1, 193, 32) and float(larger[0, 0, 0]) == 7.0
    inner = larger[0, 1:].reshape(16, 12, 32)[4:-4, 4:-4]
    expected = torch.arange(4, 12)[:, None] * 0.5 - 0.25
    torch.testing.assert_close(inner[..., 0], expected.expand(8, 4), rtol=0, atol=1e-5)
    torch.testing.assert_close(inner[0, :, 1], (torch.arange(4, 8) + 0.5) * 8 / 12 - 0.5, rtol=0, atol=1e-5)
    assert torch.equal(encoder.positions(8, 8), table)


def test_positions_of_another_size_equal_those_of_timm() -> None:
    timm = import_timm()
    encoder = made("tiny", references("tiny")["rgb_wl"])
    for size in ((12, 12), (5, 9), (8, 16)):
        theirs = timm.layers.resample_abs_pos_embed(encoder.pos_embed, list(size), [8, 8], num_prefix_tokens=1)
        torch.testing.assert_close(encoder.positions(*size), theirs, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("height", "width", "shape"), [(96, 64, (12, 8)), (61, 70, (7, 9)), (32, 32, (4, 4))])
def test_any_size_prepared_or_not(height: int, width: int, shape: tuple[int, int]) -> None:
    encoder = made("tiny", references("tiny")["rgb_wl"])
    pixels = torch.from_numpy(parity.image((1, 3, height, width)))
    with torch.no_grad():
        plain = encoder.tokens(pixels)
        encoder.prepare(height, width)
        assert torch.equal(encoder.tokens(pixels), plain)
    assert plain.shape == (1, 32, *shape)


def test_a_token_looks_one_pixel_up_and_left_of_its_place() -> None:
    """The padding of one pixel: patch i embeds pixels 8 i - 1 ... 8 i + 6."""
    encoder = made("tiny", references("tiny")["rgb_wl"])
    pixels = torch.zeros(1, 3, 64, 64)
    dotted = pixels.clone()
    dotted[..., 15, 7] = 1.0
    with torch.no_grad():
        change = (encoder.patch_embed(dotted) - encoder.patch_embed(pixels)).abs().amax(1)[0]
    assert change.nonzero().tolist() == [[2, 1]]
