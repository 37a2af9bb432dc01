"""What test plots share with the plots a model was fitted on: refused, or listed fold by fold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import KDTree

from botaclip.core.errors import LeakageError
from botaclip.training.folds import Places, metres


def check_no_leak(
    train: ArrayLike,
    test: ArrayLike,
    X: ArrayLike | Places,
    *,
    buffer: float = 0.0,
    groups: ArrayLike | None = None,
) -> None:
    """Refuse a training set that shares plots, groups or pixels with the test set.

    Parameters
    ----------
    train, test
        Row numbers, or (N,) boolean masks.
    X
        (N, 2) easting, northing in metres of all plots, or ``Points``.
    buffer
        Smallest allowed distance in metres along an axis.
    groups
        (N,) group labels that must not be shared.

    Raises
    ------
    LeakageError
        Naming how many plots leak and the nearest pair.
    """
    xy = metres(X)
    rows = np.arange(len(xy))
    fitted, tested = rows[np.asarray(train)], rows[np.asarray(test)]
    shared = np.intersect1d(fitted, tested)
    if shared.size:
        raise LeakageError(
            f"{shared.size} test plots are in the training set, the first is row {shared[0] + 1}",
            remedy="fit on training plots only",
        )
    if groups is not None:
        labels = np.asarray(groups)
        common = np.intersect1d(labels[fitted], labels[tested])
        if common.size:
            raise LeakageError(
                f"{common.size} groups lie in training and test set, such as {common[0]}",
                remedy="keep whole groups in one fold",
            )
    if buffer > 0 and fitted.size and tested.size:
        distance, nearest = KDTree(xy[tested]).query(xy[fitted], p=np.inf)
        close = int((distance < buffer).sum())
        if close:
            worst = int(distance.argmin())
            raise LeakageError(
                f"{close} training plots lie within {buffer:g} m of a test plot; rows {fitted[worst] + 1} and "
                f"{tested[nearest[worst]] + 1} are {distance[worst]:.1f} m apart",
                remedy="leave them out of training",
            )


def leak_report(
    xy: ArrayLike | Places,
    folds: Sequence[tuple[ArrayLike, ArrayLike]],
    patch_m: float,
    digests: ArrayLike | None = None,
    groups: ArrayLike | None = None,
) -> list[dict[str, Any]]:
    """List, fold by fold, what test plots share with training plots.

    Nothing is refused here: overlapping patches are what a user asked for who set a small buffer, and two meadows may
    truly have the same relevé. It is for the reader of the scores to know.

    Parameters
    ----------
    xy
        (N, 2) easting, northing in metres of all plots, or ``Points``.
    folds
        (train, test) row numbers.
    patch_m
        Side of a patch, or of what the encoder sees of it, in metres: plots nearer than this along both axes share
        pixels.
    digests
        (N,) digests of the relevés' content; empty ones are not compared.
    groups
        (N,) group labels.

    Returns
    -------
    list of dict
        ``fold``, ``nearest_m`` (smallest distance along an axis between a training and a test plot; None without
        either), ``overlapping_patches`` (test plots whose patch overlaps a training plot's), ``same_place`` (test
        plots at the very place of a training plot), ``identical_releves`` (test plots whose relevé is also a training
        plot's; None without digests), ``groups_split`` (number of groups on both sides; None without groups).
    """
    places = metres(xy)
    content = None if digests is None else np.asarray(digests).astype(str)
    labels = None if groups is None else np.asarray(groups).astype(str)
    rows: list[dict[str, Any]] = []
    for number, (train, test) in enumerate(folds):
        fitted, tested = np.asarray(train, dtype=np.intp), np.asarray(test, dtype=np.intp)
        distance = np.empty(0)
        if fitted.size and tested.size:
            distance, _ = KDTree(places[fitted]).query(places[tested], p=np.inf)
        row: dict[str, Any] = {
            "fold": number,
            "nearest_m": float(distance.min()) if distance.size else None,
            "overlapping_patches": int((distance < patch_m).sum()),
            "same_place": int((distance == 0).sum()),
            "identical_releves": None,
            "groups_split": None,
        }
        if content is not None:
            twins = np.isin(content[tested], content[fitted]) & (content[tested] != "")
            row["identical_releves"] = int(twins.sum())
        if labels is not None:
            row["groups_split"] = int(np.intersect1d(labels[fitted], labels[tested]).size)
        rows.append(row)
    return rows
