"""A finished model is scored on plots that it has never seen, and on no others."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from botaclip.core.commands import EVALUATE, PREDICT, TRAIN
from botaclip.core.errors import LeakageError, OptionError
from botaclip.core.model import Model
from botaclip.core.model_file import ModelFile
from botaclip.core.options import parse_parameters
from botaclip.core.predict import predict
from botaclip.core.progress import Progress
from botaclip.core.releves import ReleveTable
from botaclip.training import evaluation, reading
from botaclip.training.alignment import Alignment
from botaclip.training.evaluate import evaluate
from botaclip.training.model_validation import seen_plots, unseen_plots
from botaclip.training.reading import read_table
from botaclip.training.train import train

from .small_landscape import CRS, releves, write_image, write_releves

COMMON = {"crs": CRS, "x_field": "x", "y_field": "y", "folds": 2, "epochs": 2, "device": "cpu", "min_presences": 10}
FEW = (Alignment("supervised", checkpoints=(6,)), Alignment("botaclip", 1.0, checkpoints=(6,)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Image and relevés, and a quick training."""
    folder = tmp_path_factory.mktemp("validation")
    write_image(folder / "image.tif")
    write_releves(folder / "releves.csv", releves())
    write_releves(folder / "soil.csv", [{"plot_id": "p001", "target": "Fungi", "value": 1}])
    fit_forest = evaluation.fit_forest
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOTACLIP_CACHE", str(folder / "cache"))
        patch.setattr(evaluation, "LOCATION_MODELS", evaluation.LOCATION_MODELS[:1])
        patch.setattr(evaluation, "fit_forest", lambda *given, **rest: fit_forest(*given, **rest, trees=10))
        patch.setattr(reading, "candidates", lambda *_, **__: FEW)
        yield folder


def run(folder: Path, name: str, **asked: Any) -> tuple[dict[str, Any], list[str], list[dict[str, str]]]:
    given = COMMON | {
        "raster": str(folder / "image.tif"), "releves": str(folder / "releves.csv"),
        "metrics": str(folder / f"{name}.json"), "table": str(folder / f"{name}.csv"),
    }  # fmt: skip
    parameters, unknown = parse_parameters(EVALUATE, given | asked)
    assert not unknown
    outputs = evaluate(parameters, Progress())
    document = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    with (folder / f"{name}.csv").open(encoding="utf-8") as stream:
        return document, outputs["print"], list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def models(folder: Path) -> dict[str, Path]:
    """A model of the western half of the landscape, telling its places in three ways."""
    rows = releves()
    west = [row for row in rows if 700_000.0 < float(row["x"]) < 700_560.0]  # type: ignore[arg-type]
    write_releves(folder / "west.csv", west)
    write_releves(folder / "east.csv", [row for row in rows if float(row["x"]) > 700_840.0])  # type: ignore[arg-type]
    made = {}
    for name, locations in (("exact", "exact"), ("coarse", "coarse:100"), ("none", "none")):
        given = COMMON | {
            "raster": str(folder / "image.tif"), "releves": str(folder / "west.csv"), "min_presences": 8,
            "alignment": "none", "plot_locations": locations, "output": str(folder / f"{name}.botaclip"),
        }  # fmt: skip
        train(parse_parameters(TRAIN, given)[0], Progress())
        made[name] = folder / f"{name}.botaclip"
    for locations in ("exact", "coarse:100", "none"):
        name = f"extra {locations.partition(':')[0]}"
        given = COMMON | {
            "raster": str(folder / "image.tif"), "releves": str(folder / "west.csv"), "min_presences": 8,
            "extra_releves": str(folder / "east.csv"), "alignment": "none", "plot_locations": locations,
            "output": str(folder / f"{name}.botaclip"),
        }  # fmt: skip
        train(parse_parameters(TRAIN, given)[0], Progress())
        made[name] = folder / f"{name}.botaclip"
    return made


