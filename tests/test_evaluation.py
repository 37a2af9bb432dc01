"""Nothing is scored on what it has seen, thresholds come from out of fold, and columns are what they say."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from botaclip.core.errors import LeakageError, OptionError, PairingError
from botaclip.core.progress import SILENT
from botaclip.training import evaluation
from botaclip.training.alignment import Alignment
from botaclip.training.evaluation import (
    COLUMNS,
    CrossValidation,
    ImageSpace,
    Protocol,
    calibrate_and_threshold,
    check_unseen,
    choose,
    cross_validate,
    fit_columns,
    fit_spaces,
)
from botaclip.training.fit_state import FitState
from botaclip.training.location import NearestReleves
from botaclip.training.metrics import auc_columns, max_tss
from botaclip.training.protocol import ENVIRONMENT_ONLY, IMAGE_COLUMNS, columns_of
from botaclip.training.training_table import TrainingTable

from .small_tables import planted, thirds

TABLE = planted(90, dimension=16, species=6)
ALIGNMENTS = (
    Alignment("whitened", checkpoints=(4, 8)),
    Alignment("canonical", checkpoints=(2, 4)),
    Alignment("supervised", checkpoints=(8,)),
    Alignment("contrastive", checkpoints=(8,)),
    Alignment("botaclip", 0.1, checkpoints=(8,)),
    Alignment("joint", 0.1, checkpoints=(8,)),
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread, small forests."""
    torch.set_num_threads(1)
    fit_forest = evaluation.fit_forest
    monkeypatch.setattr(evaluation, "fit_forest", lambda *given, **options: fit_forest(*given, **options, trees=15))
    monkeypatch.setattr(evaluation, "LOCATION_MODELS", evaluation.LOCATION_MODELS[:2])


def protocol(asked: str = "auto", **changes: Any) -> Protocol:
    return dataclasses.replace(Protocol(asked, ALIGNMENTS, "linear", thirds), **changes)


def validate(
    asked: str = "auto", *, table: TrainingTable = TABLE, columns: tuple[str, ...] = COLUMNS,
    kept: FitState | None = None, **changes: Any,
) -> CrossValidation:
    return cross_validate(table, thirds(table), protocol(asked, **changes), columns=columns, kept=kept)


def test_scoring_seen_plots_is_refused() -> None:
    check_unseen({"a", "b"}, ["c"], what="it")
    with pytest.raises(LeakageError, match="column 'raw' was fitted on 2 of the 3 plots.*'a' among them"):
        check_unseen({"a", "b"}, ["b", "a", "c"], what="column 'raw'")


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_refuses_the_plots_it_was_fitted_on(column: str) -> None:
    train, test = thirds(TABLE)[0]
    fitted = fit_columns(TABLE.take(train), protocol(), columns=(column,))[0][column]
    suitability, positive = fitted.predict(TABLE.take(test))
    assert suitability.shape == positive.shape == (len(test), 6)
    with pytest.raises(LeakageError, match=f"column '{column}'"):
        fitted.predict(TABLE.take(np.append(test, train[4])))


