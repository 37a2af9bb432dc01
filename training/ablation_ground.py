"""On which plots and folds a variant of an ablation is run: the same for all, as far as that can be.

Another encoder sees other pixels around a plot. Where it sees farther, training plots nearer than that to a test plot
leave the fold, and where it cannot see a plot, the plot leaves; both for all encoders, the one asked for among them.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import EncoderError, OptionError, PairingError, RasterError
from botaclip.core.progress import Progress
from botaclip.training.folds import Split, Splitter, metres, outside_buffer
from botaclip.training.reading import Reading, pair_plots
from botaclip.training.recipe import Recipe
from botaclip.training.training_imagery import training_imagery
from botaclip.training.training_table import TrainingTable
from botaclip.training.views import patch_views

Index = NDArray[np.integer]


@dataclasses.dataclass(frozen=True)
class Ground:
    """Plots, and their outer folds in every repeat.

    Parameters
    ----------
    data
        The plots as the unchanged alignment reads them.
    rounds
        Splitter and folds of every repeat.
    blocks
        Block of each plot (N,) that intervals draw from.
    """

    data: TrainingTable
    rounds: tuple[tuple[Splitter, tuple[Split, ...]], ...]
    blocks: NDArray[np.integer]

    def on(self, rows: Index, touching_m: float | None) -> Ground:
        """Return the same with fewer plots, and training plots farther from test plots.

        Parameters
        ----------
        rows
            Plots that stay.
        touching_m
            Distance from which training plots are used, in spatial folds; as it is when None.

        Raises
        ------
        PairingError
            Nothing is left to train on.
        """
        data, rounds = self.data.take(rows), []
        position = np.full(len(self.data), -1)
        position[rows] = np.arange(len(rows))
        for splitter, folds in self.rounds:
            if touching_m is not None and splitter.spatial and touching_m > splitter.buffer:
                splitter = copy.copy(splitter)
                splitter.buffer = touching_m  # type: ignore[misc]
            kept = []
            for train, test in folds:
                train, test = (part[part >= 0] for part in (position[train], position[test]))
                train = outside_buffer(metres(data.places), train, test, buffer=splitter.buffer)
                if not len(train):
                    raise PairingError(
                        f"a distance of {splitter.buffer:g} m between training and test plots leaves a fold no "
                        "training plots", remedy="use larger blocks or fewer folds",
                    )  # fmt: skip
                if len(test):
                    kept.append((train, test))
            rounds.append((splitter, tuple(kept)))
        return Ground(data, tuple(rounds), self.blocks[rows])


def fewer(folds: Sequence[Split], share: float, random_state: int) -> list[Split]:
    """Return the folds with a share of their training plots, and the same test plots.

    What a smaller share takes is among what a larger one takes, and the whole is the fold as it is.
    """
    made = []
    for number, (train, test) in enumerate(folds):
        order = np.random.default_rng([random_state, number]).permutation(len(train))
        count = max(1, int(np.ceil(share * len(train) - 1e-9)))
        made.append((train[np.sort(order[:count])], test))
    return made


def seen_through(
    reading: Reading, ground: Ground, encoders: Sequence[str], parameters: Mapping[str, Any], progress: Progress
) -> tuple[Ground, dict[str, TrainingTable], dict[str, str]]:
    """Pair the plots again with each of these encoders.

    Parameters
    ----------
    reading
        The plots as read with the encoder asked for.
    ground
        Those plots and their folds.
    encoders
        Other encoders.
    parameters
        Options of ``ablate``; but for the encoder they stay as they are.
    progress
        Told what was found, and how far it is.

    Returns
    -------
    ground, tables, reasons
        Plots and folds that suit all of them, ``ground`` itself where those do; the plots through each encoder; and
        why one of them cannot be used.
    """
    found: dict[str, tuple[Index, TrainingTable]] = {}
    reasons: dict[str, str] = {}
    touching, place = reading.touching_m, {int(plot): row for row, plot in enumerate(reading.pairs.plots)}
    for number, name in enumerate(encoders):
        stage = progress.stage(number / len(encoders), (number + 1) / len(encoders))
        try:
            table, reach = _through(reading, place, dict(parameters) | {"encoder": name}, stage)
        except (EncoderError, RasterError, PairingError, OptionError) as error:
            reasons[name] = error.sentence
            continue
        found[name] = table
        touching = max(touching, reach)
    rows = np.arange(len(ground.data))
    for own, _ in found.values():
        rows = np.intersect1d(rows, own)
    asked = parameters.get("buffer") is not None or not all(splitter.spatial for splitter, _ in ground.rounds)
    wider = None if asked or touching <= reading.touching_m else touching
    common = ground
    if len(rows) < len(ground.data) or wider is not None:
        try:
            common = ground.on(rows, wider)
        except PairingError as error:
            return ground, {}, reasons | dict.fromkeys(found, error.sentence)
    return common, {name: table.take(np.searchsorted(own, rows)) for name, (own, table) in found.items()}, reasons


def _through(
    reading: Reading, place: Mapping[int, int], parameters: dict[str, Any], progress: Progress
) -> tuple[tuple[Index, TrainingTable], float]:
    """Return rows of the ground that this encoder sees (sorted), the plots through it, and how far it sees."""
    imagery = training_imagery(parameters | {"embed_encoder": "auto"}, progress.stage(0.0, 0.1))
    recipe = Recipe.of(parameters)
    pairs = pair_plots(reading.table, imagery, parameters, progress.stage(0.1, 0.5 if recipe.augmentation else 1.0))
    views = patch_views(imagery, pairs, recipe, parameters["random_state"], progress.stage(0.5, 1.0))
    rows = np.array([place.get(int(plot), -1) for plot in pairs.plots])
    order = np.argsort(rows, kind="stable")
    order = order[rows[order] >= 0]
    table = dataclasses.replace(
        reading.data.take(rows[order]), vectors=pairs.image_vectors[order], blocks=pairs.encoder.blocks,
        views=None if views is None else views[order],
    )
    return (rows[order], table), dataclasses.replace(reading, imagery=imagery, pairs=pairs).touching_m
