"""Places like this: what is asked for, what the map shows, and that a click would say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from scipy.stats import percentileofscore

from botaclip.core import click as click_module
from botaclip.core.applied_imagery import AppliedImagery
from botaclip.core.click import click
from botaclip.core.commands import SIMILARITY
from botaclip.core.errors import ModelFileError, OptionError
from botaclip.core.model import Model
from botaclip.core.model_file import ModelFile
from botaclip.core.options import parse_parameters
from botaclip.core.progress import SILENT
from botaclip.core.similarity import (
    BANDS,
    cosines,
    place_of,
    plots_alike,
    similarity,
    similarity_to,
    speaking_for,
)

from .model_fixture import write_model, write_raster


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("similarity")
    write_model(folder / "m.botaclip", write_raster(folder / "r.tif"))
    return folder


def run(folder: Path, **given: Any) -> dict[str, Any]:
    asked = {"raster": str(folder / "r.tif"), "model": str(folder / "m.botaclip"), "device": "cpu"} | given
    return similarity(parse_parameters(SIMILARITY, asked)[0], SILENT)


def test_like_a_training_plot(folder: Path) -> None:
    said = run(folder, plot="7", output=str(folder / "plot.tif"))
    model = Model.open(folder / "m.botaclip")
    own = model.plot_vectors @ model.plot_vectors[7]
    # The plot itself first, then the others by their cosine.
    assert [each["id"] for each in said["plots"]] == [str(i) for i in np.argsort(-own)[:10]]
    assert said["plots"][0]["cosine"] == pytest.approx(1.0, abs=1e-6) and said["to"] == "plot 7"
    with rasterio.open(folder / "plot.tif") as dataset:
        assert dataset.descriptions == BANDS and dataset.tags()["BOTACLIP_LIKE"] == "plot 7"
        cosine, share = dataset.read()
        rows, cols = np.nonzero(np.isfinite(cosine))
        xs, ys = dataset.xy(rows[::97], cols[::97])
        values, shares = cosine[rows[::97], cols[::97]], share[rows[::97], cols[::97]]
    assert (np.isfinite(cosine) == np.isfinite(share)).all() and np.nanmax(np.abs(cosine)) <= 1 + 1e-6
    # At the same places by themselves, and the share counted by another library.
    from botaclip.core.places import Points

    with AppliedImagery.open(model, folder / "r.tif", device="cpu") as applied:
        seen = applied.at(Points(np.array(xs), np.array(ys), "EPSG:2154"), ())
    np.testing.assert_array_equal(cosines(seen.unit, model.plot_vectors[7]), values)
    expected = [percentileofscore(own, value, kind="strict") / 100 for value in values]
    np.testing.assert_allclose(shares, expected, atol=1e-6)


def test_like_a_place_is_most_like_it_there(folder: Path) -> None:
    place = "700400,6599500"
    run(folder, place=f"{place} [EPSG:2154]", output=str(folder / "place.tif"))
    run(folder, place=place, output=str(folder / "same.tif"))
    with rasterio.open(folder / "place.tif") as dataset, rasterio.open(folder / "same.tif") as same:
        cosine = dataset.read(1)
        np.testing.assert_array_equal(cosine, same.read(1))
        row, col = dataset.index(700_400, 6_599_500)
    # The nearest node of the lattice may be that of a neighbouring pixel.
    near = cosine[row - 1 : row + 2, col - 1 : col + 2]
    assert near.max() == pytest.approx(1.0, abs=1e-6) and np.nanmax(cosine) == near.max()


def test_what_is_asked_for_is_told_once(folder: Path) -> None:
    with pytest.raises(OptionError, match="like what, is not said"):
        run(folder, output=str(folder / "none.tif"))
    with pytest.raises(OptionError, match="in several ways"):
        run(folder, plot="1", place="700400,6599500", output=str(folder / "none.tif"))
    with pytest.raises(OptionError, match="no training plot '999'"):
        run(folder, plot="999", output=str(folder / "none.tif"))
    with pytest.raises(OptionError, match=r"no image to compare with at 1,1 \(outside"):
        run(folder, place="1,1", output=str(folder / "none.tif"))
    with pytest.raises(OptionError, match="is no place"):
        run(folder, place="here", output=str(folder / "none.tif"))
    with pytest.raises(ModelFileError, match="no encoder of species lists"):
        run(folder, species_list="Carex nigra", output=str(folder / "none.tif"))
    assert not list(folder.glob("none*"))


def test_a_place_in_words() -> None:
    point = place_of(" -1.5e3 , 2.25 [EPSG:4326] ", "EPSG:2154")
    assert (point.x[0], point.y[0], point.crs) == (-1500.0, 2.25, "EPSG:4326")
    assert place_of("1,2", "EPSG:2154").crs == "EPSG:2154"


def test_a_row_is_the_same_whatever_stands_beside_it(folder: Path) -> None:
    unit = np.random.default_rng(0).normal(size=(700, 16)).astype(np.float32)
    wanted = unit[3]
    together = cosines(unit, wanted)
    np.testing.assert_array_equal(together, np.concatenate([cosines(unit[i : i + 1], wanted) for i in range(700)]))
    np.testing.assert_allclose(together, unit.astype(float) @ wanted.astype(float), rtol=1e-5, atol=1e-5)
    model = Model.open(folder / "m.botaclip")
    assert similarity_to(model, model.plot_vectors[0]).name == "similarity"


def test_windows_kept_of_another_question_are_not_taken(folder: Path) -> None:
    model = Model.open(folder / "m.botaclip")
    one, other = (similarity_to(model, model.plot_vectors[i], f"plot {i}").to_json() for i in (0, 1))
    assert one != other


def test_a_model_without_a_table_of_plots_still_answers(folder: Path, tmp_path: Path) -> None:
    whole = ModelFile.open(folder / "m.botaclip")
    left_out = ("plots.json", "metadata.json", "checksums.json")
    parts = {name: part for name, part in whole.parts.items() if name not in left_out}
    ModelFile.write(tmp_path / "bare.botaclip", whole.metadata, parts)
    model = Model.open(tmp_path / "bare.botaclip")
    found = plots_alike(model, model.plot_vectors[3], 2)
    assert [one["id"] for one in found] == ["", ""] and found[0]["cosine"] == pytest.approx(1.0, abs=1e-6)
    with pytest.raises(OptionError, match="It holds no names of plots"):
        run(folder, model=str(tmp_path / "bare.botaclip"), plot="7", output=str(folder / "none.tif"))
    said = click(
        {"raster": str(folder / "r.tif"), "model": str(tmp_path / "bare.botaclip"), "device": "cpu", "x": 700_400.0,
         "y": 6_599_600.0, "crs": "EPSG:2154"}, SILENT,
    )  # fmt: skip
    click_module._open.clear()
    assert said["status"] == "ok" and len(said["similar"]) == click_module.SIMILAR


def test_which_relevés_speak_for_a_species_at_a_click(folder: Path, tmp_path: Path) -> None:
    whole = Model.open(folder / "m.botaclip").file
    table = json.loads(whole.parts["plots.json"])
    for number, row in enumerate(table["plots"]):
        row["species"] = [0] if number % 2 else [1, 7, -1, "x"]  # what is no species of the model does not count
    parts = {**whole.parts, "plots.json": json.dumps(table).encode()}
    parts.pop("metadata.json"), parts.pop("checksums.json", None)
    ModelFile.write(tmp_path / "told.botaclip", whole.metadata, parts)
    model = Model.open(tmp_path / "told.botaclip")
    assert model.plots_species is not None and model.plots_species[:2] == (frozenset({1}), frozenset({0}))
    said = click(
        {"raster": str(folder / "r.tif"), "model": str(tmp_path / "told.botaclip"), "device": "cpu", "x": 700_400.0,
         "y": 6_599_600.0, "crs": "EPSG:2154"}, SILENT,
    )  # fmt: skip
    click_module._open.clear()
    speaking = {one["name"]: one["speaking"] for one in said["species"]}
    odd = [one["id"] for one in said["similar"] if one["index"] % 2]
    even = [one["id"] for one in said["similar"] if one["index"] % 2 == 0]
    assert [speaking[name] for name in model.species] == [odd, even, []] and len(odd + even) == click_module.SIMILAR
    assert speaking_for(Model.open(folder / "m.botaclip"), said["similar"], 0) is None, "an older model does not say"
