"""``metrics.json``: everything that is reported, in one document. Every figure of the report comes from it."""

from __future__ import annotations

import collections
import importlib.metadata
import math
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import botaclip
from botaclip.core.encoder_metadata import mode_words, parts_of, precision_words
from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.pairing import Pairs
from botaclip.core.plot_locations import parse_plot_locations
from botaclip.core.releves import ReleveTable
from botaclip.training.evaluation import CrossValidation
from botaclip.training.findings import findings
from botaclip.training.metrics import reliability_bins
from botaclip.training.protocol import STRICT
from botaclip.training.report_words import INTERVALS_WITHIN
from botaclip.training.scores import FEWEST_PAIRS, METRICS, scorable
from botaclip.training.selection import Trial
from botaclip.training.sites import far_apart
from botaclip.training.training_table import TrainingTable
from botaclip.training.trust import Trust

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "onnxruntime", "rasterio", "pyproj")

# With presence-only tables an unlisted species is not absent: these scores would not be what their names say.
_WHERE_TO = frozenset({"output", "metrics", "report", "table", "predictions", "checkpoint", "overwrite"})
_NEED_ABSENCES = ("tss_at_train_threshold", "tss_max", "auprc", "brier")


def versions() -> dict[str, str]:
    """Return the versions of BotaCLIP, Python and the packages that compute."""
    found = {"botaclip": botaclip.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def asked_options(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return every option that was given or has a default, but for where results go, as JSON can say it."""
    said = {key: value for key, value in sorted(parameters.items()) if value is not None and key not in _WHERE_TO}
    return {key: value if isinstance(value, (bool, int, float)) else str(value) for key, value in said.items()}


def without_nan(value: Any) -> Any:
    """Return ``value`` with every non-finite number as None, which is what JSON can say."""
    if isinstance(value, Mapping):
        return {str(key): without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    return value


def sayable(columns: dict[str, Any], data_type: str) -> dict[str, Any]:
    """Return ``columns[column][metric]`` as may be said of this kind of relevés, under the right names."""
    if data_type != "presence-only":
        return columns
    return {column: _without_absences(scores) for column, scores in columns.items()}


def _without_absences(scores: dict[str, Any]) -> dict[str, Any]:
    kept = {
        metric: value
        for metric, value in scores.items()
        if not metric.startswith(_NEED_ABSENCES) and not metric.startswith("auc")
    }
    for suffix in ("", "_fold_mean"):
        if f"auc{suffix}" in scores:
            kept[f"auc_background{suffix}"] = scores[f"auc{suffix}"]
    return kept


def reason_of_choice(asked: str, chosen: Trial, trials: Sequence[Trial]) -> str:
    """Return in one sentence what the model uses and why."""
    raw = min((t.criterion for t in trials if t.alignment.name == "none"), default=float("nan"))
    what = "the frozen vectors as they are" if chosen.frozen else chosen.label
    if chosen.ranking is not None:
        said = f"auto picked {what}" if asked == "auto" else f"{what}, as asked"
        return (
            f"Alignment: {said}; in inner spatial validation {chosen.ranking:.4f} of the pairs of plots were in the "
            f"wrong order, species weighted by what they tell; {raw:.4f} for the frozen vectors (0.5 is chance)."
        )
    if asked == "auto":
        return (
            f"Alignment: auto picked {what}; inner spatial validation put the head's relative error at "
            f"{chosen.loss:.4f}, against {raw:.4f} for the frozen vectors (1 is the prevalence alone)."
        )
    return (
        f"Alignment: {what}, as asked; relative error of the head in inner spatial validation {chosen.loss:.4f}, "
        f"against {raw:.4f} for the frozen vectors."
    )


def metrics_document(
    data: TrainingTable, table: ReleveTable, pairs: Pairs, imagery: LatticeImagery, parameters: Mapping[str, Any], *,
    blocked: CrossValidation, targets: dict[str, Any], summary: dict[str, Any], summary_random: dict[str, Any],
    targets_within_site: dict[str, Any], summary_within_site: dict[str, Any], maps: dict[str, Any] | None,
    chosen: Trial, trials: Sequence[Trial], seconds: float, splits: Mapping[str, Any] | None = None,
    leaks: Sequence[Mapping[str, Any]] | None = None, promised: Trust | None = None,
) -> dict[str, Any]:
    """Return the document as described in ``docs/metrics.md``; numbers that do not exist are None."""
    kept = table.take(pairs.plots)
    kind = table.data_type
    bins = _reliability(data, blocked) if kind != "presence-only" else []
    document = {
        "protocol": STRICT,
        "summary": sayable(summary, kind),
        "summary_within_site": sayable(summary_within_site, kind),
        "summary_random_folds": sayable(summary_random, kind),
        "targets": {name: sayable(columns, kind) for name, columns in targets.items()},
        "targets_within_site": {
            name: {site: sayable(columns, kind) for site, columns in by_site.items()}
            for name, by_site in targets_within_site.items()
        },
        "folds": _folds(data, blocked),
        **({} if splits is None else {"splits": dict(splits)}),
        **({} if leaks is None else {"leaks": list(leaks)}),
        "dropped": list(pairs.dropped),
        "flagged": list(pairs.flagged),
        "omitted": _omitted(
            data, kept, parameters, blocked=blocked, targets=targets, summary=summary, within=summary_within_site,
            maps=maps, imagery=imagery, bins=bins,
        ),
        "versions": versions(),
        "seconds": round(seconds, 1),
        "asked": asked_options(parameters),
        "alignment": {
            "asked": parameters["alignment"],
            "picked": chosen.label,
            "reason": reason_of_choice(parameters["alignment"], chosen, trials),
            "candidates": [
                {"label": t.label, "penalty": t.penalty, "relative_error": t.loss}
                | ({} if t.ranking is None else {"ranking_error": t.ranking})
                for t in _best_per_label(trials)
            ],
        },
        "calibration": {"bins": bins},
        "plots": _plots(data, blocked, parameters["plot_locations"]),
        "data": _data(data, table, kept, pairs, imagery, parameters),
    }
    if promised is not None:
        document |= promised.metadata()
    if maps is not None:
        document["maps"] = maps
    said: dict[str, Any] = without_nan(document)
    return said | {"findings": findings(said)}


def _omitted(
    data: TrainingTable, kept: ReleveTable, parameters: Mapping[str, Any], *, blocked: CrossValidation,
    targets: Mapping[str, Any], summary: Mapping[str, Any], within: Mapping[str, Any], maps: dict[str, Any] | None,
    imagery: LatticeImagery, bins: Sequence[Any],
) -> dict[str, str]:
    """Return the reason for everything that is not given, by name: species, scores, columns."""
    omitted = dict(kept.omitted)
    presence_only = kept.data_type == "presence-only"
    if presence_only:
        reason = "the table is presence-only: an unlisted species is not absent"
        omitted |= dict.fromkeys(_NEED_ABSENCES, reason)
        omitted["auc"] = f"{reason}; auc_background is against unlisted plots"
        omitted["calibration"] = f"{reason}, so there is no observed share to compare with"
    elif not bins:
        omitted["calibration"] = "no plot was held out"
    if data.truth is None:
        omitted["truth_correlation"] = omitted["maps"] = "the truth is known only in the demo landscape"
    elif maps is None:
        omitted["maps"] = (
            "the truth is known at too few places that are clear of the training patches"
            if imagery.imagery.single else "maps are compared with the truth on one scene only"
        )
    if not within:
        sites = list(dict.fromkeys(data.sites or ()))
        omitted["summary_within_site"] = (
            f"all plots lie on one site ({sites[0] if sites else 'unnamed'})"
            if len(sites) < 2
            else f"no species has {parameters['min_presences']} presences and an absence on one of the "
            f"{len(sites)} sites"
        )
    else:
        pairs = max(entry["n_targets"] for scores in within.values() for entry in scores.values())
        if pairs < FEWEST_PAIRS:
            omitted[INTERVALS_WITHIN] = f"too few pairs of a species and a site: {pairs}, {FEWEST_PAIRS} are needed"
        omitted["tss_max and auprc within sites"] = "they cannot be compared between plots that different models tested"
    omitted |= blocked.omitted
    for metric in METRICS:
        if summary and metric not in omitted and not any(metric in scores for scores in summary.values()):
            omitted[metric] = "no species has both presences and absences among the plots that were tested"
    for name, columns in targets.items():
        scored = {metric for scores in columns.values() for metric in ("auc",) if np.isfinite(scores[metric])}
        if not scored:
            omitted[name] = "no score: no fold that learnt from its presences was tested on others of them"
    if any(fold["single_class"] for fold in _folds(data, blocked)):
        omitted["fold_mean of some species"] = (
            "a fold whose test plots hold no presence, or no absence, of a species has no score for it: the mean is "
            "over its other folds (folds[k].single_class names the species)"
        )
    return omitted


def _folds(data: TrainingTable, blocked: CrossValidation) -> list[dict[str, Any]]:
    learnt = scorable(data, blocked)
    rows = []
    for number, (train, test) in enumerate(blocked.folds):
        tested = np.flatnonzero(blocked.fold == number)
        n_presences = (data.presence[tested] > 0).sum(axis=0)
        single = (n_presences == 0) | (n_presences == len(tested))
        rows.append({
            "fold": number,
            "n_train": len(train),
            "n_test": len(test),
            "n_buffered": len(data) - len(train) - len(test),
            "choices": blocked.choices[number],
            "single_class": [name for name, only in zip(data.species, single, strict=True) if only],
            "not_learnt": [name for name, known in zip(data.species, learnt[number], strict=True) if not known],
        })  # fmt: skip
    return rows


def _data(
    data: TrainingTable, table: ReleveTable, kept: ReleveTable, pairs: Pairs, imagery: LatticeImagery,
    parameters: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what went in."""
    found: dict[str, Any] = {
        "raster": str(parameters["raster"]),
        "bands": list(imagery.imagery.roles),
        "releves": str(parameters["releves"]),
        "n_plots": len(data),
        "n_species": len(data.species),
        "n_scenes": len(imagery.scenes),
        "data_type": table.data_type,
        "cover_scale": str(table.cover_scale),
        "patch_size_m": pairs.patch.size_m,
        "lattice": pairs.lattice.describe(),
        "encoder": parameters["encoder"],
        **_encoder(pairs),
        "head": parameters["head"],
        "environment": [] if imagery.environment is None else list(imagery.environment.names),
        "image_date": parameters["image_date"],
        "init": Path(parameters["init"]).name if parameters["init"] else None,
        "sites": dict(collections.Counter(data.sites or ())),
        "sites_far_apart": far_apart(data.location, data.sites) if data.sites else False,
        "notes": list(table.report),
        "presences": {name: int(n) for name, n in zip(data.species, data.presence.sum(axis=0), strict=True)},
    }
    if kept.habitats is not None:
        counts = collections.Counter(str(name) or "(none)" for name in kept.habitats)
        found["habitats"] = dict(counts.most_common())
    if table.taxa:
        found["taxa"] = dict(collections.Counter(name.status for name in table.taxa))
    return found


def _encoder(pairs: Pairs) -> dict[str, Any]:
    """Return how the encoder looks at the image, and what is known of it."""
    about = pairs.encoder.metadata()
    poolings = [str(part["pooling"]) for part in parts_of(about) if part.get("pooling")]
    unverified = [str(part["id"]) for part in parts_of(about) if part.get("verified") is False]
    return {
        "encoder_mode": mode_words(about),
        "encoder_precision": precision_words(about),
        **({"encoder_computed": pairs.encoder.computed} if pairs.encoder.computed else {}),
        **({"encoder_pooling": ", ".join(poolings)} if poolings else {}),
        "encoder_licence": pairs.encoder.licence,
        "encoder_sha256": pairs.encoder.sha256,
        **({"encoder_unverified": ", ".join(unverified)} if unverified else {}),
    }


def _plots(data: TrainingTable, blocked: CrossValidation, locations: str) -> list[dict[str, Any]]:
    """Return name, fold, site and place of every plot; places as coarse as the model file holds them, or none."""
    metres = parse_plot_locations(locations)
    rows: list[dict[str, Any]] = []
    sites = data.sites or (None,) * len(data)
    for name, place, fold, site in zip(data.ids, data.places.tolist(), blocked.fold.tolist(), sites, strict=True):
        row: dict[str, Any] = {"id": name, "fold": fold}
        if metres is not None:
            row["site"] = site
            easting, northing = ((math.floor(v / metres) + 0.5) * metres if metres else v for v in place)
            row |= {"x": easting, "y": northing}
        rows.append(row)
    return rows


def _best_per_label(trials: Sequence[Trial]) -> list[Trial]:
    best: dict[str, Trial] = {}
    for trial in trials:
        if trial.label not in best or trial.criterion < best[trial.label].criterion:
            best[trial.label] = trial
    return sorted(best.values(), key=lambda trial: trial.criterion)


def _reliability(data: TrainingTable, blocked: CrossValidation) -> list[dict[str, float]]:
    """Return predicted against observed share over all species and held-out plots."""
    held = blocked.fold >= 0
    return reliability_bins(data.presence[held].ravel(), blocked.suitability["adapted"][held].ravel(), bins=10)
