"""A map of the area of applicability as a figure of the report, from the raster that ``botaclip aoa`` made."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError

from botaclip.core.aoa import BANDS
from botaclip.core.errors import RasterError
from botaclip.training.report_figures import MUTED

LONGEST_PX = 700
OUTSIDE = "#d55e00"


def aoa_figure(path: str | Path, model_sha256: str | None = None) -> tuple[str, bytes]:
    """Return caption and PNG of the dissimilarity index, what lies outside in another colour.

    The raster is read thinned out to at most ``LONGEST_PX`` a side, whatever its size.

    Parameters
    ----------
    path
        The map.
    model_sha256
        Digest of the model that the report is about; None where that is not known.

    Raises
    ------
    RasterError
        It cannot be read, has no area of applicability, was made with another model, or has no pixel with a value.
    """
    try:
        with rasterio.open(path) as source:
            names = list(source.descriptions)
            if not set(BANDS[:2]) <= set(names):
                raise RasterError("it holds no area of applicability", where=str(path),
                                  remedy="give a map of botaclip aoa, or of suitability --applicability")  # fmt: skip
            made_with = source.tags().get("BOTACLIP_MODEL_SHA256")
            if model_sha256 and made_with and made_with != model_sha256:
                raise RasterError(
                    f"it was made with another model ({source.tags().get('BOTACLIP_MODEL', 'not named')}) than these "
                    "scores", where=str(path), remedy="give the map that botaclip aoa makes with the trained model",
                )  # fmt: skip
            step = max(1.0, max(source.height, source.width) / LONGEST_PX)
            shape = tuple(max(1, round(length / step)) for length in (source.height, source.width))
            index, inside = (
                _known(
                    source.read(names.index(name) + 1, out_shape=shape, resampling=Resampling.nearest), source.nodata
                )
                for name in BANDS[:2]
            )
            threshold = source.tags().get("BOTACLIP_AOA_THRESHOLD", "")
    except RasterioError as error:
        raise RasterError(f"it cannot be read ({error})", where=str(path)) from error
    known = np.isfinite(inside)
    if not known.any():
        raise RasterError("no pixel of it has a value", where=str(path))
    share = float((inside[known] > 0).mean())
    above = f", index above {threshold}" if threshold else ""
    caption = (
        f"Area of applicability ({Path(path).name}): {share:.0%} of the mapped area lies inside (shades, dark is less "
        f"like the training plots), the rest outside (orange{above}). Outside, the scores of this report say nothing."
    )
    return caption, _drawn(index, inside)


def _known(values: NDArray[Any], nodata: float | None) -> NDArray[np.float64]:
    values = values.astype(np.float64)
    if nodata is not None and not np.isnan(nodata):
        values[values == nodata] = np.nan
    return values


def _drawn(index: NDArray[np.float64], inside: NDArray[np.float64]) -> bytes:
    height, width = index.shape
    longest = max(height, width)
    figure = Figure(figsize=(1.4 + 6.0 * width / longest, 0.4 + 6.0 * height / longest), layout="constrained")
    axes = figure.add_subplot()
    shown = axes.imshow(np.where(inside > 0, index, np.nan), cmap="viridis_r", interpolation="nearest")
    axes.imshow(np.where(inside == 0, 1.0, np.nan), cmap=ListedColormap([OUTSIDE]), interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(MUTED)
    figure.colorbar(shown, ax=axes, label="dissimilarity index, inside", shrink=0.8)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()
