from __future__ import annotations

import itertools
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from tests.model_fixture import write_model
from tests.qgis_support import Qgis, make_qgis
from tests.small_scenes import write_scene

from botaclip.core.embed import embed
from botaclip.core.progress import SILENT
from botaclip.core.raster_style import (
    ABSENT_PRESENT,
    BROWN_GREEN,
    CLASS_COLOURS,
    VIRIDIS,
    qml_classes,
    qml_pca,
    qml_suitability,
)

# Machado, Oliveira & Fernandes 2009, doi:10.1109/TVCG.2009.113, at full severity; of linear RGB.
EYES = {
    "all cones": np.eye(3),
    "protanopia": np.array([
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]
    ]),
    "deuteranopia": np.array([
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]
    ]),
    "tritanopia": np.array([
        [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]
    ]),
}  # fmt: skip
# sRGB (IEC 61966-2-1) to CIE XYZ, white D65.
XYZ = np.array([
    [0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]
])  # fmt: skip


def lab(colours: Sequence[str], eyes: str) -> NDArray[np.float64]:
    """Return CIELAB (N, 3) of colours as such eyes see them."""
    srgb = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ EYES[eyes].T, 0.0, 1.0)
    t = (seen @ XYZ.T) / XYZ.sum(axis=1)
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def test_lab_is_right_where_it_is_known() -> None:
    np.testing.assert_allclose(lab(["#ffffff", "#000000"], "all cones"), [[100, 0, 0], [0, 0, 0]], atol=0.01)
    np.testing.assert_allclose(lab(["#ff0000"], "all cones"), [[53.24, 80.09, 67.20]], atol=0.02)
    grey = lab(["#808080"], "deuteranopia")
    np.testing.assert_allclose(grey, lab(["#808080"], "all cones"), atol=0.1)


@pytest.mark.parametrize("eyes", EYES)
def test_the_ramp_rises_in_lightness_for_all_eyes(eyes: str) -> None:
    seen = lab(VIRIDIS, eyes)
    assert (np.diff(seen[:, 0]) > 4.0).all(), "in grey too, every step is seen"
    assert (np.linalg.norm(np.diff(seen, axis=0), axis=1) > 6.0).all() and np.ptp(seen[:, 0]) > 65


@pytest.mark.parametrize("eyes", EYES)
def test_less_and_more_are_told_apart_by_all_eyes(eyes: str) -> None:
    seen, middle = lab(BROWN_GREEN, eyes), len(BROWN_GREEN) // 2
    assert (np.diff(seen[: middle + 1, 0]) > 0).all() and (np.diff(seen[middle:, 0]) < 0).all()
    for i in range(middle):
        # As much less as more: alike in lightness at most, so their hues have to differ.
        assert np.linalg.norm(seen[i] - seen[-1 - i]) > 10, BROWN_GREEN[i]


@pytest.mark.parametrize("eyes", EYES)
def test_classes_are_told_apart_by_all_eyes(eyes: str) -> None:
    for colours, least in ((CLASS_COLOURS[:8], 15), (ABSENT_PRESENT, 30)):
        seen = lab(colours, eyes)
        apart = [float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2)]
        assert min(apart) > least


def test_a_ramp_turned_round_still_rises_in_value() -> None:
    element = renderer(qml_suitability(low=2.0, high=0.0, low_label="far", high_label="near"))
    items = element.findall("./rastershader/colorrampshader/item")
    assert [float(item.get("value") or "nan") for item in items] == pytest.approx([2.0 * i / 9 for i in range(10)])
    assert [item.get("color") for item in items] == list(VIRIDIS[::-1])
    legend = element.find("./rastershader/colorrampshader/rampLegendSettings")
    assert legend is not None and (legend.get("minimumLabel"), legend.get("maximumLabel")) == ("near", "far")


