"""The maps of the demo against its truth: where it is looked at, that it is the model's own map, and what is said."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from botaclip.core.cells import CellSource
from botaclip.core.commands import TRAIN
from botaclip.core.demo_landscape import write_demo_landscape
from botaclip.core.errors import Cancelled
from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.model import Model
from botaclip.core.options import parse_parameters
from botaclip.core.progress import Progress
from botaclip.training import reading
from botaclip.training import train as job
from botaclip.training import truth_maps as maps
from botaclip.training.continuation import Parent
from botaclip.training.evaluation import Protocol, calibrate_and_threshold, choose, cross_validate
from botaclip.training.heads import fit_linear
from botaclip.training.metrics_document import metrics_document
from botaclip.training.outer_folds import outer_blocks
from botaclip.training.selection import inner_validation
from botaclip.training.standardiser import Standardiser
from botaclip.training.training_imagery import training_imagery
from botaclip.training.training_table import TrainingTable
from botaclip.training.truth import truth_at, truth_correlation_at

from .conftest import ROOT

PLOTS, PLACES = 90, 150


@dataclasses.dataclass(frozen=True)
class Trained:
    """The parts of one training on a small demo landscape, and the document that ``train`` wrote."""

    parameters: dict[str, Any]
    imagery: LatticeImagery
    cells: CellSource
    pairs: Any
    data: TrainingTable
    metrics: dict[str, Any]
    printed: list[str]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOTACLIP_CACHE", str(folder / "cache"))
        patch.setattr(job, "truth_maps", functools.partial(maps.truth_maps, places=PLACES))
        write_demo_landscape(folder, seed=5, plots=PLOTS, species=12, size_m=2000.0)
        parameters, _ = parse_parameters(
            TRAIN,
            {
                "raster": folder / "tiles", "releves": folder / "releves.csv", "plots": folder / "plots.csv",
                "crs": "EPSG:32632", "x_field": "x", "y_field": "y", "output": folder / "model.botaclip",
                "metrics": folder / "metrics.json", "folds": 3, "block_size": 400.0, "alignment": "supervised",
                "epochs": 20, "min_presences": 15, "device": "cpu",
            },
        )  # fmt: skip
        printed = job.train(parameters, Progress())["print"]
        releves = reading.read_table(parameters)
        imagery = training_imagery(parameters, Progress())
        pairs = reading.pair_plots(releves, imagery, parameters, Progress())
        data = reading.training_table(releves, pairs, parameters["raster"])
        metrics = json.loads((folder / "metrics.json").read_text())
        with imagery.cells(0) as cells:
            yield Trained(parameters, imagery, cells, pairs, data, metrics, printed)


def places(trained: Trained, *, count: int = PLACES, random_state: int = 1) -> Any:
    return maps.clear_places(
        trained.pairs, trained.cells, trained.data.species, places=count, random_state=random_state
    )


def protocol_of(trained: Trained) -> Protocol:
    """Return the protocol of the final model, made as ``train`` makes it."""
    pairs, data = trained.pairs, trained.data
    touching_m = pairs.patch.size_m + pairs.field_m
    blocks = outer_blocks(data.places, data.groups, touching_m, pairs.patch.size_m, trained.parameters)
    list(blocks.split(trained.data.places))
    return reading.protocol_of(trained.data, blocks, trained.parameters, "cpu")


def test_places_are_clear_of_every_training_patch(trained: Trained) -> None:
    rows, cols, truth = places(trained)
    pairs = trained.pairs
    apart = np.maximum(np.abs(rows[:, None] - pairs.rows), np.abs(cols[:, None] - pairs.cols)).min(axis=1)
    assert apart.min() * pairs.lattice.cell_m >= pairs.patch.size_m + pairs.field_m
    # The rule bites: places lie as near as it allows.
    assert apart.min() * pairs.lattice.cell_m < pairs.patch.size_m + pairs.field_m + 10
    assert len(np.unique(np.column_stack([rows, cols]), axis=0)) == len(rows) == PLACES
    assert np.isfinite(truth).all()


def test_places_are_clear_of_what_the_model_continued_from_has_seen(trained: Trained) -> None:
    """The parent knows all plots, the new training one of them."""
    pairs = trained.pairs
    one = dataclasses.replace(pairs, rows=pairs.rows[:1], cols=pairs.cols[:1])
    parent = Parent.open(trained.parameters["output"])

    def nearest(parent: Parent | None) -> float:
        rows, cols, _ = maps.clear_places(one, trained.cells, trained.data.species, parent=parent, places=60)
        assert len(rows)
        apart = np.maximum(np.abs(rows[:, None] - pairs.rows), np.abs(cols[:, None] - pairs.cols)).min(axis=1)
        return float(apart.min() * pairs.lattice.cell_m)

    assert nearest(None) < pairs.patch.size_m < pairs.patch.size_m + pairs.field_m <= nearest(parent)


def test_places_are_drawn_by_the_seed(trained: Trained) -> None:
    one, again, other = places(trained), places(trained), places(trained, random_state=2)
    assert all((a == b).all() for a, b in zip(one, again, strict=True))
    assert not (one[0] == other[0]).all()


def test_the_truth_is_that_of_the_place(trained: Trained) -> None:
    rows, cols, truth = places(trained)
    centres = trained.pairs.lattice.node_xy(rows[:7], cols[:7], trained.pairs.patch)
    expected = truth_at(trained.parameters["raster"], centres, trained.data.species)
    np.testing.assert_array_equal(truth[:7], expected)
    assert truth.std(axis=0).min() > 0.01


def test_where_plots_leave_no_room_there_are_no_places(trained: Trained) -> None:
    everywhere = np.mgrid[-100:600:10, -100:600:10].reshape(2, -1)
    crowded = dataclasses.replace(trained.pairs, rows=everywhere[0], cols=everywhere[1])
    rows, _, _ = maps.clear_places(crowded, trained.cells, trained.data.species, places=20)
    assert len(rows) == 0


def test_the_adapted_map_is_that_of_the_model_file(trained: Trained) -> None:
    """Correlations in ``metrics.json`` are those of what the suitability raster holds."""
    rows, cols, truth = places(trained)
    vectors, _ = trained.cells.patches(rows, cols, trained.pairs.patch)
    model = Model.open(trained.parameters["output"])
    mapped = model.suitability(model.adapt(vectors)[0])
    r = truth_correlation_at(mapped, truth)
    reported = trained.metrics["maps"]["adapted"]["per_species"]
    assert list(reported) == list(trained.data.species)
    np.testing.assert_allclose(list(reported.values()), r, atol=2e-4)
    assert trained.metrics["maps"]["adapted"]["median_truth_correlation"] == pytest.approx(np.median(r), abs=2e-4)


def test_the_raw_map_has_no_adapter(trained: Trained) -> None:
    """It is the head of the best penalty on the standardised frozen vectors, calibrated as the model's is."""
    rows, cols, truth = places(trained)
    vectors, _ = trained.cells.patches(rows, cols, trained.pairs.patch)
    folds = protocol_of(trained).inner_folds(trained.data)
    raw = choose(inner_validation(trained.data, folds, ()), "auto")["raw"]
    standardiser = Standardiser.fit(trained.data.vectors)
    head = fit_linear(standardiser(trained.data.vectors), trained.data.presence, raw.penalty)
    calibrators, _ = calibrate_and_threshold(trained.data.presence, raw.logits, folds)
    r = truth_correlation_at(calibrators(head.logits(standardiser(vectors))), truth)
    reported = trained.metrics["maps"]["raw"]["per_species"]
    np.testing.assert_allclose(list(reported.values()), r, atol=1e-5)
    # And it is another map than the adapted one.
    assert reported != trained.metrics["maps"]["adapted"]["per_species"]


