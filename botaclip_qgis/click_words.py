"""What the map click says, in words: about a place, about two, and what the marks in the list mean."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from qgis.core import QgsCoordinateReferenceSystem

from botaclip.botaclip_qgis.click_bar import EXPECTED, NOT_EXPECTED, ROUGH
from botaclip.botaclip_qgis.click_table import NEAR, is_rough
from botaclip.botaclip_qgis.i18n import tr

_M2_PER_HA = 10_000
_M_PER_KM = 1000
_GAP = "&nbsp;&nbsp; "


def no_model() -> str:
    """Return what to do where no model is chosen."""
    return tr(
        "Choose a model, then click the map. A model is made with the Processing tool Train a model. "
        "A suitability map needs none."
    )


def no_raster() -> str:
    """Return what to do where no image is chosen."""
    return tr("Choose the image to look at: a raster layer, or a folder of tiles.")


def no_crs() -> str:
    """Return what to do where the map has no CRS."""
    return tr(
        "The map has no CRS, so the place cannot be found in the image. Set one in the project's properties."
    )


def ready() -> str:
    """Return what to do where all is chosen."""
    return tr("Click the map to see which species to expect there.")


def legend(species: Sequence[Mapping[str, Any]], nearby: Mapping[str, Any] | None, *, relative: bool) -> str:
    """Return what the marks in the list mean, those that are there."""
    thresholds = [one.get("threshold") is not None for one in species]
    below = f"<span style='color:{NOT_EXPECTED.name()}'>"
    marks = []
    if any(thresholds):
        marks.append(
            f"<span style='color:{EXPECTED.name()}'>■</span>&nbsp;"
            + tr("expected: at or above its threshold")
            + f"{_GAP}{below}■</span>&nbsp;" + tr("below") + f"{_GAP}<b>┃</b>&nbsp;" + tr("threshold")
        )  # fmt: skip
    if not all(thresholds):
        marks.append(f"{below}▨</span>&nbsp;" + tr("threshold unknown"))
    if any(is_rough(one) for one in species) and not relative:
        marks.append(f"<b>{ROUGH.strip()}</b>&nbsp;" + tr("not calibrated by itself: a rough number"))
    if nearby is not None and any((one.get("observed") or {}).get("plots") for one in species):
        marks.append(f"<b>{NEAR}</b>&nbsp;{html.escape(near_text(nearby))}")
    return _GAP.join(marks)


def near_text(nearby: Mapping[str, Any]) -> str:
    """Return what the mark of a species observed nearby means."""
    if nearby.get("rounded_m"):
        return tr("observed on training plots within {far} (the model rounds their places to {rounded})").format(
            far=distance_text(nearby["within_m"]), rounded=distance_text(nearby["rounded_m"])
        )
    return tr("observed on training plots within {far}").format(far=distance_text(nearby["within_m"]))


def nearby_text(answer: Mapping[str, Any]) -> str:
    """Return how many training plots are near, or that the model does not say."""
    nearby = answer.get("observed")
    if nearby is None:
        return "" if answer.get("source") == "map" else tr(
            "What was observed nearby is not known: the model does not say where its plots lie, or what they hold."
        )  # fmt: skip
    if not nearby["plots"]:
        return tr("No training plot lies within {far} of the place.").format(far=distance_text(nearby["near_m"]))
    return tr("Training plots within {far}: {count}.").format(
        far=distance_text(nearby["within_m"]), count=nearby["plots"]
    )


def place_text(answer: Mapping[str, Any]) -> str:
    """Return how many species are expected, and of how many that is not known."""
    species = answer.get("species") or []
    expected = sum(bool(one.get("above")) for one in species)
    unknown = sum(one.get("threshold") is None for one in species)
    if species and unknown == len(species):
        return tr("{count} species, none with a threshold: ranked by suitability.").format(count=len(species))
    known = tr("{expected} of {count} species expected here.").format(
        expected=expected, count=len(species) - unknown
    )
    return known + " " + tr("{count} more without a threshold.").format(count=unknown) if unknown else known


def compared_text(kept: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    """Return how many species are expected at two places, and at both."""
    a, b = ({one["name"] for one in each.get("species") or [] if one.get("above")} for each in (kept, answer))
    return tr("Expected at A: {a}, at B: {b}, at both: {both}.").format(a=len(a), b=len(b), both=len(a & b))


def details_text(answer: Mapping[str, Any], model: str) -> str:
    """Return where and by which model that was found, and what a value means; a line each."""
    patch = answer.get("patch") or {}
    lines = []
    if patch.get("crs"):
        crs = QgsCoordinateReferenceSystem(str(patch["crs"]))
        digits = 5 if crs.isGeographic() else 0
        given = {
            "size": f"{patch['size_m']:g}",
            "place": f"{patch['x']:.{digits}f}, {patch['y']:.{digits}f} ({crs.authid() or crs.description()})",
            "offset": f"{patch['offset_m']:.0f}",
        }
        if answer.get("source") == "map":
            lines.append(
                tr("Read from the map {map}: pixel of {size} m centred at {place}, {offset} m from the click.").format(
                    map=answer.get("map", ""), **given
                )
            )
            if answer.get("model"):
                lines.append(tr("The map was made with the model {model}.").format(model=answer["model"]))
        else:
            lines.append(
                tr("{size} m patch centred at {place}, {offset} m from the click; model: {model}.").format(
                    model=model, **given
                )
            )
    if answer.get("relative"):
        lines.append(
            tr(
                "Relative suitability, no probability: the relevés say nothing about absences. It compares places for "
                "one species, not one species with another."
            )
        )
    elif answer.get("plot_m2"):
        lines.append(
            tr("Probability of the species occurring on a plot of {area} here, as far as the image tells.").format(
                area=area_text(answer["plot_m2"])
            )
        )
    else:
        lines.append(tr("Probability of the species occurring here, as far as the image tells."))
    lines += [_list_text(answer), nearby_text(answer), str(answer.get("message") or "")]
    return "\n".join(filter(None, lines))


def domain_text(answer: Mapping[str, Any]) -> str:
    """Return a warning where the place is unlike all training plots; nothing where it is not."""
    domain = answer.get("domain")
    if not domain or domain.get("inside"):
        return ""
    times = domain["dissimilarity"] / domain["threshold"] if domain.get("threshold") else float("nan")
    return tr(
        "Outside the area of applicability: no training plot looks like this place ({times} times the limit). "
        "What was measured of the model says nothing about it."
    ).format(times=f"{times:.1f}")


def similar_text(similar: Sequence[Mapping[str, Any]]) -> str:
    """Return the training plots that look most like the place, as links where the model holds their places."""
    named = []
    for number, one in enumerate(similar):
        name = html.escape(plot_name(one, number))
        if one.get("crs") and one.get("x") is not None:
            name = f'<a href="{number}">{name}</a>'
        named.append(f"{name} ({one['cosine']:.2f})")
    return tr("Training plots most like it: {plots}.").format(plots=", ".join(named))


def plot_name(plot: Mapping[str, Any], number: int) -> str:
    """Return a training plot's name, or its number where it has none."""
    return str(plot["id"]) or tr("plot {number}").format(number=plot.get("index", number) + 1)


