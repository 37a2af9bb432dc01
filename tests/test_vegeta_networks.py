"""The networks behind VEGETA: numpy computes what torch does, they learn what they should, and the same every time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression, Ridge

from botaclip.training import vegeta_networks
from botaclip.training.cover_transforms import TRANSFORMS, transform
from botaclip.training.recipe import Recipe
from botaclip.training.vegeta import fit_vegeta, forward
from botaclip.training.vegeta_networks import _Network, _placed, fit_habitat, fit_masked

from .small_tables import planted


def gradient_table(count: int = 200, *, species: int = 30, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return cover (N, V) of species with optima along a gradient, and the gradient (N,)."""
    random = np.random.default_rng(seed)
    gradient = random.uniform(0, 1, count)
    chance = 0.9 * np.exp(-(((gradient[:, None] - np.linspace(0, 1, species)) / 0.12) ** 2))
    present = random.random((count, species)) < chance
    return (present * random.uniform(1, 60, present.shape)).astype(np.float32), gradient


@pytest.mark.parametrize("name", TRANSFORMS)
def test_numpy_computes_what_the_network_does(name: str) -> None:
    cover = planted(30).cover
    torch.manual_seed(3)
    network = _Network(cover.shape[1], 5, 4)
    values = torch.as_tensor(transform(cover, name))
    expected = network.encode(values).detach().numpy()
    np.testing.assert_allclose(forward(cover, name, network.layers()), expected, rtol=1e-4, atol=1e-4)
    # What is kept is the same encoding, centred and divided by its widest axis' spread.
    spread = expected.std(axis=0).max()
    placed = forward(cover, name, _placed(network, cover, name, np.arange(cover.shape[1])))
    np.testing.assert_allclose(placed, (expected - expected.mean(axis=0)) / spread, atol=1e-3)


def test_masked_finds_the_gradient_that_species_follow() -> None:
    cover, gradient = gradient_table()
    encode = fit_vegeta(cover[:140], Recipe(vegeta="masked", vegeta_axes=4))
    head = Ridge(alpha=1.0).fit(encode(cover[:140]), gradient[:140])
    made = head.predict(encode(cover[140:]))
    assert np.corrcoef(made, gradient[140:])[0, 1] > 0.9


def test_masked_fills_in_what_was_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    cover, _ = gradient_table()
    kept: list[_Network] = []
    made = vegeta_networks._seeded

    def seeded(*arguments: int) -> _Network:
        kept.append(made(*arguments))
        return kept[-1]

    monkeypatch.setattr(vegeta_networks, "_seeded", seeded)
    fit_masked(cover[:140], "hellinger", 6, random_state=1)
    random, hits, chance = np.random.default_rng(0), [], []
    frequency = (cover[:140] > 0).mean(axis=0)
    for releve in cover[140:]:
        present = np.flatnonzero(releve)
        if len(present) < 2:
            continue
        hidden = random.choice(present)
        shown = releve.copy()
        shown[hidden] = 0.0
        with torch.no_grad():
            likely = kept[0](torch.as_tensor(transform(shown[None], "hellinger"))).numpy()[0]
        absent = np.setdiff1d(np.arange(cover.shape[1]), present)
        hits.append(float((likely[hidden] > likely[absent]).mean()))
        chance.append(float((frequency[hidden] > frequency[absent]).mean()))
    assert np.mean(hits) > 0.85 > 0.65 > np.mean(chance)


def test_habitats_are_told_on_other_releves() -> None:
    cover, gradient = gradient_table(seed=2)
    habitats = [("heath", "fen", "wood")[int(3 * value)] for value in gradient]
    known = [habitat if index % 4 else "" for index, habitat in enumerate(habitats[:140])]
    encode = fit_vegeta(cover[:140], Recipe(vegeta="habitat", vegeta_axes=4), habitats=known)
    head = LogisticRegression(max_iter=1000).fit(encode(cover[:140]), habitats[:140])
    assert head.score(encode(cover[140:]), habitats[140:]) > 0.85
    # What they are called does not matter, nor do extra relevés, whose habitats nobody knows.
    renamed = [f"a {habitat}" if habitat else "" for habitat in known]
    other = fit_vegeta(cover[:140], Recipe(vegeta="habitat", vegeta_axes=4), habitats=renamed, extra=cover[140:])
    np.testing.assert_allclose(other(cover), encode(cover), atol=1e-5)


@pytest.mark.parametrize("fit", [fit_masked, fit_habitat])
def test_the_same_seed_gives_the_same_bits_and_disturbs_nobody(fit: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vegeta_networks, "MOST_STEPS", 60)
    cover, habitats = gradient_table(80)[0], ["a", "b"] * 40
    torch.manual_seed(11)
    np.random.seed(11)  # noqa: NPY002
    expected = torch.rand(3), np.random.rand(3)  # noqa: NPY002
    torch.manual_seed(11)
    np.random.seed(11)  # noqa: NPY002
    runs = [
        fit(table, "hellinger", 3, habitats=habitats, random_state=seed)  # type: ignore[operator]
        for table, seed in ((cover, 5), (cover, 5), (csr_array(cover), 5), (cover, 6))
    ]
    assert torch.equal(torch.rand(3), expected[0]) and (np.random.rand(3) == expected[1]).all()  # noqa: NPY002
    for one, two, sparse in zip(*runs[:3], strict=True):
        for part in range(2):
            np.testing.assert_array_equal(one[part], two[part])
            np.testing.assert_allclose(one[part], sparse[part], atol=1e-4)
    assert any((one[0] != other[0]).any() for one, other in zip(runs[0], runs[3], strict=True))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_releves_are_enough(count: int) -> None:
    cover = gradient_table(40)[0][:count]
    for kind in ("masked", "habitat"):
        if count > 1:
            vegeta = fit_vegeta(cover, Recipe(vegeta=kind, vegeta_axes=3), habitats=["a", *["b"] * (count - 1)])
            assert np.isfinite(vegeta(cover)).all()


def test_empty_releves_do_not_hinder() -> None:
    cover = np.vstack([gradient_table(30)[0], np.zeros((5, 30), np.float32)])
    vegeta = fit_vegeta(cover, Recipe(vegeta="masked", vegeta_axes=3))
    assert np.isfinite(vegeta(cover)).all()
    np.testing.assert_allclose(vegeta(cover)[30:], np.repeat(vegeta(cover)[30:31], 5, axis=0), atol=1e-6)
    nothing = fit_vegeta(np.zeros((6, 4), np.float32), Recipe(vegeta="masked", vegeta_axes=3))
    np.testing.assert_array_equal(nothing(np.ones((2, 4), np.float32)), 0.0)
