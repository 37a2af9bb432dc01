"""Model files that a careless, an unlucky or an evil hand could have made, each with the words that must refuse it."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import stat
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from botaclip.core.model_file import ModelFile

Parts = dict[str, bytes]
_LOCAL, _CENTRAL = struct.Struct("<4s22xHH"), b"PK\x01\x02"


def zipped(parts: Mapping[str, bytes], *, sums: bool = True, compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return the parts as a zip, with checksums that fit unless ``sums`` is False."""
    parts = dict(parts)
    if sums:
        digests = {name: hashlib.sha256(blob).hexdigest() for name, blob in parts.items() if name != "checksums.json"}
        parts["checksums.json"] = json.dumps(digests).encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, blob in parts.items():
            archive.writestr(zipfile.ZipInfo(name), blob, compression)
    return stream.getvalue()


def changed(**parts: bytes | None) -> Callable[[ModelFile], bytes]:
    """Return a maker of the model with other parts, checksums fitting; ``_`` stands for the dot in a name."""

    def make(good: ModelFile) -> bytes:
        made = dict(good.parts)
        for key, blob in parts.items():
            name = key.replace("_", ".")
            made.pop(name, None) if blob is None else made.update({name: blob})
        return zipped(made)

    return make


def with_metadata(**changes: Any) -> Callable[[ModelFile], bytes]:
    """Return a maker of the model with other metadata; a key ``a__b`` stands for ``b`` inside ``a``."""

    def make(good: ModelFile) -> bytes:
        metadata = json.loads(good.parts["metadata.json"])
        for key, value in changes.items():
            *outer, last = key.split("__")
            inner = metadata
            for step in outer:
                inner = inner[step]
            inner[last] = value
        return zipped({**good.parts, "metadata.json": json.dumps(metadata).encode()})

    return make


def metadata_text(old: str, new: str) -> Callable[[ModelFile], bytes]:
    """Return a maker of the model with a piece of its metadata's text replaced."""

    def make(good: ModelFile) -> bytes:
        text = good.parts["metadata.json"].decode()
        assert old in text
        return zipped({**good.parts, "metadata.json": text.replace(old, new, 1).encode()})

    return make


def with_entry(name: str, blob: bytes = b"x", *, mode: int = 0o644) -> Callable[[ModelFile], bytes]:
    """Return a maker of the model with one more entry in its zip."""

    def make(good: ModelFile) -> bytes:
        stream = io.BytesIO(zipped(good.parts))
        with zipfile.ZipFile(stream, "a") as archive:
            entry = zipfile.ZipInfo("placeholder")
            # zipfile itself would mend a hostile name.
            entry.filename = entry.orig_filename = name
            entry.create_system, entry.external_attr = 3, mode << 16
            archive.writestr(entry, blob)
        return stream.getvalue()

    return make


def link(good: ModelFile) -> bytes:
    """The head is a symbolic link."""
    parts = dict(good.parts)
    parts["head.onnx"] = b"/etc/passwd"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, blob in parts.items():
            entry = zipfile.ZipInfo(name)
            entry.create_system = 3
            entry.external_attr = (stat.S_IFLNK | 0o777 if name == "head.onnx" else 0o644) << 16
            archive.writestr(entry, blob)
    return stream.getvalue()


def bomb(good: ModelFile) -> bytes:
    """30 MiB of blanks in 30 KiB."""
    return zipped({**good.parts, "plots.json": b" " * 30 * 2**20}, compression=zipfile.ZIP_DEFLATED)


def broad_bomb(good: ModelFile) -> bytes:
    """Every part within its own ratio, all together not: 200 MiB from 2 MiB."""
    noise = np.random.default_rng(0).integers(0, 256, 6_000, dtype=np.uint8).tobytes()
    blob = (noise + b"\0" * 900_000) * 110
    return zipped({**good.parts, "plots.json": blob, "vegeta.onnx": blob}, compression=zipfile.ZIP_DEFLATED)


def patched_central(good: ModelFile, name: str, change: Callable[[bytearray, int], None]) -> bytes:
    """Return the model with the entry of one part in the zip's list changed."""
    data = bytearray(zipped(good.parts))
    at = data.find(_CENTRAL)
    while data[at + 46 : at + 46 + len(name)] != name.encode():
        at = data.find(_CENTRAL, at + 1)
        assert at >= 0
    change(data, at)
    return bytes(data)


