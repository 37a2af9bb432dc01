"""``random-conv``: an encoder that needs no download and has learnt nothing from anyone's landscape.

Random convolutional features after MOSAIKS (Rolf et al. 2021, doi:10.1038/s41467-021-24638-z) at two scales,
beside mean and spread of each band and of random mixtures of the bands ("tints", a soft histogram of colour). Two
departures: filters are drawn from a normal distribution with their mean taken out, so that they see texture and
leave colour to the tints, and each rectified response is pooled to its mean *and* its standard deviation in the cell.

Measured on 403 NAIP crops with hand-counted trees, ridge regression, whole cities held out, R2 and mean correlation
within a city, over seeds of the filters (standard deviation .02): .43 and .66 (RGB), .48 and .68 (RGBN); without
tints .36 and .62, .47 and .67; band means and spreads alone .45 and .63, .47 and .67; two layers of random filters
.36 and .64, .50 and .67 at best, and several times slower.

Building the graph needs ``onnx`` (environment set ``train``); a model file carries it, running needs onnxruntime.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from botaclip.core.encoders.graph_writer import GraphWriter

STRIDE_PX = 10
MARGIN_PX = 4
CENTRE = 0.4
SPREAD = 0.2
LICENCE = "CC0-1.0"
CITATION = "after MOSAIKS: Rolf et al. (2021), Nature Communications 12, 4392, doi:10.1038/s41467-021-24638-z"

_SEED = 20211
_FINE_FILTERS, _FINE_SIDE = 96, 4  # stride 2 on the pixels
_COARSE_FILTERS, _COARSE_SIDE = 64, 5  # on means of 2 x 2 pixels
_TINTS, _HUE_SPREAD = 32, 0.25  # likewise
_BIAS = -0.1


def dimension(bands: int) -> int:
    """Return the length of a cell's vector."""
    return 2 * (bands + _FINE_FILTERS + _COARSE_FILTERS + _TINTS)


def build(bands: Sequence[str]) -> bytes:
    """Return the serialised ONNX graph for these band roles; the same bytes on every machine."""
    graph = GraphWriter()

    def mean_and_spread(image: str, side: int) -> list[str]:
        mean, square = graph.pooled(image, side), graph.pooled(graph.apply("Mul", image, image), side)
        variance = graph.apply("Sub", square, graph.apply("Mul", mean, mean))
        return [mean, graph.apply("Sqrt", graph.apply("Max", variance, graph.number(0.0)))]

    def responses(image: str, filters: np.ndarray, biases: np.ndarray, stride: int) -> str:
        return graph.apply("Relu", graph.convolved(image, filters, biases, stride))

    # RandomState's stream is frozen by NumPy's promise; Generator's is not.
    random = np.random.RandomState(_SEED)
    fine = _filters(random, _FINE_FILTERS, len(bands), _FINE_SIDE)
    coarse = _filters(random, _COARSE_FILTERS, len(bands), _COARSE_SIDE)
    tints, tint_bias = _tints(random, len(bands))
    halved, outer = graph.pooled("pixels", 2), graph.cropped("pixels", MARGIN_PX - (_FINE_SIDE - 2) // 2)
    images = [
        responses(outer, fine, np.full(len(fine), _BIAS), 2),
        responses(halved, coarse, np.full(len(coarse), _BIAS), 1),
        responses(graph.cropped(halved, MARGIN_PX // 2), tints, tint_bias, 1),
    ]
    parts = mean_and_spread(graph.cropped("pixels", MARGIN_PX), STRIDE_PX)
    for image in images:  # each at half the resolution
        parts += mean_and_spread(image, STRIDE_PX // 2)
    return graph.serialised("random-conv", len(bands), dimension(len(bands)), parts)


def _tints(random: np.random.RandomState, bands: int) -> tuple[np.ndarray, np.ndarray]:
    """Random directions in colour space (count, bands, 1, 1) and where along them a response begins (count).

    Images differ much in brightness and little in hue. A threshold drawn without regard to that leaves tints that
    wake up in one pixel of a thousand, and standardised, such a tint swamps all others where it is common. So it lies
    within one standard deviation of a rough prior: 1 along grey, ``_HUE_SPREAD`` across it.
    """
    directions = random.standard_normal((_TINTS, bands))
    directions /= np.sqrt((directions**2).sum(axis=1, keepdims=True))
    grey = directions.sum(axis=1) / np.sqrt(bands)
    spread = np.sqrt(_HUE_SPREAD**2 * (1 - grey**2) + grey**2)
    return directions[:, :, None, None], random.uniform(-1.0, 1.0, _TINTS) * spread  # nosec B311  # no secret


def _filters(random: np.random.RandomState, count: int, bands: int, side: int) -> np.ndarray:
    """Zero-mean filters of unit length and their negatives, (count, bands, side, side)."""
    half = random.standard_normal((count // 2, bands, side, side))
    half -= half.mean(axis=(2, 3), keepdims=True)
    half /= np.sqrt((half**2).sum(axis=(1, 2, 3), keepdims=True))
    return np.concatenate([half, -half])
