"""The sections of the training report that are about data: what went in, what was left out, what was tested where."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence

from botaclip.training.embedding_map import embedding_figure
from botaclip.training.fold_map import fold_map_of
from botaclip.training.report_html import Metrics, escaped, facts_of, figure_of, list_of, plain, table_of, value_of
from botaclip.training.report_words import METRICS, PAPER, TAXA, limits, metric_name


def data(metrics: Metrics) -> str | None:
    """Say what went in."""
    data = metrics.get("data") or {}
    facts = {
        "n_plots": "plots used", "n_species": "species modelled", "raster": "image", "bands": "bands",
        "releves": "relevés", "data_type": "kind of relevés", "cover_scale": "cover scale",
        "patch_size_m": "image square", "lattice": "lattice", "encoder": "encoder",
        "encoder_mode": "mode of the encoder",
        "encoder_precision": "precision of the encoder",
        "encoder_computed": "how its vectors were computed", "encoder_pooling": "pooling of the encoder",
        "encoder_licence": "licence of the encoder", "encoder_sha256": "SHA-256 of the encoder's graph",
        "encoder_unverified": "not held against the official implementation", "head": "species model",
        "n_scenes": "scenes", "environment": "environment", "image_date": "date of the image",
        "init": "continues from",
    }  # fmt: skip
    units = {"patch_size_m": " m"}
    rows = {
        label: plain(data[key]) + units.get(key, "") for key, label in facts.items() if data.get(key) not in (None, [])
    }
    other = {
        key.replace("_", " "): plain(value)
        for key, value in data.items()
        if key not in facts and isinstance(value, (str, int, float)) and not isinstance(value, bool)
    }
    notes = [str(note) for note in data.get("notes") or []]
    parts = [facts_of(rows | other)] if rows or other else []
    parts += [
        f"<h3>{title}</h3>{_counts(data.get(key), head)}"
        for key, title, head in (
            ("sites", "Sites", "site"), ("habitats", "Habitats", "habitat"), ("taxa", "Names of species", "name"),
        )
        if data.get(key)
    ]  # fmt: skip
    if notes:
        parts.append(f"<h3>Notes on the tables</h3>{list_of(notes)}")
    return "".join(parts) or None


def _counts(counts: Mapping[str, int] | None, head: str) -> str:
    rows = [[TAXA.get(str(name), str(name)), str(n)] for name, n in (counts or {}).items()]
    table = table_of([head, "names" if head == "name" else "plots"], rows)
    if len(rows) > 12:
        return f"<details><summary>{len(rows)} {head}s</summary>{table}</details>"
    return table


def embedding(metrics: Metrics) -> str | None:
    """Return the plots in the model's space, by habitat where it is known."""
    found = metrics.get("embedding") or {}
    if not found.get("x"):
        return None
    note = (
        "Each point is a plot of the training, by what its image became: near points look alike to the model. Colours "
        "are the habitats that the table names." if found.get("habitats")
        else "Each point is a plot of the training, by what its image became: near points look alike to the model."
    )
    return f"<p>{escaped(note)}</p>" + figure_of(embedding_figure(found), "Plots in the model's space")


def dropped(metrics: Metrics) -> str | None:
    """List the plots that were left out, by reason."""
    return _by_reason(metrics.get("dropped"), "None: every plot was used.")


def flagged(metrics: Metrics) -> str | None:
    """List the plots that were kept although something speaks against them, by reason."""
    return _by_reason(metrics.get("flagged"), "None.")


def _by_reason(found: object, none: str) -> str | None:
    if not isinstance(found, Sequence):
        return None
    if not found:
        return f"<p>{none}</p>"
    records = [d if isinstance(d, Mapping) else {"reason": str(d)} for d in found]
    counts: collections.Counter[str] = collections.Counter()
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
    return table_of(["reason", "plots", "such as"], rows, text={0, 2})


