"""Relevés: which species were found in which plot, how much of them, where and when."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from botaclip.core.cover_scales import CoverScale, read_covers
from botaclip.core.errors import BotaclipError, ReleveError
from botaclip.core.places import Points
from botaclip.core.plot_table import read_plots, some
from botaclip.core.tables import read_table

# Where so large a share of the plots names a single species, the table is a list of occurrences.
_OCCURRENCES = 0.9


@dataclasses.dataclass(frozen=True)
class ReleveTable:
    """Relevés as arrays; plots in the order of the plots table, else of their first row.

    Parameters
    ----------
    plot_ids
        Name of each plot (N,).
    points
        Centres of the plots (N).
    dates
        ISO date of each plot (N,), also ``2017`` or ``2017-05``; ``""`` where unknown.
    groups
        Group (site, transect) of each plot (N,), or None.
    species
        Names as given (S,), sorted.
    cover
        Cover (N, S) float32 in per cent; 0 where the species is not listed; 100 stands for present where only
        presence is known; the numbers as given where ``data_type`` is ``abundance``.
    data_type
        ``presence-absence``, ``presence-only`` or ``abundance``.
    cover_scale
        The convention that turned codes into per cent.
    report
        What was deduced, dropped and merged, one sentence each.
    digests
        SHA-256 of each relevé's content (N,), whatever the order of its rows: the same relevé under another plot
        name has the same digest, which later checks for leaks rely on.
    min_presences
        A species is a target from so many presences.
    requested
        The species asked for; empty for all.
    """

    plot_ids: NDArray[np.str_]
    points: Points
    dates: NDArray[np.str_]
    groups: NDArray[np.str_] | None
    species: NDArray[np.str_]
    cover: NDArray[np.float32]
    data_type: str
    cover_scale: CoverScale
    report: tuple[str, ...]
    digests: NDArray[np.str_]
    min_presences: int = 1
    requested: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.plot_ids)

    @property
    def presence(self) -> NDArray[np.bool_]:
        """Whether each species was found in each plot (N, S)."""
        return self.cover > 0

    @functools.cached_property
    def targets(self) -> NDArray[np.int64]:
        """Indexes into ``species`` (T,) of those to model: asked for, and present often enough in these plots."""
        return np.array([i for i, name in enumerate(self.species) if str(name) not in self.omitted], np.int64)

    @functools.cached_property
    def omitted(self) -> dict[str, str]:
        """Species that are not modelled, each with the reason."""
        reasons = {}
        for name, count in zip(self.species.tolist(), self.presence.sum(axis=0).tolist(), strict=True):
            if self.requested and name not in self.requested:
                reasons[name] = "not asked for"
            elif count < self.min_presences:
                reasons[name] = f"{count} presences, fewer than {self.min_presences}"
            elif self.data_type != "presence-only" and count == len(self):
                reasons[name] = "present in every plot"
        return reasons

    def take(self, index: NDArray[np.int64]) -> ReleveTable:
        """Return the table of the plots at ``index``; species keep their columns."""
        return dataclasses.replace(
            self, plot_ids=self.plot_ids[index], points=self.points[index], dates=self.dates[index],
            groups=None if self.groups is None else self.groups[index],
            cover=self.cover[index], digests=self.digests[index],
        )


def choose_species(
    requested: str | Sequence[str] | None, known: Sequence[str], *, where: str, error: type[BotaclipError] = ReleveError
) -> list[int]:
    """Return the indexes in ``known`` of the requested species, in the order asked; of all when nothing is asked.

    A text is split at commas; a name that itself holds a comma is found too. Case does not matter.

    Raises
    ------
    BotaclipError
        (of the class ``error``) A name is unknown; the message offers the nearest ones.
    """
    if not requested:
        return list(range(len(known)))
    by_name = {name.casefold(): index for index, name in enumerate(known)} | {
        name: index for index, name in enumerate(known)
    }
    parts = [part.strip() for part in requested.split(",")] if isinstance(requested, str) else list(requested)
    chosen: list[int] = []
    while parts:
        for length in range(len(parts), 0, -1):
            name = ", ".join(parts[:length])
            index = by_name.get(name, by_name.get(name.casefold()))
            if index is not None or (length == 1 and not name):
                break
        else:
            near = difflib.get_close_matches(parts[0], known, n=3, cutoff=0.6)
            raise error(
                f"species {parts[0]!r} is not among its {len(known)} species", where=where,
                remedy=f"did you mean {' or '.join(near)}" if near else f"it has, for example, {', '.join(known[:3])}",
            )
        parts = parts[length:]
        if index is not None:
            chosen.append(index)
    return list(dict.fromkeys(chosen))


def read_releves(
    releves: str | Path,
    *,
    plots: str | Path | None = None,
    crs: str | None = None,
    plot_field: str = "plot_id",
    species_field: str = "species",
    cover_field: str | None = None,
    x_field: str | None = None,
    y_field: str | None = None,
    date_field: str | None = None,
    groups: str | None = None,
    cover_scale: str = "auto",
    data_type: str = "auto",
    min_presences: int = 1,
    species: str | Sequence[str] | None = None,
) -> ReleveTable:
    """Read a long table of relevés, and the places of their plots.

    Parameters
    ----------
    releves
        CSV, TSV, GeoPackage (``path|layername=x``) or anything OGR reads: one row per plot and species.
    plots
        Table of the plots with coordinates; None where the relevés carry them. A plot in it without relevé rows is
        an empty relevé.
    crs
        CRS of the coordinates; None takes the file's.
    plot_field, species_field, cover_field, x_field, y_field, date_field, groups
        Column names, whatever their case; the cover column, when None, is ``cover`` if there is one, and the
        coordinates are the point geometry or well-known columns.
    cover_scale, data_type
        See the option table; ``auto`` deduces and says so in ``report``.
    min_presences, species
        Which species are ``targets``; none is removed from the table.

    Raises
    ------
    ReleveError
        A file, column or value is not what the options say; a plot lies in two places; the CRS is not known.
    CoverScaleError
        A cover code does not belong to the scale.
    """
    table = read_table(releves)
    places = read_table(plots) if plots else table
    ids = table.column(plot_field, option="--plot-field")
    names = table.column(species_field, option="--species-field")
    cover_name = cover_field or table.find("cover")
    covers = read_covers(table, cover_name, scale=cover_scale, data_type=data_type)
    plot = read_plots(places, plot_field=plot_field, crs=crs, x_field=x_field, y_field=y_field,
                      date_field=date_field, groups=groups)
    report = list(covers.report)
    if cover_name is None:
        report.append("No cover column was named: the rows are read as presences.")
    report += plot.report

    plot_of = _positions(ids, plot.ids)
    _count(report, (ids == "") != (names == ""), "relevé rows without a plot or species name were dropped")
    unknown = (plot_of < 0) & (ids != "") & ~np.isin(ids, plot.unplaced)
    lost = np.unique(ids[unknown])
    _count(report, unknown, f"relevé rows of {len(lost)} plots that the plots table does not hold were dropped: "
           f"{some(lost)}")
    usable = (plot_of >= 0) & (names != "") & ~covers.outside
    if not usable.any():
        raise ReleveError(
            "no relevé row belongs to a plot with coordinates", where=table.path,
            remedy="check that both tables name the plots alike and that --plot-field is right",
        )
    every, species_of = np.unique(names[usable], return_inverse=True)
    shape = (len(plot.ids), len(every))
    cover = _cover(plot_of[usable], species_of, covers.values[usable], shape, data_type == "abundance", report)
    kind = _data_type(data_type, cover, zeros=bool((covers.values[usable] == 0).any()), graded=covers.graded,
                      report=report)

    occurring = np.any(cover > 0, axis=0)
    _count(report, ~occurring, "species occur in no plot (cover 0 only) and were left out")
    cover, every = cover[:, occurring], every[occurring]
    wanted = choose_species(species, every.tolist(), where=table.path)
    result = ReleveTable(
        plot_ids=plot.ids, points=plot.points, dates=plot.dates, groups=plot.groups, species=every, cover=cover,
        data_type=kind, cover_scale=covers.scale, report=(), digests=_digests(cover, every),
        min_presences=min_presences, requested=tuple(str(every[index]) for index in wanted) if species else (),
    )
    empty = ~np.any(cover > 0, axis=1)
    if kind == "presence-only":
        _count(report, empty, "plots without species were left out: they say nothing in presence-only data")
        result = result.take(np.flatnonzero(~empty))
    else:
        _count(report, empty, f"of {len(empty)} plots list no species: they are read as true empty relevés; take "
               "plots that were never surveyed out of the table")
    return dataclasses.replace(result, report=tuple(report))


def _count(report: list[str], rows: NDArray[np.bool_], what: str) -> None:
    if rows.any():
        report.append(f"{int(rows.sum())} {what}.")


def _positions(values: NDArray[np.str_], among: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return the position of each value in ``among`` (unique), -1 where it is not."""
    order = np.argsort(among)
    near = order[np.clip(np.searchsorted(among[order], values), 0, len(among) - 1)]
    return np.where(among[near] == values, near, -1)


