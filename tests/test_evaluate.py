"""``botaclip evaluate`` from raster, relevés and task tables to the document, the table and the words."""

from __future__ import annotations

import csv
import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from botaclip.core.commands import EVALUATE
from botaclip.core.errors import BotaclipError, OptionError, PairingError
from botaclip.core.options import parse_parameters
from botaclip.core.progress import Progress
from botaclip.training import (
    downstream,
    evaluation,
    evaluation_scores,
    paper_protocol,
    reading,
    strict_protocol,
    without_image,
)
from botaclip.training import evaluate as job
from botaclip.training.alignment import Alignment

from .small_landscape import CRS, releves, write_image, write_releves

COMMON = {"crs": CRS, "x_field": "x", "y_field": "y", "folds": 2, "epochs": 2, "device": "cpu", "min_presences": 10}
FEW = (
    Alignment("supervised", checkpoints=(6,)), Alignment("contrastive", checkpoints=(6,)),
    Alignment("botaclip", 1.0, checkpoints=(6,)), Alignment("joint", 1.0, checkpoints=(6,)),
    Alignment("canonical", checkpoints=(3,)), Alignment("whitened", checkpoints=(8,)),
)  # fmt: skip
PAPER_FIRST = ["raw", "supervised", "contrastive", "botaclip"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Image, relevés of two years, two task tables; small forests and few draws."""
    folder = tmp_path_factory.mktemp("evaluate")
    write_image(folder / "image.tif")
    rows = releves()
    write_releves(folder / "releves.csv", rows)
    butterflies = [
        {"plot_id": row["plot_id"], "target": {"Quercus robur": "Satyrium", "Poa annua": "Lasiommata"}[row["species"]]}
        for row in rows if row["species"] in ("Quercus robur", "Poa annua")
    ]  # fmt: skip
    write_releves(folder / "butterflies.csv", butterflies)
    random = np.random.default_rng(1)
    soil = []
    for name in sorted({str(row["plot_id"]) for row in rows} - {"far"}):
        here = [row for row in rows if row["plot_id"] == name]
        for group, sign in (("Fungi", 1), ("Oligochaeta", -1)):
            trees = sum(row["species"] in ("Quercus robur", "Salix alba") for row in here)
            soil.append({"plot_id": name, "target": group, "value": round(5 + sign * trees + random.normal(0, 0.3), 3)})
    write_releves(folder / "soil.csv", soil)
    fit_forest = evaluation.fit_forest
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOTACLIP_CACHE", str(folder / "cache"))
        patch.setattr(evaluation, "LOCATION_MODELS", evaluation.LOCATION_MODELS[:1])
        own = {column: models[:1] for column, models in without_image.OWN_MODELS.items()}
        patch.setattr(without_image, "OWN_MODELS", own)
        patch.setattr(evaluation, "fit_forest", lambda *given, **rest: fit_forest(*given, **rest, trees=10))
        patch.setattr(evaluation_scores, "_COSTLY_DRAWS", 20)
        patch.setattr(reading, "candidates", lambda *_, **__: FEW)
        patch.setattr(job, "Downstream", functools.partial(downstream.Downstream, trees=15))
        yield folder


def run(folder: Path, name: str, **asked: Any) -> tuple[dict[str, Any], list[str], list[dict[str, str]]]:
    given = COMMON | {
        "raster": str(folder / "image.tif"), "releves": str(folder / "releves.csv"),
        "metrics": str(folder / f"{name}.json"), "table": str(folder / f"{name}.csv"),
    }  # fmt: skip
    parameters, unknown = parse_parameters(EVALUATE, given | asked)
    assert not unknown
    outputs = job.evaluate(parameters, Progress())
    document = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    with (folder / f"{name}.csv").open(encoding="utf-8") as stream:
        return document, outputs["print"], list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def strict(folder: Path) -> tuple[dict[str, Any], list[str], list[dict[str, str]]]:
    return run(
        folder, "strict", task=f"{folder / 'butterflies.csv'};{folder / 'soil.csv'}", checkpoint=str(folder / "strict")
    )


@pytest.fixture(scope="module")
def paper(folder: Path) -> tuple[dict[str, Any], list[str], list[dict[str, str]]]:
    return run(
        folder, "paper", protocol="paper", task=[str(folder / "butterflies.csv"), str(folder / "soil.csv")],
        task_kind="presence,abundance", checkpoint=str(folder / "paper"),
    )  # fmt: skip


def test_strict_is_the_default_and_judges_every_task(strict: Any) -> None:
    document, lines, _ = strict
    assert document["protocol"] == "strict" and lines[0].startswith("Protocol strict: ")
    assert list(document["tasks"]) == ["plants, species head", "plants, forest", "butterflies, forest", "soil, forest"]
    kinds = {entry["task"]: (entry["kind"], entry["headline"]) for entry in document["tasks"].values()}
    assert kinds == {
        "plants": ("presence", "tss_at_train_threshold"), "butterflies": ("presence-only", "boyce"),
        "soil": ("abundance", "spearman"),
    }  # fmt: skip
    assert document["columns"][:4] == PAPER_FIRST
    assert {"shuffled", "location_only", "prevalence"} <= set(document["columns"])
    for entry in document["tasks"].values():
        assert list(entry["summary"]) and entry["n_plots"] == document["data"]["n_plots"] == 69
        assert set(entry["summary_random_folds"]) == set(entry["summary"])


def test_the_image_tells_woods_from_open_land(strict: Any) -> None:
    """What the landscape was made for: the image knows, the prevalence does not."""
    tasks = strict[0]["tasks"]
    for name in ("plants, species head", "plants, forest"):
        summary = tasks[name]["summary"]
        assert summary["raw"]["auc"]["median"] > 0.7
        assert summary["raw"]["tss_at_train_threshold"]["median"] > 0.35
        assert summary["prevalence"]["tss_at_train_threshold"]["median"] == pytest.approx(0)
        assert summary["prevalence"]["auc"]["median"] == pytest.approx(0.5)
    assert tasks["soil, forest"]["summary"]["raw"]["spearman"]["median"] > 0.4
    assert "spearman" not in tasks["soil, forest"]["summary"]["prevalence"]


def test_the_papers_table_is_printed_with_its_test(strict: Any, paper: Any) -> None:
    for document, lines, _ in (strict, paper):
        for name, entry in document["comparison"].items():
            start = next(i for i, line in enumerate(lines) if line.startswith(f"{name}: ") and "target" in line)
            shown = [line.split()[0] for line in lines[start + 2 : start + 2 + len(entry["columns"])]]
            assert shown[:4] == PAPER_FIRST and {"location_only", "prevalence"} <= set(shown)
            test = lines[start + 2 + len(entry["columns"])]
            assert test.startswith("botaclip - supervised: ") and "rank-biserial" in test and "Wilcoxon" in test
            pair = entry["botaclip_to_supervised"]
            assert pair["p_holm"] >= pair["p"] and pair["n"] == entry["n_targets"]
            assert any("plots were scored" in line for line in entry["cautions"])


def test_medians_are_those_of_the_targets(strict: Any) -> None:
    document = strict[0]
    for name, entry in document["tasks"].items():
        for column in ("raw", "botaclip"):
            values = [columns[column][entry["headline"]] for columns in entry["targets"].values()]
            assert document["comparison"][name]["columns"][column]["median"] == pytest.approx(np.median(values))


def test_the_table_has_a_row_for_every_score(strict: Any) -> None:
    document, _, rows = strict
    entry = document["tasks"]["soil, forest"]
    mine = {(row["target"], row["column"], row["metric"]): float(row["value"]) for row in rows
            if (row["task"], row["model"], row["folds"]) == ("soil", "forest", "blocks")}  # fmt: skip
    expected = {
        (target, column, metric): value for target, columns in entry["targets"].items()
        for column, scores in columns.items() for metric, value in scores.items() if value is not None
    }  # fmt: skip
    assert mine == pytest.approx(expected)
    assert {row["folds"] for row in rows} == {"blocks", "random"} and {row["protocol"] for row in rows} == {"strict"}


def test_paper_says_that_spaces_are_mixed(paper: Any) -> None:
    document, lines, _ = paper
    assert document["protocol"] == "paper" and "2 spaces are mixed" in lines[0]
    assert "an adapter that has seen a plot is never used for it" in lines[0]
    assert list(document["tasks"]) == ["plants, forest", "butterflies, forest", "soil, forest"]
    plants = document["tasks"]["plants, forest"]
    assert plants["headline"] == "tss_max_biomod2"
    for columns in plants["targets"].values():
        raw = columns["raw"]
        # biomod2 tries some thresholds, the exact maximum all.
        assert raw["tss_max_biomod2"] <= raw["tss_max"] + 1e-9
    assert document["tasks"]["butterflies, forest"]["kind"] == "presence"
    assert plants["summary"]["raw"]["auc"]["median"] > 0.7


def test_the_same_seed_gives_the_same_numbers(folder: Path, paper: Any) -> None:
    again = run(
        folder, "again", protocol="paper", task=[str(folder / "butterflies.csv"), str(folder / "soil.csv")],
        task_kind="presence,abundance",
    )[0]  # fmt: skip
    assert again | {"seconds": 0} == paper[0] | {"seconds": 0}


@pytest.mark.parametrize("protocol", ["strict", "paper"])
def test_what_was_stopped_goes_on_to_the_same_result(
    folder: Path, strict: Any, paper: Any, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finished folds are kept; a second run with the same folder fits nothing."""
    asked: dict[str, Any] = {
        "protocol": protocol, "task": [str(folder / "butterflies.csv"), str(folder / "soil.csv")],
        "checkpoint": str(folder / protocol),
    } | ({"task_kind": "presence,abundance"} if protocol == "paper" else {})  # fmt: skip
    first = {"strict": strict, "paper": paper}[protocol][0]
    module = strict_protocol if protocol == "strict" else paper_protocol
    name = "fit_columns" if protocol == "strict" else "fit_spaces"
    monkeypatch.setattr(module, name, lambda *_, **__: pytest.fail("a column was fitted again"))
    second = run(folder, f"second {protocol}", **asked)[0]
    # Kinds of tasks are stated in one run and found out in the other.
    assert second | {"seconds": 0, "asked": 0} == first | {"seconds": 0, "asked": 0}
    monkeypatch.setattr(module, name, _stop)
    with pytest.raises(KeyError, match="fitted again"):
        run(folder, f"other {protocol}", **asked | {"random_state": 2})


def _stop(*_: Any, **__: Any) -> None:
    raise KeyError("fitted again")


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"task": "nowhere.csv"}, BotaclipError, "nowhere.csv"),
        ({"task": "strange.csv"}, PairingError, "none of its 2 plots"),
        ({"task": "soil.csv", "task_target_field": "taxon"}, BotaclipError, "taxon"),
        ({"task": "soil.csv", "task_kind": "presence,abundance"}, OptionError, "names 2 kinds for 1 task tables"),
        ({"task_kind": "counts"}, OptionError, "--task-kind cannot be 'counts'"),
        ({"downstream": "forest,svm"}, OptionError, "--downstream cannot be 'svm'"),
        ({"protocol": "paper", "splits": "random"}, OptionError, "--splits random is not spatial"),
    ],
)  # fmt: skip
def test_bad_input_is_said_in_one_sentence(
    folder: Path, asked: dict[str, Any], error: type[BotaclipError], said: str
) -> None:
    write_releves(folder / "strange.csv", [{"plot_id": "a", "target": "x"}, {"plot_id": "b", "target": "x"}])
    if "task" in asked:
        asked = asked | {"task": str(folder / asked["task"])}
    with pytest.raises(error) as caught:
        run(folder, "bad", **asked)
    assert said in caught.value.sentence and "\n" not in caught.value.sentence


def test_both_protocols_have_the_same_columns(strict: Any, paper: Any) -> None:
    assert sorted(strict[0]["columns"]) == sorted(paper[0]["columns"])
