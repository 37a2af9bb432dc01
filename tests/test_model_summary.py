"""What a model says of itself, read without numpy; nonsense in it does no harm."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from botaclip.core.bundled import BUNDLED
from botaclip.core.model import Model
from botaclip.core.model_summary import SpeciesOfModel, summary_of


def test_the_bundled_model_as_the_checked_reader_says_it() -> None:
    found, model = summary_of(BUNDLED), Model.open(BUNDLED)
    assert found is not None and [one.name for one in found.species] == list(model.species)
    assert found.plots == 48 and found.patch_m == model.patch.size_m == 20.0
    assert (found.encoder, found.bands) == ("random-conv", ("red", "green", "blue"))
    assert found.relative is model.relative is False and found.applicability and found.lists
    assert found.species[0] == SpeciesOfModel("Acer nigrum", 6, found.species[0].auc)


@pytest.mark.parametrize(
    "metadata",
    [[], {}, {"species": 3}, {"species": [3, {"name": 4}]}, "text"],
)  # fmt: skip
def test_what_is_no_model_is_none(metadata: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.botaclip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps(metadata))
    assert summary_of(path) is None
    assert summary_of(tmp_path / "none.botaclip") is None


def test_nonsense_beside_species_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "m.botaclip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({
            "species": [{"name": "a", "presences": "many", "auc": 7}, {"name": "b", "presences": 3, "auc": 0.75}],
            "training": 4, "patch": [], "encoder": None, "bands": {"role": 1}, "alignment": "x", "environment": 5,
        }))  # fmt: skip
    found = summary_of(path)
    assert found is not None
    assert found.species == (SpeciesOfModel("a", 0, None), SpeciesOfModel("b", 3, 0.75))
    assert (found.plots, found.patch_m, found.encoder, found.bands, found.environment) == (0, 0.0, "", (), ())