def leaky(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant an adapter that is fitted on every plot, whatever training table it is asked for."""
    honest = ImageSpace.fit
    everything: Callable[..., ImageSpace] = lambda table, releves, *rest: honest(TABLE, TABLE, *rest)  # noqa: E731
    monkeypatch.setattr(ImageSpace, "fit", everything)


@pytest.mark.parametrize("head", ["linear", "forest"])
def test_an_adapter_that_has_seen_the_test_releves_is_refused(monkeypatch: pytest.MonkeyPatch, head: str) -> None:
    leaky(monkeypatch)
    with pytest.raises(LeakageError, match="30 of the 30 plots|20 of the 20 plots"):
        validate("botaclip", columns=("adapted",), head=head)


def test_an_adapter_that_saw_only_the_releves_of_the_test_plots_is_refused() -> None:
    train, test = thirds(TABLE)[0]
    trial = choose(fit_columns(TABLE.take(train), protocol(), columns=("raw",))[1], "botaclip")["adapted"]
    space = ImageSpace.fit(TABLE.take(train), TABLE.take(np.append(train[:-1], test[0])), trial, protocol())
    with pytest.raises(LeakageError, match="1 of the 30 plots"):
        check_unseen(space.seen, [TABLE.ids[i] for i in test], what="an adapter")


def test_without_alignment_adapted_is_raw_bit_for_bit() -> None:
    cv = validate("none", columns=("raw", "adapted", "shuffled"))
    for column in ("adapted", "shuffled"):
        np.testing.assert_array_equal(cv.suitability[column], cv.suitability["raw"])
        np.testing.assert_array_equal(cv.positive[column], cv.positive["raw"])
    assert cv.choices[0]["adapted"].startswith("none, penalty")


def test_columns_are_what_their_names_say() -> None:
    cv = validate("botaclip")
    assert tuple(cv.suitability) == COLUMNS
    for choices in cv.choices:
        assert choices["raw"].startswith("none, ")
        assert choices["supervised"].startswith("supervised, 8 steps")
        assert choices["contrastive"].startswith("contrastive, 8 steps")
        assert choices["joint"].startswith("joint, lambda 0.1, 8 steps")
        assert choices["raw_whitened"].startswith(("whitened, 4 axes", "whitened, 8 axes"))
        assert choices["canonical"].startswith(("canonical, 2 axes", "canonical, 4 axes"))
        assert choices["botaclip"] == choices["adapted"]
        assert choices["adapted"].startswith("botaclip, lambda 0.1, 8 steps")
        assert choices["shuffled"].startswith("botaclip, lambda 0.1, 8 steps")
        assert choices["location_only"] in ("5 nearest relevés", "15 nearest relevés")
    np.testing.assert_array_equal(cv.suitability["adapted"], cv.suitability["botaclip"])
    for one, other in (("raw", "botaclip"), ("botaclip", "shuffled"), ("supervised", "botaclip")):
        assert np.abs(cv.suitability[one] - cv.suitability[other]).max() > 1e-3
    apart = ("raw", "raw_whitened", "supervised", "contrastive", "botaclip", "canonical", "joint", "shuffled")
    for one, other in itertools.combinations(apart, 2):
        assert np.abs(cv.suitability[one] - cv.suitability[other]).max() > 1e-4, (one, other)
    # The prevalence is the training plots', constant within a fold.
    for number, (train, test) in enumerate(cv.folds):
        expected = np.broadcast_to(TABLE.presence[train].mean(axis=0), (len(test), 6))
        np.testing.assert_allclose(cv.suitability["prevalence"][test], expected, atol=1e-6)
        np.testing.assert_array_equal(cv.fold[test], number)
    assert cv.positive["prevalence"].all()


def test_every_column_but_those_without_the_image_finds_what_is_planted() -> None:
    cv = validate("auto")
    auc = {column: np.median(auc_columns(TABLE.presence, p)) for column, p in cv.suitability.items()}
    assert min(auc[column] for column in IMAGE_COLUMNS if column != "shuffled") > 0.7
    assert auc["location_only"] < 0.62 and auc["prevalence"] < 0.55


def test_same_seed_same_result_other_seed_another() -> None:
    columns = ("adapted", "shuffled", "location_only")
    one, same = (validate("botaclip", columns=columns, random_state=4) for _ in range(2))
    for column in columns:
        np.testing.assert_array_equal(one.suitability[column], same.suitability[column])
    other = validate("botaclip", columns=("shuffled",), random_state=5)
    assert np.abs(one.suitability["shuffled"] - other.suitability["shuffled"]).max() > 1e-3


def test_plots_left_out_by_the_buffer_are_neither_trained_on_nor_scored() -> None:
    every = np.arange(90)
    cv = cross_validate(TABLE, [(every[:50], every[60:])], protocol(), columns=("raw",))
    np.testing.assert_array_equal(np.flatnonzero(cv.fold >= 0), every[60:])
    assert np.isnan(cv.suitability["raw"][:60]).all() and np.isfinite(cv.suitability["raw"][60:]).all()


def test_a_species_is_expected_above_what_the_calibrators_make_of_its_prevalence() -> None:
    random = np.random.default_rng(1)
    presence = (random.random((90, 2)) < 0.4).astype(float)
    logits = random.normal(size=(90, 2)) + presence
    folds = thirds(TABLE)
    calibrators, thresholds = calibrate_and_threshold(presence, logits, folds)
    share = presence.mean(axis=0)
    neutral = np.log(share / (1 - share))
    np.testing.assert_allclose(thresholds, calibrators(neutral[None])[0])
    expected = 1 / (1 + np.exp(-(calibrators.slope * neutral + calibrators.intercept)))
    np.testing.assert_allclose(thresholds, expected, rtol=1e-6)


def test_a_plot_that_no_inner_fold_held_out_calibrates_nothing() -> None:
    random = np.random.default_rng(1)
    presence = (random.random((90, 2)) < 0.4).astype(float)
    logits = random.normal(size=(90, 2)) + presence
    some = [(train, held[held < 85]) for train, held in thirds(TABLE)]
    before = calibrate_and_threshold(presence, logits, some)[0]
    logits[85:] = np.nan
    after = calibrate_and_threshold(presence, logits, some)[0]
    np.testing.assert_allclose(after.slope, before.slope)
    np.testing.assert_allclose(after.intercept, before.intercept)


class _Memory:
    """A head that knows every plot of the table it was fitted on by heart, and nothing of any other."""

    def __init__(self, vectors: np.ndarray, presence: np.ndarray) -> None:
        self.known = {row.tobytes(): (20.0 * y - 10.0) for row, y in zip(vectors, presence, strict=True)}
        self.species = presence.shape[1]

    def logits(self, vectors: np.ndarray) -> np.ndarray:
        guess = lambda row: np.random.default_rng(abs(int(1e4 * row[0]))).normal(size=self.species)  # noqa: E731
        return np.array([self.known.get(row.tobytes(), guess(row)) for row in vectors])


def test_a_head_that_knows_the_sample_by_heart_is_calibrated_on_its_guesses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(evaluation, "fit_forest", lambda vectors, presence, **_: _Memory(vectors, presence))
    fitted = fit_columns(TABLE, protocol("none", head="forest"), columns=("raw",))[0]["raw"]
    in_sample = fitted.calibrate(fitted.predict_logits(TABLE))
    assert max_tss(TABLE.presence[:, 0], in_sample[:, 0])[0] == 1.0
    # Guesses calibrate to about the prevalence; a threshold from in-sample scores would lie near a perfect 1.
    folds, logits = thirds(TABLE), np.full(TABLE.presence.shape, np.nan)
    for train, held in folds:
        space = ImageSpace.fit(
            TABLE.take(train), TABLE.take(train), choose(fit_columns(TABLE, protocol(), columns=())[1], "none")["raw"],
            protocol(),
        )
        head = _Memory(space(TABLE.vectors[train]), TABLE.presence[train])
        logits[held] = head.logits(space(TABLE.vectors[held]))
    np.testing.assert_allclose(fitted.thresholds, calibrate_and_threshold(TABLE.presence, logits, folds)[1])
    perfect, certain = calibrate_and_threshold(TABLE.presence, 20.0 * TABLE.presence - 10.0, folds)
    assert (np.abs(fitted.thresholds - certain) > 0.02).any()
    # The calibrator, too, knows that the head's certainty is worth little.
    sure = np.full((1, 6), 10.0)
    assert (fitted.calibrate(sure) < perfect(sure) - 0.02).all()


def test_forest_heads_judge_adapted_vectors_too() -> None:
    cv = validate("supervised", columns=("raw", "adapted"), head="forest")
    assert np.median(auc_columns(TABLE.presence, cv.suitability["raw"])) > 0.65
    assert np.abs(cv.suitability["raw"] - cv.suitability["adapted"]).max() > 1e-3
    linear = validate("supervised", columns=("raw",))
    assert np.abs(linear.suitability["raw"] - cv.suitability["raw"]).max() > 0.05


def test_location_takes_the_better_of_its_models(monkeypatch: pytest.MonkeyPatch) -> None:
    clustered = dataclasses.replace(TABLE, presence=(TABLE.places[:, :1] > 1_000).astype(np.float32).repeat(6, axis=1))
    assert evaluation._fit_location(clustered, thirds(TABLE), protocol()).choice == "5 nearest relevés"
    scattered = evaluation._fit_location(TABLE, thirds(TABLE), protocol())
    assert scattered.choice == "15 nearest relevés"
    expected = NearestReleves(TABLE.places, TABLE.presence, 15).logits(TABLE.places[:5])
    np.testing.assert_array_equal(scattered.predict_logits(TABLE.take(np.arange(5))), expected)


def test_inner_space_of_a_forest_is_fitted_inside_the_inner_fold() -> None:
    trial = choose(fit_columns(TABLE, protocol(), columns=())[1], "supervised")["adapted"]
    for train, held in thirds(TABLE):
        space = ImageSpace.fit(TABLE.take(train), TABLE.take(train), trial, protocol(), SILENT)
        assert space.seen == {TABLE.ids[i] for i in train}
        assert not space.seen & {TABLE.ids[i] for i in held}
        assert space.adapter is not None and space.adapter.steps == 8


def with_environment(table: TrainingTable = TABLE, *, gain: float = 6.0) -> TrainingTable:
    """Return the table with two layers, of which the first shows the first species to a part."""
    random = np.random.default_rng(8)
    values = random.normal(size=(len(table), 2)) * [300.0, 0.01] + [900.0, 0.4]
    values[:, 0] += gain * 100.0 * table.presence[:, 0]
    return dataclasses.replace(table, environment=values.astype(np.float32))


def test_environment_has_a_column_of_its_own_before_location() -> None:
    assert columns_of(TABLE, "auto") == (COLUMNS, {})
    columns, omitted = columns_of(with_environment(), "supervised")
    assert columns == (*IMAGE_COLUMNS, ENVIRONMENT_ONLY, "location_only", "prevalence") and not omitted
    assert COLUMNS == (*IMAGE_COLUMNS, "location_only", "prevalence")
    assert IMAGE_COLUMNS == ("raw", "raw_whitened", "supervised", "contrastive", "botaclip", "canonical", "joint",
                             "adapted", "shuffled")  # fmt: skip


def test_environment_joins_every_image_column() -> None:
    columns = ("raw", "supervised", "adapted", "shuffled", ENVIRONMENT_ONLY)
    alone = validate("botaclip", columns=columns[:-1])
    both = validate("botaclip", table=with_environment(), columns=columns)
    first = TABLE.presence[:, 0]
    for column in columns[:-1]:
        gain = [auc_columns(first[:, None], cv.suitability[column][:, :1])[0] for cv in (alone, both)]
        assert gain[1] > gain[0] + 0.02, column
    only = auc_columns(TABLE.presence, both.suitability[ENVIRONMENT_ONLY])
    assert only[0] > 0.85 and np.median(only[1:]) < only[0] - 0.15
    assert all(choices[ENVIRONMENT_ONLY].startswith(("layers", "forest")) for choices in both.choices)


def test_environment_of_the_test_plots_is_not_looked_at_in_fitting() -> None:
    """Held-out values a thousand times as large change nothing that is fitted."""
    table = with_environment()
    train, test = thirds(table)[0]
    wild = np.array(table.environment)
    wild[test] *= 1_000
    for column in ("raw", ENVIRONMENT_ONLY):
        honest, other = (
            cross_validate(one, [(train, test)], protocol("supervised"), columns=(column,))
            for one in (table, dataclasses.replace(table, environment=wild))
        )
        assert honest.choices == other.choices
        np.testing.assert_array_equal(honest.baseline[column], other.baseline[column])
    frozen = choose(fit_columns(table.take(train), protocol(), columns=())[1], "none")["raw"]
    space = [
        ImageSpace.fit(one.take(train), one.take(train), frozen, protocol())
        for one in (table, dataclasses.replace(table, environment=wild))
    ]
    np.testing.assert_array_equal(space[0].inputs(table.take(train)), space[1].inputs(table.take(train)))
    expected = table.environment[train].mean(axis=0)
    np.testing.assert_allclose(space[0].environment.standardiser.mean, expected, rtol=1e-5)


def test_environment_alone_is_taken_from_the_best_of_its_models(monkeypatch: pytest.MonkeyPatch) -> None:
    table = with_environment()
    optimum = (np.abs(table.environment[:, :1] - 1_000) < 200).astype(np.float32).repeat(6, axis=1)
    bent = dataclasses.replace(table, presence=optimum)
    monkeypatch.setattr(evaluation, "ENVIRONMENT_MODELS", evaluation.ENVIRONMENT_MODELS[:-1])
    assert evaluation._fit_environment(bent, thirds(bent), protocol()).choice.startswith("layers and squares")


def test_without_an_adapter_shuffled_is_left_out_by_name() -> None:
    cv = cross_validate(TABLE, thirds(TABLE)[:1], protocol("none"))
    assert tuple(cv.suitability) == tuple(column for column in COLUMNS if column != "shuffled")
    assert "--alignment none" in cv.omitted["shuffled"]
    assert not cross_validate(TABLE, thirds(TABLE)[:1], protocol("supervised")).omitted


def test_location_is_geocentric_where_no_plane_holds_the_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two zones whose planes overlap in numbers: only on the globe are they apart."""
    halves = np.arange(len(TABLE)) % 2
    apart = np.column_stack([TABLE.places + [0, 0], np.where(halves == 1, 5e6, 0.0)])
    presence = np.repeat(halves[:, None], 6, axis=1).astype(np.float32)
    plane = dataclasses.replace(TABLE, presence=presence)
    earth = dataclasses.replace(plane, geocentric=apart)
    auc = [
        auc_columns(presence, cross_validate(one, thirds(one), protocol(), columns=("location_only",))
                    .suitability["location_only"])[0]
        for one in (plane, earth)
    ]  # fmt: skip
    assert auc[0] < 0.75 and auc[1] == 1.0


def test_principal_components_leave_nothing_to_shuffle() -> None:
    columns, omitted = columns_of(TABLE, "whitened")
    assert "shuffled" not in columns and "read no relevé" in omitted["shuffled"]
    assert columns_of(TABLE, "canonical") == (COLUMNS, {})


def test_a_column_whose_alignment_is_not_tried_is_left_out_by_name_or_refused() -> None:
    few = ALIGNMENTS[2:3]
    cv = cross_validate(TABLE, thirds(TABLE)[:1], protocol("supervised", alignments=few))
    assert set(COLUMNS) - set(cv.suitability) == {"raw_whitened", "contrastive", "botaclip", "canonical", "joint"}
    assert cv.omitted["joint"] == "it was not tried"
    with pytest.raises(OptionError, match="column 'joint' cannot be given.*joint is not tried"):
        cross_validate(TABLE, thirds(TABLE)[:1], protocol("supervised", alignments=few), columns=("raw", "joint"))


@pytest.mark.parametrize("asked", ["whitened", "canonical", "joint", "contrastive"])
def test_what_is_asked_for_is_what_adapted_is(asked: str) -> None:
    cv = validate(asked, columns=("adapted", "shuffled"))
    assert all(choices["adapted"].startswith(asked) for choices in cv.choices)
    same = np.array_equal(cv.suitability["adapted"], cv.suitability["shuffled"])
    assert same is (asked == "whitened")  # which reads no relevé


def test_a_column_is_the_same_whatever_others_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[str, ...]] = []
    honest = evaluation.inner_validation

    def spy(table: TrainingTable, folds: Any, alignments: Any, **named: Any) -> Any:
        tried.append(tuple(each.name for each in alignments))
        return honest(table, folds, alignments, **named)

    whole = validate("botaclip")
    monkeypatch.setattr(evaluation, "inner_validation", spy)
    for columns, names in ((("raw",), ()), (("joint", "raw"), ("joint",)), (("adapted",), ("botaclip",))):
        tried.clear()
        part = validate("botaclip", columns=columns)
        assert set(tried) == {names}  # nothing is tried that no column can come to
        for column in columns:
            np.testing.assert_array_equal(part.suitability[column], whole.suitability[column])
    tried.clear()
    validate("auto", columns=("adapted",))
    assert set(tried) == {tuple(each.name for each in ALIGNMENTS)}


