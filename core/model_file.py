"""The model file: one ``*.botaclip`` zip of numbers, ONNX graphs and JSON; no code, no pickle, nothing hidden.

A file from a stranger is opened as such: names, sizes and compression are checked before anything is unpacked,
every part against its checksum, every graph before a runtime sees it. The checksums find damage and tampering
with single parts; they do not say who made the file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from botaclip.core.errors import ModelFileError
from botaclip.core.onnx_scan import scan_onnx
from botaclip.core.unfinished import unfinished

FORMAT_VERSION = 1
SUFFIX = ".botaclip"
_MIB = 2**20
# Every part a model may hold, and how large it may become when unpacked.
PARTS = {
    "metadata.json": 32 * _MIB,
    "arrays.safetensors": 1024 * _MIB,
    "adapter.onnx": 256 * _MIB,
    "head.onnx": 256 * _MIB,
    "vegeta.onnx": 512 * _MIB,
    "encoder.onnx": 64 * _MIB,
    "plots.json": 256 * _MIB,
    "checksums.json": _MIB,
}
REQUIRED = frozenset({"metadata.json", "arrays.safetensors", "adapter.onnx", "head.onnx", "checksums.json"})
_MOST_RATIO = 200  # unpacked to packed size, of parts above 1 MiB; texts of relevés reach about 20
_OLDEST = (1980, 1, 1, 0, 0, 0)  # the same content gives the same bytes, whenever it is written

# metadata key -> type that its value must have
_KEYS: dict[str, type | tuple[type, ...]] = {
    "format_version": int, "created": str, "versions": dict, "encoder": dict, "bands": list, "value_range": list,
    "lattice": dict, "patch": dict, "alignment": dict, "data_type": str, "cover_scale": (dict, str), "species": list,
    "training": dict, "plot_locations": str,
}
_ENCODER_KEYS: dict[str, type | tuple[type, ...]] = {
    "id": str, "sha256": str, "embedded": bool, "stride_px": int, "margin_px": int, "dimension": int,
}

Part = bytes | Mapping[str, Any] | Sequence[Any]


@dataclasses.dataclass(frozen=True)
class ModelFile:
    """A model file that was checked and read.

    Parameters
    ----------
    path
        Where it lies.
    sha256
        SHA-256 of the whole file; with ``path`` it says which model made a map.
    metadata
        ``metadata.json``; its keys are listed in ``docs/architecture.md``.
    parts
        Bytes of every part by name.
    """

    path: Path
    sha256: str
    metadata: dict[str, Any]
    parts: Mapping[str, bytes]

    @classmethod
    def open(cls, path: str | Path) -> ModelFile:
        """Check a model file and read it.

        Raises
        ------
        ModelFileError
            It is missing, no model file, damaged, altered, hostile, or made by a newer version.
        """
        path = Path(path)
        try:
            data = path.read_bytes() if path.is_file() and path.stat().st_size <= sum(PARTS.values()) else None
        except OSError as error:
            raise ModelFileError(f"it cannot be read ({error.strerror})", where=str(path)) from error
        if data is None:
            found = "it is larger than any model file" if path.is_file() else "there is no such file"
            raise ModelFileError(found, where=str(path), remedy="choose a *.botaclip file")
        parts = _unpack(data, str(path))
        return cls(path, hashlib.sha256(data).hexdigest(), _checked(parts, str(path)), parts)

    @classmethod
    def write(
        cls, path: str | Path, metadata: Mapping[str, Any], parts: Mapping[str, Part], overwrite: bool = False
    ) -> ModelFile:
        """Write a model file; the same content gives the same bytes.

        Parameters
        ----------
        path
            Where to write it.
        metadata
            ``metadata.json``.
        parts
            The other parts by name: bytes, or anything JSON for ``*.json``, or arrays by name for
            ``*.safetensors``. ``checksums.json`` is added.
        overwrite
            Whether an existing file is replaced.

        Raises
        ------
        ModelFileError
            The content is not a model that :meth:`open` would take.
        OutputError
            It cannot be written.
        """
        path = Path(path)
        blobs = {name: _blob(name, part) for name, part in ({"metadata.json": metadata} | dict(parts)).items()}
        blobs["checksums.json"] = _blob("checksums.json", {name: _sha256(blob) for name, blob in blobs.items()})
        checked = _checked(blobs, str(path))
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name in PARTS:
                if name in blobs:
                    entry = zipfile.ZipInfo(name, _OLDEST)
                    entry.create_system, entry.external_attr = 3, 0o644 << 16
                    # Trained floats do not shrink; text does.
                    entry.compress_type = zipfile.ZIP_DEFLATED if name.endswith(".json") else zipfile.ZIP_STORED
                    archive.writestr(entry, blobs[name])
        data = buffer.getvalue()
        with unfinished(path, overwrite=overwrite) as part:
            part.write_bytes(data)
        return cls(path, _sha256(data), checked, blobs)

    @property
    def model_id(self) -> str:
        """The first 12 digits of the SHA-256, short enough to print."""
        return self.sha256[:12]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return ``arrays.safetensors``."""
        return safetensors.numpy.load(self.parts["arrays.safetensors"])

    def plots(self) -> dict[str, Any]:
        """Return ``plots.json``; empty where the model holds no plot table."""
        return json.loads(self.parts["plots.json"]) if "plots.json" in self.parts else {}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _blob(name: str, part: Part) -> bytes:
    if isinstance(part, bytes):
        return part
    if name.endswith(".safetensors") and isinstance(part, Mapping):
        return safetensors.numpy.save({key: np.ascontiguousarray(array) for key, array in part.items()})
    try:
        return json.dumps(part, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=1).encode()
    except ValueError as error:
        raise ModelFileError(f"{name} would hold a number that is not finite", where="the model") from error