def picture_text(answer: Mapping[str, Any]) -> str:
    """Return what the picture of the patch shows."""
    image, patch = answer.get("image") or {}, answer.get("patch") or {}
    return tr(
        "The patch that the model looked at, {size} m wide; {bands} shown as red, green and blue, each stretched by "
        "itself (2 to 98 %). Transparent: no valid pixel."
    ).format(size=f"{patch.get('size_m', 0):g}", bands=", ".join(image.get("bands") or []))


def area_text(square_metres: float) -> str:
    """Return an area as ecologists write it."""
    if square_metres >= _M2_PER_HA:
        return f"{square_metres / _M2_PER_HA:g} ha"
    return f"{square_metres:g} m²"


def distance_text(metres: float) -> str:
    """Return a distance in whole metres or kilometres, of the latter with a decimal where they are few."""
    if metres < _M_PER_KM:
        return f"{metres:.0f} m"
    kilometres = metres / _M_PER_KM
    return f"{kilometres:.0f} km" if kilometres >= 10 else f"{round(kilometres, 1):g} km"


def _list_text(answer: Mapping[str, Any]) -> str:
    """Return how long the list is that holds a stated share of what grows here."""
    share, species = answer.get("list_share"), answer.get("species") or []
    count = sum(bool(one.get("listed")) for one in species)
    if share is None or not species:
        return ""
    names = [one["name"] for one in species if one.get("listed") and not one.get("above")][:3]
    given = {"share": f"{share:.0%}", "count": count, "names": ", ".join(names)}
    if names:
        return tr(
            "To hold {share} of the species present the list takes {count}, {names} among those not expected."
        ).format(**given)
    return tr("To hold {share} of the species present the list takes {count}.").format(**given)
