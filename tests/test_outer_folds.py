"""The outer folds: a buffer that leaves nothing is found before any patch is looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from botaclip.core.commands import TRAIN
from botaclip.core.errors import BotaclipError
from botaclip.core.options import parse_parameters
from botaclip.core.progress import Progress
from botaclip.training import reading
from botaclip.training import train as job
from botaclip.training.outer_folds import outer_blocks

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
