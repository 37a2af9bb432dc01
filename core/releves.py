"""Relevés: which species were found in which plot, how much of them, where and when."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.cover_scales import CoverScale
from botaclip.core.errors import ReleveError
from botaclip.core.places import Points
from botaclip.core.releve_rows import ReleveFiles, ReleveRows, read_rows
from botaclip.core.species_choice import choose_species
from botaclip.core.species_layers import INDEPENDENT, Originals, combine_layers, describe_layers, repeated_rows
from botaclip.core.table_dialect import listed
from botaclip.core.taxon_names import (
    LEFT_OUT,
    AcceptedNames,
    TaxonName,
    describe_names,
    indexes_of,
    merged_names,
    read_names,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["ReleveTable", "choose_species", "read_releves"]

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
        Names (S,), sorted: normalised or as given.
    cover
        Cover (N, S) float32 in per cent, sparse: nothing is stored where the species is not listed; 100 stands for
        present where only presence is known; the numbers as given where ``data_type`` is ``abundance``.
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
    habitats, sites
        Habitat and site of each plot (N,), ``""`` where unknown; None where no column was named.
    uncertainty_m, area_m2
        Uncertainty of each plot's place and its area (N,), NaN where unknown; None where no column gives them.
    blurred
        Why a plot's place is known to be blurred (N,), ``""`` where nothing says so; None without such a column.
    taxa
        Every name as written, the name it counts under and what was done to it.
    originals
        The rows as read; of all plots, whichever are taken.
    """

    plot_ids: NDArray[np.str_]
    points: Points
    dates: NDArray[np.str_]
    groups: NDArray[np.str_] | None
    species: NDArray[np.str_]
    cover: csr_array
    data_type: str
    cover_scale: CoverScale
    report: tuple[str, ...]
    digests: NDArray[np.str_]
    min_presences: int = 1
    requested: tuple[str, ...] = ()
    habitats: NDArray[np.str_] | None = None
    sites: NDArray[np.str_] | None = None
    uncertainty_m: NDArray[np.float64] | None = None
    area_m2: NDArray[np.float64] | None = None
    blurred: NDArray[np.str_] | None = None
    taxa: tuple[TaxonName, ...] = ()
    originals: Originals | None = None

    def __len__(self) -> int:
        return len(self.plot_ids)

    @property
    def presence(self) -> csr_array:
        """Whether each species was found in each plot (N, S), sparse as the cover is."""
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
        of_plots: dict[str, Any] = {
            field: None if getattr(self, field) is None else getattr(self, field)[index]
            for field in ("groups", "habitats", "sites", "uncertainty_m", "area_m2", "blurred")
        }
        return dataclasses.replace(
            self, plot_ids=self.plot_ids[index], points=self.points[index], dates=self.dates[index],
            cover=self.cover[index], digests=self.digests[index], **of_plots,
        )

    def over(self, vocabulary: NDArray[np.str_]) -> ReleveTable:
        """Return the same relevés with the columns of another vocabulary (V,), names sorted or not.

        Species that are not in it have no column: they are left out and counted in the report, and a relevé that names
        no other is an empty one from then on. Digests stay those of all its species.
        """
        from scipy.sparse import csr_array  # only what learns from relevés brings it

        column = {str(name): index for index, name in enumerate(vocabulary)}
        new = np.array([column.get(str(name), -1) for name in self.species], np.int64)
        table = csr_array(self.cover).tocoo()
        known = new[table.col] >= 0
        cover = csr_array(
            (table.data[known], (table.row[known], new[table.col[known]])), shape=(len(self), len(vocabulary))
        )
        report = list(self.report)
        lost = new < 0
        _count(report, lost, "species are not in the vocabulary and were ignored")
        emptied = (self.presence.sum(axis=1) > 0) & (cover.sum(axis=1) == 0)
        _count(report, emptied, "relevés name no species of the vocabulary and count as empty")
        return dataclasses.replace(self, species=np.asarray(vocabulary), cover=cover, report=tuple(report))