@pytest.mark.parametrize("locations", ["exact", "coarse", "none"])
@pytest.mark.parametrize("only_unseen", [False, True])
def test_a_model_is_not_scored_on_what_its_encoder_of_lists_learnt_from(
    folder: Path, models: dict[str, Path], locations: str, only_unseen: bool
) -> None:
    """Extra relevés have no image, yet they are seen: by content, and by place or area where their content changed."""
    model = models[f"extra {locations}"]
    told = Model.open(model).file.plots()["extra"]
    assert ("x" in told["plots"][0]) is (locations != "none")
    other = [row | {"plot_id": f"new {row['plot_id']}", "cover": round(float(row["cover"]) + 1.7, 1)}
             for row in _rows(folder, "east")]  # fmt: skip
    write_releves(folder / "east again.csv", other)
    east, again = (table_of(folder, name) for name in ("east", "east again"))
    # Five lists of species are also those of western plots: nothing was learnt from these.
    learnt = np.isin(east.digests, [row["digest"] for row in told["plots"]])
    assert len(told["plots"]) == learnt.sum() == len(east) - 5 and not np.isin(again.digests, east.digests).any()
    for name, table in (("east", east), ("east again", again)):
        seen = seen_plots(Model.open(model), table)
        assert seen.as_extra.all() and not seen.by_content.any()
        with pytest.raises(LeakageError, match=r"all 25 plots may have been seen by .* 25 the .*\(--extra-releves\)"):
            run(folder, "extra", model=str(model), releves=str(folder / f"{name}.csv"), only_unseen=only_unseen)
    # Without extra relevés the same plots are new to the model.
    plain = {"releves": str(folder / "east.csv"), "only_unseen": only_unseen, "min_presences": 3}
    document = run(folder, f"plain {locations} {only_unseen}", model=str(models["exact"]), **plain)[0]
    assert document["data"]["n_plots"] >= 10


def test_a_file_that_does_not_name_its_extra_releves_is_said(folder: Path, models: dict[str, Path]) -> None:
    file = Model.open(models["extra exact"]).file
    plots = {key: value for key, value in file.plots().items() if key != "extra"}
    parts = {name: blob for name, blob in file.parts.items() if name not in ("metadata.json", "checksums.json")}
    ModelFile.write(folder / "old.botaclip", file.metadata, parts | {"plots.json": plots})
    said: list[tuple[str, str]] = []
    model = Model.open(folder / "old.botaclip")
    progress = Progress(log=lambda *line: said.append(line))
    left, _ = unseen_plots(model, table_of(folder, "east"), progress, only_unseen=True)
    assert len(left) and said[0][0] == "warning" and "without imagery that the file does not name" in said[0][1]


@pytest.mark.parametrize("locations", ["exact", "coarse", "none"])
def test_a_model_is_not_scored_on_its_own_plots(folder: Path, models: dict[str, Path], locations: str) -> None:
    with pytest.raises(LeakageError, match=r"all \d+ plots may have been seen") as caught:
        run(folder, "own", model=str(models[locations]), releves=str(folder / "west.csv"))
    assert "the same relevé as one of its plots" in caught.value.sentence


@pytest.mark.parametrize("locations", ["exact", "coarse", "none"])
def test_the_same_relevés_under_other_names_and_places_are_found(
    folder: Path, models: dict[str, Path], locations: str
) -> None:
    """By content alone: moved far away and renamed, as long as no two plots of the model are alike."""
    moved = [row | {"plot_id": f"new {row['plot_id']}", "x": float(row["x"]) + 600.0} for row in _rows(folder, "west")]
    write_releves(folder / "moved table.csv", moved)
    with pytest.raises(LeakageError, match=r"\d+ the same relevé as one of its plots"):
        run(folder, "moved", model=str(models[locations]), releves=str(folder / "moved table.csv"))


def test_new_relevés_at_the_old_places_are_found(folder: Path, models: dict[str, Path]) -> None:
    other = [
        row | {"plot_id": f"new {row['plot_id']}", "cover": round(float(row["cover"]) + 1.7, 1)}
        for row in _rows(folder, "west")
    ]
    write_releves(folder / "revisited table.csv", other)
    with pytest.raises(LeakageError, match="so near to one of its plots that image patches may overlap"):
        run(folder, "revisited", model=str(models["exact"]), releves=str(folder / "revisited table.csv"))


