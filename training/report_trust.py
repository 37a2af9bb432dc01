"""What the report says of promises: lists that hold their share, numbers of species, ODMAP."""

from __future__ import annotations

from typing import Any

from botaclip.training.odmap import AUTHOR, odmap
from botaclip.training.odmap_elements import ELEMENTS
from botaclip.training.report_html import Metrics, escaped, table_of
from botaclip.training.report_words import number


def promised(metrics: Metrics) -> str | None:
    """Return what lists of species and numbers of species held on plots that did not enter into them."""
    parts = [part for part in (_lists(metrics), _richness(metrics)) if part]
    return "".join(parts) or None


def _lists(metrics: Metrics) -> str:
    lists = metrics.get("lists") or {}
    coverage = lists.get("coverage") or {}
    if not coverage:
        return ""
    beside = lists.get("coverage_of_prevalence") or {}
    rows = [
        [words, str(found.get("presences", "–")), _share(found.get("share")),
         f"{_share(found.get('low'))} to {_share(found.get('high'))}", number(found.get("length"), 1),
         number((beside.get(words) or {}).get("length"), 1)]
        for words, found in coverage.items()
    ]  # fmt: skip
    return (
        f"<p>At a place the model can list the species to expect so that the list holds {lists['share']:.0%} of "
        "those that "
        "are there. On folds that the lists were not learnt from they held:</p>"
        + table_of(
            ["species", "presences", "held", "95 % interval", "species on a list", "by prevalence alone"], rows
        )
        + '<p class="note">A shorter list that holds the same share is what the image is worth. Intervals as if '
        "presences were independent; those of one plot are not.</p>"
    )


def _richness(metrics: Metrics) -> str:
    found: dict[str, Any] = metrics.get("richness") or {}
    if not found:
        return ""
    return f"<p>{escaped(_counted(found))}</p>"


def _counted(found: dict[str, Any]) -> str:
    together = found.get("correlation")
    also = "" if together is None else f", correlation {number(together, 2)}"
    return (
        f"Number of species (of those modelled): {number(found.get('mean'), 1)} a plot; expected and counted differ by "
        f"{number(found.get('mean_error'), 1)} on average{also}. The interval that is to hold "
        f"{found['share']:.0%} of plots held "
        f"{_share(found.get('coverage'))} of {found.get('plots')} on folds that it was not learnt from."
    )


def protocol(metrics: Metrics) -> str | None:
    """Return the ODMAP protocol, folded."""
    texts = odmap(metrics)
    filled = sum(text != AUTHOR for text in texts.values())
    rows = [[f"{each.section}: {each.part}", each.name, texts[each.id]] for each in ELEMENTS]
    return (
        f"<p>{filled} of {len(ELEMENTS)} elements are filled in; the others are the author's to write. "
        "botaclip report --odmap writes them as a table (Zurell et al. 2020, doi:10.1111/ecog.04960).</p>"
        f"<details><summary>All "
        f"elements</summary>{table_of(['part', 'element', 'text'], rows, text=(0, 1, 2))}</details>"
    )


def _share(value: Any) -> str:
    return "–" if number(value) == "–" else f"{float(value):.1%}"
