"""Finished units of a study in a JSON file that is small enough to be committed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from checkout import register

register()

import numpy as np  # noqa: E402

from botaclip.core.unfinished import unfinished  # noqa: E402
from study_tables import KEPT  # noqa: E402

_DIGITS = 5


class Results:
    """Finished units of a study in a JSON file; written aside and renamed, so that a kill costs one unit at most.

    In the file the scores of a task stand by column and metric, one number for each target; in :attr:`units` by target,
    as everything else reads them. Metrics that no table shows are left out.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def units(self) -> dict[str, Any]:
        """Finished units by key; what an older study left in the file has no tasks and does not count."""
        kept = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}
        return {key: unpacked(unit) for key, unit in kept.items() if "tasks" in unit}

    def put(self, key: str, unit: Mapping[str, Any]) -> None:
        """Add a finished unit."""
        units = self.units | {key: unit}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{json.dumps(name)}: {_line(packed(rounded(each)))}" for name, each in units.items()]
        with unfinished(self.path, overwrite=True) as part:
            part.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def packed(unit: Mapping[str, Any]) -> dict[str, Any]:
    """Return a unit with the scores of its tasks by column and metric; see :class:`Results`."""
    tasks = {}
    for task, entry in unit["tasks"].items():
        targets = entry.get("targets", {})
        found: dict[str, dict[str, list[Any]]] = {}
        for number, columns in enumerate(targets.values()):
            for column, scores in columns.items():
                for metric, value in scores.items():
                    if metric in KEPT and value is not None:
                        row = found.setdefault(column, {}).setdefault(metric, [None] * len(targets))
                        row[number] = value
        tasks[task] = {**entry, "targets": list(targets), "scores": found}
    return {**unit, "tasks": tasks}


def unpacked(unit: Mapping[str, Any]) -> dict[str, Any]:
    """Return what :func:`packed` was given; a unit that is not packed as it is."""
    tasks = {}
    for task, entry in unit["tasks"].items():
        if "scores" not in entry:
            tasks[task] = entry
            continue
        targets: dict[str, dict[str, Any]] = {name: {} for name in entry["targets"]}
        for column, metrics in entry["scores"].items():
            for metric, row in metrics.items():
                for name, value in zip(entry["targets"], row, strict=True):
                    targets[name].setdefault(column, {})[metric] = value
        tasks[task] = {**{key: value for key, value in entry.items() if key != "scores"}, "targets": targets}
    return {**unit, "tasks": tasks}


def rounded(value: Any) -> Any:
    """Return numbers with five digits, null where there is none: the file is committed."""
    if isinstance(value, Mapping):
        return {str(key): rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return round(float(value), _DIGITS) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def _line(unit: Any) -> str:
    return json.dumps(unit, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
