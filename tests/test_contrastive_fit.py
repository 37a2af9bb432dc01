"""The relevé side of a fit: where it starts, which pairs it asks about, and what it gives the model file."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.linear_model import Ridge

from botaclip.core.errors import OptionError
from botaclip.core.losses import InfoNCE, SigmoidContrastiveLoss
from botaclip.training import contrastive_fit
from botaclip.training.contrastive_fit import (
    RELEVE_SPEED,
    ContrastiveObjective,
    GramObjective,
    VegetaLayers,
    loss_of,
    vegeta_of,
)
from botaclip.training.recipe import Recipe
from botaclip.training.standardiser import Standardiser
from botaclip.training.training_table import TrainingTable
from botaclip.training.vegeta import Vegeta, fit_vegeta

from .small_tables import planted

TABLE = dataclasses.replace(planted(40, dimension=20, species=6), sites=tuple(f"s{i // 4}" for i in range(40)))
VECTORS = Standardiser.fit(TABLE.vectors)(TABLE.vectors)
ALL = torch.arange(40)


def objective(table: TrainingTable = TABLE, **recipe: object) -> ContrastiveObjective:
    torch.set_num_threads(1)
    return ContrastiveObjective(table, VECTORS, Recipe(**recipe), device="cpu", random_state=1)  # type: ignore[arg-type]


def loss(made: ContrastiveObjective | GramObjective, rows: torch.Tensor = ALL) -> float:
    return float(made.loss(torch.as_tensor(VECTORS)[rows], rows).detach())


def test_it_starts_where_ridge_regression_points() -> None:
    made = objective()
    axes = fit_vegeta(TABLE.cover, Recipe())(TABLE.cover)
    expected = Ridge(alpha=1.0).fit(axes, VECTORS).predict(axes)
    np.testing.assert_allclose(made.adapter(made.axes).detach().numpy(), expected, atol=1e-4)
    np.testing.assert_allclose(made.releve_side()(TABLE.cover), expected, atol=1e-4)


@pytest.mark.parametrize("vegeta", ["pca", "joint"])
@pytest.mark.parametrize("form", ["linear", "mlp"])
def test_the_releve_side_is_what_was_trained(vegeta: str, form: str) -> None:
    made = objective(vegeta=vegeta, releve_adapter=form)
    optimiser = torch.optim.SGD(made.parameters(), lr=0.05)
    for _ in range(3):
        optimiser.zero_grad()
        made.loss(torch.as_tensor(VECTORS), ALL).backward()
        optimiser.step()
    axes = made.axes if made.encoder is None else made.encoder(made._cover_of(ALL))
    inside = made.adapter(axes).detach().numpy()
    np.testing.assert_allclose(made.releve_side()(TABLE.cover), inside, atol=1e-4)


def test_a_start_of_two_layers_points_to_the_images_as_well() -> None:
    made = objective(releve_adapter="mlp")
    placed = made.releve_side()(TABLE.cover)
    cosine = (placed * VECTORS).sum(axis=1) / np.linalg.norm(placed, axis=1) / np.linalg.norm(VECTORS, axis=1)
    assert cosine.mean() > 0.5
    assert loss(made) < loss(objective())  # 20 hidden units fit the training plots more closely than two axes


def test_without_other_positives_every_rule_is_the_plain_loss() -> None:
    plain = loss(objective())
    by_hand = SigmoidContrastiveLoss()(torch.as_tensor(VECTORS), objective().adapter(objective().axes))
    assert plain == pytest.approx(float(by_hand.detach()), rel=1e-6)
    far = {"positive_distance": 0.0, "positive_similarity": 1.0}
    alone = dataclasses.replace(TABLE, sites=tuple(f"site {i}" for i in range(40)))
    assert loss(objective(alone, positives=("site",), **far)) == pytest.approx(plain, rel=1e-6)
    assert loss(objective(alone, positives=("near",), **far)) == pytest.approx(plain, rel=1e-6)
    assert loss(objective(positives=("site",))) != pytest.approx(plain, rel=1e-3)


def test_an_unknown_ring_around_everything_leaves_only_own_pairs() -> None:
    made = objective(unknown_ring=1e6)
    logits = made.contrast.logits(torch.as_tensor(VECTORS), made.adapter(made.axes))
    own = -torch.nn.functional.logsigmoid(torch.diag(logits)).mean()
    assert loss(made) == pytest.approx(float(own.detach()), rel=1e-5)


def test_permuting_plots_and_releves_together_changes_nothing() -> None:
    order = torch.as_tensor(np.random.default_rng(0).permutation(40))
    for recipe in ({}, {"positives": ("site", "alike")}, {"targets": "floristic"}, {"loss": "infonce"}):
        made = objective(**recipe)
        assert loss(made, order) == pytest.approx(loss(made), rel=1e-5)


def test_gram_asks_for_floristic_similarity_and_trains_no_tower() -> None:
    made = GramObjective(TABLE, Recipe(targets="gram"))
    assert made.releve_side() is None and made.parts() == []
    similarity = made.pairs.similarity(np.arange(40))
    # Vectors whose Gram matrix is the similarity itself, as far as it is one.
    values, basis = np.linalg.eigh(similarity.astype(float))
    like = basis * np.sqrt(np.clip(values, 0, None))
    alike = float(made.loss(torch.as_tensor(like, dtype=torch.float32), ALL))
    assert alike < 0.1 * float(made.loss(torch.as_tensor(VECTORS), ALL))


def test_losses_by_name() -> None:
    sigmoid = loss_of(Recipe(temperature=5.0, bias=-2.71))
    assert isinstance(sigmoid, SigmoidContrastiveLoss)
    assert float(sigmoid.temperature) == pytest.approx(math.log(5.0)) and float(sigmoid.bias) == pytest.approx(-2.71)
    assert isinstance(loss_of(Recipe(loss="infonce")), InfoNCE)
    with pytest.raises(OptionError, match="sigmoid or infonce"):
        loss_of(Recipe(loss="triplet"))


def test_the_releve_side_is_slower_and_vegeta_is_trained_only_when_joint() -> None:
    assert {speed for _, speed in objective().parts()} == {RELEVE_SPEED}
    assert not any(isinstance(module, VegetaLayers) for module, _ in objective().parts())
    made = objective(vegeta="joint")
    assert any(isinstance(module, VegetaLayers) for module, _ in made.parts())
    made.loss(torch.as_tensor(VECTORS), ALL).backward()
    assert made.encoder is not None
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in made.encoder.parameters())


def test_of_a_sparse_table_only_the_batch_is_made_dense(monkeypatch: pytest.MonkeyPatch) -> None:
    sparse = dataclasses.replace(TABLE, cover=csr_array(TABLE.cover))
    made, dense = objective(sparse, vegeta="joint"), objective(vegeta="joint")
    shapes: list[tuple[int, ...]] = []
    true = csr_array.toarray

    def spy(self: csr_array, *given: object, **options: object) -> np.ndarray:
        shapes.append(self.shape)
        return true(self, *given, **options)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(csr_array, "toarray", spy)
    rows = torch.tensor([3, 7, 30])
    assert loss(made, rows) == pytest.approx(loss(dense, rows), rel=1e-4)
    assert shapes == [(3, TABLE.cover.shape[1])]


def test_vegeta_is_fitted_once_for_the_same_releves(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = []
    true = contrastive_fit.fit_vegeta

    def spy(*given: object, **options: object) -> Vegeta:
        fitted.append(1)
        return true(*given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(contrastive_fit, "fit_vegeta", spy)
    table = planted(41, seed=9)
    first = vegeta_of(table, Recipe(vegeta_axes=5), 1)
    assert vegeta_of(table, Recipe(vegeta_axes=5, bias=-2.0), 1) is first and len(fitted) == 1
    for other in (
        vegeta_of(table, Recipe(vegeta_axes=6), 1), vegeta_of(table.take(np.arange(40)), Recipe(vegeta_axes=5), 1),
        vegeta_of(dataclasses.replace(table, extra=table.cover[:9]), Recipe(vegeta_axes=5), 1),
    ):  # fmt: skip
        assert other is not first
    assert len(fitted) == 4
    for seed in range(20):
        vegeta_of(table, Recipe(vegeta_axes=2), seed)
    assert len(contrastive_fit._REMEMBERED) <= contrastive_fit._MOST_REMEMBERED


def test_extra_releves_and_habitats_reach_vegeta() -> None:
    extra = dataclasses.replace(TABLE, extra=planted(30, species=6, seed=3).cover)
    assert float((objective(extra).axes - objective().axes).abs().max()) > 1e-3
    with pytest.raises(OptionError, match="habitat"):
        objective(vegeta="habitat")
