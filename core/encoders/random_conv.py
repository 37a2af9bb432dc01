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
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []

    def constant(values: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(values), f"constant_{len(constants)}"))
        return constants[-1].name

    def apply(operator: str, *inputs: str, **attributes: object) -> str:
        nodes.append(helper.make_node(operator, list(inputs), [f"value_{len(nodes)}"], **attributes))
        return nodes[-1].output[0]

    def cropped(image: str, border: int) -> str:
        if border == 0:
            return image
        edges = constant(np.array([border] * 2)), constant(np.array([-border] * 2)), constant(np.array([2, 3]))
        return apply("Slice", image, *edges)

    def pooled(image: str, side: int) -> str:
        return apply("AveragePool", image, kernel_shape=[side, side], strides=[side, side])

    def mean_and_spread(image: str, side: int) -> list[str]:
        mean, square = pooled(image, side), pooled(apply("Mul", image, image), side)
        variance = apply("Sub", square, apply("Mul", mean, mean))
        return [mean, apply("Sqrt", apply("Max", variance, constant(np.array(0.0, dtype=np.float32))))]

    def responses(image: str, filters: np.ndarray, biases: np.ndarray, stride: int) -> str:
        weights, sides = constant(filters.astype(np.float32)), list(filters.shape[2:])
        bias = constant(biases.astype(np.float32))
        return apply("Relu", apply("Conv", image, weights, bias, kernel_shape=sides, strides=[stride, stride]))

    # RandomState's stream is frozen by NumPy's promise; Generator's is not.
    random = np.random.RandomState(_SEED)
    fine = _filters(random, _FINE_FILTERS, len(bands), _FINE_SIDE)
    coarse = _filters(random, _COARSE_FILTERS, len(bands), _COARSE_SIDE)
    tints, tint_bias = _tints(random, len(bands))
    halved, outer = pooled("pixels", 2), cropped("pixels", MARGIN_PX - (_FINE_SIDE - 2) // 2)
    images = [
        responses(outer, fine, np.full(len(fine), _BIAS), 2),
        responses(halved, coarse, np.full(len(coarse), _BIAS), 1),
        responses(cropped(halved, MARGIN_PX // 2), tints, tint_bias, 1),
    ]
    parts = mean_and_spread(cropped("pixels", MARGIN_PX), STRIDE_PX)
    for image in images:  # each at half the resolution
        parts += mean_and_spread(image, STRIDE_PX // 2)
    nodes.append(helper.make_node("Concat", parts, ["cells"], axis=1))
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "random-conv",
        [tensor("pixels", TensorProto.FLOAT, ["batch", len(bands), "height", "width"])],
        [tensor("cells", TensorProto.FLOAT, ["batch", dimension(len(bands)), "rows", "columns"])],
        constants,
    )  # fmt: skip
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8, producer_name="botaclip")
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


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
