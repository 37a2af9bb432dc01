"""Suitability raster: one band per species."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.applied_model import AppliedModel
from botaclip.core.estimate import announce_estimate
from botaclip.core.model import Model
from botaclip.core.progress import Progress
from botaclip.core.raster_output import RasterOutput
from botaclip.core.raster_style import qml_suitability
from botaclip.core.unfinished import check_writable


def suitability(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip suitability``; see the option table for the parameters.

    Returns
    -------
    dict
        ``output``, ``device``, ``species``, ``pixels``, ``pixel_m``.
    """
    output = Path(parameters["output"])
    check_writable(output, overwrite=parameters["overwrite"])
    model = Model.open(parameters["model"])
    chosen = model.choose(parameters["species"])
    with AppliedModel.open(
        model, parameters["raster"], bands=parameters.get("bands"), device=parameters["device"], progress=progress
    ) as applied:
        return _map(applied, chosen, output, parameters, progress)


def _map(
    applied: AppliedModel, chosen: list[int], output: Path, parameters: dict[str, Any], progress: Progress
) -> dict[str, Any]:
    model = applied.model
    area = applied.area(stride_m=parameters["stride"], extent=parameters["extent"], mask=parameters["mask"])
    names = [model.species[index] for index in chosen]
    announce_estimate(applied, area, len(chosen), 4, output, progress)

    def compute(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        return applied.suitability(vectors)[:, chosen]

    meaning = "relative suitability" if model.relative else "suitability"
    with RasterOutput(
        output, lattice=applied.lattice, patch=applied.patch, row=area.row, col=area.col, height=area.height,
        width=area.width, step=area.step, count=len(chosen), dtype="float32", nodata=float("nan"), descriptions=names,
        tags=applied.tags() | {"BOTACLIP_KIND": meaning}, band_tags=[species_tags(model, index) for index in chosen],
        style=qml_suitability(), overwrite=parameters["overwrite"],
    ) as raster:
        applied.fill(raster, area, compute, np.full(len(chosen), np.nan, np.float32), progress.stage(0.05, 1.0))
    progress.info(f"A value {model.plot_words} centred in the pixel.")
    return {
        "output": str(output), "device": applied.device, "species": names, "pixels": area.height * area.width,
        "pixel_m": area.step * applied.lattice.cell_m,
    }


def species_tags(model: Model, index: int) -> dict[str, str]:
    """Return the metadata of a species' band."""
    kind = model.metadata["species"][index]
    tags = {"BOTACLIP_SPECIES": model.species[index], "BOTACLIP_PLOT": model.plot_words}
    for key in ("threshold", "presences", "prevalence", "calibrated", "calibration", "threshold_rule"):
        if kind.get(key) is not None:
            tags[f"BOTACLIP_{key.upper()}"] = f"{kind[key]:.6g}" if isinstance(kind[key], float) else str(kind[key])
    return tags
