"""``botaclip train`` from files to files: on a tiny landscape, through every alignment, kind of data and head."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import rasterio
from scipy.special import expit

from botaclip.core.applied_imagery import AppliedImagery
from botaclip.core.cells import CellSource
from botaclip.core.commands import EMBED, SUITABILITY, TRAIN
from botaclip.core.embed import embed
from botaclip.core.encoders import opening
from botaclip.core.errors import Cancelled, OptionError, OutputError, PairingError
from botaclip.core.lattice import Lattice
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.model import Model
from botaclip.core.model_file import ModelFile
from botaclip.core.model_report import verify
from botaclip.core.options import parse_parameters
from botaclip.core.places import Points
from botaclip.core.progress import SILENT, Progress
from botaclip.core.rasters import open_raster
from botaclip.core.suitability import suitability
from botaclip.training import adapter_fit, evaluation
from botaclip.training import train as train_module
from botaclip.training.alignment import Alignment, Start
from botaclip.training.evaluation import COLUMNS, CrossValidation
from botaclip.training.fit_state import FitState
from botaclip.training.protocol import Protocol
from botaclip.training.train import train
from botaclip.training.vegeta import hellinger

from .small_landscape import CRS, SPECIES, WEST, releves, write_image, write_releves

# No environment here.
BESIDE = ("raw", "adapted", "location_only", "prevalence")
SCORES = {"tss_at_train_threshold", "tss_max", "auc", "auprc", "brier"}


class Trained:
    """One run: what was asked, what came out."""

    def __init__(self, folder: Path, name: str, *, report: bool = False, **asked: Any) -> None:
        self.output = folder / f"{name}.botaclip"
        self.metrics_path, self.report = folder / f"{name}.json", folder / f"{name}.html"
        self.lines: list[str] = []
        given = {
            "raster": str(folder / "image.tif"), "releves": str(folder / "releves.csv"), "crs": CRS, "x_field": "x",
            "y_field": "y", "folds": 2, "epochs": 2, "device": "cpu", "min_presences": 10, "output": str(self.output),
            "metrics": str(self.metrics_path),
        }  # fmt: skip
        if report:
            given["report"] = str(self.report)
        parameters, unknown = parse_parameters(TRAIN, given | asked)
        assert not unknown
        self.outputs = train(parameters, Progress(None, lambda level, line: self.lines.append(line)))
        self.model = Model.open(self.output)
        self.metrics = json.loads(self.metrics_path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Image, relevés, and a quick comparison: one model of the location, small forests."""
    folder = tmp_path_factory.mktemp("train")
    write_image(folder / "image.tif")
    write_releves(folder / "releves.csv", releves())
    fit_forest = evaluation.fit_forest
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOTACLIP_CACHE", str(folder / "cache"))
        patch.setattr(evaluation, "LOCATION_MODELS", evaluation.LOCATION_MODELS[:1])
        patch.setattr(evaluation, "fit_forest", lambda *given, **rest: fit_forest(*given, **rest, trees=10))
        yield folder


@pytest.fixture(scope="module")
def plain(folder: Path) -> Trained:
    """The default run, a few more passes long."""
    return Trained(folder, "plain", report=True, epochs=20, date_field="date")


@pytest.fixture(scope="module")
def hidden(folder: Path) -> Trained:
    """Presence-only relevés whose places are not told."""
    return Trained(
        folder, "hidden", report=True, alignment="none", data_type="presence-only", plot_locations="none"
    )


def test_every_file_is_there_and_nothing_else(plain: Trained, folder: Path) -> None:
    assert plain.outputs["output"] == str(plain.output)
    assert {path.name for path in folder.glob("plain*")} == {"plain.botaclip", "plain.json", "plain.html"}
    assert not list(folder.glob("*.part"))
    assert plain.outputs["print"][1].startswith("raw ")
    assert plain.outputs["print"][-1] == plain.metrics["alignment"]["reason"]
    assert plain.metrics["protocol"] == "strict"
    assert any(line.startswith("Protocol strict: ") for line in plain.outputs["print"])
    assert "Protocol strict: " in plain.report.read_text(encoding="utf-8")


