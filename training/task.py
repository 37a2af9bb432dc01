"""Tasks: other things to predict at the same plots, read from a table of the user's that is joined by plot name.

A task is the paper's unseen taxon or soil table: plants, butterflies, counts of trophic groups. Nothing of it is
ever used to align vectors; it only judges them.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import OptionError, PairingError, ReleveError
from botaclip.core.matrix_columns import of_plots
from botaclip.core.plot_places import coordinate_pair
from botaclip.core.releve_rows import alike_names
from botaclip.core.table_dialect import listed, parse_number
from botaclip.core.tables import Table, read_table
from botaclip.training.training_table import TrainingTable

Kind = Literal["presence", "presence-only", "abundance"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# What the column of the targets, or of their values, is called where the one that was named does not exist.
TARGET_FIELDS = ("target", "species", "group", "taxon", "taxon_name", "scientific_name", "cover_type")
VALUE_FIELDS = ("value", "present", "presence", "abundance", "count", "reads", "cover")

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Task:
    """What is to be predicted at the plots of a training table, row by row.

    Parameters
    ----------
    name
        What it is called in reports.
    kind
        ``presence`` (1 and 0), ``presence-only`` (1, everything else unknown) or ``abundance`` (any numbers).
    targets
        Names of species or groups (S,).
    values
        (N, S) float64 in the order of the training table's plots; NaN where unknown.
    report
        What was taken for what, merged and left out, one sentence each.
    omitted
        Targets that are not judged, each with the reason.
    """

    name: str
    kind: Kind
    targets: tuple[str, ...]
    values: Floats
    report: tuple[str, ...] = ()
    omitted: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise OptionError(f"there is no kind of task {self.kind!r}", remedy=f"use one of {', '.join(KINDS)}")
        if self.values.ndim != 2 or self.values.shape[1] != len(self.targets):
            raise ValueError(f"{len(self.targets)} targets but values of shape {self.values.shape}")

    def __len__(self) -> int:
        return len(self.values)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether a value is known (N, S)."""
        return np.isfinite(self.values)

    @property
    def recorded(self) -> NDArray[np.bool_]:
        """Whether anything at all was recorded at a plot (N,): what target-group pseudo-absences are drawn from."""
        return np.asarray((self.values > 0).any(axis=1))

    def take(self, index: NDArray[np.integer]) -> Task:
        """Return the task at the plots of ``index``, in that order; targets stay."""
        return dataclasses.replace(self, values=self.values[index])

    @classmethod
    def plants(cls, table: TrainingTable) -> Task:
        """Return the presence of the modelled plants of a training table."""
        return cls("plants", "presence", tuple(table.species), np.asarray(table.presence > 0, dtype=np.float64))


