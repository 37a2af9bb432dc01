from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from botaclip.core.raster_style import VIRIDIS, qml_pca, qml_suitability


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
