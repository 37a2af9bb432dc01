"""What a model file says of how its adapter was trained: what applied, by the names of the options."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.model_fixture import write_model, write_raster

from botaclip.core.errors import ModelFileError
from botaclip.core.model_metadata import check_metadata
from botaclip.core.model_report import info, words
from botaclip.core.progress import SILENT
from botaclip.core.training_options import ALIGNMENT
from botaclip.training.alignment import Alignment, Start
from botaclip.training.model_recipe import recipe_of
from botaclip.training.recipe import Recipe

from .trained_models import plots, trained

COMMON = {
    "adapter": "linear", "adapter_start": "identity", "steps": 40, "batch": 256, "learning_rate": 0.001,
    "weight_decay": 0.01, "schedule": "constant", "stopping": "head", "vegeta": "pca", "vegeta_axes": 64,
    "transform": "hellinger", "augmentation": [],
}  # fmt: skip
CONTRAST = {
    "targets": "own", "unknown_ring": 0.0, "loss": "sigmoid", "temperature": 10.0, "releve_adapter": "linear",
    "positives": [], "bias": -10.0,
}  # fmt: skip
CANONICAL = {"adapter_start": "canonical", "start_axes": 16}
FULL = Recipe(
    vegeta="ca", vegeta_axes=32, transform="sqrt", adapter="residual", releve_adapter="mlp", adapter_start="canonical",
    loss="infonce", positives=("near", "alike"), targets="floristic", unknown_ring=50.0, temperature=5.0, batch=64,
    learning_rate=2e-3, weight_decay=0.1, schedule="cosine", stopping="retrieval", augmentation=("dihedral",), views=3,
    species_weight=0.5, regulariser="mean",
)  # fmt: skip


@pytest.mark.parametrize(
    "alignment, expected",
    [
        (Alignment("supervised"), COMMON | {"learning_rate": 0.003}),
        (Alignment("contrastive"), COMMON | CONTRAST),
        (Alignment("botaclip", 0.1), COMMON | CONTRAST | {"lambda": 0.1, "regulariser": "sum"}),
        (Alignment("joint", 1.0), COMMON | CONTRAST | CANONICAL
         | {"lambda": 1.0, "regulariser": "sum", "species_weight": 1.0}),
        (Alignment("contrastive", whitening=16, start=Start("m", np.eye(2), np.zeros(2))),
         COMMON | CONTRAST | {"whitening": 16, "adapter_start": "parent"}),
        (Alignment("contrastive", recipe=Recipe(targets="gram")), COMMON | {"targets": "gram", "unknown_ring": 0.0}),
        (Alignment("joint", 0.1, recipe=FULL), {
            "adapter": "residual", "adapter_start": "canonical", "start_axes": 16, "steps": 40, "batch": 64,
            "learning_rate": 0.002, "weight_decay": 0.1, "schedule": "cosine", "schedule_steps": 640,
            "stopping": "retrieval", "vegeta": "ca", "vegeta_axes": 32, "transform": "sqrt",
            "augmentation": ["dihedral"], "views": 3, "lambda": 0.1, "regulariser": "mean", "species_weight": 0.5,
            "targets": "floristic", "unknown_ring": 50.0, "loss": "infonce", "temperature": 5.0,
            "releve_adapter": "mlp", "positives": ["near", "alike"], "positive_distance": 100.0,
            "positive_similarity": 0.8,
        }),
    ],
)  # fmt: skip
def test_what_applied_and_nothing_else(alignment: Alignment, expected: dict[str, Any]) -> None:
    assert recipe_of(alignment, 40) == expected


def test_nothing_is_trained_in_a_closed_form_or_in_no_step() -> None:
    assert recipe_of(Alignment("canonical"), 16) is None and recipe_of(Alignment("contrastive"), 0) is None


def test_every_setting_of_a_recipe_is_told_somewhere() -> None:
    """A setting that is added to the method does not go missing in the file."""
    told = set(recipe_of(Alignment("joint", 1.0, recipe=FULL), 40) or {})
    told |= set(recipe_of(Alignment("contrastive"), 40) or {})
    assert {field.name for field in dataclasses.fields(Recipe)} <= told


@pytest.mark.parametrize("asked", ["botaclip", "supervised", "joint", "canonical", "none"])
def test_the_file_holds_it_and_info_says_it(asked: str, tmp_path: Path) -> None:
    model, parts, _ = trained(tmp_path / "m.botaclip", plots(), asked)
    about, text = model.metadata["alignment"], "\n".join(words(model))
    recipe = recipe_of(parts.choice.alignment, parts.choice.steps)
    assert about.get("recipe") == (None if recipe is None else json.loads(json.dumps(recipe)))
    assert about["regulariser"] == ("sum" if asked in ("botaclip", "joint") else None)
    assert ("trained    linear adapter, begun at" in text) is (asked in ("botaclip", "supervised", "joint"))
    assert ("regulariser sum" in text) is (asked in ("botaclip", "joint"))
    assert "vegeta     pca of cover (hellinger), up to 64 axes, 7 species" in text


def lines(folder: Path, recipe: Any) -> list[str]:
    raster = folder / "r.tif"
    if not raster.exists():
        write_raster(raster, size=200)
    alignment = {"chosen": "joint", "lambda": 0.1, "steps": 40, "recipe": recipe}
    return info({"model": str(write_model(folder / "m.botaclip", raster, alignment=alignment).path)}, SILENT)["print"]


def test_in_words(tmp_path: Path) -> None:
    said = lines(tmp_path, recipe_of(Alignment("joint", 0.1, recipe=FULL), 40))
    assert (
        "trained    residual adapter, begun at the canonical solution of 16 axes, batches of 64, learning rate 0.002, "
        "weight decay 0.1, cosine schedule, laid out for 640 steps, steps chosen by retrieval"
    ) in said
    assert (
        "to         infonce loss, temperature 5 at first, targets floristic, positives near, alike, near up to 100 m, "
        "alike from 0.8, pairs within 50 m not asked about, species head weighs 0.5, regulariser mean, mlp adapter of "
        "relevés, 3 views of each patch (dihedral)"
    ) in said
    assert not [line for line in lines(tmp_path, {}) if line.startswith(("trained ", "to "))]
    assert "trained    begun at the identity" in lines(tmp_path, {"adapter_start": "identity", "of later": "things"})


@pytest.mark.parametrize(
    "recipe",
    [[], "linear", {"steps": 0}, {"steps": True}, {"steps": "40"}, {"learning_rate": -1.0}, {"temperature": 1e12},
     {"lambda": -0.1}, {"adapter": 3}, {"adapter": "x" * 501}, {"positives": "near"}, {"positives": [3]},
     {"positives": ["near"] * 33}, {"positives": ["x" * 501]}, {"of later": {"deep": 1}}, {"of later": [[1]]},
     {str(number): 1 for number in range(65)}, {"x" * 501: 1}, {"bias": None, "loss": "a\x1b[2J"}],
)  # fmt: skip
def test_a_recipe_that_nobody_can_have_given_is_refused(tmp_path: Path, recipe: Any) -> None:
    raster = write_raster(tmp_path / "r.tif", size=200)
    metadata = write_model(tmp_path / "m.botaclip", raster).metadata
    check_metadata(metadata, "m.botaclip")
    with pytest.raises(ModelFileError):
        check_metadata(metadata | {"alignment": {"chosen": "joint", "recipe": recipe}}, "m.botaclip")


def test_whatever_options_can_say_a_file_can_hold(tmp_path: Path) -> None:
    """The bounds of the file are no narrower than those of the options."""
    metadata = write_model(tmp_path / "m.botaclip", write_raster(tmp_path / "r.tif", size=200)).metadata
    most = {option.key: option.maximum for option in ALIGNMENT if option.maximum is not None}
    least = {option.key: option.minimum for option in ALIGNMENT if option.minimum is not None}
    for bounds in (most, least):
        known = {key: value for key, value in bounds.items() if key in {f.name for f in dataclasses.fields(Recipe)}}
        recipe = recipe_of(Alignment("joint", 1e6, recipe=dataclasses.replace(FULL, **known)), 10)
        check_metadata(metadata | {"alignment": {"chosen": "joint", "recipe": recipe}}, "m.botaclip")


def test_the_recipe_that_options_ask_for_is_told() -> None:
    given = {option.key: option.default for option in ALIGNMENT} | {"positives": "near", "schedule": "cosine"}
    said = recipe_of(Alignment("contrastive", recipe=Recipe.of(given)), 20)
    assert said is not None and (said["positives"], said["schedule"]) == (["near"], "cosine")