def test_metrics_have_the_structure_that_was_promised(plain: Trained) -> None:
    metrics = plain.metrics
    for part, columns in (("summary", COLUMNS), ("summary_random_folds", BESIDE)):
        assert tuple(metrics[part]) == columns
        for scores in metrics[part].values():
            assert set(scores) == SCORES
            for entry in scores.values():
                assert set(entry) == {"median", "fold_mean", "difference_to_raw", "n_targets"}
                assert entry["n_targets"] == 6
                assert {"median", "low", "high", "p", "n", "rank_biserial"} <= set(entry["difference_to_raw"])
    assert metrics["summary"]["adapted"]["auc"]["difference_to_raw"]["p_holm"] <= 1.0
    blocks = metrics["summary"]["adapted"]["auc"]["difference_to_raw"]["over_blocks"]
    assert set(blocks) == {"low", "high", "n"} and blocks["n"] >= 2
    assert set(metrics["targets"]) == set(SPECIES)
    for columns in metrics["targets"].values():
        assert tuple(columns) == COLUMNS
        assert all(set(scores) >= SCORES for scores in columns.values())
    assert [fold["fold"] for fold in metrics["folds"]] == [0, 1]
    assert {"folds", "dropped", "omitted", "versions", "seconds"} <= set(metrics)
    assert metrics["dropped"] == [{"plot": "far", "reason": "outside the raster"}]
    assert set(metrics["omitted"]) == {"truth_correlation", "maps", "summary_within_site"}
    assert metrics["omitted"]["summary_within_site"] == "all plots lie on one site (site 1)"
    assert metrics["summary_within_site"] == metrics["targets_within_site"] == {} and metrics["flagged"] == []
    assert "Scores within sites are left out: all plots lie on one site (site 1)." in plain.outputs["print"]
    assert metrics["versions"]["botaclip"] and 0 < metrics["seconds"] < 300


def test_medians_and_counts_agree_with_the_targets(plain: Trained) -> None:
    metrics = plain.metrics
    for column in ("raw", "adapted", "location_only"):
        auc = [columns[column]["auc"] for columns in metrics["targets"].values()]
        assert metrics["summary"][column]["auc"]["median"] == pytest.approx(np.median(auc))
    assert metrics["summary"]["prevalence"]["auc"]["median"] == 0.5
    assert metrics["summary"]["prevalence"]["tss_at_train_threshold"]["median"] == 0.0
    n_plots = metrics["data"]["n_plots"]
    assert n_plots == len({row["plot_id"] for row in releves()}) - 1 == len(metrics["plots"])
    for fold in metrics["folds"]:
        assert fold["n_train"] + fold["n_test"] + fold["n_buffered"] == n_plots
        assert fold["n_buffered"] > 0
        assert fold["n_test"] == sum(plot["fold"] == fold["fold"] for plot in metrics["plots"])


def test_the_planted_habitat_is_found_in_the_image_and_not_in_the_place(plain: Trained) -> None:
    summary = plain.metrics["summary"]
    assert summary["raw"]["auc"]["median"] > 0.65
    assert summary["raw"]["auc"]["median"] > summary["location_only"]["auc"]["median"] + 0.05


def test_the_model_file_opens_and_verifies(plain: Trained) -> None:
    file = ModelFile.open(plain.output)
    report = verify({"model": str(plain.output)}, SILENT)
    assert report["encoder_at_hand"] and report["sha256"] == file.sha256
    metadata = file.metadata
    assert [kind["name"] for kind in metadata["species"]] == list(SPECIES)
    assert metadata["data_type"] == "presence-absence" and metadata["head"] == "linear"
    assert metadata["training"]["plots"] == 69 and metadata["training"]["dates"] == ["2010-06-01", "2018-06-09"]
    counts = plain.metrics["data"]["presences"]
    for kind in metadata["species"]:
        assert kind["presences"] == counts[kind["name"]]
        assert kind["prevalence"] == pytest.approx(counts[kind["name"]] / 69)
        assert 0 < kind["threshold"] < 1
    assert metadata["scores"]["blocked"]["adapted"]["auc"] == plain.metrics["summary"]["adapted"]["auc"]
    assert metadata["alignment"]["asked"] == "auto"
    places = {row["id"]: (row["x"], row["y"]) for row in file.plots()["plots"]}
    row = releves()[0]
    assert places[row["plot_id"]] == (row["x"], row["y"])


