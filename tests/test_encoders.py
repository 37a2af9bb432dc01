from __future__ import annotations

import numpy as np
import pytest
from tests.conftest import shared
from tests.small_rasters import texture

from botaclip.core.encoders import embedded, opening, random_conv
from botaclip.core.encoders.onnx_session import OnnxEncoder, open_session
from botaclip.core.errors import EncoderError

RGB, RGBN = ("red", "green", "blue"), ("red", "green", "blue", "nir")
MARGIN, STRIDE = random_conv.MARGIN_PX, random_conv.STRIDE_PX


def encoder(bands: tuple[str, ...] = RGB) -> OnnxEncoder:
    return opening.get("random-conv", bands=bands, value_range=(0.0, 255.0), threads=1)


def window(rows: int, cols: int, *, bands: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and validity for this many cells."""
    height, width = rows * STRIDE + 2 * MARGIN, cols * STRIDE + 2 * MARGIN
    pixels = texture(bands, height, width, seed=seed).astype(np.float32)[None]
    return pixels, np.ones((1, height, width), dtype=bool)


def reach(first: int, count: int) -> slice:
    """Pixels of ``count`` cells and their margins."""
    return slice(first * STRIDE, (first + count) * STRIDE + 2 * MARGIN)


def test_the_golden_numbers() -> None:
    """The filters are the same for ever: models trained today must be applicable tomorrow."""
    rows, cols = np.mgrid[0 : STRIDE + 2 * MARGIN, 0 : STRIDE + 2 * MARGIN]
    pixels = np.stack([(rows * 7 + cols * 3) % 200 + 20, (rows * cols) % 240, (rows - cols) % 17 * 15])[None]
    vector = encoder().encode(pixels.astype(np.float32), np.ones((1, *rows.shape), dtype=bool))[0, :, 0, 0]
    assert vector.shape == (random_conv.dimension(3),)
    inner = pixels[0, :, MARGIN:-MARGIN, MARGIN:-MARGIN].reshape(3, -1) / 255
    np.testing.assert_allclose(vector[:3], (inner.mean(axis=1) - 0.4) / 0.2, rtol=1e-4)
    np.testing.assert_allclose(vector[3:6], inner.std(axis=1) / 0.2, rtol=1e-4)
    np.testing.assert_allclose(vector[[6, 60, 150, 210, 300, 380]], GOLDEN, rtol=2e-4, atol=2e-5)


GOLDEN = [0.258492, 0.121327, 0.071903, 0.016407, 0.696120, 0.793098]


@pytest.mark.parametrize("bands", [RGB, RGBN, ("red",)])
def test_the_graph_is_the_same_bytes_each_time(bands: tuple[str, ...]) -> None:
    assert random_conv.build(bands) == random_conv.build(bands)
    made = encoder(bands)
    assert made.dimension == random_conv.dimension(len(bands)) <= 512
    assert made.stride_px + 2 * made.margin_px < 100
    assert made.encode(*window(2, 3, bands=len(bands))).shape == (1, made.dimension, 2, 3)


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_a_cell_sees_its_margin_and_nothing_beyond(side: str) -> None:
    """The margin is no wider than needed: the pixel just inside it changes the cell, the next leaves every bit."""
    pixels, valid = window(5, 5)
    plain = encoder().encode(pixels, valid)[0, :, 2, 2]
    centre = MARGIN + 2 * STRIDE + STRIDE // 2
    inside = {"left": 2 * STRIDE, "right": 3 * STRIDE + 2 * MARGIN - 1}
    inside |= {"top": inside["left"], "bottom": inside["right"]}
    beyond = inside[side] + (-1 if side in ("left", "top") else 1)
    for place, changes in ((inside[side], True), (beyond, False)):
        changed = pixels.copy()
        row, col = (centre, place) if side in ("left", "right") else (place, centre)
        changed[0, :, row, col] += 90
        vector = encoder().encode(changed, valid)[0, :, 2, 2]
        assert np.array_equal(vector, plain) != changes


def test_a_cell_is_the_same_in_every_window() -> None:
    pixels, valid = window(12, 9)
    whole = encoder().encode(pixels, valid)[0]
    for row, col in ((0, 0), (11, 8), (5, 3)):
        part = (..., reach(row, 1), reach(col, 1))
        alone = encoder().encode(pixels[part], valid[part])[0, :, 0, 0]
        np.testing.assert_allclose(alone, whole[:, row, col], atol=2e-6)


def test_over_a_real_scene_dense_is_patchwise() -> None:
    import rasterio

    with rasterio.open(shared("data/scenes/neon_bart_rgb_10cm_2019.tif")) as dataset:
        pixels = dataset.read(window=((100, 100 + 30 * STRIDE + 2 * MARGIN), (200, 200 + 30 * STRIDE + 2 * MARGIN)))
    pixels = pixels.astype(np.float32)[None]
    valid = np.ones((1, *pixels.shape[2:]), dtype=bool)
    made = encoder()
    dense = made.encode(pixels, valid)[0]
    spread = dense.std(axis=(1, 2))
    patchwise = np.empty_like(dense)
    for row in range(0, 30, 5):
        for col in range(0, 30, 5):
            part = (..., reach(row, 5), reach(col, 5))
            patchwise[:, row : row + 5, col : col + 5] = made.encode(pixels[part], valid[part])[0]
    alive = spread > 0  # a tint that no pixel of the scene has stays 0
    assert alive.mean() > 0.95
    np.testing.assert_array_equal(patchwise[~alive], dense[~alive])
    assert (np.abs(patchwise - dense)[alive] / spread[alive, None, None]).max() <= 1e-3


def test_what_a_pixel_that_is_not_valid_holds_does_not_matter() -> None:
    pixels, valid = window(3, 3)
    valid[0, 10:20, 5:25] = False
    one, other = pixels.copy(), pixels.copy()
    one[:, :, ~valid[0]], other[:, :, ~valid[0]] = 0.0, 255.0
    np.testing.assert_array_equal(encoder().encode(one, valid), encoder().encode(other, valid))
    assert not np.array_equal(encoder().encode(one, valid), encoder().encode(pixels, np.ones_like(valid)))


def test_values_are_scaled_by_the_range_and_clipped() -> None:
    pixels, valid = window(2, 2)
    narrow = opening.get("random-conv", bands=RGB, value_range=(1000.0, 3550.0), threads=1)
    np.testing.assert_allclose(narrow.encode(pixels * 10 + 1000, valid), encoder().encode(pixels, valid), atol=2e-5)
    np.testing.assert_array_equal(encoder().encode(pixels + 1e6, valid), encoder().encode(pixels * 0 + 255, valid))
    assert narrow.sha256 == encoder().sha256


def test_no_tint_sleeps_in_ordinary_colours() -> None:
    """A number that is 0 nearly everywhere explodes, once standardised, where it is not."""
    random = np.random.default_rng(1)
    cells, side = 40, STRIDE
    grey = random.normal(0.4, 0.15, (1, cells, cells))
    colours = np.clip(grey + random.normal(0, 0.04, (4, cells, cells)), 0, 1)
    image = colours.repeat(side, axis=1).repeat(side, axis=2) + random.normal(0, 0.03, (4, cells * side, cells * side))
    pixels = np.pad(image * 255, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)), mode="edge")[None].astype(np.float32)
    vectors = encoder(RGBN).encode(pixels, np.ones((1, *pixels.shape[2:]), dtype=bool))[0].reshape(-1, cells**2)
    tints = vectors[-64:]
    assert (tints.std(axis=1) > 0).all()
    standardised = (tints - tints.mean(axis=1, keepdims=True)) / tints.std(axis=1, keepdims=True)
    assert np.abs(standardised).max() < 15


def stored(made: OnnxEncoder) -> dict:
    return {
        "encoder": {**made.metadata(), "embedded": True}, "bands": [{"role": role} for role in made.bands],
        "value_range": list(made.value_range),
    }  # fmt: skip


def test_an_encoder_survives_the_model_file() -> None:
    made = encoder(RGBN)
    again = embedded.from_parts(made.graphs, stored(made))
    assert (again.bands, again.value_range, again.dimension) == (RGBN, (0.0, 255.0), made.dimension)
    pixels, valid = window(2, 2, bands=4)
    np.testing.assert_allclose(again.encode(pixels, valid), made.encode(pixels, valid), atol=1e-6)


def test_an_altered_encoder_is_refused() -> None:
    made = encoder()
    with pytest.raises(EncoderError, match="not the one it was trained with"):
        embedded.from_parts(encoder(RGBN).graphs, stored(made))
    with pytest.raises(EncoderError, match="does not describe its encoder"):
        embedded.from_parts(made.graphs, {"encoder": {}})


def test_what_does_not_fit_is_worded() -> None:
    with pytest.raises(EncoderError, match=r"no encoder 'resnet'.*botaclip encoders list"):
        opening.get("resnet", bands=RGB, value_range=(0, 255))
    with pytest.raises(EncoderError, match="looks at red, green, blue but got 4 bands"):
        encoder().encode(*window(1, 1, bands=4))
    pixels, valid = window(2, 2)
    with pytest.raises(EncoderError, match="no whole number of cells"):
        encoder().encode(pixels[..., 1:], valid[..., 1:])
    with pytest.raises(EncoderError, match="cannot be opened"):
        open_session(b"no graph")
    with pytest.raises(EncoderError, match="cannot compute on 'abacus'"):
        open_session(encoder().onnx, device="abacus")
