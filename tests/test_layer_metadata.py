"""The metadata page beside a map: what it says, whom it names, and that a stranger's model cannot speak HTML in it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from tests.model_fixture import SPECIES, write_model, write_raster
from tests.qgis_support import Qgis, make_qgis
from tests.small_scenes import write_scenes

from botaclip.core.change import change
from botaclip.core.embed import embed
from botaclip.core.layer_metadata import address_in, command_words, plain, qmd
from botaclip.core.progress import SILENT
from botaclip.core.suitability import suitability
from botaclip.core.threshold_map import threshold

SCORES = {"blocked": {
    "adapted": {"auc": {"median": 0.9025}, "tss_at_train_threshold": {"median": 0.61}},
    "raw": {"auc": {"median": 0.8}},
}}  # fmt: skip
CITE = "Cerna et al.: BotaCLIP, arXiv:2511.21194"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One map of every way in which maps are written, all by the same model."""
    place = tmp_path_factory.mktemp("pages é & <b>")
    raster = write_raster(place / "r & s.tif", size=300)
    with rasterio.open(raster) as source:
        pixels, profile = source.read(), source.profile
    noisy = np.clip(pixels + np.random.default_rng(1).normal(0, 9, pixels.shape), 1, 255)
    with rasterio.open(place / "earlier.tif", "w", **profile) as made:
        made.write(noisy.astype("uint8"))
    write_model(place / "m.botaclip", raster, scores=SCORES, cite=CITE, licence="CC-BY-4.0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOTACLIP_CACHE", str(place / "cache"))
        suitability(asked(place, "s"), SILENT)
        embed(asked(place, "e", cog=True), SILENT)
        change(asked(place, "c", earlier=str(place / "earlier.tif"), stable=None), SILENT)
        suitability(asked(place, "many", raster=str(write_scenes(place / "crops"))), SILENT)
        threshold({"raster": str(place / "s.tif"), "output": str(place / "t.tif"), "rule": "expected", "value": None,
                   "overwrite": False}, SILENT)  # fmt: skip
    return place


def asked(place: Path, name: str, **more: Any) -> dict[str, Any]:
    return {
        "raster": str(place / "r & s.tif"), "model": str(place / "m.botaclip"), "output": str(place / f"{name}.tif"),
        "device": "cpu", "overwrite": False, "species": None, "dimensions": "3", "quantise": "none", "stride": 20.0,
        "random_state": 1,
    } | more  # fmt: skip


def page(path: Path) -> ElementTree.Element:
    return ElementTree.fromstring(path.with_suffix(".qmd").read_text(encoding="utf-8"))


def texts(root: ElementTree.Element, name: str) -> list[str]:
    return [element.text or "" for element in root.iter(name)]


def test_a_page_says_what_a_value_means_and_how_the_model_was_judged(place: Path) -> None:
    root = page(place / "s.tif")
    (abstract,) = texts(root, "abstract")
    assert texts(root, "title") == ["Suitability (r & s)"]
    for words in (
        "the probability, as the model judges it", "A value refers to a plot of 100 m2, centred in the pixel.",
        "Judged by cross-validation in spatial blocks, medians over species: AUC 0.90, TSS 0.61; with the frozen "
        "vectors AUC 0.80.", f"Bands: {', '.join(SPECIES)}.", f"Cite: {CITE}",
    ):  # fmt: skip
        assert words in abstract
    assert texts(root, "license") == ["Model: CC-BY-4.0", "Encoder random-conv: CC0-1.0"]
    assert texts(root, "rights")[0] == "Derived from the image r & s.tif, whose terms hold too."
    assert set(SPECIES) < set(texts(root, "keyword"))
    assert [link.get("url") for link in root.iter("link")][0] == "https://arxiv.org/abs/2511.21194"
    history = texts(root, "history")
    assert history[0] == (
        "botaclip suitability --raster 'r & s.tif' --model m.botaclip --stride 20 --output s.tif --device cpu"
    )
    assert not any(str(place.parent) in text for text in root.itertext()), "nobody's folders are told"
    box = next(iter(root.iter("spatial")))
    with rasterio.open(place / "s.tif") as dataset:
        assert [float(box.get(side, "nan")) for side in ("minx", "miny", "maxx", "maxy")] == list(dataset.bounds)
    assert box.get("crs") == "EPSG:2154" and texts(root, "authid") == ["EPSG:2154"]


def test_every_map_has_a_page_of_its_own_kind(place: Path) -> None:
    assert "first 3 principal components" in texts(page(place / "e.tif"), "abstract")[0]
    assert "-1 less, 0 within noise, 1 more" in texts(page(place / "c.tif"), "abstract")[0]
    cut = page(place / "t.tif")
    assert texts(cut, "title") == ["Presence by threshold (r & s)"]
    assert "Cut at: suitability above that of the training prevalence." in texts(cut, "abstract")[0]
    assert "AUC 0.90" in texts(cut, "abstract")[0] and texts(cut, "history")[0].startswith("botaclip threshold")
    files = sorted((place / "many").iterdir())
    pages = [path.name for path in files if path.suffix == ".qmd"]
    assert pages == [f"{path.stem}.qmd" for path in files if path.suffix in (".tif", ".vrt")] and len(pages) == 6
    assert texts(page(place / "many" / "many_32632.vrt"), "title") == ["Suitability"]


