"""Maps scored against the known truth of the demo landscape. No real landscape has one.

The truth is one or several rasters whose names hold ``truth``, beside the image or in the folder above, with a band
for each species, described by its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import ArrayLike, NDArray
from rasterio.io import DatasetReader
from rasterio.transform import rowcol, xy
from rasterio.windows import Window

from botaclip.core.errors import RasterError
from botaclip.core.places import Points

Floats = NDArray[np.float64]
_BLOCK = 256


def truth_rasters(raster: str | Path) -> list[Path]:
    """Return the truth that lies beside an image (file or folder of tiles) or in the folder above; often none."""
    path = Path(raster)
    folder = path if path.is_dir() else path.parent
    found = [file for place in (folder, folder / "truth", folder.parent) for file in place.glob("*truth*.tif")]
    return sorted(set(found))


def truth_at(raster: str | Path, points: Points, species: Sequence[str]) -> Floats | None:
    """Return the true suitability at places.

    Parameters
    ----------
    raster
        The image that was trained on; its truth is looked for beside it.
    points
        N places.
    species
        S names.

    Returns
    -------
    truth
        (N, S), NaN outside the landscape and for species without a truth; None where there is no truth at all.
    """
    values = np.full((len(points), len(species)), np.nan)
    known = False
    for path in truth_rasters(raster):
        with rasterio.open(path) as dataset:
            bands = _bands(dataset)
            columns = [s for s, name in enumerate(species) if name in bands]
            if columns:
                known = True
                values[:, columns] = _values_at(dataset, points, [bands[species[s]] for s in columns])
    return values if known else None


def truth_correlation_at(values: ArrayLike, truth: ArrayLike) -> Floats:
    """Return Pearson's r of every column (S,) over the rows where both are known.

    Parameters
    ----------
    values, truth
        (N, S) mapped and true suitability.

    Returns
    -------
    r
        0 where the map is constant (it says nothing), NaN where the truth is, or below three rows.
    """
    mapped, true = np.asarray(values, dtype=float), np.asarray(truth, dtype=float)
    known = np.isfinite(mapped) & np.isfinite(true)
    n = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = (np.where(known, x, 0) for x in (mapped, true))
        a, b = (np.where(known, x - x.sum(axis=0) / n, 0) for x in (a, b))
        spread_a, spread_b = np.sqrt((a**2).sum(axis=0)), np.sqrt((b**2).sum(axis=0))
        r = (a * b).sum(axis=0) / (spread_a * spread_b)
    # A sum of squares of rounding errors is no spread.
    flat_a, flat_b = (
        spread <= 1e-9 * np.abs(np.where(known, x, 0)).sum(axis=0)
        for spread, x in ((spread_a, mapped), (spread_b, true))
    )
    r[flat_a] = 0.0
    r[flat_b | (n < 3)] = np.nan
    return r


def truth_correlation(
    suitability_raster: str | Path, truth_raster: str | Path, *, random_state: int = 1, sample: int = 20_000
) -> dict[str, float]:
    """Correlate a suitability map with the truth, species by species.

    Parameters
    ----------
    suitability_raster, truth_raster
        GeoTIFFs with band descriptions; grids and CRS may differ.
    random_state
        Seed of the sample.
    sample
        Number of map cells at whose centres both are read; all where the map has fewer.

    Returns
    -------
    r
        By species that has a band in both.

    Raises
    ------
    RasterError
        The rasters have no species in common.
    """
    with rasterio.open(suitability_raster) as mapped, rasterio.open(truth_raster) as true:
        bands, true_bands = _bands(mapped), _bands(true)
        species = [name for name in bands if name in true_bands]
        if not species:
            raise RasterError(
                f"it has no species in common with {Path(truth_raster).name}",
                where=str(suitability_raster),
                remedy="compare a suitability raster with the truth of the same landscape",
            )
        cells = mapped.width * mapped.height
        rng = np.random.default_rng(random_state)
        chosen = np.arange(cells) if cells <= sample else np.sort(rng.choice(cells, sample, replace=False))
        rows, cols = np.divmod(chosen, mapped.width)
        x, y = xy(mapped.transform, rows, cols)
        points = Points(x=x, y=y, crs=mapped.crs.to_wkt())
        values = _gather(mapped, rows, cols, [bands[name] for name in species])
        truth = _values_at(true, points, [true_bands[name] for name in species])
    r = truth_correlation_at(values, truth)
    return {name: float(value) for name, value in zip(species, r, strict=True)}


def score_maps(folder: str | Path, *, random_state: int = 1, sample: int = 20_000) -> dict[str, dict[str, float]]:
    """Score every suitability map in a folder (``suitability*.tif``) against the truth found in or beside it.

    Returns
    -------
    scores
        ``scores[file name][species]`` = r; empty where there is no truth or no map.
    """
    folder = Path(folder)
    truth = truth_rasters(folder) or sorted(folder.glob("*/*truth*.tif"))
    scores: dict[str, dict[str, float]] = {}
    for path in sorted(folder.glob("suitability*.tif")):
        for reference in truth:
            with rasterio.open(path) as mapped, rasterio.open(reference) as true:
                common = _bands(mapped).keys() & _bands(true).keys()
            if common:
                r = truth_correlation(path, reference, random_state=random_state, sample=sample)
                scores.setdefault(path.name, {}).update(r)
    return scores


def _bands(dataset: DatasetReader) -> dict[str, int]:
    return {name: number for number, name in enumerate(dataset.descriptions, start=1) if name}


def _values_at(dataset: DatasetReader, points: Points, bands: list[int]) -> Floats:
    """Return the values (N, B) of the pixels that hold the places."""
    placed = points.to(dataset.crs.to_wkt())
    finite = placed.finite
    row, col = rowcol(dataset.transform, np.where(finite, placed.x, 0), np.where(finite, placed.y, 0))
    rows, cols = (np.where(finite, np.asarray(index), -1).astype(np.int64) for index in (row, col))
    return _gather(dataset, rows, cols, bands)


def _gather(dataset: DatasetReader, rows: NDArray[np.int64], cols: NDArray[np.int64], bands: list[int]) -> Floats:
    """Read single pixels (N, B) block by block; NaN outside and where the raster has no data."""
    values = np.full((len(rows), len(bands)), np.nan)
    inside = np.flatnonzero((rows >= 0) & (rows < dataset.height) & (cols >= 0) & (cols < dataset.width))
    for members in _by_block(rows, cols, inside):
        top, left = int(rows[members].min()), int(cols[members].min())
        window = Window(left, top, int(cols[members].max()) - left + 1, int(rows[members].max()) - top + 1)
        block = dataset.read(bands, window=window, masked=True).astype(float).filled(np.nan)
        values[members] = block[:, rows[members] - top, cols[members] - left].T
    return values


def _by_block(
    rows: NDArray[np.int64], cols: NDArray[np.int64], inside: NDArray[np.intp]
) -> Iterator[NDArray[np.intp]]:
    block = (rows[inside] // _BLOCK) * (2**32) + cols[inside] // _BLOCK
    order = np.argsort(block, kind="stable")
    yield from (part for part in np.split(inside[order], np.flatnonzero(np.diff(block[order])) + 1) if part.size)
