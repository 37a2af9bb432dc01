"""Embedding raster: the adapted image vectors of a model over a raster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.applied_imagery import AppliedImagery
from botaclip.core.embedding_bands import EmbeddingBands
from botaclip.core.image_year import given_year
from botaclip.core.model import Model
from botaclip.core.progress import Progress
from botaclip.core.raster_style import qml_pca
from botaclip.core.scene_maps import MapKind, check_map_name, check_maps_writable, make_maps

Floats = NDArray[np.float32]


def embed(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip embed``; see the option table for the parameters.

    Returns
    -------
    dict
        What :func:`~botaclip.core.scene_maps.make_maps` returns, and ``bands``, ``variance_share``.
    """
    output, overwrite = Path(parameters["output"]), bool(parameters["overwrite"])
    check_map_name(output)
    year = given_year(parameters.get("image_date"))
    with AppliedImagery.open(
        parameters["model"], parameters["raster"], bands=parameters.get("bands"),
        environment=parameters.get("environment"), device=parameters["device"], maps=True,
        mode=parameters.get("mode") or "auto", progress=progress,
    ) as applied:
        check_maps_writable(applied, output, overwrite=overwrite)
        bands = EmbeddingBands.of(applied.model, parameters["dimensions"], progress)
        areas = applied.areas(
            stride_m=parameters["stride"], extent=parameters["extent"], mask=parameters["mask"], progress=progress
        )
        kind = embedding(applied.model, bands, small=parameters["quantise"] == "uint8")
        outputs = make_maps(
            applied, areas, kind, output, progress, overwrite=overwrite, cog=bool(parameters.get("cog")), year=year
        )
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
    )  # fmt: skip
