"""Columns of vegetation databases are recognised by their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from botaclip.core.commands import TRAIN
from botaclip.core.field_names import NAMES, guess_fields, normalised


def test_names_are_compared_without_accents_units_and_case() -> None:
    assert normalised("Relevé Nr.") == "releve_nr"
    assert normalised("Cover (%)") == "cover" and normalised("Cover %") == "cover_percent"
    assert normalised("Surface [m²]") == "surface"


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (["PlotObservationID", "Taxon", "Cover %", "Layer", "Date of recording"],
         {"plot-field": "PlotObservationID", "species-field": "Taxon", "cover-field": "Cover %",
          "layer-field": "Layer", "date-field": "Date of recording"}),
        (["id_relevé", "nom_valide", "Abondance-dominance", "X_L93", "Y_L93", "strate"],
         {"plot-field": "id_relevé", "species-field": "nom_valide", "cover-field": "Abondance-dominance",
          "layer-field": "strate", "x-field": "X_L93", "y-field": "Y_L93"}),
        (["eventID", "scientificName", "decimalLongitude", "decimalLatitude", "coordinateUncertaintyInMeters"],
         {"plot-field": "eventID", "species-field": "scientificName", "x-field": "decimalLongitude",
          "y-field": "decimalLatitude", "uncertainty-field": "coordinateUncertaintyInMeters"}),
        (["a", "b"], {}),
    ],
)  # fmt: skip
def test_columns_of_databases(columns: list[str], found: dict[str, str]) -> None:
    assert guess_fields(columns) == found


def test_the_more_telling_name_wins_and_a_column_is_taken_once() -> None:
    assert guess_fields(["name", "species"])["species-field"] == "species"
    assert guess_fields(["plot", "plot_id"])["plot-field"] == "plot_id"
    assert guess_fields(["data", "x", "X", "lon"]) == {"date-field": "data", "x-field": "x"}


def test_every_name_is_an_option_of_train_and_written_as_it_is_compared() -> None:
    options = {option.name for option in TRAIN.options}
    assert set(NAMES) <= options
    assert all(normalised(name) == name for names in NAMES.values() for name in names)


def test_the_demo_landscape_needs_no_choosing(tmp_path: Path) -> None:
    assert guess_fields(["plot_id", "species", "cover"]) == {
        "plot-field": "plot_id", "species-field": "species", "cover-field": "cover"
    }  # fmt: skip
