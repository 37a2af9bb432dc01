"""The job ``ablate``: one alignment, strictly evaluated, with one choice of the method changed at a time."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from botaclip.core.errors import OptionError, PairingError
from botaclip.core.progress import SILENT, Progress
from botaclip.core.unfinished import check_writable
from botaclip.training.ablation_document import ablation_document, lines_of, write_ablation
from botaclip.training.ablation_ground import Ground, fewer, seen_through
from botaclip.training.ablation_scores import PREVALENCE, RAW, Judged, adjust, judge, left_out_row, row_of, shown
from botaclip.training.ablation_variants import Variant, alignment_of, factors_of, variants_of
from botaclip.training.evaluate import resampled_blocks
from botaclip.training.evaluation import CrossValidation, cross_validate
from botaclip.training.fit_state import FitState
from botaclip.training.option_checks import check_options
from botaclip.training.outer_folds import OuterFolds, block_advice, outer_splitter, say_compromises
from botaclip.training.parallel import one_thread_each
from botaclip.training.protocol import Protocol
from botaclip.training.reading import INNER_FOLDS, Reading, pairing_rules, protocol_of, read_training
from botaclip.training.recipe import Recipe
from botaclip.training.splits import Splitter, leak_report
from botaclip.training.torch_device import torch_device
from botaclip.training.train_estimate import fold_seconds
from botaclip.training.training_table import TrainingTable
from botaclip.training.views import patch_views

UNCHANGED = Variant("reference", "unchanged", is_default=True)


@dataclasses.dataclass(frozen=True)
class Work:
    """A variant, the plots as it reads them, and the ground it stands on."""

    variant: Variant
    data: TrainingTable
    ground: Ground

    def protocol(self, splitter: Splitter, parameters: Mapping[str, Any], device: str) -> Protocol:
        """Return what is tried inside every outer fold: no more steps than so many plots carry."""
        data, asked = self.data, dict(parameters) | dict(self.variant.options)
        if self.variant.share < 1.0:
            data = data.take(np.arange(max(2, round(self.variant.share * len(data)))))
        made = protocol_of(data, splitter, asked, device)
        if not self.variant.whitening:
            return made
        return dataclasses.replace(
            made,
            alignments=tuple(dataclasses.replace(a, whitening=self.variant.whitening) for a in made.alignments),
        )

    def cross_validated(
        self, parameters: Mapping[str, Any], device: str, columns: Sequence[str], kept: FitState | None,
        progress: Progress,
    ) -> list[CrossValidation]:
        """Return the out-of-fold predictions of every repeat."""
        made, count = [], len(self.ground.rounds)
        for repeat, (splitter, whole) in enumerate(self.ground.rounds):
            seed = parameters["random_state"] + repeat
            folds = list(whole) if self.variant.share == 1.0 else fewer(whole, self.variant.share, seed)
            protocol = self.protocol(splitter, dict(parameters) | {"random_state": seed}, device)
            made.append(cross_validate(
                self.data, folds, protocol, columns=columns, kept=kept,
                progress=progress.stage(repeat / count, (repeat + 1) / count),
            ))  # fmt: skip
        return made


def ablate(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip ablate``; see the option table for the parameters.

    Returns
    -------
    dict
        Paths written (``output``, ``metrics``) and ``print``: the table in words.

    Raises
    ------
    OptionError
        A factor is unknown, or the alignment makes no choices.
    """
    for key in ("output", "metrics"):
        if parameters.get(key):
            check_writable(Path(parameters[key]), overwrite=parameters["overwrite"])
    factors = factors_of(parameters["factors"])
    alignment, column = alignment_of(parameters)
    pairing_rules(parameters)
    if parameters.get("search"):
        progress.warning("--search is not used: it would change what is varied, and what is not.")
    parameters = parameters | {"alignment": alignment, "search": 0}
    check_options(parameters)
    reading = read_training(parameters, progress.stage(0.0, 0.1))
    with one_thread_each():
        device = torch_device(parameters["device"], progress)
        outer, ground = _ground(reading, parameters, progress)
        variants = variants_of(factors, alignment, ground.data, parameters)
        works = _works(variants, reading, ground, parameters, progress.stage(0.1, 0.2))
        run = _to_run(works, ground)
        cost = _cost(run, alignment, parameters, device)
        progress.info(_cost_words(alignment, works, cost))
        rows = _run(works, run, column, reading.table.data_type, parameters, device, progress.stage(0.2, 0.98))
    first, data = list(ground.rounds[0][1]), ground.data
    document = ablation_document(
        rows, alignment=alignment, column=column, factors=factors, parameters=parameters,
        data={
            "raster": str(parameters["raster"]), "releves": str(parameters["releves"]), "n_plots": len(data),
            "n_species": len(data.species), "data_type": reading.table.data_type, "encoder": parameters["encoder"],
            "patch_size_m": reading.pairs.patch.size_m, "notes": list(reading.table.report),
        },
        splits={key: value for key, value in outer.to_json(first, data.ids, "none").items() if "map" not in key},
        leaks=leak_report(data.places, first, reading.touching_m, reading.plots.digests, data.groups),
        cost={key: cost[key] for key in ("evaluations", "fits")}, notes=_notes(works, ground),
    )  # fmt: skip
    return {**write_ablation(document, parameters), "print": lines_of(document)}


