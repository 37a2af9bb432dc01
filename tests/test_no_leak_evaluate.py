"""Neither protocol of ``evaluate`` scores what is not there; sizes and reasoning as in ``test_no_leak.py``.

On images of noise every permutation of the vectors is as likely as what is observed, so the scores of the same pipeline
on permuted tables are its null distribution, the tie of relevés to space included.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import numpy as np
import pytest

from botaclip.core.errors import LeakageError
from botaclip.training import evaluation_scores
from botaclip.training.alignment import Alignment
from botaclip.training.downstream import Downstream
from botaclip.training.evaluation import Fitted
from botaclip.training.evaluation_scores import scores_of
from botaclip.training.paper_protocol import OutOfFold, evaluate_as_paper, out_of_fold_vectors, stratified_folds
from botaclip.training.protocol import IMAGE_COLUMNS
from botaclip.training.strict_protocol import evaluate_strictly
from botaclip.training.task import Task
from botaclip.training.task_predictions import TaskPredictions
from botaclip.training.task_scores import task_scores
from botaclip.training.training_table import TrainingTable

from .test_no_leak import noise

FOREST = Downstream(trees=12)
SETUP = noise.Setup(
    plots=100, width=16, species=10, folds=3, inner=2,
    alignments=(  # one for every column
        Alignment("supervised", checkpoints=(8,)), Alignment("contrastive", checkpoints=(8,)),
        Alignment("botaclip", 1.0, checkpoints=(8,)), Alignment("joint", 1.0, checkpoints=(8,)),
        Alignment("canonical", checkpoints=(3,)), Alignment("whitened", checkpoints=(6,)),
    ),
)  # fmt: skip
FEW = tuple(each for each in SETUP.alignments if each.name in ("supervised", "botaclip"))
PERMUTATIONS = 19


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what is not judged here."""
    monkeypatch.setattr(evaluation_scores, "_tss_max_biomod2", lambda y, p: float("nan"))
    monkeypatch.setattr("botaclip.training.metrics.auprc", lambda y, p: float("nan"))


def _folds(table: TrainingTable, columns: tuple[str, ...] = IMAGE_COLUMNS):
    blocks = noise.SpatialBlocks(SETUP.folds, buffer=150.0, random_state=1)
    few = set(columns) <= {"raw", "supervised", "botaclip", "prevalence"}
    setup = dataclasses.replace(SETUP, alignments=FEW) if few else SETUP
    return list(blocks.split(table.places)), setup.protocol(blocks)


def strict(table: TrainingTable, columns: tuple[str, ...]) -> TaskPredictions:
    folds, protocol = _folds(table, columns)
    return evaluate_strictly(table, folds, protocol, [Task.plants(table)], [FOREST], columns=columns).tasks[0]


def paper(table: TrainingTable, columns: tuple[str, ...]) -> TaskPredictions:
    folds, protocol = _folds(table, columns)
    embedded = out_of_fold_vectors(table, folds, protocol, columns=columns)
    return evaluate_as_paper(table, embedded, [Task.plants(table)], [FOREST], folds=SETUP.folds)[0]


def means(predictions: TaskPredictions) -> np.ndarray:
    """Return the mean over species of each statistic (C, 4)."""
    scores = scores_of(predictions)
    return np.array([
        [np.nanmean([columns[column][name] for columns in scores.values()]) for name in noise.STATISTICS]
        for column in predictions.predicted
    ])  # fmt: skip


def permutation_test(
    run: Callable[..., TaskPredictions], columns: tuple[str, ...], permutations: int = PERMUTATIONS, seed: int = 1
):
    table = noise.clustered_table(SETUP, structured=False, seed=seed)
    null = [means(run(noise.permuted_vectors(table, 1_000 + r), columns)) for r in range(permutations)]
    return noise.PermutationTest(columns, means(run(table, columns)), np.array(null))


@pytest.mark.parametrize("run", [strict, paper], ids=["strict", "paper"])
def test_images_of_noise_score_as_permutations_do(run: Callable[..., TaskPredictions]) -> None:
    test = permutation_test(run, ("raw", "supervised", "botaclip"))
    assert test.inside.all(), test.table()
    # What leaks inside every run, permuted or not, shows as a distance from chance.
    assert np.abs(test.bias).max() < 2 * noise.TOLERANCE, test.table()


@pytest.mark.parametrize("run", [strict, paper], ids=["strict", "paper"])
def test_every_image_column_is_at_chance_on_images_of_noise(run: Callable[..., TaskPredictions]) -> None:
    """Four tables instead of the slow test's permutations: enough for what an adapter that saw all plots brings."""
    found = np.mean([
        means(run(noise.clustered_table(SETUP, structured=False, seed=seed), IMAGE_COLUMNS)) for seed in range(1, 5)
    ], axis=0)  # fmt: skip
    off = found - noise.CHANCE
    # Standard errors are about .02 (AUC) and .03 (TSS); the planted leak scores AUC .59 to .68, TSS .15 to .3.
    assert off[:, :2].max() < 0.06 and off[:, 2:].max() < 0.1, (IMAGE_COLUMNS, off)


