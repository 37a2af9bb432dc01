"""Embedding raster: the adapted image vectors of a model over a raster."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.embedding_bands import EmbeddingBands
from botaclip.core.map_job import Seen, make_map
from botaclip.core.model import Model
from botaclip.core.progress import Progress
from botaclip.core.raster_style import qml_pca
from botaclip.core.scene_maps import MapKind

Floats = NDArray[np.float32]

_MEANING = (
    "Each pixel holds {what} that the model makes of the image around it: places of like colour look alike to the "
    "model. The colours show the first three bands over the range of the training plots, so that a vector has one "
    "colour in all maps of this model."
)


def embed(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip embed``; see the option table for the parameters.

    Returns
    -------
    dict
        What :func:`~botaclip.core.scene_maps.make_maps` returns, and ``bands``, ``variance_share``.
    """
    made: list[EmbeddingBands] = []

    def kind_of(applied: Seen) -> MapKind:
        made.append(EmbeddingBands.of(applied.model, parameters["dimensions"], progress))
        return embedding(applied.model, made[0], small=parameters["quantise"] == "uint8")

    outputs = make_map("embed", parameters, kind_of, progress)
    bands = made[0]
    clipped = outputs["clipped"]
    if clipped:
        progress.info(f"{clipped} values lay beyond the widened range of the training plots and were clipped to it.")
    share = None if bands.share is None else float(bands.share.sum())
    return outputs | {"bands": len(bands.names), "variance_share": share}


def embedding(model: Model, bands: EmbeddingBands, *, small: bool) -> MapKind:
    """Return the map of these bands of a model, ``small`` in bytes instead of floats."""

    def compute(vectors: Floats) -> tuple[NDArray[Any], int]:
        values = bands.values(model, vectors)
        return bands.quantised(values) if small else (values, 0)

    tags: dict[str, str] = {}
    band_tags: list[dict[str, str]] = [{} for _ in bands.names]
    if bands.share is not None:
        tags["BOTACLIP_VARIANCE_SHARE"] = f"{float(bands.share.sum()):.6f}"
        band_tags = [{"BOTACLIP_VARIANCE_SHARE": f"{float(share):.6f}"} for share in bands.share]
    return MapKind(
        name="embedding", bands=bands.names, compute=compute, style=qml_pca(bands.plot_range),
        dtype="uint8" if small else "float32", nodata=0 if small else float("nan"), tags=tags, band_tags=band_tags,
        scale=bands.scale.tolist() if small else None, offset=bands.offset.tolist() if small else None,
        meaning=_MEANING.format(
            what="the unit vector" if bands.share is None
            else f"the first {len(bands.names)} principal components, fitted on the training plots, of the vector"
        ),
    )  # fmt: skip
