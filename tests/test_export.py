"""The graphs compute what the matrices say, for any number of rows, with the same bytes every time."""

from __future__ import annotations

import itertools

import numpy as np
import onnxruntime as ort
import pytest
import torch
from scipy.special import expit

from botaclip.core.adapters import ImageAdapter, ReleveAdapter
from botaclip.core.onnx_scan import scan_onnx
from botaclip.training.adapter import Adapter
from botaclip.training.cover_transforms import ORDINAL_LIMITS, TRANSFORMS, transform
from botaclip.training.export import adapter_graph, adapter_of_graph, head_graph, vegeta_graph
from botaclip.training.heads import fit_linear
from botaclip.training.standardiser import Standardiser
from botaclip.training.vegeta import ReleveTower, Vegeta, fit_releve_tower

from .small_tables import planted

TABLE = planted(60, dimension=12, species=5)
STANDARDISER = Standardiser.fit(TABLE.vectors)
RANDOM = np.random.default_rng(3)
WEIGHT, BIAS = RANDOM.normal(size=(12, 9)).astype(np.float32), RANDOM.normal(size=9).astype(np.float32)
LINEAR = Adapter.linear(3, WEIGHT, BIAS)
ROWS = pytest.mark.parametrize("rows", [1, 7])


def moved(form: str) -> Adapter:
    """Return an adapter of a form, 12 to 9, all of whose numbers have moved."""
    torch.manual_seed(0)
    module = ImageAdapter(12, 9, form)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.3 * torch.randn(parameter.shape)
    return Adapter.of_module(module, 7)


ADAPTERS = [LINEAR, moved("residual"), moved("attention")]


def run(graph: bytes, values: np.ndarray) -> dict[str, np.ndarray]:
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    made = session.run(names, {session.get_inputs()[0].name: np.ascontiguousarray(values, np.float32)})
    return dict(zip(names, made, strict=True))


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@ROWS
def test_adapter_standardises_and_adapts(rows: int) -> None:
    made = run(adapter_graph(STANDARDISER, LINEAR), TABLE.vectors[:rows])
    expected = STANDARDISER(TABLE.vectors[:rows]) @ WEIGHT + BIAS
    np.testing.assert_allclose(made["adapted"], expected, atol=1e-5)
    np.testing.assert_allclose(made["unit"], unit(expected), atol=1e-5)


@ROWS
def test_without_adaptation_the_standardised_vector_comes_out(rows: int) -> None:
    made = run(adapter_graph(STANDARDISER, None), TABLE.vectors[:rows])
    np.testing.assert_allclose(made["adapted"], STANDARDISER(TABLE.vectors[:rows]), atol=1e-6)


@ROWS
@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.form)
def test_every_form_of_adapter_is_written(rows: int, adapter: Adapter) -> None:
    made = run(adapter_graph(STANDARDISER, adapter), TABLE.vectors[:rows])
    expected = adapter(STANDARDISER(TABLE.vectors[:rows]))
    np.testing.assert_allclose(made["adapted"], expected, atol=1e-5)
    np.testing.assert_allclose(made["unit"], unit(expected), atol=1e-5)
    assert np.abs(expected - (STANDARDISER(TABLE.vectors[:rows]) @ adapter.weight + adapter.bias)).max() > 0.1 or (
        adapter.form == "linear"
    )


@pytest.mark.parametrize("width", [33, 64])
def test_groups_of_attention_need_not_come_out_even(width: int) -> None:
    torch.manual_seed(1)
    module = ImageAdapter(width, form="attention")
    assert module.attention is not None
    torch.nn.init.normal_(module.attention.out_weight)
    adapter = Adapter.of_module(module, 1)
    vectors = np.random.default_rng(0).normal(size=(5, width)).astype(np.float32)
    plain = Standardiser(np.zeros(width, np.float32), np.ones(width, np.float32))
    made = run(adapter_graph(plain, adapter), vectors)["adapted"]
    np.testing.assert_allclose(made, module(torch.as_tensor(vectors)).detach().numpy(), atol=2e-5)
    np.testing.assert_allclose(made, adapter(vectors), atol=2e-5)


@pytest.mark.parametrize("adapter", ADAPTERS[1:], ids=lambda adapter: adapter.form)
def test_an_adapter_that_is_not_linear_is_not_read_as_if_it_were(adapter: Adapter) -> None:
    assert adapter_of_graph(adapter_graph(STANDARDISER, adapter)) is None


LAYERS = (RANDOM.normal(size=(60, 2)) * [300.0, 0.01] + [900.0, 0.4]).astype(np.float32)
ENVIRONMENT = Standardiser.of_layers(LAYERS)


@ROWS
@pytest.mark.parametrize("adapter", [None, *ADAPTERS])
def test_environment_is_joined_behind_and_no_part_of_the_unit(
    rows: int, adapter: Adapter | None
) -> None:
    plain = run(adapter_graph(STANDARDISER, adapter), TABLE.vectors[:rows])
    both = np.hstack([TABLE.vectors, LAYERS])[:rows]
    made = run(adapter_graph(STANDARDISER, adapter, ENVIRONMENT), both)
    np.testing.assert_array_equal(made["adapted"][:, :-2], plain["adapted"])
    np.testing.assert_allclose(made["adapted"][:, -2:], ENVIRONMENT(LAYERS[:rows]), atol=1e-5)
    np.testing.assert_array_equal(made["unit"], plain["unit"])


