"""The training report: one HTML file that opens anywhere, offline, and says plainly what the model is good for.

Everything in it comes from ``metrics.json``. What is missing there is left out and said to be; whatever the user
named is escaped, and a content policy forbids scripts and the network altogether.
"""

from __future__ import annotations

import base64
import collections
import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from botaclip.core.unfinished import unfinished
from botaclip.training import report_figures as draw
from botaclip.training.report_words import (
    COLUMNS,
    METRICS,
    PAPER,
    column_name,
    headline,
    headline_metric,
    limits,
    metric_name,
    number,
    presence_only,
    verdicts,
)
from botaclip.training.statistics import holm

STYLE = """
:root{--ink:#1f2a2e;--muted:#5d6c71;--line:#dde4e1;--soft:#f4f7f5;--green:#1b6e53;--red:#a33b2b;--amber:#8a6512}
*{box-sizing:border-box}
body{margin:0;background:#fff;color:var(--ink);font:16px/1.55 system-ui,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
main{max-width:56rem;margin:0 auto;padding:2.2rem 1.4rem 4rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .3rem}
h2{font-size:1.22rem;margin:2.6rem 0 .5rem;padding-top:1rem;border-top:1px solid var(--line)}
p{margin:.5rem 0}.sub,.note{color:var(--muted)}.note{font-size:.9rem}
.headline{background:var(--soft);border-left:5px solid var(--green);border-radius:4px;padding:1rem 1.3rem;
margin:1.3rem 0}
.headline p{font-size:1.14rem;margin:0 0 .7rem}.headline p.note{font-size:.88rem;margin:.8rem 0 0}
.headline ul{list-style:none;margin:0;padding:0}.headline li{margin:.4rem 0;padding-left:1.9rem;position:relative}
.mark{position:absolute;left:0;top:.12rem;width:1.3rem;height:1.3rem;border-radius:50%;color:#fff;font-weight:700;
font-size:.85rem;line-height:1.3rem;text-align:center}
.yes{background:var(--green)}.no{background:var(--red)}.open{background:var(--amber)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:.7rem 0;font-size:.92rem;font-variant-numeric:tabular-nums}
th,td{padding:.38rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{font-weight:600;color:var(--muted);border-bottom-color:#b9c4c0}td.n,th.n{text-align:right;white-space:nowrap}
tr.main td{background:#eaf4ef;font-weight:600}td:first-child{min-width:11rem}
td .sub{font-weight:400;line-height:1.35;font-size:.84rem;display:block}
figure{margin:1rem 0}figure img{max-width:100%;height:auto;display:block}
figcaption{color:var(--muted);font-size:.9rem;margin-top:.3rem}
details{margin:.7rem 0}summary{cursor:pointer;color:var(--green);font-weight:600}
dl{display:grid;grid-template-columns:minmax(9rem,max-content) 1fr;gap:.25rem 1.2rem;margin:.7rem 0}
dt{color:var(--muted)}dd{margin:0;overflow-wrap:anywhere}
@media print{main{max-width:none;padding:0}h2{break-after:avoid}figure,tr{break-inside:avoid}}
"""
# Nothing but this file's own style and images: no script, no network.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

Metrics = Mapping[str, Any]


def write_report(
    metrics: Metrics, output: Path, *, figures: Mapping[str, bytes] | None = None, overwrite: bool = False
) -> None:
    """Write the report of a training run.

    Parameters
    ----------
    metrics
        The document that goes into ``metrics.json``; sections whose keys are missing are left out and listed.
    output
        HTML file.
    figures
        Further figures by caption, PNG or SVG.
    overwrite
        Whether an existing file may be replaced.

    Raises
    ------
    OutputError
        The file exists or cannot be written.
    ValueError
        A figure is neither PNG nor SVG.
    """
    page = report_page(metrics, figures=figures)
    with unfinished(Path(output), overwrite=overwrite) as part:
        part.write_text(page, encoding="utf-8")


