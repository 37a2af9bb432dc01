"""What is known of some pictures, for a supervised head beside the self-supervised one: trees, and plants.

Fitted on the pictures that are there, so that nothing of those left out enters.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from botaclip.training.pretrain_imagery import Picture, rows_of

# Floristic axes within sites: between sites a picture would only have to tell the site.
AXES = 8
_FEWEST_PLOTS = 3 * AXES


def picture_labels(pictures: Sequence[Picture], data: Path) -> NDArray[np.float32]:
    """Return what is known of each picture (N, 1 + AXES), standardised; NaN where it is not.

    First the logarithm of 1 + the number of trees counted in a NAIP crop, then the leading principal components of the
    Hellinger-transformed relevés of NEON plots, their site's mean taken out.

    Parameters
    ----------
    pictures
        As read, what is left out not among them.
    data
        The folder ``shared/data``.
    """
    labels = np.full((len(pictures), 1 + AXES), np.nan)
    trees = {row["image"]: float(row["n_trees"]) for row in rows_of(data / "naip_rgbn_60cm" / "trees.csv")}
    axes = _floristic_axes({picture.name for picture in pictures if picture.source == "neon"}, data)
    for row, picture in enumerate(pictures):
        if picture.source == "naip":
            labels[row, 0] = np.log1p(trees[picture.name])
        elif picture.source == "neon" and picture.name in axes:
            labels[row, 1:] = axes[picture.name]
    known = np.isfinite(labels).any(axis=0)
    mean, spread = np.zeros(labels.shape[1]), np.ones(labels.shape[1])
    mean[known], spread[known] = np.nanmean(labels[:, known], axis=0), np.nanstd(labels[:, known], axis=0)
    return ((labels - mean) / np.maximum(spread, 1e-6)).astype(np.float32)


def _floristic_axes(plots: set[str], data: Path) -> dict[str, NDArray[np.floating]]:
    """Return the axes of plots that have a relevé which the image shows; none where they are too few."""
    folder = data / "neon_releves_rgb"
    about = {
        row["plot_id"]: row["site"] for row in rows_of(folder / "plots.csv")
        if row["plot_id"] in plots and row["has_releve"] == "1" and float(row["releve_area_in_image"] or 0) > 0.5
    }  # fmt: skip
    if len(about) < _FEWEST_PLOTS:
        return {}
    names = sorted(about)
    number = {name: index for index, name in enumerate(names)}
    species: dict[str, int] = {}
    found = [
        (number[row["plot_id"]], species.setdefault(row["species"], len(species)), float(row["percent_cover"]))
        for row in rows_of(folder / "releves.csv") if row["plot_id"] in number and row["is_species"] == "1"
    ]  # fmt: skip
    cover = np.zeros((len(names), len(species)))
    for plot, kind, percent in found:
        cover[plot, kind] += percent
    table = np.sqrt(cover / np.maximum(cover.sum(axis=1, keepdims=True), 1e-9))
    site = np.unique([about[name] for name in names], return_inverse=True)[1]
    for one in np.unique(site):
        table[site == one] -= table[site == one].mean(axis=0)
    axes = PCA(AXES, svd_solver="full").fit_transform(table)
    return dict(zip(names, axes, strict=True))
