"""Matrices of plots and species, either way round, turned into rows of plot, species and cover.

Which columns are species is not written in such a file: they are those that hold covers and do not have the name of
something known of plots. What was taken for what is always said.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from botaclip.core.cover_scales import ABSENT, is_cover, plain_code
from botaclip.core.errors import ReleveError
from botaclip.core.matrix_columns import are_species, are_taxa, chosen_species, doubtful, of_plots
from botaclip.core.plot_places import COORDINATE_FIELDS, coordinate_pair
from botaclip.core.table_dialect import listed, parse_number
from botaclip.core.tables import Table

LONG, WIDE, TRANSPOSED = "long", "wide", "transposed"
# From so large a share of covers among its values on, a column is a species: a typing error is then found as one.
_COVERS = 0.5
# From so large a share of rows with a name of their own on, a table can be a matrix.
_ONCE = 0.8


@dataclasses.dataclass(frozen=True)
class Matrix:
    """A matrix turned into rows.

    Parameters
    ----------
    releves
        One row per plot and species found in it.
    plots
        What else the matrix says of its plots; None where it holds nothing but covers.
    surveyed
        Names of all plots of the matrix, those without species too.
    report
        What was taken for what.
    """

    releves: Table
    plots: Table | None
    surveyed: NDArray[np.str_]
    report: list[str]


@dataclasses.dataclass(frozen=True)
class Fields:
    """Columns by what they hold, as the options name them.

    Parameters
    ----------
    plot, species
        Columns of plot and species names.
    cover
        Name for the covers; None for ``cover``.
    layer
        Column of the layer; None without one.
    others
        Further columns that the options name: they are no species.
    """

    plot: str
    species: str
    cover: str | None = None
    layer: str | None = None
    others: tuple[str, ...] = ()

    def named(self, table: Table) -> set[str]:
        """Return the columns of the table that an option names."""
        asked = [self.plot, self.species, self.layer, *self.others]
        return {found for name in asked if name and (found := table.find(name)) is not None}


def layout_of(
    table: Table, fields: Fields, plot_ids: NDArray[np.str_] | None, *, abundance: bool = False
) -> tuple[str, str]:
    """Return the layout of a table, deduced from its columns, and why.

    Parameters
    ----------
    table
        The relevés.
    fields
        Columns that the options name.
    plot_ids
        Names of the plots table; None without one.
    abundance
        Whether covers are counts.

    Notes
    -----
    A matrix names each plot (or species) once, perhaps once a layer; where names repeat, the table is a long one
    whose other column is called something else, and the message about the missing column is the better help.
    """
    plot, species = table.find(fields.plot), table.find(fields.species)
    if plot and species:
        counts = species_columns(table, fields, abundance=abundance)
        once = len(np.unique(table.columns[plot])) == len(table)
        numbers = all(is_cover(str(text)) for text in np.unique(table.columns[species]))
        if len(counts) >= 3 and once and numbers:
            return WIDE, f"every plot has one row and {len(counts)} columns hold covers"
        return LONG, f"it has the columns {plot!r} and {species!r}"
    if species:
        columns = _plot_columns(table, fields, species, plot_ids)
        foreign = plot_ids is not None and not set(columns) & set(plot_ids.tolist())
        if len(columns) >= 2 and not foreign and _mostly_once(table, species, fields):
            return TRANSPOSED, f"it has a column {species!r} and {len(columns)} columns that hold covers of plots"
        return LONG, ""
    if plot:
        columns = species_columns(table, fields, abundance=abundance)
        if are_species(columns) and (are_taxa(columns) or _mostly_once(table, plot, fields)):
            return WIDE, f"it has no column {fields.species!r} but {len(columns)} columns that hold covers"
        return LONG, ""
    return _layout_by_names(table, fields, plot_ids)


def _layout_by_names(table: Table, fields: Fields, plot_ids: NDArray[np.str_] | None) -> tuple[str, str]:
    """Return the layout of a table whose first column has no telling name, and why."""
    first = next(iter(table.columns))
    if plot_ids is not None:
        known = set(plot_ids.tolist()) - {""}
        if len(known & set(table.columns)) >= 2:
            return TRANSPOSED, f"{len(known & set(table.columns))} of its columns are named as plots are"
        known_rows = np.isin(table.columns[first], sorted(known)).sum()
        of_taxa = are_taxa(species_columns(table, dataclasses.replace(fields, plot=first)))
        named = known_rows if of_taxa else len(known & set(table.columns[first].tolist()))
        if named >= 0.5 * len(table):
            return WIDE, f"its first column, {first!r}, names plots"
    elif coordinate_pair(table) is not None or table.x is not None:
        columns = species_columns(table, dataclasses.replace(fields, plot=first))
        if are_species(columns) and (are_taxa(columns) or _mostly_once(table, first, fields)):
            return WIDE, f"it has no column {fields.species!r} but {len(columns)} columns that hold covers"
    return LONG, ""


def _mostly_once(table: Table, field: str, fields: Fields) -> bool:
    """Whether nearly every row of a matrix has a name of its own, where a layer does not tell its rows apart."""
    names = table.columns[field][table.columns[field] != ""]
    if fields.layer and (layer := table.find(fields.layer)):
        names = np.char.add(names, np.char.add("\t", table.columns[layer][table.columns[field] != ""]))
    return len(np.unique(names)) >= _ONCE * len(names)


def species_columns(table: Table, fields: Fields, *, abundance: bool = False) -> list[str]:
    """Return the columns of a wide table that are species."""
    return _species_and_measured(table, fields, abundance)[0]


def _species_and_measured(table: Table, fields: Fields, abundance: bool) -> tuple[list[str], list[str]]:
    """Return the columns that are species, and those left out because they are named like measurements."""
    named = fields.named(table)
    named |= set(coordinate_pair(table) or ())
    candidates = [
        name for name, texts in table.columns.items()
        if name not in named and not of_plots(name) and _holds_covers(texts, abundance)
    ]  # fmt: skip
    return chosen_species(candidates)


def _holds_covers(texts: NDArray[np.str_], abundance: bool) -> bool:
    distinct, counts = np.unique(texts, return_counts=True)
    said = distinct != ""
    if not said.any():
        return True
    fits = np.array([
        bool(text) and (is_cover(text) or (abundance and parse_number(text) >= 0)) for text in distinct.tolist()
    ])  # fmt: skip
    return counts[fits].sum() >= _COVERS * counts[said].sum()


def _plot_columns(table: Table, fields: Fields, species: str, plot_ids: NDArray[np.str_] | None) -> list[str]:
    """Return the columns of a transposed table that are plots: named in the plots table, else those with covers."""
    known = set() if plot_ids is None else set(plot_ids.tolist())
    named = fields.named(table) | {species}
    of_species = [index for index, name in enumerate(table.columns[species].tolist())
                  if name and not _is_plot_row(name, fields)]
    return [
        name for name, texts in table.columns.items()
        if name in known or (name not in named and not of_plots(name) and _holds_covers(texts[of_species], False))
    ]  # fmt: skip


def _is_plot_row(name: str, fields: Fields) -> bool:
    """Whether a row of a transposed table says something of the plots, as ``x`` or ``altitude`` do."""
    asked = {other.casefold() for other in fields.others}
    pairs = {half for pair in COORDINATE_FIELDS for half in pair}
    return name.casefold() in asked | pairs or of_plots(name)


def read_matrix(
    table: Table, layout: str, fields: Fields, *, plot_ids: NDArray[np.str_] | None = None, abundance: bool = False
) -> Matrix:
    """Turn a matrix into rows; an empty cell, 0, ``.`` and ``-`` say that the species is absent.

    Parameters
    ----------
    table
        The matrix.
    layout
        ``wide`` (a row is a plot) or ``transposed`` (a row is a species).
    fields
        Columns that the options name. A plot or species column that does not exist is the first column.
    plot_ids
        Names of the plots table; None without one.
    abundance
        Whether the cells are counts, which may exceed 100.

    Raises
    ------
    ReleveError
        There is no species, or no plot.
    """
    if layout == WIDE:
        return _wide(table, fields, abundance)
    return _transposed(table, fields, plot_ids)


def _key(table: Table, field: str, report: list[str], what: str) -> str:
    found = table.find(field)
    if found is None:
        found = next(iter(table.columns))
        report.append(f"There is no column {field!r}; the first one, {found!r}, was taken for the {what}.")
    return found


def _wide(table: Table, fields: Fields, abundance: bool) -> Matrix:
    report: list[str] = []
    key = _key(table, fields.plot, report, "plots' names")
    _refuse_repeated(table, key, fields)
    species, measured = _species_and_measured(table, dataclasses.replace(fields, plot=key), abundance)
    if not species:
        raise ReleveError(
            "no column holds covers of a species", where=table.path,
            remedy="check --layout, or name the species column of a long table with --species-field",
        )
    others = [name for name in table.columns if name not in species]
    report.append(f"{len(species)} columns were read as species ({listed(species)}); not as species: "
                  f"{listed(others, 30)}.")
    if measured:
        report.append(f"Left out, as their names say that they are measured: {listed(measured, len(measured))}. Rename "
                      "one that is a species.")
    if asked := doubtful(species):
        report.append(f"Read as species although their names do not look like it: {listed(asked, len(asked))}. "
                      "Rename or remove such a column where it is none, or name the species with --species.")
    texts = [table.columns[name] for name in species]
    found = [np.flatnonzero(_said(column)) for column in texts]
    index = _some_rows(found, table)
    which = np.repeat(np.arange(len(species)), [len(rows) for rows in found])
    order = np.lexsort((which, index))
    index, which = index[order], which[order]
    names = np.array(species, dtype=np.str_)[which]
    codes = np.concatenate([column[rows] for column, rows in zip(texts, found, strict=True)])[order]
    columns = {fields.plot: table.columns[key][index], fields.species: names, fields.cover or "cover": codes}
    layer = table.find(fields.layer) if fields.layer else None
    if layer:
        columns[str(fields.layer)] = table.columns[layer][index]
    releves = Table(table.path, columns, table.rows[index], dialect=table.dialect, cells=names)
    plots = dataclasses.replace(table, columns={name: table.columns[name] for name in others})
    surveyed = table.columns[key]
    return Matrix(releves, plots, np.unique(surveyed[surveyed != ""]), report)


def _refuse_repeated(table: Table, key: str, fields: Fields) -> None:
    """Refuse a matrix in which a plot has several rows that no layer tells apart."""
    table.refuse_line_breaks(key)
    names = table.columns[key]
    layer = table.find(fields.layer) if fields.layer else None
    layers = table.columns[layer] if layer else np.full(len(table), "")
    rows: dict[tuple[str, str], list[int]] = {}
    for name, of, row in zip(names.tolist(), layers.tolist(), table.rows.tolist(), strict=True):
        if name:
            rows.setdefault((name, of), []).append(row)
    repeated = {name: numbers for (name, _), numbers in rows.items() if len(numbers) > 1}
    if not repeated:
        return
    shown = listed([f"{name!r} (rows {listed(map(str, numbers))})" for name, numbers in repeated.items()])
    raise ReleveError(
        f"the matrix has several rows of plot {shown}" if len(repeated) == 1
        else f"the matrix has several rows of {len(repeated)} plots: {shown}", where=table.path,
        remedy="give each row a plot name of its own, or name the column of the layers with --layer-field",
    )


def _some_rows(found: list[NDArray[np.int64]], table: Table) -> NDArray[np.int64]:
    index = np.concatenate(found)
    if not len(index):
        raise ReleveError(
            "no species occurs in any plot: all cells are empty or 0", where=table.path, remedy="check --layout"
        )
    return index


def _said(texts: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Return which cells (n,) say that a species is there."""
    distinct, where = np.unique(texts, return_inverse=True)
    return np.array([not _absent(text) for text in distinct.tolist()], bool)[where]