def read_releves(
    releves: str | Path,
    *,
    plots: str | Path | None = None,
    layout: str = "auto",
    encoding: str | None = None,
    decimal: str = "auto",
    crs: str | None = None,
    plot_field: str = "plot_id",
    species_field: str = "species",
    cover_field: str | None = None,
    layer_field: str | None = None,
    layers: str = INDEPENDENT,
    names: str = "normalise",
    taxa: str | Path | None = None,
    unidentified: str = "leave-out",
    x_field: str | None = None,
    y_field: str | None = None,
    crs_field: str | None = None,
    date_field: str | None = None,
    uncertainty_field: str | None = None,
    area_field: str | None = None,
    habitat_field: str | None = None,
    site_field: str | None = None,
    groups: str | None = None,
    cover_scale: str = "auto",
    data_type: str = "auto",
    min_presences: int = 1,
    species: str | Sequence[str] | None = None,
) -> ReleveTable:
    """Read relevés, long or as a matrix, and the places of their plots.

    Parameters
    ----------
    releves
        CSV, TSV, GeoPackage (``path|layername=x``), Shapefile, spreadsheet or anything OGR reads: one row per plot and
        species, or a matrix.
    plots
        Table of the plots with coordinates; None where the relevés carry them. A plot in it without relevé rows is
        an empty relevé.
    layout
        ``long``, ``wide`` (rows are plots), ``transposed`` (rows are species), or ``auto``.
    encoding, decimal
        Text encoding (None detects it) and decimal mark (``point``, ``comma`` or ``auto``) of the tables.
    crs
        CRS of the coordinates; None takes the file's.
    plot_field, species_field, cover_field, layer_field, x_field, y_field, crs_field, date_field, uncertainty_field,
    area_field, habitat_field, site_field, groups
        Column names, whatever their case; the cover column, when None, is ``cover`` if there is one, and the
        coordinates are the point geometry or well-known columns.
    layers
        How several rows of one species in a plot are combined: ``independent``, ``sum`` or ``max``.
    names
        ``normalise`` or ``verbatim``.
    taxa
        Table of accepted names, columns ``name`` and ``accepted``.
    unidentified
        ``leave-out`` or ``keep`` names that name no species.
    cover_scale, data_type
        See the option table; ``auto`` deduces and says so in ``report``.
    min_presences, species
        Which species are ``targets``; none is removed from the table.

    Raises
    ------
    ReleveError
        A file, column or value is not what the options say; the rows of a plot disagree; the CRS is not known.
    CoverScaleError
        A cover code does not belong to the scale.
    """
    rows = read_rows(
        ReleveFiles(releves, plots, layout, encoding, decimal), plot_field=plot_field, species_field=species_field,
        cover_field=cover_field, layer_field=layer_field, cover_scale=cover_scale, data_type=data_type, crs=crs,
        x_field=x_field, y_field=y_field, crs_field=crs_field, date_field=date_field, groups=groups,
        uncertainty_field=uncertainty_field, area_field=area_field, habitat_field=habitat_field, site_field=site_field,
    )
    report = list(rows.report)
    plot = rows.plots
    written, written_of = np.unique(rows.verbatim, return_inverse=True)
    accepted = None
    if taxa is not None:
        listed_names = rows.files.read(taxa, report)
        accepted = AcceptedNames.of(listed_names, normalise=names == "normalise")
    found = read_names(written[written != ""].tolist(), names=names, unidentified=unidentified, accepted=accepted)
    every, kept_of = indexes_of(found)
    species_of = np.concatenate([[-1], kept_of])[written_of + int("" not in written)]
    counts = dict(zip(written.tolist(), np.bincount(written_of).tolist(), strict=True))
    report += describe_names(found, counts, accepted)

    usable = rows.usable & (species_of >= 0)
    if not usable.any():
        raise _nothing_left(rows, species_of)
    listed_zero = bool((rows.covers.values[usable] == 0).any())
    positive = usable & (rows.covers.values > 0)
    if not positive.any():
        raise ReleveError("no species occurs in any plot: all covers are 0", where=rows.path,
                          remedy="check the cover column" if not rows.matrix else "check --layout")
    occurring = np.zeros(len(every), bool)
    occurring[species_of[positive]] = True
    listed_at_all = np.zeros(len(every), bool)
    listed_at_all[species_of[usable]] = True
    _count(report, listed_at_all & ~occurring, "species occur in no plot (cover 0 only) and were left out")
    every = every[occurring]
    species_of = np.where(species_of >= 0, (np.cumsum(occurring) - 1)[species_of], -1)

    shape = (len(plot.ids), len(every))
    abundance = data_type == "abundance"
    at = (rows.plot_of[positive], species_of[positive])
    cover, made_of = combine_layers(*at, rows.covers.values[positive], shape, rule=layers, abundance=abundance)
    report += _layer_report(rows, positive, written_of, made_of, found, layers, abundance, at)
    kind = _data_type(data_type, cover, zeros=listed_zero or rows.matrix, graded=rows.covers.graded, report=report)
    known = every.tolist()
    _refuse_left_out(species, found, rows.path)
    wanted = choose_species(species, known, where=rows.path, written={one.verbatim: one.name for one in found})
    result = ReleveTable(
        plot_ids=plot.ids, points=plot.points, dates=plot.dates, groups=plot.groups, species=every, cover=cover,
        data_type=kind, cover_scale=rows.covers.scale, report=(), digests=_digests(cover, every),
        min_presences=min_presences, requested=tuple(known[index] for index in wanted) if species else (),
        habitats=plot.habitats, sites=plot.sites, uncertainty_m=plot.uncertainty_m, area_m2=plot.area_m2,
        blurred=plot.blurred, taxa=found, originals=rows.originals,
    )
    empty = np.ones(len(plot.ids), bool)
    empty[at[0]] = False
    if kind == "presence-only":
        _count(report, empty, "plots without species were left out: they say nothing in presence-only data")
        result = result.take(np.flatnonzero(~empty))
    else:
        _count(report, empty, f"of {len(empty)} plots list no species: they are read as true empty relevés, but "
               "those without a date are left out where others have one; take plots that were never surveyed out of "
               "the table")
    return dataclasses.replace(result, report=tuple(report))


