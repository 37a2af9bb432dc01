"""The model file: one ``*.botaclip`` zip of numbers, ONNX graphs and JSON; no code, no pickle, nothing hidden.

A file from a stranger is opened as such: names, sizes and compression are checked before anything is unpacked,
every part against its checksum, every graph before a runtime sees it. The checksums find damage and tampering
with single parts; they do not say who made the file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from botaclip.core.encoder_metadata import LICENCE_PART, part_names, parts_of
from botaclip.core.encoders.spec import MOST_JOINED
from botaclip.core.errors import ModelFileError
from botaclip.core.model_archive import bad_file, unpack
from botaclip.core.model_json import read_json
from botaclip.core.model_metadata import (
    check_metadata,
    check_plots,
    format_of,
    has_control_characters,
    refuse_newer,
    writable,
)
from botaclip.core.onnx_scan import scan_onnx
from botaclip.core.unfinished import unfinished

SUFFIX = ".botaclip"
_MIB = 2**20
# Every part a model may hold, and how large it may become when unpacked.
PARTS = {
    "metadata.json": 32 * _MIB,
    "arrays.safetensors": 1024 * _MIB,
    "adapter.onnx": 256 * _MIB,
    "head.onnx": 256 * _MIB,
    "vegeta.onnx": 512 * _MIB,
    **dict.fromkeys(part_names(MOST_JOINED), 512 * _MIB),
    LICENCE_PART: _MIB,
    "plots.json": 256 * _MIB,
    "checksums.json": _MIB,
}
REQUIRED = frozenset({"metadata.json", "arrays.safetensors", "adapter.onnx", "head.onnx", "checksums.json"})
_MOST_HEADER = _MIB  # of arrays.safetensors: names and shapes of a handful of arrays
_MOST_ARRAYS = 64
_TEXT = (".json", ".txt")
_OLDEST = (1980, 1, 1, 0, 0, 0)  # the same content gives the same bytes, whenever it is written

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
        where = str(path)
        parts = unpack(
            data, PARTS, where, first="metadata.json", check_first=lambda blob: _refuse_newer(blob, where)
        )
        _missing(parts, where)
        return cls(path, hashlib.sha256(data).hexdigest(), _checked(parts, where), parts)

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
            ``metadata.json``; ``format_version`` is set to what the content needs.
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
        metadata = writable({**metadata, "format_version": format_of(metadata, parts)})
        blobs = {name: _blob(name, part) for name, part in ({"metadata.json": metadata} | dict(parts)).items()}
        _check_sizes(blobs, str(path))
        blobs["checksums.json"] = _blob("checksums.json", {name: _sha256(blob) for name, blob in blobs.items()})
        checked = _checked(blobs, str(path))
        # Straight to the disk: with encoders inside, one more copy in memory would be one too many.
        with unfinished(path, overwrite=overwrite) as part:
            with zipfile.ZipFile(part, "w") as archive:
                for name in PARTS:
                    if name in blobs:
                        entry = zipfile.ZipInfo(name, _OLDEST)
                        entry.create_system, entry.external_attr = 3, 0o644 << 16
                        # Trained floats do not shrink; text does.
                        entry.compress_type = zipfile.ZIP_DEFLATED if name.endswith(_TEXT) else zipfile.ZIP_STORED
                        archive.writestr(entry, blobs[name])
            with part.open("rb") as file:
                digest = _sha256_of(file)
        return cls(path, digest, checked, blobs)

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


def _sha256_of(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := file.read(_MIB):
        digest.update(piece)
    return digest.hexdigest()


def _blob(name: str, part: Part) -> bytes:
    if isinstance(part, bytes):
        return part
    if name.endswith(".safetensors") and isinstance(part, Mapping):
        return safetensors.numpy.save({key: np.ascontiguousarray(array) for key, array in part.items()})
    try:
        return json.dumps(part, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=1).encode()
    except ValueError as error:
        raise ModelFileError(f"{name} would hold a number that is not finite", where="the model") from error


def _refuse_newer(blob: bytes, where: str) -> None:
    refuse_newer(read_json(blob, "metadata.json", where), where)


def _check_sizes(blobs: Mapping[str, bytes], where: str) -> None:
    """Refuse to write what could not be opened again."""
    for name, blob in blobs.items():
        if len(blob) > PARTS.get(name, 0):
            found = f"{name} of {len(blob) / _MIB:.0f} MiB is too large" if name in PARTS else f"{name!r} is no part"
            raise ModelFileError(f"{found} for a model file", where=where)


def _missing(parts: Mapping[str, bytes], where: str) -> None:
    missing = sorted(REQUIRED - set(parts))
    if missing:
        raise bad_file(f"it lacks {', '.join(missing)}", where)


def _checked(parts: Mapping[str, bytes], where: str) -> dict[str, Any]:
    """Check checksums, graphs, arrays and metadata; return the metadata."""
    checksums = read_json(parts["checksums.json"], "checksums.json", where)
    if set(checksums) != set(parts) - {"checksums.json"}:
        raise bad_file("its list of checksums does not name its parts", where)
    for name, digest in checksums.items():
        if name not in PARTS:
            raise bad_file(f"{name[:80]!r} is no part of a model file", where)
        if digest != _sha256(parts[name]):
            raise bad_file(f"{name} was altered or damaged: its checksum does not fit", where)
    _missing(parts, where)
    for name, blob in parts.items():
        if name.endswith(".onnx"):
            scan_onnx(blob, where=f"{where}, {name}")
    metadata = read_json(parts["metadata.json"], "metadata.json", where)
    check_metadata(metadata, where)
    _check_encoder_parts(metadata["encoder"], parts, where)
    _check_arrays(parts["arrays.safetensors"], where)
    if "plots.json" in parts:
        check_plots(read_json(parts["plots.json"], "plots.json", where), where)
    return metadata


def _check_encoder_parts(about: Mapping[str, Any], parts: Mapping[str, bytes], where: str) -> None:
    """Hold the graphs of the encoder, and the text of its licence, against what is said of them."""
    said = parts_of(about)
    names = part_names(len(said))
    present = {name for name in part_names(MOST_JOINED) if name in parts}
    if present != (set(names) if about["embedded"] else set()):
        raise bad_file("it does not say truly whether it holds its encoder", where)
    for name, part in zip(names, said, strict=True):
        if about["embedded"] and part["sha256"] != _sha256(parts[name]):
            raise bad_file("its encoder is not the one that it names", where)
    if LICENCE_PART in parts:
        try:
            text = parts[LICENCE_PART].decode("utf-8")
        except UnicodeDecodeError as error:
            raise bad_file(f"{LICENCE_PART} is no text", where) from error
        if has_control_characters(text):
            raise bad_file(f"{LICENCE_PART} holds control characters", where)


def _check_arrays(blob: bytes, where: str) -> None:
    header = int.from_bytes(blob[:8], "little")
    if not 2 <= header <= min(_MOST_HEADER, len(blob) - 8):
        raise bad_file("arrays.safetensors is not readable (its header has no proper length)", where)
    # Read here as well, for keys that stand twice: which of the two counts would be the reader's guess.
    if len(read_json(blob[8 : 8 + header], "the header of arrays.safetensors", where)) > _MOST_ARRAYS:
        raise bad_file(f"it holds more than {_MOST_ARRAYS} arrays", where)
    try:
        arrays = safetensors.numpy.load(blob)
    except Exception as error:  # a class of its own, or whatever NumPy makes of a type that it does not know
        raise bad_file(f"arrays.safetensors is not readable ({str(error)[:160]})", where) from error
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub":
            raise bad_file(f"the array {name[:80]!r} holds no numbers", where)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise bad_file(f"the array {name[:80]!r} holds numbers that are not finite", where)
    mean, components, share = (arrays.get(f"pca.{name}") for name in ("mean", "components", "share"))
    if "plots.vectors" not in arrays:
        raise bad_file("it lacks the vectors of its plots", where)
    if mean is None or components is None or share is None or components.shape != (share.size, mean.size):
        raise bad_file("its principal components do not fit together", where)