def raw_vectors(folder: Path, rows: list[dict[str, Any]]) -> np.ndarray:
    """Return the frozen vectors at plots, by the lattice function itself."""
    source = open_raster(folder / "image.tif")
    encoder = opening.get("random-conv", bands=source.roles, value_range=source.value_range())
    lattice = Lattice.of(source, encoder.stride_px, encoder.margin_px, 100.0)
    patch = lattice.patch(100.0)
    points = Points(x=np.array([row["x"] for row in rows]), y=np.array([row["y"] for row in rows]), crs=CRS)
    row, col, _ = lattice.node_of(points, patch)
    with LatticeReader(source, lattice) as reader:
        return CellSource(reader, encoder).patches(row, col, patch)[0]


def tensors(graph: bytes) -> dict[str, np.ndarray]:
    import onnx
    from onnx import numpy_helper

    return {t.name: numpy_helper.to_array(t) for t in onnx.load_from_string(graph).graph.initializer}


def test_suitability_at_training_plots_is_the_head_by_hand(plain: Trained, folder: Path) -> None:
    first = {row["plot_id"]: row for row in releves()}
    rows = [first[row["id"]] for row in plain.model.file.plots()["plots"][:8]]
    vectors = raw_vectors(folder, rows)
    adapted, unit = plain.model.adapt(vectors)
    np.testing.assert_allclose(unit, plain.model.plot_vectors[:8], atol=1e-5)
    adapter, head = (tensors(plain.model.file.parts[name]) for name in ("adapter.onnx", "head.onnx"))
    by_hand = (vectors - adapter["mean"]) / adapter["scale"]
    if "weight" in adapter:
        by_hand = by_hand @ adapter["weight"] + adapter["bias"]
    logits = by_hand @ head["weights"] + head["intercept"]
    expected = expit(head["calibration_slope"] * logits + head["calibration_intercept"])
    made = plain.model.suitability(adapted)
    np.testing.assert_allclose(made, expected, atol=1e-4)
    assert np.ptp(made, axis=0).min() > 0.02


def test_vegeta_in_the_file_places_a_species_list_near_its_kind(plain: Trained) -> None:
    graph = plain.model.file.parts["vegeta.onnx"]
    names = plain.model.metadata["vegeta"]["species"]
    lists = np.zeros((2, len(names)), np.float32)
    lists[0, [names.index(name) for name in SPECIES[:3]]] = 40.0
    lists[1, [names.index(name) for name in SPECIES[3:]]] = 40.0
    unit = ort.InferenceSession(graph, providers=["CPUExecutionProvider"]).run(None, {"releves": lists})[0]
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1.0, atol=1e-5)
    found = {name: set() for name in {row["plot_id"] for row in releves()}}
    for row in releves():
        found[row["plot_id"]].add(row["species"])
    ids = [row["id"] for row in plain.model.file.plots()["plots"]]
    wooded = np.array([len(found[name] & set(SPECIES[3:])) - len(found[name] & set(SPECIES[:3])) for name in ids])
    difference = plain.model.plot_vectors @ (unit[1] - unit[0])
    assert np.corrcoef(difference, wooded)[0, 1] > 0.4
    assert hellinger(lists)[0].max() == pytest.approx(3**-0.5)


def test_presence_only_says_relative_suitability_and_nothing_of_probability(hidden: Trained) -> None:
    metrics = hidden.metrics
    for scores in (*metrics["summary"].values(), *metrics["summary_random_folds"].values()):
        assert set(scores) == {"auc_background"}
    assert {"tss_at_train_threshold", "tss_max", "auprc", "brier", "auc"} <= set(metrics["omitted"])
    assert metrics["calibration"]["bins"] == []
    assert set(hidden.model.metadata["scores"]["blocked"]["raw"]) == {"auc_background"}
    assert hidden.model.relative
    report = re.sub(r"data:image/[^\"]*", "", hidden.report.read_text(encoding="utf-8"))
    for text in (report, json.dumps(metrics), "\n".join(hidden.lines), "\n".join(hidden.outputs["print"])):
        assert not re.search("probab", text, re.IGNORECASE)
    assert "relative suitability" in report


