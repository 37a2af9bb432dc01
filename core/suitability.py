"""Suitability raster: one band per species."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.aoa import applicability_of
from botaclip.core.errors import ModelFileError, OptionError
from botaclip.core.map_job import make_map, model_for_map
from botaclip.core.model import Model
from botaclip.core.progress import Progress
from botaclip.core.raster_style import qml_suitability
from botaclip.core.scene_maps import MapKind


def suitability(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip suitability``; see the option table for the parameters.

    Returns
    -------
    dict
        What :func:`~botaclip.core.scene_maps.make_maps` returns, and ``species``.
    """
    model = model_for_map(parameters)
    chosen = model.choose(parameters["species"])
    top = parameters.get("top")
    others = [Model.open(path) for path in parameters.get("ensemble") or []]
    digests = [each.file.sha256 for each in (model, *others)]
    if len(set(digests)) < len(digests):
        progress.warning("--ensemble names a model twice: it counts twice, and the spread is too small.")
    if others and top is not None:
        raise OptionError("--ensemble and --top cannot be joined", remedy="leave one of them out")
    kind = suitability_of(model, chosen) if top is None else top_of(model, chosen, top)
    if others:
        kind = ensemble_of([model, *others], chosen)
    if parameters.get("applicability"):
        kind = with_applicability(model, kind)
    outputs = make_map("suitability", parameters, lambda applied: kind, progress, model=model)
    progress.info(f"A value {model.plot_words} centred in the pixel.")
    return outputs | {"species": [model.species[index] for index in chosen]}


