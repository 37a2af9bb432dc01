"""The studies' evaluation, bookkeeping and tables, on small cases with known answers."""

from __future__ import annotations

import dataclasses
import json
from types import ModuleType

import numpy as np
import pytest

from botaclip.training.task import Task

from .small_tables import planted
from .test_landscape_plots import benchmark

COLUMNS = ("raw", "prevalence")


@pytest.fixture(scope="module")
def study() -> ModuleType:
    return benchmark("study")


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    return benchmark("study_tables")


@pytest.fixture(scope="module")
def judged(study, tmp_path_factory):
    """Return a table whose images show the plants, three tasks, and what is predicted of them."""
    table = planted(150, signal=4.0, seed=3)
    shown = table.presence[:, :3].astype(float)
    noise = np.random.default_rng(0).normal(size=(150, 2))
    tasks = [
        Task("animals", "presence", ("a", "b", "c"), shown),
        Task("counts", "abundance", ("seen", "noise"), np.column_stack([table.vectors[:, 0], noise[:, 0]])),
    ]
    setting = study.Setting(labels=(30,), draws=2, asked="none")
    blocks, folds = study.spatial_folds(table, 50.0, 20.0, folds=3)
    protocol = study.protocol_of(table, blocks, setting)
    kept = tmp_path_factory.mktemp("kept")

    def run(table=table, folds=folds):
        said: list[str] = []
        made = study.judge(
            table, folds, protocol, setting, tasks, columns=COLUMNS, known=table, kept=kept, say=said.append
        )
        return made, said

    return table, tasks, run, *run()


def test_every_plot_is_predicted_once_by_every_column(judged, study):
    table, tasks, _, made, said = judged
    assert sorted(said) == ["fold 1 of 3", "fold 2 of 3", "fold 3 of 3"]
    assert list(made.plants.suitability) == [*COLUMNS, study.CEILING]
    assert (made.plants.fold >= 0).all()
    assert list(made.tasks) == ["animals", "animals, 30 labels", "counts", "counts, 30 labels"]
    for name, draws in (("animals", 1), ("animals, 30 labels", 2)):
        for column in made.tasks[name].values():
            assert column.predicted.shape == (draws, 150, 3) and np.isfinite(column.predicted).all()


def test_the_ceiling_with_the_same_vectors_is_raw(judged, study):
    """``environment_known`` goes through the very same steps."""
    made = judged[3]
    np.testing.assert_array_equal(made.plants.suitability[study.CEILING], made.plants.suitability["raw"])
    ceiling, raw = (made.tasks["counts"][column].predicted for column in (study.CEILING, "raw"))
    np.testing.assert_allclose(ceiling, raw, rtol=1e-6)


def test_what_the_image_shows_is_found_and_noise_is_not(judged, study):
    table, tasks, _, made, _ = judged
    unit = study.scored(table, made, tasks)
    assert unit["tasks"]["animals"]["targets"]["a"]["raw"]["auc"] > 0.75
    # What is kept of a fold must not break ties: knowing nothing is exactly chance.
    assert {scores["prevalence"]["auc"] for scores in unit["tasks"]["plants"]["targets"].values()} == {0.5}
    counts = unit["tasks"]["counts"]["targets"]
    assert counts["seen"]["raw"]["spearman"] > 0.6 > 0.35 > abs(counts["noise"]["raw"]["spearman"])
    few = unit["tasks"]["animals, 30 labels"]["targets"]["a"]["raw"]["auc"]
    assert 0.5 < few <= unit["tasks"]["animals"]["targets"]["a"]["raw"]["auc"] + 0.1
    assert unit["tasks"]["animals"]["targets"]["a"]["prevalence"]["tss_at_train_threshold"] == 0.0


def test_correlation_with_the_truth(judged, study):
    """A truth that is the prediction correlates perfectly; it is asked for where it is known only."""
    table, tasks, _, made, _ = judged
    unit = study.scored(table, made, tasks, {"counts": made.tasks["counts"]["raw"].predicted[0]})
    assert unit["tasks"]["counts"]["targets"]["seen"]["raw"]["truth_spearman"] > 0.95
    assert "truth_spearman" not in unit["tasks"]["animals"]["targets"]["a"]["raw"]


