"""The pre-trained network as an ONNX graph: batch norms go into the convolutions, operators are the standard's.

Needs torch and onnx. The same weights give the same bytes on every machine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from botaclip.core.encoders.graph_writer import GraphWriter
from botaclip.training.pretrain_network import BANDS, Block, ConvEncoder

Array = NDArray[np.float64]


def graph_of_network(network: ConvEncoder, bands: int, *, name: str) -> bytes:
    """Return the serialised graph for red, green, blue (``bands`` 3) or with near infrared (4).

    Parameters
    ----------
    network
        As trained; its batch norms with the numbers that they have learnt.
    bands
        3 or 4.
    name
        Of the graph.
    """
    graph = GraphWriter()
    filters, scale, shift = _array(network.stem.weight), *_norm(network.stem_norm)
    biases = _array(_bias(network.stem))
    if bands < len(BANDS):
        biases = biases + _array(network.without_nir)
    x = graph.apply("Relu", graph.convolved("pixels", *_folded(filters[:, :bands], biases, scale, shift), stride=2))
    x = _block(graph, x, network.fine)
    filters, scale, shift = _array(network.halve.weight), *_norm(network.halve_norm)
    x = graph.apply("Relu", graph.convolved(x, *_folded(filters, np.zeros(len(filters)), scale, shift), stride=2))
    for block in network.coarse:
        assert isinstance(block, Block)
        x = _block(graph, x, block)
    filters, scale, shift = _array(network.last.weight), *_norm(network.last_norm)
    x = graph.apply("Relu", graph.convolved(x, *_folded(filters, np.zeros(len(filters)), scale, shift)))
    return graph.serialised(name, bands, network.dimension, [graph.pooled(x, 2)])


def _block(graph: GraphWriter, x: str, block: Block) -> str:
    filters, scale, shift = _array(block.depthwise.weight), *_norm(block.norm)
    inner = graph.convolved(x, *_folded(filters, np.zeros(len(filters)), scale, shift), groups=len(filters))
    inner = graph.apply("Relu", graph.convolved(inner, _array(block.wide.weight), _array(_bias(block.wide))))
    inner = graph.convolved(inner, _array(block.narrow.weight), _array(_bias(block.narrow)))
    return graph.apply("Add", graph.cropped(x, 1), inner)


def _folded(filters: Array, biases: Array, scale: Array, shift: Array) -> tuple[Array, Array]:
    """Return filters and biases of a convolution that is followed by ``scale * x + shift``."""
    return filters * scale[:, None, None, None], biases * scale + shift


def _norm(norm: nn.BatchNorm2d) -> tuple[Array, Array]:
    assert norm.running_mean is not None and norm.running_var is not None
    scale = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
    return scale, _array(norm.bias) - _array(norm.running_mean) * scale


def _bias(layer: nn.Conv2d) -> Tensor:
    assert layer.bias is not None
    return layer.bias


def _array(tensor: Tensor) -> Array:
    return np.asarray(tensor.detach().cpu().numpy(), dtype=np.float64)
