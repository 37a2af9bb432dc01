"""A click on the map: which species to expect here, from a model and a raster that stay open between clicks."""

from __future__ import annotations

import collections
import dataclasses
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from botaclip.core.applied_imagery import AppliedImagery
from botaclip.core.applied_model import NO_ENVIRONMENT, NODATA, OK, OUTSIDE, PointValues
from botaclip.core.click_map import click_map, maps_of
from botaclip.core.environment_rasters import named_path
from botaclip.core.observed import Nearby, PlotPlaces, observed_species
from botaclip.core.patch_image import patch_image, patch_side
from botaclip.core.places import Points
from botaclip.core.progress import Progress
from botaclip.core.similarity import plots_alike, speaking_for

_KEPT = 2
# Training plots most like the place that are named.
SIMILAR = 5
# Side of the patch's picture at most, whatever is asked for.
MOST_IMAGE_PX = 512


@dataclasses.dataclass(frozen=True)
class _Opened:
    """What stays open between clicks."""

    imagery: AppliedImagery
    plots: PlotPlaces | None


# Name, size and modification time of files.
_Stamp = tuple[tuple[str, int, int], ...]
_open: collections.OrderedDict[tuple[Any, ...], _Opened] = collections.OrderedDict()
_lock = threading.Lock()

_MESSAGES = {
    OK: "",
    OUTSIDE: "This place lies outside the raster.",
    NODATA: "Less than three quarters of the patch around this place have image data.",
    NO_ENVIRONMENT: "The environment rasters have no values in the patch around this place.",
}
NO_MODEL = "No model is chosen, and the raster is no suitability map made by BotaCLIP."
_STATUS = {OK: "ok", NODATA: "nodata", NO_ENVIRONMENT: "no environment"}


