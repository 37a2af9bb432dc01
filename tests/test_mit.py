"""The mix transformer: the numbers of the segmentation library that FLAIR-INC was trained with."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from botaclip.core.encoders.mit import B5, MixTransformer, build
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.errors import EncoderError

from . import parity

BANDS = ("red", "green", "blue")
SMALL = {"widths": (16, 32, 40, 64), "depths": (1, 1, 2, 1), "heads": (1, 2, 5, 8), "reductions": (8, 4, 2, 1)}

# Of segmentation-models-pytorch 0.6.0, weights by the recipe: shape, two values, spread, mean size, norm of a cell.
GOLDEN = {
    (128, 96): {
        1: ((1, 16, 32, 24), [0.513433, -1.393621, 1.032296, 0.840370, 4.107368]),
        2: ((1, 32, 16, 12), [-1.061988, 0.846277, 1.030771, 0.823456, 5.723391]),
        3: ((1, 40, 8, 6), [-1.392568, -0.627366, 1.015352, 0.815701, 6.207545]),
        4: ((1, 64, 4, 3), [1.733430, -1.076119, 1.020607, 0.806207, 8.153690]),
    },
    (72, 56): {
        1: ((1, 16, 18, 14), [1.175276, 0.265443, 1.002991, 0.814190, 3.842276]),
        2: ((1, 32, 9, 7), [-0.446694, 1.402423, 0.967820, 0.756083, 5.445636]),
        3: ((1, 40, 5, 4), [1.268756, 1.625702, 1.008388, 0.793669, 6.262987]),
        4: ((1, 64, 3, 2), [1.551346, -2.072915, 1.010688, 0.802962, 8.094929]),
    },
}
B5_GOLDEN = {
    3: ((1, 320, 8, 6), [1.008165, -0.143739, 1.010720, 0.816565, 18.125605]),
    4: ((1, 512, 4, 3), [-2.027129, -0.323087, 1.006853, 0.803420, 22.845911]),
}


def summary(tokens: Tensor) -> list[float]:
    cell = tokens[0, :, tokens.shape[2] // 2, 1]
    return [float(value) for value in (tokens[0, 0, 0, 0], tokens[0, 3, -1, -1], tokens.std(), tokens.abs().mean(),
                                       cell.norm())]  # fmt: skip


def record(**variant: object) -> EncoderRecord:
    return EncoderRecord(id="mit", title="MiT", architecture="mit", variant=variant)


def weights(prefix: str = "encoder.", **sizes: tuple[int, ...]) -> dict[str, Tensor]:
    shapes = {f"encoder.{key}": tuple(value.shape) for key, value in MixTransformer(3, **sizes).state_dict().items()}
    filled = parity.recipe_state(shapes)
    return {prefix + key[len("encoder.") :]: torch.from_numpy(np.array(value)) for key, value in filled.items()}


def image(height: int, width: int) -> Tensor:
    return torch.from_numpy(parity.image((1, 3, height, width)))


@pytest.mark.parametrize("stage", [1, 2, 3, 4])
@pytest.mark.parametrize("size", GOLDEN)
def test_stages_are_those_of_the_segmentation_library(size: tuple[int, int], stage: int) -> None:
    shape, golden = GOLDEN[size][stage]
    model = build(record(**SMALL), weights(**SMALL), bands=BANDS, stage=stage)
    tokens = model.tokens(image(*size))
    assert tokens.shape == shape
    assert (model.dimension, model.token_px) == (shape[1], 4 * 2 ** (stage - 1))
    np.testing.assert_allclose(summary(tokens), golden, rtol=1e-4, atol=1e-4)


def test_b5_is_that_of_the_segmentation_library() -> None:
    state = weights(**B5)
    for stage, (shape, golden) in B5_GOLDEN.items():
        tokens = build(record(size="b5"), state, bands=BANDS, stage=stage).tokens(image(128, 96))
        assert tokens.shape == shape
        np.testing.assert_allclose(summary(tokens), golden, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("key", ["encoder.block1.0.attn.sr.weight", "encoder.block3.1.attn.kv.bias",
                                 "encoder.block4.0.mlp.dwconv.dwconv.weight", "encoder.norm4.weight"])  # fmt: skip
def test_a_perturbed_weight_gives_other_numbers(key: str) -> None:
    state = weights(**SMALL)
    state[key] = state[key] + 0.3 * state[key].std() * torch.linspace(-1, 1, state[key].numel()).view_as(state[key])
    tokens = build(record(**SMALL), state, bands=BANDS).tokens(image(128, 96))
    assert not np.allclose(summary(tokens), GOLDEN[128, 96][4][1], rtol=1e-4, atol=1e-4)


def test_wrappers_and_a_bare_network_give_the_same() -> None:
    model = build(record(**SMALL), weights(**SMALL), bands=BANDS)
    for prefix in ("", "model.seg_model.encoder."):
        again = build(record(**SMALL), weights(prefix, **SMALL), bands=BANDS)
        assert torch.equal(again.tokens(image(64, 64)), model.tokens(image(64, 64)))


def test_b5_has_the_keys_of_the_checkpoint() -> None:
    with torch.device("meta"):
        model = MixTransformer(3)
    keys = model.state_dict()
    assert len(keys) == 1052
    assert keys["block1.1.attn.sr.weight"].shape == (64, 64, 8, 8)
    assert keys["block3.39.mlp.dwconv.dwconv.weight"].shape == (1280, 1, 3, 3)
    assert not [key for key in keys if key.startswith("block4") and ".sr." in key]


def test_shallow_stages_hold_no_deep_weights_and_still_ask_for_them() -> None:
    state = weights(**SMALL)
    assert not [key for key in build(record(**SMALL), state, bands=BANDS, stage=2).state_dict() if "block3" in key]
    del state["encoder.block4.0.attn.q.weight"]
    with pytest.raises(EncoderError, match=r"block4\.0\.attn\.q\.weight"):
        build(record(**SMALL), state, bands=BANDS, stage=2)


def test_what_does_not_fit_is_refused() -> None:
    model = build(record(**SMALL), weights(**SMALL), bands=BANDS)
    with pytest.raises(EncoderError, match=r"cannot look at 24 × 64 pixels\. Use at least 32 × 32"):
        model.tokens(image(24, 64))
    with pytest.raises(EncoderError, match="sees too far for mode dense"):
        model.dense(image(64, 64))
    with pytest.raises(EncoderError, match="looks at 3 bands, not at the 1 given"):
        build(record(**SMALL), weights(**SMALL), bands=("red",))
    with pytest.raises(EncoderError, match="sizes are for different numbers of stages"):
        build(record(depths=(1, 2)), weights(**SMALL), bands=BANDS)
    with pytest.raises(EncoderError, match="mit has no stage 5"):
        build(record(**SMALL), weights(**SMALL), bands=BANDS, stage=5)