def test_without_alignment_the_frozen_vectors_are_kept(hidden: Trained) -> None:
    assert hidden.model.metadata["alignment"]["chosen"] == "none"
    assert "weight" not in tensors(hidden.model.file.parts["adapter.onnx"])
    targets = hidden.metrics["targets"].values()
    assert all(columns["adapted"] == columns["raw"] and "shuffled" not in columns for columns in targets)
    assert "alignment none" in hidden.metrics["omitted"]["shuffled"]


def test_places_that_are_not_to_be_told_are_nowhere_in_the_file(hidden: Trained) -> None:
    file = hidden.model.file
    text = " ".join(file.parts[name].decode() for name in ("metadata.json", "plots.json"))
    assert all(set(row) == {"id", "date", "digest", "species"} for row in file.plots()["plots"])
    for row in releves()[:-1]:
        assert str(row["x"]) not in text and str(row["y"]) not in text
    assert file.metadata["training"]["extent_wgs84"] == [3.0, 46.4, 3.1, 46.5]
    # The corner of the image would tell where a crop lies; the lattice is the same all the same.
    lattice = hidden.model.lattice
    assert abs(lattice.origin_x) < lattice.cell and abs(lattice.origin_y) < lattice.cell


def test_a_model_whose_lattice_was_moved_says_the_same(hidden: Trained, folder: Path) -> None:
    plain = Trained(folder, "told", alignment="none", data_type="presence-only")
    assert plain.model.lattice.origin_x > 100_000
    places = Points(*(np.array([row[axis] for row in releves()[:12]]) for axis in "xy"), CRS)
    found = []
    for run in (plain, hidden):
        with AppliedImagery.open(run.model, folder / "image.tif", device="cpu") as applied:
            found.append(applied.at(places, range(len(run.model.species))))
    np.testing.assert_allclose(found[1].suitability, found[0].suitability, atol=1e-6)
    np.testing.assert_allclose(found[1].offset_m, found[0].offset_m, atol=1e-4)


def test_contrastive_on_abundances_with_coarse_places(folder: Path) -> None:
    run = Trained(folder, "contrastive", alignment="contrastive", data_type="abundance", plot_locations="coarse:500")
    metadata = run.model.metadata
    assert (metadata["alignment"]["chosen"], metadata["alignment"]["steps"]) == ("contrastive", 2)
    assert metadata["data_type"] == "abundance"
    exact = Points(*(np.array([row[axis] for row in releves()[:-1]]) for axis in "xy"), CRS).to("EPSG:4326")
    west, south, east, north = metadata["training"]["extent_wgs84"]
    assert west < exact.x.min() - 1e-6 and east > exact.x.max() + 1e-6 and south < exact.y.min() - 1e-6
    assert {row["x"] % 500 for row in run.model.file.plots()["plots"]} == {250.0}
    assert run.metrics["alignment"]["picked"] == "contrastive, 2 steps"


def test_supervised_with_groups_and_a_list_of_species(folder: Path) -> None:
    run = Trained(folder, "supervised", alignment="supervised", groups="site", species=f"{SPECIES[4]},{SPECIES[0]}")
    assert run.model.species == (SPECIES[0], SPECIES[4])
    assert set(run.metrics["omitted"]) & {*SPECIES} == {*SPECIES} - {SPECIES[0], SPECIES[4]}
    assert run.metrics["omitted"][SPECIES[1]] == "not asked for"
    sites = {row["plot_id"]: row["site"] for row in releves()}
    fold_of: dict[str, set[int]] = {}
    for plot in run.metrics["plots"]:
        fold_of.setdefault(sites[plot["id"]], set()).add(plot["fold"])
    assert len(fold_of) > 4 and all(len(folds) == 1 for folds in fold_of.values())
    assert run.model.metadata["alignment"]["chosen"] == "supervised"


