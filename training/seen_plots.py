"""The plots that a model has been trained on, as exactly as its file tells, and whether another plot is one of them.

Extra relevés, which its encoder of species lists learnt from without an image, count as plots that it has seen.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree

from botaclip.core.errors import ModelFileError
from botaclip.core.lattice import Lattice
from botaclip.core.metric_places import geocentric
from botaclip.core.model_file import ModelFile
from botaclip.core.places import Points, parse_crs
from botaclip.core.plot_locations import parse_plot_locations
from botaclip.training.extent import training_extent, widened

Mask = NDArray[np.bool_]

# Ground and grid may differ by so much in length (see Lattice).
_TRUE_TO_SCALE = 1.01


@dataclasses.dataclass(frozen=True)
class SeenPlots:
    """The plots of one model, as exactly as it tells of them.

    Parameters
    ----------
    digests
        Of the relevés; one that several plots share (a single common species) identifies none of them.
    places
        Where they lie, or None where the model does not tell.
    reach_m
        Distance in metres within which another patch may share a pixel with one of theirs.
    extent
        West, south, east, north in degrees (WGS 84) around them.
    extra
        Whether they are relevés without imagery, from which only the encoder of species lists learnt.
    """

    digests: frozenset[str]
    places: Points | None
    reach_m: float
    extent: tuple[float, float, float, float]
    extra: bool = False

    def seen(self, points: Points, digests: ArrayLike) -> Mask:
        """Return which plots (N,) the model may have seen."""
        same = np.array([str(digest) in self.digests for digest in np.asarray(digests)], dtype=bool)
        degrees = points.to("EPSG:4326")
        lost = ~degrees.finite
        if self.places is None:
            west, south, east, north = widened(self.extent, self.reach_m)
            inside = (degrees.x >= west) & (degrees.x <= east) & (degrees.y >= south) & (degrees.y <= north)
            return same | lost | inside
        near = lost.copy()
        told = geocentric(self.places[self.places.finite])
        if len(told) and not lost.all():
            near[~lost] = KDTree(told).query(geocentric(degrees[~lost]))[0] <= self.reach_m
        return same | near


def tables_of(file: ModelFile) -> Iterator[Mapping[str, Any]]:
    """Yield the tables of plots: the model's own, of its extra relevés, and those of the models before it.

    Each with its reach and extent; ``extra`` is true in those of extra relevés.
    """
    plots, about = file.plots(), file.metadata
    encoder, lattice = about["encoder"], Lattice.from_json(about["lattice"])
    # Models of the first formats do not say how far their encoder sees: as far as its margin.
    field_m = (encoder["stride_px"] + 2 * encoder.get("reach_px", encoder["margin_px"])) * lattice.pixel_m
    # Patches are centred on nodes, up to half a cell from their plots.
    touching_m = float(about["patch"]["size_m"]) + field_m + lattice.cell_m
    own = {
        "reach_m": _TRUE_TO_SCALE * math.sqrt(2.0) * touching_m,
        "extent_wgs84": about["training"].get("extent_wgs84"),
    }
    yield own | {key: plots[key] for key in ("plots", "crs", "locations") if key in plots}
    if plots.get("extra"):
        told = {key: plots["extra"][key] for key in ("plots", "crs", "locations", "extent_wgs84")
                if key in plots["extra"]}  # fmt: skip
        yield own | {"extent_wgs84": None} | told | {"extra": True}
    yield from plots.get("earlier", [])


def plots_of(file: ModelFile) -> Iterator[SeenPlots]:
    """Yield the plots of a model and of those it continued from, one after the other.

    Raises
    ------
    ModelFileError
        The table cannot be read, or says neither where plots lie nor in what extent.
    """
    try:
        for table in tables_of(file):
            yield _seen_plots(table, file)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"its table of plots cannot be read ({error})", where=str(file.path),
            remedy="choose a model that botaclip train has written",
        ) from error


def _seen_plots(table: Mapping[str, Any], file: ModelFile) -> SeenPlots:
    rows = list(table.get("plots", []))
    digests = [str(row.get("digest", "")) for row in rows]
    unique, counts = np.unique(np.array(digests, dtype=str), return_counts=True)
    identifying = frozenset(str(name) for name, n in zip(unique, counts, strict=True) if n == 1 and name)
    reach_m = float(table["reach_m"])
    extent = table.get("extent_wgs84")
    told = bool(rows) and "crs" in table and all("x" in row and "y" in row for row in rows)
    if not told and not (isinstance(extent, list) and len(extent) == 4 and np.isfinite(extent).all()):
        raise ModelFileError(
            "it says neither where its plots lie nor in what extent, so that no plot is sure to be new to it",
            where=str(file.path), remedy="leave out --init",
        )
    places = None
    if told:
        places = Points(
            x=np.array([float(row["x"]) for row in rows]), y=np.array([float(row["y"]) for row in rows]),
            crs=str(table["crs"]),
        )
        metres = parse_plot_locations(str(table.get("locations", "exact")))
        reach_m += coarsening(places, metres or 0.0)
        if not isinstance(extent, list):
            extent = training_extent(places, "exact")
    west, south, east, north = (float(value) for value in extent or ())
    return SeenPlots(identifying, places, reach_m, (west, south, east, north), bool(table.get("extra")))


def coarsening(places: Points, metres: float) -> float:
    """Return how far a plot may lie from the centre of the square of ``metres`` that its place is told as."""
    if not metres:
        return 0.0
    stretch = 1.0
    if parse_crs(places.crs).is_geographic and len(places):
        # All squares are as wide in degrees as the one nearest to a pole has to be.
        cosines = np.cos(np.radians(places.y[places.finite]))
        stretch = float(cosines.max(initial=0.01) / max(0.01, cosines.min(initial=1.0)))
    return _TRUE_TO_SCALE * math.sqrt(0.5) * metres * stretch


def told_extent(plots: SeenPlots, locations: str) -> tuple[float, float, float, float]:
    """Return the extent, no more exact than ``locations`` allows."""
    west, south, east, north = plots.extent
    corners = Points(x=np.array([west, east]), y=np.array([south, north]), crs="EPSG:4326")
    outer = training_extent(corners, locations)
    return outer[0], outer[1], outer[2], outer[3]