def report_page(metrics: Metrics, *, figures: Mapping[str, bytes] | None = None) -> str:
    """Return the report as HTML."""
    body, absent = [_summary(metrics)], []
    for title, section, reason in SECTIONS:
        content = section(metrics)
        if content:
            body.append(f"<section><h2>{_e(title)}</h2>{content}</section>")
        else:
            absent.append(f"{title}: {reason}")
    for caption, image in (figures or {}).items():
        body.append(f"<section><h2>{_e(caption)}</h2>{_figure(image, caption)}</section>")
    if absent:
        body.append(f"<section><h2>Left out of this report</h2>{_list(absent)}</section>")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>BotaCLIP training report</title><style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


# --- sections -----------------------------------------------------------------------------------------------------


def _summary(metrics: Metrics) -> str:
    data = metrics.get("data") or {}
    plots, species = data.get("n_plots"), data.get("n_species") or len(metrics.get("targets") or {})
    facts = [f"{plots:,} plots" if isinstance(plots, int) else "", f"{species} species" if species else ""]
    facts.append(Path(str(data["raster"])).name if data.get("raster") else "")
    marks = {1: ("yes", "✓"), -1: ("no", "✗"), 0: ("open", "?")}
    items = "".join(
        f'<li><span class="mark {marks[v.sign][0]}">{marks[v.sign][1]}</span>'
        f"<strong>{_e(v.question)}</strong> {_e(v.answer)}</li>"
        for v in verdicts(metrics)
    )
    note = "Differences are medians over species, paired, with 95 % intervals." if items else ""
    return (
        f'<h1>BotaCLIP training report</h1><p class="sub">{_e(" · ".join(fact for fact in facts if fact))}</p>'
        f'<div class="headline"><p>{_e(headline(metrics))}</p><ul>{items}</ul>'
        f'{f"""<p class="note">{note}</p>""" if note else ""}</div>'
    )


def _columns(metrics: Metrics) -> str | None:
    summary, metric = metrics.get("summary") or {}, headline_metric(metrics)
    if not summary or metric is None:
        return None
    parts = [
        f"<p>{_e(metric_name(metric))}: {_e(METRICS.get(metric, ('', ''))[1])}. Every row went through the same "
        "steps, in the same held-out areas, with its species models tuned as hard.</p>",
        _column_table(summary, metric),
        '<p class="note">Median over species of the score over all held-out areas together; fold mean: of the mean '
        "over areas. Difference to raw: median of the paired differences over species with its 95 % bootstrap "
        "interval; it may differ from the difference of the medians. p: two-sided Wilcoxon signed-rank test, adjusted "
        "for the number of rows (Holm). n: species.</p>",
    ]
    others = [other for other in _metrics_of(summary) if other != metric]
    if others:
        names = _ordered(summary)
        rows = [
            [_Cell(f"{metric_name(other)}", METRICS.get(other, ("", ""))[1])]
            + [number(_median(summary, column, other), 3) for column in names]
            for other in [metric, *others]
        ]
        parts.append(f"<h3>All scores</h3>{_table(['median', *map(column_name, names)], rows)}")
        tables = "".join(f"<h3>{_e(metric_name(other))}</h3>{_column_table(summary, other)}" for other in others)
        parts.append(f"<details><summary>The same table for every score</summary>{tables}</details>")
    return "".join(parts)


def _column_table(summary: Metrics, metric: str) -> str:
    names = [column for column in _ordered(summary) if summary[column].get(metric)]
    differences = [summary[column][metric].get("difference_to_raw") or {} for column in names]
    pvalues = [_value(d.get("p")) if column != "raw" else None for column, d in zip(names, differences, strict=True)]
    adjusted = holm([float("nan") if p is None else p for p in pvalues])
    rows = []
    for column, difference, p in zip(names, differences, adjusted, strict=True):
        entry = summary[column][metric]
        low, high = difference.get("low"), difference.get("high")
        shown = column != "raw" and difference.get("median") is not None
        rows.append([
            _Cell(column_name(column), COLUMNS.get(column, ("", ""))[1]),
            number(entry.get("median"), 3),
            number(entry.get("fold_mean"), 3),
            f"{number(difference.get('median'), 3, signed=True)} [{number(low, 3, signed=True)} to "
            f"{number(high, 3, signed=True)}]" if shown else "",
            _p(float(p)) if shown else "",
            str(entry.get("n_targets", "–")),
        ])  # fmt: skip
    head = ["column", "median", "fold mean", "difference to raw [95 % interval]", "p", "n"]
    return _table(head, rows, main=names.index("adapted") if "adapted" in names else None)


