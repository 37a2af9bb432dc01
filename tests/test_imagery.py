from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import shared
from tests.small_rasters import RGB, UTM_CORNER, texture, write_raster, write_tiles

from botaclip.core.errors import RasterError
from botaclip.core.imagery import Imagery, adjoining, filled_share, open_imagery, scene_name
from botaclip.core.lattice import Lattice
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.places import parse_crs
from botaclip.core.rasters import open_raster


def crop(folder: Path, name: str, *, east: float = 0, south: float = 0, pixel: float = 1.0, **options: object) -> Path:
    """Write a crop of 20 x 20 pixels some metres from the corner."""
    corner = Affine(pixel, 0, 600_000.0 + east, 0, -pixel, 5_200_000.0 - south)
    return write_raster(folder / name, texture(3, 20, 20), transform=corner, **options)  # type: ignore[arg-type]


def scenes_of(imagery: Imagery) -> list[list[str]]:
    return [[Path(tile.path).stem for tile in scene.tiles] for scene in imagery.scenes]


def test_one_file_is_one_scene_as_ever(tmp_path: Path) -> None:
    path = crop(tmp_path, "a.tif")
    imagery = open_imagery(path)
    assert imagery.single
    assert imagery.scenes == (open_raster(path),)
    assert (imagery.identity, imagery.describe()) == (open_raster(path).identity, open_raster(path).describe())


def test_a_folder_of_adjoining_tiles_stays_one_scene(tmp_path: Path) -> None:
    folder = write_tiles(tmp_path / "t", texture(3, 60, 70), rows=[30], cols=[30, 50])
    assert open_imagery(folder).scenes == (open_raster(folder),)


def test_tiles_with_gaps_are_one_scene_while_they_fill_a_quarter(tmp_path: Path) -> None:
    for i, (east, south) in enumerate([(0, 0), (0, 60), (60, 0), (60, 60)]):
        crop(tmp_path / "thin", f"{i}.tif", east=east, south=south)  # 4 of 16 places: exactly a quarter
        crop(tmp_path / "thinner", f"{i}.tif", east=east * 1.1, south=south * 1.1)
    assert scenes_of(open_imagery(tmp_path / "thin")) == [["0", "1", "2", "3"]]
    assert scenes_of(open_imagery(tmp_path / "thinner")) == [["0"], ["1"], ["2"], ["3"]]


def test_crops_far_apart_are_scenes_and_those_that_touch_are_one(tmp_path: Path) -> None:
    crop(tmp_path, "a.tif")
    crop(tmp_path, "b.tif", east=5000)
    crop(tmp_path, "c.tif", east=20)  # touches a
    crop(tmp_path, "d.tif", east=41, south=10)  # a gap of one pixel to c
    crop(tmp_path, "e.tif", east=63)  # a gap of two pixels to d, more to c
    crop(tmp_path, "f.tif", east=4980, south=-20)  # touches b at a corner
    crop(tmp_path, "g.tif", east=9000, south=9000)
    imagery = open_imagery(tmp_path)
    assert scenes_of(imagery) == [["a", "c", "d"], ["b", "f"], ["e"], ["g"]]
    assert [Path(scene.name).stem for scene in imagery.scenes] == ["a", "b", "e", "g"]
    assert imagery.scenes[0].bounds == (600_000.0, 5_199_970.0, 600_061.0, 5_200_000.0)
    assert imagery.describe().startswith("4 scenes in 1 coordinate reference system, the first: 3 tiles, uint8, 1 m")
    assert len({imagery.identity, *(scene.identity for scene in imagery.scenes)}) == 5


def test_crss_and_pixel_sizes_are_kept_apart(tmp_path: Path) -> None:
    crop(tmp_path, "a.tif")
    crop(tmp_path, "b.tif", east=20, pixel=1.02)
    crop(tmp_path, "c.tif", east=20, south=20, pixel=1.009)  # within 1 %
    crop(tmp_path, "d.tif", crs="EPSG:32633")
    crop(tmp_path, "e.tif", crs="EPSG:32633", pixel=2.0)
    imagery = open_imagery(tmp_path)
    assert scenes_of(imagery) == [["a", "c"], ["b"], ["d"], ["e"]]
    assert [parse_crs(scene.crs_wkt).to_epsg() for scene in imagery.scenes] == [32632, 32632, 32633, 32633]
    assert Path(imagery.coarsest.name).stem == "e"
    assert "4 scenes in 2 coordinate reference systems" in imagery.describe()


def test_one_crs_in_other_words_is_one_crs(tmp_path: Path) -> None:
    crop(tmp_path, "a.tif")
    crop(tmp_path, "b.tif", east=20, crs=parse_crs("EPSG:32632").to_wkt("WKT1_ESRI"))
    assert scenes_of(open_imagery(tmp_path)) == [["a", "b"]]


def test_the_coarsest_is_the_first_of_equals(tmp_path: Path) -> None:
    """Pixels of 10 cm in metres of UTM differ on the ground by where in the zone they lie."""
    for name, east in (("a", 0.0), ("b", 150_000.0), ("c", -100_000.0)):
        crop(tmp_path, f"{name}.tif", east=east, pixel=0.1)
    assert Path(open_imagery(tmp_path).coarsest.name).stem == "a"


