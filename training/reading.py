"""What ``train``, ``evaluate`` and ``ablate`` begin with: relevés read, imagery opened, every plot given its vector."""

from __future__ import annotations

import dataclasses
import inspect
import math
from typing import Any

from botaclip.core.errors import OptionError, PairingError
from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.metric_places import common_plane, geocentric, widening
from botaclip.core.pairing import Pairs, pair, remedy
from botaclip.core.pairing_rules import PairingRules
from botaclip.core.progress import SILENT, Progress
from botaclip.core.releves import ReleveTable, read_releves
from botaclip.training.alignment import LAMBDAS, SPECIES_WEIGHTS, Start, candidates
from botaclip.training.continuation import Parent
from botaclip.training.extra_releves import with_extra
from botaclip.training.outer_folds import check_buffer
from botaclip.training.protocol import Protocol
from botaclip.training.recipe import Recipe
from botaclip.training.sites import sites_of
from botaclip.training.splits import Splitter, inner_folds
from botaclip.training.training_imagery import training_imagery
from botaclip.training.training_table import TrainingTable
from botaclip.training.truth import truth_at
from botaclip.training.views import patch_views

INNER_FOLDS = 3
FEWEST_PLOTS = 20


@dataclasses.dataclass(frozen=True)
class Reading:
    """Plots with everything that is known of them.

    Parameters
    ----------
    table
        The relevés as read, all plots.
    imagery
        The scenes on their lattices, with the encoder that looks at them.
    pairs
        The plots that have both a relevé and an image patch.
    data
        The same as a table to fit on.
    parent
        The model that is continued from, or None.
    extra
        The relevés without imagery whose cover is in ``data.extra``, or None.
    """

    table: ReleveTable
    imagery: LatticeImagery
    pairs: Pairs
    data: TrainingTable
    parent: Parent | None = None
    extra: ReleveTable | None = None

    @property
    def touching_m(self) -> float:
        """Distance from which two plots share no pixel, in metres."""
        width = self.pairs.patch.size_m + self.pairs.field_m
        return width * (1.0 if self.pairs.one_crs else widening(self.data.places))

    @property
    def plots(self) -> ReleveTable:
        """The relevés of the paired plots, row by row those of ``data``."""
        return self.table.take(self.pairs.plots)


def read_training(parameters: dict[str, Any], progress: Progress, parent: Parent | None = None) -> Reading:
    """Read relevés and imagery, and pair them.

    Parameters
    ----------
    parameters
        Options of ``train``, ``evaluate`` or ``ablate``.
    progress
        Told what was found.
    parent
        The model that is continued from.

    Raises
    ------
    ReleveError, RasterError, EncoderError, OptionError
        Something cannot be read.
    PairingError
        There are too few plots, or no folds can be made of them.
    """
    table, imagery = read_sources(parameters, progress.stage(0.0, 0.15), parent)
    check_buffer(table, imagery, parameters)
    augmented = Recipe.of(parameters).augmentation
    pairs = pair_plots(table, imagery, parameters, progress.stage(0.15, 0.5 if augmented else 1.0))
    return complete(table, imagery, pairs, parameters, progress, parent)


def read_sources(
    parameters: dict[str, Any], progress: Progress, parent: Parent | None = None
) -> tuple[ReleveTable, LatticeImagery]:
    """Read the relevés and open the imagery; see :func:`read_training`."""
    progress.update(0.0, "reading relevés")
    table = read_table(parameters)
    for line in table.report:
        progress.info(line)
    return table, training_imagery(parameters, progress, parent)


def complete(
    table: ReleveTable, imagery: LatticeImagery, pairs: Pairs, parameters: dict[str, Any], progress: Progress,
    parent: Parent | None = None,
) -> Reading:
    """Return paired plots with everything that training needs to know of them; see :func:`read_training`."""
    recipe = Recipe.of(parameters)
    table, extra = with_extra(parameters, table, pairs.plots, _extra_reach_m(pairs, parameters), progress)
    data = training_table(table, pairs, parameters["raster"])
    data = dataclasses.replace(data, extra=None if extra is None else extra.cover)
    views = patch_views(imagery, pairs, recipe, parameters["random_state"], progress.stage(0.5, 1.0))
    data = dataclasses.replace(data, views=views)
    progress.info(f"{len(data)} plots with an image patch, {len(data.species)} species to model.")
    return Reading(table, imagery, pairs, data, parent, extra)


def _extra_reach_m(pairs: Pairs, parameters: dict[str, Any]) -> float:
    """Return how far extra relevés stay away from every plot: their patches would not meet, nor the buffer."""
    return max(float(parameters.get("buffer") or 0.0), math.sqrt(2.0) * (pairs.patch.size_m + pairs.field_m))


