"""Reads the weights of a published checkpoint without running anything that is in it. Needs torch."""

from __future__ import annotations

import codecs
import dataclasses
import hashlib
import json
import pickletools  # nosec B403  # it reads opcodes and runs none
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import safetensors
import torch
from safetensors.torch import load_file
from torch import Tensor

from botaclip.core.encoders.layouts import Layout, recognise, unwrapped
from botaclip.core.errors import EncoderError

# Written before the fix of August 2024 (torchgeo, pull request 2256): same keys and shapes, other order of numbers.
_OLD_DOFA = (
    "these DOFA weights were written before the layout fix of August 2024, they load without error and give wrong "
    "features"
)
REFUSED: Mapping[str, str] = {"7cc0f413": _OLD_DOFA, "fbd47fa9": _OLD_DOFA}

_WRAPPERS = ("state_dict", "model_state_dict", "model", "teacher", "module", "net", "student")
_INDEX, _SINGLE = "model.safetensors.index.json", "model.safetensors"
_MOST_INDEX_BYTES = 64 << 20
_ANEW = "get the file anew"
# How a page in UTF-16 begins: the mark of its byte order and "<".
_WIDE_PAGES = (codecs.BOM_UTF16_LE + b"<\0", codecs.BOM_UTF16_BE + b"\0<")


class Setting:
    """Stands in a checkpoint where a training script kept its settings; takes whatever it is given and does nothing.

    Trainers such as Lightning save their hyper-parameters beside the weights, as harmless objects that torch does not
    know. Nobody here reads them, so that not even these are made.
    """

    def __new__(cls, *_: object) -> Setting:
        """Make one of anything."""
        return super().__new__(cls)

    def __init__(self, *_: object) -> None:
        """Keep nothing."""

    def __setstate__(self, _: object) -> None:
        """Keep nothing."""


