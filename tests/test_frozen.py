"""What every frozen encoder does alike: pooling, what it lacks, and how weights get in."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from botaclip.core.encoders.frozen import FrozenEncoder, load_state
from botaclip.core.errors import EncoderError


class Halves(FrozenEncoder):
    """Tokens are means of 2 x 2 pixels; the class token, where it has one, is the first pixel."""

    def __init__(self, with_class: bool) -> None:
        super().__init__()
        self.with_class = with_class
        self.scale = nn.Parameter(torch.ones(1))
        self.calls = 0

    def features(self, pixels: Tensor) -> tuple[Tensor | None, Tensor]:
        self.calls += 1
        tokens = nn.functional.avg_pool2d(pixels, 2) * self.scale
        return (pixels[:, :, 0, 0] if self.with_class else None), tokens


PIXELS = torch.arange(2 * 3 * 4 * 4, dtype=torch.float32).reshape(2, 3, 4, 4)


def test_poolings() -> None:
    encoder = Halves(True).frozen()
    mean, cls = PIXELS.mean(dim=(2, 3)), PIXELS[:, :, 0, 0]
    assert torch.equal(encoder.pooled(PIXELS), mean) and torch.equal(encoder.pooled(PIXELS, "cls"), cls)
    encoder.calls = 0
    assert torch.equal(encoder.pooled(PIXELS, "cls-mean"), torch.cat((cls, mean), 1))
    assert encoder.calls == 1  # the image is looked at once for both
    assert torch.equal(encoder(PIXELS), encoder.tokens(PIXELS)) and encoder.tokens(PIXELS).shape == (2, 3, 2, 2)


@pytest.mark.parametrize("pooling", ["cls", "cls-mean"])
def test_without_a_class_token(pooling: str) -> None:
    with pytest.raises(EncoderError, match=f"no class token for pooling {pooling}. Choose pooling mean"):
        Halves(False).pooled(PIXELS, pooling)


def test_what_it_cannot() -> None:
    with pytest.raises(EncoderError, match="there is no pooling 'max'. Choose one of cls, mean, cls-mean"):
        Halves(True).pooled(PIXELS, "max")
    with pytest.raises(EncoderError, match="sees too far for mode dense"):
        Halves(True).dense(PIXELS)


def test_frozen() -> None:
    encoder = Halves(True)
    assert encoder.frozen() is encoder and not encoder.training and not encoder.scale.requires_grad


def test_weights_of_no_use_are_told_from_unexpected_ones() -> None:
    module = nn.Linear(2, 2)
    state = {"weight": torch.ones(2, 2), "head.x": torch.ones(1), "header": torch.ones(1), "mask": torch.ones(1)}
    with pytest.raises(EncoderError) as caught:
        load_state(module, state, name="a map", tolerated=("head.", "mask"), optional=("bias",))
    assert "does not fit a map: it should not have the key header; it looks like no encoder" in str(caught.value)
    before = module.bias.clone()
    load_state(module, {"weight": torch.ones(2, 2)}, name="a map", optional=("bias",))
    assert torch.equal(module.weight, torch.ones(2, 2)) and torch.equal(module.bias, before)
    with pytest.raises(EncoderError, match="it lacks the key bias"):
        load_state(module, {"weight": torch.ones(2, 2)}, name="a map")
    with pytest.raises(EncoderError, match="weight is 2 x 3 instead of 2 x 2"):
        load_state(module, {"weight": torch.ones(2, 3)}, name="a map", optional=("bias",))


def test_nothing_is_loaded_when_something_does_not_fit() -> None:
    module = nn.Linear(2, 2)
    before = module.weight.clone()
    with pytest.raises(EncoderError):
        load_state(module, {"weight": torch.zeros(2, 2)}, name="a map")
    assert torch.equal(module.weight, before)


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_half_precision_becomes_the_modules_own(device: str) -> None:
    with torch.device(device):
        module = nn.Linear(2, 2)
    state = {"weight": torch.ones(2, 2, dtype=torch.float16), "bias": torch.full((2,), 0.5, dtype=torch.bfloat16)}
    load_state(module, state, name="a map")
    assert module.weight.dtype == torch.float32 and module.bias.tolist() == [0.5, 0.5]