def _ground(reading: Reading, parameters: dict[str, Any], progress: Progress) -> tuple[OuterFolds, Ground]:
    """Return the outer folds of the first repeat, and plots with the folds of all of them."""
    data = reading.data
    outers = [
        outer_splitter(
            data.places, data.groups, data.sites, reading.touching_m, reading.pairs.patch.size_m,
            parameters | {"random_state": parameters["random_state"] + repeat}, SILENT if repeat else progress,
        )
        for repeat in range(int(parameters["repeats"]))
    ]
    rounds = tuple((outer.splitter, tuple(outer.split(data.places, data.presence))) for outer in outers)
    block_advice(data, outers[0], parameters, progress)
    say_compromises(outers[0].splitter, list(rounds[0][1]), data, INNER_FOLDS, progress)
    return outers[0], Ground(data, rounds, resampled_blocks(data.places, outers[0]))


def _works(
    variants: Sequence[Variant], reading: Reading, ground: Ground, parameters: dict[str, Any], progress: Progress
) -> list[Work]:
    """Give every variant the plots as it reads them; what cannot be seen becomes a reason."""
    others = [each.encoder for each in variants if each.encoder and not each.reason]
    common, tables, reasons = (
        seen_through(reading, ground, others, parameters, progress.stage(0.0, 0.6)) if others else (ground, {}, {})
    )
    looking = [each for each in variants if each.factor == "augmentation" and not (each.is_default or each.reason)]
    works = []
    for variant in variants:
        data, there = ground.data, ground
        if variant.factor == "encoder":
            there = common
            if variant.encoder in reasons:
                variant = dataclasses.replace(variant, reason=reasons[variant.encoder])
            data = tables.get(variant.encoder, common.data)
        elif variant in looking:
            at = 0.6 + 0.4 * looking.index(variant) / len(looking)
            data = dataclasses.replace(data, views=patch_views(
                reading.imagery, reading.pairs, Recipe.of(parameters | dict(variant.options)),
                parameters["random_state"], progress.stage(at, at + 0.4 / len(looking)),
            ))  # fmt: skip
        works.append(Work(variant, data, there))
    return works


def _to_run(works: Sequence[Work], ground: Ground) -> list[Work]:
    """Return what has to be run: the unchanged alignment once on every ground, and every variant that can be."""
    grounds = {id(each): each for each in (ground, *(work.ground for work in works))}
    unchanged = [Work(UNCHANGED, ground.data, ground) for ground in grounds.values()]
    return unchanged + [work for work in works if not (work.variant.is_default or work.variant.reason)]


def _notes(works: Sequence[Work], ground: Ground) -> list[str]:
    """Return what has to be said of plots on several sites, and of encoders that need other plots or folds."""
    said, sites = [], len(set(ground.data.sites or ()))
    if sites > 1:
        said.append(
            f"The plots lie on {sites} sites: pooled scores reward telling sites apart, and a variant may gain by no "
            "more than that. botaclip train also gives scores within sites."
        )
    other = next((work.ground for work in works if work.ground is not ground), None)
    if other is not None:
        said.append(
            f"Encoders are compared on the {len(other.data)} plots that all of them see, training and test plots so "
            "far apart that none of them sees both at once; the unchanged alignment was run again there."
        )
    return said


