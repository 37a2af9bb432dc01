from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.small_rasters import awkward
from tests.test_vector_io import polygon, square, write_layer

from botaclip.core.area import Area, Extent, Limits
from botaclip.core.errors import OptionError
from botaclip.core.lattice import Lattice
from botaclip.core.places import Points
from botaclip.core.rasters import open_raster


def area_of(path: Path, *, patch_m: float = 50.0, step: int = 1, **options: object) -> Area:
    source = open_raster(path)
    lattice = Lattice.of(source, 10, 4, patch_m)
    return Area.of(source, lattice, lattice.patch(patch_m), step=step, **options)  # type: ignore[arg-type]


def test_the_whole_raster(tmp_path: Path) -> None:
    path = awkward(tmp_path, "own")  # 240 x 260 m, cells of 10 m
    odd = area_of(path)
    assert (odd.row, odd.col, odd.height, odd.width) == (0, 0, 24, 26)
    even = area_of(path, patch_m=40.0)  # corners of cells, the outermost on the raster's edge
    assert (even.row, even.col, even.height, even.width) == (0, 0, 25, 27)
    assert area_of(path, step=5).centres().x[:2].tolist() == [600_005.0, 600_055.0]


def test_a_warped_raster_is_covered(tmp_path: Path) -> None:
    area = area_of(awkward(tmp_path, "degrees"))
    x, y = (axis.reshape(area.height, area.width) for axis in (area.centres().x, area.centres().y))
    source = open_raster(tmp_path / "degrees.tif")
    corners = area.lattice.crs_wkt, source.bounds
    assert np.ptp(x) * np.ptp(y) == pytest.approx(240 * 260 * source.pixel_size_m**2, rel=0.12), corners


def test_extents_lie_on_the_same_pixels(tmp_path: Path) -> None:
    path = awkward(tmp_path, "own")
    for extent in ("600033,600181,5199827,5199951", "600033, 600181, 5199827, 5199951 [EPSG:32632]"):
        area = area_of(path, step=3, extent=extent)
        assert area.row % 3 == area.col % 3 == 0
        centres = area.centres()
        assert sorted(set(centres.x)) == [600_035.0 + 30 * i for i in range(5)]
        assert sorted(set(centres.y)) == [5_199_845.0 + 30 * i for i in range(4)]


def test_an_extent_in_degrees(tmp_path: Path) -> None:
    path = awkward(tmp_path, "own")
    plain = area_of(path, extent="600050,600150,5199850,5199950")
    west, south, east, north = Extent(600_050, 600_150, 5_199_850, 5_199_950, "EPSG:32632").bounds_in("EPSG:4326")
    moved = area_of(path, extent=f"{west!r},{east!r},{south!r},{north!r} [EPSG:4326]")
    assert moved.centres().x.min() <= plain.centres().x.min()
    assert moved.height <= plain.height + 2


@pytest.mark.parametrize("text", ["1,2,3", "a,b,c,d", "1,2,3,4 EPSG:4326", "", "1;2;3;4", "nan,1,2,3"])
def test_what_is_no_extent_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="is not an extent"):
        Extent.parse(text, crs="EPSG:32632")


def test_an_extent_that_is_empty_or_elsewhere_is_said(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="is empty: xmin must be below xmax"):
        Extent.parse("7.5,7.4,46.1,46.2", crs="EPSG:4326")
    with pytest.raises(OptionError, match=r"--extent: nothing of the raster is left"):
        area_of(awkward(tmp_path, "own"), extent="0,10,0,10")


@pytest.mark.parametrize("crs", ["EPSG:32632", "EPSG:4326"])
def test_a_mask_counts_pixel_centres(tmp_path: Path, crs: str) -> None:
    rings = [square(600_050, 5_199_850, 100), square(600_080, 5_199_880, 40)]
    if crs != "EPSG:32632":
        moved = [Points(*np.array(ring).T, crs="EPSG:32632").to(crs) for ring in rings]
        rings = [list(zip(ring.x.tolist(), ring.y.tolist(), strict=True)) for ring in moved]
    mask = write_layer(tmp_path / "mask.gpkg", [polygon(*rings)], "Polygon", crs=crs)
    area = area_of(awkward(tmp_path, "own"), mask=mask)
    assert (area.height, area.width) == (10, 10)
    inside = area.inside(0, 0, 10, 10)
    expected = np.ones((10, 10), dtype=bool)
    expected[3:7, 3:7] = False
    np.testing.assert_array_equal(inside, expected)
    np.testing.assert_array_equal(area.inside(2, 4, 3, 5), expected[2:5, 4:9])


def test_without_a_mask_all_is_inside(tmp_path: Path) -> None:
    assert area_of(awkward(tmp_path, "own")).inside(0, 0, 3, 4).all()


def test_limits_are_read_once_for_all_scenes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_raster(awkward(tmp_path, "own"))
    lattice = Lattice.of(source, 10, 4, 50.0)
    patch = lattice.patch(50.0)
    mask = write_layer(tmp_path / "m.gpkg", [polygon(square(600_040, 5_199_860, 60))], "Polygon")
    limits = Limits.of(None, mask, crs="", optional=True)
    mask.unlink()
    first, second = (Area.within(source, lattice, patch, step=1, limits=limits) for _ in range(2))
    assert first is not None and second is not None and first.rings is second.rings
    far = Limits.of("0,1,0,1 [EPSG:4326]", None, crs=source.crs_wkt)
    assert Area.within(source, lattice, patch, step=1, limits=far) is None
    with pytest.raises(OptionError, match="nothing of the raster is left"):
        Area.of(source, lattice, patch, step=1, extent="0,1,0,1 [EPSG:4326]")
    with pytest.raises(OptionError, match="does not say its CRS"):
        Limits.of("0,1,0,1", None, crs="")


def test_what_an_area_is_known_by(tmp_path: Path) -> None:
    path = awkward(tmp_path, "own")
    mask = write_layer(tmp_path / "m.gpkg", [polygon(square(600_040, 5_199_860, 60))], "Polygon")
    kinds = [area_of(path), area_of(path, step=2), area_of(path, patch_m=60.0), area_of(path, mask=mask)]
    known = [str(area.to_json()) for area in kinds]
    assert len(set(known)) == 4 and known[0] == str(area_of(path).to_json())