def _folds_compared(metrics: Metrics) -> str | None:
    summary, random = metrics.get("summary") or {}, metrics.get("summary_random_folds") or {}
    metric = headline_metric(metrics)
    names = [c for c in _ordered(summary) if metric and _median(random, c, metric) is not None]
    if not names or metric is None:
        return None
    a, b = ([_median(source, c, metric) for c in names] for source in (summary, random))
    figure = draw.columns_plot(
        [column_name(c) for c in names], _floats(a), _floats(b), metric=f"median {metric_name(metric)}"
    )
    rows = [
        [column_name(c), number(x, 3), number(y, 3), "–" if x is None or y is None else number(y - x, 3, signed=True)]
        for c, x, y in zip(names, a, b, strict=True)
    ]
    return (
        "<p>With random folds, test plots have training plots next to them and any model looks better. The "
        "held-out areas are what counts for a map; the gap shows how much nearness alone would have pretended.</p>"
        + _figure(figure, "Median score of every column on held-out areas and on random folds")
        + _table(["column", "held-out areas", "random folds", "gap"], rows)
    )


def _by_species(metrics: Metrics) -> str | None:
    targets, metric = metrics.get("targets") or {}, headline_metric(metrics)
    if not targets or metric is None:
        return None
    names = list(targets)
    columns = [c for c in _ordered(metrics.get("summary") or {}) if any(c in t for t in targets.values())]
    score = {c: [_value((targets[name].get(c) or {}).get(metric)) for name in names] for c in columns}
    parts = []
    if "raw" in score and "adapted" in score:
        better = sum(a is not None and b is not None and a > b
                     for a, b in zip(score["adapted"], score["raw"], strict=True))  # fmt: skip
        shown = min(len(names), draw.MOST_SPECIES)
        some = f" {shown} of {len(names)} are drawn, evenly through the ranking." if shown < len(names) else ""
        parts.append(f"<p>Adapting is better for {better} of {len(names)} species.{some}</p>")
        image = draw.species_plot(
            names, _floats(score["raw"]), _floats(score["adapted"]), metric=metric_name(metric)
        )
        parts.append(_figure(image, f"{metric_name(metric)} of each species, raw and adapted, in held-out areas"))
    presences = (metrics.get("data") or {}).get("presences") or {}
    order = sorted(range(len(names)), key=lambda i: -(_value(score.get("adapted", [None] * len(names))[i]) or -9.0))
    rows = [
        [names[i], str(presences.get(names[i], "–")), *(number(score[c][i], 3) for c in columns)] for i in order
    ]
    table = _table(["species", "presences", *map(column_name, columns)], rows)
    parts.append(f"<details><summary>{_e(metric_name(metric))} of every species as a table</summary>{table}</details>")
    return "".join(parts)


def _calibration(metrics: Metrics) -> str | None:
    bins = [
        row for row in (metrics.get("calibration") or {}).get("bins") or []
        if None not in (_value(row.get("predicted")), _value(row.get("observed")))
    ]  # fmt: skip
    if not bins or presence_only(metrics):
        return None
    total = sum(row.get("n") or 0 for row in bins)
    gap = sum((row.get("n") or 0) * abs(row["observed"] - row["predicted"]) for row in bins) / total if total else None
    said = f" On average they are {number(gap)} apart." if gap is not None else ""
    return (
        "<p>Of the plots to which the model gives 30 %, about 30 % should hold the species: points on the dashed line "
        f"are calibrated, below it the model promises too much.{_e(said)}</p>"
        + _figure(draw.reliability_plot(bins), "Predicted suitability against what was found, all species pooled")
    )