def click(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Return the species to expect at a place.

    Parameters
    ----------
    parameters
        ``raster`` and ``model``, or as ``raster`` a suitability map, which needs no model; ``x``, ``y``, ``crs``, and
        optionally ``species``, ``request``, ``bands``, ``environment`` (a list, or text split at ``;``), ``device``,
        ``image_px`` (side of the patch's picture, at most; none is made where it is left out).

    Returns
    -------
    dict
        ``request`` as given; ``place`` ``{"x", "y", "crs"}`` as given; ``source`` ``model`` or ``map``; ``status``
        ``ok``, ``outside``, ``nodata``, ``no environment`` or ``no model`` with ``message``;
        ``species`` ranked ``{"name", "suitability", "threshold", "above", "calibration", "listed", "speaking",
        "observed"}``, ``listed`` None for a model without lists, whose share is ``list_share``, ``speaking`` those of
        ``similar`` whose relevés hold the species, None where the model does not say; ``observed`` ``{"plots",
        "names"}``, how many training plots nearby hold it and the names of the nearest, None where the model does not
        say. ``observed``, besides, of them all: ``{"near_m", "rounded_m", "within_m", "plots"}``, see
        :class:`~botaclip.core.observed.Nearby`; ``similar``: the training plots whose images
        are most alike, ``{"id", "cosine", "index"}`` with a place where the model holds it; ``relative`` when
        suitability is no probability; ``domain`` ``{"dissimilarity", "threshold", "inside", "density"}``, None for a
        model without an area of applicability; ``patch`` ``{"x", "y", "crs", "size_m", "offset_m", "side"}``, ``side``
        that of what was looked at, in units of ``crs``; ``image``: see
        :func:`~botaclip.core.patch_image.patch_image`; ``plot`` and ``plot_m2``: the plot that a value refers to, in
        words and in square metres; ``seconds``.
    """
    started = time.perf_counter()
    place = Points(np.array([float(parameters["x"])]), np.array([float(parameters["y"])]), str(parameters["crs"]))
    with _lock:
        stamp = _stamp(str(parameters["raster"]))
        maps = maps_of(str(parameters["raster"]), stamp)
        if maps:
            answer = click_map(maps, place)
        elif not parameters.get("model"):
            answer = {"source": "model", "status": "no model", "message": NO_MODEL, "species": []}
        else:
            answer = _by_model(parameters, stamp, place, progress)
    return answer | {
        "request": parameters.get("request"),
        "place": {"x": float(place.x[0]), "y": float(place.y[0]), "crs": place.crs},
        "seconds": time.perf_counter() - started,
    }


def _by_model(parameters: dict[str, Any], stamp: _Stamp, place: Points, progress: Progress) -> dict[str, Any]:
    opened = _warm(parameters, stamp, progress)
    applied, model = opened.imagery, opened.imagery.model
    chosen = model.choose(parameters.get("species"))
    found = applied.at(place, chosen, progress)
    status = str(found.status[0])
    species = []
    lists = None if model.listed_from is None else model.listed(found.suitability, chosen)[0]
    similar = plots_alike(model, found.unit[0], SIMILAR) if status == OK else []
    nearby = opened.plots.near(place) if status == OK and opened.plots is not None else None
    observed = observed_species(model, nearby, chosen) if nearby is not None else {}
    if status == OK:
        for position in np.argsort(-found.suitability[0], kind="stable"):
            index, value = chosen[position], float(found.suitability[0, position])
            threshold = float(model.thresholds[index])
            known = not np.isnan(threshold)
            species.append({
                "name": model.species[index], "suitability": value, "threshold": threshold if known else None,
                "above": value >= threshold if known else None,
                "calibration": model.metadata["species"][index].get("calibration"),
                "listed": None if lists is None else bool(lists[position]),
                "speaking": speaking_for(model, similar, index), "observed": observed.get(index),
            })  # fmt: skip
    domain = None
    if status == OK and model.applicability is not None:
        index, inside, density = (float(values[0]) for values in model.domain(found.unit))
        domain = {
            "dissimilarity": index, "threshold": model.applicability.threshold, "inside": inside > 0,
            "density": int(density),
        }  # fmt: skip
    patch, image = _seen(applied, found, place, int(parameters.get("image_px") or 0))
    return {
        "source": "model", "status": _STATUS.get(status, "outside"),
        "message": _MESSAGES.get(status, _MESSAGES[OUTSIDE]), "species": species, "relative": model.relative,
        "domain": domain, "list_share": (model.metadata.get("lists") or {}).get("share"),
        "similar": similar, "observed": _nearby(nearby), "patch": patch, "image": image,
        "plot": model.plot_words, "plot_m2": float(model.metadata.get("releve_area_m2") or model.patch.size_m**2),
        "device": applied.device,
    }  # fmt: skip


def _seen(
    applied: AppliedImagery, found: PointValues, place: Points, most_px: int
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return which patch was looked at, and its picture where one is asked for; both None outside."""
    number = int(found.scene[0])
    if number < 0 or not np.isfinite(found.offset_m[0]) or str(found.status[0]) not in _STATUS:
        return None, None
    scene = applied.scene(number)
    lattice, size = scene.lattice, applied.model.patch
    row, col, offset_m = lattice.node_of(place, size)
    node = lattice.node_xy(row, col, size)
    patch = {
        "x": float(node.x[0]), "y": float(node.y[0]), "crs": node.crs, "size_m": size.size_m,
        "offset_m": float(offset_m[0]), "side": patch_side(lattice, size),
    }  # fmt: skip
    if most_px <= 0:
        return patch, None
    reader = scene.cells.reader
    return patch, patch_image(reader, int(row[0]), int(col[0]), size, most_px=min(most_px, MOST_IMAGE_PX))


def _nearby(nearby: Nearby | None) -> dict[str, Any] | None:
    if nearby is None:
        return None
    return {
        "near_m": nearby.near_m, "rounded_m": nearby.rounded_m, "within_m": nearby.within_m,
        "plots": len(nearby.plots),
    }  # fmt: skip


def _warm(parameters: dict[str, Any], stamp: _Stamp, progress: Progress) -> _Opened:
    """Return model and raster, opened anew only when a file has changed."""
    raster, model = str(parameters["raster"]), str(parameters["model"])
    named = parameters.get("environment") or None
    environment = tuple(str(path) for path in (named.split(";") if isinstance(named, str) else named or ()))
    bands, device = parameters.get("bands"), parameters.get("device") or "auto"
    files = [(given, _stamp(named_path(given)[1])) for given in environment]
    key = (raster, stamp, model, _stamp(model), bands, device, *files)
    if key in _open:
        _open.move_to_end(key)
        return _open[key]
    imagery = AppliedImagery.open(
        model, raster, bands=bands, environment=environment or None, device=device, progress=progress
    )
    _open[key] = _Opened(imagery, PlotPlaces.of(imagery.model))
    while len(_open) > _KEPT:
        _open.popitem(last=False)[1].imagery.close()
    return _open[key]


def _stamp(name: str) -> _Stamp:
    """Return name, size and modification time of a file, or of all files of a folder."""
    path = Path(name)
    files = sorted(path.iterdir()) if path.is_dir() else [path] if path.exists() else []
    return tuple((file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files)