def test_the_difference_is_paired_by_species(trained: Trained) -> None:
    document = trained.metrics["maps"]
    gaps = [document["adapted"]["per_species"][s] - r for s, r in document["raw"]["per_species"].items()]
    assert document["difference"]["median"] == pytest.approx(np.median(gaps))
    assert document["difference"]["low"] <= document["difference"]["median"] <= document["difference"]["high"]
    assert 0 < document["difference"]["p"] <= 1
    assert document["places"] == PLACES
    assert "maps" not in trained.metrics["omitted"]


def test_maps_see_something(trained: Trained) -> None:
    assert trained.metrics["maps"]["raw"]["median_truth_correlation"] > 0.15


def test_the_headline_says_it(trained: Trained) -> None:
    raw = trained.metrics["maps"]["raw"]["median_truth_correlation"]
    (line,) = [line for line in trained.printed if line.startswith("Maps against the truth")]
    assert f"at {PLACES} places" in line
    assert f"raw {raw:.3f}" in line


def test_progress_and_cancelling(trained: Trained) -> None:
    fractions: list[float] = []

    def report(fraction: float, message: str) -> None:
        fractions.append(fraction)

    protocol = dataclasses.replace(protocol_of(trained), asked="none")
    trials = inner_validation(trained.data, protocol.inner_folds(trained.data), ())
    result = maps.truth_maps(
        trained.data, trained.pairs, trained.cells, trials, protocol, places=40, progress=Progress(report)
    )
    assert result is not None and result["difference"]["median"] == 0
    assert fractions == sorted(fractions) and fractions[0] == 0 and 0.9 < fractions[-1] < 1
    with pytest.raises(Cancelled):
        maps.truth_maps(
            trained.data, trained.pairs, trained.cells, trials, protocol, places=40,
            progress=Progress(cancelled=lambda: len(fractions) > 0),
        )  # fmt: skip


@pytest.mark.parametrize("known", [False, True])
def test_where_there_are_no_maps_the_reason_is_given(trained: Trained, known: bool) -> None:
    data = trained.data if known else dataclasses.replace(trained.data, truth=None)
    protocol = dataclasses.replace(protocol_of(trained), asked="none", alignments=())
    every = np.arange(len(data))
    cv = cross_validate(data, [(every[::2], every[1::2])], protocol, columns=("raw", "adapted"))
    trials = inner_validation(data, protocol.inner_folds(data), ())
    document = metrics_document(
        data, reading.read_table(trained.parameters), trained.pairs, trained.imagery, trained.parameters,
        blocked=cv, targets={}, summary={}, summary_random={}, targets_within_site={}, summary_within_site={},
        maps=None, chosen=trials[0], trials=trials, seconds=1.0,
    )  # fmt: skip
    assert "maps" not in document
    assert ("too few places" if known else "only in the demo landscape") in document["omitted"]["maps"]
    assert not [line for line in job.headline(document) if line.startswith("Maps")]


def test_the_document_is_described(trained: Trained) -> None:
    """``docs/metrics.md`` names every key that is not a name in the data, and no score that does not exist."""
    described = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    metrics = trained.metrics
    keys = {*metrics, *metrics["data"], *metrics["alignment"], *metrics["folds"][0], *metrics["plots"][0]}
    keys |= {*metrics["maps"], *metrics["maps"]["raw"], *metrics["summary"], *metrics["calibration"]["bins"][0]}
    for scores in metrics["summary"].values():
        keys |= {*scores, *scores["auc"], *scores["auc"]["difference_to_raw"]}
    assert not [key for key in sorted(keys - {"n"}) if f"`{key}" not in described and f".{key}`" not in described]
