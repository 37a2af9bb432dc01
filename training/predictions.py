"""The plots as a layer: where each was tested, what was found there, and what models that never saw it predicted."""

from __future__ import annotations

import collections
import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from botaclip.core.errors import OutputError
from botaclip.core.pairing import Pairs
from botaclip.core.plot_locations import coarsened, parse_plot_locations
from botaclip.core.progress import SILENT, Progress
from botaclip.core.releves import ReleveTable
from botaclip.core.unfinished import unfinished
from botaclip.core.vector_io import write_points
from botaclip.training.evaluation import CrossValidation
from botaclip.training.training_table import TrainingTable

COLUMN = "adapted"
# SQLite, and so a GeoPackage, holds at most 2,000 columns.
MOST_COLUMNS = 1_900


def check_predictions(path: Path, locations: str) -> None:
    """Refuse, before any work, what cannot be written.

    Raises
    ------
    OutputError
        The name ends in neither ``.gpkg`` nor ``.csv``, or a GeoPackage is asked for although places are not to be
        told.
    """
    suffix = path.suffix.lower()
    if suffix not in (".gpkg", ".csv"):
        raise OutputError(f"plots are not written as {suffix or 'a file without suffix'!r}", where=str(path),
                          remedy="end the name in .gpkg or .csv")  # fmt: skip
    if suffix == ".gpkg" and parse_plot_locations(locations) is None:
        raise OutputError(
            "a GeoPackage of plots tells their places, but --plot-locations is none", where=str(path),
            remedy="write a .csv, which then has no coordinates, or choose --plot-locations coarse:1000",
        )  # fmt: skip


def prediction_columns(
    table: ReleveTable, pairs: Pairs, data: TrainingTable, blocked: CrossValidation, species: tuple[str, ...]
) -> dict[str, Any]:
    """Return the columns of the layer, a row for every plot of the relevés, those that were left out among them.

    Parameters
    ----------
    table
        All plots as read.
    pairs, data
        Those that were used.
    blocked
        Their out-of-fold predictions.
    species
        Which species get columns: ``<name> found`` (1, 0, or None where an unlisted species is not known to be
        absent) and ``<name> suitability`` (of the models that never saw the plot; None where none was tested).
    """
    count, used = len(table), pairs.plots

    def spread(values: Any, empty: Any = None) -> list[Any]:
        """Lay values of the used plots out over all."""
        laid = [empty] * count
        for index, value in zip(used.tolist(), values, strict=True):
            laid[index] = value
        return laid

    by_name = {str(name): index for index, name in enumerate(table.plot_ids)}
    dropped, flagged = ([""] * count for _ in range(2))
    for reasons, records in ((dropped, pairs.dropped), (flagged, pairs.flagged)):
        for record in records:
            index = by_name[record["plot"]]
            reasons[index] = "; ".join(filter(None, (reasons[index], record["reason"])))
    columns: dict[str, Any] = {
        "plot": [str(name) for name in table.plot_ids],
        "site": spread(data.sites) if data.sites is not None else [None] * count,
        "habitat": _texts(table.habitats, count),
        "group": _texts(table.groups, count),
        "date": _texts(table.dates, count),
        # From 1, as the report counts; nothing where no fold held the plot out.
        "fold": np.array(spread([f + 1 if f >= 0 else np.nan for f in blocked.fold.tolist()], np.nan)),
        "dropped": [reason or None for reason in dropped],
        "flagged": [reason or None for reason in flagged],
    }
    presence_only = table.data_type == "presence-only"
    position = {name: s for s, name in enumerate(data.species)}
    met: collections.Counter[str] = collections.Counter()
    for name in species:
        s = position[name]
        # A GeoPackage does not tell columns apart by case.
        met[name.casefold()] += 1
        if met[name.casefold()] > 1:
            name = f"{name} ({met[name.casefold()]})"
        found = [1.0 if value > 0 else np.nan if presence_only else 0.0 for value in data.presence[:, s].tolist()]
        columns[f"{name} found"] = np.array(spread(found, np.nan))
        held_out = np.array(spread(blocked.suitability[COLUMN][:, s].tolist(), np.nan))
        columns[f"{name} suitability"] = np.round(held_out, 4)
    return columns


def _texts(values: Any, count: int) -> list[str | None]:
    """Return a column of the table as text, None where it is empty or not there at all."""
    return [None] * count if values is None else [str(value) or None for value in values]


def write_predictions(
    path: Path, table: ReleveTable, pairs: Pairs, data: TrainingTable, blocked: CrossValidation, *, locations: str,
    overwrite: bool = False, progress: Progress = SILENT,
) -> None:
    """Write all plots with what was found and predicted out of fold; places as exact as ``locations`` allows.

    Raises
    ------
    OutputError
        See :func:`check_predictions`; or it cannot be written.
    """
    check_predictions(path, locations)
    metres = parse_plot_locations(locations)
    columns = prediction_columns(table, pairs, data, blocked, _best_represented(path, data, progress))
    if metres is None:
        # Names of sites and transects may tell where they are.
        columns = {name: values for name, values in columns.items() if name not in ("site", "group")}
        with unfinished(path, overwrite=overwrite) as part:
            _write_rows(part, columns)
        return
    points = coarsened(table.points, metres) if metres else table.points
    write_points(path, points, columns, overwrite=overwrite)


def _best_represented(path: Path, data: TrainingTable, progress: Progress) -> tuple[str, ...]:
    """Return the species that there are columns for, most presences first where not all have room."""
    room = (MOST_COLUMNS - 10) // 2
    if path.suffix.lower() == ".csv" or len(data.species) <= room:
        return data.species
    progress.warning(
        f"A GeoPackage has room for {room} of the {len(data.species)} species: {path.name} holds those with the most "
        "presences; a .csv holds all."
    )
    kept = np.sort(np.argsort(-data.presence.sum(axis=0), kind="stable")[:room])
    return tuple(data.species[s] for s in kept)


def _write_rows(part: Path, columns: Mapping[str, Any]) -> None:
    with part.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            writer.writerow(["" if value is None or value != value else value for value in row])