def test_principal_components_make_a_narrow_model_that_is_mapped_and_clicked(folder: Path, tmp_path: Path) -> None:
    """Fewer numbers than the encoder gives, from training to the map."""
    run = Trained(folder, "whitened", alignment="whitened")
    about = run.model.metadata["alignment"]
    assert about["chosen"] == "whitened" and about["axes"] == run.model.unit_width < run.model.dimension
    assert "shuffled" in run.metrics["omitted"] and "shuffled" not in run.metrics["summary"]
    assert all(fold["choices"]["adapted"].startswith("whitened, ") for fold in run.metrics["folds"])
    assert run.metrics["alignment"]["picked"] == f"whitened, {about['axes']} axes"
    for command, job, name in ((EMBED, embed, "e.tif"), (SUITABILITY, suitability, "s.tif")):
        given = {"model": str(run.output), "raster": str(folder / "image.tif"), "output": str(tmp_path / name),
                 "device": "cpu"}  # fmt: skip
        parameters, unknown = parse_parameters(command, given)
        assert not unknown
        job(parameters, SILENT)
        with rasterio.open(tmp_path / name) as made:
            assert np.isfinite(made.read(masked=True).compressed()).all()


def test_the_canonical_and_the_joint_alignment_reach_the_model_file(folder: Path) -> None:
    for name in ("canonical", "joint"):
        run = Trained(folder, name, alignment=name)
        about = run.model.metadata["alignment"]
        assert (about["asked"], about["chosen"]) == (name, name)
        assert run.model.unit_width == run.model.image_dimension
        assert bool(about["axes"]) is (name == "canonical") and bool(about["steps"]) is (name == "joint")


def test_random_folds_try_what_was_picked_and_what_was_asked_for() -> None:
    tried = tuple(Alignment(name) for name in ("supervised", "canonical", "joint"))
    protocol = Protocol("auto", tried, "linear", lambda inside: [])
    choices = ({"adapted": "joint, lambda 0.1, 40 steps, penalty 1"}, {"adapted": "none, penalty 10"})
    blocked = CrossValidation((), np.zeros(0), {}, {}, {}, choices)
    assert [a.name for a in train_module.picked_alone(protocol, blocked).alignments] == ["joint"]
    asked = dataclasses.replace(protocol, asked="canonical")
    assert [a.name for a in train_module.picked_alone(asked, blocked).alignments] == ["canonical", "joint"]
    # Plots that an earlier model has seen decide the inner folds of all.
    seen = dataclasses.replace(tried[0], start=Start("m", np.eye(2), np.zeros(2), frozenset({"a"})))
    continued = dataclasses.replace(protocol, alignments=(seen, *tried[1:]))
    assert train_module.picked_alone(continued, blocked) is continued


def test_a_folder_of_kept_work_changes_nothing(folder: Path, plain: Trained, tmp_path: Path) -> None:
    asked = {"alignment": "botaclip", "checkpoint": str(tmp_path / "kept"), "lambda": "0.1"}
    runs = [Trained(folder, f"kept {i}", **asked) for i in range(2)]
    for key in ("summary", "targets", "folds", "summary_random_folds"):
        assert runs[0].metrics[key] == runs[1].metrics[key]
    assert list((tmp_path / "kept").glob("fold-*.safetensors"))
    assert runs[0].model.file.parts["adapter.onnx"] == runs[1].model.file.parts["adapter.onnx"]


