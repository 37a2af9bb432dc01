"""The rows of a relevé table, whatever its layout, joined to the plots they belong to."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.cover_scales import Covers, read_covers
from botaclip.core.plot_table import PlotTable, read_plots
from botaclip.core.species_layers import LAYER_FIELDS, Originals
from botaclip.core.table_dialect import listed
from botaclip.core.tables import Table, read_table
from botaclip.core.wide_table import LONG, Fields, Matrix, layout_of, read_matrix


@dataclasses.dataclass(frozen=True)
class ReleveFiles:
    """The files of a job and how they are written.

    Parameters
    ----------
    releves, plots
        The relevés; their plots, None where the relevés carry the places.
    layout
        ``long``, ``wide``, ``transposed`` or ``auto``.
    encoding, decimal
        As in :func:`botaclip.core.tables.read_table`.
    """

    releves: str | Path
    plots: str | Path | None = None
    layout: str = "auto"
    encoding: str | None = None
    decimal: str = "auto"

    def read(self, path: str | Path, report: list[str]) -> Table:
        """Read one of the files, and say how it is written."""
        table = read_table(path, encoding=self.encoding, decimal=self.decimal)
        name = Path(str(path).split("|")[0]).name
        if table.dialect is not None and str(table.dialect):
            report.append(f"{name}: {table.dialect}.")
        report += [f"{name}: {note}." for note in table.notes]
        return table


@dataclasses.dataclass(frozen=True)
class ReleveRows:
    """Relevé rows, one per plot and species as written.

    Parameters
    ----------
    path
        The relevés, for messages.
    plots
        The plots.
    plot_of
        Index of each row's plot (n,), -1 without one.
    verbatim
        Species of each row (n,), as written.
    covers
        Cover of each row (n,).
    usable
        Rows (n,) with a plot, a name and a place inside the plot.
    matrix
        Whether the table was a matrix, which says of every species whether it is there.
    originals
        The rows as read.
    files
        Where they are from.
    report
        What was deduced and dropped.
    alike
        Plot names that look alike in the relevés and the plots but are not the same, in words; ``""`` without any.
    """

    path: str
    plots: PlotTable
    plot_of: NDArray[np.int64]
    verbatim: NDArray[np.str_]
    covers: Covers
    usable: NDArray[np.bool_]
    matrix: bool
    originals: Originals
    files: ReleveFiles
    report: list[str]
    alike: str = ""


def read_rows(
    files: ReleveFiles, *, plot_field: str, species_field: str, cover_field: str | None, layer_field: str | None,
    cover_scale: str, data_type: str, **plot_options: Any,
) -> ReleveRows:
    """Read the tables and join every row to its plot.

    Parameters
    ----------
    files
        What to read.
    plot_field, species_field, cover_field, layer_field
        Columns of the relevés.
    cover_scale, data_type
        How covers are written, and what they are.
    **plot_options
        Options of :func:`botaclip.core.plot_table.read_plots`.

    Raises
    ------
    ReleveError
        See :func:`botaclip.core.releves.read_releves`.
    CoverScaleError
        A cover code does not belong to the scale.
    """
    report: list[str] = []
    table = files.read(files.releves, report)
    places = files.read(files.plots, report) if files.plots else None
    others = tuple(str(value) for key, value in plot_options.items() if value and (key.endswith("_field") or
                                                                                     key == "groups"))
    layer_field = layer_field or next((found for name in LAYER_FIELDS if (found := table.find(name))), None)
    fields = Fields(plot_field, species_field, cover_field, layer_field, others)
    for asked in (plot_field, species_field):
        if (named := table.find(asked)) is not None:
            table.refuse_line_breaks(named)
    matrix = _matrix(table, files.layout, fields, places, data_type == "abundance", report)
    if matrix is not None:
        table, cover_field = matrix.releves, cover_field or "cover"
        places = places or matrix.plots or table
    places = places or table

    ids = table.column(plot_field, option="--plot-field")
    names = table.column(species_field, option="--species-field")
    cover_name = cover_field or table.find("cover")
    covers = read_covers(table, cover_name, scale=cover_scale, data_type=data_type)
    plots = read_plots(places, plot_field=_plot_field(places, plot_field, matrix), **plot_options)
    report += covers.report
    if cover_name is None:
        report.append("No cover column was named: the rows are read as presences.")
    report += plots.report
    if matrix is not None:
        plots = _surveyed(plots, matrix.surveyed, report)

    plot_of = _positions(ids, plots.ids)
    _count(report, (ids == "") != (names == ""), "relevé rows without a plot or species name were dropped")
    unknown = (plot_of < 0) & (ids != "") & ~np.isin(ids, plots.unplaced)
    lost = np.unique(ids[unknown])
    _count(report, unknown, f"relevé rows of {len(lost)} plots that the plots table does not hold were dropped: "
           f"{listed(lost)}")
    alike = alike_names(lost, plots.ids)
    if alike:
        report.append(f"{alike}: write them the same way in both tables.")
    layer = _layers(table, layer_field, report)
    codes = table.column(cover_name, option="--cover-field") if cover_name else np.full(len(table), "", dtype=np.str_)
    return ReleveRows(
        path=table.path, plots=plots, plot_of=plot_of, verbatim=names, covers=covers,
        usable=(plot_of >= 0) & (names != "") & ~covers.outside, matrix=matrix is not None,
        originals=Originals(ids, names, layer, codes, table.rows), files=files, report=report,
        alike=alike,
    )


def _matrix(
    table: Table, layout: str, fields: Fields, places: Table | None, abundance: bool, report: list[str]
) -> Matrix | None:
    """Return the matrix that the relevés are, None where they are a long table."""
    ids = None
    if places is not None and (found := places.find(fields.plot)) is not None:
        ids = places.columns[found]
    if layout == "auto":
        layout, why = layout_of(table, fields, ids, abundance=abundance)
        if layout != LONG:
            report.append(f"Layout deduced: {layout}, because {why}. State it with --layout where that is wrong.")
    if layout == LONG:
        return None
    matrix = read_matrix(table, layout, fields, plot_ids=ids, abundance=abundance)
    report += matrix.report
    return matrix


def _plot_field(places: Table, plot_field: str, matrix: Matrix | None) -> str:
    """Return the column of the plots' names; a matrix may have it under another name, as its first column."""
    if matrix is not None and places is matrix.plots and places.find(plot_field) is None:
        return next(iter(places.columns))
    return plot_field