def suitability_of(model: Model, chosen: list[int]) -> MapKind:
    """Return the map of these species of a model."""

    def compute(vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
        return model.suitability(model.adapt(vectors)[0])[:, chosen], 0

    return MapKind(
        name="relative suitability" if model.relative else "suitability",
        bands=tuple(model.species[index] for index in chosen), compute=compute, style=style_of(model),
        band_tags=[species_tags(model, index) for index in chosen], meaning=meaning_of(model),
    )


def style_of(model: Model, band: int = 1) -> str:
    """Return the style of a suitability, its legend in the words that the model's data allow."""
    return qml_suitability(
        band, low_label="0", high_label="1: relative suitability" if model.relative else "1: suitability (probability)"
    )


def meaning_of(model: Model) -> str:
    """Return what a suitability of a model is."""
    if model.relative:
        return (
            "Relative suitability of each species, 0 to 1. The training table says only where species were found, so a "
            "value puts places in order and is no probability."
        )
    return "Suitability of each species, 0 to 1: the probability, as the model judges it, that such a plot holds it."


def ensemble_of(models: Sequence[Model], chosen: list[int]) -> MapKind:
    """Return the map of the mean over several models and of their standard deviation, species by species.

    How far models of one training with other seeds, or of other folds, are apart is the uncertainty that comes of the
    fit alone; it says nothing of what they all lack.

    Raises
    ------
    ModelFileError
        A model looks at the image otherwise than the first, or does not know a species.
    """
    first = models[0]
    where = [chosen]
    for other in models[1:]:
        _check_alike(first, other)
        where.append(other.choose([first.species[index] for index in chosen]))

    def compute(vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
        made = np.stack([
            model.suitability(model.adapt(vectors)[0])[:, columns]
            for model, columns in zip(models, where, strict=True)
        ])  # fmt: skip
        # In double precision: the spread of numbers that are nearly the same.
        return np.concatenate(
            [made.mean(axis=0, dtype=np.float64), made.std(axis=0, dtype=np.float64)], axis=1
        ).astype(np.float32), 0

    kind = suitability_of(first, chosen)
    names = tuple(f"{name}, standard deviation" for name in kind.bands)
    digests = ", ".join(model.file.sha256[:16] for model in models)
    return dataclasses.replace(
        kind, name=f"{kind.name}, mean of {len(models)} models", bands=(*kind.bands, *names), compute=compute,
        tags={**kind.tags, "BOTACLIP_ENSEMBLE": digests}, band_tags=[*kind.band_tags, *({} for _ in names)],
        meaning=f"{kind.meaning} Shown is the mean of {len(models)} models; the bands of standard deviation say how "
        "far they are apart.",
    )


def _check_alike(first: Model, other: Model) -> None:
    """Refuse a model whose vectors are others: one reading of the image serves all."""
    a, b = first.metadata, other.metadata
    same = (
        a["encoder"]["sha256"] == b["encoder"]["sha256"] and a["lattice"] == b["lattice"] and a["patch"] == b["patch"]
        and a["bands"] == b["bands"] and a["value_range"] == b["value_range"]
        and [layer["name"] for layer in first.environment] == [layer["name"] for layer in other.environment]
    )  # fmt: skip
    if not same:
        raise ModelFileError(
            f"it looks at the image otherwise than {first.file.path.name} (encoder, bands, lattice, patch or "
            "environment)",
            where=str(other.file.path), remedy="give models of one training with other seeds",
        )  # fmt: skip
    if first.relative != other.relative:
        raise ModelFileError("its suitability is of another kind", where=str(other.file.path),
                             remedy="give models of one training with other seeds")  # fmt: skip


def top_of(model: Model, chosen: list[int], count: int) -> MapKind:
    """Return the map of the ``count`` species of highest suitability among those chosen: their numbers, then values.

    For floras of thousands of species, where a band for each would be a raster of gigabytes. A species' number is its
    place, from 1, in the model's list; the map's tags give the names.
    """
    count = min(count, len(chosen))
    numbers = np.array(chosen, np.float32) + 1.0
    everything = chosen == list(range(len(model.species)))

    def compute(vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
        made = model.suitability(model.adapt(vectors)[0])
        rank, values = highest(made if everything else made[:, chosen], count)
        return np.concatenate([numbers[rank], values], axis=1), 0

    ranks = range(1, count + 1)
    names = {f"BOTACLIP_SPECIES_{index + 1}": model.species[index] for index in chosen}
    return MapKind(
        name="relative suitability" if model.relative else "suitability",
        bands=(*(f"species {rank}" for rank in ranks), *(f"suitability {rank}" for rank in ranks)),
        compute=compute, style=style_of(model, count + 1), tags=names, band_tags=[{} for _ in range(2 * count)],
        meaning=f"{meaning_of(model)} Only the {count} highest of each place: first the numbers of the species, which "
        "the tags of the file name, then their suitabilities.",
    )


# Blocks that the columns are cut into, for each of the highest that are wanted.
_BLOCKS = 6


def highest(values: NDArray[np.float32], count: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return columns and values (N, count) of the highest values of each row (N, S), the highest first.

    Of equal values the first column goes before, so that the answer does not depend on how a library sorts.
    """
    found = _candidates(values, count)
    if found is None:
        columns = np.argsort(-values, axis=1, kind="stable")[:, :count]
        return columns, np.take_along_axis(values, columns, axis=1)
    rows, columns, candidates = found
    order = np.lexsort((columns, -candidates, rows))
    first = np.searchsorted(rows[order], np.arange(len(values)))
    taken = order[first[:, None] + np.arange(count)]
    return columns[taken], candidates[taken]


def _candidates(
    values: NDArray[np.float32], count: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]] | None:
    """Return rows, columns and values of the few that can be among the ``count`` highest of their rows (N, S).

    Where so many blocks of columns have a maximum of at least a bound, so many values have: nothing below the
    ``count``-th highest of the maxima is among the highest. None where there are too few columns for that, or values
    that are no numbers.
    """
    width = values.shape[1] // (_BLOCKS * count)
    if width < 2:
        return None
    maxima = np.maximum.reduceat(values, np.arange(0, values.shape[1], width), axis=1)
    last = maxima.shape[1] - count
    bound = np.partition(maxima, last, axis=1)[:, [last]]
    # Found flat: ten times as fast as by rows and columns.
    places = np.flatnonzero(values >= bound)
    rows, columns = np.divmod(places, values.shape[1])
    if (np.bincount(rows, minlength=len(values)) < count).any():
        return None
    return rows, columns, values.ravel()[places]


def with_applicability(model: Model, kind: MapKind) -> MapKind:
    """Return a map with the bands of the area of applicability behind its own.

    Raises
    ------
    ModelFileError
        The model has none.
    """
    domain = applicability_of(model)

    def compute(vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
        made, clipped = kind.compute(vectors)
        return np.concatenate([made, domain.compute(vectors)[0]], axis=1), clipped

    return dataclasses.replace(
        kind, bands=(*kind.bands, *domain.bands), compute=compute, tags={**kind.tags, **domain.tags},
        band_tags=[*kind.band_tags, *domain.band_tags],
    )


def species_tags(model: Model, index: int) -> dict[str, str]:
    """Return the metadata of a species' band."""
    kind = model.metadata["species"][index]
    tags = {"BOTACLIP_SPECIES": model.species[index], "BOTACLIP_PLOT": model.plot_words}
    for key in ("threshold", "presences", "prevalence", "calibrated", "calibration", "threshold_rule"):
        if kind.get(key) is not None:
            tags[f"BOTACLIP_{key.upper()}"] = f"{kind[key]:.6g}" if isinstance(kind[key], float) else str(kind[key])
    # All digits: what is cut from the raster at its thresholds has to be what a click says.
    if kind.get("threshold") is not None:
        tags["BOTACLIP_THRESHOLD"] = repr(float(kind["threshold"]))
    if model.listed_from is not None:
        tags["BOTACLIP_LISTED_FROM"] = repr(float(model.listed_from[index]))
    return tags
