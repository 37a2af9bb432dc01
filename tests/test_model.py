"""A model at work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.model_fixture import SPECIES, WIDTH, adapter_graph, content, head_graph, write_model, write_raster

from botaclip.core.errors import EncoderError, ModelFileError
from botaclip.core.model import Model
from botaclip.core.model_file import ModelFile
from botaclip.core.rasters import open_raster


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raster(tmp_path_factory.mktemp("raster") / "r.tif", size=200)


@pytest.fixture(scope="module")
def model(raster: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Model(write_model(tmp_path_factory.mktemp("model") / "m.botaclip", raster))


def test_numbers_are_those_of_the_matrices(model: Model) -> None:
    random = np.random.default_rng(5)
    random.normal(size=(30, WIDTH))  # the fixture draws its plots first
    dimension = model.dimension
    mean, weight = random.random(dimension) * 0.2, random.normal(0, 1 / np.sqrt(dimension), (dimension, WIDTH))
    bias = random.normal(0, 0.1, WIDTH)
    head, intercept = random.normal(0, 1, (WIDTH, 3)), random.normal(0, 0.5, 3)
    vectors = np.random.default_rng(6).random((7, dimension)).astype(np.float32)
    expected = (vectors - mean) * 3 @ weight + bias
    adapted, unit = model.adapt(vectors)
    np.testing.assert_allclose(adapted, expected, atol=1e-5)
    np.testing.assert_allclose(unit, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-5)
    suitability = model.suitability(adapted)
    np.testing.assert_allclose(suitability, 1 / (1 + np.exp(-(expected @ head + intercept))), atol=1e-5)
    components = model.components(unit, 4)
    np.testing.assert_allclose(components, (unit - model.pca_mean) @ model.pca_components[:4].T, atol=1e-6)


def test_a_row_is_the_same_alone_and_among_thousands(model: Model) -> None:
    """Bit for bit: a click shows the value of the map."""
    vectors = np.random.default_rng(6).random((1300, model.dimension)).astype(np.float32)
    adapted, unit = model.adapt(vectors)
    values, components = model.suitability(adapted), model.components(unit, 5)
    for index in (0, 1, 511, 512, 1299):
        alone, alone_unit = model.adapt(vectors[index : index + 1])
        assert np.array_equal(alone[0], adapted[index]) and np.array_equal(alone_unit[0], unit[index])
        assert np.array_equal(model.suitability(alone)[0], values[index])
        assert np.array_equal(model.components(alone_unit, 5)[0], components[index])
    empty = model.adapt(vectors[:0])
    assert [part.shape for part in empty] == [(0, WIDTH), (0, WIDTH)]


def test_what_it_says_about_itself(model: Model) -> None:
    assert model.species == SPECIES and model.roles == ("red", "green", "blue")
    np.testing.assert_allclose(model.thresholds, [0.3, 0.4, 0.5])
    assert not model.relative and model.plot_words == "refers to a plot of 100 m2"
    assert model.choose("poa annua") == [1]
    with pytest.raises(ModelFileError, match="'Poa' is not among its 3 species"):
        model.choose("Poa")
    assert model.tags()["BOTACLIP_MODEL_SHA256"] == model.file.sha256
    assert model.encoder().sha256 == model.metadata["encoder"]["sha256"]


def test_what_is_null_was_not_said(raster: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "m.botaclip", raster, scores=None, cite=None, licence=None)
    tags = Model.open(tmp_path / "m.botaclip").tags()
    assert tags["BOTACLIP_JUDGED"] == "The model file does not say how the model was judged."
    assert tags["BOTACLIP_CITE"] == tags["BOTACLIP_LICENCE"] == ""


def test_parts_that_do_not_fit(raster: Path, tmp_path: Path) -> None:
    metadata, parts = content(open_raster(raster))
    random = np.random.default_rng(1)
    for name, blob, words in (
        ("head.onnx", head_graph(random, species=4), "species differ in number"),
        ("adapter.onnx", adapter_graph(7, random), "does not turn vectors"),
        ("adapter.onnx", head_graph(random), "does not turn vectors"),
    ):
        file = ModelFile.write(tmp_path / "m.botaclip", metadata, parts | {name: blob}, overwrite=True)
        with pytest.raises(ModelFileError, match=words):
            Model(file)


def test_an_encoder_that_is_not_at_hand(raster: Path, tmp_path: Path) -> None:
    metadata, parts = content(open_raster(raster))
    del parts["encoder.onnx"]
    metadata["encoder"] |= {"embedded": False}
    model = Model(ModelFile.write(tmp_path / "m.botaclip", metadata, parts))
    assert model.encoder().sha256 == metadata["encoder"]["sha256"]
    metadata["encoder"] |= {"sha256": "0" * 64}
    model = Model(ModelFile.write(tmp_path / "n.botaclip", metadata, parts))
    with pytest.raises(EncoderError, match="not the one the model was trained with"):
        model.encoder()


LAYERS = (
    {"name": "elevation", "file": "dem.tif", "band": 1, "path": "/data/dem.tif"},
    {"name": "climate:rain", "file": "climate.tif", "band": 2, "path": "/data/climate.tif"},
)


def test_environment_joins_behind_the_image_and_leaves_its_space_alone(
    model: Model, raster: Path, tmp_path: Path
) -> None:
    wide = Model(write_model(tmp_path / "wide.botaclip", raster, environment=LAYERS))
    assert [layer["name"] for layer in wide.environment] == ["elevation", "climate:rain"]
    assert (wide.image_dimension, wide.dimension) == (model.dimension, model.dimension + 2)
    assert (wide.width, wide.unit_width) == (WIDTH + 2, WIDTH)
    random = np.random.default_rng(6)
    image, layers = random.random((7, model.dimension)).astype(np.float32), random.random((7, 2)).astype(np.float32)
    adapted, unit = wide.adapt(np.hstack([image, layers]))
    plain = model.adapt(image)
    np.testing.assert_allclose(adapted[:, :WIDTH], plain[0], atol=1e-6)
    np.testing.assert_allclose(adapted[:, WIDTH:], layers / 10, atol=1e-6)
    np.testing.assert_allclose(unit, plain[1], atol=1e-6)
    np.testing.assert_array_equal(wide.components(unit, 4), model.components(plain[1], 4))
    other = wide.suitability(wide.adapt(np.hstack([image, layers + 5]))[0])
    assert np.abs(other - wide.suitability(adapted)).max() > 0.01


def test_a_model_without_a_word_on_environment_is_of_images_alone(model: Model) -> None:
    assert "environment" not in model.metadata and model.environment == ()
    assert model.dimension == model.image_dimension and model.width == model.unit_width == WIDTH


def test_environment_that_the_adapter_does_not_take(raster: Path, tmp_path: Path) -> None:
    metadata, parts = content(open_raster(raster), environment=LAYERS)
    random = np.random.default_rng(1)
    dimension = metadata["encoder"]["dimension"]
    for adapter, words in (
        (adapter_graph(dimension, random), r"does not turn vectors \(N, "),
        (adapter_graph(dimension + 2, random), "its adapter and its list of environment layers do not fit"),
    ):
        file = ModelFile.write(tmp_path / "m.botaclip", metadata, parts | {"adapter.onnx": adapter}, overwrite=True)
        with pytest.raises(ModelFileError, match=words):
            Model(file)