def false_size(good: ModelFile) -> bytes:
    """The list says that the plots unpack to 100 bytes; they are longer."""
    return patched_central(good, "plots.json", lambda data, at: struct.pack_into("<L", data, at + 24, 100))


def huge_size(good: ModelFile) -> bytes:
    """The list says that the plots unpack to nearly 4 GiB."""
    return patched_central(good, "plots.json", lambda data, at: struct.pack_into("<L", data, at + 24, 2**32 - 2))


def overlapping(good: ModelFile) -> bytes:
    """A part is stretched over the one behind it, as in bombs whose parts share their bytes."""

    def stretch(data: bytearray, at: int) -> None:
        packed, size = struct.unpack_from("<LL", data, at + 20)
        struct.pack_into("<LL", data, at + 20, packed + 400, size + 400)

    return patched_central(good, "metadata.json", stretch)


def hidden_before(good: ModelFile) -> bytes:
    """A program lies before the zip, which zip readers pass over."""
    return b"#!/bin/sh\nrm -rf /\n" + zipped(good.parts)


def hidden_between(good: ModelFile) -> bytes:
    """A pickle lies between two parts, in no list."""
    data = zipped(good.parts)
    secret = pickle.dumps({"a": list(range(50))})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
        cut, start = entries[1].header_offset, archive.start_dir
    made = bytearray(data[:cut] + secret + data[cut:])
    at = start + len(secret)
    while made[at : at + 4] == _CENTRAL:
        name, extra, comment = struct.unpack_from("<HHH", made, at + 28)
        (offset,) = struct.unpack_from("<L", made, at + 42)
        if offset >= cut:
            struct.pack_into("<L", made, at + 42, offset + len(secret))
        at += 46 + name + extra + comment
    struct.pack_into("<L", made, at + 16, start + len(secret))
    return bytes(made)


def commented(good: ModelFile) -> bytes:
    """A pickle lies in the zip's comment."""
    stream = io.BytesIO(zipped(good.parts))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.comment = pickle.dumps([1, 2, 3])
    return stream.getvalue()


def torch_file(good: ModelFile) -> bytes:
    """What torch.save writes, under the name of a model."""
    return zipped({"archive/data.pkl": pickle.dumps({"weight": 1}), "archive/version": b"3\n"}, sums=False)


def objects(good: ModelFile) -> bytes:
    """A NumPy file of Python objects in place of the arrays."""
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return zipped({**good.parts, "arrays.safetensors": stream.getvalue()})


def twice(good: ModelFile) -> bytes:
    """The head twice: which one counts would be the reader's guess."""
    stream = io.BytesIO(zipped(good.parts))
    with zipfile.ZipFile(stream, "a") as archive:
        entry = zipfile.ZipInfo("placeholder")
        entry.filename = entry.orig_filename = "head.onnx"
        archive.writestr(entry, b"other")
    return stream.getvalue()


def cut(good: ModelFile) -> bytes:
    """Two thirds of a download."""
    data = good.path.read_bytes()
    return data[: 2 * len(data) // 3]


def altered(good: ModelFile) -> bytes:
    """One weight of the head is another one; the zip's own checksum is made to fit."""
    head = bytearray(good.parts["head.onnx"])
    head[len(head) // 2] ^= 1
    return zipped({**good.parts, "head.onnx": bytes(head)}, sums=False)


def rotten(good: ModelFile) -> bytes:
    """A byte of packed text flipped, as on a failing disk."""
    data = bytearray(zipped(good.parts, compression=zipfile.ZIP_DEFLATED))
    data[zipfile.ZipFile(io.BytesIO(data)).getinfo("plots.json").header_offset + 60] ^= 0xFF
    return bytes(data)


def safetensors(header: Mapping[str, Any] | bytes, body: bytes = b"", *, length: int | None = None) -> bytes:
    """Return a safetensors file with this header, true or not."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def tensor(shape: list[int], end: int, kind: str = "F32") -> dict[str, Any]:
    """Return what a safetensors header says of an array."""
    return {"dtype": kind, "shape": shape, "data_offsets": [0, end]}


def graph(
    nodes: list[onnx.NodeProto], tensors: Mapping[str, np.ndarray] | None = None, *,
    given: tuple[str, int] = ("adapted", 16), made: tuple[tuple[str, int], ...] = (("logits", 3), ("suitability", 3)),
    **more: Any,
) -> bytes:
    """Return a graph with the head's inputs and outputs."""
    body = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(given[0], TensorProto.FLOAT, ["n", given[1]])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width]) for name, width in made],
        [numpy_helper.from_array(values, name) for name, values in (tensors or {}).items()],
    )  # fmt: skip
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, **more)
    return bytes(model.SerializeToString())


