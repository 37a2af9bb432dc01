"""Probes of frozen encoders on real images: what each can tell of trees, plants and street trees on places left out.

All encoders get the same images, folds, heads and penalties. Nothing here is fitted outside the training folds;
penalties are chosen by leave-one-out inside them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from checkout import register

register()

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from scipy.stats import rankdata  # noqa: E402
from sklearn.linear_model import RidgeCV  # noqa: E402
from sklearn.neighbors import KNeighborsRegressor  # noqa: E402

from botaclip.core.encoders.encoder import Encoder  # noqa: E402
from botaclip.training.pretrain_imagery import read_pixels, rows_of  # noqa: E402

Array = NDArray[np.floating]

FOLDS = 3
ALPHAS = np.logspace(0, 5, 11)
NEIGHBOURS = 10
BOOTSTRAPS = 200


@dataclasses.dataclass(frozen=True)
class Probe:
    """Images and what is to be told of them.

    Parameters
    ----------
    name, words
        Name; what is told.
    images
        One (C, H, W) each, 0 to 255.
    values
        (N, T).
    unit
        (N,) what is left out and drawn in the bootstrap as a whole: city, block.
    within
        (N,) scores compare images of one of these only: city, site.
    fold
        (N,) which fold an image is tested in; a unit lies in one fold.
    leave_out
        For each fold, the groups of pictures that the network must not have seen.
    score
        ``correlation`` or ``auc``.
    """

    name: str
    words: str
    images: Sequence[NDArray[np.uint8]]
    values: Array
    unit: NDArray[Any]
    within: NDArray[Any]
    fold: NDArray[np.integer]
    leave_out: tuple[tuple[str, ...], ...]
    score: str


def folds_of(units: Sequence[str], folds: int = FOLDS) -> dict[str, int]:
    """Return the fold of each unit, the largest first to the smallest fold; ties by name."""
    names, counts = np.unique(np.asarray(units), return_counts=True)
    size, found = np.zeros(folds, int), {}
    for which in np.lexsort([names, -counts]):
        fold = int(size.argmin())
        found[str(names[which])] = fold
        size[fold] += counts[which]
    return found


def naip_trees(data: Path) -> Probe:
    """Return the density of hand-counted trees in NAIP crops, whole cities left out."""
    folder = data / "naip_rgbn_60cm"
    rows = rows_of(folder / "trees.csv")
    cities = np.array([row["city"] for row in rows])
    of = folds_of([str(city) for city in cities])
    out = tuple(tuple(f"naip/{city}" for city in sorted(of) if of[city] == fold) for fold in range(FOLDS))
    return Probe(
        "naip", "trees in a crop (logarithm), cities left out, within a city",
        [read_pixels(folder / "images" / row["image"]) for row in rows],
        np.log1p([[float(row["n_trees"])] for row in rows]), cities, cities,
        np.array([of[str(city)] for city in cities]), out, "correlation",
    )  # fmt: skip


def neon_species(data: Path, *, fewest: int = 5) -> Probe:
    """Return which species of plants a NEON plot has, blocks left out, compared within a site."""
    folder = data / "neon_releves_rgb"
    plots = [row for row in rows_of(folder / "plots.csv")
             if row["has_releve"] == "1" and float(row["releve_area_in_image"] or 0) > 0.5]  # fmt: skip
    seen: dict[str, set[str]] = {row["plot_id"]: set() for row in plots}
    for row in rows_of(folder / "releves.csv"):
        if row["plot_id"] in seen and row["is_species"] == "1":
            seen[row["plot_id"]].add(row["species"])
    species = sorted(set().union(*seen.values()))
    values = np.array([[float(name in seen[row["plot_id"]]) for name in species] for row in plots])
    values = values[:, (values.sum(axis=0) >= fewest)]
    images = []
    for row in plots:
        pixels = read_pixels(folder / "rgb" / f"{row['plot_id']}.tif")[:3]
        # The relevé is of the inner 20 m; what an encoder sees around it belongs to it.
        top, left = (max(0, length // 2 - 115) for length in pixels.shape[1:])
        images.append(pixels[:, top : top + 230, left : left + 230])
    blocks = [row["block"] for row in plots]
    of = folds_of(blocks)
    everywhere = {row["block"] for row in rows_of(folder / "plots.csv")}
    out = tuple(tuple(f"neon/{block}" for block in sorted(everywhere & set(of)) if of[block] == fold)
                for fold in range(FOLDS))  # fmt: skip
    return Probe(
        "neon", "plant species of a plot, blocks left out, within a site", images, values, np.array(blocks),
        np.array([row["site"] for row in plots]), np.array([of[block] for block in blocks]), out, "auc",
    )  # fmt: skip


def camden_trees(data: Path, *, fewest: int = 20) -> Probe:
    """Return which tree species stand in a Sentinel-2 cell, blocks left out; the scene is never pre-trained on."""
    folder = data / "s2_london_camden_trees"
    rows = rows_of(folder / "plots.csv")
    seen: dict[str, set[str]] = {row["plot_id"]: set() for row in rows}
    for row in rows_of(folder / "releves.csv"):
        if row["plot_id"] in seen:
            seen[row["plot_id"]].add(row.get("species") or row["scientific_name"])
    species = sorted(set().union(*seen.values()))
    values = np.array([[float(name in seen[row["plot_id"]]) for name in species] for row in rows])
    values = values[:, values.sum(axis=0) >= fewest]
    blocks = [row["block"] for row in rows]
    of = folds_of(blocks)
    return Probe(
        "camden", "tree species of a Sentinel-2 cell, blocks left out",
        [read_pixels(folder / "patches" / f"{row['plot_id']}.tif")[:3] for row in rows], values, np.array(blocks),
        np.array(["camden"] * len(rows)), np.array([of[block] for block in blocks]),
        (("sentinel/camden",),) * FOLDS, "auc",
    )  # fmt: skip


def vectors_of(encoder: Encoder, images: Sequence[NDArray[np.uint8]]) -> Array:
    """Return the mean over the whole cells of every image (N, D), as a patch of that size would have it."""
    rows = []
    for pixels in images:
        stride, margin = encoder.stride_px, encoder.margin_px
        cells = [(length - 2 * margin) // stride for length in pixels.shape[1:]]
        height, width = (count * stride + 2 * margin for count in cells)
        top, left = ((length - side) // 2 for length, side in zip(pixels.shape[1:], (height, width), strict=True))
        square = pixels[: len(encoder.bands), top : top + height, left : left + width].astype(np.float32)
        found = encoder.encode(np.ascontiguousarray(square)[None], np.ones((1, height, width), bool))
        rows.append(found[0].mean(axis=(1, 2)))
    return np.array(rows)


def predicted(vectors: Sequence[Array], probe: Probe, head: str, blocks: Sequence[int] = ()) -> Array:
    """Return out-of-fold predictions (N, T).

    Parameters
    ----------
    vectors
        Those that each fold is tested with, (N, D) each.
    probe, head
        What is told, and by ``ridge`` or ``knn``.
    blocks
        Widths of the parts of joined encoders: each part counts as much as any other.
    """
    made = np.full(probe.values.shape, np.nan)
    for fold in range(FOLDS):
        train, test = probe.fold != fold, probe.fold == fold
        mean, scale = vectors[fold][train].mean(axis=0), vectors[fold][train].std(axis=0)
        z = (vectors[fold] - mean) / np.maximum(scale, 1e-6)
        if blocks:
            z = z * np.concatenate([np.full(width, np.sqrt(z.shape[1] / len(blocks) / width)) for width in blocks])
        targets = probe.values[train]
        if head == "ridge":
            model: Any = RidgeCV(ALPHAS * z.shape[1] / 100).fit(z[train], targets)
        else:
            model = KNeighborsRegressor(NEIGHBOURS, metric="cosine").fit(z[train], targets)
        made[test] = np.asarray(model.predict(z[test])).reshape(test.sum(), -1)
    return made


def score(probe: Probe, made: Array, rows: NDArray[np.integer] | None = None) -> float:
    """Return the mean over targets and groups (within a fold) of the correlation, or of AUC, of some rows."""
    rows = np.arange(len(made)) if rows is None else rows
    found: list[float] = []
    for group in np.unique(probe.within):
        for fold in range(FOLDS):
            here = rows[(probe.within[rows] == group) & (probe.fold[rows] == fold)]
            if len(here) < 3:
                continue
            for target in range(made.shape[1]):
                y, p = probe.values[here, target], made[here, target]
                if y.std() == 0:
                    continue
                if probe.score == "correlation":
                    found.append(0.0 if p.std() == 0 else float(np.corrcoef(y, p)[0, 1]))
                else:
                    count = y.sum()
                    area = (rankdata(p)[y > 0].sum() - count * (count + 1) / 2) / (count * (len(y) - count))
                    found.append(float(area))
    return float(np.mean(found)) if found else float("nan")


def differences(
    probe: Probe, made: Mapping[str, Array], pairs: Sequence[tuple[str, str]], *, seed: int = 1
) -> dict[str, list[float]]:
    """Return, for each pair, the difference in score and its 95 % interval by bootstrap over units."""
    rng, units = np.random.default_rng(seed), np.unique(probe.unit)
    members = {unit: np.flatnonzero(probe.unit == unit) for unit in units}
    drawn = []
    for _ in range(BOOTSTRAPS):
        rows = np.concatenate([members[unit] for unit in rng.choice(units, len(units))])
        drawn.append({name: score(probe, values, rows) for name, values in made.items()})
    found = {}
    for one, other in pairs:
        spread = np.array([each[one] - each[other] for each in drawn])
        low, high = np.nanquantile(spread, [0.025, 0.975])
        whole = score(probe, made[one]) - score(probe, made[other])
        found[f"{one} - {other}"] = [float(whole), float(low), float(high)]
    return found


PROBES: Mapping[str, Callable[[Path], Probe]] = {"naip": naip_trees, "neon": neon_species, "camden": camden_trees}
