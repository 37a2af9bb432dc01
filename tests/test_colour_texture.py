"""Every number of the graph is what the textbook's formula gives, computed pixel by pixel in plain numpy."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest

from botaclip.core.encoders import colour_texture
from botaclip.core.encoders.onnx_session import OnnxEncoder
from botaclip.core.onnx_scan import scan_onnx

from .small_rasters import texture

RGB, RGBN = ("red", "green", "blue"), ("red", "green", "blue", "nir")
MARGIN, STRIDE = colour_texture.MARGIN_PX, colour_texture.STRIDE_PX
MANY = ("red", "green", "blue", "nir", "rededge1", "swir1")
BANDS = [RGB, RGBN, ("red",), ("red", "nir"), ("nir", "red", "green"), ("vv", "vh", "elevation"), MANY]


@functools.cache
def encoder(bands: tuple[str, ...] = RGB) -> OnnxEncoder:
    return OnnxEncoder(
        id="colour-texture", onnx=colour_texture.build(bands), bands=bands, value_range=(0.0, 255.0),
        dimension=colour_texture.dimension(len(bands)), stride_px=STRIDE, margin_px=MARGIN,
        centre=colour_texture.CENTRE, spread=colour_texture.SPREAD, licence=colour_texture.LICENCE,
        citation=colour_texture.CITATION, threads=1,
    )  # fmt: skip


def window(rows: int, cols: int, *, bands: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and validity for this many cells."""
    height, width = rows * STRIDE + 2 * MARGIN, cols * STRIDE + 2 * MARGIN
    pixels = texture(bands, height, width, seed=seed).astype(np.float32)[None]
    return pixels, np.ones((1, height, width), dtype=bool)


def spread(values: np.ndarray) -> float:
    return float(np.sqrt(values.var() + 0.01**2))


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def form(image: np.ndarray, margin: int, side: int) -> list[float]:
    """Gradient, directions and patterns of the square behind ``margin``, pixel by pixel."""
    slopes, strengths, patterns = [], [], []
    bank = colour_texture.oriented_filters()
    for row, col in itertools.product(range(margin, margin + side), repeat=2):
        near = image[row - 1 : row + 2, col - 1 : col + 2]
        right, down = near @ [-1, 0, 1] @ [1, 2, 1] / 8, [-1, 0, 1] @ near @ [1, 2, 1] / 8
        slopes.append(np.hypot(right, down))
        strengths.append(np.abs((bank * image[row - 3 : row + 4, col - 3 : col + 4]).sum(axis=(1, 2))))
        ring = np.array([near[0, 0], *near[0, 1:], near[1, 2], *near[2, ::-1], near[1, 0]])
        sign = sigmoid((ring - near[1, 1]) / 0.05)
        patterns.append(
            [sign.prod(), (1 - sign).prod(), np.abs(sign - np.roll(sign, 1)).mean(), abs(sign.mean() - 0.5)]
        )
    bars, edges = np.mean(strengths, axis=0).reshape(2, 6)
    directions = [value for kind in (bars, edges) for value in (kind.mean(), kind.max(), kind.min())]
    return [float(np.mean(slopes)), spread(np.array(slopes)), *directions, *np.mean(patterns, axis=0)]


