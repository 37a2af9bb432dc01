"""Adapting image vectors without any training: principal components, and reduced-rank regression of the flora.

Both answer a question that contrastive alignment has to be asked. ``whitened``: would the principal components of the
images alone, without a single relevé, have done the same? ``canonical``: would the classical form of the same idea,
seventy years older, which finds the directions of the image that floristic axes can be read from?
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, solve

from botaclip.training.adapter import Adapter
from botaclip.training.vegeta import fit_vegeta

if TYPE_CHECKING:
    from botaclip.training.alignment import Alignment
    from botaclip.training.training_table import TrainingTable

Array = NDArray[np.floating]

CLOSED_FORMS = ("whitened", "canonical")
# Numbers of axes that are tried; more than plots or dimensions allow become as many as they allow.
WHITENED_AXES: tuple[int, ...] = (8, 16, 32, 64, 128)
CANONICAL_AXES: tuple[int, ...] = (4, 8, 16, 32)
# Of the regression of floristic axes, in the unit of heads.PENALTIES.
RIDGE = 0.1
# Spread of the directions that the flora can be read from, all together, over that of the whole image: as much again.
# Flat between 1 and 20 on landscape seeds 101 and 102, and so is the penalty between 0.03 and 0.1.
GAIN = 1.0
ORDINATIONS = ("pca", "ca")
# Directions that vary less than this share of the first are rounding, not image.
_RANK = 1e-6


def fit_closed_form(vectors: Array, releves: TrainingTable, alignment: Alignment) -> list[Adapter]:
    """Compute an adapter for each number of axes that ``alignment.checkpoints`` names.

    Parameters
    ----------
    vectors
        Standardised frozen vectors of the training plots (N, D).
    releves
        Their relevés, row by row; ``whitened`` reads none of them.
    alignment
        ``whitened`` or ``canonical``.

    Returns
    -------
    list of Adapter
        In the order of the checkpoints; ``steps`` is the number of axes asked for, 0 the identity.

    Raises
    ------
    ValueError
        The alignment has no closed form.
    """
    if alignment.name == "whitened":
        mean, components, deviations = _components(vectors)
        made = [whitening(mean, components, deviations, axes) for axes in alignment.checkpoints]
    elif alignment.name == "canonical":
        directions = canonical_directions(vectors, floristic_axes(releves, alignment))
        made = [loudened(vectors, directions, axes) for axes in alignment.checkpoints]
    else:
        raise ValueError(f"{alignment.name} has no closed form")
    return [
        Adapter.linear(axes, weight.astype(np.float32), bias.astype(np.float32))
        for axes, (weight, bias) in zip(alignment.checkpoints, made, strict=True)
    ]


def whitening(mean: Array, components: Array, deviations: Array, axes: int) -> tuple[Array, Array]:
    """Return weight (D, k) and bias (k,) of the first ``axes`` components, each of unit variance.

    Principal components of very different variance are a crippled input to a forest and an odd one to a ridge
    (measured: a false gain of 0.05 to 0.075 for whatever is compared with them), so that they are whitened.
    ``k`` is ``axes`` or the rank of the training vectors, whichever is less; 0 axes are the vectors themselves.

    Parameters
    ----------
    mean
        Of the training vectors (D,).
    components
        Principal directions in columns (D, R), of unit length.
    deviations
        Standard deviations along them (R,), the largest first.
    axes
        How many are asked for.
    """
    if axes == 0:
        return np.eye(len(mean)), np.zeros(len(mean))
    if not len(deviations):  # images that are all the same
        return np.zeros((len(mean), 1)), np.zeros(1)
    weight = components[:, :axes] / deviations[:axes]
    return weight, -mean @ weight


def _components(vectors: Array) -> tuple[Array, Array, Array]:
    """Return mean, principal directions and standard deviations along them, of full rank."""
    x = np.asarray(vectors, dtype=np.float64)
    mean = x.mean(axis=0)
    x = x - mean
    if len(x) <= x.shape[1]:  # the smaller of two equal problems
        values, left = eigh(x @ x.T)
        values, left = values[::-1], left[:, ::-1]
        kept = _above_rounding(values, most=len(x) - 1)
        directions = (x.T @ left[:, kept]) / np.sqrt(values[kept])
    else:
        values, directions = eigh(x.T @ x)
        values, directions = values[::-1], directions[:, ::-1]
        kept = _above_rounding(values, most=len(x) - 1)
        directions = directions[:, kept]
    return mean, _same_signs(directions), np.sqrt(values[kept] / len(x))


def _above_rounding(values: Array, *, most: int) -> NDArray[np.integer]:
    return np.flatnonzero(values > _RANK * max(float(values[0]), 1e-300))[: max(most, 1)]


def _same_signs(directions: Array) -> Array:
    """Let the largest entry of each column be positive: otherwise signs are the library's whim."""
    largest = np.abs(directions).argmax(axis=0)
    signs = np.sign(directions[largest, np.arange(directions.shape[1])])
    return np.asarray(directions * np.where(signs == 0, 1.0, signs))