def _count(report: list[str], rows: NDArray[np.bool_], what: str) -> None:
    if rows.any():
        report.append(f"{int(rows.sum())} {what}.")


def _nothing_left(rows: ReleveRows, species_of: NDArray[np.int64]) -> ReleveError:
    """Return the error for a table of which no row can be used."""
    if rows.usable.any() and not (species_of[rows.usable] >= 0).any():
        return ReleveError(
            "no relevé row names a species: all names are left out", where=rows.path,
            remedy="check --species-field, or keep such names with --unidentified keep",
        )
    return ReleveError(
        "no relevé row belongs to a plot with coordinates" + (f" ({rows.alike})" if rows.alike else ""),
        where=rows.path, remedy="check that both tables name the plots alike and that --plot-field is right",
    )


def _layer_report(
    rows: ReleveRows, used: NDArray[np.bool_], written_of: NDArray[np.int64], made_of: NDArray[np.int64],
    taxa: Sequence[TaxonName], rule: str, abundance: bool, at: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> list[str]:
    """Return what is to be said of species with several rows in a plot."""
    said = []
    layers, layer_of = np.unique(rows.originals.layer[used], return_inverse=True)
    if several := describe_layers(made_of, layers, rule, abundance):
        said.append(several)
        repeated = repeated_rows(at[0], written_of[used], layer_of)
        if repeated:
            alike = "plot, species and layer" if len(layers) > 1 or layers[0] else "plot and species"
            said.append(f"{repeated} rows repeat {alike} of another row: layers not told apart, or double entries; "
                        "they were combined too.")
    merged = merged_names(taxa)
    if merged:
        name, written = next(iter(merged.items()))
        pairs = np.unique(np.column_stack([at[0], at[1], written_of[used]]), axis=0)
        cells = np.unique(pairs[:, :2], axis=0, return_counts=True)[1]
        met = int((cells > 1).sum())
        said.append(
            f"{len(merged)} species are written in several ways, for example {name!r} ({listed(map(repr, written))})"
            + (f"; where they meet, {met} times, their rows were combined like layers." if met else ".")
        )
    return said


def _refuse_left_out(requested: str | Sequence[str] | None, taxa: Sequence[TaxonName], path: str) -> None:
    """Raise the error for a species that was asked for although its name was left out."""
    parts = requested.split(",") if isinstance(requested, str) else list(requested or ())
    asked = {part.strip().casefold() for part in parts}
    for taxon in taxa:
        if taxon.status == LEFT_OUT and taxon.verbatim.casefold() in asked:
            raise ReleveError(
                f"{taxon.verbatim!r} was asked for but left out, as it names no species", where=path,
                remedy="keep such names with --unidentified keep",
            )


def _data_type(stated: str, cover: csr_array, *, zeros: bool, graded: bool, report: list[str]) -> str:
    """Return the data type, deduced from the table where it is not stated."""
    if stated != "auto":
        return stated
    richness = np.diff(cover.indptr)
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


def _digests(cover: csr_array, species: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the SHA-256 of each relevé's species and cover, in the order of the names."""
    digests = []
    for first, last in zip(cover.indptr[:-1], cover.indptr[1:], strict=True):
        listed_species = zip(cover.indices[first:last], cover.data[first:last], strict=True)
        content = "\n".join(f"{species[index]}\t{percent:.4g}" for index, percent in listed_species)
        digests.append(hashlib.sha256(content.encode()).hexdigest())
    return np.array(digests, dtype=np.str_)
