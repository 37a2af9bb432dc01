"""The words of the training report: names of columns and scores, the headline, the verdicts, the limits."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from botaclip.training.statistics import paired_difference

COLUMNS = {
    "adapted": ("adapted", "alignment as asked for; with auto what each fold chose by itself, which may be other "
                           "than in the model file"),
    "botaclip": ("botaclip", "aligned with the relevés by BotaCLIP's contrastive loss and geometry regulariser"),
    "supervised": ("supervised", "the same adapter trained to predict the species directly"),
    "contrastive": ("contrastive", "as botaclip, without the geometry regulariser"),
    "joint": ("joint", "contrastive loss, species head and geometry regulariser together"),
    "canonical": ("canonical", "no training: the directions of the image that floristic axes can be read from "
                               "(reduced-rank regression) made louder"),
    "raw": ("raw", "the frozen image features as they are: what there is without any adapting"),
    "raw_whitened": ("raw, whitened", "principal components of the frozen features, no relevé read: what is not above "
                                      "it needs no alignment"),
    "shuffled": ("shuffled", "as adapted, but trained on relevés dealt to the wrong plots: what is not above it is "
                             "not due to the plants"),
    "environment_only": ("environment only", "no image: the environment rasters alone"),
    "location_only": ("location only", "no image at all: the best of smooth surfaces (kriging), forests on the place "
                                       "and the nearest relevés"),
    "prevalence": ("prevalence", "the same share of presences everywhere: knows nothing"),
}  # fmt: skip

METRICS = {
    "tss_at_train_threshold": (
        "TSS", "true skill statistic at the threshold chosen in training; 0 is chance, 1 perfect",
    ),
    "tss_max": ("maximum TSS", "at the threshold that suits the test plots best; flatters"),
    "auc": ("AUC", "chance that a plot with the species scores above one without; .5 is chance"),
    "auc_background": ("AUC against background", "as AUC, but against unlisted plots that may hold the species"),
    "auprc": ("AUPRC", "average precision; chance is the species' prevalence"),
    "brier": ("Brier", "mean squared error of the suitability; lower is better"),
    "boyce": ("Boyce index", "whether presences gather where the map says; 0 is random, 1 perfect"),
    "spearman": ("Spearman", "rank correlation of abundance; 0 is chance"),
    "mae": ("mean absolute error", "lower is better"),
    "truth_correlation": ("correlation with truth", "Pearson's r with the invented landscape's true suitability"),
}  # fmt: skip
LOWER_IS_BETTER = frozenset({"brier", "mae"})
HEADLINE = ("tss_at_train_threshold", "auc_background", "auc", "spearman", "boyce", "tss_max")

INTERVALS_WITHIN = "intervals within sites"  # the name under which their absence has its reason
PROTOCOLS = {
    "strict": "Protocol strict: adapter, standardiser, head, calibrator and threshold are fitted inside each training "
              "fold, and nothing is scored on what any part of it has seen.",
}  # fmt: skip
NOT_INDEPENDENT = "Species of the same plots are not independent of each other: the intervals are too narrow."

TAXA = {
    "exact": "taken as they stand", "normalised": "normalised (authors, cf., aff., ranks)",
    "synonym": "replaced by the accepted name", "unmatched": "not in the table of accepted names",
    "left out": "left out: not identified to a species",
}  # fmt: skip

PAPER = (
    "Cerna, Si-Moussi, Thuiller, Hendrikx, Miele (2025). BotaCLIP: Contrastive Learning for Botany-Aware "
    "Representation of Earth Observation Data. arXiv:2511.21194."
)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One answered question: ``sign`` is +1 yes, -1 no, 0 not shown."""

    question: str
    answer: str
    sign: int


def number(value: Any, digits: int = 2, *, signed: bool = False) -> str:
    """Return a number as text with a true minus sign; a dash where there is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return "–"
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    return text.replace("-", "−")


def column_name(column: str) -> str:
    """Return a column's name for people."""
    return COLUMNS.get(column, (column.replace("_", " "), ""))[0]


def metric_name(metric: str) -> str:
    """Return a score's name for people."""
    return METRICS.get(metric, (metric.replace("_", " "), ""))[0]


def presence_only(metrics: Mapping[str, Any]) -> bool:
    """Whether the relevés list presences only, so that nothing may be called a probability."""
    data_type = str((metrics.get("data") or {}).get("data_type", ""))
    return data_type.replace("_", "-") == "presence-only" or any(
        "auc_background" in scores for scores in (metrics.get("summary") or {}).values()
    )


def headline_metric(metrics: Mapping[str, Any], summary: str = "summary") -> str | None:
    """Return the score that the headline is about, the first of :data:`HEADLINE` that ``adapted`` has."""
    scores = (metrics.get(summary) or {}).get("adapted") or {}
    return next((metric for metric in HEADLINE if (scores.get(metric) or {}).get("median") is not None), None)


def headline(metrics: Mapping[str, Any]) -> str:
    """Return in one or two sentences what the model is good for: within sites, where that was scored."""
    within = headline_metric(metrics, "summary_within_site")
    metric = within or headline_metric(metrics)
    if metric is None:
        return "A model was trained, but it could not be scored."
    entry = metrics["summary_within_site" if within else "summary"]["adapted"][metric]
    median, n = entry["median"], entry.get("n_targets", "all")
    over = f"{n} pairs of a species and a site" if within else f"{n} species"
    said = f"median {metric_name(metric)} {number(median)} over {over}"
    if metric.startswith("tss"):
        strength = _grade(median, (0.05, 0.2, 0.4, 0.6))
        scale = "0 is chance, 1 is perfect"
    elif metric.startswith("auc"):
        strength = _grade(2 * median - 1, (0.05, 0.3, 0.5, 0.7))
        scale = "0.5 is chance, 1 is perfect"
    else:
        strength, scale = "to the extent shown", METRICS.get(metric, ("", "higher is better"))[1]
    where = "Within sites, in" if within else "In"
    if (metrics.get("splits") or {}).get("spatial") is False:
        return (
            f"{where} plots among those it has learnt from (not spatial, so too good for new places), the model tells "
            f"where species grow {strength}: {said} ({scale})."
        )
    return f"{where} areas it has never seen, the model tells where species grow {strength}: {said} ({scale})."