def _unpack(data: bytes, where: str) -> dict[str, bytes]:
    """Return the parts of the zip, nothing written to disk, nothing larger than it may be."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            if "metadata.json" not in names:
                raise _bad("it holds no metadata.json", where)
            _refuse_newer(archive, entries, where)
            for entry in entries:
                if entry.filename not in PARTS:
                    raise _bad(f"it holds {entry.filename[:80]!r}, which no model file holds", where)
                if names.count(entry.filename) > 1:
                    raise _bad(f"it holds {entry.filename} twice", where)
            parts = {entry.filename: _read(archive, entry, where) for entry in entries}
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise _bad(f"it is no readable model file ({error})", where) from error
    missing = sorted(REQUIRED - set(parts))
    if missing:
        raise _bad(f"it lacks {', '.join(missing)}", where)
    return parts


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str) -> bytes:
    if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _bad(f"{entry.filename} is encrypted or packed in an unusual way", where)
    limit = PARTS.get(entry.filename, 0)
    if entry.file_size > limit or entry.file_size > max(_MIB, _MOST_RATIO * entry.compress_size):
        raise _bad(f"{entry.filename} would unpack to {entry.file_size / _MIB:.0f} MiB", where)
    with archive.open(entry) as stream:
        blob = stream.read(limit + 1)
    if len(blob) != entry.file_size:
        raise _bad(f"{entry.filename} is not as long as the file says", where)
    return blob


def _refuse_newer(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], where: str) -> None:
    """Say "newer" before calling a part unknown, because a newer format may hold other parts."""
    entry = next(entry for entry in entries if entry.filename == "metadata.json")
    version = _json(_read(archive, entry, where), "metadata.json", where).get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise ModelFileError(
            f"it was made by a newer version of BotaCLIP (format {version}; this one reads {FORMAT_VERSION})",
            where=where, remedy="update the plugin",
        )


def _bad(found: str, where: str) -> ModelFileError:
    return ModelFileError(found, where=where, remedy="get the model file again from where it was made")


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _json(blob: bytes, name: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(blob, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _bad(f"{name} is not readable ({error})", where) from error
    if not isinstance(value, dict):
        raise _bad(f"{name} is no JSON object", where)
    return value


def _checked(parts: Mapping[str, bytes], where: str) -> dict[str, Any]:
    """Check checksums, graphs, arrays and metadata; return the metadata."""
    checksums = _json(parts["checksums.json"], "checksums.json", where)
    if set(checksums) != set(parts) - {"checksums.json"}:
        raise _bad("its list of checksums does not name its parts", where)
    for name, digest in checksums.items():
        if name not in PARTS:
            raise _bad(f"{name[:80]!r} is no part of a model file", where)
        if digest != _sha256(parts[name]):
            raise _bad(f"{name} was altered or damaged: its checksum does not fit", where)
    missing = sorted(REQUIRED - set(parts))
    if missing:
        raise _bad(f"it lacks {', '.join(missing)}", where)
    for name, blob in parts.items():
        if name.endswith(".onnx"):
            scan_onnx(blob, where=f"{where}, {name}")
    metadata = _json(parts["metadata.json"], "metadata.json", where)
    _check_metadata(metadata, parts, where)
    _check_arrays(parts["arrays.safetensors"], where)
    if "plots.json" in parts:
        _json(parts["plots.json"], "plots.json", where)
    return metadata


def _check_metadata(metadata: dict[str, Any], parts: Mapping[str, bytes], where: str) -> None:
    def need(table: Mapping[str, Any], keys: Mapping[str, type | tuple[type, ...]], name: str) -> None:
        for key, kind in keys.items():
            value = table.get(key)
            if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
                raise _bad(f"its {name} has no proper {key!r}", where)

    need(metadata, _KEYS, "metadata")
    need(metadata["encoder"], _ENCODER_KEYS, "encoder")
    if metadata["format_version"] != FORMAT_VERSION:
        raise _bad(f"its format is {metadata['format_version']}, not {FORMAT_VERSION}", where)
    embedded = metadata["encoder"]["embedded"]
    if embedded != ("encoder.onnx" in parts):
        raise _bad("it does not say truly whether it holds its encoder", where)
    if embedded and metadata["encoder"]["sha256"] != _sha256(parts["encoder.onnx"]):
        raise _bad("its encoder is not the one that it names", where)
    patch = metadata["patch"]
    if not _positive(patch.get("size_m")) or not isinstance(patch.get("cells"), int) or patch["cells"] < 1:
        raise _bad("its patch has no proper size", where)
    if not metadata["bands"] or not all(isinstance(band, dict) and band.get("role") for band in metadata["bands"]):
        raise _bad("its bands have no roles", where)
    names = [kind.get("name") if isinstance(kind, dict) else None for kind in metadata["species"]]
    if not names or not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
        raise _bad("its species have no proper names", where)
    for kind in metadata["species"]:
        threshold = kind.get("threshold")
        if threshold is not None and not (isinstance(threshold, (int, float)) and math.isfinite(threshold)):
            raise _bad(f"the threshold of {kind['name']} is no number", where)


def _positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value) and value > 0


def _check_arrays(blob: bytes, where: str) -> None:
    try:
        arrays = safetensors.numpy.load(blob)
    except (safetensors.SafetensorError, KeyError, ValueError) as error:
        raise _bad(f"arrays.safetensors is not readable ({error})", where) from error
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise _bad(f"the array {name!r} holds numbers that are not finite", where)
    mean, components, share = (arrays.get(f"pca.{name}") for name in ("mean", "components", "share"))
    if "plots.vectors" not in arrays:
        raise _bad("it lacks the vectors of its plots", where)
    if mean is None or components is None or share is None or components.shape != (len(share), len(mean)):
        raise _bad("its principal components do not fit together", where)
