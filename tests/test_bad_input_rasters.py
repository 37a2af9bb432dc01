"""Rasters that cannot be worked with: one sentence, exit code 1, nothing left behind; and odd ones that can."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from tests import small_landscape as landscape
from tests.model_fixture import write_model
from tests.model_fixture import write_raster as model_raster
from tests.small_rasters import UTM_CORNER, texture, write_raster, write_tiles
from tests.warm_cli import WarmCli, warm_cli

DEGREE = 1.0 / 111_320.0


@pytest.fixture(scope="module")
def botaclip() -> Iterator[WarmCli]:
    with warm_cli() as cli:
        yield cli


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model for red, green and blue, one that also needs the near infrared, and relevés with their image."""
    place = tmp_path_factory.mktemp("in")
    write_model(place / "rgb.botaclip", model_raster(place / "rgb.tif", size=200))
    write_model(place / "rgbn.botaclip", model_raster(place / "rgbn.tif", size=200, bands=4))
    landscape.write_releves(place / "releves.csv", landscape.releves(40))
    return place


def no_crs(folder: Path) -> Path:
    return write_raster(folder / "x.tif", texture(), crs=None)


def no_place(folder: Path) -> Path:
    return write_raster(folder / "x.tif", texture(), crs=None, transform=Affine.identity())


def text(folder: Path) -> Path:
    (folder / "x.tif").write_text("no raster")
    return folder / "x.tif"


def empty(folder: Path) -> Path:
    (folder / "x.tif").write_bytes(b"")
    return folder / "x.tif"


def truncated(folder: Path) -> Path:
    """The header and the list of blocks are whole, most of the pixels are not."""
    whole = write_raster(folder / "x.tif", texture(3, 900, 900))
    whole.write_bytes(whole.read_bytes()[:1_000_000])
    return whole


def truncated_early(folder: Path) -> Path:
    whole = write_raster(folder / "x.tif", texture(3, 900, 900))
    whole.write_bytes(whole.read_bytes()[:60])
    return whole


def rotten(folder: Path) -> Path:
    """Compressed blocks that no longer unpack."""
    path = write_raster(folder / "x.tif", texture(3, 900, 900), compress="deflate", tiled=True)
    data = bytearray(path.read_bytes())
    data[len(data) // 20 : len(data) // 2] = b"\x55" * (len(data) // 2 - len(data) // 20)
    path.write_bytes(bytes(data))
    return path


def complex_numbers(folder: Path) -> Path:
    return write_raster(folder / "x.tif", texture().astype("complex64"))


def gone(folder: Path) -> Path:
    return folder / "gone.tif"


def empty_folder(folder: Path) -> Path:
    (folder / "tiles").mkdir()
    return folder / "tiles"


def unlike_tiles(folder: Path) -> Path:
    """Tiles with three bands beside tiles with one."""
    write_tiles(folder / "tiles", texture(), rows=[100], cols=[])
    elsewhere = UTM_CORNER * Affine.translation(260, 0)
    write_raster(folder / "tiles" / "grey.tif", texture(1), colours=None, transform=elsewhere)
    return folder / "tiles"


CASES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "no CRS": (no_crs, ("CRS",)),
    "no place": (no_place, ("CRS",)),
    "text": (text, ("x.tif",)),
    "empty": (empty, ("x.tif",)),
    "truncated": (truncated, ("x.tif",)),
    "truncated early": (truncated_early, ("x.tif",)),
    "rotten": (rotten, ("x.tif",)),
    "wrong dtype": (complex_numbers, ("complex64",)),
    "gone": (gone, ("gone.tif",)),
    "empty folder": (empty_folder, ("tiles",)),
    "unlike tiles": (unlike_tiles, ("grey.tif",)),
}


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.parametrize("command", ["embed", "suitability", "predict", "train"])
def test_refused(botaclip: WarmCli, place: Path, tmp_path: Path, name: str, command: str) -> None:
    make, says = CASES[name]
    raster = make(tmp_path)
    points = tmp_path / "points.csv"
    points.write_text("x,y\n600100,5199900\n600150,5199850\n")
    plots = tmp_path / "plots.csv"
    random = np.random.default_rng(1)
    rows = [f"p{i},{name},{random.integers(1, 90)},{600_060 + i % 12 * 12},{5_199_940 - i // 12 * 12}"
            for i in range(60) for name in ("Poa annua", "Carex nigra") if random.random() < 0.6]  # fmt: skip
    plots.write_text("plot_id,species,cover,x,y\n" + "\n".join(rows) + "\n")
    model = ["--model", place / "rgb.botaclip"]
    words: dict[str, list[Any]] = {
        "embed": [*model, "--output", tmp_path / "o.tif"],
        "suitability": [*model, "--output", tmp_path / "o.tif"],
        "predict": [*model, "--points", points, "--crs", "EPSG:32632", "--output", tmp_path / "o.gpkg"],
        "train": ["--releves", plots, "--crs", "EPSG:32632", "--x-field", "x", "--y-field", "y", "--patch-size", 40,
                  "--alignment", "none", "--output", tmp_path / "o.botaclip"],
    }  # fmt: skip
    botaclip.refuses(command, "--raster", raster, "--device", "cpu", *words[command], folder=tmp_path, says=says)