def test_classes_have_their_numbers_colours_and_labels() -> None:
    entries = renderer(qml_classes(["no & never", "yes"], first=0, colours=ABSENT_PRESENT)).findall(".//paletteEntry")
    found = [(each.get("value"), each.get("color"), each.get("label")) for each in entries]
    assert found == [("0", "#d9d9d9", "no & never"), ("1", "#0072b2", "yes")]


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


@pytest.mark.parametrize("quantise", ["none", "uint8"])
def test_neighbouring_tiles_have_one_colour_for_one_vector(
    qgis: Qgis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quantise: str
) -> None:
    """Two tiles cut from one image, the second much brighter elsewhere: where they overlap QGIS paints the same."""
    monkeypatch.setenv("BOTACLIP_CACHE", str(tmp_path / "cache"))
    whole = write_scene(tmp_path / "whole.tif", "EPSG:32632", 500_000.0, 5_200_000.0, 400)
    write_model(tmp_path / "m.botaclip", whole)
    (tmp_path / "tiles").mkdir()
    for name, first in (("left", 0), ("right", 150)):
        with rasterio.open(whole) as source:
            window = rasterio.windows.Window(first, 0, 250, 400)
            pixels, profile = source.read(window=window), source.profile
            profile.update(width=250, transform=source.window_transform(window))
        if first:
            pixels[:, :, 150:] = 254 - pixels[:, :, 150:] // 8
        with rasterio.open(tmp_path / "tiles" / f"{name}.tif", "w", **profile) as made:
            made.write(pixels)
    made = embed({
        "raster": str(tmp_path / "tiles"), "model": str(tmp_path / "m.botaclip"), "output": str(tmp_path / "maps"),
        "device": "cpu", "dimensions": "3", "quantise": quantise, "stride": 10.0, "each": True,
    }, SILENT)  # fmt: skip
    left, right = made["rasters"]
    assert Path(left).with_suffix(".qml").read_text() == Path(right).with_suffix(".qml").read_text()
    # Patches of 100 m that lie in both tiles: 300 to 500 m from the left.
    box = [500_370.0, 5_199_400.0, 500_430.0, 5_199_800.0]
    (tmp_path / "ask.json").write_text(json.dumps([left, right, box]), encoding="utf-8")
    first, second = (np.array(pixels) for pixels in qgis.script("colours", str(tmp_path / "ask.json")))
    np.testing.assert_array_equal(first, second)
    assert len(np.unique(first.reshape(-1, 3), axis=0)) > 20, "one colour everywhere would tell nothing"


def renderer(text: str) -> ElementTree.Element:
    found = ElementTree.fromstring(text).find("./pipe/rasterrenderer")
    assert found is not None
    return found


def test_components_are_red_green_blue_with_their_limits() -> None:
    element = renderer(qml_pca([(-1.5, 2.0), (0.0, 3.0), (1.0, 4.0)]))
    assert [element.get(f"{colour}Band") for colour in ("red", "green", "blue")] == ["1", "2", "3"]
    assert element.findtext("./redContrastEnhancement/minValue") == "-1.5"
    assert element.findtext("./blueContrastEnhancement/maxValue") == "4"
    assert element.findtext("./blueContrastEnhancement/algorithm") == "StretchToMinimumMaximum"


def test_fewer_than_three_components_are_grey() -> None:
    element = renderer(qml_pca([(0.0, 1.0)]))
    assert {element.get(f"{colour}Band") for colour in ("red", "green", "blue")} == {"1"}


def test_suitability_runs_from_dark_to_bright() -> None:
    element = renderer(qml_suitability(3, high=0.5, unit=' "x" <'))
    assert element.get("band") == "3"
    items = element.findall("./rastershader/colorrampshader/item")
    assert [item.get("color") for item in items] == list(VIRIDIS)
    assert [float(item.get("value") or "nan") for item in items] == pytest.approx([0.5 * i / 9 for i in range(10)])
    assert items[-1].get("label") == '0.5 "x" <'