def head_after(*nodes: onnx.NodeProto, **tensors: np.ndarray) -> bytes:
    """Return a head whose first steps are ``nodes``, from ``adapted`` to ``x`` (N, 16)."""
    rest = [
        helper.make_node("MatMul", ["x", "weight"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["suitability"]),
    ]
    return graph([*nodes, *rest], {"weight": np.ones((16, 3), np.float32), **tensors})


def other_input() -> bytes:
    """A head for vectors of another length."""
    nodes = [helper.make_node("MatMul", ["adapted", "weight"], ["logits"]),
             helper.make_node("Sigmoid", ["logits"], ["suitability"])]  # fmt: skip
    return graph(nodes, {"weight": np.ones((9, 3), np.float32)}, given=("adapted", 9))


def external_head() -> bytes:
    """A head whose weights are said to lie in another file."""
    model = onnx.load_from_string(head_after(helper.make_node("Identity", ["adapted"], ["x"])))
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../../../../etc/passwd")
    return bytes(model.SerializeToString())


def lying_head(dims: tuple[int, ...]) -> bytes:
    """A head with an initialiser that states more numbers than it holds."""
    model = onnx.load_from_string(head_after(helper.make_node("Identity", ["adapted"], ["x"])))
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend(dims)
    return bytes(model.SerializeToString())


def function_head() -> bytes:
    """A head that calls a function which the file defines itself, with a foreign operator inside."""
    node = helper.make_node("Own", ["adapted"], ["x"])
    model = onnx.load_from_string(head_after(node))
    inner = helper.make_node("Run", ["a"], ["b"], domain="com.evil")
    model.functions.append(
        helper.make_function("", "Own", ["a"], ["b"], [inner], [helper.make_opsetid("", 17)])
    )
    return bytes(model.SerializeToString())


def looping_head() -> bytes:
    """A head that goes round four thousand million million times."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["on"], ["go"]), helper.make_node("Add", ["v", "v"], ["w"])], "body",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []),
         helper.make_tensor_value_info("on", TensorProto.BOOL, []),
         helper.make_tensor_value_info("v", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("go", TensorProto.BOOL, []),
         helper.make_tensor_value_info("w", TensorProto.FLOAT, None)],
    )  # fmt: skip
    node = helper.make_node("Loop", ["times", "yes", "adapted"], ["x"], body=body)
    return head_after(node, times=np.array(2**52), yes=np.array(True))


def swelling_head(operator: str) -> bytes:
    """A head that asks for 200 GB on its way to a small result."""
    sides, node = np.array([220_000, 220_000]), helper.make_node
    if operator == "Expand":
        grow = [node("ReduceSum", ["adapted"], ["one"], keepdims=0), node("Expand", ["one", "sides"], ["big"])]
    elif operator == "ConstantOfShape":
        grow = [node("ConstantOfShape", ["sides"], ["big"])]
    else:  # an outer product needs no large number anywhere
        grow = [
            node("Transpose", ["long"], ["upright"], perm=[1, 0]), node("MatMul", ["upright", "long"], ["big"]),
        ]  # fmt: skip
    nodes = [*grow, node("ReduceMax", ["big"], ["top"], keepdims=0), node("Add", ["adapted", "top"], ["x"])]
    return head_after(*nodes, sides=sides, long=np.ones((1, 220_000), np.float32))


MIB_OF_BRACKETS = b'{"plots": [' + b"[]," * 6_000_000 + b"[]]}"

# name -> (maker, words of the refusal). What unpacking, checksums and structure have to find.
STRUCTURE: dict[str, tuple[Callable[[ModelFile], bytes], tuple[str, ...]]] = {
    "truncated": (cut, ("no readable model file", "get the model file again")),
    "empty": (lambda good: b"", ("no readable model file",)),
    "altered": (altered, ("head.onnx was altered or damaged", "checksum")),
    "rotten": (rotten, ("no readable model file",)),
    "part missing": (changed(head_onnx=None), ("lacks head.onnx",)),
    "newer": (
        with_metadata(format_version=7, versions__botaclip="3.1.0", species=5),
        ("newer version", "format 7", "update the plugin to version 3.1.0 or newer"),
    ),
    "newer, maker unsaid": (with_metadata(format_version=7, versions={}), ("newer version", "update the plugin.")),
    "newer, maker hostile": (
        with_metadata(format_version=7, versions={"botaclip": "1; rm -rf /"}), ("newer version", "update the plugin.")
    ),
    "absolute path": (with_entry("/etc/cron.d/evil"), ("'/etc/cron.d/evil', which leads out",)),
    "upward path": (with_entry("../../.bashrc"), ("'../../.bashrc', which leads out",)),
    "upward inside": (with_entry("a/../../b"), ("which leads out",)),
    "backslashes": (with_entry("..\\..\\evil.dll"), ("which leads out",)),
    "drive letter": (with_entry("C:\\Windows\\evil.dll"), ("which leads out",)),
    "share": (with_entry("\\\\server\\share\\x"), ("which leads out",)),
    "terminal codes": (with_entry("\x1b[2Jhead.onnx"), ("which cannot be shown",)),
    "cut by a zero": (with_entry("head.onnx\0.py"), ("which cannot be shown",)),
    "link": (link, ("'head.onnx' in it is a link",)),
    "device": (with_entry("vegeta.onnx", mode=stat.S_IFCHR | 0o666), ("special file",)),
    "twice": (twice, ("head.onnx twice",)),
    "unknown part": (with_entry("readme.txt"), ("'readme.txt', which no model file holds",)),
    "zip in it": (with_entry("more.zip", zipped({"a": b"b"})), ("'more.zip', which no model file holds",)),
    "pickle in it": (with_entry("data.pkl", pickle.dumps([1])), ("'data.pkl', which can run code",)),
    "code in it": (with_entry("core/__init__.py"), ("which can run code",)),
    "torch file": (torch_file, ("'archive/data.pkl', which can run code",)),
    "pickle as arrays": (changed(arrays_safetensors=pickle.dumps([1])), ("arrays.safetensors is not readable",)),
    "objects as arrays": (objects, ("arrays.safetensors is not readable",)),
    "bomb": (bomb, ("plots.json would unpack to 30 MiB",)),
    "broad bomb": (broad_bomb, ("it would unpack to 190 MiB",)),
    "false size": (false_size, ("no readable model file",)),
    "huge size": (huge_size, ("it would unpack to 4096 MiB",)),
    "shared bytes": (overlapping, ("no readable model file",)),
    "program before": (hidden_before, ("belong to no part",)),
    "pickle between": (hidden_between, ("belong to no part",)),
    "pickle as comment": (commented, ("belong to no part",)),
    "deep JSON": (changed(plots_json=b'{"a":' + b"[" * 100_000), ("plots.json is not readable", "nested")),
    "broad JSON": (changed(plots_json=MIB_OF_BRACKETS), ("plots.json is not readable", "more than 5000000 values")),
    "half a place": (changed(plots_json=b'{"plots": [{"x": 1.5}]}'), ("plot 1 of plots.json has no",)),
    "place of words": (changed(plots_json=b'{"plots": [{}, {"x": 1, "y": "2"}]}'), ("plot 2 of plots.json has no",)),
    "CRS of plots": (changed(plots_json=b'{"crs": [], "plots": []}'), ("plots.json names no proper CRS",)),
    "NaN": (changed(plots_json=b'{"x": NaN}'), ("NaN is no number",)),
    "infinity": (changed(plots_json=b'{"x": 1e999}'), ("1e999 is no number",)),
    "long number": (changed(plots_json=b'{"x": ' + b"9" * 5_000_000 + b"}"), ("a number of 5000000 digits",)),
    "key twice": (
        metadata_text('"format_version": 1', '"format_version": 1, "created": "x"'), ("'created' stands there twice",)
    ),
    "half a character": (metadata_text('"created": "', '"created": "\\ud800'), ("metadata.json is not readable",)),
    "metadata no object": (changed(metadata_json=b"[1, 2]"), ("metadata.json is no JSON object",)),
    "terminal codes in a name": (
        with_metadata(species=[{"name": "\x1b[2JPoa annua"}]), ("control characters",)
    ),
    "arrays lie": (
        changed(arrays_safetensors=safetensors({"plots.vectors": tensor([2, 2], 16)}, b"1234")),
        ("arrays.safetensors is not readable",),
    ),
    "arrays overflow": (
        changed(arrays_safetensors=safetensors({"plots.vectors": tensor([2**62, 8], 16)}, b"\0" * 16)),
        ("arrays.safetensors is not readable",),
    ),
    "arrays twice": (
        changed(arrays_safetensors=safetensors(
            b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
            b"\0" * 4)),
        ("'a' stands there twice",),
    ),
    "arrays with a long header": (
        changed(arrays_safetensors=safetensors(b"{}", length=2**40)), ("its header has no proper length",)
    ),
    "arrays of bytes of no type": (
        changed(arrays_safetensors=safetensors({"plots.vectors": tensor([4], 16, "OBJ")}, b"\0" * 16)),
        ("arrays.safetensors is not readable",),
    ),
    "arrays missing": (
        changed(arrays_safetensors=safetensors({"x": tensor([1], 4)}, b"\0" * 4)), ("lacks the vectors of its plots",)
    ),
}  # fmt: skip

_SHIFT = helper.make_node("Identity", ["adapted"], ["x"])
# What a look into the graphs has to find, before anything runs them.
GRAPHS: dict[str, tuple[Callable[[], bytes], tuple[str, ...]]] = {
    "no graph": (lambda: b"\x80\x04pickle", ("no ONNX graph",)),
    "external data": (external_head, ("keeps its numbers in another file",)),
    "custom operator": (
        lambda: head_after(helper.make_node("Run", ["adapted"], ["x"], domain="com.evil")), ("the domain 'com.evil'",)
    ),
    "vendor operator": (
        lambda: head_after(helper.make_node("FusedGemm", ["adapted"], ["x"], domain="com.microsoft")),
        ("the domain 'com.microsoft'",),
    ),
    "own function": (function_head, ("functions of its own",)),
    "loop": (looping_head, ("runs a loop (Loop)",)),
    "oversized initialiser": (lambda: lying_head((10**6, 10**6)), ("states 1e+12 numbers",)),
    "initialiser beyond 64 bits": (lambda: lying_head((2**40, 2**40)), ("states 1.21e+24 numbers",)),
}  # fmt: skip

# What only running them can tell; ``verify`` runs every graph once.
RUNS: dict[str, tuple[Callable[[], bytes], tuple[str, ...]]] = {
    "swells by Expand": (lambda: swelling_head("Expand"), ("asks for more memory",)),
    "swells by ConstantOfShape": (lambda: swelling_head("ConstantOfShape"), ("asks for more memory",)),
    "swells by a product": (lambda: swelling_head("MatMul"), ("asks for more memory",)),
    "other input": (other_input, ("does not turn adapted (N, 16)",)),
    "output missing": (lambda: graph([_SHIFT]), ("the ONNX graph cannot be opened", "does not exist in the graph")),
    "fails on its way": (
        lambda: head_after(helper.make_node("Reshape", ["adapted", "to"], ["x"]), to=np.array([7, 16])),
        ("the ONNX graph fails",),
    ),
    "not finite": (
        lambda: head_after(helper.make_node("Log", ["adapted"], ["x"])), ("numbers that are not finite",)
    ),
}  # fmt: skip


def write(case: Callable[[ModelFile], bytes], good: ModelFile, path: Path) -> Path:
    """Write a case under the name of a model."""
    path.write_bytes(case(good))
    return path


def with_head(head: bytes) -> Callable[[ModelFile], bytes]:
    """Return a maker of the model with another head, checksums fitting."""
    return changed(head_onnx=head)
