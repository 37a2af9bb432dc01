"""Continuing from a model: where it begins, what it is not scored on, and what it refuses to continue from."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from tests.model_fixture import write_model, write_raster

from botaclip.core.adapters import ImageAdapter
from botaclip.core.encoders import opening
from botaclip.core.errors import LeakageError, ModelFileError, OptionError, PairingError
from botaclip.core.lattice import PatchSpec
from botaclip.core.model import Model
from botaclip.core.model_file import ModelFile
from botaclip.core.model_report import words
from botaclip.core.places import Points
from botaclip.core.progress import SILENT, Progress
from botaclip.training.adapter import Adapter
from botaclip.training.alignment import CHECKPOINTS, candidates
from botaclip.training.closed_forms import CLOSED_FORMS
from botaclip.training.continuation import Parent, earlier_plots, seen_by, without_seen
from botaclip.training.evaluation import ImageSpace, cross_validate, fit_columns, fit_image_column
from botaclip.training.export import adapter_graph
from botaclip.training.heads import PENALTIES
from botaclip.training.metrics_document import reason_of_choice
from botaclip.training.protocol import columns_of
from botaclip.training.seen_plots import plots_of
from botaclip.training.selection import best, inner_validation
from botaclip.training.standardiser import Standardiser
from botaclip.training.training_table import TrainingTable

from .small_tables import thirds
from .trained_models import CRS, EAST, ENCODER, LATTICE, NORTH, PATCH_M, pairs, plots, protocol, releves, trained

# Half of the encoder's field and snapping to nodes included, by the diagonal: what the rule comes to here.
REACH_M = 1.01 * np.sqrt(2) * (PATCH_M + (ENCODER.stride_px + 2 * ENCODER.margin_px) * 2.0 + 20.0)


def part(table: TrainingTable, start: int, stop: int, *, name: str = "p", east_m: float = 0.0) -> TrainingTable:
    """Return some plots under other names and elsewhere."""
    some = table.take(np.arange(start, stop))
    return dataclasses.replace(
        some, ids=tuple(f"{name}{i}" for i in range(len(some))), places=some.places + [east_m, 0.0]
    )


WHOLE = plots(160, rank=2, noise=1.5)
FIRST = part(WHOLE, 0, 90, name="first")
# Ten plots of the first model under other names, and fifty elsewhere.
SECOND = dataclasses.replace(
    part(WHOLE, 80, 140, name="second"),
    places=np.vstack([WHOLE.places[80:90], WHOLE.places[90:140] + [50_000.0, 0.0]]),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return trained(folder / "first.botaclip", FIRST)[0]


@pytest.fixture(scope="module")
def parent(model: Model) -> Parent:
    return Parent.open(model.file.path)


def test_zero_steps_are_the_other_model_itself(model: Model, parent: Parent) -> None:
    start = parent.start(releves(SECOND), pairs(SECOND))
    trials = inner_validation(SECOND, thirds(SECOND), protocol(start=start).alignments)
    for name in ("supervised", "contrastive", "botaclip"):
        trial = next(t for t in trials if t.alignment.name == name and t.steps == 0)
        space = ImageSpace.fit(SECOND, SECOND, trial, protocol(start=start))
        expected = model.adapt(SECOND.vectors)[0]
        np.testing.assert_allclose(space(SECOND.vectors), expected, atol=2e-4 * np.abs(expected).max())
        # Not by chance: the frozen vectors are far from there.
        frozen = ImageSpace.fit(SECOND, SECOND, trials[0], protocol())(SECOND.vectors)
        assert np.abs(frozen - expected).max() > 0.05 * np.abs(expected).max()
    assert trials[0].label == "none" and trials[0].frozen
    assert trial.label == "the adapter of first.botaclip as it is" and not trial.frozen
    assert trials[-1].label == "botaclip, lambda 0.1, 8 steps on from first.botaclip"


def test_raw_stays_the_frozen_vectors(parent: Parent) -> None:
    start = parent.start(releves(SECOND), pairs(SECOND))
    with_start, without = (
        inner_validation(SECOND, thirds(SECOND), protocol(start=one).alignments) for one in (start, None)
    )
    for one, other in zip(with_start[: len(PENALTIES)], without[: len(PENALTIES)], strict=True):
        np.testing.assert_array_equal(one.logits, other.logits)


def test_steps_go_on_from_there(model: Model, parent: Parent) -> None:
    start = parent.start(releves(SECOND), pairs(SECOND))
    how = protocol(start=start)
    trials = inner_validation(SECOND, thirds(SECOND), how.alignments)
    begun = model.adapt(SECOND.vectors)[0]
    moved = [
        np.abs(ImageSpace.fit(SECOND, SECOND, next(t for t in trials if t.alignment is a and t.steps == n), how)(
            SECOND.vectors) - begun).mean()
        for a in how.alignments for n in (0, 4, 8)
    ]  # fmt: skip
    for nothing, some, more in zip(moved[::3], moved[1::3], moved[2::3], strict=True):
        assert nothing < 1e-3 < some < more


def test_what_another_model_has_learnt_helps_where_plots_are_few(tmp_path: Path) -> None:
    """Species on two gradients that hundreds of noisy features carry: three hundred plots know them, forty do not."""
    table = plots(340, rank=2, noise=2.0, seed=11)
    path = tmp_path / "many.botaclip"
    trained(path, part(table, 0, 300, name="old"), "supervised")
    few = part(table, 300, 340, name="new", east_m=50_000.0)
    start = Parent.open(path).start(releves(few), pairs(few))
    trials = inner_validation(few, thirds(few), candidates(len(few), epochs=40, start=start))
    assert best(trials, "supervised").loss < best(trials, "none").loss - 0.01


def test_candidates_begin_there_and_are_judged_there_too(parent: Parent) -> None:
    start = parent.start(releves(SECOND), pairs(SECOND))
    for plain, continued in zip(candidates(400), candidates(400, start=start), strict=True):
        if plain.name in CLOSED_FORMS:  # computed from the plots alone: there is nothing to go on from
            assert continued == plain and continued.start is None
            continue
        # An adapter that begins at another model's needs as many steps as any, joint's too.
        assert continued.checkpoints[0] == 0 and continued.start is start
        assert continued.checkpoints[1:] == (CHECKPOINTS if plain.name == "joint" else plain.checkpoints)
        assert continued == dataclasses.replace(plain, checkpoints=continued.checkpoints)
    assert candidates(400, epochs=0, start=start)[-1].checkpoints == (0,)


def test_plots_that_it_may_have_seen_are_never_held_out(parent: Parent) -> None:
    start = parent.start(releves(SECOND), pairs(SECOND))
    again = set(SECOND.ids[:10])
    assert again <= start.seen and len(start.seen) < 15
    how = protocol("auto", start=start)
    cv = cross_validate(SECOND, thirds(SECOND), how)
    assert tuple(cv.suitability) == columns_of(SECOND, "auto", how.alignments)[0]
    assert {"raw", "adapted", "supervised", "botaclip", "shuffled", "prevalence"} <= set(cv.suitability)
    scored = {SECOND.ids[i] for i in np.flatnonzero(cv.fold >= 0)}
    assert scored == set(SECOND.ids) - start.seen
    for (train, test), (before, _) in zip(cv.folds, thirds(SECOND), strict=True):
        assert not {SECOND.ids[i] for i in test} & start.seen
        np.testing.assert_array_equal(train, before)  # they may train
    for suitability in cv.suitability.values():
        assert np.isfinite(suitability[cv.fold >= 0]).all() and np.isnan(suitability[cv.fold < 0]).all()
    # Nor do they choose, calibrate or set thresholds inside.
    held = np.concatenate([held for _, held in how.validation_folds(SECOND)])
    assert not {SECOND.ids[i] for i in held} & start.seen


@pytest.mark.parametrize("head", ["linear", "forest"])
def test_scoring_what_the_other_model_has_seen_is_refused(parent: Parent, head: str) -> None:
    """Even where the plots were not among those of the fold: the space itself says what it has seen."""
    start = parent.start(releves(SECOND), pairs(SECOND))
    new = SECOND.take(np.arange(10, 60))
    how = protocol("botaclip", head=head, start=start)
    trial = best(inner_validation(new, thirds(new), how.alignments), "botaclip")
    fitted = fit_image_column("adapted", new, new, trial, how, thirds(new), SILENT)
    with pytest.raises(LeakageError, match="column 'adapted' was fitted on 1 of the 1 plots"):
        fitted.predict(SECOND.take(np.array([3])))
    # The frozen vectors have seen nothing.
    fit_columns(new, how, columns=("raw",))[0]["raw"].predict(SECOND.take(np.array([3])))


def test_shuffled_does_not_begin_with_the_plants_of_the_other_model(parent: Parent) -> None:
    start = parent.start(releves(SECOND), pairs(SECOND))
    plain = fit_columns(SECOND, protocol("none"), columns=("raw",))[0]["raw"]
    how = dataclasses.replace(
        protocol("supervised", start=start),
        alignments=tuple(dataclasses.replace(a, checkpoints=(0,)) for a in protocol(start=start).alignments),
    )
    fitted = fit_columns(SECOND, how, columns=("adapted", "shuffled"))[0]
    new = part(WHOLE, 140, 160)
    assert fitted["adapted"].choice.startswith("the adapter of first.botaclip as it is")
    assert fitted["shuffled"].choice.startswith("none")
    difference = [np.abs(fitted[c].predict_logits(new) - plain.predict_logits(new)).max() for c in fitted]
    # Its penalty may differ, being chosen on the plots that are new; its space may not.
    assert fitted["shuffled"].seen.isdisjoint(start.seen - set(SECOND.ids)) and difference[0] > 0.1


def table_of(points: Sequence[tuple[float, float]], *, digests: Sequence[str] = ()) -> tuple[Points, np.ndarray]:
    x, y = np.array(points).T
    return Points(x, y, CRS), np.array(digests or ["new"] * len(points))


def test_places_within_reach_are_seen_and_others_are_not(parent: Parent) -> None:
    east, north = FIRST.places[:, 0] + EAST, FIRST.places[:, 1] + NORTH
    rim = int(east.argmax())
    for metres, expected in ((0.0, True), (REACH_M - 2.0, True), (REACH_M + 2.0, False), (5_000.0, False)):
        points, digests = table_of([(east[rim] + metres, north[rim])])
        assert seen_by(parent, points, digests).tolist() == [expected], metres
        # Whatever CRS the places come in.
        assert seen_by(parent, points.to("EPSG:4326"), digests).tolist() == [expected], metres
    lost = Points(np.array([np.nan]), np.array([np.nan]), CRS)
    assert seen_by(parent, lost, np.array(["new"])).all()


def test_the_same_releve_is_seen_wherever_it_lies(parent: Parent) -> None:
    own = releves(FIRST).digests
    unique = [digest for digest in own if (own == digest).sum() == 1]
    points, digests = table_of([(EAST + 90_000.0, NORTH)] * 2, digests=[unique[0], "new"])
    assert seen_by(parent, points, digests).tolist() == [True, False]


def test_a_list_that_many_plots_share_identifies_none(folder: Path) -> None:
    table = dataclasses.replace(FIRST, cover=np.array(FIRST.cover))
    table.cover[:2] = 0.0  # with plot 3 three empty relevés
    trained(folder / "shared.botaclip", table)
    points, digests = table_of([(EAST + 90_000.0, NORTH)], digests=[releves(table).digests[0]])
    assert not seen_by(Parent.open(folder / "shared.botaclip"), points, digests).any()


def test_coarse_places_widen_the_reach(folder: Path) -> None:
    trained(folder / "coarse.botaclip", FIRST, locations="coarse:1000")
    coarse = Parent.open(folder / "coarse.botaclip")
    # Every plot of the first model, up to its own reach in any direction, however its place was moved.
    for angle in np.linspace(0, 2 * np.pi, 9):
        away = (REACH_M - 2.0) * np.array([np.cos(angle), np.sin(angle)])
        points, digests = table_of([tuple(place + away) for place in FIRST.places + [EAST, NORTH]])
        assert seen_by(coarse, points, digests).all()
    points, digests = table_of([(EAST - 1_700.0, NORTH - 1_700.0)])
    assert not seen_by(coarse, points, digests).any()


def test_without_places_all_of_the_extent_is_seen(folder: Path) -> None:
    silent = trained(folder / "silent.botaclip", FIRST, locations="none")[0]
    west, south, east, north = silent.metadata["training"]["extent_wgs84"]
    inside = Points(np.array([west + 0.001, east - 0.001]), np.array([south + 0.001, north - 0.001]), "EPSG:4326")
    outside = Points(np.array([west - 0.01, east + 0.01, west]), np.array([south, north, north + 0.01]), "EPSG:4326")
    parent = Parent.open(silent.file.path)
    assert seen_by(parent, inside, np.array(["new"] * 2)).all()
    assert not seen_by(parent, outside, np.array(["new"] * 3)).any()


def test_a_model_that_says_nothing_of_its_plots(folder: Path) -> None:
    trained(folder / "mute.botaclip", FIRST, locations="none")
    parent = Parent.open(folder / "mute.botaclip")
    del parent.file.metadata["training"]["extent_wgs84"]
    with pytest.raises(ModelFileError, match="neither where its plots lie nor in what extent"):
        seen_by(parent, *table_of([(EAST, NORTH)]))


THIRD = part(WHOLE, 100, 160, name="third", east_m=200_000.0)


@pytest.mark.parametrize("locations", ["exact", "coarse:500", "none"])
def test_a_third_model_knows_of_the_plots_of_the_first(folder: Path, parent: Parent, locations: str) -> None:
    path = folder / f"child {locations.replace(':', ' ')}.botaclip"
    child = trained(path, SECOND, init=parent, locations=locations)[0]
    grandchild = Parent.open(path)
    # The first model's plots, under new names and with other lists.
    points, digests = table_of([tuple(place) for place in FIRST.places + [EAST, NORTH]])
    assert seen_by(grandchild, points, digests).all()
    points, digests = table_of([tuple(place) for place in THIRD.places + [EAST, NORTH]])
    assert not seen_by(grandchild, points, digests).any()
    # Three generations: the fourth would know of all.
    trained(folder / "third.botaclip", THIRD, init=grandchild, locations=locations)
    third = Parent.open(folder / "third.botaclip")
    points, digests = table_of([tuple(place) for place in FIRST.places + [EAST, NORTH]])
    assert seen_by(third, points, digests).all() and len(third.file.plots()["earlier"]) == 2
    assert child.metadata["provenance"]["parent"]["sha256"] == parent.file.sha256


@pytest.mark.parametrize("locations", ["exact", "coarse:500", "none"])
def test_extra_releves_of_the_other_model_count_as_seen(folder: Path, locations: str) -> None:
    """By VEGETA alone, but seen: neither a model that continues from it nor the next one scores them."""
    path = folder / f"extra {locations.replace(':', ' ')}.botaclip"
    trained(path, FIRST, "none", locations=locations, extra=releves(THIRD))
    parent = Parent.open(path)
    same = releves(THIRD)
    for points, digests in (
        table_of([tuple(place) for place in THIRD.places + [EAST, NORTH]]),  # other lists at the same places
        (Points(same.points.x + 3e5, same.points.y, CRS), same.digests),  # the same lists elsewhere
    ):
        assert seen_by(parent, points, digests).all()
        assert not seen_by(parent, points, digests, extra=False).any()
    others = plots(120, rank=2, noise=1.5, seed=9)
    third = dataclasses.replace(others, places=np.vstack([THIRD.places, others.places[:60] + [400_000.0, 0.0]]))
    fifth = third.take(np.arange(60, 120))
    said: list[str] = []
    start = parent.start(releves(third), pairs(third), Progress(log=lambda _, line: said.append(line)))
    assert set(third.ids[:60]) <= start.seen and len(start.seen) <= 61  # one list is that of an extra relevé
    assert any("of them only by its encoder of species lists (--extra-releves): they train, but are not" in line
               for line in said)  # fmt: skip
    trained(folder / "heir.botaclip", fifth, "botaclip", init=parent, locations=locations)
    heir = Parent.open(folder / "heir.botaclip")
    points, digests = table_of([tuple(place) for place in THIRD.places + [EAST, NORTH]])
    assert seen_by(heir, points, digests).all() and not seen_by(heir, points, digests, extra=False).any()


def test_many_extra_releves_keep_the_file_small_and_open(folder: Path) -> None:
    """Thirty thousand of them: a few megabytes, deflated, and found again."""
    count = 30_000
    random = np.random.default_rng(1)
    some = releves(FIRST)
    many = dataclasses.replace(
        some, plot_ids=np.array([f"e{i}" for i in range(count)]), dates=np.array([""] * count),
        points=Points(EAST + random.uniform(1e5, 4e5, count), NORTH + random.uniform(1e5, 4e5, count), CRS),
        cover=csr_array((count, some.cover.shape[1]), dtype=np.float32),
        digests=np.array([hashlib.sha256(str(i).encode()).hexdigest() for i in range(count)]),
    )  # fmt: skip
    path = folder / "many.botaclip"
    model, parts, _ = trained(path, FIRST, "none", extra=many)
    assert len(parts.parts["plots.json"]) < 6e6 and path.stat().st_size < 4e6
    assert model.metadata["vegeta"]["extra_releves"] == count
    far = Points(many.points.x[:50] + 9e5, many.points.y[:50], CRS)
    assert seen_by(Parent.open(path), far, many.digests[:50]).all()


@pytest.mark.parametrize("extra", [[], ["x"], 7, {"plots": 3}, {"plots": [1]}, {"plots": [{"digest": "a"}]},
                                   {"plots": [{"x": "a", "y": 1}], "crs": CRS}])  # fmt: skip
def test_a_table_of_extra_releves_that_is_none(folder: Path, parent: Parent, extra: Any) -> None:
    plots = parent.file.plots() | {"extra": extra}
    strange = dataclasses.replace(parent.file, parts={**parent.file.parts, "plots.json": json.dumps(plots).encode()})
    if extra:
        with pytest.raises(ModelFileError):
            list(plots_of(strange))
    else:
        assert len(list(plots_of(strange))) == 1


def test_places_of_the_other_model_are_told_no_more_exactly_than_those_of_the_new_one(parent: Parent) -> None:
    exact = {row["x"] for row in parent.file.plots()["plots"]}
    assert {row["x"] for row in earlier_plots(parent, "exact")[0]["plots"]} == exact
    coarse = json.dumps(earlier_plots(parent, "coarse:500"))
    silent = json.dumps(earlier_plots(parent, "none"))
    assert not [x for x in exact if str(x) in coarse + silent] and '"x"' not in silent
    assert {row["x"] % 500 for row in earlier_plots(parent, "coarse:500")[0]["plots"]} == {250.0}
    extent = parent.file.metadata["training"]["extent_wgs84"]
    assert not [number for number in extent if str(number) in coarse + silent]


def test_the_file_and_its_description_name_the_other_model(folder: Path, parent: Parent) -> None:
    child, parts, how = trained(folder / "named.botaclip", SECOND, init=parent)
    assert child.metadata["provenance"]["parent"] == {
        "name": "first.botaclip", "sha256": parent.file.sha256, "created": parent.file.metadata["created"],
    }  # fmt: skip
    alignment = child.metadata["alignment"]
    assert alignment["continued"] and alignment["chosen"] == ("botaclip" if alignment["steps"] else "parent")
    assert any(line.startswith("continues  first.botaclip") for line in words(child))
    assert "first.botaclip" in reason_of_choice(how.asked, parts.choice, parts.trials)
    # And it computes what was fitted.
    fitted = fit_image_column("adapted", SECOND, SECOND, parts.choice, how, how.validation_folds(SECOND), SILENT)
    new = part(WHOLE, 140, 160)
    made = child.suitability(child.adapt(new.vectors)[0])
    np.testing.assert_allclose(made, fitted.calibrate(fitted.predict_logits(new)), atol=1e-5)


def test_environment_of_either_model_does_not_matter(tmp_path: Path) -> None:
    wide = plots(60, environment=True)
    model = trained(tmp_path / "wide.botaclip", wide)[0]
    parent = Parent.open(model.file.path)
    expected = model.adapt(pairs(wide).vectors)[0][:, : model.unit_width]
    np.testing.assert_allclose(wide.vectors @ parent.weight + parent.bias, expected, atol=1e-4)
    far = part(wide, 0, 60, name="far", east_m=50_000.0)
    far = dataclasses.replace(far, cover=far.cover + np.float32(0.5))
    far = dataclasses.replace(far, environment=far.environment[:, :1])
    child = trained(tmp_path / "child.botaclip", far, init=parent)
    assert (child[0].dimension, child[0].width) == (ENCODER.dimension + 1, ENCODER.dimension + 1)


@pytest.mark.parametrize(
    "changes, found",
    [
        ({"encoder": opening.get("random-conv", bands=("green", "red"), value_range=(0.0, 255.0))},
         "the bands differ: red, green there, green, red here"),
        ({"encoder": opening.get("random-conv", bands=("red", "green"), value_range=(0.0, 4000.0))},
         "the range of values differs: 0 to 255 there, 0 to 4000 here"),
        ({"lattice": dataclasses.replace(LATTICE, pixel_m=1.0)}, "the pixel differs: 2 m there, 1 m here"),
        ({"lattice": dataclasses.replace(LATTICE, stride_px=8)}, "the cell differs: 10 pixels there, 8 pixels here"),
        ({"patch": LATTICE.patch(60.0)}, "the patch differs: 100 m there, 60 m here"),
        ({"patch": PatchSpec(100.0, 4)}, "the patch differs: 5 cells there, 4 cells here"),
    ],
)  # fmt: skip
def test_a_model_for_other_data_is_refused(parent: Parent, changes: dict[str, Any], found: str) -> None:
    with pytest.raises(ModelFileError, match=f"first.botaclip: training cannot continue from it, because {found}"):
        parent.start(releves(SECOND), pairs(SECOND, **changes))


def test_another_encoder_is_refused(parent: Parent) -> None:
    other = dataclasses.replace(parent, file=dataclasses.replace(parent.file, metadata=json.loads(json.dumps(
        parent.file.metadata | {"encoder": parent.file.metadata["encoder"] | {"sha256": "0" * 64}}))))  # fmt: skip
    with pytest.raises(ModelFileError, match=r"the encoder differs: random-conv\S* \(0{12}\) there"):
        other.check(ENCODER, LATTICE, LATTICE.patch(PATCH_M))


def test_another_mode_is_named(parent: Parent) -> None:
    """Exact and tokens are two graphs of one encoder, and digests alone tell nobody why."""
    with pytest.raises(ModelFileError, match=r"the encoder differs: \S+ in mode exact \(0{12}\) there"):
        with_encoder(parent, kind="exact", sha256="0" * 64).check(ENCODER, LATTICE, LATTICE.patch(PATCH_M))


def with_encoder(parent: Parent, **changes: Any) -> Parent:
    """Return the parent with another description of its encoder."""
    about = {**parent.file.metadata["encoder"], **changes}
    metadata = json.loads(json.dumps({**parent.file.metadata, "encoder": about}))
    return dataclasses.replace(parent, file=dataclasses.replace(parent.file, metadata=metadata))


@pytest.mark.parametrize(
    ("changes", "found"),
    [({"centre": 0.5}, "centre 0.5"), ({"kind": "tokens"}, "kind tokens"),
     ({"spread": [0.2, 0.3]}, r"spread \[0.2, 0.3")],
)
def test_the_same_graph_used_otherwise_is_refused(parent: Parent, changes: dict[str, Any], found: str) -> None:
    with pytest.raises(ModelFileError, match=f"the use of the encoder differs: .*{found}.* there, .* here"):
        with_encoder(parent, **changes).check(ENCODER, LATTICE, LATTICE.patch(PATCH_M))


def test_what_an_older_model_does_not_say_is_no_difference(parent: Parent) -> None:
    older = with_encoder(parent)
    for name in ("centre", "spread", "kind"):
        del older.file.metadata["encoder"][name]
    older.check(ENCODER, LATTICE, LATTICE.patch(PATCH_M))


def test_an_encoder_that_sees_far_has_seen_more(parent: Parent) -> None:
    east, north = FIRST.places[:, 0] + EAST, FIRST.places[:, 1] + NORTH
    rim = int(east.argmax())
    far = with_encoder(parent, reach_px=ENCODER.margin_px + 100)
    further_m = REACH_M + 1.01 * np.sqrt(2) * 2 * 100 * LATTICE.pixel_m
    for metres, expected in ((further_m - 2.0, True), (further_m + 2.0, False)):
        points, digests = table_of([(east[rim] + metres, north[rim])])
        assert seen_by(far, points, digests).tolist() == [expected], metres


def test_values_of_another_meaning_are_refused(parent: Parent) -> None:
    parent.check_values((0.0, 255.0))
    parent.check_values((20.0, 180.0))
    for other in ((0.0, 4_000.0), (0.0, 0.4), (300.0, 500.0)):
        with pytest.raises(ModelFileError, match="made for pixel values of 0 to 255 and the imagery has"):
            parent.check_values(other)


def test_it_is_said_how_many_plots_are_not_scored(parent: Parent) -> None:
    said: list[str] = []
    start = parent.start(releves(SECOND), pairs(SECOND), Progress(None, lambda level, line: said.append(line)))
    assert said == [
        f"Training continues from first.botaclip. {len(start.seen)} of the 60 plots may have been seen by it: they "
        "train, but are not scored."
    ]


def test_a_pixel_a_little_off_is_the_same(parent: Parent) -> None:
    parent.check(ENCODER, dataclasses.replace(LATTICE, pixel_m=2.005), LATTICE.patch(PATCH_M))


def test_an_adapter_of_another_make_is_refused(folder: Path) -> None:
    """Its tensors have the right names and shapes, but it multiplies where ours divides."""
    file = write_model(folder / "foreign.botaclip", write_raster(folder / "r.tif", size=200))
    with pytest.raises(ModelFileError, match=r"foreign.botaclip: its adapter is not a linear map"):
        Parent.open(file.path)


WRITTEN_BY_ITSELF = ("metadata.json", "checksums.json")


@pytest.mark.parametrize("form", ["residual", "attention"])
def test_an_adapter_that_is_no_matrix_is_refused_with_what_helps(model: Model, tmp_path: Path, form: str) -> None:
    torch.manual_seed(0)
    module = ImageAdapter(model.image_dimension, form=form)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    plain = Standardiser(np.zeros(model.image_dimension, np.float32), np.ones(model.image_dimension, np.float32))
    parts = {name: bytes(model.file.parts[name]) for name in model.file.parts if name not in WRITTEN_BY_ITSELF}
    parts["adapter.onnx"] = adapter_graph(plain, Adapter.of_module(module, 3))
    ModelFile.write(tmp_path / "bent.botaclip", dict(model.file.metadata), parts)
    assert Model.open(tmp_path / "bent.botaclip").unit_width == model.image_dimension
    with pytest.raises(ModelFileError, match=r"bent.botaclip: its adapter is not a linear map.*--adapter linear"):
        Parent.open(tmp_path / "bent.botaclip")


def test_without_an_alignment_there_is_nothing_to_continue(model: Model) -> None:
    with pytest.raises(OptionError, match="--alignment none trains no adapter"):
        Parent.open(model.file.path, alignment="none")


def test_too_few_new_plots(parent: Parent) -> None:
    few = SECOND.take(np.arange(25))
    for some, found in ((FIRST, "none of the 90 plots"), (few, r"only 1\d of the 25 plots")):
        with pytest.raises(PairingError, match=found + " is sure to be new to first.botaclip; at least 20 are needed"):
            parent.start(releves(some), pairs(some))


def test_folds_without_seen_plots() -> None:
    seen = np.arange(9) < 4
    folds = [(np.arange(3, 9), np.arange(3)), (np.arange(6), np.arange(3, 9))]
    kept = without_seen(folds, seen)
    assert len(kept) == 1
    np.testing.assert_array_equal(kept[0][0], np.arange(6))
    np.testing.assert_array_equal(kept[0][1], np.arange(4, 9))
    with pytest.raises(PairingError, match="holds no plot that is sure to be new"):
        without_seen(folds[:1], seen)
