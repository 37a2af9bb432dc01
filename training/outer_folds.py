"""The outer folds: plots held out as asked for, far enough from training plots that no patches touch."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import OptionError, PairingError
from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.metric_places import common_plane, geocentric, widening
from botaclip.core.pairing import inside
from botaclip.core.places import same_crs
from botaclip.core.plot_locations import parse_plot_locations
from botaclip.core.progress import SILENT, Progress
from botaclip.core.releves import ReleveTable
from botaclip.training.blocks import Shape
from botaclip.training.sites import sites_of
from botaclip.training.splits import (
    BufferedLeaveOneOut,
    LeaveSitesOut,
    RandomFolds,
    SpatialBlocks,
    Split,
    Splitter,
    StratifiedFolds,
    inner_compromise,
)
from botaclip.training.training_table import TrainingTable
from botaclip.training.variogram import Advice, advise_block_size, floristic_variables

Places = NDArray[np.floating]

# From so many plots on, leaving out one by one is warned of.
MANY_SINGLE_PLOTS = 300
# Beyond so many folds each is not spoken of by itself.
MANY_FOLDS = 20
# How each split is told; {} is the size of blocks.
WORDS = {
    "blocks": "spatial blocks, squares of {} m",
    "hexagons": "spatial blocks, hexagons as large as squares of {} m",
    "sites": "whole sites left out",
    "groups": "whole groups left out",
    "loo": "every plot left out by itself, with what is around it",
    "stratified": "stratified folds, not spatial",
    "random": "random folds, not spatial",
}


@dataclasses.dataclass(frozen=True)
class OuterFolds:
    """The outer folds as asked for, and what is known of them.

    Parameters
    ----------
    name
        ``blocks``, ``hexagons``, ``sites``, ``groups``, ``loo``, ``stratified`` or ``random``.
    splitter
        Makes the folds.
    labels
        (N,) what the splitter keeps whole (sites, groups), or None.
    groups
        (N,) groups that training and test never share, or None.
    folds
        Number of folds that was asked for.
    """

    name: str
    splitter: Splitter
    labels: Sequence[str] | None
    groups: Sequence[str] | None
    folds: int

    @property
    def spatial(self) -> bool:
        """Whether test plots are held out with what is around them; if not, scores are optimistic."""
        return self.splitter.spatial

    @property
    def words(self) -> str:
        """What is done, for people."""
        side = getattr(self.splitter, "block_size_", None)
        return WORDS[self.name].format("?" if side is None else f"{side:,.4g}" if side < 1_000 else f"{side:,.0f}")

    def split(self, places: Places, presence: NDArray[Any] | None = None) -> list[Split]:
        """Return training and test row numbers of every fold.

        Training plots that share a group with a test plot are left out where the folds cut through groups.

        Parameters
        ----------
        places
            Metres (N, 2).
        presence
            (N, S), which stratified folds are dealt out by.

        Raises
        ------
        PairingError
            The plots cannot be split so.
        """
        folds = list(self.splitter.split(places, presence, self.labels))
        if self.groups is None:
            return folds
        group = np.unique(np.asarray(self.groups).astype(str), return_inverse=True)[1].ravel()
        kept = [(train[~np.isin(group[train], group[test])], test) for train, test in folds]
        for number, (train, _) in enumerate(kept):
            if train.size == 0:
                raise PairingError(
                    f"no training plot is left for fold {number + 1} that shares no group with its test plots",
                    remedy="use --splits groups",
                )
        return kept

    def random(self, random_state: int) -> RandomFolds:
        """Return random folds to compare with: as many, but no more than asked for where plots are left out singly."""
        folds = self.folds if self.name == "loo" else self.splitter.get_n_splits(None, None, self.labels)
        return RandomFolds(folds, random_state=random_state)

    def to_json(self, folds: Sequence[Split], ids: Sequence[str], locations: str) -> dict[str, Any]:
        """Return what ``metrics.json`` says of the splits.

        Corners of blocks tell where the outermost plots lie: they are given where places are exact. The fold whose
        buffer takes most plots stands with their names, for the map.

        Parameters
        ----------
        folds
            Those of :meth:`split`.
        ids
            Names of the plots (N,).
        locations
            ``--plot-locations``.
        """
        buffered = [np.setdiff1d(np.arange(len(ids)), np.concatenate(fold)) for fold in folds]
        widest = max(range(len(folds)), key=lambda number: buffered[number].size)
        found: dict[str, Any] = {
            "name": self.name,
            "spatial": self.spatial,
            "words": self.words,
            "folds": len(folds),
            "block_size_m": getattr(self.splitter, "block_size_", None),
            "buffer_m": self.splitter.buffer,
            "map_fold": widest,
            "map_left_out": [str(ids[row]) for row in buffered[widest]],
        }
        if parse_plot_locations(locations) == 0.0:
            corners = getattr(self.splitter, "outlines_", np.empty((0, 4, 2)))
            found["outlines"] = np.round(corners, 1).tolist()
        return found


def outer_splitter(
    places: Places, groups: Sequence[str] | None, sites: Sequence[str] | None, touching_m: float, patch_m: float,
    parameters: dict[str, Any], progress: Progress = SILENT,
) -> OuterFolds:
    """Return the outer folds that ``--splits`` asks for, with the buffer that keeps patches apart.

    Stratified and random folds have no buffer unless one is asked for: they show what comes of having none.

    Parameters
    ----------
    places, groups, sites
        Where the plots lie, in metres (N, 2), which of them stay together, and on which site each lies.
    touching_m
        Distance from which two plots share no pixel.
    patch_m
        Side of a patch.
    parameters
        Options of ``train`` or ``evaluate``.
    progress
        Warned of what is not as asked for.

    Raises
    ------
    OptionError
        Groups are to be left out and none are given.
    """
    asked, folds = parameters.get("splits") or "auto", parameters["folds"]
    name = asked if asked != "auto" else "blocks" if groups is None else "groups"
    seed, buffer = parameters["random_state"], parameters["buffer"]
    if name == "groups" and groups is None:
        raise OptionError("--splits groups needs groups", remedy="name their column with --groups")
    if name in ("blocks", "hexagons", "groups"):
        whole = groups if name == "groups" else None
        shape: Shape = "hexagon" if name == "hexagons" else "square"
        blocks = outer_blocks(places, whole, touching_m, patch_m, parameters, progress, shape=shape)
        return OuterFolds(name, blocks, whole, None if whole is not None else groups, folds)
    if name in ("stratified", "random"):
        kind = StratifiedFolds if name == "stratified" else RandomFolds
        progress.warning(
            f"Plots are held out in {WORDS[name]}: they are judged by models that know their neighbours, and scores "
            "are too good for places without plots."
        )
        return OuterFolds(name, kind(folds, buffer=buffer or 0.0, random_state=seed), groups, None, folds)
    buffer = _buffer(touching_m, parameters, progress)
    if name == "sites":
        count = len(set(sites or ()))
        leave = LeaveSitesOut(folds if count > folds else None, buffer, random_state=seed)
        # One site for all where nobody looked: the splitter says that it is too few.
        return OuterFolds(name, leave, tuple(sites or ("site 1",) * len(places)), groups, folds)
    if len(places) > MANY_SINGLE_PLOTS:
        progress.warning(
            f"Leaving out plots one by one means {len(places)} folds, each with all its fits and inner trials; "
            f"--splits blocks needs {folds}."
        )
    return OuterFolds(name, BufferedLeaveOneOut(buffer, random_state=seed), groups, None, folds)


def _buffer(touching_m: float, parameters: dict[str, Any], progress: Progress) -> float:
    buffer: float | None = parameters["buffer"]
    if buffer is None:
        return touching_m
    if buffer < touching_m:
        progress.warning(
            f"With a buffer of {buffer:g} m image patches may overlap across folds and scores be too "
            f"good; {touching_m:g} m keeps them apart."
        )
    return buffer


def block_advice(
    data: TrainingTable, outer: OuterFolds, parameters: dict[str, Any], progress: Progress = SILENT
) -> Advice:
    """Say how large blocks should be after the variograms of floristic axes and richness, and warn of smaller ones.

    Only a layout is advised, and only said: no model learns from it.
    """
    values, names = floristic_variables(data.cover, data.presence)
    advice = advise_block_size(
        data.places, values, sites=data.sites, names=names, random_state=parameters["random_state"]
    )
    progress.info(advice.words)
    side: float | None = getattr(outer.splitter, "block_size_", None)
    if advice.range_m is not None and advice.block_m is not None:
        if side is not None and side < advice.range_m:
            progress.warning(
                f"Blocks of {side:,.0f} m are smaller than the {advice.range_m:,.0f} m over which plots resemble each "
                f"other: scores may be too good. --block-size {advice.block_m:.0f} would be safer, where it leaves "
                "enough blocks."
            )
        elif outer.name == "loo" and outer.splitter.buffer < advice.range_m:
            progress.warning(
                f"A buffer of {outer.splitter.buffer:,.0f} m is smaller than the {advice.range_m:,.0f} m over which "
                "plots resemble each other: scores may be too good."
            )
    return advice


def outer_blocks(
    places: Places, groups: Sequence[str] | None, touching_m: float, patch_m: float, parameters: dict[str, Any],
    progress: Progress = SILENT, *, shape: Shape = "square",
) -> SpatialBlocks:
    """Return blocks (or groups) as outer folds; by default no two patches touch across folds.

    There are as many as asked for, or as many as there are blocks (or groups) that hold plots, after a warning.

    Parameters
    ----------
    places, groups
        Where the plots lie, in metres (N, 2), and which of them stay together.
    touching_m
        Distance from which two plots share no pixel.
    patch_m
        Side of a patch.
    parameters
        Those of ``botaclip train``.
    progress
        Warned of what is not as asked for.
    shape
        Of the blocks.
    """
    buffer, folds = _buffer(touching_m, parameters, progress), parameters["folds"]
    while True:
        blocks = SpatialBlocks(
            folds, parameters["block_size"], buffer, shape=shape,
            minimum_block=2.0 * patch_m, random_state=parameters["random_state"],
        )  # fmt: skip
        units = blocks.count(places, groups=groups)
        if units >= folds or units < 2:
            break
        folds = units
    if folds < parameters["folds"]:
        noun = "blocks" if groups is None else "groups"
        progress.warning(
            f"The plots lie in {folds} {noun} only: {folds} folds are made instead of {parameters['folds']}."
        )
    return blocks


def check_buffer(table: ReleveTable, imagery: LatticeImagery, parameters: dict[str, Any]) -> None:
    """Find out before any patch is looked at that folds cannot be made; an encoder may take hours for the patches.

    All plots in the image count here, also those that are left out later.

    Raises
    ------
    PairingError
        As the splitters say.
    """
    met = np.zeros(len(table), bool)
    for scene in imagery.scenes:
        met |= inside(scene, table.points)
    kept = table.take(np.flatnonzero(met))
    if len(kept) < parameters["folds"]:
        return  # too few for anything, which is said better later
    crs = [lattice.crs_wkt for lattice in imagery.lattices]
    places, _ = common_plane(kept.points, crs)
    one_crs = all(same_crs(other, crs[0]) for other in crs)
    encoder, pixel_m = imagery.encoder, imagery.lattice.pixel_m
    field_m = (encoder.stride_px + 2 * encoder.reach_px) * pixel_m
    touching_m = (parameters["patch_size"] + field_m) * (1.0 if one_crs else widening(places))
    groups = None if kept.groups is None else tuple(str(group) for group in kept.groups)
    sites = sites_of(geocentric(kept.points), None if kept.sites is None else [str(site) for site in kept.sites])
    outer = outer_splitter(places, groups, sites, touching_m, parameters["patch_size"], parameters)
    if len(kept.targets):
        outer.split(places, kept.presence[:, kept.targets])


def say_compromises(
    outer: Splitter, folds: list[Split], data: TrainingTable, inner_folds: int, progress: Progress
) -> None:
    """Warn where the choices inside a training fold cannot be made on as many spatial folds as elsewhere."""
    said: dict[str, list[int]] = {}
    for number, (training, _) in enumerate(folds):
        part = data.take(training)
        words = inner_compromise(outer, part.places, n_splits=inner_folds, groups=part.groups)
        if not words:
            continue
        if len(folds) > MANY_FOLDS:
            said.setdefault(words, []).append(number)
            continue
        progress.warning(
            f"Fold {number + 1} has {len(part)} training plots; choices inside it were made on {words}."
        )
    for words, numbers in said.items():
        progress.warning(f"In {len(numbers)} of {len(folds)} folds choices were made on {words}.")