# --- Spaces for other models ------------------------------------------------------------------------------------------


def test_spaces_are_those_of_the_columns() -> None:
    table = with_environment()
    train, test = thirds(table)[0]
    inside, outside = table.take(train), table.take(test)
    columns = ("raw", "raw_whitened", "canonical", "adapted", ENVIRONMENT_ONLY, "location_only", "prevalence")
    spaces = fit_spaces(inside, protocol("supervised", head="forest"), columns)
    assert tuple(spaces) == columns
    raw = spaces["raw"].embed(outside)
    assert raw is not None and raw.shape == (len(test), 16 + 2)
    mean, scale = inside.vectors.mean(axis=0), inside.vectors.std(axis=0)
    np.testing.assert_allclose(raw[:, :16], (outside.vectors - mean) / scale, atol=1e-4)
    assert isinstance(spaces["adapted"].space, ImageSpace)
    np.testing.assert_array_equal(spaces["adapted"].embed(outside), spaces["adapted"].space.inputs(outside))
    # Principal components are turned back into the frozen frame: as wide, of their rank, at the same distances.
    fitted = fit_columns(inside, protocol("supervised"), columns=("raw_whitened",))[0]["raw_whitened"]
    width = int(fitted.choice.split(", ")[1].split()[0])
    narrow, wide = fitted.embed(outside), spaces["raw_whitened"].embed(outside)
    assert narrow.shape == (len(test), width + 2) and wide.shape == (len(test), 16 + 2)
    assert np.linalg.matrix_rank(wide[:, :16], tol=1e-3) == width
    np.testing.assert_allclose(wide @ wide.T, narrow @ narrow.T, atol=1e-3)
    # There, folds agree on what a number is: nearly the same vectors from two training tables.
    other = fit_columns(table.take(train[5:]), protocol("supervised"), columns=("raw_whitened",))[0]["raw_whitened"]
    again = other.space.in_frozen_frame()(outside)
    assert np.corrcoef(again[:, :16].ravel(), wide[:, :16].ravel())[0, 1] > 0.8
    np.testing.assert_array_equal(spaces["location_only"].embed(outside), outside.places)
    np.testing.assert_array_equal(spaces[ENVIRONMENT_ONLY].embed(outside), outside.environment)
    assert spaces["prevalence"].embed(outside) is None
    for column in columns:
        with pytest.raises(LeakageError, match=f"column '{column}'"):
            spaces[column].embed(table.take(np.append(test, train[0])))