def test_finished_folds_are_not_fitted_again(judged, study, monkeypatch):
    """A killed study goes on with the folds that are left, to the same numbers."""
    table, _, run, made, _ = judged
    monkeypatch.setattr(study, "fit_columns", None)
    again, said = run()
    assert said == []
    for column in COLUMNS:
        np.testing.assert_array_equal(again.plants.suitability[column], made.plants.suitability[column])
        np.testing.assert_array_equal(again.tasks["counts"][column].level, made.tasks["counts"][column].level)


def test_other_data_are_fitted_anew(judged, study):
    """What was kept of other vectors is not believed."""
    table, _, run, made, _ = judged
    other = dataclasses.replace(table, vectors=table.vectors[::-1].copy())
    again, said = run(other)
    assert len(said) == 3
    assert not np.array_equal(again.plants.suitability["raw"], made.plants.suitability["raw"])


def test_held_out_values_of_a_task_change_no_prediction(judged, study):
    """No label of a test plot is looked at: changing them all leaves its prediction as it was."""
    table, tasks, _, made, _ = judged
    train, test = made.plants.folds[0]
    changed = tasks[1].values.copy()
    changed[test] = 1_000.0 - changed[test]
    setting = study.Setting(labels=(30,), draws=2, asked="none")
    blocks, folds = study.spatial_folds(table, 50.0, 20.0, folds=3)
    task = dataclasses.replace(tasks[1], values=changed)
    again = study.judge(table, folds[:1], study.protocol_of(table, blocks, setting), setting, [task], columns=COLUMNS)
    for name in ("counts", "counts, 30 labels"):
        for column in COLUMNS:
            np.testing.assert_array_equal(
                again.tasks[name][column].predicted[:, test], made.tasks[name][column].predicted[:, test]
            )


def test_species_kept_out_leave_no_trace(study):
    table = planted(60)
    names = [*table.species, "rare 1", "rare 2"]
    less = study.without_cover_of(table, names, table.species[1::2])
    assert less.species == table.species[::2]
    assert less.cover.shape == (60, len(names) - 4) and less.presence.shape == (60, 4)
    np.testing.assert_array_equal(less.cover[:, 1], table.cover[:, 2])


def test_results_survive_and_older_ones_do_not_count(study, tmp_path):
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"1": {"400": {"targets": {}}}}))
    results = study.Results(path)
    assert results.units == {}
    results.put("400/1", {"tasks": {}, "seconds": np.float64(1.23456789), "x": float("nan"), "n": np.int64(3)})
    results.put("400/2", {"tasks": {}})
    assert results.units["400/1"] == {"tasks": {}, "seconds": 1.23457, "x": None, "n": 3}
    assert list(results.units) == ["400/1", "400/2"] and list(tmp_path.iterdir()) == [path]


def test_scores_are_kept_by_column_and_come_back_by_target(study, tmp_path):
    """What tables show survives; what they do not show, and what is no number, is left out."""
    targets = {"a": {"raw": {"auc": 0.5, "n": 3.0}, "adapted": {"auc": 0.75}}, "b": {"raw": {"auc": float("nan")}}}
    unit = {"tasks": {"plants": {"kind": "presence", "targets": targets, "intervals": {"x": [1.0]}}}}
    results = study.Results(tmp_path / "results.json")
    results.put("1", unit)
    kept = json.loads(results.path.read_text())["1"]["tasks"]["plants"]
    assert kept["scores"] == {"raw": {"auc": [0.5, None]}, "adapted": {"auc": [0.75, None]}}
    back = results.units["1"]["tasks"]["plants"]
    assert back["targets"]["a"] == {"raw": {"auc": 0.5}, "adapted": {"auc": 0.75}}
    assert back["targets"]["b"]["raw"] == {"auc": None} and back["intervals"] == {"x": [1.0]}
    # Put again beside another unit it stays the same.
    results.put("2", {"tasks": {}})
    assert results.units["1"]["tasks"]["plants"] == back


