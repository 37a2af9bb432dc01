"""Pieces of HTML that the training report is put together from; whatever the user named is escaped."""

from __future__ import annotations

import base64
import html
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from botaclip.training.report_words import COLUMNS, METRICS, number

Metrics = Mapping[str, Any]

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
.scroll{overflow-x:auto}.card{white-space:pre-wrap;font:inherit;background:var(--soft);border-radius:4px;
padding:.8rem 1.1rem}
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


class Cell(str):
    """Text of a cell with an explanation in small print."""

    small: str

    def __new__(cls, text: str, small: str = "") -> Cell:  # noqa: D102
        cell = super().__new__(cls, text)
        cell.small = small
        return cell


def escaped(text: str) -> str:
    """Return text that cannot act as markup."""
    return html.escape(text, quote=True)


def list_of(items: Iterable[str]) -> str:
    """Return a list of bullets."""
    return f"<ul>{''.join(f'<li>{escaped(item)}</li>' for item in items)}</ul>"


def facts_of(facts: Mapping[str, str]) -> str:
    """Return names with what they are."""
    return f"<dl>{''.join(f'<dt>{escaped(name)}</dt><dd>{escaped(value)}</dd>' for name, value in facts.items())}</dl>"


def table_of(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, main: int | None = None, text: Iterable[int] = (0,)
) -> str:
    """Return a table; columns not in ``text`` hold numbers, row ``main`` stands out."""
    words = set(text)
    titles = "".join(f"<th{'' if i in words else ' class=n'}>{escaped(title)}</th>" for i, title in enumerate(head))
    lines = []
    for r, row in enumerate(rows):
        cells = []
        for i, cell in enumerate(row):
            small = f'<span class="sub">{escaped(cell.small)}</span>' if isinstance(cell, Cell) and cell.small else ""
            cells.append(f"<td{'' if i in words else ' class=n'}>{escaped(str(cell))}{small}</td>")
        lines.append(f"<tr{' class=main' if r == main else ''}>{''.join(cells)}</tr>")
    return (
        f'<div class="scroll"><table><thead><tr>{titles}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
    )


def figure_of(image: bytes, caption: str) -> str:
    """Return a PNG or SVG with its caption, inside the file."""
    if image.startswith(b"\x89PNG"):
        kind = "png"
    elif b"<svg" in image[:2_000]:
        kind = "svg+xml"
    else:
        raise ValueError(f"the figure {caption!r} is neither PNG nor SVG")
    data = base64.b64encode(image).decode("ascii")
    # As an image, not as markup: whatever an SVG holds cannot act on the page.
    return (
        f'<figure><img alt="{escaped(caption)}" src="data:image/{kind};base64,{data}">'
        f"<figcaption>{escaped(caption)}</figcaption></figure>"
    )


def value_of(value: Any) -> float | None:
    """Return a finite number, None for anything else."""
    return float(value) if number(value) != "–" else None


def floats(values: Iterable[float | None]) -> list[float]:
    """Return the values with NaN where there is none."""
    return [float("nan") if value is None else value for value in values]


def middle(values: Iterable[float | None]) -> float | None:
    """Return the median of the values that exist."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def median_of(summary: Metrics, column: str, metric: str) -> float | None:
    """Return the median of a score in a summary."""
    return value_of(((summary.get(column) or {}).get(metric) or {}).get("median"))


def ordered(summary: Metrics) -> list[str]:
    """Return the columns of a summary in the order they are shown."""
    return [c for c in COLUMNS if c in summary] + [c for c in summary if c not in COLUMNS]


def metrics_of(summary: Metrics) -> list[str]:
    """Return the scores of a summary in the order they are shown."""
    met = dict.fromkeys(metric for scores in summary.values() for metric in scores)
    return [m for m in METRICS if m in met] + [m for m in met if m not in METRICS]


def p_words(value: float) -> str:
    """Return a p value as it is written."""
    if number(value) == "–":
        return "–"
    return "< 0.001" if value < 0.001 else number(value, 3)


def plain(value: Any) -> str:
    """Return any value as text."""
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "−")
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {plain(item)}" for name, item in value.items())
    return "–" if value is None else str(value)
