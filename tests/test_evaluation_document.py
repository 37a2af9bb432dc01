"""What the document of ``evaluate`` says of targets without a score, and the protocol in what is printed."""

from __future__ import annotations

import numpy as np
import pytest

from botaclip.training.evaluation_document import lines_of, task_entry
from botaclip.training.evaluation_scores import scores_of, unscored_targets, unscored_words
from botaclip.training.task import Kind, Task
from botaclip.training.task_predictions import FoldPredictions, TaskPredictions

FOLD = np.repeat([0, 1], 4)
# In both folds; in the first only; everywhere in the second and nowhere else.
VALUES = np.array([
    [1, 0, 1, 0, 1, 0, 1, 0],
    [1, 1, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 1, 1, 1, 1],
]).T.astype(float)  # fmt: skip


def gathered(values: np.ndarray, kind: Kind) -> TaskPredictions:
    """Return predictions over two folds, each fitted on the other."""
    task = Task("t", kind, tuple(f"s{i}" for i in range(values.shape[1])), values)
    folds = [(np.flatnonzero(FOLD != k), np.flatnonzero(FOLD == k)) for k in (0, 1)]
    rng = np.random.default_rng(1)
    means = [values[train].mean(axis=0) for train, _ in folds]
    parts = [{"raw": FoldPredictions(rng.random((4, values.shape[1])), mean, mean)} for mean in means]
    return TaskPredictions.gathered(task, "forest", folds, parts)


def test_targets_without_a_score_are_given_a_reason() -> None:
    """As sites in two folds leave them: learnt where no test plot holds it, held where it was never learnt."""
    made = gathered(VALUES, "presence")
    scores = scores_of(made)
    found = unscored_targets(made, scores, "tss_at_train_threshold")
    # s1: learnt from the first fold, tested in the second, which lacks it; s2: one class in either training fold.
    assert found == {
        "s1": "all plots tested by folds that could learn it lack it", "s2": "no training fold both holds and lacks it",
    }  # fmt: skip
    entry = task_entry(made, scores, "strict")
    assert entry["omitted"] == found and entry["protocol"] == "strict"
    assert entry["report"] == [
        "2 of 3 targets have no score: all plots tested by folds that could learn it lack it (1), no training fold "
        "both holds and lacks it (1)."
    ]
    full = gathered(1 - VALUES, "presence")
    assert unscored_targets(full, scores_of(full), "tss_at_train_threshold")["s1"].endswith("hold it")
    assert unscored_words({}, 3) == []


@pytest.mark.parametrize(
    ("kind", "metric", "reason"),
    [("presence-only", "boyce", "no training fold both holds it and leaves plots for pseudo-absences"),
     ("abundance", "spearman", "the plots tested by folds that could learn it have too few different values")],
)
def test_other_kinds_have_reasons_of_their_own(kind: Kind, metric: str, reason: str) -> None:
    made = gathered(np.ones((8, 1)), kind)
    assert unscored_targets(made, scores_of(made), metric) == {"s0": reason}


def test_every_printed_table_names_the_protocol() -> None:
    summary = {"raw": {"auc": {"median": 0.5, "fold_mean": 0.5, "n": 3}}}
    entry = {"headline": "auc", "protocol": "strict", "summary": summary, "summary_random_folds": summary}
    document = {
        "words": ["Words."], "comparison": {}, "tasks": {"t, forest": entry}, "protocol": "strict", "omitted": {},
        "spaces": {"raw": {"floristic_mantel": 0.5}},
    }  # fmt: skip
    lines = lines_of(document)
    assert "t, forest: median of auc, protocol strict, blocked and random folds" in lines
    assert any(line.startswith("Spaces on plots that they have not seen, protocol strict, mean") for line in lines)
