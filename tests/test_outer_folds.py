"""The outer folds: a buffer that leaves nothing is found before any patch is looked at."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from botaclip.core.commands import TRAIN
from botaclip.core.errors import BotaclipError, OptionError, PairingError
from botaclip.core.options import parse_parameters
from botaclip.core.progress import Progress
from botaclip.training import reading
from botaclip.training import train as job
from botaclip.training.inner_folds import inner_folds
from botaclip.training.outer_folds import OuterFolds, block_advice, outer_blocks, outer_splitter
from botaclip.training.splits import (
    BufferedLeaveOneOut,
    LeaveSitesOut,
    RandomFolds,
    SpatialBlocks,
    StratifiedFolds,
    leak_report,
)

from .small_landscape import CRS, plot_places, releves, write_image, write_releves


def given(**asked: object) -> dict[str, object]:
    return parse_parameters(TRAIN, {"raster": "r", "releves": "t", "output": "o", **asked})[0]


def test_patches_do_not_touch_across_folds_by_default() -> None:
    places = np.column_stack(plot_places(200))
    blocks = outer_blocks(places, None, 130.0, 100.0, given(folds=3))
    for training, held_out in blocks.split(places):
        gaps = np.hypot(*(places[training][:, None] - places[held_out][None]).transpose(2, 0, 1))
        assert gaps.min() >= 130.0


def test_a_narrower_buffer_and_fewer_folds_are_said() -> None:
    places, said = np.column_stack(plot_places(60)), []
    progress = Progress(None, lambda level, line: said.append((level, line)))
    groups = tuple("ab"[int(east > np.median(places[:, 0]))] for east in places[:, 0])
    blocks = outer_blocks(places, groups, 130.0, 100.0, given(folds=5, buffer=20), progress)
    assert blocks.n_splits == 2
    assert [level for level, _ in said] == ["warning", "warning"]
    assert "130 m keeps them apart" in said[0][1] and "2 folds are made instead of 5" in said[1][1]


PLACES = np.random.default_rng(1).uniform(0, 4_000, (120, 2)) + [600_000, 5_000_000]
GROUPS = tuple(f"g{k // 4}" for k in range(120))
SITES = tuple("abc"[int(east > 601_500) + int(east > 602_800)] for east in PLACES[:, 0])
PRESENCE = (np.random.default_rng(2).uniform(size=(120, 12)) < 0.3).astype(np.float32)


def asked_for(
    splits: str, groups: tuple[str, ...] | None = None, progress: Progress | None = None, **more: object
) -> OuterFolds:
    return outer_splitter(
        PLACES, groups, SITES, 130.0, 100.0, given(splits=splits, folds=3, **more), progress or Progress()
    )


@pytest.mark.parametrize(
    ("splits", "kind", "spatial", "folds", "words"),
    [
        ("auto", SpatialBlocks, True, 3, "spatial blocks, squares of"),
        ("blocks", SpatialBlocks, True, 3, "spatial blocks, squares of"),
        ("hexagons", SpatialBlocks, True, 3, "spatial blocks, hexagons as large as squares of"),
        ("sites", LeaveSitesOut, True, 3, "whole sites left out"),
        ("loo", BufferedLeaveOneOut, True, 120, "every plot left out by itself"),
        ("stratified", StratifiedFolds, False, 3, "not spatial"),
        ("random", RandomFolds, False, 3, "not spatial"),
    ],
)
def test_every_split_is_made_as_asked_for(splits: str, kind: type, spatial: bool, folds: int, words: str) -> None:
    outer = asked_for(splits)
    made = outer.split(PLACES, PRESENCE)
    assert isinstance(outer.splitter, kind) and outer.spatial is spatial and len(made) == folds
    assert words in outer.words
    assert sorted(np.concatenate([test for _, test in made]).tolist()) == list(range(120))
    leaks = leak_report(PLACES, made, 130.0)
    assert all(row["overlapping_patches"] == 0 for row in leaks) == spatial
    assert outer.random(1).n_splits == 3
    found = outer.to_json(made, [f"p{k}" for k in range(120)], "exact")
    assert found["spatial"] is spatial and found["folds"] == folds and found["name"] == splits.replace("auto", "blocks")
    assert "outlines" not in outer.to_json(made, [f"p{k}" for k in range(120)], "coarse:1000")
    left_out = set(range(120)) - set(np.concatenate(made[found["map_fold"]]).tolist())
    assert found["map_left_out"] == [f"p{k}" for k in sorted(left_out)]


@pytest.mark.parametrize("splits", ["auto", "groups", "blocks", "hexagons", "sites", "loo", "stratified", "random"])
def test_groups_are_never_on_both_sides(splits: str) -> None:
    outer = asked_for(splits, GROUPS)
    assert (outer.name == "groups") == (splits in ("auto", "groups"))
    for row in leak_report(PLACES, outer.split(PLACES, PRESENCE), 130.0, groups=GROUPS):
        assert row["groups_split"] == 0


@pytest.mark.parametrize("splits", ["blocks", "hexagons", "sites", "loo", "stratified"])
def test_inner_folds_are_spatial_blocks_with_the_same_buffer(splits: str) -> None:
    outer = asked_for(splits, buffer=130)
    train, _ = outer.split(PLACES, PRESENCE)[0]
    inner = inner_folds(outer.splitter, PLACES[train], n_splits=3)
    assert len(inner) == 3
    for row in leak_report(PLACES[train], inner, 130.0):
        assert row["overlapping_patches"] == 0


def test_what_is_not_spatial_or_costly_is_said() -> None:
    said: list[tuple[str, str]] = []
    progress = Progress(None, lambda level, line: said.append((level, line)))
    asked_for("stratified", progress=progress)
    assert said[-1][0] == "warning" and "stratified folds, not spatial" in said[-1][1]
    many = np.random.default_rng(3).uniform(0, 9_000, (301, 2))
    outer_splitter(many, None, None, 10.0, 10.0, given(splits="loo", folds=5), progress)
    assert "301 folds" in said[-1][1]
    outer_splitter(many[:300], None, None, 10.0, 10.0, given(splits="loo", folds=5), progress)
    assert len(said) == 2


def test_what_is_not_there_cannot_be_left_out() -> None:
    with pytest.raises(OptionError, match="--splits groups needs groups"):
        asked_for("groups")
    one = outer_splitter(PLACES, None, None, 130.0, 100.0, given(splits="sites", folds=3))
    with pytest.raises(PairingError, match="lie on 1 site, too few to leave sites out"):
        one.split(PLACES)
    with pytest.raises(PairingError, match="shares no group with its test plots"):
        outer_splitter(PLACES, ("one",) * 120, SITES, 130.0, 100.0, given(splits="blocks", folds=3)).split(PLACES)


def test_many_sites_are_dealt_into_as_many_folds_as_asked_for() -> None:
    sites = tuple(f"s{k % 10}" for k in range(120))
    outer = outer_splitter(PLACES, None, sites, 0.0, 0.0, given(splits="sites", folds=3, buffer=0))
    made = outer.split(PLACES)
    assert len(made) == 3
    assert all(not {sites[k] for k in train} & {sites[k] for k in test} for train, test in made)


def test_blocks_smaller_than_the_range_are_warned_of() -> None:
    """Plants in patches of about 1 km: blocks of 200 m are too small, blocks of 3 km are not."""
    import gstools

    said: list[tuple[str, str]] = []
    progress = Progress(None, lambda level, line: said.append((level, line)))
    xy = np.random.default_rng(1).uniform(0, 8_000, (500, 2))
    fields = [
        gstools.SRF(gstools.Spherical(dim=2, var=1.0, len_scale=1_200.0), seed=seed)(xy.T) for seed in range(4)
    ]
    cover = np.maximum(np.column_stack([*fields, *(-field for field in fields)]), 0) * 20
    data = SimpleNamespace(places=xy, cover=cover, presence=(cover > 0).astype(float), sites=None)
    small, large = (
        outer_splitter(xy, None, None, 20.0, 10.0, given(folds=3, block_size=size)) for size in (200, 3_000)
    )
    for outer in (small, large):
        outer.split(xy)
        advice = block_advice(data, outer, given(folds=3), progress)
        assert advice.block_m is not None and 400 <= advice.block_m <= 2_400
    assert [level for level, _ in said] == ["info", "warning", "info"]
    assert "Blocks of 200 m are smaller than" in said[1][1]
    assert set(advice.to_json()) == {"range_m", "block_m", "words"}


def test_it_is_found_before_any_patch_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_image(tmp_path / "image.tif")
    write_releves(tmp_path / "releves.csv", releves())
    monkeypatch.setattr(reading, "pair_plots", lambda *_: pytest.fail("patches were looked at"))
    parameters, _ = parse_parameters(TRAIN, {
        "raster": str(tmp_path / "image.tif"), "releves": str(tmp_path / "releves.csv"), "crs": CRS, "x_field": "x",
        "y_field": "y", "folds": 2, "buffer": 2000, "device": "cpu", "output": str(tmp_path / "m.botaclip"),
    })  # fmt: skip
    with pytest.raises(BotaclipError, match="buffer of 2000 m leaves no training plots"):
        job.train(parameters, Progress())