def _cost(run: Sequence[Work], alignment: str, parameters: dict[str, Any], device: str) -> dict[str, float]:
    """Return how many evaluations and fits there will be, and the minutes that they take, from a few measured steps."""
    timed: dict[object, float] = {}
    fits, seconds = 0, 0.0
    for work in run:
        splitter = work.ground.rounds[0][0]
        protocol = work.protocol(splitter, parameters, device)
        mine = tuple(each for each in protocol.alignments if each.name == alignment)
        folds = sum(len(rounds[1]) for rounds in work.ground.rounds)
        fits += folds * (INNER_FOLDS * len(mine) + 1)
        some = work.data
        if work.variant.share < 1.0:
            some = some.take(np.arange(max(2, round(work.variant.share * len(some)))))
        key = (mine[0].recipe, len(mine), mine[0].checkpoints, work.variant.share, some.vectors.shape[1])
        if key not in timed:
            try:
                timed[key] = fold_seconds(
                    some, dataclasses.replace(protocol, alignments=mine), inner_folds=INNER_FOLDS, shuffled=False
                )
            except (OptionError, PairingError):  # told with its reason when its turn comes
                timed[key] = 0.0
        seconds += timed[key] * folds / max(1, min(len(work.ground.rounds[0][1]), os.cpu_count() or 1))
    return {"evaluations": len(run), "fits": fits, "minutes": seconds / 60.0}


def _cost_words(alignment: str, works: Sequence[Work], cost: Mapping[str, float]) -> str:
    left_out = sum(bool(work.variant.reason) for work in works)
    return (
        f"Ablation of {alignment}: {cost['evaluations']:.0f} evaluations of "
        f"{len({work.variant.factor for work in works})} factors"
        f"{f', {left_out} variants cannot be run' if left_out else ''}; {cost['fits']:,.0f} fits, about "
        f"{max(1, round(cost['minutes']))} min on this machine."
    )


def _run(
    works: Sequence[Work], run: Sequence[Work], column: str, data_type: str, parameters: dict[str, Any], device: str,
    progress: Progress,
) -> list[dict[str, Any]]:
    """Run what is to be run, and return the rows of the table, the references first."""
    kept = None
    if parameters.get("checkpoint"):
        # Every fold says itself what it depends on: data, folds and settings of its variant.
        kept = FitState(parameters["checkpoint"], "ablate", progress=progress)
    metrics = shown(data_type)
    references: dict[int, Judged] = {}
    rows: list[dict[str, Any]] = []
    judged: dict[int, Judged | str] = {}
    for number, work in enumerate(run):
        stage = progress.stage(number / len(run), (number + 1) / len(run))
        first = work.variant is UNCHANGED
        stage.info(f"{work.variant.factor}: {work.variant.name} ({number + 1} of {len(run)})")
        columns = (column, *((RAW,) if first or work.variant.beside_raw else ()), PREVALENCE)
        try:
            made = judge(
                work.data, work.cross_validated(parameters, device, columns, kept, stage), work.ground.blocks,
                random_state=parameters["random_state"],
            )
        except (OptionError, PairingError) as error:
            if first:
                raise
            stage.warning(f"{work.variant.factor}: {work.variant.name} is left out: {error.sentence}")
            judged[id(work)] = error.sentence
            continue
        if first:
            references[id(work.ground)] = made
        else:
            judged[id(work)] = made
    whole = references[id(run[0].ground)]
    for name in (column, RAW):
        variant = UNCHANGED if name == column else dataclasses.replace(UNCHANGED, name=RAW, is_default=False)
        rows.append(row_of(variant, name, whole, whole, column, whole, metrics))
    for work in works:
        variant, reference = work.variant, references[id(work.ground)]
        found = variant.reason or (reference if variant.is_default else judged[id(work)])
        if isinstance(found, str):
            rows.append(left_out_row(variant, column, found))
            continue
        raw = found if variant.beside_raw else reference
        rows.append(row_of(variant, column, found, reference, column, raw, metrics))
        if variant.beside_raw or (variant.is_default and variant.factor in ("size", "encoder")):
            rows.append(row_of(variant, RAW, found, reference, column, raw, metrics))
    adjust(rows, column)
    return rows