def test_all_files_must_agree_in_bands_and_type(tmp_path: Path) -> None:
    crop(tmp_path, "a.tif")
    crop(tmp_path, "b.tif", crs="EPSG:32633", colours=RGB[::-1])
    with pytest.raises(RasterError, match=r"b\.tif: its bands are red = band 3.* but red = band 1.* in a\.tif"):
        open_imagery(tmp_path)
    assert not open_imagery(tmp_path, bands="red=1,green=2").single
    write_raster(tmp_path / "b.tif", texture(3, 20, 20, dtype="uint16"), crs="EPSG:32633")
    with pytest.raises(RasterError, match=r"b\.tif: its pixel type is uint16, but uint8 in a\.tif"):
        open_imagery(tmp_path)


def test_a_damaged_file_among_many_is_named(tmp_path: Path) -> None:
    crop(tmp_path, "a.tif")
    path = crop(tmp_path, "b.tif", east=900)
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(RasterError, match=r"b\.tif: the file is cut short"):
        open_imagery(tmp_path)


def test_scene_names_are_unlike_and_fit_for_files(tmp_path: Path) -> None:
    for i, name in enumerate(["A.tif", "a.tiff", "a_2.tif", "b c.tif"]):
        crop(tmp_path, name, east=2000 * i)
    imagery = open_imagery(tmp_path)
    assert [scene_name(scene) for scene in imagery.scenes] == ["A", "a", "a_2", "b_c"]
    assert imagery.scene_names == ("A", "a_3", "a_2", "b_c")


def test_the_range_of_values_is_that_of_all_scenes_together(tmp_path: Path) -> None:
    for i, level in enumerate((1000, 3000)):
        pixels = np.random.default_rng(i).integers(level, level + 1000, (3, 40, 40)).astype("uint16")
        write_raster(tmp_path / f"{i}.tif", pixels, transform=UTM_CORNER * Affine.translation(5000 * i, 0))
    imagery = open_imagery(tmp_path)
    assert len(imagery.scenes) == 2
    # 1000 to 4000 with a hole: percentiles 1040 and 3960, widened by 730.
    assert imagery.value_range() == pytest.approx((310, 4700), abs=60)


def test_the_neon_crops_are_93_scenes_read_as_they_are() -> None:
    imagery = open_imagery(shared("data/neon_releves_rgb/rgb"))
    assert len(imagery.scenes) == 93
    zones = [parse_crs(scene.crs_wkt).to_epsg() for scene in imagery.scenes]
    assert {zone: zones.count(zone) for zone in zones} == {32610: 1, 32611: 40, 32617: 25, 32618: 27}
    assert max(scene.bounds[2] - scene.bounds[0] for scene in imagery.scenes) == pytest.approx(40, abs=0.01)
    assert imagery.scene_names[0] == "ABBY_025"
    assert len(set(imagery.scene_names)) == 93
    reference = Lattice.of(imagery.coarsest, 10, 20, 20.0)
    assert reference.cell_m == pytest.approx(1.0 if reference.factor == 1 else 1.0 / reference.factor)
    lattices = [reference.for_source(scene) for scene in imagery.scenes]
    assert all(lattice.cell_m == reference.cell_m for lattice in lattices)
    if reference.factor == 1:
        assert all(
            LatticeReader(scene, lattice).plain for scene, lattice in zip(imagery.scenes, lattices, strict=True)
        )


def test_patches_cut_from_one_scene_are_one_scene() -> None:
    imagery = open_imagery(shared("data/s2_london_camden_trees/patches"))
    assert imagery.single
    assert len(imagery.scenes[0].tiles) == 453


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(1, 5), st.integers(1, 5)), min_size=1))
def test_groups_are_those_of_the_plain_way(places: list[tuple[int, int, int, int]]) -> None:
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in places], dtype=float)
    group = list(range(len(boxes)))
    for _ in boxes:
        for i, (left, bottom, right, top) in enumerate(boxes):
            for j, other in enumerate(boxes):
                across = other[0] <= right + 1.5 and left <= other[2] + 1.5
                if across and other[1] <= top + 1.5 and bottom <= other[3] + 1.5:
                    group[i] = group[j] = min(group[i], group[j])
    expected: dict[int, list[int]] = {}
    for i, name in enumerate(group):
        expected.setdefault(name, []).append(i)
    assert adjoining(boxes, 1.5) == sorted(expected.values())


def test_thousands_of_tiles_are_sorted_quickly() -> None:
    """Each box is looked at beside its neighbours only: linear work, whatever the machine."""
    side = 80
    x, y = (axis.ravel() * 100.0 for axis in np.meshgrid(np.arange(side), np.arange(side)))
    tiles = np.stack([x, y, x + 100, y + 100], axis=1)
    assert len(adjoining(tiles, 0.5)) == 1
    apart = np.stack([x * 2, y * 2, x * 2 + 100, y * 2 + 100], axis=1)
    assert len(adjoining(apart, 0.5)) == side * side
    assert len(adjoining(np.zeros((3000, 4)) + [0, 0, 1, 1], 0.5)) == 1


def test_the_filled_share_counts_overlaps_once() -> None:
    one, other = (0.0, 0.0, 10.0, 10.0), (90.0, 0.0, 100.0, 10.0)
    assert filled_share(np.array([one, other])) == pytest.approx(0.2)
    assert filled_share(np.array([one] * 5 + [other])) == pytest.approx(0.2, abs=0.002)
    assert filled_share(np.array([(0.0, 0.0, 50.0, 10.0), other])) == pytest.approx(0.6, abs=0.002)
