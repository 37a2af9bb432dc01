"""Where is it like this? A map of how like every place is to a list of species, to a training plot, or to a place.

A list of species is asked for straight from the alignment: no head, and no presence of any of them, is needed, because
relevés and images lie in one space. What is compared are unit vectors, by their cosine.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.applied_model import OK
from botaclip.core.errors import OptionError
from botaclip.core.map_job import Seen, make_map, model_for_map
from botaclip.core.model import Model
from botaclip.core.places import Points
from botaclip.core.progress import Progress
from botaclip.core.raster_style import qml_suitability
from botaclip.core.scene_maps import MapKind
from botaclip.core.virtual_releve import releve_of_model, releve_vectors

Floats = NDArray[np.float32]

BANDS = ("cosine", "share of training plots less alike")
# How many of the training plots most alike are named.
NAMED = 10
_WAYS = ("species_list", "plot", "place")
_NUMBER = r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*"
_PLACE = re.compile(rf"{_NUMBER},{_NUMBER}(?:\[\s*(.+?)\s*\])?\s*")


def similarity(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip similarity``; see the option table for the parameters.

    Returns
    -------
    dict
        What :func:`~botaclip.core.scene_maps.make_maps` returns; ``to``: what was asked for in words; ``plots``: the
        training plots most alike, ``{"id", "cosine"}``, the most alike first, with ``x``, ``y`` and ``crs`` where the
        model holds places.

    Raises
    ------
    OptionError
        None or several of ``species_list``, ``plot`` and ``place`` are given, or there is no such plot or place.
    """
    asked = [way for way in _WAYS if parameters.get(way) not in (None, "")]
    if len(asked) != 1:
        raise OptionError(
            "like what, is not said" if not asked else "like what, is said in several ways",
            remedy="give one of --species-list, --plot and --place",
        )
    model = model_for_map(parameters)
    found: dict[str, Any] = {}

    def kind_of(applied: Seen) -> MapKind:
        wanted, found["to"] = _wanted(asked[0], str(parameters[asked[0]]), applied, progress)
        found["plots"] = plots_alike(model, wanted, NAMED)
        progress.info(f"Most alike among the training plots: {', '.join(each['id'] for each in found['plots'][:3])}.")
        return similarity_to(model, wanted, found["to"])

    outputs = make_map("similarity", parameters, kind_of, progress, model=model)
    return outputs | found


def similarity_to(model: Model, wanted: Floats, words: str = "") -> MapKind:
    """Return the map of likeness to a unit vector (E,): the cosine, and the share of training plots that are less so.

    The cosine alone says little: how high it gets differs from model to model and from list to list. The share stands
    on the images of the training plots, 0 where none is less alike and 1 where all are.
    """
    plots = np.sort(cosines(model.plot_vectors, wanted))

    def compute(vectors: Floats) -> tuple[NDArray[Any], int]:
        cosine = cosines(model.adapt(vectors)[1], wanted)
        less = np.searchsorted(plots, cosine, side="left").astype(np.float32) / np.float32(len(plots))
        return np.stack([cosine, less], axis=1), 0

    return MapKind(
        name="similarity", bands=BANDS, compute=compute, band_tags=[{}, {}],
        style=qml_suitability(
            2, low_label="0: all training plots are more alike", high_label="1: no training plot is more alike"
        ),
        meaning=f"How like each place is, in the model's eyes, to {words[:1000] or 'what was asked for'}: the cosine "
        "of the two vectors, and the share of training plots that are less alike (shown), 0 to 1.",
        # The words may be cut; finished windows of an interrupted map are told by the vector itself.
        tags={"BOTACLIP_LIKE": words[:1000], "BOTACLIP_LIKE_SHA256": hashlib.sha256(wanted.tobytes()).hexdigest()},
    )


def cosines(unit: Floats, wanted: Floats) -> Floats:
    """Return the cosines (N,) of unit vectors (N, E) with one (E,), the same for a row whatever rows are beside it."""
    # Not a matrix product, whose rounding depends on the number of rows: a click would differ from the map.
    return np.einsum("ij,j->i", unit, wanted, optimize=False).astype(np.float32)


def plots_alike(model: Model, wanted: Floats, count: int) -> list[dict[str, Any]]:
    """Return the training plots whose images are most like a unit vector (E,), the most alike first.

    Each with its ``id``, a place where the model holds it, ``cosine``, and ``index`` among the model's plots.
    """
    cosine = cosines(model.plot_vectors, wanted)
    nearest = np.argsort(-cosine, kind="stable")[:count].tolist()
    return [{"id": "", **model.plots[index], "cosine": float(cosine[index]), "index": index} for index in nearest]


def speaking_for(model: Model, similar: list[dict[str, Any]], species: int) -> list[str] | None:
    """Return the names of the plots alike (:func:`plots_alike`) whose relevés hold a species.

    A plot without a name is called by its number, from 1. None where the model does not say what its plots hold.
    """
    held = model.plots_species
    if held is None:
        return None
    return [each["id"] or str(each["index"] + 1) for each in similar if species in held[each["index"]]]


def _wanted(way: str, text: str, applied: Seen, progress: Progress) -> tuple[Floats, str]:
    """Return the unit vector (E,) that is looked for, and what it is in words."""
    model = applied.model
    if way == "species_list":
        releve = releve_of_model(model, text)
        for sentence in releve.report:
            progress.info(sentence)
        if not releve.known:
            found = "the model knows none of the species in the list"
            raise OptionError(found if releve.unknown else "no species in the list has a cover", where=text[:80],
                              remedy="botaclip info names the species of a model")  # fmt: skip
        return releve_vectors(model, releve.cover)[0], ", ".join(
            f"{name} {cover:g} %" for name, cover in releve.known.items()
        )
    if way == "plot":
        ids = [str(row.get("id", "")) for row in model.plots]
        if text not in ids:
            known = f"its plots are called like {ids[0]!r}" if ids[0] else "it holds no names of plots: give --place"
            raise OptionError(
                f"the model has no training plot {text!r}", where=str(model.file.path), remedy=known
            )  # fmt: skip
        return model.plot_vectors[ids.index(text)], f"plot {text}"
    point = place_of(text, applied.crs_wkt)
    seen = applied.at(point, (), progress)
    if str(seen.status[0]) != OK:
        raise OptionError(f"there is no image to compare with at {text} ({seen.status[0]})", where="--place",
                          remedy="choose a place inside the raster")  # fmt: skip
    return seen.unit[0], f"place {text}"


def place_of(text: str, crs: str) -> Points:
    """Read ``x,y``, with ``[EPSG:code]`` behind it when not in ``crs``.

    Raises
    ------
    OptionError
        It is none.
    """
    match = _PLACE.fullmatch(text)
    if match is None:
        raise OptionError(f"{text!r} is no place", remedy="write x,y [EPSG:code]")
    x, y, given = match.groups()
    return Points(np.array([float(x)]), np.array([float(y)]), given or crs)
