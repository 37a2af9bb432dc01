"""The graphs compute what the matrices say, for any number of rows, with the same bytes every time."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
import torch
from scipy.special import expit

from botaclip.core.adapters import ReleveAdapter
from botaclip.core.onnx_scan import scan_onnx
from botaclip.training.export import adapter_graph, adapter_of_graph, head_graph, vegeta_graph
from botaclip.training.heads import fit_linear
from botaclip.training.standardiser import Standardiser
from botaclip.training.vegeta import Vegeta, fit_releve_tower, hellinger

from .small_tables import planted

TABLE = planted(60, dimension=12, species=5)
STANDARDISER = Standardiser.fit(TABLE.vectors)
RANDOM = np.random.default_rng(3)
WEIGHT, BIAS = RANDOM.normal(size=(12, 9)).astype(np.float32), RANDOM.normal(size=9).astype(np.float32)
ROWS = pytest.mark.parametrize("rows", [1, 7])


def run(graph: bytes, values: np.ndarray) -> dict[str, np.ndarray]:
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    made = session.run(names, {session.get_inputs()[0].name: np.ascontiguousarray(values, np.float32)})
    return dict(zip(names, made, strict=True))


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@ROWS
def test_adapter_standardises_and_adapts(rows: int) -> None:
    made = run(adapter_graph(STANDARDISER, WEIGHT, BIAS), TABLE.vectors[:rows])
    expected = STANDARDISER(TABLE.vectors[:rows]) @ WEIGHT + BIAS
    np.testing.assert_allclose(made["adapted"], expected, atol=1e-5)
    np.testing.assert_allclose(made["unit"], unit(expected), atol=1e-5)


@ROWS
def test_without_adaptation_the_standardised_vector_comes_out(rows: int) -> None:
    made = run(adapter_graph(STANDARDISER, None, None), TABLE.vectors[:rows])
    np.testing.assert_allclose(made["adapted"], STANDARDISER(TABLE.vectors[:rows]), atol=1e-6)


LAYERS = (RANDOM.normal(size=(60, 2)) * [300.0, 0.01] + [900.0, 0.4]).astype(np.float32)
ENVIRONMENT = Standardiser.of_layers(LAYERS)


@ROWS
@pytest.mark.parametrize("weight, bias", [(WEIGHT, BIAS), (None, None)])
def test_environment_is_joined_behind_and_no_part_of_the_unit(
    rows: int, weight: np.ndarray | None, bias: np.ndarray | None
) -> None:
    plain = run(adapter_graph(STANDARDISER, weight, bias), TABLE.vectors[:rows])
    both = np.hstack([TABLE.vectors, LAYERS])[:rows]
    made = run(adapter_graph(STANDARDISER, weight, bias, ENVIRONMENT), both)
    np.testing.assert_array_equal(made["adapted"][:, :-2], plain["adapted"])
    np.testing.assert_allclose(made["adapted"][:, -2:], ENVIRONMENT(LAYERS[:rows]), atol=1e-5)
    np.testing.assert_array_equal(made["unit"], plain["unit"])


@pytest.mark.parametrize("environment", [None, ENVIRONMENT])
def test_the_adapter_is_read_back_as_one_map_of_raw_vectors(environment: Standardiser | None) -> None:
    for weight, bias in ((WEIGHT, BIAS), (None, None)):
        found = adapter_of_graph(adapter_graph(STANDARDISER, weight, bias, environment))
        assert found is not None
        standardised = STANDARDISER(TABLE.vectors)
        expected = standardised if weight is None else standardised @ weight + bias
        np.testing.assert_allclose(TABLE.vectors @ found[0] + found[1], expected, atol=1e-4)


def test_a_graph_of_another_kind_is_not_read_as_an_adapter() -> None:
    assert adapter_of_graph(vegeta_graph(np.zeros(3), [(np.ones((3, 2)), np.zeros(2))])) is None
    lame = Standardiser(STANDARDISER.mean, np.zeros_like(STANDARDISER.scale))
    assert adapter_of_graph(adapter_graph(lame, None, None)) is None


def test_a_zero_vector_stays_zero() -> None:
    mean = STANDARDISER.mean[None]
    np.testing.assert_array_equal(run(adapter_graph(STANDARDISER, None, None), mean)["unit"], 0.0)


@ROWS
def test_head_gives_logits_and_calibrated_suitability(rows: int) -> None:
    vectors = STANDARDISER(TABLE.vectors)
    head = fit_linear(vectors, TABLE.presence, 1.0)
    slope, intercept = RANDOM.uniform(0.3, 2, 5), RANDOM.normal(size=5)
    made = run(head_graph(head, slope=slope, intercept=intercept), vectors[:rows])
    np.testing.assert_allclose(made["logits"], head.logits(vectors[:rows]), atol=1e-5)
    np.testing.assert_allclose(made["suitability"], expit(slope * head.logits(vectors[:rows]) + intercept), atol=1e-5)


@ROWS
def test_vegeta_reads_cover_in_percent(rows: int) -> None:
    tower = fit_releve_tower(TABLE.cover, unit(TABLE.vectors))
    (weight, bias), = tower.layers
    made = run(vegeta_graph(tower.centre, tower.layers), TABLE.cover[:rows])
    np.testing.assert_allclose(
        made["unit"], unit((hellinger(TABLE.cover[:rows]) - tower.centre) @ weight + bias), atol=1e-5
    )


def test_vegeta_takes_an_empty_releve() -> None:
    tower = fit_releve_tower(TABLE.cover, unit(TABLE.vectors))
    (weight, bias), = tower.layers
    made = run(vegeta_graph(tower.centre, tower.layers), np.zeros((1, TABLE.cover.shape[1])))
    np.testing.assert_allclose(made["unit"][0], unit((bias - tower.centre @ weight)[None])[0], atol=1e-5)


@ROWS
def test_vegeta_with_a_hidden_layer_is_torchs_adapter(rows: int) -> None:
    torch.manual_seed(0)
    adapter = ReleveAdapter(6, 12, hidden=8)
    vegeta = Vegeta.fit(TABLE.cover, axes=6)
    layers = [(layer.weight.detach().numpy().T, layer.bias.detach().numpy()) for layer in adapter.layers]
    layers[0] = (vegeta.axes @ layers[0][0], layers[0][1])
    expected = adapter(torch.as_tensor(vegeta(TABLE.cover[:rows]))).detach().numpy()
    made = run(vegeta_graph(vegeta.centre, layers), TABLE.cover[:rows])
    np.testing.assert_allclose(made["unit"], unit(expected), atol=1e-5)


def graphs() -> list[bytes]:
    head = fit_linear(STANDARDISER(TABLE.vectors), TABLE.presence, 1.0)
    tower = fit_releve_tower(TABLE.cover, unit(TABLE.vectors))
    return [
        adapter_graph(STANDARDISER, WEIGHT, BIAS),
        adapter_graph(STANDARDISER, WEIGHT, BIAS, ENVIRONMENT),
        head_graph(head, slope=np.ones(5), intercept=np.zeros(5)),
        vegeta_graph(tower.centre, tower.layers),
    ]


def test_the_same_matrices_give_the_same_bytes() -> None:
    assert graphs() == graphs()


def test_graphs_pass_the_scan_for_foreign_code_and_files() -> None:
    for graph in graphs():
        scan_onnx(graph, where="here")