def plain(pixels: np.ndarray, bands: tuple[str, ...]) -> np.ndarray:
    """The vector of one cell (C, 22, 22), in double precision."""
    scaled = np.clip(pixels.astype(np.float64) / 255, 0, 1)
    image = (scaled - 0.4) / 0.2
    own = slice(MARGIN, MARGIN + STRIDE)
    inner, light, grey = image[:, own, own], scaled[:, own, own], image.mean(axis=0)
    vector = [band.mean() for band in inner] + [spread(band) for band in inner]
    vector += [sigmoid((grey[own, own] - level) / 0.25).mean() for level in (-1.5, -1, -0.25, 0.5, 1.5)]
    differences = [
        (light[b] - light[a]) / (light[b] + light[a] + 0.02)
        for a, b in itertools.combinations(range(len(bands)), 2) if b - a < 4
    ]  # fmt: skip
    vector += [one.mean() for one in differences]
    if len(bands) > 2:
        visible = [role for role in bands if role in RGB] or bands
        mean = np.mean([band for band, role in zip(light, bands, strict=True) if role in visible], axis=0)
        for band, role in zip(light, bands, strict=True):
            vector.append(((band - mean) / (mean + 0.02 + (0 if role in visible else band))).mean())
    vector += [spread(one) for one in differences]
    places = list(itertools.product(range(MARGIN, MARGIN + STRIDE), repeat=2))
    for reach in (1, 2, 4):
        local = [spread(grey[r - reach : r + reach + 1, c - reach : c + reach + 1]) for r, c in places]
        vector += [float(np.mean(local)), spread(np.array(local))]
    steps = ((0, 1), (1, 0), (1, 1), (1, -1))
    by_lag = [
        np.array([grey[r, c] - grey[r + d * y, c + d * x] for r, c in places for y, x in steps]) for d in (1, 2, 4)
    ]
    contrast = np.array([(one**2).mean() for one in by_lag])
    vector += [*np.sqrt(contrast + 0.01**2), *(contrast[:2] / (contrast.sum() + 0.01**2))]
    vector += [(1 / (1 + (one / 0.25) ** 2)).mean() for one in by_lag]
    halved = grey.reshape(11, 2, 11, 2).mean(axis=(1, 3))
    return np.array(vector + form(grey, 6, 10) + form(halved, 3, 5))


@pytest.mark.parametrize("bands", BANDS, ids="-".join)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_graph_is_the_formulas(bands: tuple[str, ...], seed: int) -> None:
    pixels, valid = window(2, 2, bands=len(bands), seed=seed)
    if seed == 2:  # hard edges, black and white
        pixels = np.where(np.random.default_rng(2).random(pixels.shape) < 0.5, 0, 255).astype(np.float32)
    vectors = encoder(bands).encode(pixels, valid)[0]
    assert 40 <= len(vectors) == colour_texture.dimension(len(bands)) <= (67 if len(bands) < 5 else 92)
    side = STRIDE + 2 * MARGIN
    for row, col in ((0, 0), (1, 0), (1, 1)):
        cell = pixels[0, :, row * STRIDE : row * STRIDE + side, col * STRIDE : col * STRIDE + side]
        np.testing.assert_allclose(vectors[:, row, col], plain(cell, bands), rtol=2e-4, atol=2e-5)


def test_named_indices_stand_where_the_docstring_says() -> None:
    pixels, valid = window(1, 1, bands=4)
    red, green, blue, nir = pixels[0, :, MARGIN:-MARGIN, MARGIN:-MARGIN].astype(np.float64) / 255
    vector = encoder(RGBN).encode(pixels, valid)[0, :, 0, 0]
    ratios = vector[8 + 5 :]
    assert ratios[2] == pytest.approx(((nir - red) / (nir + red + 0.02)).mean(), abs=1e-5)  # NDVI
    mean = (red + green + blue) / 3
    excess_green = (2 * green - red - blue) / (red + green + blue + 0.06)
    assert ratios[6 + 1] == pytest.approx(excess_green.mean(), abs=1e-5)
    assert ratios[6 + 3] == pytest.approx(((nir - mean) / (nir + mean + 0.02)).mean(), abs=1e-5)


@pytest.mark.parametrize("bands", BANDS, ids="-".join)
def test_the_graph_is_the_same_bytes_each_time_and_of_standard_operators(bands: tuple[str, ...]) -> None:
    made = colour_texture.build(bands)
    assert made == colour_texture.build(bands)
    scan_onnx(made, where="colour-texture")


def test_the_filters_are_whole_numbers_and_see_no_flat_ground() -> None:
    filters = colour_texture.oriented_filters()
    assert np.array_equal(filters * 4096, np.round(filters * 4096))
    assert (filters.sum(axis=(1, 2)) == 0).all()
    np.testing.assert_allclose(np.abs(filters).sum(axis=(1, 2)), 1, atol=0.01)
    # A bar and an edge along the columns wake the first direction most.
    image = np.zeros((7, 7))
    image[:, 3] = 1
    assert np.abs((filters[:6] * image).sum(axis=(1, 2))).argmax() == 0
    image[:, 3:] = 1
    assert np.abs((filters[6:] * image).sum(axis=(1, 2))).argmax() == 0