def test_the_page_goes_with_its_map(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTACLIP_CACHE", str(tmp_path / "cache"))
    output = tmp_path / "e.tif"
    embed(asked(place, "e", output=str(output)), SILENT)
    first = output.with_suffix(".qmd").read_text()
    embed(asked(place, "e", output=str(output), overwrite=True, dimensions="2"), SILENT)
    assert "first 2 principal" in output.with_suffix(".qmd").read_text() != first
    embed(asked(place, "e", output=str(output), overwrite=True, raster=str(place / "crops")), SILENT)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] == "e") == ["e"], "an older page stayed"


def test_a_model_of_a_stranger_speaks_no_html(tmp_path: Path) -> None:
    hostile = '<img src="http://evil.example/x.png"> & \x00\ud800 doi:10.1/x'
    profile = {"driver": "GTiff", "width": 2, "height": 2, "count": 1, "dtype": "uint8", "crs": "EPSG:2154"}
    with rasterio.open(tmp_path / "m.tif", "w", transform=Affine(1, 0, 7e5, 0, -1, 66e5), **profile) as made:
        made.update_tags(BOTACLIP_KIND="k", BOTACLIP_MEANING=hostile.replace("\x00\ud800", ""), BOTACLIP_CITE="</qgis>")
        made.set_band_description(1, "<script>")
    with rasterio.open(tmp_path / "m.tif") as dataset:
        text = qmd(dataset, [hostile])
    root = ElementTree.fromstring(text)
    assert not any("<" in found for found in root.itertext()) and "‹img" in texts(root, "abstract")[0]
    assert plain(hostile).startswith("‹img") and "\x00" not in text and root.tag == "qgis"


@pytest.mark.parametrize("text, address", [
    ("Meyer 2021, doi:10.1111/2041-210X.13650", "https://doi.org/10.1111/2041-210X.13650"),
    ("see https://doi.org/10.5194/gmd-18-10185-2025.", "https://doi.org/10.5194/gmd-18-10185-2025"),
    ("arXiv:2511.21194 (the method)", "https://arxiv.org/abs/2511.21194"),
    ("at http://a.org/b?c=1, d", "http://a.org/b?c=1"),
    ("javascript:alert(1)", ""), ("nobody", ""), ('https://a.org/"onload="x', "https://a.org/"),
])  # fmt: skip
def test_addresses_are_found_in_citations(text: str, address: str) -> None:
    assert address_in(text) == address


def test_a_command_is_told_without_folders() -> None:
    parameters = {
        "raster": "/home/x/a.tif;/home/y/b.tif", "model": "/home/x/m.botaclip", "output": "/home/x/maps", "each": True,
        "environment": ["/home/x/dem.tif", "slope=/home/x/s.tif"], "species": "Poa annua",
    }  # fmt: skip
    assert command_words("suitability", parameters) == (
        "botaclip suitability --raster 'a.tif;b.tif' --model m.botaclip --species 'Poa annua' "
        "--environment 'dem.tif;slope=s.tif' --each --output maps"
    )


@pytest.mark.parametrize("given, told", [
    ("https://h/x/a.tif?token=abc/def;gh;/data/b.tif", "'a.tif;b.tif'"), ("/vsicurl/https://h/a.tif?sig=abc", "a.tif"),
    ("https://ann:abc@h", "***@h"), ("PG:host=h user=ann password=abc/d dbname=x", "PG:"),
    ("MSSQL:server=h;uid=ann;pwd=abc", "MSSQL:"), ("dbname='x' user='ann' password='a b'", "'a connection'"),
    ("https://h/a.tif?user=ann&password=abc;/data/b.tif", "'a.tif;b.tif'"),
])  # fmt: skip
def test_a_command_tells_no_query_and_no_connection(given: str, told: str) -> None:
    parameters = {"raster": given, "model": "/x/m.botaclip", "output": "/x/s.tif"}
    assert command_words("suitability", parameters) == (
        f"botaclip suitability --raster {told} --model m.botaclip --output s.tif"
    )


def test_a_command_tells_no_query_of_a_list() -> None:
    layers = ["wet=https://h/w.tif?token=abc", "PG:host=h password=abc"]
    words = command_words("suitability", {"raster": "a.tif", "model": "m", "output": "s.tif", "environment": layers})
    assert "'wet=w.tif;PG:'" in words and "abc" not in words


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


def test_qgis_shows_the_page_of_a_file_opened_by_its_path(qgis: Qgis, place: Path) -> None:
    files = [str(place / name) for name in ("s.tif", "t.tif", "many/many_32631.vrt")]
    (place / "files.json").write_text(json.dumps(files), encoding="utf-8")
    found = qgis.script("pages", str(place / "files.json"))
    for path, shown in zip(files, found, strict=True):
        root = page(Path(path))
        assert shown["loaded"] and shown["title"] == texts(root, "title")[0]
        assert shown["abstract"] == texts(root, "abstract")[0] and "AUC 0.90" in shown["abstract"]
        assert shown["licences"] == texts(root, "license") and shown["history"] == texts(root, "history")
        assert shown["crs"] == shown["layer_crs"] and shown["keywords"]["gmd:topicCategory"] == ["Biota", "Environment"]
        np.testing.assert_allclose(shown["extent"], shown["layer_extent"], atol=1e-6)