@pytest.mark.slow
@pytest.mark.parametrize("run", [strict, paper], ids=["strict", "paper"])
def test_images_of_noise_in_every_image_column(run: Callable[..., TaskPredictions]) -> None:
    # As many as the bound on their mean needs: by 19 its standard error is .01 to .02.
    test = permutation_test(run, IMAGE_COLUMNS, permutations=39)
    assert test.inside.all(), test.table()
    # A leak lifts. Below chance is another matter: a forest is not centred on its training prevalence, which pooling
    # takes out, so that pooled noise scores some hundredths too low (AUC -0.015 to -0.032 by 39 permutations).
    assert test.bias.max() < noise.TOLERANCE and test.bias.min() > -0.06, test.table()


def test_an_adapter_that_saw_all_plots_lifts_the_papers_scores() -> None:
    """What the protocol is there to prevent would show in this test: one adapter for all plots, cross-validated."""
    table = noise.clustered_table(SETUP, structured=False, seed=1)
    leaky = means(paper(noise.leaked(table), ("raw",)))
    assert leaky[0, noise.STATISTICS.index("auc")] > 0.55


def test_a_space_that_has_seen_a_plot_is_never_used_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    table = noise.clustered_table(SETUP, structured=False)
    folds, protocol = _folds(table)
    # A fold whose training plots hold one of its test plots.
    train, test = folds[0]
    wrong = [(np.append(train, test[0]), test), *folds[1:]]
    with pytest.raises(LeakageError, match="fitted on 1 of the"):
        out_of_fold_vectors(table, wrong, protocol, columns=("raw",))
    # The same where the space itself does not say so.
    monkeypatch.setattr(Fitted, "embed", lambda self, other: self.space(other))
    with pytest.raises(LeakageError, match="the space of column 'raw' was fitted on 1 of the"):
        out_of_fold_vectors(table, wrong, protocol, columns=("raw",))
    with pytest.raises(LeakageError, match="plots lie in no fold"):
        out_of_fold_vectors(table, folds[1:], protocol, columns=("raw",))


def test_vectors_out_of_fold_are_checked_again_before_they_are_used() -> None:
    table = noise.clustered_table(SETUP, structured=False)
    seen = {"raw": (frozenset({table.ids[0]}),)}
    embedded = OutOfFold({"raw": table.vectors}, np.zeros(len(table), int), seen, (), {})
    with pytest.raises(LeakageError, match="'plot 0' among them"):
        evaluate_as_paper(table, embedded, [Task.plants(table)], [FOREST], folds=3)


def test_each_plot_has_the_vector_of_the_space_that_did_not_see_its_fold() -> None:
    table = noise.clustered_table(SETUP, structured=True)
    folds, protocol = _folds(table)
    embedded = out_of_fold_vectors(table, folds, protocol, columns=("raw", "supervised", "prevalence"))
    assert embedded.vectors["prevalence"] is None
    for number, (train, test) in enumerate(folds):
        # Raw vectors are standardised by the training plots of the fold: mean 0 and variance 1 there.
        mean, scale = table.vectors[train].mean(axis=0), table.vectors[train].std(axis=0)
        assert np.allclose(embedded.vectors["raw"][test], (table.vectors[test] - mean) / scale, atol=1e-4)
        assert (embedded.fold[test] == number).all()
        assert not embedded.seen["supervised"][number] & {table.ids[i] for i in test}


def test_the_values_of_test_plots_are_not_looked_at() -> None:
    """Other values in one fold's test plots change nothing that is predicted for them."""
    table = noise.clustered_table(SETUP, structured=True)
    folds, protocol = _folds(table)
    soil = Task("soil", "abundance", ("a", "b"), np.random.default_rng(1).normal(size=(len(table), 2)))
    test = folds[0][1]
    other = soil.values.copy()
    other[test] += 100.0
    both = [
        evaluate_strictly(table, folds, protocol, [task], [FOREST], columns=("raw", "prevalence")).tasks[0]
        for task in (soil, dataclasses.replace(soil, values=other))
    ]
    for column in ("raw", "prevalence"):
        first, second = (each.predicted[column][0] for each in both)
        assert np.array_equal(first[test], second[test])
        assert not np.allclose(first[folds[1][1]], second[folds[1][1]])