def floristic_axes(releves: TrainingTable, alignment: Alignment) -> Array:
    """Return floristic axes (N, A) of relevés: VEGETA's, as the alignment's recipe has it.

    Where the recipe has a network they are the principal axes: a closed form needs no network.
    """
    recipe = alignment.recipe
    if recipe.vegeta not in ORDINATIONS:
        recipe = dataclasses.replace(recipe, vegeta="pca")
    vegeta = fit_vegeta(releves.cover, recipe, extra=releves.extra)
    return np.asarray(vegeta(releves.cover), dtype=np.float64)


def canonical_directions(vectors: Array, axes: Array, *, ridge: float = RIDGE) -> Array:
    """Return directions of the image from which floristic axes can be read, the best first: (D, R).

    Reduced-rank regression (Izenman 1975, doi:10.1016/0047-259X(75)90042-1) of the floristic axes ``Y`` on the image
    vectors ``X`` with a ridge penalty: of all maps of rank r, the first r directions hold the one of least penalised
    squared error. What is written ``X`` there is ``X`` with the penalty's rows below it. With whitened ``Y`` this
    would be canonical correlation, and with Hellinger-transformed cover the constrained ordination of ter Braak (1986,
    doi:10.2307/1938672) without its chi-square weights; here ``Y`` keeps the variances of its axes, so that a gradient
    that moves many species counts for more than one that moves two.

    Parameters
    ----------
    vectors
        Standardised training vectors (N, D).
    axes
        Floristic axes of their relevés (N, A).
    ridge
        Penalty in units of the mean squared norm of a centred vector.

    Returns
    -------
    directions
        In columns; ``vectors @ directions`` have the relative variances of what is explained. No columns where the
        relevés or the images are all the same.
    """
    x = np.asarray(vectors, dtype=np.float64)
    x, y = x - x.mean(axis=0), np.asarray(axes, dtype=np.float64) - axes.mean(axis=0)
    power = float(np.square(x).sum(axis=1).mean())
    if power == 0.0 or not y.any():
        return np.zeros((x.shape[1], 0))
    alpha = ridge * power
    if len(x) <= x.shape[1]:
        coefficients = x.T @ solve(x @ x.T + alpha * np.eye(len(x)), y, assume_a="pos")
    else:
        coefficients = solve(x.T @ x + alpha * np.eye(x.shape[1]), x.T @ y, assume_a="pos")
    # What the penalised regression explains, X'X + alpha I between the coefficients: its eigenvectors are the axes'
    # combinations in the order in which the image tells them.
    explained = y.T @ x @ coefficients
    values, combinations = eigh((explained + explained.T) / 2)
    values, combinations = values[::-1], combinations[:, ::-1]
    kept = _above_rounding(values, most=min(len(x) - 1, x.shape[1]))
    return _same_signs(coefficients @ combinations[:, kept])


def loudened(vectors: Array, directions: Array, axes: int, *, gain: float = GAIN) -> tuple[Array, Array]:
    """Return weight (D, D) and bias (D,) of the symmetric map that makes the first ``axes`` directions louder.

    ``(I + gain² B B')^½`` leaves every product as the concatenation ``[h, gain h B]`` has it, in the width of ``h``
    itself and with the frozen space in it; B is scaled so that ``h B`` varies as much as ``h`` does, all columns
    together.

    Parameters
    ----------
    vectors
        Standardised training vectors (N, D).
    directions
        See :func:`canonical_directions`, (D, R).
    axes
        How many of them; 0 is the identity.
    gain
        How much louder.
    """
    width = vectors.shape[1]
    louder = directions[:, :axes]
    x = np.asarray(vectors, dtype=np.float64)
    spread = float((x @ louder).var(axis=0).sum())
    if spread == 0.0:
        return np.eye(width), np.zeros(width)
    # From the r eigenvectors in which it is not the identity, rather than from a root of D by D.
    left, size, _ = np.linalg.svd(louder * np.sqrt(x.var(axis=0).sum() / spread), full_matrices=False)
    stretch = np.sqrt(1.0 + np.square(gain * size)) - 1.0
    return np.eye(width) + (left * stretch) @ left.T, np.zeros(width)