def _cover(
    plot_of: NDArray[np.int64], species_of: NDArray[np.int64], values: NDArray[np.float64], shape: tuple[int, int],
    summed: bool, report: list[str],
) -> NDArray[np.float32]:
    """Return the cover matrix; several rows of one species in a plot (its layers) are combined.

    Layers that overlap at random leave the product of what each leaves free (Jennings et al. 2009,
    doi:10.1890/07-1804.1); abundances are summed.
    """
    cells, cell_of, rows = np.unique(plot_of * shape[1] + species_of, return_inverse=True, return_counts=True)
    if summed:
        combined = np.bincount(cell_of, values)
    else:
        free = np.ones(len(cells))
        np.multiply.at(free, cell_of, 1 - values / 100)
        combined = np.where(rows > 1, 100 * (1 - free), np.bincount(cell_of, values))
    _count(report, rows > 1, "species stand in one plot several times: their rows were "
           + ("summed" if summed else "combined as overlapping layers, 1 - product(1 - cover)"))
    cover = np.zeros(shape, np.float32)
    cover.flat[cells] = combined
    return cover


def _data_type(stated: str, cover: NDArray[np.float32], *, zeros: bool, graded: bool, report: list[str]) -> str:
    """Return the data type, deduced from the table where it is not stated."""
    if stated != "auto":
        return stated
    richness = (cover > 0).sum(axis=1)
    single = float((richness[richness > 0] == 1).mean()) if (richness > 0).any() else 1.0
    if graded:
        kind, reason = "presence-absence", "the rows give cover, as relevés do"
    elif zeros:
        kind, reason = "presence-absence", "the table lists absences"
    elif single >= _OCCURRENCES:
        kind, reason = "presence-only", f"{single:.0%} of the plots name a single species, as lists of occurrences do"
    else:
        kind, reason = "presence-absence", "the plots list several species"
    unlisted = "unknown" if kind == "presence-only" else "absent"
    report.append(f"Data type deduced: {kind}, because {reason}; a species not listed is taken as {unlisted}. "
                  "State it with --data-type where that is wrong.")
    return kind


def _digests(cover: NDArray[np.float32], species: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the SHA-256 of each relevé's species and cover, in the order of the names."""
    digests = []
    for row in cover:
        listed = np.flatnonzero(row > 0)
        content = "\n".join(f"{species[index]}\t{row[index]:.4g}" for index in listed)
        digests.append(hashlib.sha256(content.encode()).hexdigest())
    return np.array(digests, dtype=np.str_)
