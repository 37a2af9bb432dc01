"""A look into an ONNX file before anything runs it, without the ``onnx`` package.

A graph that reads other files (external tensor data) or calls operators of its own domain could reach outside the
model file. The wire format of protocol buffers is walked field by field; the field numbers are those of
``onnx.proto3`` (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
"""

from __future__ import annotations

from collections.abc import Iterator

from botaclip.core.errors import ModelFileError

# message -> {field: message inside}; every message that can hold a node or a tensor.
_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 8: "opset", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "function": {7: "node", 9: "opset", 11: "attribute"},
}
_TENSOR_EXTERNAL_DATA, _TENSOR_DATA_LOCATION = 13, 14
_NODE_DOMAIN, _OPSET_DOMAIN = 7, 1
# ai.onnx.ml holds the standard tree ensembles: a forest head is one.
_DOMAINS = frozenset({b"", b"ai.onnx", b"ai.onnx.ml"})
_MOST_DEPTH = 32


def scan_onnx(data: bytes, *, where: str) -> None:
    """Refuse an ONNX model that reaches outside itself.

    Raises
    ------
    ModelFileError
        It is no ONNX model, keeps tensors in other files, or uses operators outside the ONNX standard.
    """
    try:
        _scan(memoryview(data), "model", where, 0)
    except (IndexError, ValueError) as error:
        raise ModelFileError("this is no ONNX graph", where=where, remedy="get the model file again") from error


def _scan(message: memoryview, kind: str, where: str, depth: int) -> None:
    if depth > _MOST_DEPTH:
        raise ValueError("nested too deeply")
    met = False
    inner = _INSIDE.get(kind, {})
    for field, value in _fields(message):
        met = met or (kind, field) == ("model", 7)
        if kind == "tensor" and (
            field == _TENSOR_EXTERNAL_DATA or (field == _TENSOR_DATA_LOCATION and value != 0)
        ):
            raise ModelFileError("a graph keeps its numbers in another file", where=where,
                                 remedy="do not use this model file")
        domain = (kind, field) in (("node", _NODE_DOMAIN), ("opset", _OPSET_DOMAIN))
        if domain and (not isinstance(value, memoryview) or bytes(value) not in _DOMAINS):
            name = bytes(value).decode(errors="replace") if isinstance(value, memoryview) else str(value)
            raise ModelFileError(f"a graph uses operators of the domain {name!r}, not of the ONNX standard",
                                 where=where, remedy="do not use this model file")
        if field in inner:
            if not isinstance(value, memoryview):
                raise ValueError("a message was expected")
            _scan(value, inner[field], where, depth + 1)
    if kind == "model" and not met:
        raise ValueError("no graph")


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield ``(field number, value)`` of a message; bytes as a view."""
    at = 0
    while at < len(message):
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
        if field == 0:
            raise ValueError("field 0")
        yield field, value


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("number too long")