def folds(metrics: Metrics) -> str | None:
    """Say what was tested where."""
    folds, splits, image = metrics.get("folds") or [], metrics.get("splits") or {}, fold_map_of(metrics)
    if not folds and image is None:
        return None
    parts = ["<p>Each area is tested by models that have not seen it. Training plots so near to a test plot that their "
             "image squares could overlap are left out for that fold.</p>"]  # fmt: skip
    if splits.get("spatial") is False:
        parts = ["<p><strong>Not spatial:</strong> test plots lie among training plots; the scores are too good for "
                 "places without plots.</p>"]  # fmt: skip
    said = [str(splits.get("words") or ""), str((splits.get("advice") or {}).get("words") or "")]
    parts += [f"<p>{escaped(words[:1].upper() + words[1:].rstrip('.'))}.</p>" for words in said if words]
    if image is not None:
        parts.append(figure_of(image, "The plots, coloured by the fold in which they were tested"))
    if folds:
        rows = [
            [
                str(fold.get("fold", 0) + 1),
                *(str(fold.get(key, "–")) for key in ("n_train", "n_test", "n_buffered")),
                *(str(len(fold[key])) if key in fold else "–" for key in ("single_class", "not_learnt")),
            ]
            for fold in folds
        ]
        head = ["fold", "training plots", "test plots", "left out as too near", "species not testable", "not learnt"]
        parts.append(_folded(table_of(head, rows), len(rows), "folds"))
        parts.append(
            "<p class='note'>Not testable: the test plots hold no presence of the species, or no absence. Not learnt: "
            "the training plots do; such a fold does not count for the species.</p>"
        )
    if leaks := metrics.get("leaks") or []:
        keys = ("nearest_m", "overlapping_patches", "identical_releves", "groups_split")
        rows = [[str(leak.get("fold", 0) + 1), *(plain(leak.get(key)) for key in keys)] for leak in leaks]
        head = ["fold", "nearest training plot [m]", "patches that overlap", "relevés also in training", "groups split"]
        parts.append("<h3>What test plots share with training plots</h3>")
        parts.append(_folded(table_of(head, rows), len(rows), "folds"))
    return "".join(parts)


def _folded(table: str, rows: int, noun: str) -> str:
    """Return a table, behind a click where it is long: single plots left out make a fold each."""
    return f"<details><summary>{rows} {noun}</summary>{table}</details>" if rows > 50 else table


def omitted(metrics: Metrics) -> str | None:
    """List the species and scores that are not given, with reasons."""
    omitted = metrics.get("omitted")
    if omitted is None:
        return None
    if not omitted:
        return "<p>None: every species and score could be given.</p>"
    rows = [[metric_name(name) if name in METRICS else name, str(reason)] for name, reason in omitted.items()]
    table = table_of(["what", "reason"], rows, text={0, 1})
    if len(rows) > 12:
        return f"<details><summary>{len(rows)} species and scores, with reasons</summary>{table}</details>"
    return table


def card(metrics: Metrics) -> str | None:
    """Show the model's card as its makers wrote it; None without one."""
    text = metrics.get("card")
    return f"<pre class='card'>{escaped(str(text))}</pre>" if text else None


def what_is_not_shown(metrics: Metrics) -> str | None:
    """List what the scores do not say."""
    return list_of(limits(metrics))


def colophon(metrics: Metrics) -> str | None:
    """Say what to cite, and what computed this."""
    versions = metrics.get("versions") or {}
    facts = {str(name): str(version) for name, version in versions.items()}
    seconds = value_of(metrics.get("seconds"))
    if seconds is not None:
        facts["time taken"] = f"{seconds / 60:.1f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
    cite = metrics.get("cite") or [PAPER, f"BotaCLIP for QGIS, version {versions.get('botaclip', 'unknown')}."]
    cited = [cite] if isinstance(cite, str) else [str(line) for line in cite]
    return f"<p>Please cite:</p>{list_of(cited)}{facts_of(facts) if facts else ''}"