@pytest.mark.parametrize("command", ["embed", "suitability"])
def test_model_made_for_other_bands(botaclip: WarmCli, place: Path, tmp_path: Path, command: str) -> None:
    words = ["--raster", place / "rgb.tif", "--model", place / "rgbn.botaclip", "--output", tmp_path / "o.tif"]
    says = ("red, green, blue, nir", "nir missing", "rgbn.botaclip", "use a raster with these bands")
    botaclip.refuses(command, *words, folder=tmp_path, says=says)


@pytest.mark.parametrize(
    ("bands", "says"),
    [("red=9", ("9",)), ("red=1,green=2,blue=3,nir=4", ("4",)), ("red=0", ("no band 0",)), ("red=one", ("red=one",)),
     ("purple", ("purple",))],
)  # fmt: skip
def test_missing_band(
    botaclip: WarmCli, place: Path, tmp_path: Path, bands: str, says: tuple[str, ...]
) -> None:
    words = ["--raster", place / "rgb.tif", "--model", place / "rgb.botaclip", "--bands", bands]
    botaclip.refuses("embed", *words, "--output", tmp_path / "o.tif", folder=tmp_path, says=says)


def test_extent_that_does_not_meet_the_raster(botaclip: WarmCli, place: Path, tmp_path: Path) -> None:
    words = ["--raster", place / "rgb.tif", "--model", place / "rgb.botaclip", "--output", tmp_path / "o.tif"]
    for extent in ("0,1000,0,1000", "2.0,2.1,10.0,10.1 [EPSG:4326]"):
        botaclip.refuses("embed", *words, "--extent", extent, folder=tmp_path, says=("extent",))


def test_all_points_outside(botaclip: WarmCli, place: Path, tmp_path: Path) -> None:
    """Points outside are no error: each says so."""
    (tmp_path / "p.csv").write_text("x,y\n0,0\n")
    words = ["--raster", place / "rgb.tif", "--model", place / "rgb.botaclip", "--points", tmp_path / "p.csv"]
    answer = botaclip("predict", *words, "--crs", "EPSG:2154", "--output", tmp_path / "o.csv")
    assert answer.code == 0 and ",outside" in (tmp_path / "o.csv").read_text()


def test_degrees_where_metres_are_needed_are_handled(botaclip: WarmCli, place: Path, tmp_path: Path) -> None:
    """The same pixels in degrees: the model's lattice is in metres, and the map is made."""
    corner = Affine(3.0 * DEGREE, 0, 3.0, 0, -2.0 * DEGREE, 46.5)
    raster = write_raster(tmp_path / "degrees.tif", texture(3, 240, 260), crs="EPSG:4326", transform=corner)
    output = tmp_path / "o.tif"
    words = ["--raster", raster, "--model", place / "rgb.botaclip", "--output", output, "--stride", 40]
    answer = botaclip("suitability", *words, "--device", "cpu")
    assert answer.code == 0, answer.err
    with rasterio.open(output) as made:
        assert made.crs.is_projected and made.crs.linear_units == "metre"
        values = made.read(masked=True)
    assert np.isfinite(values).sum() >= 12 and 0 <= values.min() < values.max() <= 1


def test_pixels_that_are_all_nodata(botaclip: WarmCli, place: Path, tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "x.tif", np.zeros((3, 240, 260), "uint8"), nodata=0)
    words = ["--raster", raster, "--model", place / "rgb.botaclip", "--output", tmp_path / "o.tif"]
    assert botaclip("embed", *words).code == 0
    with rasterio.open(tmp_path / "o.tif") as made:
        assert np.isnan(made.read()).all(), "nothing is seen, and nothing is made up"