def _unit(gain: float, shift: float = 0.0) -> dict:
    targets = {}
    for i in range(12):
        raw = {"tss_at_train_threshold": 0.3 + 0.01 * i + shift, "auc": 0.7}
        better = {"tss_at_train_threshold": raw["tss_at_train_threshold"] + gain * (1 + 0.01 * i), "auc": 0.7}
        targets[f"t{i}"] = {"raw": raw, "adapted": better, "shuffled": dict(raw)}
    return {"tasks": {"plants": {"kind": "presence", "targets": targets}}, "picked": ["supervised, 40 steps"]}


def test_differences_are_paired_and_over_units(tables):
    """Three landscapes: mean of the median differences and Student's interval, computed by hand."""
    units = [_unit(gain, shift) for gain, shift in ((0.01, 0.0), (0.02, 0.1), (0.03, -0.1))]
    found = tables.difference(units, "plants", "tss_at_train_threshold", "adapted", "raw")
    medians = np.array([0.01, 0.02, 0.03]) * 1.055
    half = 4.302652729911275 * medians.std(ddof=1) / np.sqrt(3)
    assert found.mean == pytest.approx(medians.mean())
    assert (found.low, found.high) == pytest.approx((medians.mean() - half, medians.mean() + half))
    assert (found.better, found.units, found.n, found.rank_biserial) == (3, 3, 36, 1.0)
    assert found.p < 1e-6
    same = tables.difference(units, "plants", "auc", "adapted", "raw")
    assert (same.mean, same.p, same.rank_biserial, same.better) == (0.0, 1.0, 0.0, 0)


def test_two_units_have_no_interval_and_blocks_have(tables):
    units = [_unit(0.01), _unit(0.02)]
    assert np.isnan(tables.difference(units, "plants", "auc", "adapted", "raw").low)
    one = _unit(0.01)
    one["tasks"]["plants"]["intervals"] = {"adapted - raw": {"auc": [-0.1, 0.2]}}
    found = tables.difference([one], "plants", "auc", "adapted", "raw")
    assert (found.low, found.high) == (-0.1, 0.2)


def test_tables_hold_every_column_and_comparison(tables):
    units = [_unit(0.01), _unit(0.02), _unit(0.03)]
    lines = tables.score_table(units, "plants")
    assert [line.split("|")[1].strip() for line in lines[2:5]] == ["`raw`", "`adapted`", "`shuffled`"]
    assert "+0.0211 [" in lines[3] and "3/3" in lines[3]
    assert len({line.count("|") for line in lines[:5]}) == 1
    compared = "\n".join(tables.comparison_table(units, ["plants"]))
    assert "`adapted` - `raw`" in compared and "`adapted` - `shuffled`" in compared and "botaclip" not in compared
    assert tables.picked(units) == "What `auto` picked over all folds: supervised 3."


def test_pairs_by_blocks_are_the_auc():
    """All plots: the AUC itself. By labels: only pairs of one label; a block that is drawn twice counts twice."""
    from sklearn.metrics import roc_auc_score

    module = benchmark("study_blocks")
    rng = np.random.default_rng(1)
    y, level = (rng.random(60) < 0.4).astype(float), rng.normal(size=60).round(1)
    blocks = np.repeat(np.arange(6), 10)
    right, pairs = module.pair_sums(y, level, np.zeros(60, int), blocks, 6)
    assert right.sum() / pairs.sum() == pytest.approx(roc_auc_score(y, level))
    score = module._pair_score(right[None, None], pairs[None, None], blocks, np.full(6, 10.0))
    rows = np.concatenate([np.flatnonzero(blocks == block) for block in (0, 0, 3, 5)])
    assert score(rows)[0] == pytest.approx(roc_auc_score(y[rows], level[rows]))
    labels = blocks // 2
    right, pairs = module.pair_sums(y, level, labels, blocks, 6)
    each = [(roc_auc_score(y[labels == k], level[labels == k]), y[labels == k].sum() * (y[labels == k] == 0).sum())
            for k in range(3)]  # fmt: skip
    assert right.sum() / pairs.sum() == pytest.approx(np.average([a for a, _ in each], weights=[n for _, n in each]))


