"""Any network of timm gives what timm says it gives: convolutions, Swin-like maps and tokens alike."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from botaclip.core.encoders.export import export_graph
from botaclip.core.encoders.onnx_session import open_session
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.timm_backbone import TimmBackbone, build, timm_record
from botaclip.core.encoders.timm_library import create
from botaclip.core.errors import EncoderError

from . import parity

RGB = ("red", "green", "blue")
# Small ones of each kind: batch norm, norm behind the pooling, class token, no class token, maps with channels last.
NAMES = ("resnet18", "convnext_atto", "vit_tiny_patch16_224", "vit_tiny_patch16_dinov3_qkvb", "pvt_v2_b0",
         "swinv2_cr_tiny_ns_224", "hiera_tiny_224")  # fmt: skip


@functools.lru_cache(maxsize=3)
def network(name: str) -> nn.Module:
    """A classifier with weights that are no fresh ones: those leave many layers out."""
    made = create(name, num_classes=7).eval()
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=random))
    return made


@functools.lru_cache(maxsize=8)
def described(name: str) -> EncoderRecord:
    return timm_record(name)


def encoder(name: str, stage: int | None = None) -> TimmBackbone:
    return build(described(name), network(name).state_dict(), bands=RGB, stage=stage)


def image(side: int, height: int | None = None) -> Tensor:
    return torch.from_numpy(parity.image((1, 3, height or side, side)))


@pytest.mark.parametrize("name", NAMES)
def test_vectors_and_maps_are_timms(name: str) -> None:
    about, theirs = described(name), network(name)
    ours, pixels = encoder(name), image(about.input_px)
    with torch.no_grad():
        output = theirs.forward_features(pixels)
        vector = theirs.forward_head(output, pre_logits=True)
    tokens = ours.tokens(pixels)
    side = about.input_px // about.token_px
    assert tokens.shape == (1, about.dimension, side, side)
    assert (ours.dimension, ours.token_px) == (about.dimension, about.token_px)
    np.testing.assert_allclose(ours.pooled(pixels, about.poolings[0]).numpy(), vector.numpy(), rtol=1e-4, atol=1e-5)
    if output.ndim == 3:
        output = output[:, -side * side :].unflatten(1, (side, side))
    if output.shape[1] != about.dimension:
        output = output.permute(0, 3, 1, 2)
    assert torch.equal(tokens, output)


@pytest.mark.parametrize("name", ["resnet18", "pvt_v2_b0"])
def test_earlier_stages_are_timms(name: str) -> None:
    pixels = image(96, 64)
    for stage in described(name).stages[1:]:
        ours = encoder(name, stage)
        infos = [info["reduction"] for info in network(name).feature_info]
        with torch.no_grad():
            maps = network(name).forward_intermediates(pixels, intermediates_only=True)
        expected = maps[infos.index(2**stage)]
        assert torch.equal(ours.tokens(pixels), expected)
        assert (ours.dimension, ours.token_px) == (expected.shape[1], 2**stage)
    deepest = described(name).stages[0]
    assert torch.equal(encoder(name, deepest).tokens(pixels), encoder(name).tokens(pixels))


def test_class_tokens_and_registers_are_no_part_of_the_map() -> None:
    ours, pixels = encoder("vit_tiny_patch16_dinov3_qkvb"), image(256)
    with torch.no_grad():
        sequence = network("vit_tiny_patch16_dinov3_qkvb").forward_features(pixels)
    assert sequence.shape[1] == 1 + 4 + 256
    cls, tokens = ours.features(pixels)
    assert cls is not None and torch.equal(cls, sequence[:, 0])
    assert torch.equal(tokens.flatten(2).mT, sequence[:, 5:])
    assert torch.equal(ours.pooled(pixels, "cls-mean"), torch.cat((cls, tokens.mean(dim=(2, 3))), dim=1))


def test_networks_of_free_size_take_oblong_inputs() -> None:
    assert encoder("resnet18").tokens(image(96, 64)).shape == (1, 512, 2, 3)
    assert encoder("vit_tiny_patch16_dinov3_qkvb").tokens(image(96, 64)).shape == (1, 192, 4, 6)


def test_those_of_one_size_say_so() -> None:
    with pytest.raises(EncoderError, match=r"made for 224 × 224 pixels, not 64 × 96\. Use mode exact"):
        encoder("vit_tiny_patch16_224").tokens(image(96, 64))


def test_no_class_token_no_class_pooling() -> None:
    with pytest.raises(EncoderError, match="no class token for pooling cls"):
        encoder("resnet18").pooled(image(64), "cls")


# --- records ---------------------------------------------------------------------------------------------------------


def test_a_record_says_what_timm_says() -> None:
    about = timm_record("vit_small_patch16_dinov3.lvd1689m", file="model.safetensors")
    assert (about.id, about.architecture) == ("vit_small_patch16_dinov3", "timm")
    assert about.variant == {"timm": "vit_small_patch16_dinov3.lvd1689m"}
    assert about.mean == pytest.approx({"red": 123.675, "green": 116.28, "blue": 103.53})
    assert about.std == pytest.approx({"red": 58.395, "green": 57.12, "blue": 57.375})
    assert (about.input_px, about.token_px, about.dimension, about.drop_tokens) == (256, 16, 384, 2)
    assert about.poolings == ("mean", "cls", "cls-mean") and about.stages == ()
    assert about.licence == "dinov3-license" and about.file == "model.safetensors"


@pytest.mark.parametrize(("name", "input_px", "token_px", "window_px", "modes"), [
    ("resnet10t", 176, 32, 192, ("exact", "tokens")), ("tinynet_e", 106, 32, 128, ("exact", "tokens")),
    ("vit_tiny_patch16_224", 224, 16, 224, ("exact", "tokens")), ("inception_v3", 299, 32, 320, ("exact",)),
])  # fmt: skip
def test_sizes_that_the_stride_does_not_divide(
    name: str, input_px: int, token_px: int, window_px: int, modes: tuple[str, ...]
) -> None:
    """Patches are looked at in the size of its training; windows are whole cells, or there are none."""
    about = described(name)
    assert (about.input_px, about.token_px, about.window_px, about.modes) == (input_px, token_px, window_px, modes)
    if "tokens" not in modes:
        return
    ours = encoder(name)
    assert ours.token_px == token_px
    count = window_px // token_px
    assert ours.tokens(image(window_px)).shape == (1, about.dimension, count, count)
    assert 0 <= 2 * about.drop_tokens < count


def test_such_a_network_becomes_graphs() -> None:
    ours = encoder("resnet10t")
    about, pixels = described("resnet10t"), image(192)
    tokens = open_session(export_graph(ours, mode="tokens", channels=3, window_px=about.window_px))
    found = tokens.run(None, {"pixels": pixels.numpy()})[0]
    np.testing.assert_allclose(found, ours.tokens(pixels).numpy(), rtol=1e-3, atol=1e-4)


def test_a_record_of_other_bands_needs_their_normalisation() -> None:
    bands = (*RGB, "nir")
    with pytest.raises(EncoderError, match=r"of resnet18 is for 3 bands, not for 4 \(red, green, blue, nir\)"):
        timm_record("resnet18", bands=bands)
    about = timm_record("resnet18", id="mine", bands=bands, mean=dict.fromkeys(bands, 500.0),
                        std=dict.fromkeys(bands, 90.0), value_range=(0.0, 10000.0), input_px=128)  # fmt: skip
    assert about.id == "mine" and about.bands == bands and about.mean["nir"] == 500.0 and about.input_px == 128
    assert about.stages == (5, 4, 3, 2, 1)
    state = create("resnet18", num_classes=0, in_chans=4).state_dict()
    assert build(about, state, bands=bands).tokens(torch.zeros(1, 4, 64, 64)).shape == (1, 512, 2, 2)


def test_mean_and_spread_are_in_units_of_the_value_range() -> None:
    about = timm_record("resnet18", value_range=(100.0, 1100.0))
    assert about.mean["red"] == pytest.approx(585.0) and about.std["red"] == pytest.approx(229.0)


def test_another_input_size_resizes_the_positions_of_a_transformer() -> None:
    about = timm_record("vit_tiny_patch16_224", input_px=160)
    assert (about.input_px, about.token_px) == (160, 16)
    ours = build(about, network("vit_tiny_patch16_224").state_dict(), bands=RGB)
    assert ours.tokens(image(160)).shape == (1, 192, 10, 10)
    assert not torch.equal(ours.network.pos_embed[:, 1:2], network("vit_tiny_patch16_224").pos_embed[:, 1:2])


# --- checkpoints -----------------------------------------------------------------------------------------------------


def test_a_layout_that_timm_knows_is_converted() -> None:
    """That of the authors of ConvNeXt, here."""
    plain = network("convnext_atto").state_dict()
    original = {}
    for key, value in plain.items():
        new = key.replace("stem.", "downsample_layers.0.").replace("head.norm.", "norm.").replace("head.fc.", "head.")
        new = new.replace(".conv_dw.", ".dwconv.").replace(".mlp.fc1.", ".pwconv1.").replace(".mlp.fc2.", ".pwconv2.")
        for stage in range(4):
            new = new.replace(f"stages.{stage}.blocks.", f"stages.{stage}.")
            new = new.replace(f"stages.{stage}.downsample.", f"downsample_layers.{stage}.")
        original[new] = value
    assert set(original) != set(plain)
    ours = build(described("convnext_atto"), original, bands=RGB)
    assert torch.equal(ours.tokens(image(64)), encoder("convnext_atto").tokens(image(64)))


def test_classifiers_may_be_there_and_nothing_else() -> None:
    state = dict(network("resnet18").state_dict())
    assert "fc.weight" in state
    state["layer5.0.conv1.weight"] = state.pop("layer4.1.conv2.weight")
    with pytest.raises(EncoderError) as caught:
        build(described("resnet18"), state, bands=RGB)
    assert "layer5.0.conv1.weight" in caught.value.sentence and "layer4.1.conv2.weight" in caught.value.sentence


def test_a_checkpoint_of_another_network_bands_names_and_stages_are_refused() -> None:
    with pytest.raises(EncoderError, match="does not fit resnet18 of timm"):
        build(described("resnet18"), network("convnext_atto").state_dict(), bands=RGB)
    with pytest.raises(EncoderError, match="looks at 3 bands, not at the 4 given"):
        build(described("resnet18"), network("resnet18").state_dict(), bands=(*RGB, "nir"))
    with pytest.raises(EncoderError, match=r"has no model 'resnet_18'\. The nearest names are .*resnet"):
        timm_record("resnet_18")
    with pytest.raises(EncoderError, match=r"resnet18 has no stage 7\. Choose one of 5, 4, 3, 2, 1"):
        encoder("resnet18", 7)
    with pytest.raises(EncoderError, match="has no stages to choose from"):
        encoder("vit_tiny_patch16_224", 3)
