"""French, dark and on a screen of 4k: every page keeps its words and nothing is cut off."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from tests.gui_support import ROOT, Desktop


def play(folder: Path, look: str, settings: str = "", screen: str = "1500x950x24", **variables: str) -> dict:
    desktop = Desktop(folder / look, settings)
    return desktop.play(
        "looks", screen=screen, variables={"BOTACLIP_LOOK": look, "BOTACLIP_REAL_PYTHON": sys.executable, **variables}
    )


def french() -> dict[str, str]:
    root = ElementTree.parse(ROOT / "i18n" / "botaclip_fr.ts").getroot()
    return {
        message.findtext("source", ""): message.findtext("translation", "")
        for message in root.iter("message")
    }  # fmt: skip


def test_french(tmp_path: Path) -> None:
    if not (ROOT / "i18n" / "botaclip_fr.qm").is_file():
        pytest.skip("the translations are not built here (no lrelease)")
    found = play(tmp_path, "french", "[locale]\noverrideFlag=true\nuserLocale=fr\n")
    words = french()
    assert found["title"] == words["Species suitability"] != "Species suitability"
    for text in ("Load the sample project", "Check the plots", "Train", "Make the maps", "Cut the map", "Set up"):
        assert words[text] in found["texts"] and text not in found["texts"], text
    assert found["cut"] == []


def test_dark(tmp_path: Path) -> None:
    found = play(tmp_path, "dark", "[UI]\nUITheme=Night Mapping\n")
    assert found["lightness"] < 100 and found["cut"] == []


@pytest.mark.slow
def test_4k(tmp_path: Path) -> None:
    found = play(tmp_path, "4k", screen="3840x2160x24", QT_SCALE_FACTOR="2")
    assert found["ratio"] >= 2.0 and found["cut"] == []
