"""The table of an ablation as CSV, as JSON and as lines of text; described in ``docs/metrics.md``."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from botaclip.core.unfinished import unfinished
from botaclip.training.ablation_scores import RAW
from botaclip.training.comparison import FEWEST_BLOCKS, FEWEST_PLOTS, FEWEST_TARGETS
from botaclip.training.metrics_document import asked_options, versions, without_nan

DIFFERENCE = ("median", "low", "high", "p", "p_holm", "rank_biserial", "n", "n_nonzero")
CSV_COLUMNS = (
    "factor", "variant", "column", "is_default", "metric", "median", "n_targets",
    "difference", "low", "high", "p", "p_holm", "rank_biserial", "n", "n_nonzero",
    "difference_to_raw", "raw_low", "raw_high", "n_plots", "n_blocks", "left_out",
)  # fmt: skip
READ_AS = (
    "Everything is fitted inside the outer training folds, and steps and penalty are chosen there by inner "
    "validation. Differences are the median over species, variant less unchanged, with a 95 % interval over spatial "
    "blocks; relative error is the squared error over that of the prevalence: less is better."
)
NO_TUNING = (
    "p is adjusted for the variants of a factor (Holm), not for all factors: a choice made on this table has seen the "
    "test plots, and is to be confirmed on other plots."
)


def ablation_document(
    rows: Sequence[Mapping[str, Any]], *, alignment: str, column: str, factors: Sequence[str],
    parameters: Mapping[str, Any], data: Mapping[str, Any], splits: Mapping[str, Any],
    leaks: Sequence[Mapping[str, Any]], cost: Mapping[str, Any], notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the document; numbers that do not exist are None. No time stands in it: a resumed run gives the same.

    Parameters
    ----------
    rows
        See :func:`botaclip.training.ablation_scores.row_of`.
    alignment, column, factors
        What was varied.
    parameters
        Options of ``ablate``.
    data, splits, leaks
        What went in, the outer folds, and what test plots share with training plots.
    cost
        Number of evaluations and fits.
    notes
        What else has to be said.
    """
    document = {
        "protocol": "strict",
        "alignment": alignment,
        "column": column,
        "words": [READ_AS, NO_TUNING],
        "factors": {
            factor: [{key: value for key, value in row.items() if key != "factor"} for row in rows
                     if row["factor"] == factor]
            for factor in dict.fromkeys(row["factor"] for row in rows)
        },
        "notes": list(notes),
        "cautions": cautions(rows),
        "data": dict(data),
        "splits": dict(splits),
        "leaks": [dict(leak) for leak in leaks],
        "asked": asked_options(parameters) | {"factors": list(factors)},
        "cost": dict(cost),
        "versions": versions(),
    }  # fmt: skip
    said: dict[str, Any] = without_nan(document)
    return said


