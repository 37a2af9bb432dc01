"""Frozen vectors kept on disk, so that the same plots on the same image are encoded once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from botaclip.core.cache_folder import cache_folder
from botaclip.core.lattice import Lattice, PatchSpec

_KEPT = 40  # files; the least recently used go first


def cache_path(
    *, encoder: str, raster: str, lattice: Lattice, patch: PatchSpec, rows: NDArray[np.int64], cols: NDArray[np.int64]
) -> Path:
    """Return the file of these nodes; anything that could change a vector changes the name.

    Parameters
    ----------
    encoder
        Identity of the encoder: digest of its graph and of the settings that a vector depends on.
    raster
        Identity of the raster (paths, sizes, modification times, bands).
    lattice, patch, rows, cols
        Where the vectors are taken.
    """
    key = json.dumps([1, encoder, raster, lattice.to_json(), patch.size_m, patch.cells], sort_keys=True)
    nodes = np.stack([rows, cols]).astype("<i8").tobytes()
    return cache_folder() / f"{hashlib.sha256(key.encode() + nodes).hexdigest()}.safetensors"


def load_vectors(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Return ``vectors (N, D)`` and ``seen (N,)``, or None where they are not kept (or the file is damaged)."""
    try:
        arrays = load(path.read_bytes())
        found = arrays["vectors"], arrays["seen"]
        os.utime(path)
    except (OSError, SafetensorError, KeyError):
        return None
    return found


def save_vectors(path: Path, vectors: NDArray[np.float32], seen: NDArray[np.float32]) -> None:
    """Keep vectors; a cache that cannot be written is no error."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(save({"vectors": np.ascontiguousarray(vectors), "seen": np.ascontiguousarray(seen)}))
        os.replace(part, path)
        kept = sorted(path.parent.glob("*.safetensors"), key=lambda file: file.stat().st_mtime)
        for old in kept[:-_KEPT]:
            old.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        part.unlink(missing_ok=True)
