"""Change between two dates: what maps of either date say, and noise that is not sold as change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from botaclip.core import change as change_module
from botaclip.core.area import Area
from botaclip.core.change import NoiseFloor, change, sampled
from botaclip.core.commands import CHANGE, SUITABILITY
from botaclip.core.errors import OptionError, OutputError, RasterError
from botaclip.core.options import parse_parameters
from botaclip.core.progress import SILENT, Progress
from botaclip.core.raster_output import map_blocks
from botaclip.core.suitability import suitability

from .model_fixture import SPECIES, write_model, write_raster
from .test_area_lists import write_areas

CHANGED = slice(0, 130), slice(0, 130)  # pixels of the later raster, north-west


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("change")
    earlier = write_raster(folder / "earlier.tif")
    write_model(folder / "m.botaclip", earlier)
    with rasterio.open(earlier) as source:
        pixels, profile = source.read(), source.profile
    rng = np.random.default_rng(5)
    later = np.clip(pixels.astype(float) + rng.normal(2, 2, pixels.shape), 1, 255)
    later[(slice(None), *CHANGED)] = 255 - later[(slice(None), *CHANGED)]
    with rasterio.open(folder / "later.tif", "w", **profile) as made:
        made.write(later.astype(profile["dtype"]))
    return folder


def run(folder: Path, name: str, **given: Any) -> dict[str, Any]:
    asked = {"raster": str(folder / "later.tif"), "earlier": str(folder / "earlier.tif"), "device": "cpu",
             "model": str(folder / "m.botaclip"), "output": str(folder / name)} | given  # fmt: skip
    return change(parse_parameters(CHANGE, asked)[0], SILENT)


def test_differences_are_those_of_the_maps_of_either_date(folder: Path) -> None:
    said = run(folder, "c.tif")
    maps = []
    for date in ("later", "earlier"):
        asked = {"raster": str(folder / f"{date}.tif"), "model": str(folder / "m.botaclip"), "device": "cpu",
                 "output": str(folder / f"s_{date}.tif")}  # fmt: skip
        suitability(parse_parameters(SUITABILITY, asked)[0], SILENT)
        with rasterio.open(folder / f"s_{date}.tif") as source:
            maps.append(source.read())
    with rasterio.open(folder / "c.tif") as made:
        bands, names = made.read(), made.descriptions
        assert names[:3] == ("cosine distance", "cosine distance, change beyond noise", f"{SPECIES[0]}, difference")
        assert made.tags()["BOTACLIP_KIND"] == "change" and made.tags(3)["BOTACLIP_CHANGE_OF"] == SPECIES[0]
        assert float(made.tags(3)["BOTACLIP_NOISE_FLOOR"]) == said["floor"][SPECIES[0]]
    for index in range(len(SPECIES)):
        np.testing.assert_allclose(bands[2 + 2 * index], maps[0][index] - maps[1][index], atol=2e-6)
        off = bands[2 + 2 * index] - said["shift"][SPECIES[index]]
        expected = np.where(np.abs(off) > said["floor"][SPECIES[index]], np.sign(off), 0)
        known = np.isfinite(off)
        np.testing.assert_array_equal(bands[3 + 2 * index][known], expected[known])
    limit = said["floor"]["cosine distance"]
    np.testing.assert_array_equal(bands[1][np.isfinite(bands[0])], bands[0][np.isfinite(bands[0])] > limit)
    assert np.array_equal(np.isnan(bands[0]), np.isnan(maps[0][0] + maps[1][0])), "seen where both dates are"


def test_what_changed_is_found_and_what_did_not_is_hardly_called_change(folder: Path) -> None:
    run(folder, "d.tif")
    with rasterio.open(folder / "d.tif") as made:
        found = made.read(2)
        with rasterio.open(folder / "later.tif") as later:
            corner = made.index(*(later.transform * (110, 110)))
    inside = found[: corner[0], : corner[1]]
    elsewhere = found[corner[0] + 8 :, corner[1] + 8 :]
    assert (inside[np.isfinite(inside)] == 1).mean() > 0.9
    assert (elsewhere[np.isfinite(elsewhere)] == 1).mean() < 0.15


def test_a_date_beside_itself_has_no_change(folder: Path) -> None:
    said = run(folder, "same.tif", raster=str(folder / "earlier.tif"))
    with rasterio.open(folder / "same.tif") as made:
        bands = made.read()
    assert np.nanmax(np.abs(bands[0::2])) < 1e-6 and np.nanmax(np.abs(bands[1::2])) == 0
    assert said["shift"] == pytest.approx(dict.fromkeys(said["shift"], 0.0), abs=1e-6)


def test_noise_of_stable_areas(folder: Path) -> None:
    with rasterio.open(folder / "later.tif") as source:
        corners = [source.transform * at for at in ((150, 150), (390, 150), (390, 390), (150, 390), (150, 150))]
        crs = source.crs.to_string()
    areas = write_areas(folder / "stable.gpkg", [corners], crs)
    said = run(folder, "e.tif", stable=str(areas))
    with rasterio.open(folder / "e.tif") as made:
        assert "polygons known to be stable" in made.tags()["BOTACLIP_NOISE_FROM"]
        assert made.tags()["BOTACLIP_EARLIER_RASTER"]
    assert said["places"] >= 30 and said["floor"]["cosine distance"] > 0


def test_one_stable_place_in_twenty_is_beyond_the_floor_of_stable_areas(folder: Path) -> None:
    with rasterio.open(folder / "later.tif") as source:
        corners = [source.transform * at for at in ((150, 150), (390, 150), (390, 270), (150, 270), (150, 150))]
        west, south = source.transform * (150, 290)
        east, _ = source.transform * (390, 290)
        crs = source.crs.to_string()
    run(folder, "i.tif", stable=str(write_areas(folder / "half.gpkg", [corners], crs)))
    with rasterio.open(folder / "i.tif") as made:
        (top, left), (_, right) = made.index(west, south), made.index(east, south)
        beyond = made.read()[1::2, top:, left:right]
    # Places to the south of the polygons, which the floor has not seen.
    known = np.isfinite(beyond[0])
    assert known.sum() > 200
    shares = np.abs(beyond[:, known]).mean(axis=1)
    assert shares[0] < 0.09 and 0.02 < shares[1:].mean() < 0.09


class Everywhere:
    """Scenes whose vectors say where they are; ``unseen`` says of rows and columns which no date sees."""

    def __init__(self, unseen: Any) -> None:
        self.unseen, self.cells, self.model, self.number = unseen, self, None, -1

    def scene(self, number: int) -> Everywhere:
        self.number = number
        return self

    def blocks(self, area: Area) -> list[Any]:
        return list(map_blocks(area.height, area.width, 64))

    def patches(self, rows: Any, cols: Any, _patch: Any) -> tuple[Any, None]:
        found = np.column_stack([np.full(len(rows), self.number), rows, cols]).astype(np.float32)
        found[self.unseen(np.asarray(rows), np.asarray(cols))] = np.nan
        return found, None


def test_noise_is_measured_all_over_the_land_whatever_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_module, "differences", lambda _model, _chosen, vectors: vectors)
    areas = {0: Area(None, None, 0, 0, 640, 640, 1), 1: Area(None, None, 100, 0, 320, 640, 1)}  # type: ignore[arg-type]
    for seed in range(5):
        found = sampled(Everywhere(lambda rows, _cols: rows < 0), areas, [], seed)  # type: ignore[arg-type]
        assert len(found) == len(np.unique(found, axis=0)) == 400
        first = found[found[:, 0] == 0]
        assert abs(len(first) - 400 * 2 / 3) <= 1, "each scene by its size"
        # 2.7 a block of 64 by 64: at most a node more or less where a part lies across two blocks.
        a_block = np.histogram2d(first[:, 1], first[:, 2], bins=10, range=[[0, 640], [0, 640]])[0]
        assert a_block.min() >= 1 and a_block.max() <= 5
    # Two blocks: both, and not the first one drawn.
    small = {0: Area(None, None, 0, 0, 64, 128, 1)}  # type: ignore[arg-type]
    for seed in range(5):
        found = sampled(Everywhere(lambda rows, _cols: rows < 0), small, [], seed)  # type: ignore[arg-type]
        assert len(found) == 400 and 195 <= (found[:, 2] < 64).sum() <= 205


def test_what_a_date_does_not_see_is_made_up_for_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_module, "differences", lambda _model, _chosen, vectors: vectors)
    areas = {0: Area(None, None, 0, 0, 640, 640, 1)}  # type: ignore[arg-type]
    found = sampled(Everywhere(lambda rows, _cols: rows >= 160), areas, [], 3)  # type: ignore[arg-type]
    assert len(found) == 400 and found[:, 1].max() < 160
    quarters = np.histogram(found[:, 2], bins=4, range=(0, 640))[0]
    assert quarters.min() > 70 and quarters.max() < 130
    tiny = {0: Area(None, None, 0, 0, 10, 20, 1)}  # type: ignore[arg-type]
    found = sampled(Everywhere(lambda rows, _cols: rows == 0), tiny, [], 3)  # type: ignore[arg-type]
    assert sorted(map(tuple, found[:, 1:].tolist())) == [(row, col) for row in range(1, 10) for col in range(20)]
    assert sampled(Everywhere(lambda rows, _cols: rows >= 0), tiny, [0], 3).shape == (0, 2)  # type: ignore[arg-type]


def test_the_floor_of_stable_places_holds_for_heavy_tails() -> None:
    rng = np.random.default_rng(2)
    held_out = rng.standard_t(1.5, (20000, 1))
    shares: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(300):
        places = rng.standard_t(1.5, (59, 1))
        for known, seen in shares.items():
            floor = NoiseFloor.of(places, known=known)
            seen.append(float(np.abs(floor.beyond(held_out)).mean()))
    # 0.05, less a little: 57 of 59 is the first whole number that is enough. Sampling error of the mean: 0.0017.
    assert 0.038 < np.mean(shares[True]) < 0.0535
    assert np.mean(shares[False]) > 0.1, "the middle half says little of the tails, as docs/trust.md says"


def test_the_floor_by_hand() -> None:
    rng = np.random.default_rng(1)
    stable = rng.normal([0.1, -0.2], [0.02, 0.05], (4000, 2))
    floor = NoiseFloor.of(stable, known=False)
    np.testing.assert_allclose(floor.shift, [0.1, -0.2], atol=0.004)
    np.testing.assert_allclose(floor.floor, [1.96 * 0.02, 1.96 * 0.05], rtol=0.08)
    known = NoiseFloor.of(stable, known=True)
    np.testing.assert_allclose(known.floor, floor.floor, rtol=0.08)
    # A fifth of the land that really changed moves the floor of any places by little.
    changed = np.vstack([stable, rng.normal(0.8, 0.05, (1000, 2))])
    assert (NoiseFloor.of(changed, known=False).floor < 1.6 * floor.floor).all()
    assert floor.beyond(np.array([[0.1, -0.2], [0.5, -0.9]])).tolist() == [[0, 0], [1, -1]]
    with pytest.raises(OptionError, match="only 29 places are seen on both dates"):
        NoiseFloor.of(stable[:29], known=False)


def test_what_cannot_be_compared_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RasterError, match="none.tif"):
        run(folder, "f.tif", earlier=str(tmp_path / "none.tif"))
    far = write_areas(tmp_path / "far.gpkg", [[(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 0.0)]], "EPSG:2154")
    with pytest.raises(OptionError, match="--stable"):
        run(folder, "g.tif", stable=str(far))
    with pytest.raises(OutputError, match="exists already"):
        run(folder, "c.tif")
    assert not (folder / "f.tif").exists()


def test_images_of_other_sharpness_are_warned_of(folder: Path) -> None:
    with rasterio.open(folder / "earlier.tif") as source:
        pixels, profile = source.read(), source.profile
    height, width = (length // 2 for length in pixels.shape[1:])
    coarse = pixels[:, : 2 * height, : 2 * width].reshape(len(pixels), height, 2, width, 2).mean(axis=(2, 4))
    profile |= {"height": height, "width": width, "transform": profile["transform"] * Affine.scale(2)}
    with rasterio.open(folder / "coarse.tif", "w", **profile) as made:
        made.write(coarse.astype(profile["dtype"]))
    said: list[str] = []
    asked = {"raster": str(folder / "later.tif"), "earlier": str(folder / "coarse.tif"), "device": "cpu",
             "model": str(folder / "m.botaclip"), "output": str(folder / "h.tif")}  # fmt: skip
    change(parse_parameters(CHANGE, asked)[0], Progress(None, lambda level, line: said.append(f"{level} {line}")))
    assert any("warning" in line and "differ everywhere by sharpness alone" in line for line in said)