def _absent(text: str) -> bool:
    plain = plain_code(text)
    return not plain or plain in ABSENT or parse_number(plain) == 0


def _transposed(table: Table, fields: Fields, plot_ids: NDArray[np.str_] | None) -> Matrix:
    report: list[str] = []
    key = _key(table, fields.species, report, "species' names")
    plots = _plot_columns(table, fields, key, plot_ids)
    if not plots:
        raise ReleveError("no column holds covers of a plot", where=table.path, remedy="check --layout")
    others = [name for name in table.columns if name not in plots and name != key]
    names = table.columns[key]
    facts = np.array([bool(name) and _is_plot_row(name, fields) for name in names.tolist()], bool)
    rows_of_species = np.flatnonzero((names != "") & ~facts)
    report.append(
        f"{len(plots)} columns were read as plots ({listed(plots)})"
        + (f"; not as plots: {listed(others, 30)}" if others else "")
        + (f"; rows that describe plots: {listed(names[facts], 30)}" if facts.any() else "") + "."
    )
    if not len(rows_of_species):
        raise ReleveError("no row names a species", where=table.path, remedy="check --layout and --species-field")
    found = [rows_of_species[_said(table.columns[name][rows_of_species])] for name in plots]
    index = _some_rows(found, table)
    of_plot = np.array(plots, dtype=np.str_)[np.repeat(np.arange(len(plots)), [len(rows) for rows in found])]
    codes = np.concatenate([table.columns[name][rows] for name, rows in zip(plots, found, strict=True)])
    columns = {fields.plot: of_plot, fields.species: names[index], fields.cover or "cover": codes}
    layer = table.find(fields.layer) if fields.layer else None
    if layer:
        columns[str(fields.layer)] = table.columns[layer][index]
    releves = Table(table.path, columns, table.rows[index], dialect=table.dialect, cells=of_plot)
    return Matrix(releves, _plots_of_rows(table, fields, plots, np.flatnonzero(facts), key), np.array(plots), report)


def _plots_of_rows(
    table: Table, fields: Fields, plots: Sequence[str], facts: NDArray[np.int64], key: str
) -> Table | None:
    """Return the rows that describe the plots, turned round; None without any."""
    if not len(facts):
        return None
    columns: dict[str, NDArray[np.str_]] = {fields.plot: np.array(plots, dtype=np.str_)}
    for row in facts:
        columns.setdefault(str(table.columns[key][row]), np.array([table.columns[name][row] for name in plots]))
    return Table(table.path, columns, np.arange(1, len(plots) + 1), dialect=table.dialect)