@pytest.mark.parametrize("bands", BANDS, ids="-".join)
@pytest.mark.parametrize("value", [0.0, 97.3, 255.0])
def test_constant_images_have_numbers_and_no_texture(bands: tuple[str, ...], value: float) -> None:
    pixels, valid = window(2, 2, bands=len(bands))
    vectors = encoder(bands).encode(np.full_like(pixels, value), valid)[0]
    assert np.isfinite(vectors).all()
    scaled = value / 255
    np.testing.assert_allclose(vectors[: len(bands)], (scaled - 0.4) / 0.2, atol=1e-5)
    np.testing.assert_allclose(vectors[len(bands) : 2 * len(bands)], 0.01, atol=1e-4)
    gradient, directions = vectors[-24], vectors[-22:-16]
    np.testing.assert_allclose(gradient, 0, atol=1e-5)
    np.testing.assert_allclose(directions, 0, atol=1e-5)


def test_a_turned_field_has_the_same_form() -> None:
    """By a quarter turn: edges and bars as mean, largest and smallest do not know north."""
    pixels, valid = window(1, 1)
    turned = np.ascontiguousarray(np.rot90(pixels, axes=(2, 3)))
    one, other = encoder().encode(pixels, valid)[0, :, 0, 0], encoder().encode(turned, valid)[0, :, 0, 0]
    same = np.ones(len(one), dtype=bool)
    pairs = 2 * 3 + 5 + 9 + 6
    same[pairs : pairs + 8] = False  # of pairs the second lies to the right and below, partly in the margin
    np.testing.assert_allclose(one[same], other[same], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_a_cell_sees_its_margin_and_nothing_beyond(side: str) -> None:
    pixels, valid = window(5, 5)
    before = encoder().encode(pixels, valid)[0, :, 2, 2]
    centre = MARGIN + 2 * STRIDE + STRIDE // 2
    inside = {"left": 2 * STRIDE, "right": 3 * STRIDE + 2 * MARGIN - 1}
    inside |= {"top": inside["left"], "bottom": inside["right"]}
    beyond = inside[side] + (-1 if side in ("left", "top") else 1)
    for place, changes in ((inside[side], True), (beyond, False)):
        changed = pixels.copy()
        row, col = (centre, place) if side in ("left", "right") else (place, centre)
        changed[0, :, row, col] += 90
        assert np.array_equal(encoder().encode(changed, valid)[0, :, 2, 2], before) != changes


def test_what_a_pixel_that_is_not_valid_holds_does_not_matter() -> None:
    pixels, valid = window(3, 3, bands=4)
    valid[0, 10:20, 5:25] = False
    one, other = pixels.copy(), pixels.copy()
    one[:, :, ~valid[0]], other[:, :, ~valid[0]] = 0.0, 255.0
    np.testing.assert_array_equal(encoder(RGBN).encode(one, valid), encoder(RGBN).encode(other, valid))
    nothing = encoder(RGBN).encode(pixels, np.zeros_like(valid))
    assert np.isfinite(nothing).all()


def test_brighter_and_greener_ground_is_told_apart() -> None:
    """What the numbers mean: lighter ground has larger shares, vegetation a larger NDVI and excess of green."""
    meadow, soil = np.array([60, 90, 50, 180]), np.array([150, 130, 110, 160])
    noise = np.random.default_rng(0).normal(0, 3, (4, STRIDE + 2 * MARGIN, STRIDE + 2 * MARGIN))
    vectors = [
        encoder(RGBN).encode((colour[:, None, None] + noise)[None].astype(np.float32),
                             np.ones((1, *noise.shape[1:]), dtype=bool))[0, :, 0, 0]
        for colour in (meadow, soil)
    ]  # fmt: skip
    shares, ratios = slice(8, 13), 13
    assert (vectors[0][shares] <= vectors[1][shares]).all()
    assert vectors[0][ratios + 2] > vectors[1][ratios + 2] + 0.3  # NDVI
    assert vectors[0][ratios + 7] > vectors[1][ratios + 7] + 0.1  # excess green
