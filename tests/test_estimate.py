"""What a map costs is measured on a piece of it, whatever kind of encoder looks; and the pieces are the map."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.model_fixture import write_model
from tests.small_rasters import texture, write_raster
from tests.window_encoders import exact_encoder, token_encoder

from botaclip.core import estimate as module
from botaclip.core.applied_imagery import AppliedImagery
from botaclip.core.area import Area
from botaclip.core.encoders import opening
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.errors import OptionError
from botaclip.core.estimate import estimate_map
from botaclip.core.imagery import open_imagery
from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.progress import SILENT

PATCH_M = 40.0


def dense() -> Encoder:
    return opening.get("random-conv", bands=("red", "green", "blue"), value_range=(0.0, 255.0), threads=1)


KINDS = {
    "dense": dense, "tokens": token_encoder, "exact": exact_encoder,
    "joined": lambda: JoinedEncoder((dense(), exact_encoder(), token_encoder())),
}  # fmt: skip


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pixels = texture(height=220, width=230)
    pixels[:, 90:150, :70] = 0
    return write_raster(tmp_path_factory.mktemp("raster") / "r.tif", pixels, nodata=0)


def applied(raster: Path, kind: str, workers: int = 1) -> AppliedImagery:
    """A model of two species that are two directions of the vectors."""
    layout = LatticeImagery.lay(open_imagery(raster), encoder=KINDS[kind](), patch_m=PATCH_M)
    directions = np.random.default_rng(3).normal(size=(layout.dimension, 2)).astype(np.float32)
    model: Any = SimpleNamespace(
        lattice=layout.lattice, patch=layout.lattice.patch(PATCH_M), species=("one", "two"), environment=(),
        unit_width=layout.dimension, applicability=None,
        adapt=lambda vectors: (vectors, vectors), suitability=lambda vectors: np.tanh(vectors @ directions),
    )  # fmt: skip
    return AppliedImagery(model, layout, "cpu", workers)


def area_of(opened: AppliedImagery, stride_m: float | None = None) -> Area:
    return opened.areas(stride_m=stride_m, extent=None, mask=None)[0]


@pytest.mark.parametrize(("kind", "stride_m"), [("dense", 20.0), ("tokens", 12.0), ("exact", 15.0), ("joined", 20.0)])
def test_map_and_click_are_the_same(raster: Path, kind: str, stride_m: float) -> None:
    with applied(raster, kind) as opened:
        area, scene = area_of(opened, stride_m), opened.scene(0)
        values = np.full((2, area.height, area.width), np.nan, np.float32)
        for block in scene.blocks(area):
            wanted = area.inside(block.row, block.col, block.height, block.width)
            made = scene.block(area, block, wanted, lambda v: (scene.suitability(v), 0), np.full(2, np.nan, "float32"))
            if made is not None:
                part = slice(block.row, block.row + block.height), slice(block.col, block.col + block.width)
                values[(slice(None), *part)] = made[0]
        nodes = [area.node(int(row), int(col)) for row, col in np.ndindex(area.height, area.width)]
        rows, cols = np.array(nodes).T
        clicked = opened.at(opened.layout.lattice.node_xy(rows, cols, scene.patch), range(2))
        assert 0.3 < (clicked.status == "ok").mean() < 1
        np.testing.assert_allclose(clicked.suitability, values.reshape(2, -1).T, atol=1e-5)


@pytest.mark.parametrize("kind", ["exact", "joined"])
def test_blocks_of_patches_are_soon_done(raster: Path, kind: str) -> None:
    with applied(raster, kind) as opened:
        area = area_of(opened, 4.0)
        blocks = opened.scene(0).blocks(area)
        assert max(block.height for block in blocks) <= 8 and max(block.width for block in blocks) <= 16
        assert sum(block.height * block.width for block in blocks) == area.height * area.width


@pytest.mark.parametrize(
    ("kind", "tried", "unit"),
    [("dense", 48, "cells"), ("tokens", 16, "cells"), ("exact", 3, "patches"), ("joined", 3, "cells")],
)
def test_as_little_is_tried_as_the_kind_needs(
    raster: Path, kind: str, tried: int, unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides: list[int] = []
    measure = module._seconds

    def seconds(scene: Any, area: Any, block: Any) -> tuple[float, bool]:
        sides.append(max(block.height, block.width))
        return 0.5, measure(scene, area, block)[1]

    monkeypatch.setattr(module, "_seconds", seconds)
    with applied(raster, kind, workers=2) as opened:
        area = area_of(opened, 4.0)
        found = estimate_map(opened, {0: area}, 3, 4)
        cost = opened.scene(0).cells.cost
        step_px = area.step * area.lattice.stride_px
    pixels = area.height * area.width
    assert (found.pixels, found.disk_bytes, found.unit) == (pixels, pixels * 12, unit)
    assert max(sides) <= tried
    assert found.cells == round(cost(area.height, area.width, step_px, area.patch))
    if kind == "exact":
        assert found.cells == pixels and "patches: about" in found.words
        assert found.seconds == pytest.approx(0.5 * pixels / 9 / 2)


@pytest.mark.parametrize("first_node_is_empty", [False, True])
def test_what_is_done_once_is_not_counted(
    raster: Path, monkeypatch: pytest.MonkeyPatch, first_node_is_empty: bool
) -> None:
    """An encoder is opened and warmed up in its first look, which says nothing of the map."""
    looks: list[int] = []

    def seconds(scene: Any, area: Any, block: Any) -> tuple[float, bool]:
        nodes = block.height * block.width
        found = nodes > 1 or not first_node_is_empty
        cost = 50.0 if found and not any(looks) else 0.01 * nodes
        looks.append(nodes if found else 0)
        return cost, found

    monkeypatch.setattr(module, "_seconds", seconds)
    with applied(raster, "exact") as opened:
        area = area_of(opened, 4.0)
        found = estimate_map(opened, {0: area}, 1, 4)
    assert looks == ([0, 9, 9] if first_node_is_empty else [1, 9])
    assert found.seconds == pytest.approx(0.01 * area.height * area.width)


def test_dense_maps_are_estimated_as_ever(raster: Path) -> None:
    with applied(raster, "dense") as opened:
        area = area_of(opened, 20.0)
        found = estimate_map(opened, {0: area}, 1, 1)
    assert found.cells == ((area.height - 1) * 2 + 4) * ((area.width - 1) * 2 + 4)


def test_a_mode_that_is_not_the_models_is_refused(raster: Path, tmp_path: Path) -> None:
    """As the map itself would be; an estimate of something else is of no use."""
    given = {"model": str(write_model(tmp_path / "m.botaclip", raster).path), "raster": str(raster), "device": "cpu"}
    assert module.estimate({"command": "suitability", "parameters": given | {"mode": "dense"}}, SILENT)["pixels"] > 0
    for command in ("suitability", "embed"):
        with pytest.raises(OptionError, match=r"trained in mode dense.*cannot be used in mode tokens"):
            module.estimate({"command": command, "parameters": given | {"mode": "tokens"}}, SILENT)
