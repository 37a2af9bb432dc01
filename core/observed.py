"""Observed nearby: which species the training plots around a place hold, as far as the model says where they lie."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyproj
from numpy.typing import NDArray

from botaclip.core.errors import BotaclipError
from botaclip.core.model import Model
from botaclip.core.places import Points, parse_crs
from botaclip.core.plot_locations import METRES_PER_DEGREE, parse_plot_locations

# Near is within so many patches, and within so many metres at least.
NEAR_PATCHES, NEAR_M = 10.0, 1000.0
# Plots that are named for a species.
NAMED = 5
_WGS84 = "EPSG:4326"
_ELLIPSOID = pyproj.Geod(ellps="WGS84")
_EARTH_M = 6_371_008.8
_SPHERE_TOLERANCE = 1.01  # a sphere is less than 1 % off the ellipsoid


@dataclasses.dataclass(frozen=True)
class Nearby:
    """Training plots near a place.

    Parameters
    ----------
    near_m
        What near means.
    rounded_m
        Side of the squares that the model rounds its plots' places to; 0 for exact ones.
    within_m
        No plot that was counted lies farther away. Beyond ``near_m`` where places are rounded: a plot counts where it
        may be near, so that none that is near is missed.
    plots
        Numbers of the plots (n,), the nearest (by their rounded places) first.
    """

    near_m: float
    rounded_m: float
    within_m: float
    plots: NDArray[np.intp]


class PlotPlaces:
    """Where the training plots of a model lie.

    Parameters
    ----------
    places
        Of the plots that have one, in degrees.
    plots
        Their numbers among the model's plots (n,).
    rounded_m
        Side of the squares that places are rounded to; 0 for exact ones.
    near_m
        What near means.
    slack_m
        How far each may be from its true place (n,).
    """

    def __init__(
        self, places: Points, plots: NDArray[np.intp], *, rounded_m: float, near_m: float,
        slack_m: NDArray[np.float64],
    ) -> None:
        self._plots, self._rounded_m, self._near_m, self._slack_m = plots, rounded_m, near_m, slack_m
        self._degrees, self._on_sphere = places, _on_sphere(places)

    @classmethod
    def of(cls, model: Model) -> PlotPlaces | None:
        """Return the places of a model's plots; None where it holds none, or not what grew on them."""
        if model.plots_species is None:
            return None
        known = [(number, row) for number, row in enumerate(model.plots) if "x" in row]
        try:
            rounded_m = parse_plot_locations(str(model.metadata["plot_locations"]))
            given = Points(
                np.array([float(row["x"]) for _, row in known]), np.array([float(row["y"]) for _, row in known]),
                str(known[0][1]["crs"]) if known else _WGS84,
            )  # fmt: skip
            degrees = given.to(_WGS84)
            slack_m = _slack_m(given, rounded_m or 0.0)
        except (BotaclipError, TypeError, ValueError):
            return None
        there = degrees.finite
        if rounded_m is None or not there.any():
            return None
        numbers = np.array([number for number, _ in known], np.intp)
        near_m = max(NEAR_M, NEAR_PATCHES * model.patch.size_m)
        return cls(degrees[there], numbers[there], rounded_m=rounded_m, near_m=near_m, slack_m=slack_m[there])

    def near(self, place: Points) -> Nearby | None:
        """Return the plots near one place; None where the place is nowhere."""
        degrees = place.to(_WGS84)
        if not degrees.finite[0]:
            return None
        reach_m = self._near_m + self._slack_m
        chord = np.linalg.norm(self._on_sphere - _on_sphere(degrees[:1]), axis=1)
        some = np.flatnonzero(2 * _EARTH_M * np.arcsin(np.minimum(1.0, chord / 2)) <= _SPHERE_TOLERANCE * reach_m)
        _, _, metres = _ELLIPSOID.inv(
            np.full(some.size, degrees.x[0]), np.full(some.size, degrees.y[0]), self._degrees.x[some],
            self._degrees.y[some],
        )  # fmt: skip
        distance_m = np.asarray(metres, dtype=np.float64)
        order = np.argsort(distance_m, kind="stable")
        order = some[order[(distance_m <= reach_m[some])[order]]]
        slack_m = float(self._slack_m[order].max(initial=0.0))
        return Nearby(self._near_m, self._rounded_m, self._near_m + 2 * slack_m, self._plots[order])


def observed_species(model: Model, nearby: Nearby, species: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return for each species how many of the plots nearby hold it and the names of the nearest: ``plots``, ``names``.

    A plot without a name is called by its number, from 1.
    """
    told: dict[int, dict[str, Any]] = {index: {"plots": 0, "names": []} for index in species}
    for plot in nearby.plots.tolist():
        for index in (model.plots_species or ())[plot]:
            one = told.get(index)
            if one is None:
                continue
            one["plots"] += 1
            if len(one["names"]) < NAMED:
                one["names"].append(model.plots[plot].get("id") or str(plot + 1))
    return told


def _slack_m(places: Points, rounded_m: float) -> NDArray[np.float64]:
    """Return half the diagonals of the squares that the places (N,) stand for.

    Squares in degrees are as wide as ``rounded_m`` at the highest latitude of the plots only: see
    :func:`~botaclip.core.plot_locations.coarsened`.
    """
    wide = np.ones(len(places))
    if parse_crs(places.crs).is_geographic and len(places):
        # The true place of the highest may be half a square higher.
        highest = min(90.0, float(np.abs(places.y).max()) + rounded_m / 2 / METRES_PER_DEGREE)
        wide = np.cos(np.radians(places.y)) / max(0.01, np.cos(np.radians(highest)))
    return np.hypot(wide, 1.0) * rounded_m / 2


def _on_sphere(degrees: Points) -> NDArray[np.float64]:
    """Return places as unit vectors (N, 3), by which the few that may be near are quickly found among many."""
    east, north = np.radians(degrees.x), np.radians(degrees.y)
    return np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=1)
