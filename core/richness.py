"""How many species to expect, with an interval, and how even and how unusual the expected community is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import ModelFileError
from botaclip.core.map_job import make_map, model_for_map
from botaclip.core.model import Model
from botaclip.core.progress import Progress
from botaclip.core.raster_style import qml_suitability
from botaclip.core.scene_maps import MapKind

Floats = NDArray[np.float32]

BANDS = ("richness", "richness, low", "richness, high", "Shannon", "LCBD")
ORDINAL = (
    "Shannon and LCBD are of suitabilities: they say how even and how unusual the expected list is, not the covers."
)


def richness(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip richness``; see the option table for the parameters.

    Returns
    -------
    dict
        What :func:`~botaclip.core.scene_maps.make_maps` returns, and ``species``: how many are counted.
    """
    model = model_for_map(parameters)
    kind = richness_of(model)
    outputs = make_map("richness", parameters, lambda applied: kind, progress, model=model)
    progress.info(
        f"Counted are the {len(model.species)} species that the model knows; a value {model.plot_words}. The interval "
        f"is to hold {float(model.metadata['richness']['share']):.0%} of such plots. {ORDINAL}"
    )
    return outputs | {"species": len(model.species)}


def richness_of(model: Model) -> MapKind:
    """Return the map of a model's expected richness.

    Raises
    ------
    ModelFileError
        The model was trained before there was such a thing, or its suitability is no probability.
    """
    about = model.metadata.get("richness")
    if about is None:
        reason = (
            "its suitability is relative, and a sum of it counts no species" if model.relative
            else "it was trained before models could count species"
        )  # fmt: skip
        raise ModelFileError(reason, where=str(model.file.path), remedy="train a model with complete relevés")
    mean, variance = model.community

    def compute(vectors: Floats) -> tuple[NDArray[Any], int]:
        p = model.suitability(model.adapt(vectors)[0])
        return diversity(p, mean, variance, float(about["low"]), float(about["high"])), 0

    top = max(1.0, float(about.get("highest", len(model.species))))
    return MapKind(
        name="richness", bands=BANDS, compute=compute, style=qml_suitability(high=top, unit=" species"),
        tags={"BOTACLIP_INTERVAL": f"{float(about['share']):g} of held-out plots", "BOTACLIP_DIVERSITY": ORDINAL},
        band_tags=[{} for _ in BANDS],
        meaning=f"How many of the {len(model.species)} species that the model knows are to be expected in such a plot: "
        f"the sum of their suitabilities, and the interval that is to hold {float(about['share']):.0%} of such plots. "
        f"{ORDINAL}",
    )


def diversity(p: Floats, mean: Floats, variance: float, low: float, high: float) -> Floats:
    """Return richness, its interval, Shannon and LCBD (N, 5) of suitabilities (N, S).

    * richness: the sum of probabilities, the expected number of species (Calabrese et al. 2014, doi:10.1111/geb.12102);
    * its interval: ``low`` and ``high`` standard deviations of a sum of independent presences away (never outside 0 and
      S), which are quantiles of what held-out plots really differed by, so that presences need not be independent;
    * Shannon: ``- sum q ln q`` of ``q = p / sum p``;
    * LCBD (Legendre & De Caceres 2013, doi:10.1111/ele.12141): squared distance of ``sqrt(q)`` from the mean over the
      training plots, over the mean of theirs: 1 is as unusual as a training plot is on average.

    Parameters
    ----------
    p
        Calibrated suitability; NaN where there is none.
    mean, variance
        Of ``sqrt(q)`` over the training plots: (S,), and the mean squared distance from it.
    low, high
        See above.
    """
    x = p.astype(np.float64)
    total = x.sum(axis=1)
    spread = np.sqrt((x * (1.0 - x)).sum(axis=1))
    share = x / np.maximum(total, 1e-12)[:, None]
    shannon = -(share * np.log(np.maximum(share, 1e-300))).sum(axis=1)
    lcbd = np.square(np.sqrt(share) - mean).sum(axis=1) / max(variance, 1e-12)
    ends = (np.clip(total + times * spread, 0.0, x.shape[1]) for times in (low, high))
    return np.stack([total, *ends, shannon, lcbd], axis=1).astype(np.float32)