def _fold_section(metrics: Metrics) -> str | None:
    folds, plots = metrics.get("folds") or [], metrics.get("plots") or []
    placed = [p for p in plots if None not in (_value(p.get("x")), _value(p.get("y")), p.get("fold"))]
    if not folds and not placed:
        return None
    parts = ["<p>Each area is tested by models that have not seen it. Training plots so near to a test plot that their "
             "image squares could overlap are left out for that fold.</p>"]  # fmt: skip
    if placed:
        image = draw.fold_map([p["x"] for p in placed], [p["y"] for p in placed], [p["fold"] for p in placed])
        parts.append(_figure(image, "The plots, coloured by the fold in which they were tested"))
    if folds:
        rows = [
            [str(fold.get("fold", 0) + 1), *(str(fold.get(key, "–")) for key in ("n_train", "n_test", "n_buffered"))]
            for fold in folds
        ]
        parts.append(_table(["fold", "training plots", "test plots", "left out as too near"], rows))
    return "".join(parts)


def _alignment(metrics: Metrics) -> str | None:
    alignment = metrics.get("alignment") or {}
    if not alignment.get("picked") and not alignment.get("reason"):
        return None
    reason = alignment.get("reason") or f"{alignment.get('asked')} was asked for, {alignment['picked']} was used."
    candidates = [c for c in alignment.get("candidates") or [] if isinstance(c, Mapping)]
    parts = [f"<p>{_e(str(reason))}</p>"]
    if candidates:
        keys = list(dict.fromkeys(key for c in candidates for key in c))
        rows = [[_plain(c.get(key)) for key in keys] for c in candidates]
        chosen = next((i for i, c in enumerate(candidates) if alignment.get("picked") in c.values()), None)
        table = _table([key.replace("_", " ") for key in keys], rows, main=chosen)
        parts.append(f"{table}<p class='note'>Lower error is better; found inside the training plots alone.</p>")
    return "".join(parts)


def _data(metrics: Metrics) -> str | None:
    data = metrics.get("data") or {}
    facts = {
        "n_plots": "plots used", "n_species": "species modelled", "raster": "image", "bands": "bands",
        "releves": "relevés", "data_type": "kind of relevés", "cover_scale": "cover scale",
        "patch_size_m": "image square", "lattice": "lattice", "encoder": "encoder", "head": "species model",
    }  # fmt: skip
    units = {"patch_size_m": " m"}
    rows = {label: _plain(data[key]) + units.get(key, "") for key, label in facts.items() if data.get(key) is not None}
    other = {
        key.replace("_", " "): _plain(value)
        for key, value in data.items()
        if key not in facts and isinstance(value, (str, int, float)) and not isinstance(value, bool)
    }
    notes = [str(note) for note in data.get("notes") or []]
    return _facts(rows | other) + (_list(notes) if notes else "") if rows or other else None


def _dropped(metrics: Metrics) -> str | None:
    dropped = metrics.get("dropped")
    if dropped is None:
        return None
    if not dropped:
        return "<p>None: every plot was used.</p>"
    records = [d if isinstance(d, Mapping) else {"reason": str(d)} for d in dropped]
    counts = collections.Counter()  # type: collections.Counter[str]
    names = collections.defaultdict(list)  # type: dict[str, list[str]]
    for record in records:
        reason = str(record.get("reason") or "no reason given")
        counts[reason] += int(record.get("n") or 1)
        if record.get("plot") is not None:
            names[reason].append(str(record["plot"]))
    rows = [
        [reason, str(n), ", ".join(names[reason][:8]) + (", …" if len(names[reason]) > 8 else "")]
        for reason, n in counts.most_common()
    ]
    return _table(["reason", "plots", "such as"], rows, text={0, 2})


def _omitted(metrics: Metrics) -> str | None:
    omitted = metrics.get("omitted")
    if omitted is None:
        return None
    if not omitted:
        return "<p>None: every species and score could be given.</p>"
    rows = [[metric_name(name) if name in METRICS else name, str(reason)] for name, reason in omitted.items()]
    table = _table(["what", "reason"], rows, text={0, 1})
    if len(rows) > 12:
        return f"<details><summary>{len(rows)} species and scores, with reasons</summary>{table}</details>"
    return table


def _limits(metrics: Metrics) -> str | None:
    return _list(limits(metrics))


