"""The ODMAP protocol of a training run: what the software knows is filled in, the rest is the author's to write.

Everything comes from ``metrics.json``; see :mod:`~botaclip.training.odmap_elements` for the elements and whom to cite.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botaclip.core.unfinished import unfinished
from botaclip.training.odmap_elements import ELEMENTS
from botaclip.training.report_html import median_of, plain
from botaclip.training.report_words import number

Metrics = Mapping[str, Any]

AUTHOR = "author: to be written"
_KINDS = {
    "presence-absence": "presence/absence (complete lists of species in plots)", "abundance": "cover/abundance",
    "presence-only": "presence-only",
}  # fmt: skip


def odmap(metrics: Metrics) -> dict[str, str]:
    """Return the text of every element by its id, in the order of the protocol; :data:`AUTHOR` where nobody knows."""
    known = {**_overview(metrics), **_data(metrics), **_model(metrics), **_outcome(metrics)}
    return {element.id: known.get(element.id) or AUTHOR for element in ELEMENTS}


def write_odmap(metrics: Metrics, path: Path, *, overwrite: bool = False) -> int:
    """Write the protocol as CSV: section, part, element, id, text; return how many elements are filled in.

    Raises
    ------
    OutputError
        The file exists or cannot be written.
    """
    texts = odmap(metrics)
    with unfinished(path, overwrite=overwrite) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["section", "subsection", "element", "element_id", "value"])
        for each in ELEMENTS:
            writer.writerow([each.section, each.part, each.name, each.id, texts[each.id]])
    return sum(text != AUTHOR for text in texts.values())


def _overview(metrics: Metrics) -> dict[str, str]:
    data, asked = metrics.get("data") or {}, metrics.get("asked") or {}
    kind = str(data.get("data_type") or "")
    relative = kind == "presence-only"
    names = list(data.get("presences") or metrics.get("targets") or {})
    environment = list(data.get("environment") or [])
    side = data.get("patch_size_m")
    versions = metrics.get("versions") or {}
    return {
        "o_objective_1": "Mapping and interpolation: which plant species to expect at a place, from an image of it.",
        "o_objective_2": "Relative habitat suitability." if relative
        else "Calibrated suitability of each species, 0 to 1; embedding of the image.",
        "o_taxon_1": f"{len(names)} species: {', '.join(sorted(names)[:20])}{' and others' if len(names) > 20 else ''}."
        if names else "",
        "o_scale_2": f"Image patches of {plain(side)} m around each plot." if side else "",
        "o_scale_3": f"Image of {data['image_date']}." if data.get("image_date") else "",
        "o_bio_1": "field survey (vegetation relevés)",
        "o_bio_2": _KINDS.get(kind, kind),
        "o_predictors_1": "remotely sensed image, as the vector of a frozen encoder"
        + (f"; environment rasters: {', '.join(environment)}" if environment else ""),
        "o_assumptions_1": "Plant communities show in the image of their surroundings; plots and image are of the "
        "same state "
        "of the vegetation; places to be predicted look like training plots (see the area of applicability).",
        "o_algorithms_1": _techniques(metrics),
        "o_algorithms_2": "Strength of adaptation and penalty of the species head are chosen by inner spatial "
        "validation, no "
        "adaptation included.",
        "o_algorithms_3": "No averaging: one model.",
        "o_workflow_1": "Relevés are paired with image patches; a frozen encoder turns patches into vectors; an "
        "adapter, where "
        "inner validation finds that it helps, brings them nearer to the relevés; a linear or forest head predicts the "
        "species; calibrators and thresholds come from inner out-of-fold predictions; everything is judged on outer "
        "spatial folds that nothing fitted has seen, beside baselines.",
        "o_software_1": "BotaCLIP for QGIS; " + ", ".join(f"{name} {value}" for name, value in sorted(versions.items()))
        if versions else "BotaCLIP for QGIS",
        "o_scale_1": f"Extent asked for: {asked['extent']}." if asked.get("extent") else "",
    }  # fmt: skip


def _techniques(metrics: Metrics) -> str:
    data, alignment = metrics.get("data") or {}, metrics.get("alignment") or {}
    head = {"linear": "ridge regression with calibrators", "forest": "random forest with calibrators"}.get(
        str(data.get("head")), str(data.get("head") or "")
    )
    said = [f"encoder {data['encoder']}" if data.get("encoder") else ""]
    said += [f"alignment {alignment['picked']}" if alignment.get("picked") else "", head]
    return "; ".join(part for part in said if part)


def _data(metrics: Metrics) -> dict[str, str]:
    data, dropped = metrics.get("data") or {}, metrics.get("dropped") or []
    presences = {name: int(count) for name, count in (data.get("presences") or {}).items()}
    plots = data.get("n_plots")
    counts = sorted(presences.values())
    taxa = data.get("taxa") or {}
    splits = metrics.get("splits") or {}
    relative = data.get("data_type") == "presence-only"
    asked = metrics.get("asked") or {}
    environment = list(data.get("environment") or [])
    return {
        "d_bio_1": f"{', '.join(sorted(presences))}." if presences else "",
        "d_bio_2": "Names " + ", ".join(f"{count} {status}" for status, count in taxa.items()) + "." if taxa else "",
        "d_bio_3": "communities, species",
        "d_bio_4": f"Table {Path(str(data['releves'])).name}." if data.get("releves") else "",
        "d_bio_6": f"{plots} plots; presences of a species {counts[0]} to {counts[-1]}, median "
        f"{counts[len(counts) // 2]}."
        if plots and counts else "",
        "d_bio_8": f"Cover scale: {data['cover_scale']}." if data.get("cover_scale") else "",
        "d_bio_9": f"{len(dropped)} plots were left out: {_reasons(dropped)}" if dropped else "No plot was left out.",
        "d_bio_10": "There are none: what is not listed is unknown." if relative
        else "A species that a relevé does not list is absent.",
        "d_bio_11": "Plots without the species in the table serve as background." if relative else "Nothing.",
        "d_part_1": "Plots outside the outer fold and its buffer.",
        "d_part_2": f"{plain(splits.get('folds'))} outer folds: {splits.get('words', '')}; inside each, choices "
        "by inner folds "
        "of the same kind." if splits else "",
        "d_part_3": "Nothing beyond the outer folds.",
        "d_pred_1": f"Vector of {data['encoder']} ({data.get('encoder_mode', '')})"
        + (f"; environment rasters {', '.join(environment)}." if environment else ".") if data.get("encoder") else "",
        "d_pred_2": f"Raster {Path(str(data['raster'])).name}, bands {plain(data.get('bands'))}"
        + ("; environment rasters as named." if environment else ".") if data.get("raster") else "",
        "d_pred_4": str(data.get("lattice") or ""),
        "d_pred_5": str(data.get("lattice") or "").rpartition(" in ")[2],
        "d_pred_6": str(data.get("image_date") or ""),
        "d_pred_8": "Pixels are scaled by the value range of their type; vectors are standardised with the mean "
        "and spread of "
        "the training plots of each fold.",
        "d_pred_10": "The adapter; see model settings.",
        "d_proj_8": "Dissimilarity index and area of applicability (Meyer & Pebesma 2021) of the model file.",
        "d_bio_12": f"Plot locations in the model file: {asked['plot_locations']}."
        if asked.get("plot_locations") else "",
    }  # fmt: skip


def _reasons(dropped: Any) -> str:
    counts: dict[str, int] = {}
    for entry in dropped:
        reason = str(entry.get("reason", "")) if isinstance(entry, Mapping) else str(entry[-1] if entry else "")
        counts[reason] = counts.get(reason, 0) + 1
    return "; ".join(f"{count} {reason}" for reason, count in sorted(counts.items())) + "."


def _model(metrics: Metrics) -> dict[str, str]:
    alignment, splits = metrics.get("alignment") or {}, metrics.get("splits") or {}
    asked = metrics.get("asked") or {}
    buffer, side = splits.get("buffer_m"), splits.get("block_size_m")
    given = {key.replace("_", "-"): value for key, value in asked.items() if value is not None}
    settings = ", ".join(f"--{key} {plain(value)}" for key, value in given.items())
    return {
        "m_preselect_1": "Nothing is pre-selected: all numbers of the vector are used.",
        "m_multicol_1": "Ridge penalty in units of the vectors' power; numbers of a vector are not interpreted "
        "one by one.",
        "m_settings_1": settings,
        "m_settings_2": "No clamping: outside the area of applicability predictions are given and marked.",
        "m_selection_1": str(alignment.get("reason") or ""),
        "m_selection_2": "Nothing.", "m_selection_3": "Nothing.",
        "m_depend_1": f"Spatially blocked outer and inner folds ({plain(side)} m)"
        + (f" with a buffer of {plain(buffer)} m" if buffer else "") + "." if side
        else (f"{splits['words']}." if splits.get("words") else ""),
        "m_depend_3": "Plots of one group stay in one fold." if asked.get("groups") else "No groups were given.",
        "m_estim_3": _importance(metrics),
        "m_threshold_1": "A species is expected where its suitability exceeds what the calibrator makes of its "
        "training prevalence.",
    }  # fmt: skip


def _importance(metrics: Metrics) -> str:
    """Return the fall in AUC of held-out plots when each part is dealt out anew, where it was measured."""
    found = {part: about.get("median") for part, about in (metrics.get("importance") or {}).items()}
    told = [f"{part} {number(fall, 3, signed=True)}" for part, fall in found.items() if fall is not None]
    return f"Fall in AUC of held-out plots by permutation, median over species: {', '.join(told)}." if told else ""


def _outcome(metrics: Metrics) -> dict[str, str]:
    summary, relative = metrics.get("summary") or {}, (metrics.get("data") or {}).get("data_type") == "presence-only"
    names = ("auc_background", "boyce") if relative else ("auc", "tss_at_train_threshold", "brier")
    told = []
    for column in ("adapted", "raw", "location_only", "prevalence"):
        scores = [f"{name} {number(value, 3)}" for name in names
                  if (value := median_of(summary, column, name)) is not None]  # fmt: skip
        if scores:
            told.append(f"{column}: {', '.join(scores)}")
    lists, rich = metrics.get("lists") or {}, metrics.get("richness") or {}
    responses = [each for each in metrics.get("responses") or [] if isinstance(each, Mapping) and each.get("name")]
    whole = (lists.get("coverage") or {}).get("all") or {}
    promised = []
    if whole.get("share") is not None:
        promised.append(
            f"lists of species that are to hold {lists['share']:.0%} of the presences held {whole['share']:.1%} of "
            f"{whole['presences']} on held-out folds"
        )
    if rich.get("coverage") is not None:
        promised.append(f"intervals of richness that are to hold {rich['share']:.0%} held {rich['coverage']:.1%} "
        "of plots")
    return {
        "a_perform_1": "Not given: scores on plots that were used in fitting say nothing.",
        "a_perform_2": "Medians over species on held-out folds. " + "; ".join(told) + "." if told else "",
        "a_perform_3": "Nothing.",
        "a_plausibility_1": "Predicted and observed shares in tenths of the plots along "
        f"{', '.join(str(each['name']) for each in responses)}: in the report." if responses else "",
        "p_output_1": "Relative suitability." if relative else "Probability that a plot of the relevés' size "
        "holds the species.",
        "p_output_2": "No post-processing; cells whose patch is not seen are nodata.",
        "p_uncertainty_1": ("; ".join(promised) + ".").capitalize() if promised else "",
        "p_uncertainty_5": "Area of applicability as bands of the map (suitability --applicability, aoa), and at "
        "a click.",
    }  # fmt: skip
