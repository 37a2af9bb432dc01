"""The inner validation: what it computes, that it picks the least loss, and that it finds what is there."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from botaclip.core.progress import Progress
from botaclip.training import selection
from botaclip.training.alignment import Alignment, candidates, fit_adapter
from botaclip.training.heads import PENALTIES, clipped_prevalence, fit_linear, logits_of_linear
from botaclip.training.recipe import Recipe
from botaclip.training.retrieval import retrieval
from botaclip.training.selection import Trial, best, inner_validation, relative_error
from botaclip.training.standardiser import Standardiser
from botaclip.training.training_table import TrainingTable

from .small_tables import planted, thirds


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def trial(name: str, loss: float, steps: int = 20) -> Trial:
    return Trial(Alignment(name), steps, 1.0, loss, np.zeros((1, 1)))


def test_best_is_the_least_loss_among_the_names() -> None:
    trials = [trial("none", 0.8, 0), trial("botaclip", 0.7), trial("supervised", 0.6), trial("botaclip", 0.65)]
    assert best(trials).loss == 0.6
    assert best(trials, "botaclip").loss == 0.65
    assert best(trials, "none", "botaclip").loss == 0.65
    assert best(trials, "none").label == "none"
    assert best(trials, "botaclip").label == "botaclip, 20 steps"


def test_relative_error_is_1_for_the_prevalence_and_0_for_the_truth() -> None:
    presence = planted(40, species=5).presence
    prevalence = clipped_prevalence(presence)
    scores = np.stack([np.broadcast_to(prevalence, presence.shape), presence, 0.5 * (presence + prevalence)])
    np.testing.assert_allclose(relative_error(presence, scores, prevalence), [1.0, 0.0, 0.25], atol=1e-12)


def test_frozen_vectors_are_judged_as_by_hand() -> None:
    table = planted(60, dimension=12, species=4)
    folds = thirds(table)
    trials = inner_validation(table, folds, ())
    assert [t.penalty for t in trials] == list(PENALTIES)
    assert {(t.steps, t.label) for t in trials} == {(0, "none")}
    for made in (trials[0], trials[4]):
        losses, logits = [], np.full(table.presence.shape, np.nan)
        for train, held in folds:
            scaler = StandardScaler().fit(table.vectors[train])
            inside, outside = scaler.transform(table.vectors[train]), scaler.transform(table.vectors[held])
            # The scaler's own scale is one; a ridge in units of the mean squared norm is therefore penalty * D.
            ridge = Ridge(alpha=made.penalty * 12).fit(inside, table.presence[train])
            scores, truth = ridge.predict(outside), table.presence[held]
            p = clipped_prevalence(table.presence[train])
            losses.append((((truth - scores) ** 2).sum(0) / ((truth - p) ** 2).sum(0)).mean())
            logits[held] = logits_of_linear(scores, p)
        assert made.loss == pytest.approx(np.mean(losses), rel=1e-4)
        np.testing.assert_allclose(made.logits, logits, atol=1e-3)


def test_an_adapted_trial_is_judged_as_by_hand() -> None:
    table = planted(60, dimension=12, species=4)
    folds = thirds(table)
    alignment = Alignment("botaclip", 0.1, checkpoints=(5, 12))
    trials = inner_validation(table, folds, (alignment,), random_state=3)
    made = next(t for t in trials if t.steps == 12 and t.penalty == 1.0)
    for train, held in folds:
        standardiser = Standardiser.fit(table.vectors[train])
        adapter = fit_adapter(
            standardiser(table.vectors[train]), table.take(train), alignment, 12, random_state=3
        )
        head = fit_linear(adapter(standardiser(table.vectors[train])), table.presence[train], 1.0)
        np.testing.assert_allclose(
            made.logits[held], head.logits(adapter(standardiser(table.vectors[held]))), atol=5e-3
        )


def test_plots_outside_every_inner_fold_have_no_logits() -> None:
    table = planted(40, species=3)
    trials = inner_validation(table, [(np.arange(20), np.arange(20, 30))], ())
    known = np.isfinite(trials[0].logits).all(axis=1)
    np.testing.assert_array_equal(np.flatnonzero(known), np.arange(20, 30))


def test_permuted_releves_reach_the_adapter_while_the_head_keeps_the_true_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    table = planted(60, dimension=12, species=4)
    order = np.random.default_rng(0).permutation(60)
    permuted = table.with_releves_of(order)
    folds = thirds(table)
    read: list[tuple[np.ndarray, np.ndarray]] = []
    true_fit = selection.fit_adapters

    def spy(vectors: np.ndarray, releves: TrainingTable, *rest: object, **options: object) -> object:
        read.append((releves.cover, releves.presence))
        return true_fit(vectors, releves, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(selection, "fit_adapters", spy)
    alignment = Alignment("supervised", checkpoints=(0, 4))
    trials = inner_validation(table, folds, (alignment,), releves=permuted)
    for (cover, presence), (train, _) in zip(read, folds, strict=True):
        np.testing.assert_array_equal(cover, table.cover[order][train])
        np.testing.assert_array_equal(presence, table.presence[order][train])
    # At step 0 the adapter has not moved: the head's scores are those of the true relevés on frozen vectors.
    plain = {t.penalty: t for t in inner_validation(table, folds, ())}
    for made in (t for t in trials if t.alignment.name == "supervised" and t.steps == 0):
        np.testing.assert_allclose(made.logits, plain[made.penalty].logits, atol=1e-5)
        assert made.loss == pytest.approx(plain[made.penalty].loss, rel=1e-6)


def test_a_shared_low_rank_signal_is_found_and_beats_the_frozen_vectors() -> None:
    # Thirty species on two gradients: what one species says about the image helps the others.
    table = planted(120, dimension=60, species=30, signal=1.6, rank=2, seed=5)
    trials = inner_validation(table, thirds(table), candidates(len(table)))
    raw = best(trials, "none").loss
    assert best(trials).steps > 0
    assert best(trials).loss < raw - 0.015
    assert best(trials, "botaclip").loss < raw - 0.01


def test_in_pure_noise_nothing_beats_the_prevalence_by_much() -> None:
    table = planted(120, dimension=24, species=8, signal=0.0, seed=6)
    trials = inner_validation(table, thirds(table), candidates(len(table)))
    assert best(trials).loss > 0.97
    # Where something is there to be found, the same search goes far below that.
    assert best(inner_validation(planted(120, seed=6), thirds(table), ())).loss < 0.85


def test_progress_rises_to_the_end_of_its_stage() -> None:
    table, seen = planted(40, species=3), []
    inner_validation(
        table, thirds(table), (Alignment("supervised", checkpoints=(2,)),),
        progress=Progress(lambda fraction, message: seen.append((fraction, message))),
    )  # fmt: skip
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions) and len(seen) == 6
    assert seen[1][1] == "inner validation: supervised"


def test_progress_tells_how_well_held_out_images_find_their_releves() -> None:
    table, said = planted(90, species=6), []
    inner_validation(
        table, thirds(table), (Alignment("botaclip", 1.0, checkpoints=(2, 4)),),
        progress=Progress(lambda fraction, message: said.append(message)),
    )  # fmt: skip
    told = [message for message in said if "R@5" in message]
    # Thirty held-out plots: five of them at random are a sixth.
    assert len(told) == 3 and all("4 steps: R@5" in message and "(chance .17)" in message for message in told)


def test_environment_is_standardised_in_the_inner_fold_and_judged_with_the_image() -> None:
    table = planted(60, dimension=12, species=4)
    values = np.random.default_rng(1).normal(size=(60, 2)) * [300.0, 0.01] + [900.0, 0.4]
    table = dataclasses.replace(table, environment=values.astype(np.float32))
    folds = thirds(table)
    made = next(t for t in inner_validation(table, folds, ()) if t.penalty == 3.0)
    for train, held in folds:
        image = StandardScaler().fit(table.vectors[train])
        layers = StandardScaler().fit(values[train])
        # A quarter of the image's variance in all: 12 / 4, over two layers.
        inside, outside = (
            np.hstack([image.transform(table.vectors[rows]), layers.transform(values[rows]) * np.sqrt(12 / 4 / 2)])
            for rows in (train, held)
        )
        ridge = Ridge(alpha=3.0 * 15).fit(inside, table.presence[train])
        expected = logits_of_linear(ridge.predict(outside), clipped_prevalence(table.presence[train]))
        np.testing.assert_allclose(made.logits[held], expected, atol=1e-3)


def test_closed_forms_are_judged_as_by_hand() -> None:
    table = planted(60, dimension=12, species=4)
    folds = thirds(table)
    alignments = (Alignment("whitened", checkpoints=(2, 5)), Alignment("canonical", checkpoints=(3,)))
    trials = inner_validation(table, folds, alignments)
    assert {t.label for t in trials} == {"none", "whitened, 2 axes", "whitened, 5 axes", "canonical, 3 axes"}
    made = next(t for t in trials if t.label == "whitened, 5 axes" and t.penalty == 1.0)
    for train, held in folds:
        standardiser = Standardiser.fit(table.vectors[train])
        pca = PCA(5, whiten=True, svd_solver="full").fit(standardiser(table.vectors[train]))
        inside, outside = (pca.transform(standardiser(table.vectors[rows])) for rows in (train, held))
        head = fit_linear(inside, table.presence[train], 1.0)
        np.testing.assert_allclose(made.logits[held], head.logits(outside), atol=1e-3)


def stopping(by: str) -> Alignment:
    return Alignment("botaclip", 0.1, checkpoints=(2, 30), recipe=Recipe(stopping=by))


def test_steps_can_be_chosen_by_retrieval_in_the_whole_held_out_gallery() -> None:
    table = planted(60, dimension=12, species=4)
    folds = thirds(table)
    trials = inner_validation(table, folds, (stopping("retrieval"), Alignment("supervised", checkpoints=(3,))))
    by_steps = {t.steps: t.retrieval for t in trials if t.alignment.name == "botaclip"}
    assert set(by_steps) == {2, 30}
    found = []
    for train, held in folds:
        standardiser = Standardiser.fit(table.vectors[train])
        adapter = fit_adapter(standardiser(table.vectors[train]), table.take(train), stopping("head"), 30)
        assert adapter.tower is not None
        gallery = retrieval(adapter(standardiser(table.vectors[held])), adapter.tower(table.cover[held]))
        assert gallery.plots == len(held) == 20
        found.append(gallery.mean_reciprocal_rank)
    assert by_steps[30] == pytest.approx(np.mean(found), rel=1e-9)
    # Only what has a relevé side can be stopped so.
    assert all(np.isnan(t.retrieval) for t in trials if t.alignment.name != "botaclip")
    heads = inner_validation(table, folds, (stopping("head"),))
    assert all(np.isnan(t.retrieval) for t in heads)
    for one, other in zip((t for t in trials if t.alignment.name == "botaclip"), heads[7:], strict=True):
        assert (one.loss, one.steps, one.penalty) == (other.loss, other.steps, other.penalty)


def test_the_best_by_retrieval_goes_before_the_least_loss() -> None:
    alignment = stopping("retrieval")
    trials = [
        Trial(alignment, 2, 1.0, 0.5, np.zeros((1, 1)), retrieval=0.1),
        Trial(alignment, 30, 1.0, 0.7, np.zeros((1, 1)), retrieval=0.2),
        Trial(alignment, 30, 3.0, 0.6, np.zeros((1, 1)), retrieval=0.2),
        trial("none", 0.9, 0),
    ]
    chosen = best(trials, "botaclip")
    assert (chosen.steps, chosen.penalty) == (30, 3.0)
    assert best([*trials, trial("supervised", 0.55)]).alignment.name == "supervised"
    assert best(trials).loss == 0.6