def pooled_over_sites(metrics: Mapping[str, Any]) -> str:
    """Return what the score over all sites together is, and why it is no headline; ``""`` without several sites."""
    metric = headline_metric(metrics)
    if metric is None or headline_metric(metrics, "summary_within_site") is None:
        return ""
    entry = metrics["summary"]["adapted"][metric]
    return (
        f"Over all sites together the median {metric_name(metric)} is {number(entry['median'])}, over "
        f"{entry.get('n_targets', 'all')} species. {site_recognition(metrics)}"
    )


def site_recognition(metrics: Mapping[str, Any]) -> str:
    """Return why scores over all sites together are no headline; sites that adjoin are harder to recognise."""
    if (metrics.get("data") or {}).get("sites_far_apart"):
        pooled = "Pooled over sites that lie far apart, a score mostly shows"
    else:
        pooled = "Pooled over sites, a score may show no more than"
    within = "within a site it shows what the image tells of the plants there"
    return f"{pooled} that the model recognises the site; {within}."


def _grade(value: float, limits: tuple[float, float, float, float]) -> str:
    words = ("no better than chance", "only weakly", "moderately well", "well", "very well")
    return words[sum(value >= limit for limit in limits)]


def verdicts(metrics: Mapping[str, Any]) -> list[Verdict]:
    """Answer, by paired differences over species, what the columns were made to ask."""
    metric = headline_metric(metrics)
    if metric is None:
        return []
    questions = {
        "raw": "Does adapting to the relevés help?",
        "shuffled": "Is the gain due to the plants?",
        "environment_only": "Does the image tell more than the environment rasters?",
        "location_only": "Does the image tell more than the place?",
    }
    found: list[Verdict] = []
    for column, question in questions.items():
        difference = difference_between(metrics, metric, "adapted", column)
        if difference:
            answer, sign = _judge(difference, metric, column)
            if column == "shuffled" and found and found[0].question == questions["raw"] and found[0].sign < 1:
                # Where no gain is shown, nothing is there to be due to anything.
                question = "Do the plants matter: does it do better than with wrong relevés?"
            found.append(Verdict(question, answer, sign))
    return found


def gain_is_due_to_plants(metrics: Mapping[str, Any]) -> bool | None:
    """Whether ``adapted`` is clearly above ``shuffled``; None where they are the same, or one of them is missing."""
    metric = headline_metric(metrics)
    difference = metric and difference_between(metrics, metric, "adapted", "shuffled")
    if not metric or not difference or difference["low"] == difference["high"] == 0:
        return None
    return _judge(difference, metric, "shuffled")[1] > 0


def difference_between(metrics: Mapping[str, Any], metric: str, one: str, other: str) -> dict[str, float] | None:
    """Return the paired difference of two columns over all targets; None where either is missing."""
    pairs = []
    for columns in (metrics.get("targets") or {}).values():
        a, b = ((columns.get(name) or {}).get(metric) for name in (one, other))
        if a is not None and b is not None:
            pairs.append((a, b))
    return paired_difference(*zip(*pairs, strict=True)) if pairs else None


def _judge(difference: Mapping[str, float], metric: str, column: str) -> tuple[str, int]:
    better = -1 if metric in LOWER_IS_BETTER else 1
    low, high, median = difference["low"], difference["high"], difference["median"]
    name = column_name(column)
    if low == high == 0:
        if column == "shuffled":
            return "There is none to explain: adapting changed nothing.", 0
        return f"No difference: the model that was chosen is the same as {name} for the species.", 0
    size = (
        f"{metric_name(metric)} {number(median, 3, signed=True)} against {name} "
        f"[{number(low, 3, signed=True)} to {number(high, 3, signed=True)}]"
    )
    if min(low * better, high * better) > 0:
        return f"Yes: {size}.", 1
    if max(low * better, high * better) < 0:
        return f"No, {name} does better: {size}.", -1
    return f"Not shown: {size}, which includes no difference.", 0


def limits(metrics: Mapping[str, Any]) -> list[str]:
    """Return what the scores do not say."""
    said = [
        "The scores hold for the area, season and kind of image of these plots. How the model does elsewhere, in other "
        "years or with another camera, was not tested.",
        "Each score comes from models trained without the area they were tested on. The model in the file has "
        "learnt from all plots; it should be at least as good, but there are no plots left to show it.",
        "Intervals are over the species of this one landscape. They do not say how another landscape would turn out.",
        "A value on the map refers to a plot of the relevés' size at that place. The image square around it is larger: "
        "it is what the model looks at, not what it speaks about.",
        "A median hides species: look at the ones you need in the plot and table by species before using their maps.",
    ]
    if presence_only(metrics):
        said.append(
            "The relevés list presences only. A species that is not listed may have been there; the values are "
            "relative suitability, good for ranking places."
        )
    else:
        said.append(
            "A relevé without a species counts as its absence. Where species were overlooked, the model learnt that."
        )
    if any("truth_correlation" in scores for scores in (metrics.get("summary") or {}).values()):
        said.insert(
            0,
            "This is the demo landscape: plants, image and truth are invented. Nothing here says how well the "
            "method does on real land.",
        )
    return said