def table_of(folder: Path, name: str) -> ReleveTable:
    given = COMMON | {"raster": "image.tif", "releves": str(folder / f"{name}.csv")}
    return read_table(parse_parameters(EVALUATE, given)[0])


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    with (folder / f"{name}.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_some_seen_plots_are_refused_or_left_out(folder: Path, models: dict[str, Path]) -> None:
    with pytest.raises(LeakageError, match=r"of the \d+ plots may have been seen .*--only-unseen"):
        run(folder, "whole", model=str(models["exact"]), min_presences=3)
    document, lines, _ = run(folder, "unseen", model=str(models["exact"]), only_unseen=True, min_presences=3)
    assert document["data"]["n_seen"] > 20 and document["data"]["n_plots"] >= 10
    assert f"{document['data']['n_seen']} plots that it may have seen were left out." in lines


def test_a_model_is_scored_on_new_plots(folder: Path, models: dict[str, Path]) -> None:
    extra = {"species": "Stranger danger", "cover": 5.0}
    rows = _rows(folder, "east")
    write_releves(folder / "new table.csv", [*rows, {**rows[0], **extra}])
    document, lines, table = run(
        folder, "new", model=str(models["exact"]), releves=str(folder / "new table.csv"), min_presences=3
    )
    entry = document["tasks"]["plants"]
    assert document["unknown_species"] == ["Stranger danger"]
    assert any("1 species of the table are unknown to the model: Stranger danger" in line for line in lines)
    summary = entry["summary"]["model"]
    assert summary["auc"]["median"] > 0.7 and summary["tss_at_train_threshold"]["median"] > 0.3
    scores = next(iter(entry["targets"].values()))["model"]
    assert {"boyce", "brier", "expected_calibration_error", "calibration_slope"} <= set(scores)
    assert 0 < entry["species_sets"]["model"]["f1_samples_adaptive"] <= 1
    assert {row["column"] for row in table} == {"model"} and {row["folds"] for row in table} == {"new plots"}
    assert set(entry["targets"]) | set(entry["omitted"]) >= {"Quercus robur"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"protocol": "strict"}, "--protocol strict"), ({"protocol": "paper"}, "--protocol paper"),
     ({"task": "soil.csv"}, "--task needs models")],
)  # fmt: skip
def test_what_a_finished_model_has_no_use_for_is_refused(
    folder: Path, models: dict[str, Path], asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(OptionError, match=said):
        run(folder, "refused", model=str(models["exact"]), **asked)


def test_scores_are_those_of_what_predict_writes(folder: Path, models: dict[str, Path]) -> None:
    """The model's suitability at the same plots, scored by scikit-learn and by hand."""
    document = run(folder, "again", model=str(models["exact"]), releves=str(folder / "east.csv"), min_presences=3)[0]
    rows = _rows(folder, "east")
    places = {row["plot_id"]: {"plot_id": row["plot_id"], "x": row["x"], "y": row["y"]} for row in rows}
    write_releves(folder / "points.csv", list(places.values()))
    given = {"raster": str(folder / "image.tif"), "model": str(models["exact"]), "points": str(folder / "points.csv"),
             "crs": CRS, "device": "cpu", "output": str(folder / "predicted.csv")}  # fmt: skip
    predict(parse_parameters(PREDICT, given)[0], Progress())
    predicted = [row for row in _rows(folder, "predicted") if row["botaclip_status"] == "ok"]
    assert len(predicted) == document["data"]["n_plots"]
    found = {(row["plot_id"], row["species"]) for row in rows}
    model = Model.open(models["exact"])
    scored = document["tasks"]["plants"]["targets"]
    assert len(scored) >= 4
    for name, columns in scored.items():
        y = np.array([(row["plot_id"], name) in found for row in predicted])
        p = np.array([float(row[name]) for row in predicted])
        positive = p >= model.thresholds[model.species.index(name)]
        expected = {
            "auc": roc_auc_score(y, p), "brier": brier_score_loss(y, p), "n_presences": y.sum(),
            "tss_at_train_threshold": positive[y].mean() + (~positive[~y]).mean() - 1,
        }  # fmt: skip
        assert {key: columns["model"][key] for key in expected} == pytest.approx(expected, abs=1e-6)