def test_spaces_are_the_same_as_in_the_cross_validation() -> None:
    train, test = thirds(TABLE)[0]
    spaces = fit_spaces(TABLE.take(train), protocol("botaclip"), ("adapted", "shuffled"))
    cv = cross_validate(TABLE, [(train, test)], protocol("botaclip"), columns=("adapted", "shuffled"))
    for column, fitted in spaces.items():
        np.testing.assert_array_equal(fitted.predict(TABLE.take(test))[0], cv.suitability[column][test])


# --- Kept folds -------------------------------------------------------------------------------------------------------


def same(one: CrossValidation, other: CrossValidation) -> None:
    assert one.choices == other.choices
    np.testing.assert_array_equal(one.fold, other.fold)
    for column in one.suitability:
        np.testing.assert_array_equal(one.suitability[column], other.suitability[column])
        np.testing.assert_array_equal(one.positive[column], other.positive[column])
        np.testing.assert_array_equal(one.baseline[column], other.baseline[column])


def test_a_stopped_cross_validation_goes_on_to_the_identical_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = ("raw", "botaclip", "adapted", "shuffled", "location_only", "prevalence")
    whole = validate("botaclip", columns=columns)
    honest, calls = evaluation.fit_columns, []

    def killed(table: TrainingTable, *rest: Any, **named: Any) -> Any:
        calls.append(len(table))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return honest(table, *rest, **named)

    # One fold after the other, so that two are finished when the third is stopped.
    monkeypatch.setattr(evaluation, "over_folds", lambda n, work, progress: [work(i, SILENT) for i in range(n)])
    monkeypatch.setattr(evaluation, "fit_columns", killed)
    with pytest.raises(KeyboardInterrupt):
        validate("botaclip", columns=columns, kept=FitState(tmp_path, "key"))
    same(validate("botaclip", columns=columns, kept=FitState(tmp_path, "key")), whole)
    assert len(calls) == 4  # the two finished folds were not fitted again
    same(validate("botaclip", columns=columns, kept=FitState(tmp_path, "key")), whole)
    assert len(calls) == 4


