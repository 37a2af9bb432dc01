"""Nothing is scored that is not there: noise for images, shuffled relevés, and leaks that must be found.

The machinery and the reasoning are in ``benchmarks/noise.py``, which asks the same of larger tables with the full list
of candidates; here fewer folds and steps make it quick. Seeds are fixed, so that nothing flickers, and 16 and 28 scores
are judged by simultaneous intervals, so that one in twenty tables would fail by chance, not one in two.
"""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from botaclip.training import evaluation, location
from botaclip.training import scores as scoring
from botaclip.training.alignment import Alignment
from botaclip.training.evaluation import COLUMNS, ImageSpace, Protocol
from botaclip.training.heads import logit
from botaclip.training.selection import Trial
from botaclip.training.training_table import TrainingTable

from .conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
noise = importlib.import_module("noise")

QUICK = noise.Setup(
    plots=120, width=32, species=12, folds=3, inner=2,
    alignments=(
        Alignment("whitened", checkpoints=(8, 16)), Alignment("canonical", checkpoints=(2, 8)),
        Alignment("supervised", checkpoints=(6,)), Alignment("contrastive", checkpoints=(6,)),
        Alignment("botaclip", 1.0, checkpoints=(6,)), Alignment("joint", 1.0, checkpoints=(6,)),
    ),
)  # fmt: skip
PERMUTATIONS = 39


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Leave out what is not judged here (average precision), and grow smaller forests."""
    forest = location.fit_forest

    def small_forest(*data: Any, random_state: int, trees: int) -> Any:
        return forest(*data, random_state=random_state, trees=min(trees, 8))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "auprc", lambda y, p: float("nan"))
        patch.setattr(location, "fit_forest", small_forest)
        yield


@pytest.fixture(scope="module")
def images_of_noise() -> TrainingTable:
    # One honest table in twenty would lie outside by chance; of seeds 1 to 8 none does (p from 0.10 to 0.98).
    return noise.clustered_table(QUICK, structured=False, seed=1)


@pytest.fixture(scope="module")
def shuffled_releves() -> TrainingTable:
    return noise.permuted_releves(noise.clustered_table(QUICK, structured=True), 1)


@pytest.fixture(scope="module")
def on_noise(images_of_noise: TrainingTable) -> Any:
    return noise.permutation_test(
        images_of_noise, noise.permuted_vectors, QUICK, columns=noise.NOISE_COLUMNS, permutations=PERMUTATIONS
    )


@pytest.fixture(scope="module")
def on_shuffled(shuffled_releves: TrainingTable) -> Any:
    return noise.permutation_test(
        shuffled_releves, noise.permuted_releves, QUICK, columns=COLUMNS, permutations=PERMUTATIONS
    )


def few(table: TrainingTable) -> Any:
    """Return the test of ``raw`` on few permutations: enough to see where they lie."""
    return noise.permutation_test(table, noise.permuted_vectors, QUICK, columns=("raw",), permutations=8)


def test_the_table_has_what_misleads(images_of_noise: TrainingTable) -> None:
    """Held-out blocks differ in prevalence far more than a random third of the plots would."""
    blocks = noise.SpatialBlocks(QUICK.folds, buffer=150.0, random_state=1)
    presence, folds = images_of_noise.presence, blocks.split(images_of_noise.places)
    gaps = [presence[test].mean(axis=0) - presence[train].mean(axis=0) for train, test in folds]
    by_chance = np.sqrt(presence.var(axis=0) * (1 / 40 + 1 / 80))
    assert np.sqrt(np.mean((np.array(gaps) / by_chance) ** 2)) > 1.5


def test_images_of_noise_score_as_permutations_do(on_noise: Any) -> None:
    assert on_noise.inside.all(), on_noise.table()


def test_shuffled_releves_score_as_permutations_do_in_every_column(on_shuffled: Any) -> None:
    assert on_shuffled.columns == COLUMNS
    assert on_shuffled.inside.all(), on_shuffled.table()


@pytest.mark.parametrize("statistic", noise.STATISTICS)
@pytest.mark.parametrize("which", ["on_noise", "on_shuffled"])
def test_permutations_lie_around_chance(which: str, statistic: str, request: pytest.FixtureRequest) -> None:
    """What a leak inside every run, permuted or not, would lift: AUC 0.5 and TSS 0 on average."""
    test = request.getfixturevalue(which)
    assert np.abs(test.bias[:, noise.STATISTICS.index(statistic)]).max() < noise.TOLERANCE, test.table()


@pytest.mark.parametrize("name", ["supervised", "contrastive"])
@pytest.mark.parametrize("which, table", [("on_noise", "images_of_noise"), ("on_shuffled", "shuffled_releves")])
def test_an_adapter_that_saw_all_plots_is_found(
    name: str, which: str, table: str, request: pytest.FixtureRequest
) -> None:
    honest = request.getfixturevalue(which)
    leaky = noise.scores(noise.leaked(request.getfixturevalue(table), name=name), QUICK, honest.columns)
    test = honest.against(leaky)
    raw = test.columns.index("raw")
    fold_mean = noise.STATISTICS.index("auc_fold_mean")
    assert not test.inside[raw, fold_mean], test.table()
    assert leaky[raw, fold_mean] > 0.55
    assert test.p <= 0.05


def test_a_leak_inside_the_cross_validation_is_found(
    images_of_noise: TrainingTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An adapter that saw the held-out plots and does not say so lifts permutations as well, away from chance."""
    honest, whole = ImageSpace.fit, [images_of_noise]

    def peeking(
        table: TrainingTable, releves: TrainingTable, trial: Trial, protocol: Protocol, progress: Any = None
    ) -> ImageSpace:
        trial = dataclasses.replace(trial, alignment=Alignment("supervised"), steps=80)
        return dataclasses.replace(honest(whole[0], whole[0], trial, protocol), seen=frozenset(table.ids))

    def permute(table: TrainingTable, seed: int) -> TrainingTable:
        whole[0] = noise.permuted_vectors(table, seed)
        return whole[0]

    monkeypatch.setattr(evaluation.ImageSpace, "fit", peeking)
    test = noise.permutation_test(images_of_noise, permute, QUICK, columns=("raw",), permutations=8)
    assert test.bias[0, noise.STATISTICS.index("auc_fold_mean")] > 3 * noise.TOLERANCE, test.table()


@pytest.mark.parametrize(
    "removed, sign",
    [
        pytest.param(lambda p, folds, baseline: logit(p), -1, id="nothing"),
        pytest.param(None, +1, id="the prevalence before calibration"),
    ],
)
def test_wrong_pooling_is_found(
    removed: Any, sign: int, images_of_noise: TrainingTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pooled with the fold's prevalence in it noise scores below chance, with too much of it taken out above."""
    if removed is not None:
        monkeypatch.setattr(scoring, "remove_fold_prevalence", removed)
    else:
        fitted = evaluation._with_thresholds

        def uncalibrated_baseline(column: str, table: TrainingTable, *rest: Any, **named: Any) -> Any:
            prevalence = evaluation.clipped_prevalence(table.presence)
            return dataclasses.replace(fitted(column, table, *rest, **named), baseline=prevalence)

        monkeypatch.setattr(evaluation, "_with_thresholds", uncalibrated_baseline)
    test = few(images_of_noise)
    assert sign * test.bias[0, noise.STATISTICS.index("auc")] > noise.TOLERANCE, test.table()
