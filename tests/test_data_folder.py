"""``botaclip.json`` is read as it stands or refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.conftest import shared

from botaclip.core.commands import TRAIN
from botaclip.core.data_folder import FILE, read_data_folder
from botaclip.core.errors import OptionError
from botaclip.core.options import parse_parameters


def folder_with(tmp_path: Path, text: str) -> Path:
    for name in ("image", "a.tif", "b.tif", "releves.csv", "plots.gpkg"):
        (tmp_path / name).touch()
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    return tmp_path


def given(tmp_path: Path, **options: object) -> dict[str, str]:
    whole = {"raster": "image", "releves": "releves.csv"} | {
        name.replace("_", "-"): value for name, value in options.items()
    }
    return read_data_folder(folder_with(tmp_path, json.dumps(whole)))


def refused(folder: Path) -> str:
    with pytest.raises(OptionError) as caught:
        read_data_folder(folder)
    assert "\n" not in caught.value.sentence
    return caught.value.sentence


def test_files_become_absolute_and_the_rest_stays_text(tmp_path: Path) -> None:
    options = given(
        tmp_path, plots="plots.gpkg|layername=the plots", patch_size=20, groups="block", min_presences="5",
        environment=["a.tif", "b.tif"], species=["Abies alba", "Fagus sylvatica"], crs=None,
    )  # fmt: skip
    assert options == {
        "raster": f"{tmp_path}/image", "releves": f"{tmp_path}/releves.csv",
        "plots": f"{tmp_path}/plots.gpkg|layername=the plots", "patch-size": "20", "groups": "block",
        "min-presences": "5", "environment": f"{tmp_path}/a.tif;{tmp_path}/b.tif",
        "species": "Abies alba,Fagus sylvatica",
    }  # fmt: skip
    assert list(options)[:3] == ["raster", "releves", "plots"], "the file's order"


def test_what_it_returns_is_what_train_parses(tmp_path: Path) -> None:
    options = given(tmp_path, patch_size=20.5, environment="a.tif; b.tif", head="forest", buffer="0")
    parameters, unknown = parse_parameters(
        TRAIN, {name.replace("-", "_"): value for name, value in options.items()} | {"output": "m.botaclip"}
    )
    assert unknown == []
    assert parameters["patch_size"] == 20.5 and parameters["head"] == "forest" and parameters["buffer"] == 0
    assert parameters["environment"] == [f"{tmp_path}/a.tif", f"{tmp_path}/b.tif"]


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, '﻿{"raster": "image", "releves": "releves.csv"}')
    assert set(read_data_folder(folder)) == {"raster", "releves"}


WRONG = {
    '{"raster": "image", "releves": "releves.csv", "cover_field": "c"}':
        "the key 'cover_field' is no option of botaclip train. Did you mean 'cover-field'?",
    '{"raster": "image", "releves": "releves.csv", "pach-size": 3}': "Did you mean 'patch-size'?",
    '{"raster": "image", "releves": "releves.csv", "qqqq": 3}': "no option of botaclip train. Use names such as raster",
    '{"raster": "image", "releves": "releves.csv", "output": "m"}': "'output' is not for the data to say",
    '{"raster": "image", "releves": "releves.csv", "device": "cpu"}': "'device' is not for the data to say",
    '{"raster": "image", "raster": "image", "releves": "releves.csv"}': "the key 'raster' stands there twice",
    '{"raster": "image"}': "it does not name releves",
    '{}': "it does not name raster and releves",
    '{"raster": null, "releves": "releves.csv"}': "it does not name raster.",
    '{"raster": "", "releves": "releves.csv"}': "raster is empty",
    '{"raster": "Image", "releves": "releves.csv"}': "raster: there is no 'Image' in the folder",
    '{"raster": "image", "releves": "releves.csv", "environment": "a.tif;c.tif"}':
        "environment: there is no 'c.tif' in the folder",
    '{"raster": 3, "releves": "releves.csv"}': "raster is a number, not a file name",
    '{"raster": ["image"], "releves": "releves.csv"}': "raster is a list, not a file name",
    '{"raster": "image", "releves": "releves.csv", "groups": {"a": 1}}': "groups is an object, not a text",
    '{"raster": "image", "releves": "releves.csv", "patch-size": true}': "patch-size is true or false, not a number",
    '{"raster": "image", "releves": "releves.csv", "patch-size": [20]}': "patch-size is a list, not a number",
    '{"raster": "image", "releves": "releves.csv", "patch-size": "wide"}': "patch-size: --patch-size cannot be 'wide'",
    '{"raster": "image", "releves": "releves.csv", "folds": 1}': "folds: --folds cannot be '1'",
    '{"raster": "image", "releves": "releves.csv", "head": "tree"}': "Use one of linear, forest",
    '{"raster": "image", "releves": "releves.csv", "species": [["a"]]}': "species is a list, not a text",
    '[1]': "it holds no JSON object",
    '"x"': "it holds no JSON object",
    '{"raster": "image",}': "it is not JSON",
    '': "it is not JSON",
    '[' * 100_000: "it is nested too deeply",
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), WRONG.items(), ids=lambda value: value[-50:])
def test_what_is_wrong_is_said_with_the_file(text: str, said: str, tmp_path: Path) -> None:
    sentence = refused(folder_with(tmp_path, text))
    assert said in sentence
    assert sentence.startswith(f"{tmp_path / FILE}: ")


def test_a_missing_folder_or_file_is_said(tmp_path: Path) -> None:
    assert refused(tmp_path / "no").startswith(f"{tmp_path / 'no'}: there is no such folder")
    assert f"{tmp_path}: there is no {FILE} in it" in refused(tmp_path)


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "")
    (folder / FILE).write_bytes('{"raster": "é"}'.encode("latin-1"))
    assert "it is not text in UTF-8" in refused(folder)


@pytest.mark.parametrize("name", ["neon_releves_rgb", "s2_london_camden_trees"])
def test_the_real_folders_are_read(name: str) -> None:
    folder = shared(f"data/{name}")
    options = read_data_folder(folder)
    assert options["crs-field"] == "epsg" and options["groups"] == "block"
    assert Path(options["raster"]).exists() and options["raster"].startswith(str(folder.absolute()))
    assert options["patch-size"] == {"neon_releves_rgb": "20", "s2_london_camden_trees": "100"}[name]