def test_the_refit_on_all_plots_goes_on_where_it_was_stopped(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped when all is fitted and nothing written: the second run takes not one step, and the states then go."""
    kept = tmp_path / "kept"
    asked = {"alignment": "botaclip", "checkpoint": str(kept), "lambda": "0.1", "species_weight": "1"}
    monkeypatch.setattr(train_module, "training_minutes", lambda *_, **__: 1.0)
    steps: list[int] = []
    step = adapter_fit._Fit.step
    monkeypatch.setattr(adapter_fit._Fit, "step", lambda self, *given: (steps.append(1), step(self, *given))[1])
    with monkeypatch.context() as stopped:
        stopped.setattr(train_module.ModelFile, "write", lambda *_, **__: (_ for _ in ()).throw(Cancelled))
        with pytest.raises(Cancelled):
            Trained(folder, "stopped", **asked)
    assert steps and list((kept / FitState(kept, "train").under("model").folder.name).rglob("fit-*.safetensors"))
    steps.clear()
    run = Trained(folder, "stopped", **asked)
    assert not steps
    assert not (kept / FitState(kept, "train").under("model").folder.name).exists()
    whole = Trained(folder, "never stopped", **{key: asked[key] for key in asked if key != "checkpoint"})
    assert run.model.file.parts["adapter.onnx"] == whole.model.file.parts["adapter.onnx"]


@pytest.mark.parametrize("asked", ["0.1,much", "-1", "nan"])
def test_a_weight_that_is_none_is_refused(folder: Path, asked: str) -> None:
    with pytest.raises(OptionError, match="--lambda cannot be"):
        Trained(folder, "weights", **{"lambda": asked})


def test_botaclip_judged_by_a_forest(folder: Path) -> None:
    run = Trained(folder, "forest", alignment="botaclip", head="forest", regulariser="mean")
    assert run.metrics["data"]["head"] == run.model.metadata["head"] == "forest"
    alignment = run.model.metadata["alignment"]
    assert alignment["chosen"] == "botaclip" and alignment["lambda"] in (0.1, 1.0)
    assert alignment["regulariser"] == "mean"
    suitability = run.model.suitability(run.model.adapt(raw_vectors(folder, releves()[:3]))[0])
    assert ((suitability > 0) & (suitability < 1)).all()


def test_cancelling_at_any_time_leaves_no_file(folder: Path, tmp_path: Path) -> None:
    names = {key: str(tmp_path / f"cancelled.{key}") for key in ("output", "metrics", "report")}
    parameters, _ = parse_parameters(
        TRAIN,
        names | {
            "raster": str(folder / "image.tif"), "releves": str(folder / "releves.csv"), "crs": CRS, "x_field": "x",
            "y_field": "y", "folds": 2, "epochs": 1, "device": "cpu", "alignment": "none", "species": SPECIES[0],
            "overwrite": True,
        },
    )  # fmt: skip
    asked = 0

    def run(stop_at: float) -> None:
        nonlocal asked
        asked = 0

        def cancelled() -> bool:
            nonlocal asked
            asked += 1
            return asked >= stop_at

        train(parameters, Progress(None, None, cancelled))

    run(float("inf"))
    last = asked
    assert last > 50 and len(list(tmp_path.iterdir())) == 3
    for path in tmp_path.iterdir():
        path.unlink()
    for stop_at in (1, last // 3, last - 1):
        with pytest.raises(Cancelled):
            run(stop_at)
        assert not list(tmp_path.iterdir())


def test_an_output_that_exists_is_refused_before_any_work(folder: Path, plain: Trained) -> None:
    with pytest.raises(OutputError, match=r"plain.botaclip: the file exists already"):
        Trained(folder, "plain", raster="nowhere.tif")


def test_too_few_plots_are_worded(folder: Path) -> None:
    some = folder / "few.csv"
    write_releves(some, [row for row in releves() if str(row["plot_id"]) < "p012"])
    with pytest.raises(PairingError, match="only 12 plots have both a relevé and an image patch; at least 20"):
        Trained(folder, "few", releves=str(some))
    with pytest.raises(PairingError, match="no species has at least 60 presences among the 69 usable plots"):
        Trained(folder, "rare", min_presences=60)


def test_the_same_seed_gives_the_same_model(folder: Path) -> None:
    runs = [
        Trained(folder, f"seed{n}", alignment="botaclip", species=SPECIES[0], random_state=seed)
        for n, seed in enumerate((3, 3))
    ]
    one, two = (run.model.file.parts for run in runs)
    assert {name for name in one if one[name] != two[name]} <= {"metadata.json", "checksums.json"}
    assert runs[0].metrics["targets"] == runs[1].metrics["targets"]
    assert WEST < runs[0].metrics["plots"][0]["x"]
