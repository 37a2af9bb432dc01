"""Dialogs begin with what the project says, and never with what nobody asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.qgis_support import Qgis, make_qgis


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


@pytest.fixture(scope="module")
def dialogs(qgis: Qgis, tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("dialogs")
    (folder / "releves.csv").write_text("plot_id,species,cover\np1,Abies alba,1\n")
    (folder / "plots.csv").write_text("plot_id,x,y,epsg\np1,1,2,2154\n")
    (folder / "taxa.csv").write_text("name,accepted\na,b\n")
    return {**qgis.script("dialogs", str(folder)), "folder": folder}


def test_a_needed_model_is_the_projects_and_a_possible_one_is_empty(dialogs: dict) -> None:
    assert dialogs["model"] == str(dialogs["folder"] / "m.botaclip")
    assert dialogs["init"] is None, "training must not go on from the project's model unasked"


def test_a_field_offers_the_columns_of_its_table_first_and_none_of_the_names(dialogs: dict) -> None:
    assert dialogs["columns"] == ["", "plot_id", "x", "y", "epsg", "species", "cover"]
