"""Cross-validation in which nothing is scored on what it has seen.

Standardisers, VEGETA, adapter, head, threshold and calibrator are fitted inside the training fold; alignment, its
strength and the penalty are chosen by inner spatial validation of the training fold. Every column of the comparison
goes through the same steps and has its head tuned as hard. Environment predictors join every image column, and have a
column of their own. What continues from another model is never scored on plots that it may have seen. This is the
protocol ``strict``; :func:`fit_spaces` is for the other one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from botaclip.core.errors import LeakageError, OptionError, PairingError
from botaclip.core.progress import SILENT, Progress
from botaclip.training.calibration import Calibrators
from botaclip.training.continuation import without_seen
from botaclip.training.environment_only import ENVIRONMENT_MODELS, EnvironmentModel
from botaclip.training.fit_state import FitState
from botaclip.training.heads import Head, clipped_prevalence, fit_forest, fit_linear, logit
from botaclip.training.image_space import ImageSpace
from botaclip.training.importance import permutation_importance
from botaclip.training.kept_folds import Predicted, digest_of_fold, keep_fold, kept_fold
from botaclip.training.location import LOCATION_MODELS, LocationModel
from botaclip.training.nearest_releves import nearest_plots
from botaclip.training.parallel import over_folds
from botaclip.training.protocol import ALIGNED, COLUMNS, ENVIRONMENT_ONLY, Protocol, among, columns_of
from botaclip.training.search import searched
from botaclip.training.selection import Trial, best, inner_validation
from botaclip.training.training_table import TrainingTable

Array = NDArray[np.floating]
Index = NDArray[np.integer]

__all__ = [
    "COLUMNS", "CrossValidation", "Fitted", "ImageSpace", "Protocol", "calibrate_and_threshold", "check_unseen",
    "choose", "cross_validate", "fit_columns", "fit_head", "fit_image_column", "fit_spaces", "out_of_fold_logits",
]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Fitted:
    """One column fitted on one training table: predicts, and remembers which plots any part of it has seen.

    ``baseline`` (S,) is the suitability where nothing speaks for or against a species: the training prevalence after
    the calibrator, which need not leave it where it was. ``space`` maps a table to what other models may read (N, E):
    an :class:`ImageSpace`, or the predictors of a column without the image; None for ``prevalence``. ``releves`` are
    those that an image column learnt from, row by row: of ``shuffled`` other plots' ones.
    """

    column: str
    predict_logits: Callable[[TrainingTable], Array]
    calibrate: Callable[[Array], Array]
    thresholds: Array
    baseline: Array
    seen: frozenset[str]
    choice: str
    space: Callable[[TrainingTable], Array] | None = None
    releves: TrainingTable | None = None

    def embed(self, table: TrainingTable) -> Array | None:
        """Return what other models may read of plots that this column has not seen (N, E); None for ``prevalence``.

        Raises
        ------
        LeakageError
            A plot of ``table`` was used in fitting.
        """
        check_unseen(self.seen, table.ids, what=f"column '{self.column}'")
        return None if self.space is None else self.space(table)

    def predict(self, table: TrainingTable) -> tuple[Array, NDArray[np.bool_]]:
        """Return calibrated suitability (N, S) and presence at the training threshold (N, S).

        Raises
        ------
        LeakageError
            A plot of ``table`` was used in fitting.
        """
        check_unseen(self.seen, table.ids, what=f"column '{self.column}'")
        suitability = self.calibrate(self.predict_logits(table))
        return suitability, suitability >= self.thresholds


def check_unseen(seen: Collection[str], tested: Collection[str], *, what: str) -> None:
    """Refuse to score what has been seen.

    Raises
    ------
    LeakageError
        Naming how many plots are common, and one of them.
    """
    both = sorted(set(seen) & set(tested))
    if both:
        raise LeakageError(
            f"{what} was fitted on {len(both)} of the {len(tested)} plots it is to be scored on, '{both[0]}' among"
            " them",
            remedy="score it on plots it has never seen, or fit it inside the training fold",
        )


def fit_head(vectors: Array, presence: Array, penalty: float, *, head: str, random_state: int) -> Head:
    """Fit the chosen kind of head."""
    if head == "forest":
        return fit_forest(vectors, presence, random_state=random_state)
    return fit_linear(vectors, presence, penalty)


def out_of_fold_logits(
    table: TrainingTable, releves: TrainingTable, trial: Trial, protocol: Protocol,
    folds: Sequence[tuple[Index, Index]], progress: Progress,
) -> Array:
    """Return out-of-fold logits for heads other than the linear one, the adapter refitted in each inner fold."""
    logits = np.full(table.presence.shape, np.nan)
    for train, held in folds:
        inside, outside = table.take(train), table.take(held)
        space = ImageSpace.fit(inside, releves.take(train), trial, protocol, progress)
        check_unseen(space.seen, outside.ids, what="an inner adapter")
        head = fit_head(
            space.inputs(inside), inside.presence, trial.penalty,
            head=protocol.head, random_state=protocol.random_state,
        )
        logits[held] = head.logits(space.inputs(outside))
    return logits


def fit_image_column(
    column: str, table: TrainingTable, releves: TrainingTable, trial: Trial, protocol: Protocol,
    folds: Sequence[tuple[Index, Index]], progress: Progress, kept: FitState | None = None,
) -> Fitted:
    """Fit standardiser, adapter, head, calibrators and thresholds of one trial on a training table.

    ``releves`` is where the adapter takes its relevés from, row by row; ``folds`` are those ``trial`` was judged on.
    """
    logits = trial.logits
    if protocol.head != "linear":
        logits = out_of_fold_logits(table, releves, trial, protocol, folds, progress)
    # Named only where there is one: tests stand in for it.
    state = {} if kept is None else {"kept": kept.under(f"fit {column}")}
    space = ImageSpace.fit(table, releves, trial, protocol, progress, **state)
    head = fit_head(
        space.inputs(table), table.presence, trial.penalty, head=protocol.head, random_state=protocol.random_state
    )
    fitted = _with_thresholds(
        column, table, logits, folds, lambda other: head.logits(space.inputs(other)),
        f"{trial.label}, penalty {trial.penalty:g}", seen=space.seen, space=space,
    )
    return dataclasses.replace(fitted, releves=releves)


def calibrate_and_threshold(
    presence: Array, logits: Array, folds: Sequence[tuple[Index, Index]]
) -> tuple[Calibrators, Array]:
    """Fit calibrators on out-of-fold logits (N, S), and read thresholds (S,) off them.

    A species is expected where the image speaks for it: where suitability exceeds what the calibrators make of the
    training prevalence. No score from inside the sample enters. For a calibrated head this is where sensitivity +
    specificity is largest in expectation, and it varies little from sample to sample: the threshold of the largest
    out-of-fold TSS gave every column, the unadapted vectors too, a lower held-out TSS (by 0.02 with 1,000 plots,
    0.06 with 400), and pure noise a pooled TSS of -0.04.
    """
    known = np.zeros(len(presence), dtype=bool)
    for _, held in folds:
        known[held] = True
    calibrators = Calibrators.fit(presence[known], logits[known])
    return calibrators, calibrators(logit(clipped_prevalence(presence))[None])[0]


def _with_thresholds(
    column: str, table: TrainingTable, logits: Array, folds: Sequence[tuple[Index, Index]],
    predict: Callable[[TrainingTable], Array], choice: str, *, seen: frozenset[str] = frozenset(),
    space: Callable[[TrainingTable], Array] | None = None,
) -> Fitted:
    calibrators, baseline = calibrate_and_threshold(table.presence, logits, folds)
    return Fitted(column, predict, calibrators, baseline, baseline, frozenset(table.ids) | seen, choice, space)


def _fit_location(table: TrainingTable, folds: Sequence[tuple[Index, Index]], protocol: Protocol) -> Fitted:
    return _fit_without_image(
        "location_only", table, folds, protocol, LOCATION_MODELS, lambda some: some.location
    )


def _fit_environment(table: TrainingTable, folds: Sequence[tuple[Index, Index]], protocol: Protocol) -> Fitted:
    def layers(some: TrainingTable) -> Array:
        if some.environment is None:
            raise PairingError("there are no environment values to predict from", remedy="give --environment")
        return some.environment

    return _fit_without_image(ENVIRONMENT_ONLY, table, folds, protocol, ENVIRONMENT_MODELS, layers)


def _fit_without_image(
    column: str, table: TrainingTable, folds: Sequence[tuple[Index, Index]], protocol: Protocol,
    models: Sequence[LocationModel | EnvironmentModel], predictors: Callable[[TrainingTable], Array],
) -> Fitted:
    """Fit the model of least loss in inner validation."""
    values = predictors(table)
    candidates = []
    for model in models:
        logits = np.full(table.presence.shape, np.nan)
        loss = 0.0
        for train, held in folds:
            fitted = model.fit(values[train], table.presence[train], random_state=protocol.random_state)
            logits[held] = fitted.logits(values[held])
            p = expit(logits[held])
            reference = np.square(table.presence[held] - clipped_prevalence(table.presence[train])).sum(axis=0)
            error = np.square(table.presence[held] - p).sum(axis=0)
            loss += float((error[reference > 0] / reference[reference > 0]).mean()) * len(held)
        candidates.append((loss, model, logits))
    _, model, logits = min(candidates, key=lambda candidate: candidate[0])
    fitted = model.fit(values, table.presence, random_state=protocol.random_state)
    return _with_thresholds(
        column, table, logits, folds, lambda other: fitted.logits(predictors(other)),
        getattr(fitted, "label", model.name), space=predictors,
    )


def _fit_prevalence(table: TrainingTable) -> Fitted:
    prevalence = clipped_prevalence(table.presence)
    row = logit(prevalence)
    # Present everywhere in every fold: a cut at one half would be passed in some folds only, and, the prevalence
    # running against the held-out block's, pooled TSS would fall below the 0 of knowing nothing.
    return Fitted(
        "prevalence", lambda other: np.broadcast_to(row, (len(other), len(row))), expit,
        np.zeros(len(row)), prevalence, frozenset(table.ids), "share of training plots",
    )


def choose(trials: Sequence[Trial], asked: str) -> dict[str, Trial]:
    """Return the trial of each image column but ``shuffled``; columns whose alignment was not tried are left out."""
    tried = {trial.alignment.name for trial in trials}
    chosen = {"raw": best(trials, "none"), "adapted": best(trials, *(() if asked == "auto" else (asked,)))}
    return chosen | {column: best(trials, name) for column, name in ALIGNED.items() if name in tried}


def fit_columns(
    table: TrainingTable, protocol: Protocol, *, columns: Sequence[str] | None = None, kept: FitState | None = None,
    progress: Progress = SILENT,
) -> tuple[dict[str, Fitted], list[Trial]]:
    """Fit the columns (those of :func:`columns_of` when None) on one training table.

    Returns
    -------
    fitted, trials
        ``fitted[column]``, and every trial of the inner validation.

    Raises
    ------
    OptionError
        A column's alignment is not among those tried.
    PairingError
        A vector, a cover or a place is no finite number.
    """
    table.check()
    if columns is None:
        columns = columns_of(table, protocol.asked, protocol.alignments)[0]
    folds = protocol.validation_folds(table)
    trials = inner_validation(
        table, folds, protocol.alignments, choose_by=protocol.choose_by, random_state=protocol.random_state,
        device=protocol.device, kept=kept, progress=progress.stage(0.0, 0.7),
    )
    trials += searched(table, folds, trials, protocol, progress.stage(0.7, 0.7), kept, compared=True)
    chosen = choose(trials, protocol.asked)
    for column in columns:
        if column in ALIGNED and column not in chosen:
            raise OptionError(
                f"column '{column}' cannot be given, because the alignment {ALIGNED[column]} is not tried",
                remedy="leave out the column, or try that alignment",
            )
    fitted: dict[str, Fitted] = {}
    for column in columns:
        progress.update(0.7 + 0.3 * len(fitted) / len(columns), f"fitting '{column}'")
        if column == "location_only":
            fitted[column] = _fit_location(table, folds, protocol)
        elif column == ENVIRONMENT_ONLY:
            fitted[column] = _fit_environment(table, folds, protocol)
        elif column == "prevalence":
            fitted[column] = _fit_prevalence(table)
        elif column == "shuffled":
            fitted[column] = _fit_shuffled(table, chosen, protocol, folds, progress, kept)
        else:
            same = next((c for c in fitted if c in chosen and chosen[c] is chosen[column]), "")
            fitted[column] = (
                dataclasses.replace(fitted[same], column=column)
                if same
                else fit_image_column(column, table, table, chosen[column], protocol, folds, progress, kept)
            )
    return fitted, trials


def fit_spaces(
    table: TrainingTable, protocol: Protocol, columns: Sequence[str] | None = None, progress: Progress = SILENT, *,
    kept: FitState | None = None,
) -> dict[str, Fitted]:
    """Fit the columns for what their spaces show other models; see :meth:`Fitted.embed`.

    As :func:`fit_columns`, but with linear heads whatever head is asked for (what reads the space has a head of its
    own, and forests would only take time), and image spaces turned into the frozen frame, so that vectors of several
    folds can be read together: see :meth:`ImageSpace.in_frozen_frame`.
    """
    linear = dataclasses.replace(protocol, head="linear")
    if columns is not None:
        linear = _needed(linear, columns)
    fitted = fit_columns(table, linear, columns=columns, kept=kept, progress=progress)[0]
    return {
        column: dataclasses.replace(model, space=model.space.in_frozen_frame())
        if isinstance(model.space, ImageSpace) else model
        for column, model in fitted.items()
    }  # fmt: skip


def _needed(protocol: Protocol, columns: Sequence[str]) -> Protocol:
    """Return the protocol without the alignments that none of the columns can come to.

    Where a model is continued from, all stay: the plots that it has seen decide the inner folds of every column.
    """
    free = {"adapted", "shuffled"} & set(columns)
    if protocol.seen or (free and protocol.asked == "auto"):
        return protocol
    names = {ALIGNED[column] for column in columns if column in ALIGNED} | ({protocol.asked} if free else set())
    asked = protocol.asked if free else "none"
    kept = tuple(alignment for alignment in protocol.alignments if alignment.name in names)
    return dataclasses.replace(protocol, asked=asked, alignments=kept)


def _fit_shuffled(
    table: TrainingTable, chosen: Mapping[str, Trial], protocol: Protocol, folds: Sequence[tuple[Index, Index]],
    progress: Progress, kept: FitState | None = None,
) -> Fitted:
    """As ``adapted``, its adapter trained on relevés permuted among the training plots.

    It begins at the identity where ``adapted`` continues from another model: that one knew its plants.
    """
    adapted = chosen["adapted"]
    order = np.random.default_rng(protocol.random_state).permutation(len(table))
    permuted = table.with_releves_of(order)
    if adapted.steps == 0:
        frozen = adapted if adapted.frozen else chosen["raw"]
        return fit_image_column("shuffled", table, permuted, frozen, protocol, folds, progress, kept)
    alignment = dataclasses.replace(adapted.alignment.at(adapted.steps), start=None)
    trials = inner_validation(
        table, folds, (alignment,), releves=permuted, choose_by=protocol.choose_by,
        random_state=protocol.random_state, device=protocol.device,
        # Only to be cancelled: the fraction stands where the columns are.
        kept=None if kept is None else kept.under("shuffled"), progress=progress.stage(0.9, 0.9),
    )
    return fit_image_column(
        "shuffled", table, permuted, best(trials, alignment.name), protocol, folds, progress, kept
    )


@dataclasses.dataclass(frozen=True)
class CrossValidation:
    """Out-of-fold predictions of every column.

    Parameters
    ----------
    folds
        (train, test) index pairs.
    fold
        Fold of each plot (N,), -1 where none held it out.
    suitability
        Calibrated suitability by column, (N, S), NaN where not predicted.
    positive
        Presence at the training threshold by column, (N, S).
    baseline
        Suitability where nothing speaks for or against a species, by column (K, S); see :class:`Fitted`.
    choices
        Per fold, what each column settled on.
    omitted
        Usual columns that are left out, by name and reason.
    importance
        Of ``adapted``, one (P, S) a fold: see :mod:`botaclip.training.importance`.
    nearest
        Of ``adapted``, number and cosine of the training plot most alike (N, 2), NaN where not asked for.
    """

    folds: tuple[tuple[Index, Index], ...]
    fold: Index
    suitability: dict[str, Array]
    positive: dict[str, NDArray[np.bool_]]
    baseline: dict[str, Array]
    choices: tuple[dict[str, str], ...]
    omitted: dict[str, str] = dataclasses.field(default_factory=dict)
    importance: tuple[Array, ...] = ()
    nearest: Array | None = None


def cross_validate(
    table: TrainingTable, folds: Sequence[tuple[Index, Index]], protocol: Protocol, *,
    columns: Sequence[str] | None = None, importance: bool = False, kept: FitState | None = None,
    progress: Progress = SILENT,
) -> CrossValidation:
    """Predict every test plot by models that never saw it.

    Parameters
    ----------
    table
        All plots.
    folds
        (train, test) index pairs; plots that the model which the alignments start from may have seen leave the
        test, and folds without any other plot are dropped.
    protocol
        What is tried and how.
    columns
        Those of :func:`columns_of` when None.
    importance
        Whether what ``adapted`` rests on is asked as well, and which training plots look most alike; see
        :mod:`botaclip.training.importance` and :mod:`botaclip.training.nearest_releves`.
    kept
        Where finished folds and the state of unfinished fits are kept: the same call with the same folder does only
        what is left, to the same result.

    Raises
    ------
    PairingError
        All plots have been seen.
    OutputError
        The folder of ``kept`` cannot be written to.
    """
    omitted: dict[str, str] = {}
    if columns is None:
        columns, omitted = columns_of(table, protocol.asked, protocol.alignments)
    if protocol.seen:
        folds = without_seen(folds, among(protocol.seen, table))

    def fit(number: int, stage: Progress) -> dict[str, Predicted]:
        train, test = folds[number]
        if kept is None:
            return _predicted(table, train, test, protocol, columns, importance, None, stage)
        asked = [*columns, "importance", "nearest"] if importance else columns
        digest = digest_of_fold(table, train, test, protocol, asked)
        # Two cross-validations (blocks, random folds) may share a folder.
        name = f"fold {number + 1} {digest[:16]}"
        made = kept_fold(kept, name, digest, columns)
        if made is None:
            made = _predicted(table, train, test, protocol, columns, importance, kept.under(name), stage)
            keep_fold(kept, name, digest, made)
        stage.update(1.0, "done")
        return made

    predicted = over_folds(len(folds), fit, progress=progress)
    shape = table.presence.shape
    suitability = {column: np.full(shape, np.nan) for column in columns}
    positive = {column: np.zeros(shape, dtype=bool) for column in columns}
    fold, nearest = np.full(len(table), -1), np.full((len(table), 2), np.nan)
    for number, (_, test) in enumerate(folds):
        for column, each in predicted[number].items():
            suitability[column][test], positive[column][test] = each.suitability, each.positive
            if each.nearest is not None:
                nearest[test] = each.nearest
        fold[test] = number
    return CrossValidation(
        tuple(folds),
        fold,
        suitability,
        positive,
        {column: np.array([each[column].baseline for each in predicted]) for column in columns},
        tuple({column: each[column].choice for column in columns} for each in predicted),
        omitted,
        tuple(made for each in predicted
              if "adapted" in each and (made := each["adapted"].importance) is not None),
        nearest if np.isfinite(nearest).any() else None,
    )  # fmt: skip


def _predicted(
    table: TrainingTable, train: Index, test: Index, protocol: Protocol, columns: Sequence[str], importance: bool,
    kept: FitState | None, progress: Progress,
) -> dict[str, Predicted]:
    """Fit the columns on the training plots of a fold and ask them about its test plots."""
    inside, protocol = table.take(train), _needed(protocol, columns)
    fitted = fit_columns(inside, protocol, columns=columns, kept=kept, progress=progress)[0]
    outside = table.take(test)
    return {
        column: Predicted(
            *model.predict(outside), model.baseline, model.choice,
            permutation_importance(lambda some, model=model: model.predict(some)[0], outside)  # type: ignore[misc]
            if importance and column == "adapted" else None,
            nearest_plots(model.space(inside.vectors), model.space(outside.vectors), train)
            if importance and column == "adapted" and isinstance(model.space, ImageSpace) else None,
        )
        for column, model in fitted.items()
    }  # fmt: skip
