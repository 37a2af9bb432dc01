"""The stratified folds of the paper's protocol keep plots that share a pixel together; leaks are in test_no_leak_*."""

from __future__ import annotations

import numpy as np
import pytest

from botaclip.training.evaluate import splits_of
from botaclip.training.leaks import leak_report
from botaclip.training.paper_protocol import ONE_PLACE, TOGETHER, kept_together, stratified_folds
from botaclip.training.task import Task


def twins(pairs: int = 40) -> tuple[np.ndarray, Task]:
    """Return 2 N plots, N places recorded twice, the second 5 m beside the first, and a task of three targets."""
    rng = np.random.default_rng(1)
    corner = np.stack(np.meshgrid(np.arange(8), np.arange(pairs // 8)), axis=-1).reshape(-1, 2) * 1_000.0
    values = (rng.uniform(size=(pairs, 3)) < 0.4).astype(float)
    return np.vstack([corner, corner + 5.0]), Task("t", "presence", tuple("abc"), np.vstack([values, values]))


@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.parametrize("kind", ["presence", "presence-only", "abundance"])
def test_twins_are_in_one_fold(kind: str, targets: int) -> None:
    places, task = twins()
    values = task.values[:, :targets]
    if kind == "presence-only":
        values = np.where(values > 0, 1.0, np.nan)
    if kind == "abundance":
        values = np.random.default_rng(2).normal(size=values.shape)
    task = Task("t", kind, task.targets[:targets], values)  # type: ignore[arg-type]
    together, said = kept_together(places, 120.0, folds=4)
    assert said == TOGETHER
    folds = stratified_folds(task, folds=4, random_state=1, together=together)
    assert sorted(np.concatenate([test for _, test in folds]).tolist()) == list(range(80))
    leaks = leak_report(places, folds, 120.0)
    assert len(folds) == 4 and all(row["overlapping_patches"] == row["same_place"] == 0 for row in leaks)
    # Without it, most test plots have their twin among the training plots: what this is there to find.
    bare = leak_report(places, stratified_folds(task, folds=4, random_state=1), 120.0)
    assert sum(row["overlapping_patches"] for row in bare) > 20


def test_plots_that_are_all_linked_stay_together_at_one_place_only() -> None:
    """A row of plots, each sharing pixels with the next, would be one fold."""
    places = np.column_stack([np.repeat(np.arange(20) * 50.0, 2), np.zeros(40)])
    together, said = kept_together(places, 120.0, folds=4)
    assert said == ONE_PLACE and together.tolist() == np.repeat(np.arange(20), 2).tolist()


def test_folds_are_what_was_tested() -> None:
    fold = np.array([1, 0, -1, 1])
    assert [(train.tolist(), test.tolist()) for train, test in splits_of(fold)] == [([0, 3], [1]), ([1], [0, 3])]
