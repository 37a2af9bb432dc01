"""Zero-shot and retrieval on held-out plots: above chance with the plots' relevés, at chance with dealt-out ones."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from botaclip.core.errors import LeakageError
from botaclip.training.alignment import Alignment
from botaclip.training.evaluation import Fitted, Protocol, fit_columns
from botaclip.training.space_scores import space_scores
from botaclip.training.training_table import TrainingTable

from .small_tables import planted, thirds

COLUMNS = ("raw", "canonical", "adapted", "shuffled")
PROTOCOL = Protocol("canonical", (Alignment("canonical", checkpoints=(2, 4)),), "linear", thirds)


def table_of(seed: int) -> TrainingTable:
    table = planted(240, dimension=16, species=10, seed=seed)
    return dataclasses.replace(table, columns=tuple(range(10)))


@pytest.fixture(scope="module")
def scores() -> dict[str, dict[str, float]]:
    """Means over four planted tables of what columns score on a third of the plots."""
    torch.set_num_threads(1)
    found: dict[str, list[dict[str, float]]] = {}
    for seed in range(4):
        fitted, inside, outside = fit(table_of(seed))
        for column in COLUMNS:
            found.setdefault(column, []).append(space_scores(fitted[column], fitted["raw"], inside, outside))
    return {
        column: {name: float(np.mean([each[name] for each in made])) for name in made[0]}
        for column, made in found.items()
    }


def fit(table: TrainingTable) -> tuple[dict[str, Fitted], TrainingTable, TrainingTable]:
    train, test = thirds(table)[0]
    inside, outside = table.take(train), table.take(test)
    return fit_columns(inside, PROTOCOL, columns=COLUMNS)[0], inside, outside


def test_with_their_own_relevés_plants_are_told_without_a_head(scores: dict[str, dict[str, float]]) -> None:
    for column in ("raw", "canonical", "adapted"):
        assert scores[column]["zero_shot_auc"] > 0.65, column
        found = scores[column]
        assert found["retrieval_image_to_releve_recall_at_5"] > 2 * found["retrieval_recall_at_5_chance"]


def test_with_relevés_dealt_out_at_random_everything_is_at_chance(scores: dict[str, dict[str, float]]) -> None:
    found = scores["shuffled"]
    assert found["zero_shot_auc_chance"] == 0.5 and abs(found["zero_shot_auc"] - 0.5) < 0.06
    assert found["retrieval_mean_reciprocal_rank"] < 1.6 * found["retrieval_mean_reciprocal_rank_chance"]
    assert found["retrieval_median_rank"] > 0.8 * found["retrieval_median_rank_chance"]


def test_plots_that_the_space_has_seen_are_refused() -> None:
    fitted, inside, _ = fit(table_of(9))
    with pytest.raises(LeakageError):
        space_scores(fitted["canonical"], fitted["raw"], inside, inside)
