"""A species list as a user types it becomes the row of cover that the model's encoder of relevés reads."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botaclip.core.cover_tables import SCALES
from botaclip.core.errors import ModelFileError, ReleveError
from botaclip.core.model import Model
from botaclip.core.virtual_releve import VirtualReleve, releve_of_model, releve_vectors, virtual_releve
from botaclip.training import vegeta_networks
from botaclip.training.image_space import ImageSpace
from botaclip.training.recipe import Recipe
from botaclip.training.vegeta import fit_releve_tower, fit_vegeta

from . import trained_models
from .trained_models import plots, trained

SPECIES = ["Bellis perennis", "Carex nigra", "Molinia caerulea", "Salix alba", "Salix × rubens", "species 1"]


def read(text: str, **options: object) -> VirtualReleve:
    return virtual_releve(text, SPECIES, **options)  # type: ignore[arg-type]


def test_names_with_and_without_cover() -> None:
    made = read("Carex nigra 40, Molinia caerulea; Salix")
    assert made.cover.tolist() == [[0, 40, 10, 0, 0, 0]] and made.cover.dtype == np.float32
    assert made.known == {"Carex nigra": 40.0, "Molinia caerulea": 10.0}
    assert made.unknown == {"Salix": ("Salix alba", "Salix × rubens")}
    assert made.report == (
        "2 of 3 species are known to the model.",
        "Ignored, because the model does not know them: 'Salix' (nearest: Salix alba, Salix × rubens).",
        "1 species without a cover count with 10 %.",
    )


@pytest.mark.parametrize(
    "text, known",
    [
        ("carex nigra (L.) Reichard: 40,5 %", {"Carex nigra": 40.5}),  # author, case, decimal comma
        ("CAREX NIGRA 3", {"Carex nigra": 3}),
        ("Carex nigra,40\nSalix alba,2.5", {"Carex nigra": 40, "Salix alba": 2.5}),  # two columns
        ("Carex nigra\t40\r\nSalix alba\t2", {"Carex nigra": 40, "Salix alba": 2}),
        ("Carex nigra 40,5, Salix alba 2", {"Carex nigra": 40.5, "Salix alba": 2}),
        ("Bellis perennis (20); 30% Salix alba", {"Bellis perennis": 20, "Salix alba": 30}),
        ("Salix x rubens = 5", {"Salix × rubens": 5}),
        ("species 1", {"species 1": 10}),  # a name that ends in a number
        ("species 1 30", {"species 1": 30}),
        ("Carex nigra 20; Carex nigra 50", {"Carex nigra": 60}),  # 1 - 0.8 * 0.5
        ("Carex nigra 0; Salix alba 4;;", {"Salix alba": 4}),
    ],
)
def test_ways_of_writing(text: str, known: dict[str, float]) -> None:
    made = read(text)
    assert made.known == pytest.approx(known) and not made.unknown
    assert made.cover.sum() == pytest.approx(sum(known.values()))


def test_codes_of_the_models_scale() -> None:
    scale = SCALES["braun-blanquet"].to_json()
    made = read("Carex nigra 2a; Salix alba +; Bellis perennis 5; Molinia caerulea 5 %; species 1 40", scale=scale)
    assert made.known == {
        "Carex nigra": 8, "Salix alba": 2, "Bellis perennis": 88, "Molinia caerulea": 5, "species 1": 40
    }
    with pytest.raises(ReleveError, match="'2a' of 'Carex nigra' is no number"):
        read("Carex nigra 2a", scale=SCALES["percent"].to_json())


def test_a_model_of_presences_does_not_look_at_covers() -> None:
    made = read("Carex nigra 3; Salix alba", scale=SCALES["presence"].to_json())
    assert made.cover.tolist() == [[0, 100, 0, 100, 0, 0]]
    assert made.report[-1] == "The model knows presences only: the covers in the list are not used."


def test_counts_may_be_above_a_hundred() -> None:
    assert read("Carex nigra 300; Carex nigra 20", data_type="abundance").known == {"Carex nigra": 320}
    with pytest.raises(ReleveError, match="cover of 'Carex nigra' is 300 %, above 100 %"):
        read("Carex nigra 300")


@pytest.mark.parametrize(
    ("text", "words"),
    [("Carex nigra -40", "negative cover"), ("Carex nigra 40 Molinia caerulea 3", "looks like several species")],
)  # fmt: skip
def test_what_would_be_read_as_one_species_in_the_wrong_way_is_refused(text: str, words: str) -> None:
    with pytest.raises(ReleveError, match=words):
        read(text)
    assert read("Carex nigra 40; Molinia caerulea 3").known == {"Carex nigra": 40.0, "Molinia caerulea": 3.0}


def test_nothing_known_is_an_empty_releve_and_said() -> None:
    made = read("Quercus robur 30, Carx nigra")
    assert not made.cover.any() and made.unknown == {"Quercus robur": (), "Carx nigra": ("Carex nigra",)}
    assert made.report[-1] == "No species is left: the list is placed where an empty relevé is."


@pytest.mark.parametrize("text", ["", " ;,\n "])
def test_an_empty_list_is_refused(text: str) -> None:
    with pytest.raises(ReleveError, match="list of species is empty"):
        read(text)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        made = read(text)
    except ReleveError as error:
        assert error.remedy
    else:
        assert made.cover.shape == (1, 6) and np.isfinite(made.cover).all() and (made.cover >= 0).all()


def test_a_model_places_it_as_its_tower_does(tmp_path: Path) -> None:
    table = plots()
    model, _, _ = trained(tmp_path / "m.botaclip", table, "none")
    about = model.metadata["vegeta"]
    assert {key: about[key] for key in about if key != "species"} == {
        "input": "cover in percent", "transform": "hellinger", "kind": "pca", "axes": 64, "extra_releves": 0
    }
    names = about["species"]
    made = releve_of_model(model, f"{names[0]} 40; {names[2]} 5; Nothing at all")
    assert made.known == {names[0]: 40.0, names[2]: 5.0} and list(made.unknown) == ["Nothing at all"]
    unit = releve_vectors(model, made.cover)
    assert unit.shape == (1, model.unit_width)
    np.testing.assert_allclose(np.linalg.norm(unit), 1.0, atol=1e-5)
    tower = fit_releve_tower(table.cover, model.plot_vectors, vegeta=fit_vegeta(table.cover, Recipe()))
    expected = tower(made.cover)
    np.testing.assert_allclose(unit, expected / np.linalg.norm(expected), atol=1e-4)


def test_a_model_without_an_encoder_of_lists_says_so(tmp_path: Path) -> None:
    model, _, _ = trained(tmp_path / "m.botaclip", plots(), "none")
    bare = dataclasses.replace(model.file, metadata={k: v for k, v in model.metadata.items() if k != "vegeta"})
    model.metadata = bare.metadata
    with pytest.raises(ModelFileError, match="no encoder of species lists"):
        releve_of_model(model, "Carex nigra")


def test_a_vocabulary_of_another_length_is_refused(tmp_path: Path) -> None:
    model: Model = trained(tmp_path / "m.botaclip", plots(), "none")[0]
    with pytest.raises(ModelFileError, match="the graph takes 7 species, the model names 3"):
        releve_vectors(model, np.ones((1, 3), np.float32))


@pytest.mark.parametrize("kind", ["pca", "ca", "masked"])
@pytest.mark.parametrize("asked", ["none", "botaclip"])
def test_a_species_that_the_model_never_met_changes_nothing_by_any_road(
    kind: str, asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands in the table, but in no plot with an image: a list that names it is placed as if it did not."""
    recipe = Recipe(vegeta=kind, vegeta_axes=8)
    usual = trained_models.protocol
    monkeypatch.setattr(trained_models, "protocol", lambda *given, **rest: dataclasses.replace(
        how := usual(*given, **rest),
        alignments=tuple(dataclasses.replace(each, recipe=recipe) for each in how.alignments),
    ))  # fmt: skip
    monkeypatch.setattr(vegeta_networks, "MOST_STEPS", 20)
    table = plots()
    table = dataclasses.replace(table, cover=np.insert(table.cover, 6, 0.0, axis=1))
    model, parts, how = trained(tmp_path / "m.botaclip", table, asked)
    names = [str(name) for name in trained_models.releves(table).species]
    assert model.metadata["vegeta"]["species"] == [*names[:6], *names[7:]] and model.metadata["vegeta"]["kind"] == kind
    listed = f"{names[0]} 40; {names[2]} 5"
    made = [releve_of_model(model, text) for text in (listed, f"{listed}; {names[6]} 30")]
    assert list(made[1].unknown) == [names[6]]
    one, two = (releve_vectors(model, each.cover) for each in made)
    np.testing.assert_array_equal(one, two)
    # And as the tower has it that was fitted, over all columns, with the stranger in the relevé.
    adapter = ImageSpace.fit(table, table, parts.choice, how).adapter
    tower = adapter.tower if adapter is not None else fit_releve_tower(
        table.cover, model.plot_vectors, vegeta=fit_vegeta(table.cover, recipe)
    )  # fmt: skip
    assert tower is not None
    whole = np.zeros((1, len(names)), np.float32)
    whole[0, [0, 2, 6]] = 40.0, 5.0, 30.0
    expected = tower(whole)
    np.testing.assert_allclose(two, expected / np.linalg.norm(expected), atol=1e-4)