def cautions(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what these numbers cannot tell, in sentences."""
    first = rows[0]
    species = max((entry["n_targets"] for entry in first["metrics"].values()), default=0)
    said = []
    if species < FEWEST_TARGETS:
        said.append(f"With fewer than {FEWEST_TARGETS} species ({species}) no test can find a difference at 5 %.")
    if first["n_blocks"] < FEWEST_BLOCKS:
        said.append(f"The plots lie in {first['n_blocks']} blocks: intervals over so few are too narrow.")
    if first["n_plots"] < FEWEST_PLOTS:
        said.append(
            f"{first['n_plots']} plots were scored: differences of a few hundredths are within what another choice of "
            "folds would change."
        )
    return said


def table_rows(document: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of the table: one for every variant, column and metric, and one for every variant left out."""
    for factor, rows in document["factors"].items():
        for row in rows:
            named = (factor, row["variant"], row["column"], row["is_default"])
            if row["left_out"]:
                yield (*named, *(None for _ in CSV_COLUMNS[4:-1]), row["left_out"])
            for metric, entry in row["metrics"].items():
                to_raw = entry.get("difference_to_raw", {})
                yield (
                    *named, metric, entry["median"], entry["n_targets"],
                    *(entry.get("difference", {}).get(key) for key in DIFFERENCE),
                    *(to_raw.get(key) for key in ("median", "low", "high")), row["n_plots"], row["n_blocks"], "",
                )  # fmt: skip


def lines_of(document: Mapping[str, Any]) -> list[str]:
    """Return the document in lines of text: a block for every factor."""
    data, splits = document["data"], document["splits"]
    repeats = document["asked"]["repeats"]
    lines = [
        f"Ablation of {document['alignment']}: {data['n_plots']} plots, {data['n_species']} species, "
        f"{splits['folds']} folds ({splits['words']}){f', {repeats} repeats' if repeats > 1 else ''}.",
        document["words"][0],
    ]
    names = [row["variant"] for rows in document["factors"].values() for row in rows]
    width = max(14, *(len(name) + len(" *") for name in names)) + 1
    for factor, rows in document["factors"].items():
        run = [row for row in rows if not row["left_out"]]
        lines.append("")
        if run:
            metric = next(iter(run[0]["metrics"]))
            lines.append(
                f"{factor:<{width + 2}}{'column':<13}" + "".join(f"{_SHORT[name]:>9}" for name in run[0]["metrics"])
                + f"   difference of {_SHORT[metric]} [over blocks]   p (Holm)   rank-biserial   n differ   to raw"
            )
        else:
            lines.append(factor)
        lines += [_line(row, width) for row in run]
        for reason in dict.fromkeys(row["left_out"] for row in rows if row["left_out"]):
            who = ", ".join(row["variant"] for row in rows if row["left_out"] == reason)
            lines.append(f"  left out: {who}: {reason}")
    return [*lines, "", "* unchanged", *document["notes"], NO_TUNING, *document["cautions"]]


_SHORT = {
    "tss_at_train_threshold": "TSS", "auc": "AUC", "auc_background": "AUC (bg)", "relative_error": "rel. err",
}  # fmt: skip


# Width of what is said of a difference.
_WORDS = 3 + 34 + 8 + 16 + 4 + 7


def _line(row: Mapping[str, Any], width: int) -> str:
    name = row["variant"] + (" *" if row["is_default"] else "")
    medians = "".join(f"{_number(entry['median']):>9}" for entry in row["metrics"].values())
    found = next(iter(row["metrics"].values())).get("difference")
    words = " " * _WORDS
    if found is not None:
        interval = "" if found["low"] is None else f" [{found['low']:+.3f}, {found['high']:+.3f}]"
        p = found["p"] if row["column"] == RAW else found["p_holm"]
        said = "< 0.0001" if p is not None and p < 0.0001 else _number(p, ".4f")
        words = (
            f"   {_number(found['median'], '+.3f') + interval:<34}{said:>8}"
            f"{_number(found['rank_biserial'], '+.2f'):>16}{found['n']:>4}{found['n_nonzero']:>7}"
        )
    to_raw = next(iter(row["metrics"].values())).get("difference_to_raw", {}).get("median")
    words += f"{to_raw:+9.3f}" if to_raw is not None else ""
    return f"  {name:<{width}}{row['column']:<13}{medians}{words}".rstrip()


def _number(value: float | None, form: str = ".3f") -> str:
    return "-" if value is None else format(value, form)


def write_ablation(document: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, str]:
    """Write ``--output`` and, where it is asked for, ``--metrics``; return what was written, by option.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    overwrite, written = parameters["overwrite"], {"output": str(parameters["output"])}
    with unfinished(Path(parameters["output"]), overwrite=overwrite) as part, part.open(
        "w", newline="", encoding="utf-8"
    ) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        writer.writerows(table_rows(document))
    if parameters.get("metrics"):
        with unfinished(Path(parameters["metrics"]), overwrite=overwrite) as part:
            part.write_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8")
        written["metrics"] = str(parameters["metrics"])
    return written
