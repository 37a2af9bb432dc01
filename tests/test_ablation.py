"""``botaclip ablate``: one choice at a time on the same folds, nothing seen that is scored, nothing left out unsaid."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import wilcoxon

from botaclip.core import cli
from botaclip.core.commands import ABLATE
from botaclip.core.errors import Cancelled, LeakageError, OptionError
from botaclip.core.options import parse_parameters
from botaclip.core.progress import SILENT, Progress
from botaclip.training import ablation, evaluation, reading
from botaclip.training.ablation import UNCHANGED, Work, ablate
from botaclip.training.ablation_ground import Ground, fewer
from botaclip.training.ablation_scores import judge, paired, shown
from botaclip.training.ablation_variants import FACTORS, OPTIONS, Variant, variants_of
from botaclip.training.alignment import Alignment, fit_adapters
from botaclip.training.evaluation import ImageSpace, cross_validate
from botaclip.training.scores import target_scores
from botaclip.training.splits import RandomFolds, SpatialBlocks
from botaclip.training.statistics import holm
from botaclip.training.training_table import TrainingTable

from .small_landscape import CRS, releves, write_image, write_releves
from .small_tables import planted

EPOCHS = 3
TABLE = planted(72, dimension=20, species=5)
HABITATS = tuple("ab"[i % 2] for i in range(len(TABLE)))
SITES = tuple("ns"[i % 2] for i in range(len(TABLE)))
GIVEN = {"raster": "r", "releves": "t", "output": "o", "epochs": EPOCHS, "device": "cpu"}
DEFAULTS, _ = parse_parameters(ABLATE, GIVEN)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def ground(data: TrainingTable, *, folds: int = 2) -> Ground:
    """Return plots with spatial folds and blocks of 500 m."""
    splitter = SpatialBlocks(folds, 500.0, 20.0, random_state=1)
    blocks = np.unique(np.floor(data.places / 500.0), axis=0, return_inverse=True)[1].ravel()
    return Ground(data, ((splitter, tuple(splitter.split(data.places))),), blocks)


def full(table: TrainingTable = TABLE) -> TrainingTable:
    """Return a table of which everything is known, with views and plots near each other."""
    random = np.random.default_rng(5)
    views = table.vectors[:, None] + 0.1 * random.normal(size=(len(table), 2, table.vectors.shape[1]))
    return dataclasses.replace(table, habitats=HABITATS, sites=SITES, views=views.astype(np.float32))


def test_a_bad_factor_ends_the_command_before_anything_is_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    given = {"raster": "no.tif", "releves": "no.csv", "factors": "temprature", "output": str(tmp_path / "o.csv")}
    code = cli.main(["ablate", *(word for key, value in given.items() for word in (f"--{key}", value))])
    said = [line for line in capsys.readouterr().err.splitlines() if line and not line.startswith("botaclip ablate")]
    assert code != 0 and said == ["Error: --factors cannot be 'temprature'. Perhaps temperature was meant."]
    assert not list(tmp_path.iterdir())


# --- Folds and plots ----------------------------------------------------------------------------------------------


def test_sizes_are_nested_and_leave_the_test_plots_alone() -> None:
    folds = list(ground(TABLE, folds=3).rounds[0][1])
    quarter, half, whole = (fewer(folds, share, 1) for share in (0.25, 0.5, 1.0))
    for (few, a), (some, b), (most, c), (train, test) in zip(quarter, half, whole, folds, strict=True):
        assert set(few) < set(some) < set(most) and len(few) == np.ceil(len(train) / 4)
        np.testing.assert_array_equal(most, train)
        for each in (a, b, c):
            np.testing.assert_array_equal(each, test)
        assert (np.diff(few) > 0).all()
    assert any((a[0] != b[0]).any() for a, b in zip(quarter, fewer(folds, 0.25, 2), strict=True))


def test_the_ground_of_several_encoders_is_smaller_and_wider_apart() -> None:
    whole = ground(TABLE)
    rows = np.arange(3, len(TABLE))
    some = whole.on(rows, 90.0)
    assert some.data.ids == TABLE.ids[3:] and len(some.blocks) == len(rows)
    assert some.rounds[0][0].buffer == 90.0 and whole.rounds[0][0].buffer == 20.0
    for (train, test), (before, tested) in zip(some.rounds[0][1], whole.rounds[0][1], strict=True):
        assert {some.data.ids[i] for i in test} == {TABLE.ids[i] for i in tested} - set(TABLE.ids[:3])
        assert {some.data.ids[i] for i in train} < {TABLE.ids[i] for i in before}
        gap = np.abs(some.data.places[train][:, None] - some.data.places[test]).max(axis=2)
        assert gap.min() >= 90.0
    # What is not spatial is not made so.
    dice = RandomFolds(2, random_state=1)
    random = Ground(TABLE, ((dice, tuple(dice.split(TABLE.places))),), whole.blocks).on(rows, 90.0)
    assert random.rounds[0][0].buffer == 0.0


def test_whitened_adapters_are_those_of_the_whitened_vectors() -> None:
    vectors = (TABLE.vectors - TABLE.vectors.mean(axis=0)) / TABLE.vectors.std(axis=0)
    alignment = Alignment("botaclip", 1.0, (0, 3, 6))
    first = fit_adapters(vectors, TABLE, Alignment("whitened", checkpoints=(7,)))[0]
    made = fit_adapters(vectors, TABLE, dataclasses.replace(alignment, whitening=7))
    plain = fit_adapters(first(vectors), TABLE, alignment)
    assert [each.steps for each in made] == [0, 3, 6] and made[2].width == 7
    for one, other in zip(made, plain, strict=True):
        np.testing.assert_allclose(one(vectors), other(first(vectors)), atol=2e-5)
    np.testing.assert_allclose(np.cov(made[0](vectors).T, bias=True), np.eye(7), atol=1e-4)
    assert dataclasses.replace(alignment, whitening=7).at(3).whitening == 7
    with pytest.raises(OptionError, match="a residual adapter cannot be joined"):
        recipe = dataclasses.replace(alignment.recipe, adapter="residual")
        fit_adapters(vectors, TABLE, dataclasses.replace(alignment, whitening=7, recipe=recipe))


# --- Nothing is seen that is scored -------------------------------------------------------------------------------


def predictions(variant: Variant, data: TrainingTable, folds: list[Any], column: str = "botaclip") -> np.ndarray:
    here = ground(data)
    here = dataclasses.replace(here, rounds=((here.rounds[0][0], tuple(folds)),))
    asked = DEFAULTS | {"alignment": "botaclip"}
    cv = Work(variant, data, here).cross_validated(asked, "cpu", (column,), None, SILENT)[0]
    return cv.suitability[column]


EVERY = [
    each for each in variants_of(
        FACTORS, "botaclip", full(), DEFAULTS | {"positive_distance": 300.0}
    ) if not (each.reason or each.encoder or (each.is_default and each.factor != "lambda"))
]  # fmt: skip


@pytest.mark.parametrize("variant", EVERY, ids=[f"{each.factor} {each.name}" for each in EVERY])
def test_no_variant_reads_anything_of_the_test_plots(variant: Variant) -> None:
    """Their relevés, habitats and sites are garbled, and the images of half of them: nothing else changes."""
    data = full()
    train, test = ground(data).rounds[0][1][0]
    random = np.random.default_rng(8)
    half = test[: len(test) // 2]
    cover, presence, vectors, views = (np.array(part) for part in (data.cover, data.presence, data.vectors, data.views))
    cover[test] = random.uniform(0, 100, cover[test].shape)
    presence[test] = random.integers(0, 2, presence[test].shape)
    vectors[half] = random.normal(0, 50, vectors[half].shape)
    views[half] = random.normal(0, 50, views[half].shape)
    garbled = dataclasses.replace(
        data, cover=cover, presence=presence, vectors=vectors, views=views,
        habitats=tuple("zz" if i in test else name for i, name in enumerate(HABITATS)),
    )  # fmt: skip
    folds = [(train, test)] if variant.share == 1.0 else fewer([(train, test)], variant.share, 1)
    plain = dataclasses.replace(variant, share=1.0)
    before, after = (predictions(plain, some, folds) for some in (data, garbled))
    rest = np.setdiff1d(test, half)
    assert np.isfinite(before[rest]).all()
    np.testing.assert_array_equal(before[rest], after[rest])
    assert (before[half] != after[half]).any()


def test_a_leak_is_no_variant_that_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = ImageSpace.fit
    monkeypatch.setattr(ImageSpace, "fit", lambda table, releves, *rest, **more: honest(TABLE, TABLE, *rest, **more))
    here = ground(TABLE)
    works = [Work(Variant("bias", "-5", {"bias": -5.0}), TABLE, here)]
    with pytest.raises(LeakageError, match="column 'botaclip' was fitted on"):
        ablation._run(
            works, [Work(UNCHANGED, TABLE, here), *works], "botaclip", "abundance",
            DEFAULTS | {"alignment": "botaclip"}, "cpu", SILENT,
        )  # fmt: skip


def test_what_pooled_scores_reward_is_said_where_there_are_several_sites() -> None:
    here = ground(full())
    works = [Work(UNCHANGED, here.data, here)]
    assert ablation._notes([Work(UNCHANGED, TABLE, ground(TABLE))], ground(TABLE))[0].startswith("Encoders are")
    assert [note[:28] for note in ablation._notes(works, here)] == ["The plots lie on 2 sites: po"]


def test_size_all_is_the_unchanged_bit_for_bit() -> None:
    here = ground(TABLE)
    folds = list(here.rounds[0][1])
    whole = predictions(Variant("size", "all", share=1.0), TABLE, folds)
    np.testing.assert_array_equal(whole, predictions(UNCHANGED, TABLE, fewer(folds, 1.0, 1)))
    half = predictions(UNCHANGED, TABLE, fewer(folds, 0.5, 1))
    assert np.isfinite(half).all() and (half != whole).any()


# --- Scores -------------------------------------------------------------------------------------------------------


def test_species_that_one_run_only_could_learn_are_not_paired() -> None:
    here = ground(TABLE)
    asked = DEFAULTS | {"alignment": "botaclip"}
    presence = TABLE.presence.copy()
    train, test = here.rounds[0][1][0]
    gone = fewer([(train, test)], 0.25, 1)[0][0]
    presence[gone, 0] = 0.0  # the first species is not met in the quarter of the first fold
    presence[np.setdiff1d(train, gone), 0] = 1.0
    table = dataclasses.replace(TABLE, presence=presence)
    columns = ("botaclip", "raw", "prevalence")
    made = [
        judge(table, Work(variant, table, dataclasses.replace(here, data=table)).cross_validated(
            asked, "cpu", columns, None, SILENT), here.blocks)
        for variant in (UNCHANGED, Variant("size", "quarter", share=0.25))
    ]  # fmt: skip
    found = paired(made[1], "botaclip", made[0], "botaclip", "auc")
    same = (made[0].learnt[0] == made[1].learnt[0]).all(axis=0)
    assert not same[0] and found["n"] == same.sum()
    gaps = made[1].values["botaclip"]["auc"] - made[0].values["botaclip"]["auc"]
    assert found["median"] == pytest.approx(np.median(gaps[same]))
    assert paired(made[0], "raw", made[0], "raw", "auc")["median"] == 0.0


def test_presence_only_releves_have_no_absences_to_score() -> None:
    assert shown("presence-only") == {"auc_background": "auc"}
    assert list(shown("presence-absence")) == ["tss_at_train_threshold", "auc", "relative_error"]


# --- The job ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("ablate")
    write_image(folder / "image.tif")
    write_releves(folder / "releves.csv", releves())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOTACLIP_CACHE", str(folder / "cache"))
        yield folder


def parameters(folder: Path, name: str, **asked: Any) -> dict[str, Any]:
    given = {
        "raster": str(folder / "image.tif"), "releves": str(folder / "releves.csv"), "crs": CRS, "x_field": "x",
        "y_field": "y", "folds": 2, "epochs": EPOCHS, "device": "cpu", "min_presences": 10,
        "output": str(folder / f"{name}.csv"), "metrics": str(folder / f"{name}.json"),
        "factors": "bias,size,encoder,positives,augmentation", "encoders": "colour-texture,nowhere",
    }  # fmt: skip
    made, unknown = parse_parameters(ABLATE, given | asked)
    assert not unknown
    return made


Run = tuple[dict[str, Any], list[dict[str, str]], list[str], list[str]]


def run(folder: Path, name: str, **asked: Any) -> Run:
    log: list[str] = []
    outputs = ablate(parameters(folder, name, **asked), Progress(log=lambda _, message: log.append(message)))
    with (folder / f"{name}.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8")), rows, outputs["print"], log


@pytest.fixture(scope="module")
def made(folder: Path) -> Run:
    return run(folder, "plain")


def test_the_unchanged_is_the_column_of_cross_validate(folder: Path, made: Run) -> None:
    asked = parameters(folder, "x") | {"alignment": "botaclip"}
    found = reading.read_training(asked, SILENT)
    outer = ablation._ground(found, asked, SILENT)[0]
    folds = outer.split(found.data.places, found.data.presence)
    cv = cross_validate(
        found.data, folds, reading.protocol_of(found.data, outer.splitter, asked, "cpu"),
        columns=("raw", "botaclip", "contrastive", "prevalence"),
    )  # fmt: skip
    targets = target_scores(found.data, cv)
    for column, row in zip(("botaclip", "raw"), made[0]["factors"]["reference"], strict=True):
        assert row["column"] == column
        for name, scores in row["targets"].items():
            assert scores["tss_at_train_threshold"] == targets[name][column]["tss_at_train_threshold"]
            assert scores["auc"] == targets[name][column]["auc"]
            relative = targets[name][column]["brier"] / targets[name]["prevalence"]["brier"]
            assert scores["relative_error"] == pytest.approx(relative)


def test_every_variant_stands_in_the_table(made: Run) -> None:
    document, rows, lines, log = made
    named = {(row["factor"], row["variant"], row["column"]) for row in rows}
    assert {("reference", "unchanged", "botaclip"), ("reference", "raw", "raw")} < named
    for size in ("quarter", "half", "all"):
        assert {("size", size, "botaclip"), ("size", size, "raw")} < named
    assert {("encoder", "colour-texture", "raw"), ("augmentation", "dihedral+crop+colour", "botaclip")} < named
    out = {(row["factor"], row["variant"]): row["left_out"] for row in rows if row["left_out"]}
    assert set(out) == {("positives", "site"), ("encoder", "nowhere")}
    assert "no encoder 'nowhere'" in out["encoder", "nowhere"]
    assert any("left out: site: all plots lie on one site" in line for line in lines)
    # One encoder sees farther than the other, so that they have folds and a reference of their own.
    assert [row["variant"] for row in document["factors"]["encoder"] if row["is_default"]] == ["random-conv"]
    assert document["notes"] == [lines[lines.index("* unchanged") + 1]] and "on the 69 plots" in document["notes"][0]
    cost = next(message for message in log if message.startswith("Ablation of botaclip"))
    fits = document["cost"]["fits"]
    assert f"{fits} fits, about " in cost and " min on this machine" in cost
    # Two folds, three inner folds, and the column itself.
    assert fits == document["cost"]["evaluations"] * 2 * (3 + 1)
    # Said before the first evaluation, not after it.
    assert log.index(cost) < next(i for i, message in enumerate(log) if message.startswith("reference: unchanged"))


def test_differences_are_those_of_the_targets(made: Run) -> None:
    document, rows, _, _ = made
    for entries in document["factors"].values():
        unchanged = next(row for row in entries if row["is_default"])
        assert all("difference" not in entry for entry in unchanged["metrics"].values())
        tested = [row for row in entries if row["metrics"] and not row["is_default"]]
        for row in tested:
            for metric, entry in row["metrics"].items():
                values, base = (
                    np.array([scores[metric] for scores in each["targets"].values()], dtype=float)
                    for each in (row, unchanged)
                )
                assert entry["median"] == pytest.approx(np.nanmedian(values))
                found = entry["difference"]
                if found["n"] < len(values):  # species that the quarter could not learn
                    assert row["variant"] in ("quarter", "half")
                    continue
                gaps = np.round(values - base, 12)
                assert found["median"] == pytest.approx(np.median(gaps))
                moved = gaps[gaps != 0]
                assert found["p"] == pytest.approx(wilcoxon(moved).pvalue if len(moved) else 1.0)
        for metric in ("tss_at_train_threshold", "auc", "relative_error"):
            family = [row["metrics"][metric]["difference"] for row in tested if row["column"] == "botaclip"]
            expected = holm([np.nan if each["p"] is None else each["p"] for each in family])
            np.testing.assert_allclose(np.array([each["p_holm"] for each in family], dtype=float), expected)
    row = next(row for row in rows if (row["variant"], row["column"], row["metric"]) == ("-5", "botaclip", "auc"))
    entry = next(row for row in document["factors"]["bias"] if row["variant"] == "-5")["metrics"]["auc"]
    assert float(row["difference"]) == entry["difference"]["median"] and float(row["median"]) == entry["median"]
    assert float(row["difference_to_raw"]) == entry["difference_to_raw"]["median"] and int(row["n"]) == 6


def test_a_stopped_ablation_goes_on_to_identical_bytes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"factors": "bias", "encoders": ""}
    run(folder, "whole", **asked)
    kept = folder / "kept"
    calls, honest = [0], ablation.cross_validate

    def counted(*given: Any, **more: Any) -> Any:
        calls[0] += 1
        if calls[0] == 3:
            raise Cancelled
        return honest(*given, **more)

    monkeypatch.setattr(ablation, "cross_validate", counted)
    with pytest.raises(Cancelled):
        ablate(parameters(folder, "again", checkpoint=str(kept), **asked), SILENT)
    assert not (folder / "again.csv").exists() and len(list(kept.glob("fold*.safetensors"))) == 2 * 2
    fitted: list[int] = []
    fit = evaluation.fit_columns
    monkeypatch.setattr(evaluation, "fit_columns", lambda *given, **more: fitted.append(1) or fit(*given, **more))
    run(folder, "again", checkpoint=str(kept), **asked)
    assert len(fitted) == (3 - 2) * 2  # what was finished is not done again
    for end in ("csv", "json"):
        one, other = ((folder / f"{name}.{end}").read_bytes() for name in ("whole", "again"))
        assert one == other


def test_repeats_are_other_folds_and_their_mean(folder: Path, made: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPTIONS, "bias", ("-10",))  # type: ignore[arg-type]
    twice = run(folder, "twice", factors="bias", repeats=2)[0]["factors"]["reference"][0]
    once = made[0]["factors"]["reference"][0]
    assert len(twice["choices"]) == 4 and len(once["choices"]) == 2
    # The first of the two is the single one: twice the mean less it is a score, too.
    other = {name: 2 * twice["targets"][name]["auc"] - once["targets"][name]["auc"] for name in once["targets"]}
    assert all(0.0 <= value <= 1.0 for value in other.values())
    assert any(abs(value - once["targets"][name]["auc"]) > 1e-3 for name, value in other.items())


def test_a_variant_that_fails_is_named_and_the_others_go_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = ablation.protocol_of

    def failing(data: Any, outer: Any, asked: Any, *rest: Any) -> Any:
        if asked["bias"] == -5.0:
            raise OptionError("no -5 today", remedy="try tomorrow")
        return honest(data, outer, asked, *rest)

    monkeypatch.setattr(ablation, "_cost", lambda *_: {"evaluations": 0, "fits": 0, "minutes": 0.0})
    monkeypatch.setattr(ablation, "protocol_of", failing)
    _, rows, lines, log = run(folder, "fails", factors="bias")
    assert [row["left_out"] for row in rows if row["variant"] == "-5"] == ["no -5 today. Try tomorrow."]
    assert [row["metric"] for row in rows if row["variant"] == "-2.71"] == list(shown("abundance"))
    assert any("-5 is left out: no -5 today" in message for message in log)
    assert any("left out: -5: no -5 today. Try tomorrow." in line for line in lines)