def read_task(
    path: str | Path,
    ids: Sequence[str],
    *,
    plot_field: str = "plot_id",
    target_field: str | None = "target",
    value_field: str | None = None,
    kind: Kind | Literal["auto"] | None = None,
    name: str | None = None,
    where: Mapping[str, str] | None = None,
    min_presences: int = 10,
    min_values: int = 20,
) -> Task:
    """Read a task: a long table (a row per plot and target) or a wide one (a row per plot, a column per target).

    In a long table a listed plot without a row of a target lacks it (presence, or abundances where no zero is
    written down), or is unknown there (presence-only, or abundances where zeros are written down). A plot that is not
    listed at all is unknown. In a wide table a blank is unknown. A row with a plot and no target says that the plot
    was searched.

    Parameters
    ----------
    path
        CSV, GeoPackage, spreadsheet, ...; whatever :func:`botaclip.core.tables.read_table` reads.
    ids
        Plot names of the training table (N,); the task has its order.
    plot_field, target_field, value_field
        Columns. Where the target's is missing, one with a usual name (``species``, ``group``) is taken, else the table
        is a wide one. Without a value column every row is a presence.
    kind
        ``presence``, ``presence-only`` or ``abundance``; None or ``auto`` looks at the values and reports what it took:
        presence-only where no absence is written down and no column holds values, presence where all values are 0 or
        1, else abundance.
    name
        What to call the task; None for the file's name.
    where
        Keeps the rows in which a column has a value, such as ``{"group": "bird"}``.
    min_presences
        Targets present in fewer of the plots are left out (presence, presence-only).
    min_values
        Targets known at fewer of the plots are left out (abundance).

    Raises
    ------
    ReleveError
        The table cannot be read, lacks a column, or gives one plot and target two abundances.
    PairingError
        No plot of the table is a plot of the training table.
    OptionError
        The kind is unknown.
    """
    if kind not in (None, "auto", *KINDS):
        raise OptionError(f"there is no kind of task {kind!r}", remedy=f"use one of auto, {', '.join(KINDS)}")
    table = read_table(path)
    report: list[str] = []
    if where:
        table = _only(table, where, report)
    plot = _plot_column(table, plot_field)
    target = _usual(table, target_field, TARGET_FIELDS, plot) if target_field else None
    if target is not None and table.find(str(target_field)) is None and _is_wide(table, plot, target):
        target = None
    if target is None and target_field and target_field != "target":
        table.column(target_field, option="--task-target-field")  # raises: it was asked for by name
    matched = _match(table, plot, ids, report)
    if target is None:
        targets, values, zeros, has_values = _wide(table, plot, matched, len(ids), value_field, report)
        listed_plots = np.zeros(len(ids), bool)  # a blank is unknown
    else:
        column = _value_column(table, value_field, {plot, target}, report)
        found = _long(table, plot, target, column, matched, len(ids), kind, report)
        targets, values, zeros, has_values = found
        listed_plots = np.zeros(len(ids), bool)
        listed_plots[matched[matched >= 0]] = True
    taken = _kind(values, kind, zeros, has_values, report)
    values = _of_kind(values, taken, listed_plots, zeros, report)
    title = name or Path(str(path).split("|")[0]).stem
    kept, omitted = _enough(targets, values, taken, min_presences, min_values)
    if omitted:
        report.append(f"{len(omitted)} of {len(targets)} targets are left out: "
                      + listed([f"{left} ({reason})" for left, reason in omitted.items()], 3) + ".")
    if not len(kept):
        rare = any("fewer than" in reason for reason in omitted.values())
        raise ReleveError(
            f"none of its {len(targets)} targets can be judged at the plots: "
            + listed([f"{left} ({reason})" for left, reason in omitted.items()], 3), where=str(path),
            remedy="record more plots, or lower --min-presences" if rare else "bring targets that differ between plots",
        )
    return Task(title, taken, tuple(targets[i] for i in kept), values[:, kept], tuple(report), omitted)


def _only(table: Table, where: Mapping[str, str], report: list[str]) -> Table:
    keep = np.ones(len(table), bool)
    for field, value in where.items():
        texts = table.column(field, option="--task")
        keep &= texts == value
        if not keep.any():
            raise ReleveError(
                f"no row has {value!r} in column {field!r}", where=table.path,
                remedy=f"it has {listed(map(repr, np.unique(texts).tolist()))}",
            )
    report.append(f"{int(keep.sum())} of {len(table)} rows were kept, where "
                  + " and ".join(f"{field} is {value}" for field, value in where.items()) + ".")
    columns = {name: texts[keep] for name, texts in table.columns.items()}
    return Table(table.path, columns, table.rows[keep], dialect=table.dialect, truncated=table.truncated)


def _plot_column(table: Table, field: str) -> str:
    found = table.find(field)
    if found is None:
        table.column(field, option="--task-plot-field")  # raises, and lists the columns
        raise AssertionError
    table.refuse_line_breaks(found)
    if not len(table) or not (table.columns[found] != "").any():
        raise ReleveError("no row names a plot", where=table.path, remedy="name the column with --task-plot-field")
    return found


def _usual(table: Table, field: str, names: Sequence[str], *but: str) -> str | None:
    """Return the column called ``field``; where it is missing and was not chosen, the first with a usual name."""
    candidates = (field, *names) if field in names[:1] else (field,)
    for name in candidates:
        found = table.find(name)
        if found is not None and found not in but:
            return found
    return None


def _value_column(table: Table, field: str | None, taken: set[str], report: list[str]) -> str | None:
    if field:
        table.column(field, option="--task-value-field")
        return table.find(field)
    for name in VALUE_FIELDS:
        found = table.find(name)
        if found is not None and found not in taken:
            report.append(f"Values were read from column {found!r}.")
            return found
    report.append("No column holds values: every row is a presence.")
    return None