def test_retrieval_on_shuffled_releves_is_at_chance() -> None:
    structured = noise.clustered_table(SETUP, structured=True)
    columns = ("raw", "supervised", "contrastive", "botaclip", "canonical", "joint")
    spaces = []
    for seed in range(3):
        table = noise.permuted_releves(structured, seed)
        folds, protocol = _folds(table)
        spaces.append(evaluate_strictly(table, folds, protocol, [], [FOREST], columns=columns).spaces)
    for column in columns:
        for k in (1, 5, 10):
            recall = np.array([each[column][f"retrieval_image_to_releve_recall_at_{k}"] for each in spaces])
            chance = spaces[0][column][f"retrieval_recall_at_{k}_chance"]
            # 300 queries: the standard error of a share of 0.15 is 0.02.
            assert recall.mean() - chance < 3 * np.sqrt(chance * (1 - chance) / 300)
    folds, protocol = _folds(structured)
    honest = evaluate_strictly(structured, folds, protocol, [], [FOREST], columns=columns).spaces["contrastive"]
    assert honest["retrieval_image_to_releve_recall_at_5"] > honest["retrieval_recall_at_5_chance"]


def test_stratified_folds_share_presences_out() -> None:
    table = noise.clustered_table(SETUP, structured=False)
    task = Task.plants(table)
    folds = stratified_folds(task, folds=3, random_state=1)
    assert sorted(np.concatenate([test for _, test in folds]).tolist()) == list(range(len(table)))
    shares = np.array([task.values[test].mean(axis=0) for _, test in folds])
    assert np.ptp(shares, axis=0).max() < 0.12
    known = np.arange(len(table)) % 4 > 0
    soil = Task("soil", "abundance", ("a",), np.where(known, np.arange(len(table)), np.nan)[:, None])
    folds = stratified_folds(soil, folds=3, random_state=1)
    assert all(known[np.concatenate(fold)].all() for fold in folds)
    means_of = [soil.values[test].mean() for _, test in folds]
    assert np.ptp(means_of) < 12  # of 0 to 99
    assert functools.reduce(np.union1d, [test for _, test in folds]).tolist() == np.flatnonzero(known).tolist()


def strips(table: TrainingTable) -> np.ndarray:
    """Return in which third from west to east each plot lies (N,)."""
    return np.argsort(np.argsort(table.places[:, 0])) * 3 // len(table)


def other_tasks(table: TrainingTable) -> list[Task]:
    """Return presences only, and abundances: far more of them in one strip than in another."""
    rng, strip = np.random.default_rng(7), strips(table)
    share = np.array([rng.permutation([0.15, 0.4, 0.65]) for _ in range(5)]).T[strip]
    seen = np.where(rng.uniform(size=share.shape) < share, 1.0, np.nan)
    mean = np.array([rng.permutation(3) for _ in range(6)]).T[strip]
    return [Task("seen", "presence-only", tuple("abcde"), seen),
            Task("sums", "abundance", tuple("abcdef"), mean + rng.normal(size=mean.shape))]  # fmt: skip


OTHERS = {
    "presence-only": ("boyce", "auc_background"),
    "abundance": ("spearman",),
}


def others(table: TrainingTable, protocol: str) -> tuple[TaskPredictions, ...]:
    folds, settings = _folds(table, ("raw",))
    if protocol == "strict":
        # Whole strips are held out, so that what is common in training plots is rare in the tested ones.
        folds = [(np.flatnonzero(strips(table) != k), np.flatnonzero(strips(table) == k)) for k in range(3)]
        return evaluate_strictly(
            table, folds, settings, other_tasks(table), [FOREST], columns=("raw", "prevalence")
        ).tasks
    embedded = out_of_fold_vectors(table, folds, settings, columns=("raw", "prevalence"))
    return evaluate_as_paper(table, embedded, other_tasks(table), [FOREST], folds=SETUP.folds)


def other_means(made: tuple[TaskPredictions, ...]) -> np.ndarray:
    return np.array([
        np.nanmean([columns["raw"][name] for columns in scores_of(each).values()])
        for each in made for name in OTHERS[each.task.kind]
    ])  # fmt: skip


@pytest.mark.parametrize("protocol", ["strict", "paper"])
def test_noise_is_at_chance_for_presences_only_and_abundances(protocol: str) -> None:
    """In every statistic within the permutations, and these around chance: a level left in would shift them all."""
    table = noise.clustered_table(SETUP, structured=False, seed=1)
    made = others(table, protocol)
    null = np.array([
        other_means(others(noise.permuted_vectors(table, 1_000 + r), protocol)) for r in range(PERMUTATIONS)
    ])  # fmt: skip
    observed = other_means(made)
    test = noise.PermutationTest(("raw",), observed[None], null[:, None])
    assert test.inside.all(), (observed, test.interval)
    bias = null.mean(axis=0) - [0, 0.5, 0]
    assert (np.abs(bias) < [0.15, 0.04, 0.08]).all(), bias
    # What knows nothing has no rank.
    for each in made:
        headline = OTHERS[each.task.kind][0]
        assert np.isnan([columns["prevalence"][headline] for columns in scores_of(each).values()]).all()
    if protocol == "strict":
        # The same predictions with their levels left in: what this test is there to find.
        rows = np.arange(len(table))
        for each in made:
            bare = task_scores(each.task, rows, each.predicted["raw"][0], fold=each.fold[0]).values()
            assert np.nanmean([scores[OTHERS[each.task.kind][0]] for scores in bare]) < -0.3
