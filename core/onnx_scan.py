"""A look into an ONNX file before anything runs it, without the ``onnx`` package.

A graph that reads other files (external tensor data) or calls operators of its own domain could reach outside the
model file; loops, functions of its own and tensors that state more numbers than they hold could take a machine's
time and memory. What a graph asks for while it runs is bounded elsewhere, in
:mod:`botaclip.core.encoders.onnx_session`.

The wire format of protocol buffers is walked field by field; the field numbers are those of ``onnx.proto3``
(https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from botaclip.core.errors import ModelFileError

# message -> {field: message inside}; every message that can hold a node or a tensor.
_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 8: "opset"},
    "graph": {1: "node", 5: "tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph"},
}
# (message, field) that no model of ours has and that could hide what the rest of this file looks for.
_REFUSED = {
    ("model", 20): "a graph for training",
    ("model", 25): "functions of its own",
    ("graph", 15): "sparse tensors",
    ("attribute", 22): "sparse tensors",
    ("attribute", 23): "sparse tensors",
}
_TENSOR_EXTERNAL_DATA, _TENSOR_DATA_LOCATION = 13, 14
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_RAW, _TENSOR_STRINGS = 1, 2, 9, 6
_TENSOR_FIXED, _TENSOR_VARINTS = {4: 4, 10: 8}, frozenset({5, 7, 11})  # floats and doubles; whole numbers
_NODE_OPERATOR, _NODE_DOMAIN, _OPSET_DOMAIN = 4, 7, 1
# ai.onnx.ml holds the standard tree ensembles: a forest head is one.
_DOMAINS = frozenset({b"", b"ai.onnx", b"ai.onnx.ml"})
_LOOPS = frozenset({b"Loop", b"Scan", b"SequenceMap"})
# Bits of a number by TensorProto.DataType; a string takes what it takes.
_BITS = {1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 8: 0, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128,
         16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4}  # fmt: skip
_MOST_DEPTH = 32
_MOST_NODES = 50_000
_MOST_DIMS = 16
# Lists of numbers that are not packed, as forests hold them by the million: skipped in one go.
_NUMBERS = re.compile(rb"(?:\x3d.{4})+|(?:\x40[\x80-\xff]{0,9}[\x00-\x7f])+", re.DOTALL)
_REMEDY = "do not use this model file"


def scan_onnx(data: bytes, *, where: str) -> None:
    """Refuse an ONNX model that reaches outside itself, loops, or lies about its size.

    Raises
    ------
    ModelFileError
        It is no ONNX model, keeps tensors in other files, uses operators outside the ONNX standard or functions of
        its own, holds loops, sparse tensors, or tensors that state more numbers than they hold.
    """
    try:
        _Scan(where).message(memoryview(data), "model", 0)
    except (IndexError, ValueError) as error:
        raise ModelFileError("this is no ONNX graph", where=where, remedy="get the model file again") from error


class _Scan:
    """One walk through a model."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.nodes = 0

    def refuse(self, found: str) -> ModelFileError:
        return ModelFileError(found, where=self.where, remedy=_REMEDY)

    def message(self, message: memoryview, kind: str, depth: int) -> None:
        if depth > _MOST_DEPTH:
            raise ValueError("nested too deeply")
        met = False
        inner = _INSIDE.get(kind, {})
        if kind == "tensor":
            self.tensor(message)
            return
        for field, value in _fields(message, numbers=kind == "attribute"):
            met = met or (kind, field) == ("model", 7)
            if (kind, field) in _REFUSED:
                raise self.refuse(f"a graph holds {_REFUSED[kind, field]}, which no model of BotaCLIP does")
            if (kind, field) in (("node", _NODE_DOMAIN), ("opset", _OPSET_DOMAIN)):
                self.domain(value)
            elif (kind, field) == ("node", _NODE_OPERATOR) and isinstance(value, memoryview) and value in _LOOPS:
                raise self.refuse(f"a graph runs a loop ({bytes(value).decode()}), whose end nobody knows")
            if field in inner:
                if not isinstance(value, memoryview):
                    raise ValueError("a message was expected")
                self.message(value, inner[field], depth + 1)
        if kind == "node":
            self.nodes += 1
            if self.nodes > _MOST_NODES:
                raise self.refuse(f"a graph has more than {_MOST_NODES} operators")
        if kind == "model" and not met:
            raise ValueError("no graph")

    def domain(self, value: int | memoryview) -> None:
        if not isinstance(value, memoryview) or bytes(value) not in _DOMAINS:
            name = bytes(value[:80]).decode(errors="replace") if isinstance(value, memoryview) else str(value)
            raise self.refuse(f"a graph uses operators of the domain {name!r}, not of the ONNX standard")

    def tensor(self, message: memoryview) -> None:
        """Hold what a tensor states about itself against what it holds."""
        dims: list[int] = []
        kind, raw_bits, values = 0, 0, 0
        for field, value in _fields(message):
            if field == _TENSOR_EXTERNAL_DATA or (field == _TENSOR_DATA_LOCATION and value != 0):
                raise self.refuse("a graph keeps its numbers in another file")
            if field == _TENSOR_DIMS:
                dims += _varints(value) if isinstance(value, memoryview) else [value]
            elif field == _TENSOR_TYPE:
                kind = value if isinstance(value, int) else -1
            elif field == _TENSOR_RAW:
                raw_bits += 8 * len(value) if isinstance(value, memoryview) else 0
            elif field in _TENSOR_FIXED and isinstance(value, memoryview):
                values += len(value) // _TENSOR_FIXED[field]
            elif field in _TENSOR_VARINTS:
                values += sum(byte < 0x80 for byte in value) if isinstance(value, memoryview) else 1
            elif field == _TENSOR_STRINGS:
                values += 1
        if kind not in _BITS or len(dims) > _MOST_DIMS or any(dim >= 2**63 for dim in dims):
            raise ValueError("no tensor")
        stated = math.prod(dims)
        # Numbers of four bits come two in one.
        if stated > 2 * values if _BITS[kind] == 4 else stated > values:
            if not _BITS[kind] or stated * _BITS[kind] > raw_bits:
                raise self.refuse(f"a tensor states {stated:.3g} numbers but does not hold them")


def _fields(message: memoryview, *, numbers: bool = False) -> Iterator[tuple[int, int | memoryview]]:
    """Yield ``(field number, value)`` of a message; bytes as a view.

    With ``numbers``, the lists of numbers of an attribute are passed over.
    """
    at = 0
    while at < len(message):
        if numbers and message[at] in (0x3D, 0x40):
            run = _NUMBERS.match(message, at)
            if run is not None:
                at = run.end()
                continue
        key, at = _varint(message, at)
        field, wire = key >> 3, key & 7
        value: int | memoryview
        if wire == 0:
            value, at = _varint(message, at)
        elif wire in (1, 2, 5):
            length, at = (8, at) if wire == 1 else (4, at) if wire == 5 else _varint(message, at)
            if at + length > len(message):
                raise ValueError("cut short")
            value = message[at : at + length]
            at += length
        else:
            raise ValueError("unknown wire type")
        # Readers that keep 32 bits of a longer key would see another field than this one.
        if field == 0 or key >= 2**32:
            raise ValueError("no field")
        yield field, value


def _varints(message: memoryview) -> list[int]:
    values, at = [], 0
    while at < len(message):
        value, at = _varint(message, at)
        values.append(value)
    return values


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("number too long")