def _match(table: Table, plot: str, ids: Sequence[str], report: list[str]) -> NDArray[np.int64]:
    """Return the row of the training table that each row belongs to (R,), -1 for none."""
    position = {str(name): i for i, name in enumerate(ids)}
    if len(position) != len(ids):
        raise ValueError("plot names of the training table repeat")
    names = table.columns[plot]
    matched = np.array([position.get(str(name), -1) for name in names], dtype=np.int64)
    here = np.unique(names[names != ""])
    lost = np.array([name for name in here.tolist() if name not in position], dtype=np.str_)
    if (names == "").any():
        nameless = int((names == "").sum())
        report.append("1 row without a plot name was left out." if nameless == 1
                      else f"{nameless} rows without a plot name were left out.")
    if len(lost) == len(here):
        alike = alike_names(lost, np.array(list(position), dtype=np.str_)).replace("in the relevés", "here")
        near = difflib.get_close_matches(str(lost[0]), list(position), n=1, cutoff=0)
        hint = alike or f"the name nearest to {str(lost[0])!r} is {near[0]!r}"
        raise PairingError(
            f"none of its {len(here)} plots ({listed(here, 3)}) has the name of one of the {len(position)} plots with "
            f"relevés and imagery; {hint}",
            where=table.path, remedy="name the column of the same plot names with --task-plot-field",
        )
    report.append(f"{len(here) - len(lost)} of {len(here)} plots of the table were joined by name"
                  + (f"; left out, because no plot with relevés and imagery is called so: {listed(lost)}" if len(lost)
                     else "") + ".")
    absent = len(ids) - (len(here) - len(lost))
    if absent:
        report.append(f"{absent} of {len(ids)} plots with relevés and imagery are not in the table: unknown there.")
    return matched


def _long(
    table: Table, plot: str, target: str, column: str | None, matched: NDArray[np.int64], n: int, kind: str | None,
    report: list[str],
) -> tuple[list[str], Floats, bool, bool]:
    """Return targets, values (N, S) with NaN where no row says anything, and whether zeros and values are written."""
    texts = table.columns[target]
    numbers = np.ones(len(table)) if column is None else table.numbers(column, option="--task-value-field")
    said = (texts != "") & np.isfinite(numbers)
    blank = int(((texts != "") & ~np.isfinite(numbers)).sum())
    if blank:
        report.append(f"{blank} {'row has' if blank == 1 else 'rows have'} a target and no value: unknown there.")
    zeros = bool((numbers[said] == 0).any())
    targets = np.unique(texts[texts != ""]).tolist()
    if not targets:
        raise ReleveError(f"no row names a target in column {target!r}", where=table.path,
                          remedy="name the column with --task-target-field")
    number = {name: i for i, name in enumerate(targets)}
    values = np.full((n, len(targets)), np.nan)
    counts = not np.isin(numbers[said], (0, 1)).all() if kind in (None, "auto") else kind == "abundance"
    merged = 0
    for row in np.flatnonzero(said & (matched >= 0)):
        i, s, value = matched[row], number[str(texts[row])], numbers[row]
        if np.isnan(values[i, s]):
            values[i, s] = value
            continue
        merged += 1
        if values[i, s] != value and counts:
            raise ReleveError(
                f"plot {str(table.columns[plot][row])!r} has the values {values[i, s]:g} and "
                f"{value:g} of {targets[s]!r}, the second in {table.place(int(row))}",
                where=table.path, remedy="give each plot and target one value, such as the mean of the visits",
            )
        values[i, s] = max(values[i, s], value)
    if merged:
        report.append(("1 row repeats a plot and target and was merged" if merged == 1
                       else f"{merged} rows repeat a plot and target and were merged")
                      + ("." if counts else "; found once is present."))
    # A blank value says unknown, which a plot without a row does not.
    for row in np.flatnonzero((texts != "") & ~np.isfinite(numbers) & (matched >= 0)):
        i, s = matched[row], number[str(texts[row])]
        if np.isnan(values[i, s]):
            values[i, s] = -np.inf
    return targets, values, zeros, column is not None


def _wide(
    table: Table, plot: str, matched: NDArray[np.int64], n: int, value_field: str | None, report: list[str]
) -> tuple[list[str], Floats, bool, bool]:
    if value_field:
        raise ReleveError(f"it has a column of values, {value_field!r}, but none of targets", where=table.path,
                          remedy="name the column of the targets with --task-target-field")
    places = set(coordinate_pair(table) or ())
    described = [name for name in table.columns if name != plot and (of_plots(name) or name in places)]
    columns = [name for name, texts in table.columns.items()
               if name != plot and name not in described and _numeric(texts)]
    others = [name for name in table.columns if name not in columns and name != plot]
    if not columns:
        raise ReleveError(
            f"there is no column of targets; the columns are {listed(map(repr, table.columns), 40)}", where=table.path,
            remedy="name the column of the targets with --task-target-field",
        )
    report.append(f"{len(columns)} columns were read as targets ({listed(columns)})"
                  + (f"; not as targets: {listed(others, 30)}" if others else "") + ".")
    rows = np.flatnonzero(matched >= 0)
    repeated = np.flatnonzero(np.bincount(matched[rows], minlength=n) > 1)
    if len(repeated):
        twice = np.flatnonzero(matched == repeated[0])
        raise ReleveError(
            f"plot {str(table.columns[plot][twice[0]])!r} has {len(twice)} rows ("
            + listed([table.place(int(row)) for row in twice]) + ")",
            where=table.path, remedy="give each plot one row",
        )
    values = np.full((n, len(columns)), np.nan)
    for s, name in enumerate(columns):
        values[matched[rows], s] = table.numbers(name, option="--task-target-field")[rows]
    return columns, values, bool((values == 0).any()), True


