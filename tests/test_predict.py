"""Species at points of a GeoPackage, with awkward columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
from tests.model_fixture import write_model, write_raster
from tests.test_tables import write_points

from botaclip.core.errors import ModelFileError, OptionError
from botaclip.core.predict import predict, unique_names
from botaclip.core.progress import SILENT


def test_a_geopackage_keeps_its_columns_and_says_why(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "r.tif")
    model = write_model(tmp_path / "m.botaclip", raster)
    points = write_points(
        tmp_path / "p.gpkg", [700_400.0, 700_050.0, 0.0, np.nan], [6_599_600.0, 6_599_950.0, 0.0, np.nan],
        {"name": ["a", "b", "c", "d"], "poa annua": [1, 2, 3, 4]},
    )
    asked = {"raster": str(raster), "model": str(model.path), "points": str(points), "crs": None, "device": "cpu",
             "species": "Poa annua,Salix alba", "output": str(tmp_path / "out.gpkg"), "overwrite": False}
    outputs = predict(asked, SILENT)
    assert outputs["status"] == {"ok": 1, "nodata": 1, "outside the raster": 1, "no coordinates": 1}
    meta, _, geometry, fields = pyogrio.raw.read(tmp_path / "out.gpkg")
    table = dict(zip(meta["fields"].tolist(), fields, strict=True))
    assert list(table) == ["name", "poa annua", "botaclip_status", "botaclip_offset_m", "Poa annua_2", "Salix alba"]
    assert table["name"].tolist() == ["a", "b", "c", "d"]
    assert table["botaclip_status"].tolist() == ["ok", "nodata", "outside the raster", "no coordinates"]
    assert 0 < table["Salix alba"][0] < 1 and np.isnan(table["Salix alba"][1:].astype(float)).all()
    offsets = table["botaclip_offset_m"].astype(float)
    assert (offsets[:2] <= 14.143).all() and np.isnan(offsets[2:]).all()
    predict(asked | {"output": str(tmp_path / "out.csv")}, SILENT)
    rows = [line.split(",") for line in (tmp_path / "out.csv").read_text().splitlines()]
    assert rows[0][:6] == ["x", "y", "crs", "name", "poa annua", "botaclip_status"]
    assert rows[1][:4] == ["700400.0", "6599600.0", "EPSG:2154", "a"] and rows[1][6] != ""
    assert rows[3][:2] == ["0.0", "0.0"] and rows[3][5:] == ["outside the raster", "", "", ""]
    assert rows[4] == ["", "", "EPSG:2154", "d", "4", "no coordinates", "", "", ""]
    assert geometry[0] is not None and geometry[3] is None and meta["crs"] == "EPSG:2154"
    with pytest.raises(ModelFileError, match="'Bellis' is not among"):
        predict(asked | {"species": "Bellis", "output": str(tmp_path / "b.gpkg")}, SILENT)
    (tmp_path / "q.csv").write_text("x,y\n1,2\n")
    with pytest.raises(OptionError, match="CRS"):
        predict(asked | {"points": str(tmp_path / "q.csv"), "output": str(tmp_path / "b.gpkg")}, SILENT)
    assert not (tmp_path / "b.gpkg").exists()


def test_names_that_sqlite_takes_for_one() -> None:
    assert unique_names(["a", "A", "fid", "a_2", "b"]) == ["a", "A_2", "fid_2", "a_2_2", "b"]
