"""Embedding raster: the adapted image vectors of a model over a raster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.applied_model import AppliedModel
from botaclip.core.embedding_bands import EmbeddingBands
from botaclip.core.estimate import announce_estimate
from botaclip.core.progress import Progress
from botaclip.core.raster_output import RasterOutput
from botaclip.core.raster_style import qml_pca
from botaclip.core.unfinished import check_writable

Floats = NDArray[np.float32]

def embed(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip embed``; see the option table for the parameters.

    Returns
    -------
    dict
        ``output``, ``device``, ``bands``, ``pixels``, ``pixel_m``, ``variance_share``, ``clipped``.
    """
    output = Path(parameters["output"])
    check_writable(output, overwrite=parameters["overwrite"])
    with AppliedModel.open(
        parameters["model"], parameters["raster"], bands=parameters.get("bands"), device=parameters["device"],
        progress=progress,
    ) as applied:
        return _embed(applied, output, parameters, progress)


def _embed(applied: AppliedModel, output: Path, parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    bands = EmbeddingBands.of(applied.model, parameters["dimensions"], progress)
    area = applied.area(stride_m=parameters["stride"], extent=parameters["extent"], mask=parameters["mask"])
    small = parameters["quantise"] == "uint8"
    count, clipped = len(bands.names), 0

    def compute(vectors: Floats) -> NDArray[Any]:
        nonlocal clipped
        values = bands.values(applied.model, vectors)
        if not small:
            return values
        stored, beyond = bands.quantised(values)
        clipped += beyond
        return stored

    announce_estimate(applied, area, count, 1 if small else 4, output, progress)
    tags = applied.tags() | {"BOTACLIP_KIND": "embedding"}
    band_tags: list[dict[str, str]] = [{} for _ in bands.names]
    if bands.share is not None:
        tags["BOTACLIP_VARIANCE_SHARE"] = f"{float(bands.share.sum()):.6f}"
        band_tags = [{"BOTACLIP_VARIANCE_SHARE": f"{float(share):.6f}"} for share in bands.share]
    with RasterOutput(
        output, lattice=applied.lattice, patch=applied.patch, row=area.row, col=area.col, height=area.height,
        width=area.width, step=area.step, count=count, dtype="uint8" if small else "float32",
        nodata=0 if small else float("nan"), descriptions=bands.names, tags=tags, band_tags=band_tags,
        scale=bands.scale.tolist() if small else None, offset=bands.offset.tolist() if small else None,
        style=qml_pca(bands.plot_range), overwrite=parameters["overwrite"],
    ) as raster:
        blank = np.full(count, 0, np.uint8) if small else np.full(count, np.nan, np.float32)
        applied.fill(raster, area, compute, blank, progress.stage(0.05, 1.0))
    if clipped:
        progress.info(f"{clipped} values lay beyond the widened range of the training plots and were clipped to it.")
    return {
        "output": str(output), "device": applied.device, "bands": count, "pixels": area.height * area.width,
        "pixel_m": area.step * applied.lattice.cell_m, "clipped": clipped,
        "variance_share": None if bands.share is None else float(bands.share.sum()),
    }
