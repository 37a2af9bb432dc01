"""A click on the map: which species to expect here, from a model and a raster that stay open between clicks."""

from __future__ import annotations

import collections
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from botaclip.core.applied_imagery import AppliedImagery
from botaclip.core.applied_model import NO_ENVIRONMENT, NODATA, OK, OUTSIDE
from botaclip.core.environment_rasters import named_path
from botaclip.core.places import Points
from botaclip.core.progress import Progress
from botaclip.core.similarity import plots_alike, speaking_for

_KEPT = 2
# Training plots most like the place that are named.
SIMILAR = 5
_open: collections.OrderedDict[tuple[Any, ...], AppliedImagery] = collections.OrderedDict()
_lock = threading.Lock()

_MESSAGES = {
    OK: "",
    OUTSIDE: "This place lies outside the raster.",
    NODATA: "Less than three quarters of the patch around this place have image data.",
    NO_ENVIRONMENT: "The environment rasters have no values in the patch around this place.",
}
_STATUS = {OK: "ok", NODATA: "nodata", NO_ENVIRONMENT: "no environment"}


def click(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Return the species to expect at a place.

    Parameters
    ----------
    parameters
        ``raster``, ``model``, ``x``, ``y``, ``crs``, and optionally ``species``, ``request``, ``bands``,
        ``environment`` (a list, or text split at ``;``), ``device``.

    Returns
    -------
    dict
        ``request`` as given; ``status`` ``ok``, ``outside``, ``nodata`` or ``no environment`` with ``message``;
        ``species`` ranked ``{"name", "suitability", "threshold", "above", "calibration", "listed", "speaking"}``,
        ``listed`` None for a model without lists, whose share is ``list_share``, ``speaking`` those of ``similar``
        whose relevés hold the species, None where the model does not say; ``similar``: the training plots whose images
        are most alike, ``{"id", "cosine", "index"}`` with a place where the model holds it; ``relative`` when
        suitability is no probability; ``domain`` ``{"dissimilarity", "threshold", "inside", "density"}``, None for a
        model without an area of applicability; ``patch`` ``{"x", "y", "crs", "size_m", "offset_m"}``; ``plot`` and
        ``plot_m2``: the plot that a value refers to, in words and in square metres; ``seconds``.
    """
    started = time.perf_counter()
    with _lock:
        applied = _warm(parameters, progress)
        model = applied.model
        chosen = model.choose(parameters.get("species"))
        place = Points(np.array([float(parameters["x"])]), np.array([float(parameters["y"])]), str(parameters["crs"]))
        found = applied.at(place, chosen, progress)
    status = str(found.status[0])
    species = []
    lists = None if model.listed_from is None else model.listed(found.suitability, chosen)[0]
    similar = plots_alike(model, found.unit[0], SIMILAR) if status == OK else []
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
                "speaking": speaking_for(model, similar, index),
            })
    domain = None
    if status == OK and model.applicability is not None:
        index, inside, density = (float(values[0]) for values in model.domain(found.unit))
        domain = {
            "dissimilarity": index, "threshold": model.applicability.threshold, "inside": inside > 0,
            "density": int(density),
        }  # fmt: skip
    patch = None
    if np.isfinite(found.offset_m[0]):
        patch = {
            "x": float(found.nodes.x[0]), "y": float(found.nodes.y[0]), "crs": found.nodes.crs,
            "size_m": model.patch.size_m, "offset_m": float(found.offset_m[0]),
        }
    return {
        "request": parameters.get("request"), "status": _STATUS.get(status, "outside"),
        "message": _MESSAGES.get(status, _MESSAGES[OUTSIDE]), "species": species, "relative": model.relative,
        "domain": domain, "list_share": (model.metadata.get("lists") or {}).get("share"),
        "similar": similar, "patch": patch,
        "plot": model.plot_words,
        "plot_m2": float(model.metadata.get("releve_area_m2") or model.patch.size_m**2),
        "device": applied.device, "seconds": time.perf_counter() - started,
    }


def _warm(parameters: dict[str, Any], progress: Progress) -> AppliedImagery:
    """Return model and raster, opened anew only when a file has changed."""
    raster, model = str(parameters["raster"]), str(parameters["model"])
    named = parameters.get("environment") or None
    environment = tuple(str(path) for path in (named.split(";") if isinstance(named, str) else named or ()))
    bands, device = parameters.get("bands"), parameters.get("device") or "auto"
    files = [(given, _stamp(named_path(given)[1])) for given in environment]
    key = (raster, _stamp(raster), model, _stamp(model), bands, device, *files)
    if key in _open:
        _open.move_to_end(key)
        return _open[key]
    _open[key] = AppliedImagery.open(
        model, raster, bands=bands, environment=environment or None, device=device, progress=progress
    )
    while len(_open) > _KEPT:
        _open.popitem(last=False)[1].close()
    return _open[key]


def _stamp(name: str) -> tuple[tuple[str, int, int], ...]:
    """Return name, size and modification time of a file, or of all files of a folder."""
    path = Path(name)
    files = sorted(path.iterdir()) if path.is_dir() else [path] if path.exists() else []
    return tuple((file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files)