def test_within_sites_targets_are_counted_as_folds_have_cut_them(study):
    """Five presences whose absences were all tested in other folds leave no pair, and no target."""
    module = benchmark("study_blocks")
    rng = np.random.default_rng(3)
    fold, sites = np.tile([0, 1], 40), np.repeat(["north", "south"], 40)
    # Northern presences in fold 0 alone, northern absences in fold 1 alone: nothing to compare there.
    cut = np.where(sites == "north", fold == 0, rng.random(80) < 0.5).astype(float)
    even = (rng.random(80) < 0.5).astype(float)
    task = Task("seen", "presence", ("cut", "even"), np.column_stack([cut, even]))
    plants = study.CrossValidation((), fold, {}, {}, {}, ())

    def column(noise):
        return study.TaskColumn((task.values + rng.normal(size=(80, 2)) * noise)[None], *(np.zeros((1, 2, 2)),) * 2)

    judged = study.Judged(plants, {"seen": {"raw": column(3.0), "botaclip": column(0.1)}})
    blocks = [f"{site} {i // 10}" for i, site in enumerate(sites)]
    found = module.task_by_blocks(task, [(judged, "seen")], blocks, sites=list(sites), draws=50)
    assert list(found["targets"]) == ["cut (south)", "even (north)", "even (south)"]
    assert found["statistic"] == "mean" and found["targets"]["even (north)"]["botaclip"]["auc"] == 1.0
    gaps = [scores["botaclip"]["auc"] - scores["raw"]["auc"] for scores in found["targets"].values()]
    low, high = found["intervals"]["botaclip - raw"]["auc"]
    assert 0 < low <= np.mean(gaps) <= high < 1
    # A target that no site has often enough is no error: there is nothing to say.
    none = module.task_by_blocks(task, [(judged, "seen")], blocks, sites=list(sites), fewest=10_000, draws=20)
    assert (none["targets"], none["intervals"], none["kind"]) == ({}, {}, task.kind)
    pooled = module.task_by_blocks(task, [(judged, "seen")], blocks, draws=20)
    assert list(pooled["targets"]) == ["cut", "even"] and pooled["statistic"] == "median"
    np.testing.assert_allclose(module.interval_of_mean(np.array([[0.0, np.nan], [1.0, 3.0]])), [0.05, 1.95])


def test_units_asked_for():
    """All sizes, ten seeds of the small ones; the quick form is two."""
    module = benchmark("landscape")
    parser = module.options("")
    arguments = parser.parse_args([])
    arguments.sizes, arguments.seeds = list(module.SIZES), None
    keys = module.keys_of(arguments)
    assert sum(key.startswith("400/") for key in keys) == sum(key.startswith("1000/") for key in keys) == 10
    assert sum(key.startswith("unseen/1000/") for key in keys) == 1
    assert [key for key in keys if key.startswith("16000/")] == ["16000/1"]
    arguments.quick = True
    assert module.keys_of(arguments) == ["400/1", "400/2"]


def test_tables_go_between_their_marks(study, tmp_path):
    path = tmp_path / "results.md"
    path.write_text("# Results\n\n<!-- neon -->\nold\n<!-- /neon -->\nrest\n", encoding="utf-8")
    arguments = study.options("").parse_args(["--write"])
    for text in ("| new |\n\n", "| newer |\n"):
        study.tell("neon", text, arguments, path)
    assert path.read_text(encoding="utf-8") == "# Results\n\n<!-- neon -->\n| newer |\n<!-- /neon -->\nrest\n"
    with pytest.raises(ValueError, match="no marks"):
        study.tell("landscape", "", arguments, path)
