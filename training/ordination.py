"""Ordination of a transformed table of relevés as one matrix: principal components, correspondence analysis.

A small table is decomposed whole. A large sparse one never is: its decomposition needs products with it only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import LinearOperator, svds
from sklearn.decomposition import PCA

Array = NDArray[np.floating]
Layer = tuple[NDArray[np.float32], NDArray[np.float32]]

# Cells of a table up to which it is decomposed whole: 32 MB in double precision.
WHOLE = 4_000_000
# Columns up to which their covariance is decomposed rather than searched for its first axes.
_FEW_COLUMNS = 512
_TINY = 1e-12
# Axes whose singular value is below this share of the first are rounding errors.
_NOTHING = 1e-6


def principal_axes(transformed: Any, axes: int, *, random_state: int = 1) -> Layer:
    """Return ``(weight (V, A), bias (A,))``: centring and the first principal components in one layer.

    Parameters
    ----------
    transformed
        Transformed training relevés (N, V), an array or a ``csr_array``.
    axes
        Most axes; there are no more than N - 1 and V.
    random_state
        Seed of the first guess where the table is large.

    Returns
    -------
    weight, bias
        Scaled together so that the first axis has unit variance on these relevés; one axis of zeros where all
        relevés are the same.
    """
    rows, columns = transformed.shape
    if _all_alike(transformed):
        return np.zeros((columns, 1), np.float32), np.zeros(1, np.float32)
    count = max(1, min(axes, rows - 1, columns))
    if rows * columns <= WHOLE:
        pca = PCA(count, svd_solver="full").fit(_dense(transformed))
    else:
        solver = "covariance_eigh" if columns <= _FEW_COLUMNS or count >= min(rows, columns) else "arpack"
        exact = csr_array(transformed).astype(np.float64)
        pca = PCA(count, svd_solver=solver, random_state=random_state).fit(exact)
    scale = max(float(np.sqrt(pca.explained_variance_[0])), _TINY)
    weight = (pca.components_.T / scale).astype(np.float32)
    return weight, (-np.asarray(pca.mean_, np.float64) @ weight).astype(np.float32)


def correspondence_axes(transformed: Any, axes: int, *, random_state: int = 1) -> Layer:
    """Return ``(weight (V, A), bias (A,))`` that gives the correspondence analysis of a table from its row profiles.

    Legendre & Legendre (2012, Numerical Ecology, 3rd edition, section 9.2), scaling 1: a relevé stands at the average
    of its species, which is also how a new one is placed (transition formula). An empty relevé stands at the origin,
    the average relevé.

    Parameters
    ----------
    transformed
        Transformed training relevés (N, V), not negative, *not* as profiles; an array or a ``csr_array``.
    axes
        Most axes; there are no more than the table has dimensions.
    random_state
        Seed of the first guess where the table is large.

    Returns
    -------
    weight, bias
        Of row profiles; species that occur nowhere weigh nothing. Scaled together so that the first axis has unit
        variance on these relevés; one axis of zeros where the table has no dimension.
    """
    table = csr_array(transformed).astype(np.float64)
    total = table.sum()
    row, column = np.asarray(table.sum(axis=1)).ravel(), np.asarray(table.sum(axis=0)).ravel()
    met, listed = np.flatnonzero(column > 0), np.flatnonzero(row > 0)
    weight = np.zeros((table.shape[1], 1), np.float32)
    most = min(axes, len(listed) - 1, len(met) - 1)
    if most < 1:
        return weight, np.zeros(1, np.float32)
    root_row, root_column = np.sqrt(row[listed] / total), np.sqrt(column[met] / total)
    shares = diags_array(1.0 / root_row) @ (table[listed][:, met] / total) @ diags_array(1.0 / root_column)
    values, right = _first_axes(csr_array(shares), root_row, root_column, most, random_state)
    kept = values > max(_NOTHING * values[0], _NOTHING) if len(values) else np.zeros(0, bool)
    if not kept.any():
        return weight, np.zeros(1, np.float32)
    species = right[:, kept] / root_column[:, None]
    species *= np.where(np.abs(right[:, kept]).max(axis=0) == right[:, kept].max(axis=0), 1.0, -1.0)
    profiles = diags_array(1.0 / row[listed]) @ table[listed][:, met]
    scale = max(float(np.std(profiles @ species[:, 0], ddof=1)), _TINY)
    weight = np.zeros((table.shape[1], int(kept.sum())), np.float32)
    weight[met] = species / scale
    return weight, np.zeros(weight.shape[1], np.float32)


def _first_axes(
    shares: Any, root_row: Array, root_column: Array, count: int, random_state: int
) -> tuple[Array, Array]:
    """Return singular values (A,) and right vectors (V, A) of the table less what its sums explain."""
    rows, columns = shares.shape
    if rows * columns <= WHOLE or count >= min(rows, columns) - 1:
        _, values, right = np.linalg.svd(shares.toarray() - np.outer(root_row, root_column), full_matrices=False)
        return values[:count], right[:count].T
    residual = LinearOperator(
        shares.shape, dtype=np.float64,
        matvec=lambda x: shares @ x.ravel() - root_row * float(root_column @ x.ravel()),
        rmatvec=lambda y: shares.T @ y.ravel() - root_column * float(root_row @ y.ravel()),
    )
    first = np.random.default_rng(random_state).normal(size=min(rows, columns))
    _, values, right = svds(residual, k=count, v0=first)
    order = np.argsort(-values)
    return values[order], right[order].T


def _all_alike(table: Any) -> bool:
    """Whether there is one relevé, or the same one again and again: no axis."""
    if not hasattr(table, "indptr"):
        return bool((table == table[:1]).all())
    if table.shape[0] < 2:
        return True
    first = table[[0]]
    again = csr_array(np.ones((table.shape[0], 1), np.float32)) @ first if first.nnz <= table.nnz else None
    lengths = np.diff(table.indptr)
    return bool(again is not None and (lengths == lengths[0]).all() and (again != table).nnz == 0)


def _dense(table: Any) -> Array:
    return np.asarray(table.toarray() if hasattr(table, "toarray") else table)
