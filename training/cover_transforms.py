"""What is done to cover before it is encoded: six ways to weigh rare and abundant species.

Each works relevé by relevé, so nothing is fitted and nothing can leak; a sparse table stays sparse, because a species
that is not there stays 0 in every one of them, and so does an empty relevé.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import OptionError

Array = NDArray[np.floating]
Cover = Any  # (N, V) in per cent: an array or a scipy.sparse.csr_array

TRANSFORMS = ("hellinger", "presence", "percent", "sqrt", "log1p", "ordinal")
# Behind the name of a transform: its values are then divided by their sum over the relevé (correspondence analysis).
PROFILE = "/profile"
# A relevé whose sum is below this is empty.
TINY = 1e-12
# Least cover of the classes 2 to 9 of the ordinal scale. From 5 per cent on they are the limits of Braun-Blanquet's
# classes 2a, 2b, 3, 4 and 5; below it classes are told by numbers of individuals, so the limits are half-way between
# what Turboveg's scale 05 makes of the codes r, +, 1 and 2m.
ORDINAL_LIMITS = (1.5, 2.5, 3.5, 5.0, 12.5, 25.0, 50.0, 75.0)


def transform(cover: Cover, name: str) -> Cover:
    """Return transformed cover (N, V) float32, sparse where ``cover`` is.

    Parameters
    ----------
    cover
        Cover (N, V) in per cent, an array or a ``csr_array``; abundance is taken as if it were per cent.
    name
        ``hellinger``: square root of relative cover (Legendre & Gallagher 2001, doi:10.1007/s004420100716);
        ``presence``: 1 where there is any; ``percent``: as it is; ``sqrt``; ``log1p``: log(1 + per cent);
        ``ordinal``: classes 1 to 9 of van der Maarel (1979, doi:10.1007/BF00052021). With ``/profile`` behind it the
        values are divided by their sum over the relevé.

    Raises
    ------
    OptionError
        There is no such transform.
    """
    plain = name.removesuffix(PROFILE)
    if plain not in TRANSFORMS:
        raise OptionError(f"there is no transform {name!r} of cover", remedy=f"use one of {', '.join(TRANSFORMS)}")
    profile = name.endswith(PROFILE)
    if not hasattr(cover, "indptr"):
        dense = np.asarray(cover)
        made = _values(dense, plain, _totals(dense) if plain == "hellinger" else None)
        return made / np.maximum(_totals(made), TINY).astype(np.float32) if profile else made
    lengths = np.diff(cover.indptr)
    made = cover.copy()
    made.data = _values(cover.data, plain, np.repeat(_sums(cover), lengths) if plain == "hellinger" else None)
    if profile:
        made.data = made.data / np.repeat(np.maximum(_sums(made), TINY).astype(np.float32), lengths)
    return made


def hellinger(cover: Cover) -> Cover:
    """Return the square root of relative cover (N, V); an empty relevé becomes zeros."""
    return transform(cover, "hellinger")


def _values(cover: Array, name: str, total: Array | None) -> NDArray[np.float32]:
    """Return transformed numbers of any shape; ``total`` is the sum over the relevé of each."""
    if total is not None:
        made = np.sqrt(cover / np.maximum(total, TINY))
    elif name == "presence":
        made = cover > 0
    elif name == "sqrt":
        made = np.sqrt(cover)
    elif name == "log1p":
        made = np.log1p(cover)
    elif name == "ordinal":
        made = np.digitize(cover, ORDINAL_LIMITS) + np.asarray(cover > 0, np.int64)
    else:
        made = cover
    return np.asarray(made).astype(np.float32)


def _totals(dense: Array) -> NDArray[np.float64]:
    """Return the sum over each relevé (N, 1)."""
    return np.asarray(dense.sum(axis=1, keepdims=True, dtype=np.float64))


def _sums(sparse: Any) -> NDArray[np.float64]:
    """Return the sum over each relevé (N,) of a sparse table."""
    row = np.repeat(np.arange(sparse.shape[0]), np.diff(sparse.indptr))
    return np.asarray(np.bincount(row, weights=sparse.data, minlength=sparse.shape[0]), np.float64)
