"""Views are looked at by the road of the patches themselves, once, for every kind of encoder."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine

from botaclip.core.commands import TRAIN
from botaclip.core.cover_scales import SCALES
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.errors import Cancelled
from botaclip.core.imagery import open_imagery
from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.options import parse_parameters
from botaclip.core.pairing import Pairs, pair
from botaclip.core.pairing_rules import PairingRules
from botaclip.core.patch_views import View
from botaclip.core.places import Points
from botaclip.core.progress import Progress
from botaclip.core.releves import ReleveTable
from botaclip.training import views as views_module
from botaclip.training.reading import read_training
from botaclip.training.recipe import Recipe
from botaclip.training.standardiser import Standardiser
from botaclip.training.views import look, patch_views, standardised_views

from .small_landscape import CRS, releves, write_image, write_releves
from .small_rasters import texture, write_raster
from .window_encoders import exact_encoder, token_encoder

PATCH_M = 100.0
PIXEL_M = 2.0
SIZE = 400
WEST, NORTH = 700_000.0, 6_600_000.0
X = WEST + np.array([400.0, 310.0, 500.0, 640.0, 411.0])
Y = NORTH - np.array([400.0, 350.0, 610.0, 200.0, 430.0])
ENCODERS: dict[str, Any] = {
    "dense": "random-conv", "tokens": token_encoder(), "exact": exact_encoder(),
    "joined": JoinedEncoder((exact_encoder(), token_encoder())),
}  # fmt: skip
KINDS = pytest.mark.parametrize("kind", ENCODERS)
EVERY = Recipe(augmentation=("dihedral", "crop", "colour"), views=3)


def image(path: Path, pixels: np.ndarray) -> Path:
    transform = Affine(PIXEL_M, 0, WEST, 0, -PIXEL_M, NORTH)
    return write_raster(path, pixels, crs="EPSG:2154", transform=transform, nodata=0)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTACLIP_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return image(tmp_path_factory.mktemp("views") / "r.tif", texture(height=SIZE, width=SIZE))


def paired(path: Path, kind: str, plots: slice = slice(None)) -> tuple[LatticeImagery, Pairs]:
    count = len(X[plots])
    table = ReleveTable(
        plot_ids=np.array([f"p{i}" for i in range(count)]), points=Points(X[plots], Y[plots], "EPSG:2154"),
        groups=None, species=np.array(["Poa"]), data_type="presence-absence", cover_scale=SCALES["percent"],
        report=(), digests=np.array([str(i) for i in range(count)]), dates=np.full(count, ""),
        cover=np.ones((count, 1), np.float32),
    )  # fmt: skip
    imagery = LatticeImagery.lay(open_imagery(str(path)), encoder=ENCODERS[kind], patch_m=PATCH_M)
    return imagery, pair(table, imagery, imagery.lattice.patch(PATCH_M), PairingRules(PATCH_M))


@KINDS
def test_the_plain_view_is_the_patch(raster: Path, kind: str) -> None:
    imagery, pairs = paired(raster, kind)
    with imagery.cells(0) as cells:
        for plot in range(len(pairs)):
            made, seen = look(cells.reader, pairs, int(pairs.rows[plot]), int(pairs.cols[plot]), (View(), View()))
            np.testing.assert_allclose(made, pairs.vectors[[plot, plot]], atol=1e-5)
            assert seen.tolist() == [1.0, 1.0]


@KINDS
def test_views_are_other_vectors_of_the_same_place(raster: Path, kind: str) -> None:
    imagery, pairs = paired(raster, kind)
    made = patch_views(imagery, pairs, EVERY)
    assert made is not None and made.shape == (5, 3, pairs.encoder.dimension) and made.dtype == np.float32
    assert np.isfinite(made).all()
    change = np.abs(made - pairs.image_vectors[:, None]).max(axis=2)
    assert (change > 1e-3).all()
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert (np.abs(made[:, first] - made[:, second]).max(axis=1) > 1e-3).all()


@pytest.mark.parametrize("kind", ["dense", "exact"])
def test_turning_a_patch_that_is_the_same_from_all_sides_changes_nothing(
    raster: Path, kind: str, tmp_path: Path
) -> None:
    _, pairs = paired(raster, kind, slice(1))
    side = pairs.patch.cells * pairs.lattice.stride_px
    middle = [int(node - pairs.patch.cells // 2) * pairs.lattice.stride_px + side / 2
              for node in (pairs.rows[0], pairs.cols[0])]  # fmt: skip
    rows, cols = (np.abs(np.arange(SIZE) + 0.5 - place) for place in middle)
    low, high = np.minimum.outer(rows, cols), np.maximum.outer(rows, cols)
    round_image = np.stack([120 + 60 * np.sin(low / p) + 50 * np.cos(high / (p + 2)) for p in (3, 4, 5)])
    imagery, pairs = paired(image(tmp_path / "round.tif", round_image.astype(np.uint8)), kind, slice(1))
    made = patch_views(imagery, pairs, Recipe(augmentation=("dihedral",), views=7))
    assert made is not None
    np.testing.assert_allclose(made, np.repeat(pairs.image_vectors[:, None], 7, axis=1), atol=1e-5)
    # The image is not merely flat: elsewhere turning it does change something.
    shifted = dataclasses.replace(pairs, rows=pairs.rows + 1)
    with imagery.cells(0) as cells:
        own, turned = look(cells.reader, shifted, int(shifted.rows[0]), int(shifted.cols[0]), (View(), View(1)))[0]
    assert np.abs(own - turned).max() > 1e-3


@pytest.mark.parametrize("kind", ["dense", "tokens", "exact"])
def test_pixels_beyond_the_reach_of_a_patch_change_no_view(raster: Path, kind: str, tmp_path: Path) -> None:
    """A fold's buffer is the patch and this reach: a plot held out beyond it is not looked at in training."""
    imagery, pairs = paired(raster, kind, slice(1))
    reach = pairs.encoder.reach_px
    side, stride = pairs.patch.cells * pairs.lattice.stride_px, pairs.lattice.stride_px
    top, left = (int(node - pairs.patch.cells // 2) * stride for node in (pairs.rows[0], pairs.cols[0]))
    other = texture(height=SIZE, width=SIZE, seed=9)
    part = slice(top - reach, top + side + reach), slice(left - reach, left + side + reach)
    other[(slice(None), *part)] = texture(height=SIZE, width=SIZE)[(slice(None), *part)]
    # The statistics that values are scaled by are of the whole image; they are to be the same here.
    value_range = pairs.encoder.value_range
    elsewhere, same = paired(image(tmp_path / "other.tif", other), kind, slice(1))
    encoder = dataclasses.replace(same.encoder, value_range=value_range)  # type: ignore[type-var]
    recipe = dataclasses.replace(EVERY, views=7)
    first = patch_views(imagery, pairs, recipe)
    second = patch_views(
        dataclasses.replace(elsewhere, encoder=encoder),
        dataclasses.replace(same, encoder=encoder, vectors=pairs.vectors), recipe,
    )
    assert first is not None and second is not None
    np.testing.assert_allclose(first, second, atol=1e-6)


def forbidden(*_: Any, **__: Any) -> Any:
    raise AssertionError("the encoder was run")


@KINDS
def test_the_encoder_runs_once(raster: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    imagery, pairs = paired(raster, kind)
    made = patch_views(imagery, pairs, EVERY)
    said: list[str] = []
    monkeypatch.setattr(views_module, "vector_source", forbidden)
    again = patch_views(imagery, pairs, EVERY, progress=Progress(log=lambda _, text: said.append(text)))
    np.testing.assert_array_equal(again, made)
    assert any("taken from the cache" in text for text in said)
    for changed in (
        {"recipe": dataclasses.replace(EVERY, views=2)}, {"random_state": 2},
        {"recipe": dataclasses.replace(EVERY, augmentation=("crop",))},
        {"pairs": dataclasses.replace(pairs, rows=pairs.rows + 1)},
    ):  # fmt: skip
        with pytest.raises(AssertionError, match="the encoder was run"):
            patch_views(**{"imagery": imagery, "pairs": pairs, "recipe": EVERY} | changed)


def test_views_depend_on_the_seed_and_the_place_alone(
    raster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imagery, pairs = paired(raster, "exact")
    every = patch_views(imagery, pairs, EVERY)
    other = patch_views(imagery, pairs, EVERY, random_state=2)
    monkeypatch.setenv("BOTACLIP_CACHE", str(tmp_path / "another"))
    fresh = patch_views(imagery, pairs, EVERY)
    few = patch_views(*paired(raster, "exact", slice(1, 3)), EVERY)
    assert every is not None and other is not None and fresh is not None and few is not None
    np.testing.assert_array_equal(fresh, every)
    np.testing.assert_array_equal(few, every[1:3])
    assert (np.abs(other - every).max(axis=2) > 1e-4).all()


def test_without_augmentation_there_are_none(raster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views_module, "vector_source", forbidden)
    imagery, pairs = paired(raster, "exact", slice(1))
    assert patch_views(imagery, pairs, Recipe()) is None


def test_a_view_of_which_too_little_is_seen_is_the_patch_itself(raster: Path, tmp_path: Path) -> None:
    holed = texture(height=SIZE, width=SIZE)
    _, pairs = paired(raster, "exact", slice(1))
    side, stride = pairs.patch.cells * pairs.lattice.stride_px, pairs.lattice.stride_px
    top, left = (int(node - pairs.patch.cells // 2) * stride for node in (pairs.rows[0], pairs.cols[0]))
    # A fifth of the patch is missing, in its middle: of many crops more than a quarter.
    width = round(side * 0.45)
    start = (side - width) // 2
    holed[:, top + start : top + start + width, left + start : left + start + width] = 0
    imagery, pairs = paired(image(tmp_path / "holed.tif", holed), "exact", slice(1))
    assert 0.75 < pairs.seen[0] < 0.82
    made = patch_views(imagery, pairs, Recipe(augmentation=("crop",), views=20))
    assert made is not None and np.isfinite(made).all()
    own = (made[0] == pairs.image_vectors[0]).all(axis=1)
    assert 0 < own.sum() < 20


def test_it_can_be_cancelled_and_leaves_nothing(raster: Path) -> None:
    imagery, pairs = paired(raster, "exact")
    before = patch_views(imagery, pairs, EVERY)

    class Stop(Progress):
        def check(self) -> None:
            raise Cancelled

    with pytest.raises(Cancelled):
        patch_views(imagery, pairs, EVERY, random_state=5, progress=Stop())
    after = patch_views(imagery, pairs, EVERY)
    np.testing.assert_array_equal(before, after)


def test_training_gets_its_views_with_its_table(tmp_path: Path) -> None:
    write_releves(tmp_path / "releves.csv", releves(40))
    write_image(tmp_path / "image.tif")
    given = {
        "raster": str(tmp_path / "image.tif"), "releves": str(tmp_path / "releves.csv"), "crs": CRS, "x_field": "x",
        "y_field": "y", "min_presences": 5, "output": str(tmp_path / "m.botaclip"),
    }  # fmt: skip
    plain, asked = (
        read_training(parse_parameters(TRAIN, given | more)[0], Progress())
        for more in ({}, {"augmentation": "dihedral,crop", "views": 2})
    )
    assert plain.data.views is None
    expected = patch_views(asked.imagery, asked.pairs, Recipe(augmentation=("dihedral", "crop"), views=2))
    assert asked.data.views is not None and len(asked.data) == 40
    np.testing.assert_array_equal(asked.data.views, expected)
    np.testing.assert_array_equal(asked.data.vectors, plain.data.vectors)
    np.testing.assert_array_equal(asked.data.take(np.array([7, 3])).views, expected[[7, 3]])


def test_no_dimension_of_a_view_goes_farther_than_the_patches_themselves() -> None:
    random = np.random.default_rng(0)
    vectors, views = random.normal(size=(30, 4)), random.normal(size=(30, 3, 4))
    vectors[:, 3], views[:, :, 3] = 2.0, random.normal(2.0, 1.0, (30, 3))  # a feature that never changes but in views
    views[0, 0, 0] = 50.0
    standardiser = Standardiser.fit(vectors)
    made, own = standardised_views(standardiser, vectors, views), standardiser(vectors)
    assert made is not None and made.shape == views.shape
    assert (made >= own.min(axis=0)).all() and (made <= own.max(axis=0)).all() and (made[:, :, 3] == 0).all()
    inside = (views >= vectors.min(axis=0)) & (views <= vectors.max(axis=0))
    np.testing.assert_allclose(made[inside], standardiser(views)[inside], atol=1e-6)
    assert made[0, 0, 0] == own[:, 0].max() and inside[:, :, :3].mean() > 0.8
    assert standardised_views(standardiser, vectors, None) is None
