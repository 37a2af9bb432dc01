"""Area of applicability as a raster: where a model's maps may be believed as far as its validation goes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.map_job import make_map, model_for_map
from botaclip.core.model import Model
from botaclip.core.progress import Progress
from botaclip.core.raster_style import qml_suitability
from botaclip.core.scene_maps import MapKind

BANDS = ("dissimilarity index", "inside the area of applicability", "local point density")

_MEANING = (
    "How far each place is from all training plots of the model, as a dissimilarity index: 0 on a training plot; "
    "inside the area of applicability up to {threshold:.3g}, where the model's validation speaks for its maps; beyond "
    "it nothing does. The local point density counts the training plots that are like the place."
)


def aoa(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip aoa``; see the option table for the parameters.

    Returns
    -------
    dict
        What :func:`~botaclip.core.scene_maps.make_maps` returns, and ``threshold``.
    """
    model = model_for_map(parameters)
    kind = applicability_of(model)
    outputs = make_map("aoa", parameters, lambda applied: kind, progress, model=model)
    threshold = model.required_applicability().threshold
    progress.info(f"Inside is where the dissimilarity index is at most {threshold:.3g}.")
    return outputs | {"threshold": threshold}


def applicability_of(model: Model) -> MapKind:
    """Return the map of a model's area of applicability.

    Raises
    ------
    ModelFileError
        The model has none.
    """
    threshold = model.required_applicability().threshold

    def compute(vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
        return np.stack(model.domain(model.adapt(vectors)[1]), axis=1), 0

    return MapKind(
        name="area of applicability", bands=BANDS, compute=compute,
        # Bright is near the training plots.
        style=qml_suitability(
            low=2 * threshold, high=0.0, low_label=f"{2 * threshold:.2g} or more: unlike the training plots",
            high_label=f"0: as a training plot (inside up to {threshold:.2g})",
        ),
        tags=tags_of(model), band_tags=[{}, {}, {}], meaning=_MEANING.format(threshold=threshold),
    )


def tags_of(model: Model) -> dict[str, str]:
    """Return what a map says of how the area of applicability was made."""
    about = model.metadata["applicability"]
    return {
        "BOTACLIP_AOA_THRESHOLD": f"{about['threshold']:.6g}", "BOTACLIP_AOA_METRIC": str(about.get("metric", "")),
        "BOTACLIP_AOA_CITE": "Meyer & Pebesma 2021, doi:10.1111/2041-210X.13650",
    }  # fmt: skip
