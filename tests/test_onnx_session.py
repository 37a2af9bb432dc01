"""Encoders that are one graph: what goes in, what comes out, and what they say about themselves."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from tests.window_encoders import DEPTH, RGB, exact_encoder, token_encoder

from botaclip.core.encoders import onnx_session, opening
from botaclip.core.encoders.batches import OutOfGraphMemory
from botaclip.core.encoders.onnx_session import OnnxEncoder
from botaclip.core.errors import EncoderError

FIRST_RELEASE = {
    "id", "sha256", "kind", "licence", "citation", "stride_px", "margin_px", "dimension", "centre", "spread",
}  # fmt: skip


def noise(count: int, side: int, *, bands: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.uniform(0, 255, (count, bands, side, side)).astype("float32"), np.ones((count, side, side), bool)


def test_bands_are_scaled_each_by_its_own() -> None:
    encoder = token_encoder(centre=(0.1, 0.2, 0.3), spread=(0.5, 1.0, 2.0), value_range=(50.0, 150.0))
    pixels = np.stack([np.full((2, 2), value, np.float32) for value in (50.0, 100.0, 400.0)])[None]
    valid = np.array([[[True, True], [True, False]]])
    scaled = encoder.scaled(pixels, valid)
    np.testing.assert_allclose(scaled[0, :, 0, 0], [-0.2, 0.3, 0.35], rtol=1e-6)
    np.testing.assert_array_equal(scaled[0, :, 1, 1], 0.0)


def test_one_number_for_all_bands_is_that_number_for_each() -> None:
    pixels, valid = noise(1, 28)
    one = dataclasses.replace(token_encoder(), centre=0.4, spread=0.2)
    each = dataclasses.replace(token_encoder(), centre=(0.4,) * 3, spread=(0.2,) * 3)
    np.testing.assert_array_equal(one.scaled(pixels, valid), each.scaled(pixels, valid))


def test_the_inner_tokens_are_kept() -> None:
    encoder = token_encoder()
    assert (encoder.kept_tokens, encoder.tile_px) == (3, 28)
    pixels, valid = noise(2, 28)
    kept, every = encoder.encode(pixels, valid), dataclasses.replace(encoder, drop_tokens=0).encode(pixels, valid)
    assert kept.shape == (2, DEPTH, 3, 3)
    np.testing.assert_array_equal(kept, every[:, :, 2:5, 2:5])


@pytest.mark.parametrize("side", [16, 5, 61])
def test_a_patch_of_any_size_has_one_vector(side: int) -> None:
    pixels, valid = noise(3, side)
    vectors = exact_encoder().encode(pixels, valid)
    assert vectors.shape == (3, DEPTH)
    assert len(np.unique(vectors[:, 0])) == 3
    flat = exact_encoder().encode(np.full((1, 3, side, side), 99, np.float32), valid[:1])
    np.testing.assert_allclose(flat[0, : DEPTH // 2], flat[0, DEPTH // 2 :], atol=1e-5)


@pytest.mark.parametrize("encoder", [token_encoder(), exact_encoder()])
def test_on_the_cpu_a_vector_depends_on_nothing_beside_it(
    encoder: OnnxEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    run = onnx_session.run_session
    monkeypatch.setattr(
        onnx_session, "run_session",
        lambda session, inputs: sizes.append(len(inputs["pixels"])) or run(session, inputs),
    )  # fmt: skip
    pixels, valid = noise(4, 28)
    together = encoder.encode(pixels, valid)
    assert sizes == [1, 1, 1, 1]
    assert encoder.batch == 1
    for i in range(4):
        np.testing.assert_array_equal(encoder.encode(pixels[i : i + 1], valid[i : i + 1])[0], together[i])


def test_a_batch_that_does_not_fit_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU, whose memory holds three windows."""
    encoder, tried = exact_encoder(), []
    expected = encoder.encode(*noise(13, 28))
    run = onnx_session.run_session

    def small(session: object, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        tried.append(len(inputs["pixels"]))
        if tried[-1] > 3:
            raise OutOfGraphMemory("no memory")
        return run(session, inputs)  # type: ignore[arg-type]

    monkeypatch.setattr(onnx_session, "run_session", small)
    encoder = exact_encoder()
    encoder._batches.size = 16
    np.testing.assert_allclose(encoder.encode(*noise(13, 28)), expected, atol=1e-6)
    assert tried == [13, 6, 3, 3, 3, 3, 1]
    assert encoder.batch == 3


@pytest.mark.parametrize(
    "text",
    ["bfc_arena.cc:377 Failed to allocate memory for requested buffer of size 1", "CUDA failure 2: out of memory",
     "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED", "std::bad_alloc"],
)  # fmt: skip
def test_no_memory_is_known_by_its_words(text: str) -> None:
    class Full:
        def run(self, *args: object) -> None:
            raise RuntimeError(text)

    with pytest.raises(OutOfGraphMemory, match="more memory than there is"):
        onnx_session.run_session(Full(), {})  # type: ignore[arg-type]


def test_windows_of_another_size_are_refused() -> None:
    pixels, valid = noise(1, 32)
    with pytest.raises(EncoderError, match="toy-tokens looks at windows of 28 pixels a side, not of 32 x 32"):
        token_encoder().encode(pixels, valid)
    with pytest.raises(EncoderError, match="toy-exact looks at squares, not at windows of 32 x 16 pixels"):
        exact_encoder().encode(pixels[..., :16], valid[..., :16])
    with pytest.raises(EncoderError, match="looks at red, green, blue but got 2 bands"):
        exact_encoder().encode(pixels[:, :2], valid)


def test_a_graph_that_makes_something_else_is_refused() -> None:
    pixels, valid = noise(1, 28)
    with pytest.raises(EncoderError, match=r"made float32 \(1, 6, 7, 7\) of \(1, 3, 28, 28\), not what it states"):
        token_encoder(dimension=5).encode(pixels, valid)
    with pytest.raises(EncoderError, match=r"made float32 \(1, 6\) of"):
        exact_encoder(dimension=7).encode(pixels, valid)
    with pytest.raises(EncoderError, match=r"made float32 \(1, 6, 7, 7\) of"):
        exact_encoder(onnx=token_encoder().onnx).encode(pixels, valid)


def test_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(EncoderError, match="of a kind that is not known here, 'sparse'"):
        token_encoder(kind="sparse")
    with pytest.raises(EncoderError, match="3 bands and a spread for 2"):
        token_encoder(spread=(1.0, 2.0))
    with pytest.raises(EncoderError, match="nothing is left after 4"):
        token_encoder(drop_tokens=4)


def test_how_far_each_kind_sees() -> None:
    dense = opening.get("random-conv", bands=RGB, value_range=(0.0, 255.0))
    assert dense.reach_px == dense.margin_px == 4
    # The outermost kept token sees up to the other end of its window: 4 tokens beyond its own.
    assert token_encoder().reach_px == 4 * 4
    assert token_encoder(drop_tokens=0).reach_px == 6 * 4
    assert exact_encoder().reach_px == 0


def test_only_the_exact_kind_takes_the_lattices_stride() -> None:
    assert exact_encoder().with_stride(9).stride_px == 9
    assert token_encoder().with_stride(4).stride_px == 4
    with pytest.raises(EncoderError, match="toy-tokens has cells of 4 pixels, the lattice of 9"):
        token_encoder().with_stride(9)


@pytest.mark.parametrize(
    "change",
    [{"centre": (0.4, 0.4, 0.4)}, {"spread": (0.2, 0.2, 0.2)}, {"value_range": (0.0, 200.0)}, {"stride_px": 2},
     {"drop_tokens": 1}, {"window_tokens": 8}, {"kind": "exact"}, {"bands": ("red", "green", "nir")},
     {"onnx": exact_encoder().onnx}],
)  # fmt: skip
def test_whatever_changes_a_vector_changes_the_identity(change: dict) -> None:
    assert token_encoder(**change).identity != token_encoder().identity
    assert token_encoder(threads=2, licence="other").identity == token_encoder().identity


def test_a_plain_dense_encoder_says_what_the_first_release_reads() -> None:
    dense = opening.get("random-conv", bands=RGB, value_range=(0.0, 255.0))
    assert dense.plain
    assert set(dense.metadata()) == FIRST_RELEASE
    assert set(dataclasses.replace(dense, precision="fp16").metadata()) == FIRST_RELEASE | {"precision"}


def test_other_encoders_say_all_about_themselves() -> None:
    about = json.loads(json.dumps(token_encoder(pooling="mean", fidelity={"cosine": 0.9997}, stage=3).metadata()))
    assert FIRST_RELEASE < set(about)
    assert {name: about[name] for name in set(about) - FIRST_RELEASE} == {
        "reach_px": 16, "window_tokens": 7, "drop_tokens": 2, "input_px": 0, "pooling": "mean", "stage": 3,
        "precision": "fp32", "checkpoint_sha256": "", "fidelity": {"cosine": 0.9997}, "verified": True,
    }  # fmt: skip
    assert about["centre"] == [0.485, 0.456, 0.406]
