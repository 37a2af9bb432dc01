"""The map of folds: a figure where places may be told, as coarse as they are, none otherwise."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from botaclip.training import fold_map as drawing
from botaclip.training.fold_map import fold_map, fold_map_of
from botaclip.training.headline import headline
from botaclip.training.report_data import folds
from botaclip.training.report_words import headline as report_headline
from botaclip.training.splits import SpatialBlocks


def plots(n: int = 120) -> np.ndarray:
    return np.random.default_rng(2).uniform(0, 2_000, (n, 2)) + [600_000, 5_000_000]


def document(**splits: Any) -> dict[str, Any]:
    rows = [
        {"id": f"p{k}", "x": x, "y": y, "fold": k % 4, "site": "here"} for k, (x, y) in enumerate(plots().tolist())
    ]
    return {"plots": rows, "splits": splits}


def marks(svg: bytes) -> int:
    """Count plots and rings: marks of scatters, neither letters nor ticks nor the legend's."""
    drawn = svg[: svg.index(b'id="legend_1"')]
    collections = re.findall(rb'<g id="PathCollection_\d+">(.*?)(?=<g id="\w+_\d+">)', drawn, re.DOTALL)
    return sum(len(re.findall(rb"<use ", collection)) for collection in collections)


def test_plots_blocks_and_rings_are_drawn() -> None:
    xy = plots()
    blocks = SpatialBlocks(4, 400.0, 100.0, shape="hexagon")
    train, test = next(iter(blocks.split(xy)))
    out = np.setdiff1d(np.arange(120), np.concatenate([train, test]))
    ringed = np.isin(np.arange(120), out)
    fold = blocks.fold_of(xy)
    plain = fold_map(xy[:, 0], xy[:, 1], fold)
    lined = fold_map(xy[:, 0], xy[:, 1], fold, outlines=blocks.outlines_)
    both = fold_map(xy[:, 0], xy[:, 1], fold, outlines=blocks.outlines_, left_out=ringed, left_out_of=0)
    assert plain.startswith(b"<?xml") and b"PolyCollection" not in plain and b"PolyCollection" in lined
    assert out.size > 5
    assert marks(plain) == marks(lined) == 120 and marks(both) == 120 + out.size
    assert fold_map(xy[:, 0], xy[:, 1], fold, outlines=blocks.outlines_) == lined


def test_without_places_there_is_no_map() -> None:
    rows = [{"id": "a", "fold": 0}, {"id": "b", "fold": 1}]
    assert fold_map_of({"plots": rows, "splits": {"map_left_out": ["a"]}}) is None
    assert fold_map_of({}) is None


def test_coarse_places_are_drawn_without_blocks() -> None:
    svg = fold_map_of(document(map_left_out=["p1", "p2"], map_fold=0))
    assert svg is not None and b"PolyCollection" not in svg
    without = fold_map_of(document())
    assert without is not None and marks(svg) == marks(without) + 2 == 122


def test_only_blocks_of_a_panel_are_drawn_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sites 100 km apart: each panel has its own blocks."""
    drawn: list[int] = []
    plain = drawing.PolyCollection

    def counting(corners: list[np.ndarray], **how: Any) -> Any:
        drawn.append(len(corners))
        return plain(corners, **how)

    monkeypatch.setattr(drawing, "PolyCollection", counting)
    xy = np.vstack([plots(30), plots(20) + 100_000])
    blocks = SpatialBlocks(2, 500.0)
    fold = blocks.fold_of(xy)
    fold_map(xy[:, 0], xy[:, 1], fold, ["a"] * 30 + ["b"] * 20, outlines=blocks.outlines_)
    held = [len(np.unique(blocks.blocks_[:30])), len(np.unique(blocks.blocks_[30:]))]
    assert len(drawn) == 2 and sum(drawn) <= len(blocks.outlines_)
    assert all(number >= least for number, least in zip(drawn, held, strict=True))


def test_single_plots_are_not_told_apart_by_colours() -> None:
    xy = plots(60)
    few = fold_map(xy[:, 0], xy[:, 1], np.arange(60))
    # One collection of plots in one colour, and its line in the legend.
    assert marks(few) == 60 and few.count(b'id="PathCollection_') == 2


def test_what_is_not_spatial_is_marked_in_words_and_in_the_report() -> None:
    entry = {"median": 0.5, "fold_mean": 0.5, "n_targets": 3}
    scores = {"adapted": {"tss_at_train_threshold": entry, "auc": entry}}
    metrics: dict[str, Any] = {"summary": scores, "targets": {}, "alignment": {"reason": "r"}, "omitted": {}}
    blocked = metrics | {"splits": {"spatial": True, "words": "spatial blocks, squares of 900 m"}}
    random = metrics | {"splits": {"spatial": False, "words": "random folds, not spatial"}}
    assert headline(random)[0] == "Scores on random folds, not spatial: too good for places without plots."
    assert "Tested on spatial blocks, squares of 900 m." in headline(blocked)
    assert "not spatial" not in "".join(headline(blocked))
    assert "not spatial" in report_headline(random) and "areas it has never seen" not in report_headline(random)
    assert "areas it has never seen" in report_headline(blocked)
    fold = {"fold": 0, "n_train": 5, "n_test": 2, "n_buffered": 1}
    page = folds(random | {"folds": [fold], "leaks": [{"fold": 0, "nearest_m": 12.5, "overlapping_patches": 7}]})
    assert page is not None and "Not spatial:" in page and "12.5" in page and ">7<" in page
    long = folds(blocked | {"folds": [fold | {"fold": k} for k in range(60)]})
    assert long is not None and "<details><summary>60 folds" in long and "Not spatial:" not in long
