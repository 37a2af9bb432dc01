"""Dialogs begin with what the project says, and never with what nobody asked for."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator

import numpy as np
import pytest
from tests.qgis_support import Qgis, make_qgis
from tests.small_rasters import write_raster

from botaclip.core.encoders.registry import RECORDS
from botaclip.core.encoders.store import Store


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


@pytest.fixture(scope="module")
def dialogs(qgis: Qgis, tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("dialogs")
    (folder / "releves.csv").write_text("plot_id,species,cover\np1,Abies alba,1\n")
    (folder / "plots.csv").write_text("plot_id,x,y,epsg\np1,1,2,2154\n")
    for name, place in (("dinov3-vits16", "dinov3-vits16"), ("mine", "hidden")):
        record = dataclasses.replace(RECORDS["dinov3-vits16"], id=name)
        (folder / "w.pth").write_bytes(b"weights")
        store = Store(folder / "encoders")
        store.install(record, folder / "w.pth", sha256=hashlib.sha256(b"weights").hexdigest(), source="here")
        (store.folder / name).rename(store.folder / place)
    write_raster(folder / "image.tif", np.ones((3, 4, 4), "uint8"))
    (folder / "taxa.csv").write_text("name,accepted\na,b\n")
    return {**qgis.script("dialogs", str(folder)), "folder": folder}


def test_a_needed_model_is_the_projects_and_a_possible_one_is_empty(dialogs: dict) -> None:
    assert dialogs["model"] == str(dialogs["folder"] / "m.botaclip")
    assert dialogs["init"] is None, "training must not go on from the project's model unasked"


def test_a_raster_that_may_be_given_is_empty(dialogs: dict) -> None:
    assert dialogs["raster"], "the first of the project, where one is needed"
    assert dialogs["calibration"] is None, "nothing is exported or calibrated with a raster nobody named"


def test_a_field_offers_the_columns_of_its_table_first_and_none_of_the_names(dialogs: dict) -> None:
    assert dialogs["columns"] == ["", "plot_id", "x", "y", "epsg", "species", "cover"]


@pytest.mark.parametrize("name", ["train", "encoders"])
def test_encoders_are_offered_and_any_text_is_taken(name: str, dialogs: dict) -> None:
    found = dialogs[f"{name}_encoders"]
    texts = [text for text, _, _ in found["items"]]
    heading = "not installed: " + {
        "train": "the algorithm Encoders (botaclip:encoders) gets them",
        "encoders": "the actions download and import get them",
    }[name]
    assert texts[:4] == ["random-conv", "colour-texture", "dinov3-vits16", heading]
    assert sorted(texts) == sorted([heading, *RECORDS])
    can_choose = {text: enabled for text, enabled, _ in found["items"]}
    # Where one is to be fetched or shown, each can be chosen; where one is to work, those that can.
    assert can_choose["dinov3-vits16"] and can_choose["dofa-base"] == (name == "encoders") and not can_choose[heading]
    assert dict((text, tip) for text, _, tip in found["items"])["dinov3-vits16"] == (
        "DINOv3 ViT-S/16: installed, unpinned\nModes: exact, tokens\nBands: red, green, blue; vectors of 384\n"
        "Licence: DINOv3 License (Meta, 19 August 2025)"
    )
    assert found["drawn"] == "random-conv   ·   Random convolutional features"
    assert found["begin"] == ("random-conv" if name == "train" else None)
    assert found["later"][3] == "mine" and len(found["later"]) == len(texts) + 1
    assert (found["joined"], found["chosen"], found["empty"]) == ("dofa-base+colour-texture", "colour-texture", None)
    assert found["changes"] == ["dofa-base+colour-texture", "colour-texture", None]
