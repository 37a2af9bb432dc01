"""Views of a patch show what they say, never more than the patch itself could see."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from botaclip.core.errors import OptionError
from botaclip.core.patch_views import LEAST_CROP, View, ViewReader, draw_views

TOP, LEFT, SIDE = 30, 50, 20
IMAGE = np.random.default_rng(0).uniform(10, 240, (3, 90, 120)).astype(np.float32)
VALID = np.ones((90, 120), bool)
MEAN = IMAGE[:, TOP : TOP + SIDE, LEFT : LEFT + SIDE].mean(axis=(1, 2))


@dataclasses.dataclass
class Image:
    """A raster that remembers what was read of it; 0 and not valid where it has none."""

    pixels: np.ndarray
    valid: np.ndarray
    plain: bool = True
    source: Any = None
    lattice: Any = None

    def __post_init__(self) -> None:
        self.windows: list[tuple[int, int, int, int]] = []

    def bounds_px(self) -> tuple[int, int, int, int]:
        return 0, 0, *self.valid.shape

    def read(self, row: int, col: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        self.windows.append((row, col, height, width))
        pad = 200
        part = slice(row + pad, row + pad + height), slice(col + pad, col + pad + width)
        valid = np.pad(self.valid, pad)[part]
        return np.pad(self.pixels, ((0, 0), (pad, pad), (pad, pad)))[(slice(None), *part)] * valid, valid


def reader(view: View, valid: np.ndarray = VALID) -> ViewReader:
    return ViewReader(Image(IMAGE, valid), view, TOP, LEFT, SIDE, (0.0, 255.0), MEAN)


def patch(view: View, margin: int = 0, valid: np.ndarray = VALID) -> tuple[np.ndarray, np.ndarray]:
    return reader(view, valid).read(TOP - margin, LEFT - margin, SIDE + 2 * margin, SIDE + 2 * margin)


def test_the_plain_view_is_the_raster() -> None:
    for window in ((TOP, LEFT, SIDE, SIDE), (0, 0, 90, 120), (-5, 100, 30, 40)):
        for made, expected in zip(reader(View()).read(*window), Image(IMAGE, VALID).read(*window), strict=True):
            np.testing.assert_array_equal(made, expected)


@pytest.mark.parametrize("margin", [0, 6])
def test_the_eight_symmetries_are_those_of_the_square(margin: int) -> None:
    own, _ = patch(View(), margin)
    expected = [np.rot90(base, turn, (1, 2)) for base in (own, own[:, ::-1]) for turn in range(4)]
    made = [patch(View(symmetry=symmetry), margin)[0] for symmetry in range(8)]
    found = [next(i for i, other in enumerate(expected) if np.array_equal(view, other)) for view in made]
    assert sorted(found) == list(range(8)) and found[0] == 0
    np.testing.assert_array_equal(made[1], own[:, ::-1])
    np.testing.assert_array_equal(made[2], own[:, :, ::-1])
    np.testing.assert_array_equal(made[4], own.swapaxes(1, 2))


@pytest.mark.parametrize("view", [
    View(symmetry=6), View(symmetry=3, scale=0.8, shift=(1, -2)), View(symmetry=5, contrast=1.1, gain=(1.1, 0.9, 1.0)),
])  # fmt: skip
def test_a_pixel_has_one_value_in_every_window_that_it_is_read_with(view: View) -> None:
    valid = VALID.copy()
    valid[33:37, 52:60] = False
    whole, seen = patch(view, 8, valid)
    for row, col, height, width in ((0, 0, 5, 9), (11, 3, 20, 7), (30, 30, 6, 6)):
        pixels, known = reader(view, valid).read(TOP - 8 + row, LEFT - 8 + col, height, width)
        part = slice(row, row + height), slice(col, col + width)
        np.testing.assert_allclose(pixels, whole[(slice(None), *part)], atol=1e-4)
        np.testing.assert_array_equal(known, seen[part])


@pytest.mark.parametrize(("scale", "shift"), [(0.75, (0, 0)), (0.9, (1, -1)), (0.7, (-2, 2))])
def test_a_crop_is_the_image_interpolated_between_its_pixels(scale: float, shift: tuple[int, int]) -> None:
    made, valid = patch(View(scale=scale, shift=shift), 4)
    steps = scale * (np.arange(-4, SIDE + 4) + 0.5 - SIDE / 2)
    rows, cols = TOP + SIDE / 2 + shift[0] + steps - 0.5, LEFT + SIDE / 2 + shift[1] + steps - 0.5
    for band in range(3):
        expected = map_coordinates(IMAGE[band].astype(float), np.meshgrid(rows, cols, indexing="ij"), order=1)
        np.testing.assert_allclose(made[band], expected, atol=1e-3)
    assert valid.all()


def test_what_is_made_of_a_missing_pixel_is_missing() -> None:
    valid = VALID.copy()
    valid[TOP + 10, LEFT + 10] = False
    _, turned = patch(View(symmetry=3), valid=valid)
    assert np.argwhere(~turned).tolist() == [[9, 9]]
    pixels, cropped = patch(View(scale=0.7, contrast=0.9), valid=valid)
    steps = SIDE / 2 + 0.7 * (np.arange(SIDE) + 0.5 - SIDE / 2) - 0.5
    touched = np.abs(steps - 10) < 1
    np.testing.assert_array_equal(~cropped, np.outer(touched, touched))
    assert (pixels[:, ~cropped] == 0).all() and (pixels[:, cropped] > 0).all()


def test_colour_is_gain_of_contrast_about_the_patchs_mean_within_the_range() -> None:
    view = View(contrast=1.3, brightness=-0.04, gain=(1.2, 0.9, 1.0))
    made, _ = patch(view)
    own, _ = patch(View())
    unit, mean = own / 255, MEAN[:, None, None] / 255
    expected = np.array(view.gain)[:, None, None] * (1.3 * (unit - mean) + mean) - 0.04
    np.testing.assert_allclose(made / 255, np.clip(expected, 0, 1), atol=1e-5)
    assert made.max() == 255 and made.dtype == np.float32


def test_neutral_light_changes_nothing_but_what_lies_outside_the_range() -> None:
    made, _ = patch(View(gain=(1.0, 1.0, 1.0)))
    np.testing.assert_allclose(made, patch(View())[0], atol=1e-3)
    narrow = ViewReader(Image(IMAGE, VALID), View(gain=(1.0,)), TOP, LEFT, SIDE, (50.0, 200.0), MEAN)
    made, _ = narrow.read(TOP, LEFT, SIDE, SIDE)
    np.testing.assert_allclose(made, np.clip(patch(View())[0], 50, 200), atol=1e-3)


def test_no_view_sees_farther_than_the_patch_does() -> None:
    """Buffers between folds are measured by the patch and its margin."""
    random = np.random.default_rng(2)
    for margin in (0, 3, 9):
        for view in draw_views(("dihedral", "crop", "colour"), 60, side_px=SIDE, bands=3, draw=random):
            image = Image(IMAGE, VALID)
            ViewReader(image, view, TOP, LEFT, SIDE, (0.0, 255.0), MEAN).read(
                TOP - margin, LEFT - margin, SIDE + 2 * margin, SIDE + 2 * margin
            )
            (row, col, height, width), = image.windows
            assert row >= TOP - margin and row + height <= TOP + SIDE + margin
            assert col >= LEFT - margin and col + width <= LEFT + SIDE + margin


def draw(*kinds: str, count: int = 7, seed: int = 0) -> tuple[View, ...]:
    return draw_views(kinds, count, side_px=50, bands=4, draw=np.random.default_rng(seed))


def test_views_are_drawn_as_asked() -> None:
    turned = draw("dihedral", count=14)
    assert sorted(view.symmetry for view in turned[:7]) == list(range(1, 8)) == sorted(v.symmetry for v in turned[7:])
    assert all(view.scale == 1.0 and not view.coloured for view in turned)
    cropped = draw("crop", count=200)
    assert all(LEAST_CROP <= view.scale <= 1 and view.symmetry == 0 and not view.coloured for view in cropped)
    assert len({view.shift for view in cropped}) > 40 and min(view.shift[0] for view in cropped) < -3
    coloured = draw("colour", count=50)
    assert all(view.coloured and len(view.gain) == 4 and view.scale == 1.0 for view in coloured)
    assert draw(count=3) == (View(),) * 3 and draw("crop", count=0) == ()
    with pytest.raises(OptionError, match="dihedral, crop, colour"):
        draw("blur")


def test_the_seed_decides() -> None:
    every = ("dihedral", "crop", "colour")
    assert draw(*every) == draw(*every) != draw(*every, seed=1)