@pytest.mark.parametrize("environment", [None, ENVIRONMENT])
def test_the_adapter_is_read_back_as_one_map_of_raw_vectors(environment: Standardiser | None) -> None:
    for adapter in (LINEAR, None):
        found = adapter_of_graph(adapter_graph(STANDARDISER, adapter, environment))
        assert found is not None
        standardised = STANDARDISER(TABLE.vectors)
        expected = standardised if adapter is None else adapter(standardised)
        np.testing.assert_allclose(TABLE.vectors @ found[0] + found[1], expected, atol=1e-4)


def test_a_graph_of_another_kind_is_not_read_as_an_adapter() -> None:
    assert adapter_of_graph(vegeta_graph(ReleveTower("hellinger", ((np.ones((3, 2)), np.zeros(2)),)))) is None
    lame = Standardiser(STANDARDISER.mean, np.zeros_like(STANDARDISER.scale))
    assert adapter_of_graph(adapter_graph(lame, None)) is None


def test_a_zero_vector_stays_zero() -> None:
    mean = STANDARDISER.mean[None]
    np.testing.assert_array_equal(run(adapter_graph(STANDARDISER, None), mean)["unit"], 0.0)


@ROWS
def test_head_gives_logits_and_calibrated_suitability(rows: int) -> None:
    vectors = STANDARDISER(TABLE.vectors)
    head = fit_linear(vectors, TABLE.presence, 1.0)
    slope, intercept = RANDOM.uniform(0.3, 2, 5), RANDOM.normal(size=5)
    made = run(head_graph(head, slope=slope, intercept=intercept), vectors[:rows])
    np.testing.assert_allclose(made["logits"], head.logits(vectors[:rows]), atol=1e-5)
    np.testing.assert_allclose(made["suitability"], expit(slope * head.logits(vectors[:rows]) + intercept), atol=1e-5)


def tower_of(name: str, hidden: int = 0) -> ReleveTower:
    """Return a tower of a transform, with one or two layers of numbers of the size that fits its values."""
    random, species = np.random.default_rng(7), TABLE.cover.shape[1]
    scale = float(np.abs(transform(TABLE.cover, name)).max()) * np.sqrt(species)
    widths = [species, *([hidden] if hidden else []), 12]
    return ReleveTower(name, tuple(
        ((random.normal(size=(i, o)) / (scale if i == species else 1.0)).astype(np.float32),
         random.normal(size=o).astype(np.float32))
        for i, o in itertools.pairwise(widths)
    ))


@ROWS
@pytest.mark.parametrize("hidden", [0, 5])
@pytest.mark.parametrize("name", [*TRANSFORMS, "hellinger/profile", "sqrt/profile"])
def test_vegeta_reads_cover_in_percent(rows: int, name: str, hidden: int) -> None:
    tower = tower_of(name, hidden)
    made = run(vegeta_graph(tower), TABLE.cover[:rows])
    np.testing.assert_allclose(made["unit"], unit(tower(TABLE.cover[:rows])), atol=1e-5)


def test_vegeta_agrees_with_numpy_at_every_limit_of_the_ordinal_scale() -> None:
    limits = np.array([0.0, *ORDINAL_LIMITS], np.float32)
    cover = np.array([np.nextafter(limits, np.float32(-1)), limits, np.nextafter(limits, np.float32(200))])
    tower = ReleveTower("ordinal", ((np.eye(9, dtype=np.float32), np.ones(9, np.float32)),))
    made = run(vegeta_graph(tower), np.maximum(cover, 0.0))["unit"]
    np.testing.assert_allclose(made, unit(transform(np.maximum(cover, 0.0), "ordinal") + 1.0), atol=1e-6)
    assert (transform(np.maximum(cover, 0.0), "ordinal")[1:, 1:] == [np.arange(2, 10)] * 2).all()


@pytest.mark.parametrize("name", [*TRANSFORMS, "hellinger/profile"])
def test_vegeta_takes_an_empty_releve(name: str) -> None:
    tower = tower_of(name)
    made = run(vegeta_graph(tower), np.zeros((1, TABLE.cover.shape[1])))
    np.testing.assert_allclose(made["unit"], unit(tower.layers[0][1][None]), atol=1e-6)


@ROWS
def test_vegeta_with_a_hidden_layer_is_torchs_adapter(rows: int) -> None:
    torch.manual_seed(0)
    adapter = ReleveAdapter(6, 12, hidden=8)
    vegeta = Vegeta.fit(TABLE.cover, axes=6)
    tower = vegeta.followed_by([
        (layer.weight.detach().numpy().T, layer.bias.detach().numpy()) for layer in adapter.layers
    ])
    expected = adapter(torch.as_tensor(vegeta(TABLE.cover[:rows]))).detach().numpy()
    np.testing.assert_allclose(run(vegeta_graph(tower), TABLE.cover[:rows])["unit"], unit(expected), atol=1e-5)


def graphs() -> list[bytes]:
    head = fit_linear(STANDARDISER(TABLE.vectors), TABLE.presence, 1.0)
    tower = fit_releve_tower(TABLE.cover, unit(TABLE.vectors))
    return [
        *(adapter_graph(STANDARDISER, adapter) for adapter in ADAPTERS),
        *(adapter_graph(STANDARDISER, adapter, ENVIRONMENT) for adapter in ADAPTERS),
        head_graph(head, slope=np.ones(5), intercept=np.zeros(5)),
        vegeta_graph(tower),
        *(vegeta_graph(tower_of(name, 5)) for name in (*TRANSFORMS, "hellinger/profile")),
    ]


def test_the_same_matrices_give_the_same_bytes() -> None:
    assert graphs() == graphs()


def test_graphs_pass_the_scan_for_foreign_code_and_files() -> None:
    for graph in graphs():
        scan_onnx(graph, where="here")