# What hyper-parameters are made of, by the names that pickles have for it, in old and new Python and numpy.
_SETTINGS = (
    "argparse.Namespace", "types.SimpleNamespace",
    *(f"{module}.{kind}Path" for module in ("pathlib", "pathlib._local")
      for kind in ("Posix", "Windows", "PurePosix", "PureWindows")),
    "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """The weights of a checkpoint.

    Parameters
    ----------
    state
        Tensors on the CPU by key, without the prefixes of wrappers; whatever is floating point is float32.
    sha256
        Digest of the file; of a checkpoint in several files, of their names and digests.
    layout
        What it looks like; None when it is nothing known here.
    """

    state: Mapping[str, Tensor]
    sha256: str
    layout: Layout | None


def read_checkpoint(path: Path, *, refused: Mapping[str, str] | None = None) -> Checkpoint:
    """Read a checkpoint: safetensors (one file, or a folder of several with its index), or numbers saved by torch.

    What the file is, its content says, not its name. A pickle is opened for numbers only; a file that holds anything
    that would have to be run is refused, plain settings beside the weights (see :class:`Setting`) are passed over.
    The dictionaries that training scripts put around the weights (``state_dict``, ``model``, ``teacher`` ...) and the
    prefixes of Lightning, DistributedDataParallel and ``torch.compile`` are taken off.

    Parameters
    ----------
    path
        The file, the folder of a checkpoint in several files, or its index.
    refused
        Digest prefixes that are refused besides :data:`REFUSED`, and why (``EncoderRecord.refused``).

    Raises
    ------
    EncoderError
        It is not there, empty, cut short, no checkpoint, holds more than numbers, numbers that are not finite, or is
        one of those that give wrong features.
    """
    path = Path(path)
    files = _files(path)
    sha256 = _digest(files)
    refuse(sha256, {**REFUSED, **(refused or {})}, where=str(path))
    state: dict[str, Any] = {}
    for file in files:
        state.update(_read(file))
    weights = _weights(state, str(path))
    renamed = unwrapped(weights)
    clean = {renamed[key]: _number(weights[key], key, str(path)) for key in renamed}
    return Checkpoint(clean, sha256, recognise({key: tuple(value.shape) for key, value in clean.items()}))


def refuse(sha256: str, refused: Mapping[str, str], *, where: str) -> None:
    """Raise an EncoderError when a digest begins with one of those that are refused, whatever the file is called."""
    for prefix, reason in refused.items():
        if prefix and sha256.lower().startswith(prefix.lower()):
            raise EncoderError(
                f"{reason} (SHA-256 {prefix}...)", where=where,
                remedy="get the current file with botaclip encoders download",
            )  # fmt: skip


# --- Files -----------------------------------------------------------------------------------------------------------


def _files(path: Path) -> list[Path]:
    """Return the files that hold the tensors."""
    if path.is_dir():
        inside = [path / name for name in (_INDEX, _SINGLE) if (path / name).is_file()]
        if not inside:
            raise EncoderError(
                f"the folder holds neither {_SINGLE} nor {_INDEX}", where=str(path), remedy="name the checkpoint itself"
            )
        path = inside[0]
    if not path.is_file():
        raise EncoderError("there is no such checkpoint", where=str(path), remedy="check its path")
    if path.name.endswith(".safetensors.index.json"):
        return _shards(path)
    return [path]


def _shards(index: Path) -> list[Path]:
    """Return the files that an index names, each in the index's own folder."""
    try:
        if index.stat().st_size > _MOST_INDEX_BYTES:
            raise ValueError("too large")
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        if not names or not all(isinstance(name, str) and Path(name).name == name for name in names):
            raise ValueError("names no files of its folder")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EncoderError(f"the index of the checkpoint cannot be read ({error})", where=str(index),
                           remedy=_ANEW) from error  # fmt: skip
    missing = [name for name in names if not (index.parent / name).is_file()]
    if missing:
        raise EncoderError(
            f"of the checkpoint's {len(names)} files {len(missing)} are missing, the first is {missing[0]}",
            where=str(index.parent), remedy="get them all into one folder",
        )  # fmt: skip
    return [index.parent / name for name in names]


def _digest(files: list[Path]) -> str:
    digests = []
    for file in files:
        try:
            with file.open("rb") as stream:
                digests.append(_file_digest(stream))
        except OSError as error:
            raise EncoderError(f"the checkpoint cannot be read ({error.strerror})", where=str(file),
                               remedy="check its permissions and the disk") from error  # fmt: skip
    if len(files) == 1:
        return digests[0]
    listed = "".join(f"{digest}  {file.name}\n" for digest, file in zip(digests, files, strict=True))
    return hashlib.sha256(listed.encode()).hexdigest()


def _file_digest(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := stream.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def _read(file: Path) -> Mapping[str, Any]:
    """Return what a file holds, as nothing but data."""
    with file.open("rb") as stream:
        start = stream.read(512)
    where = str(file)
    if not start:
        raise EncoderError("the checkpoint is an empty file", where=where, remedy=_ANEW)
    if start.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"<" or start.startswith(_WIDE_PAGES):
        raise EncoderError("this is a web page, not a checkpoint", where=where,
                           remedy="log in and accept the licence where the publisher asks for it, then get the file "
                                  "itself")  # fmt: skip
    if start.startswith(b"version https://git-lfs"):
        raise EncoderError("this is a pointer of Git LFS, not the checkpoint itself", where=where,
                           remedy="get the file itself (git lfs pull)")  # fmt: skip
    if start[8:9] == b"{":
        return _safetensors(file)
    if start.startswith((b"PK", b"\x80")):
        return _torch(file)
    raise EncoderError("this is no checkpoint (neither safetensors nor a file saved by torch)", where=where,
                       remedy="name a *.safetensors, *.pth or *.ckpt file")  # fmt: skip


def _safetensors(file: Path) -> dict[str, Tensor]:
    try:
        return load_file(file, device="cpu")
    except (safetensors.SafetensorError, OSError, ValueError, KeyError, RuntimeError, AttributeError) as error:
        raise EncoderError(f"the safetensors file is damaged or cut short ({_first(error)})", where=str(file),
                           remedy=_ANEW) from error  # fmt: skip


def _torch(file: Path) -> Mapping[str, Any]:
    where = str(file)
    try:
        names: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [(Setting, name) for name in _SETTINGS]
        with warnings.catch_warnings(), torch.serialization.safe_globals(names):
            warnings.simplefilter("ignore")  # about programs and protocols: told as errors below
            content = torch.load(file, map_location="cpu", weights_only=True)
    # A damaged pickle raises whatever its bytes lead to; torch itself runs none of what they name.
    except Exception as error:
        if _is_damaged(file, error):
            raise EncoderError("the checkpoint is damaged or cut short", where=where, remedy=_ANEW) from error
        raise EncoderError(
            "the file holds more than numbers (a pickle with code) and is not opened", where=where,
            remedy="get the .safetensors file of the same weights, or have the network's state_dict saved alone",
        ) from error  # fmt: skip
    if not isinstance(content, Mapping):
        kind = type(content).__name__
        raise EncoderError(f"the file holds a {kind}, not tensors by name", where=where,
                           remedy="save the network's state_dict")  # fmt: skip
    return content


def _is_damaged(file: Path, error: Exception) -> bool:
    """Return whether a file could not be read because its bytes are wrong, not because of what they stand for."""
    if type(error).__name__ != "UnpicklingError" and "TorchScript" not in str(error):
        return True
    with file.open("rb") as stream:
        if stream.read(2) != b"PK":
            stream.seek(0)
            # Reads the instructions of a pickle and follows none of them.
            return not _is_whole_pickle(stream)
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.testzip() is not None
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return True


def _is_whole_pickle(stream: IO[bytes]) -> bool:
    try:
        return all(True for _ in pickletools.genops(stream))
    except (ValueError, EOFError, UnicodeError, OverflowError, MemoryError):
        return False


def _first(error: Exception) -> str:
    """Return the first line of what a library said, without our full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120].rstrip(". :")


# --- Tensors ---------------------------------------------------------------------------------------------------------


def _weights(content: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the dictionary of tensors inside those that a training script put around it."""
    for _ in range(4):
        inner = next((content[key] for key in _WRAPPERS if isinstance(content.get(key), Mapping)), None)
        if inner is None:
            break
        content = inner
    if not content:
        raise EncoderError("the checkpoint holds no tensors", where=where, remedy=_ANEW)
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            kind = type(value).__name__
            raise EncoderError(
                f"{key!r} is of type {kind}, not a tensor" if isinstance(key, str) else f"a tensor is called {key!r}",
                where=where,
                remedy="save the network's state_dict alone",
            )  # fmt: skip
    return dict(content)


def _number(value: Tensor, key: str, where: str) -> Tensor:
    """Return a tensor as plain numbers: float32 for whatever is floating point, integers and booleans as they are."""
    plain = value.detach()
    if plain.is_meta or plain.is_quantized or plain.layout != torch.strided or plain.is_complex():
        raise EncoderError(f"{key} is not stored as plain numbers ({plain.dtype}, {plain.layout})", where=where,
                           remedy="get the float32 file")  # fmt: skip
    if not plain.is_floating_point():
        return plain
    plain = plain.to(torch.float32)
    # DINOv3 marks with a mask which biases count; before it is set, it is full of NaN.
    if not key.endswith("bias_mask") and not all(bool(torch.isfinite(part).all()) for part in _parts(plain)):
        raise EncoderError(f"{key} holds numbers that are not finite", where=where, remedy=_ANEW)
    return plain


def _parts(value: Tensor) -> Iterator[Tensor]:
    """Yield a tensor in pieces, so that a look at all of it takes little memory."""
    yield from value.reshape(-1).split(1 << 24)