def test_kept_folds_of_other_data_or_settings_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest, calls = evaluation.fit_columns, []

    def counted(*given: Any, **named: Any) -> Any:
        calls.append(1)
        return honest(*given, **named)

    monkeypatch.setattr(evaluation, "fit_columns", counted)
    state = FitState(tmp_path, "key")
    validate(columns=("raw",), kept=state)
    changed = dataclasses.replace(TABLE, presence=1 - TABLE.presence)
    for count, (table, columns, changes) in enumerate((
        (TABLE, ("raw",), {}), (changed, ("raw",), {}), (TABLE, ("raw", "prevalence"), {}),
        (TABLE, ("raw",), {"random_state": 2}), (TABLE, ("raw",), {"alignments": ALIGNMENTS[:3]}),
        (TABLE, ("raw",), {"choose_by": "ranking"}),
    )):  # fmt: skip
        validate(table=table, columns=columns, kept=state, **changes)
        assert len(calls) == 3 * (count + 1)


@pytest.mark.parametrize(
    ("part", "words"), [("vectors", "image vectors"), ("cover", "covers"), ("places", "places")]
)
def test_a_table_that_is_not_of_numbers_is_one_sentence(part: str, words: str) -> None:
    wrong = np.array(getattr(TABLE, part))
    wrong[5, 0] = np.nan
    with pytest.raises(PairingError, match=f"{words} of 1 of 90 plots hold .* 'p005' among them"):
        fit_columns(dataclasses.replace(TABLE, **{part: wrong}), protocol("none", alignments=()), columns=("raw",))
