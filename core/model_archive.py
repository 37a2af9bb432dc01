"""The zip around a model, opened as what a stranger sent: nothing is unpacked before its name and size are known.

Nothing is ever written to disk, so a hostile name could do no harm here; it is refused all the same, because a file
that holds one was not made by BotaCLIP and would harm whoever unpacks it with another tool.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping

from botaclip.core.errors import ModelFileError

_MIB = 2**20
_MOST_RATIO = 200  # unpacked to packed size, of parts above 1 MiB; texts of relevés reach about 20
_MOST_TOTAL_RATIO = 50  # the same of the whole file, above 64 MiB
# The same of graphs and arrays above 64 MiB: trained numbers hardly shrink.
_MOST_NUMBERS_RATIO, _NUMBERS = 10, (".onnx", ".safetensors")
_MOST_ENTRIES = 64
_LOCAL_HEADER = struct.Struct("<4s22xHH")  # signature, length of the name, length of the extra field
_DESCRIPTOR = 24  # bytes that a streaming writer puts behind a part
# What programs run, or readers such as torch.load and numpy.load take apart with pickle.
_RUNS_CODE = frozenset(
    ".pkl .pickle .pt .pth .ckpt .npy .npz .joblib .dill .py .pyc .pyd .so .dll .dylib .exe .bat .cmd .sh .js".split()
)


def bad_file(found: str, where: str) -> ModelFileError:
    """Return the error of a file that is not what a model file must be."""
    return ModelFileError(found, where=where, remedy="get the model file again from where it was made")


def unpack(
    data: bytes, limits: Mapping[str, int], where: str, *, first: str, check_first: Callable[[bytes], None]
) -> dict[str, bytes]:
    """Return the parts of the zip, nothing written to disk, nothing larger than it may be.

    Parameters
    ----------
    data
        The whole file.
    limits
        Largest size of each part by name, in bytes; no other part may be there.
    where
        The file's name, for errors.
    first
        The part that says what the others are.
    check_first
        Called with that part before unknown parts are refused, because a newer format may hold others.

    Raises
    ------
    ModelFileError
        It is no zip, damaged, or holds what no model file holds.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            for entry in entries[: _MOST_ENTRIES + 1]:
                _check_entry(entry, where)
            if first not in names:
                raise bad_file(f"it holds no {first}, so it is no model of BotaCLIP", where)
            check_first(_read(archive, archive.getinfo(first), limits, where))
            for name in names[: _MOST_ENTRIES + 1]:
                if name not in limits:
                    raise bad_file(f"it holds {name[:80]!r}, which no model file holds", where)
                if names.count(name) > 1:
                    raise bad_file(f"it holds {name} twice", where)
            _check_layout(archive, data, where)
            unpacked = sum(entry.file_size for entry in entries)
            if unpacked > max(64 * _MIB, _MOST_TOTAL_RATIO * len(data)):
                raise bad_file(f"it would unpack to {unpacked / _MIB:.0f} MiB", where)
            return {entry.filename: _read(archive, entry, limits, where) for entry in entries}
    except (
        zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError, OSError, ValueError,
        OverflowError, NotImplementedError,
    ) as error:  # fmt: skip
        raise bad_file(f"it is no readable model file ({error})", where) from error


def _check_entry(entry: zipfile.ZipInfo, where: str) -> None:
    """Refuse names that lead out of the file, and what is no plain file."""
    name = entry.orig_filename
    steps = re.split(r"[/\\]", name)
    if steps[0] == "" or ".." in steps or ":" in name or "\\" in name:
        raise bad_file(f"it holds the path {name[:80]!r}, which leads out of it", where)
    if not name.isprintable():
        raise bad_file(f"it holds the name {name[:80]!r}, which cannot be shown", where)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise bad_file(f"{name[:80]!r} in it is a link or another special file", where)
    if any(name.lower().endswith(suffix) for suffix in _RUNS_CODE):
        raise bad_file(f"it holds {name[:80]!r}, which can run code when it is opened", where)


def _check_layout(archive: zipfile.ZipFile, data: bytes, where: str) -> None:
    """Refuse parts that share bytes (bombs are made so), and bytes that belong to no part (something is hidden)."""
    end = 0
    for entry in sorted(archive.infolist(), key=lambda entry: entry.header_offset):
        signature, name, extra = _LOCAL_HEADER.unpack_from(data, entry.header_offset)
        if signature != b"PK\x03\x04":
            raise bad_file(f"{entry.filename} does not lie where the file says", where)
        if entry.header_offset < end:
            raise bad_file(f"{entry.filename} shares its bytes with another part", where)
        if entry.header_offset > end + _DESCRIPTOR * (end > 0):
            raise bad_file(f"bytes that belong to no part lie before {entry.filename}", where)
        end = entry.header_offset + _LOCAL_HEADER.size + name + extra + entry.compress_size
    if not end <= archive.start_dir <= end + _DESCRIPTOR or archive.comment:
        raise bad_file("bytes that belong to no part lie at its end", where)


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: Mapping[str, int], where: str) -> bytes:
    if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise bad_file(f"{entry.filename} is encrypted or packed in an unusual way", where)
    limit = limits.get(entry.filename, 0)
    most = max(_MIB, _MOST_RATIO * entry.compress_size)
    if entry.filename.endswith(_NUMBERS):
        most = min(most, max(64 * _MIB, _MOST_NUMBERS_RATIO * entry.compress_size))
    if entry.file_size > min(limit, most):
        raise bad_file(f"{entry.filename} would unpack to {entry.file_size / _MIB:.0f} MiB", where)
    with archive.open(entry) as stream:
        # zipfile stops at the stated size, whatever the packed bytes would grow to, and compares the checksum.
        blob = stream.read(limit + 1)
    if len(blob) != entry.file_size:
        raise bad_file(f"{entry.filename} is not as long as the file says", where)
    return blob