def _is_wide(table: Table, plot: str, guessed: str) -> bool:
    """Whether a table is wide although a column has a usual name for targets: a row per plot, several numbers in it."""
    names = table.columns[plot][table.columns[plot] != ""]
    others = [name for name in table.columns if name not in (plot, guessed) and not of_plots(name)]
    usual = {name.casefold() for name in VALUE_FIELDS}
    numeric = [name for name in others if name.casefold() not in usual and _numeric(table.columns[name])]
    return len(np.unique(names)) == len(names) and len(numeric) >= 2


def _numeric(texts: NDArray[np.str_]) -> bool:
    """Whether a column holds numbers, for the most part: a typing error is then found as one."""
    distinct, counts = np.unique(texts, return_counts=True)
    said = (distinct != "") & (distinct != "?")
    numbers = np.array([np.isfinite(parse_number(str(text))) for text in distinct])
    return bool(said.any() and counts[said & numbers].sum() >= 0.5 * counts[said].sum())


def _kind(values: Floats, stated: str | None, zeros: bool, has_values: bool, report: list[str]) -> Kind:
    if stated not in (None, "auto"):
        return stated  # type: ignore[return-value]
    known = values[np.isfinite(values)]
    if not np.isin(known, (0, 1)).all():
        others = known[~np.isin(known, (0, 1))]
        few = f": {others.size} of {known.size}, such as {others[0]:g}" if 20 * others.size <= known.size else ""
        report.append(f"Read as abundances, because values other than 0 and 1 occur{few}."
                      + (" Where these are mistakes, or stand for unknown, blank them." if few else ""))
        return "abundance"
    if zeros:
        report.append("Read as presence and absence, because all values are 0 or 1.")
        return "presence"
    if has_values:
        report.append("Read as presence-only, because every value is 1: no absence is written down. Where listed plots "
                      "were searched for every target, state --task-kind presence.")
    else:
        report.append("Read as presence-only, because every row is a presence and no absence is written down. Where "
                      "listed plots were searched for every target, state --task-kind presence.")
    return "presence-only"


def _of_kind(
    values: Floats, kind: Kind, listed_plots: NDArray[np.bool_], zeros: bool, report: list[str]
) -> Floats:
    """Return the values as the kind has them; -inf (said to be unknown) and NaN (nothing said) both become NaN."""
    silent, known = np.isnan(values), np.isfinite(values)
    if kind != "abundance" and (values[known] < 0).any():
        raise ReleveError("values below 0 are no presences", remedy="state --task-kind abundance")
    values = np.where(known, values, np.nan)
    if kind != "abundance":
        values = np.where(known, (values > 0).astype(float), np.nan)
    if kind == "presence-only":
        dropped = int((values == 0).sum())
        if dropped:
            report.append(f"{dropped} absences are not used, because the task is presence-only.")
        return np.where(values > 0, 1.0, np.nan)
    gaps = silent & listed_plots[:, None]
    if gaps.any():
        negative = bool((values[known] < 0).any())
        if kind == "presence" or not (zeros or negative):
            values[gaps] = 0.0
            report.append(f"{int(gaps.sum())} pairs of a listed plot and a target without a row are "
                          + ("absences." if kind == "presence" else "0, because no zero is written down."))
        else:
            report.append(f"{int(gaps.sum())} pairs of a listed plot and a target without a row are unknown, because "
                          + ("values below 0 occur." if negative else "zeros are written down elsewhere."))
    return values


def _enough(
    targets: Sequence[str], values: Floats, kind: Kind, min_presences: int, min_values: int
) -> tuple[list[int], dict[str, str]]:
    kept, omitted = [], {}
    for s, name in enumerate(targets):
        known = values[np.isfinite(values[:, s]), s]
        presences = int((known > 0).sum())
        if kind == "abundance":
            if known.size < min_values:
                omitted[name] = f"{known.size} values, fewer than {min_values}"
            elif np.ptp(known) == 0:
                omitted[name] = "the same value everywhere"
        elif presences < min_presences:
            omitted[name] = f"{presences} presences, fewer than {min_presences}"
        elif (presences == known.size and kind == "presence") or presences == len(values):
            omitted[name] = "present in every plot"
        if name not in omitted:
            kept.append(s)
    return kept, omitted
