"""Relevés without imagery (``--extra-releves``), from which VEGETA may learn what grows with what.

Most relevés lie where no image is at hand. They may join the fit of the encoder of relevés as long as none of them is a
plot that is tested on: so every one that is, or lies near, a plot with imagery is left out before anything is fitted.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from botaclip.core.errors import ReleveError
from botaclip.core.metric_places import geocentric
from botaclip.core.places import Points
from botaclip.core.plot_places import coordinate_pair
from botaclip.core.progress import SILENT, Progress
from botaclip.core.releves import ReleveTable, read_releves
from botaclip.core.tables import Table, read_table

Mask = NDArray[np.bool_]

# Options of reading that are about the first table alone: which of its species are asked for.
_OF_TARGETS = ("releves", "plots", "species", "min_presences")
# Columns of the plots, of which only the places are needed here.
_OF_PLOTS = ("crs_field", "date_field", "habitat_field", "site_field", "uncertainty_field", "area_field", "groups")
# Columns that may hold the species where the one that was named is not there.
_SPECIES_FIELDS = ("species", "scientific_name", "scientificName", "taxon", "taxon_name")
# Each of them stands in the model file, which is opened up to a number of values; see core/model_json.py.
MOST_EXTRA = 500_000
# A list of fewer species may be met twice by chance.
_TELLING = 3


def with_extra(
    parameters: Mapping[str, Any], table: ReleveTable, paired: NDArray[np.int64], reach_m: float,
    progress: Progress = SILENT,
) -> tuple[ReleveTable, ReleveTable | None]:
    """Return the relevés over the species of both tables, and the extra ones that may be learnt from.

    Parameters
    ----------
    parameters
        Options of reading, and ``extra_releves``; without it nothing changes.
    table
        All relevés of the first table.
    paired
        Which of them have imagery (M,), as indexes.
    reach_m
        How near an extra relevé may lie to none of these, in metres.
    progress
        Told what was read and left out.

    Returns
    -------
    table
        With a column for every species of either table; those only in the extra one are no targets, as no plot has
        them.
    extra
        The extra relevés over the same columns; None without any.

    Raises
    ------
    ReleveError
        The extra table cannot be read, no relevé of it is left, or more than a model file can name.
    """
    if not parameters.get("extra_releves"):
        return table, None
    extra = read_extra(parameters)
    name = Path(str(parameters["extra_releves"]).split("|")[0]).name
    for line in extra.report:
        progress.info(f"Extra relevés: {line}")
    left, report = without_plots(extra, table.take(paired), reach_m)
    progress.info(f"Extra relevés: {report}")
    if not len(left):
        raise ReleveError(
            "no extra relevé is left to learn from: all are, or lie near, plots with imagery", where=name,
            remedy="leave out --extra-releves or bring relevés from elsewhere",
        )
    if len(left) > MOST_EXTRA:
        raise ReleveError(
            f"{len(left)} extra relevés are more than the {MOST_EXTRA} that a model can remember, so that it is never "
            "scored on them", where=name, remedy="bring fewer of them",
        )
    return united(table, left)


def read_extra(parameters: Mapping[str, Any]) -> ReleveTable:
    """Read the extra relevés with the options of the first table.

    A column that was named for the first table and is not in this one is done without; the species' column may have
    another usual name. Plots without coordinates in the table itself are looked for in a table beside it that is called
    as the first one's plots are, then in the first one's plots.

    Raises
    ------
    ReleveError
        It cannot be read, or has no places: then nobody knows whether it holds the plots that are tested on.
    """
    source = str(parameters["extra_releves"])
    how = {key: parameters[key] for key in ("encoding", "decimal") if parameters.get(key)}
    table = read_table(source, **how)
    plots = _plots_of(source, table, parameters)
    places = table if plots is None else read_table(plots, **how)
    known = inspect.signature(read_releves).parameters
    options = {key: value for key, value in parameters.items() if key in known and key not in _OF_TARGETS}
    if options.get("x_field") is None or places.find(str(options["x_field"])) is None:
        options |= {"x_field": None, "y_field": None, "crs": _crs_of(places, options.get("crs"))}
    for key in (*_OF_PLOTS, "cover_field", "layer_field"):
        here = places if key in _OF_PLOTS else table
        if options.get(key) and here.find(str(options[key])) is None:
            options[key] = None
    species = str(options.get("species_field") or "species")
    if table.find(species) is None and (other := next((f for f in _SPECIES_FIELDS if table.find(f)), None)):
        options["species_field"] = other
    return read_releves(source, plots=plots, **options)


def _crs_of(places: Table, stated: str | None) -> str | None:
    """Return the CRS of coordinates other than those that were named for the first table; None where they say it."""
    if places.x is not None:
        return None if places.crs else stated
    x, _ = coordinate_pair(places) or ("", "")
    if "lon" in x.casefold():
        return None if places.find("geodeticDatum") else "EPSG:4326"
    return stated


def _plots_of(source: str, table: Table, parameters: Mapping[str, Any]) -> str | None:
    """Return the table with the places of the extra relevés; None where they carry them."""
    x, y = parameters.get("x_field"), parameters.get("y_field")
    named = bool(x and y and table.find(str(x)) and table.find(str(y)))
    if table.x is not None or named or coordinate_pair(table) is not None or not parameters.get("plots"):
        return None
    plots = str(parameters["plots"])
    beside = Path(source.split("|")[0]).parent / Path(plots.split("|")[0]).name
    return "|".join([str(beside), *plots.split("|")[1:]]) if beside.exists() else plots


def without_plots(extra: ReleveTable, plots: ReleveTable, reach_m: float) -> tuple[ReleveTable, str]:
    """Return the extra relevés that are none of the plots nor near one, and what was left out in words.

    Left out are those of the same content as a plot's relevé (species and cover, or the same list of three species and
    more, whatever their cover), those within ``reach_m`` metres of a plot, whatever the CRS of either, and those whose
    place cannot be told.
    """
    same = np.isin(extra.digests, plots.digests) | np.isin(_lists(extra), _lists(plots)[_told(plots)])
    near = within(extra.points, plots.points, reach_m)
    left = extra.take(np.flatnonzero(~same & ~near))
    return left, (
        f"{len(left)} of {len(extra)} are learnt from; left out were {int((same & ~near).sum())} with the content of a "
        f"plot that has imagery and {int(near.sum())} within {reach_m:.0f} m of one."
    )


def within(points: Points, others: Points, reach_m: float) -> Mask:
    """Return which places (N,) lie within ``reach_m`` metres of any other, or cannot be told to lie elsewhere."""
    degrees, known = points.to("EPSG:4326"), others.to("EPSG:4326")
    near = ~degrees.finite
    if not near.all() and known.finite.any():
        tree = KDTree(geocentric(known[known.finite]))
        near[~near] = tree.query(geocentric(degrees[~near]), distance_upper_bound=np.inf)[0] <= reach_m
    return near


def united(table: ReleveTable, extra: ReleveTable) -> tuple[ReleveTable, ReleveTable]:
    """Return both tables over the species of either, in the order of their names."""
    vocabulary = np.union1d(table.species, extra.species)
    return table.over(vocabulary), extra.over(vocabulary)


def _told(table: ReleveTable) -> Mask:
    """Return which relevés (N,) list enough species for the list to tell them apart."""
    return np.asarray(table.presence.sum(axis=1)) >= _TELLING


def _lists(table: ReleveTable) -> NDArray[np.str_]:
    """Return a SHA-256 of each relevé's list of species (N,), whatever their cover and the columns of the table."""
    order = np.argsort(table.species)
    cover = table.cover[:, order]
    cover.sort_indices()
    names = table.species[order]
    return np.array(
        [
            hashlib.sha256("\n".join(names[cover.indices[first:last]]).encode()).hexdigest()
            for first, last in zip(cover.indptr[:-1], cover.indptr[1:], strict=True)
        ],
        dtype=np.str_,
    )