def _surveyed(plots: PlotTable, surveyed: NDArray[np.str_], report: list[str]) -> PlotTable:
    """Return the plots that the matrix has: one that it lacks was not surveyed, rather than empty."""
    kept = np.isin(plots.ids, surveyed)
    if kept.all() or not kept.any():
        return plots
    _count(report, ~kept, f"plots are not in the matrix and were left out: {listed(plots.ids[~kept])}")
    of_plots: dict[str, Any] = {
        field: None if getattr(plots, field) is None else getattr(plots, field)[kept]
        for field in ("groups", "habitats", "sites", "uncertainty_m", "area_m2", "blurred")
    }
    return dataclasses.replace(
        plots, ids=plots.ids[kept], points=plots.points[np.flatnonzero(kept)], dates=plots.dates[kept], **of_plots
    )


def alike_names(lost: NDArray[np.str_], known: NDArray[np.str_]) -> str:
    """Return which names of relevés without a plot differ from a plot's by case, zeros, ``.0`` or spaces only.

    ``""`` where none do. Nothing is joined by it: ``01`` and ``1`` may be two plots.
    """
    plots: dict[str, str] = {}
    for name in known.tolist():
        plots.setdefault(_plain_name(name), name)
    pairs = [(name, plots[plain]) for name in lost.tolist() if (plain := _plain_name(name)) in plots]
    if not pairs:
        return ""
    shown = "; ".join(f"{mine!r} in the relevés and {other!r} in the plots" for mine, other in pairs[:3])
    return f"{shown} look alike" + (f", and so do {len(pairs) - 3} more" if len(pairs) > 3 else "")


def _plain_name(name: str) -> str:
    """Return a plot name without what spreadsheets change: case, spaces, leading zeros, ``.0``."""
    plain = re.sub(r"\s+", "", name).casefold()
    return re.sub(r"(?<![\d.])0+(?=\d)", "", re.sub(r"(?<=\d)[.,]0+$", "", plain))


def _layers(table: Table, field: str | None, report: list[str]) -> NDArray[np.str_]:
    """Return the layer of each row, ``""`` where none is given."""
    if field is None:
        return np.full(len(table), "", dtype=np.str_)
    layers = table.column(field, option="--layer-field")
    named = np.unique(layers[layers != ""])
    if len(named):
        report.append(f"Layers were read from column {field!r}: {listed(named, 10)}.")
    return layers


def _count(report: list[str], rows: NDArray[np.bool_], what: str) -> None:
    if rows.any():
        report.append(f"{int(rows.sum())} {what}.")


def _positions(values: NDArray[np.str_], among: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return the position of each value in ``among`` (unique), -1 where it is not."""
    order = np.argsort(among)
    near = order[np.clip(np.searchsorted(among[order], values), 0, len(among) - 1)]
    return np.where(among[near] == values, near, -1)
