"""``botaclip report``: report, table of scores and ODMAP protocol of a training, from its ``metrics.json``."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from botaclip.core.errors import OptionError
from botaclip.core.progress import Progress
from botaclip.core.unfinished import check_writable, unfinished
from botaclip.training.aoa_figure import aoa_figure
from botaclip.training.odmap import write_odmap
from botaclip.training.odmap_elements import ELEMENTS
from botaclip.training.report import write_report

_LARGEST = 512 * 2**20


def report(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip report``; see the option table for the parameters.

    Returns
    -------
    dict
        Paths written (``output``, ``table``, ``odmap``), and how many ODMAP elements are filled in.

    Raises
    ------
    OptionError
        The file is no ``metrics.json`` of a training.
    RasterError
        The map of ``aoa`` is none.
    """
    outputs = {key: Path(parameters[key]) for key in ("output", "table", "odmap") if parameters.get(key)}
    for path in outputs.values():
        check_writable(path, overwrite=parameters["overwrite"])
    metrics = read_metrics(Path(parameters["metrics"]))
    overwrite, found = parameters["overwrite"], {key: str(path) for key, path in outputs.items()}
    progress.update(0.1, "drawing")
    model = (metrics.get("model") or {}).get("sha256")
    figures = dict([aoa_figure(parameters["aoa"], model)]) if parameters.get("aoa") else {}
    write_report(metrics, outputs["output"], figures=figures, overwrite=overwrite)
    if "table" in outputs:
        write_scores(metrics, outputs["table"], overwrite=overwrite)
    if "odmap" in outputs:
        filled = write_odmap(metrics, outputs["odmap"], overwrite=overwrite)
        progress.info(f"{filled} of {len(ELEMENTS)} ODMAP elements are filled in; the others are the author's.")
        return {**found, "odmap_filled": filled}
    return found


def read_metrics(path: Path) -> dict[str, Any]:
    """Read ``metrics.json``.

    Raises
    ------
    OptionError
        It cannot be read, or is none of a training.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise OptionError("it is too large to be the scores of a training", where=str(path))
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no JSON"
        raise OptionError(f"the scores cannot be read ({reason})", where=str(path),
                          remedy="give the file that botaclip train --metrics wrote") from None  # fmt: skip
    if not isinstance(found, dict) or not isinstance(found.get("targets"), dict) or "summary" not in found:
        raise OptionError("it does not hold the scores of a training", where=str(path),
                          remedy="give the file that botaclip train --metrics wrote")  # fmt: skip
    return found


def write_scores(metrics: dict[str, Any], path: Path, *, overwrite: bool) -> None:
    """Write the scores of every species and column as CSV: species, column, score, value."""
    with unfinished(path, overwrite=overwrite) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["species", "column", "score", "value"])
        for species, columns in metrics["targets"].items():
            for column, scores in columns.items():
                for score, value in scores.items():
                    writer.writerow([species, column, score, "" if value is None else value])