def _colophon(metrics: Metrics) -> str | None:
    versions = metrics.get("versions") or {}
    facts = {str(name): str(version) for name, version in versions.items()}
    seconds = _value(metrics.get("seconds"))
    if seconds is not None:
        facts["time taken"] = f"{seconds / 60:.1f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
    cite = metrics.get("cite") or [PAPER, f"BotaCLIP for QGIS, version {versions.get('botaclip', 'unknown')}."]
    cited = [cite] if isinstance(cite, str) else [str(line) for line in cite]
    return f"<p>Please cite:</p>{_list(cited)}{_facts(facts) if facts else ''}"


SECTIONS: tuple[tuple[str, Callable[[Metrics], str | None], str], ...] = (
    ("Data", _data, "nothing about the data was recorded"),
    ("How well it does, and against what", _columns, "no scores were given"),
    ("Species by species", _by_species, "no scores by species were given"),
    ("Held-out areas and random folds", _folds_compared, "random folds were not scored"),
    ("Can the numbers be taken at their word?", _calibration,
     "calibration needs relevés that tell absences, and enough of them"),
    ("What was tested where", _fold_section, "no folds were given"),
    ("Choice of alignment", _alignment, "the choice was not recorded"),
    ("Plots that were left out", _dropped, "not recorded"),
    ("Species and scores that are not given", _omitted, "not recorded"),
    ("What this does not show", _limits, ""),
    ("How to cite, and what computed this", _colophon, ""),
)  # fmt: skip


# --- HTML ---------------------------------------------------------------------------------------------------------


class _Cell(str):
    """Text of a cell with an explanation in small print."""

    small: str

    def __new__(cls, text: str, small: str = "") -> _Cell:
        cell = super().__new__(cls, text)
        cell.small = small
        return cell


def _e(text: str) -> str:
    return html.escape(text, quote=True)


def _list(items: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{_e(item)}</li>' for item in items)}</ul>"


def _facts(facts: Mapping[str, str]) -> str:
    return f"<dl>{''.join(f'<dt>{_e(name)}</dt><dd>{_e(value)}</dd>' for name, value in facts.items())}</dl>"


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, main: int | None = None, text: Iterable[int] = (0,)
) -> str:
    """Return a table; columns not in ``text`` hold numbers, row ``main`` stands out."""
    words = set(text)
    titles = "".join(f"<th{'' if i in words else ' class=n'}>{_e(title)}</th>" for i, title in enumerate(head))
    lines = []
    for r, row in enumerate(rows):
        cells = []
        for i, cell in enumerate(row):
            small = f'<span class="sub">{_e(cell.small)}</span>' if isinstance(cell, _Cell) and cell.small else ""
            cells.append(f"<td{'' if i in words else ' class=n'}>{_e(str(cell))}{small}</td>")
        lines.append(f"<tr{' class=main' if r == main else ''}>{''.join(cells)}</tr>")
    return (
        f'<div class="scroll"><table><thead><tr>{titles}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
    )


def _figure(image: bytes, caption: str) -> str:
    if image.startswith(b"\x89PNG"):
        kind = "png"
    elif b"<svg" in image[:2_000]:
        kind = "svg+xml"
    else:
        raise ValueError(f"the figure {caption!r} is neither PNG nor SVG")
    data = base64.b64encode(image).decode("ascii")
    # As an image, not as markup: whatever an SVG holds cannot act on the page.
    return (
        f'<figure><img alt="{_e(caption)}" src="data:image/{kind};base64,{data}">'
        f"<figcaption>{_e(caption)}</figcaption></figure>"
    )


def _value(value: Any) -> float | None:
    return float(value) if number(value) != "–" else None


def _floats(values: Iterable[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]


def _median(summary: Metrics, column: str, metric: str) -> float | None:
    return _value(((summary.get(column) or {}).get(metric) or {}).get("median"))


def _ordered(summary: Metrics) -> list[str]:
    return [c for c in COLUMNS if c in summary] + [c for c in summary if c not in COLUMNS]


def _metrics_of(summary: Metrics) -> list[str]:
    met = dict.fromkeys(metric for scores in summary.values() for metric in scores)
    return [m for m in METRICS if m in met] + [m for m in met if m not in METRICS]


def _p(value: float) -> str:
    if number(value) == "–":
        return "–"
    return "< 0.001" if value < 0.001 else number(value, 3)


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "−")
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    return "–" if value is None else str(value)