def read_table(parameters: dict[str, Any]) -> ReleveTable:
    """Read the relevés with every option that is about reading them."""
    known = inspect.signature(read_releves).parameters
    return read_releves(
        parameters["releves"],
        **{key: value for key, value in parameters.items() if key in known and key != "releves"},
    )


def pairing_rules(parameters: dict[str, Any]) -> PairingRules:
    """Return which plots are taken, by size, date and exactness.

    Raises
    ------
    OptionError
        A date cannot be read.
    """
    return PairingRules(parameters["patch_size"], parameters["image_date"], parameters["date_tolerance"])


def pair_plots(
    table: ReleveTable, imagery: LatticeImagery, parameters: dict[str, Any], progress: Progress = SILENT
) -> Pairs:
    """Give every plot its frozen vector on the lattice of its scene."""
    return pair(table, imagery, imagery.lattice.patch(parameters["patch_size"]), pairing_rules(parameters), progress)


def training_table(table: ReleveTable, pairs: Pairs, raster: str) -> TrainingTable:
    """Return the plots that were paired, with the species that have enough presences among them.

    Raises
    ------
    PairingError
        Fewer than 20 plots, or no species with enough presences.
    """
    kept = table.take(pairs.plots)
    if len(kept) < FEWEST_PLOTS:
        raise PairingError(
            f"only {len(kept)} plots have both a relevé and an image patch; at least {FEWEST_PLOTS} are needed",
            remedy=remedy(pairs.dropped_counts),
        )
    if not len(kept.targets):
        raise PairingError(
            f"no species has at least {kept.min_presences} presences among the {len(kept)} usable plots",
            remedy="lower --min-presences or bring more relevés",
        )
    species = tuple(str(kept.species[i]) for i in kept.targets)
    places, _ = common_plane(pairs.points, [lattice.crs_wkt for lattice in pairs.lattices])
    earth = geocentric(pairs.points)
    return TrainingTable(
        ids=tuple(str(name) for name in kept.plot_ids),
        places=places,
        vectors=pairs.image_vectors,
        blocks=pairs.encoder.blocks,
        cover=kept.cover,
        presence=kept.presence[:, kept.targets].toarray().astype("float32"),
        species=species,
        groups=None if kept.groups is None else tuple(str(g) for g in kept.groups),
        truth=truth_at(raster, pairs.points, species),
        environment=pairs.environment,
        geocentric=None if pairs.one_crs else earth,
        sites=sites_of(earth, None if kept.sites is None else [str(name) for name in kept.sites]),
        habitats=None if kept.habitats is None else tuple(str(name or "") for name in kept.habitats),
        columns=tuple(int(index) for index in kept.targets),
    )


def lambdas_of(parameters: dict[str, Any]) -> tuple[float, ...]:
    """Return the weights of the geometry-preserving term that are to be tried.

    Raises
    ------
    OptionError
        One of them is no number from 0 to 1,000,000.
    """
    return _weights(parameters, "lambda", "0.1,1") or LAMBDAS


def species_weights_of(parameters: dict[str, Any]) -> tuple[float, ...]:
    """Return the weights of the species head that are to be tried in ``joint``.

    Raises
    ------
    OptionError
        One of them is no number from 0 to 1,000,000.
    """
    return _weights(parameters, "species-weight", "0.3,1,3") or SPECIES_WEIGHTS


def _weights(parameters: dict[str, Any], name: str, example: str) -> tuple[float, ...]:
    given = parameters.get(name.replace("-", "_"))
    words = [word.strip() for word in ("" if given is None else str(given)).split(",") if word.strip()]
    found = []
    for word in words:
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not 0.0 <= value <= 1e6:
            raise OptionError(
                f"--{name} cannot be {word!r}", remedy=f"give numbers from 0 upwards, separated by commas: {example}"
            )
        found.append(value)
    return tuple(dict.fromkeys(found))


def protocol_of(
    data: TrainingTable, outer: Splitter, parameters: dict[str, Any], device: str,
    start: Start | None = None,
) -> Protocol:
    """Return what is done inside every outer fold."""
    return Protocol(
        asked=parameters["alignment"],
        alignments=candidates(
            len(data), recipe=Recipe.of(parameters), lambdas=lambdas_of(parameters), epochs=parameters["epochs"],
            start=start, dimension=data.vectors.shape[1], species_weights=species_weights_of(parameters),
        ),
        head=parameters["head"],
        inner_folds=lambda inside: inner_folds(outer, inside.places, n_splits=INNER_FOLDS, groups=inside.groups),
        random_state=parameters["random_state"],
        device=device,
        search=parameters.get("search") or 0,
        choose_by=parameters.get("choose_by") or "error",
    )
