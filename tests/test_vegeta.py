"""VEGETA: every kind gives plain matrices, that say of a relevé what the literature or the network says."""

from __future__ import annotations

import dataclasses
import tracemalloc
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from scipy.sparse import csr_array
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

from botaclip.core.errors import OptionError
from botaclip.core.releves import read_releves
from botaclip.training import ordination, vegeta_networks
from botaclip.training.cover_transforms import TRANSFORMS, hellinger, transform
from botaclip.training.export import vegeta_graph
from botaclip.training.recipe import Recipe
from botaclip.training.training_table import TrainingTable
from botaclip.training.vegeta import KINDS, ReleveTower, Vegeta, fit_releve_tower, fit_vegeta, of_met

from .small_tables import planted

CA = Recipe(vegeta="ca", vegeta_axes=3)


def distances(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, None] - points[None], axis=2)


# --- Principal components --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRANSFORMS)
def test_pca_is_that_of_the_transformed_table(name: str) -> None:
    cover = planted(40).cover
    vegeta = fit_vegeta(cover, Recipe(vegeta="pca", vegeta_axes=4, transform=name))
    assert (vegeta.transform, vegeta.axes, len(vegeta.layers)) == (name, 4, 1)
    pca = PCA(4, svd_solver="full").fit(transform(cover, name).astype(np.float64))
    expected = pca.transform(transform(cover, name)) / np.sqrt(pca.explained_variance_[0])
    np.testing.assert_allclose(np.abs(vegeta(cover)), np.abs(expected), atol=2e-4)
    assert vegeta(cover).dtype == np.float32


def test_axes_are_orthogonal_and_the_first_has_unit_variance() -> None:
    cover = planted(90).cover
    vegeta = Vegeta.fit(cover, axes=6)
    (axes, _), = vegeta.layers
    gram = axes.T @ axes
    np.testing.assert_allclose(gram, gram[0, 0] * np.eye(6), atol=1e-4 * gram[0, 0])
    scores = vegeta(cover)
    np.testing.assert_allclose(scores.mean(axis=0), 0.0, atol=1e-5)
    covariance = np.cov(scores.T)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0.0, atol=1e-4)
    np.testing.assert_allclose(covariance[0, 0], 1.0, atol=1e-4)
    assert (np.diff(np.diag(covariance)) <= 1e-6).all()


def test_axes_are_no_more_than_plots_or_species_carry() -> None:
    cover = planted(90, species=8).cover  # 8 and 2 rare ones
    assert Vegeta.fit(cover, axes=64).layers[0][0].shape == (10, 10)
    assert Vegeta.fit(cover[:5], axes=64).layers[0][0].shape == (10, 4)


def test_the_same_releve_again_and_again_has_no_axis() -> None:
    cover = np.repeat(planted(20).cover[:1], 6, axis=0)
    nothing = np.zeros((4, 3), np.float32)
    for given in (cover, csr_array(cover), cover[:1], nothing, csr_array(nothing)):
        for recipe in (Recipe(), CA):
            vegeta = fit_vegeta(given, recipe)
            assert vegeta.axes == 1
            np.testing.assert_array_equal(vegeta(given), 0.0)


def test_a_species_that_no_training_releve_has_is_ignored() -> None:
    cover = planted(60).cover
    wider = np.hstack([cover, np.zeros((60, 1), np.float32)])
    for kind in ("pca", "ca", "masked", "habitat"):
        recipe = Recipe(vegeta=kind, vegeta_axes=5)
        narrow, wide = (fit_vegeta(each, recipe, habitats=["a", "b"] * 30) for each in (cover, wider))
        np.testing.assert_allclose(wide.layers[0][0][-1], 0.0, atol=1e-6)
        # Axes may be mirrored between two fits; distances between plots may not change.
        np.testing.assert_allclose(distances(narrow(cover)), distances(wide(wider)), atol=1e-3)


# --- Correspondence analysis -----------------------------------------------------------------------------------------


def legendre(table: np.ndarray, axes: int) -> np.ndarray:
    """Return F, the relevés' coordinates in scaling 1, by Legendre & Legendre 2012, equations 9.27 to 9.36."""
    share = table / table.sum()
    row, column = share.sum(axis=1), share.sum(axis=0)
    contributions = (share - np.outer(row, column)) / np.sqrt(np.outer(row, column))
    left, values, _ = np.linalg.svd(contributions, full_matrices=False)
    return (left / np.sqrt(row)[:, None] * values)[:, :axes]


@pytest.mark.parametrize("name", ["percent", "hellinger", "presence"])
def test_ca_is_that_of_legendre_and_legendre(name: str) -> None:
    cover = planted(50, rank=3, seed=2).cover
    vegeta = fit_vegeta(cover, dataclasses.replace(CA, transform=name))
    table = transform(cover, name).astype(np.float64)
    listed = table.sum(axis=1) > 0
    expected = legendre(table[listed][:, table.sum(axis=0) > 0], 3)
    expected /= np.std(expected[:, 0], ddof=1)
    assert vegeta.transform == f"{name}/profile" and not listed.all()
    np.testing.assert_allclose(np.abs(vegeta(cover)[listed]), np.abs(expected), atol=1e-4)
    np.testing.assert_array_equal(vegeta(cover)[~listed], 0.0)  # an empty relevé is the average one


def test_ca_of_a_table_worked_by_hand() -> None:
    # Two groups of relevés without a common species: one axis of eigenvalue 1, F = +1 and -1 where they weigh alike.
    cover = np.array([[10, 0], [30, 0], [0, 20], [0, 20]], np.float32)
    vegeta = fit_vegeta(cover, dataclasses.replace(CA, transform="percent"))
    made = vegeta(cover)[:, 0]
    np.testing.assert_allclose(np.abs(made), np.full(4, np.sqrt(3) / 2), atol=1e-6)  # +-1 by its deviation, 2/sqrt(3)
    assert made[0] == made[1] == -made[2] == -made[3]


def test_a_new_releve_stands_where_its_species_are() -> None:
    cover = planted(50).cover
    vegeta = fit_vegeta(cover, dataclasses.replace(CA, transform="percent"))
    alone = vegeta(np.eye(cover.shape[1], dtype=np.float32)[:2])
    pair = np.zeros((1, cover.shape[1]), np.float32)
    pair[0, :2] = [10.0, 30.0]
    np.testing.assert_allclose(vegeta(pair)[0], 0.25 * alone[0] + 0.75 * alone[1], rtol=1e-4, atol=1e-5)


# --- Sparse tables ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pca", "ca", "masked", "habitat"])
def test_sparse_and_dense_tables_give_the_same(kind: str) -> None:
    cover, habitats = planted(60).cover, ["a", "b", "c"] * 20
    recipe = Recipe(vegeta=kind, vegeta_axes=4)
    dense, sparse = (fit_vegeta(each, recipe, habitats=habitats) for each in (cover, csr_array(cover)))
    np.testing.assert_allclose(sparse(csr_array(cover)), dense(cover), atol=1e-4)
    np.testing.assert_allclose(dense(csr_array(cover)), dense(cover), atol=1e-5)


@pytest.mark.parametrize("kind", ["pca", "ca"])
@pytest.mark.parametrize("columns", [300, 700])  # by covariance, by Lanczos iterations
def test_large_tables_are_ordinated_as_small_ones(kind: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    cover = planted(400, species=columns, rank=6, signal=8.0, seed=4).cover
    recipe = Recipe(vegeta=kind, vegeta_axes=6)
    whole = fit_vegeta(cover, recipe)
    monkeypatch.setattr(ordination, "WHOLE", 0)
    made = fit_vegeta(csr_array(cover), recipe)
    assert made.axes == whole.axes == 6
    np.testing.assert_allclose(np.abs(made(cover)), np.abs(whole(cover)), atol=1e-4)
    again = fit_vegeta(csr_array(cover), recipe)
    np.testing.assert_array_equal(made.layers[0][0], again.layers[0][0])


def written(path: Path, releves: int, species: int) -> Path:
    """Write a table of relevés with three species each, of which every one occurs."""
    random = np.random.default_rng(0)
    plot, which = np.arange(3 * releves) // 3, random.integers(0, species, 3 * releves)
    which[:species] = np.arange(species)
    rows = zip(plot.tolist(), which.tolist(), random.integers(1, 80, 3 * releves).tolist(), strict=True)
    path.write_text("plot_id,species,cover,x,y\n" + "".join(
        f"p{p},Genus species{s:04},{c},{500_000 + 100 * (p % 200)},{5_000_000 + 100 * (p // 200)}\n" for p, s, c in rows
    ))
    return path


@pytest.mark.parametrize(
    "releves, cell_bytes",
    [(6_000, 4), pytest.param(30_000, 1, marks=pytest.mark.slow)],  # of floats; of yes and no, than which none is less
)
def test_a_large_table_is_never_densified(
    releves: int, cell_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vegeta_networks, "MOST_STEPS", 2)
    path, peaks = written(tmp_path / "releves.csv", releves, 4_000), []
    # What torch loads at its first step is no part of it.
    for kind in ("masked", "habitat"):
        fit_vegeta(planted(20).cover, Recipe(vegeta=kind), habitats=["a", "b"] * 10)
    tracemalloc.start()
    try:
        table = read_releves(path, crs="EPSG:32632", cover_scale="percent", names="verbatim")
        assert table.cover.shape == (releves, 4_000) and not table.omitted
        data = TrainingTable(
            ids=tuple(table.plot_ids.tolist()), places=np.column_stack([table.points.x, table.points.y]),
            vectors=np.ones((releves, 2), np.float32), cover=table.take(np.arange(releves)).cover,
            presence=np.zeros((releves, 1), np.float32), species=("one",), habitats=tuple("ab" * (releves // 2)),
        )  # fmt: skip
        fold = data.take(np.flatnonzero(np.arange(releves) % 5))
        for kind in ("pca", "ca", "masked", "habitat"):
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.reset_peak()
            recipe = Recipe(vegeta=kind, vegeta_axes=16)
            encode = fit_vegeta(fold.cover, recipe, extra=data.cover[:1_000], habitats=fold.habitats)
            made = fit_releve_tower(fold.cover, fold.vectors, vegeta=encode)(data.cover)
            assert made.shape == (releves, 2) and np.isfinite(made).all()
        peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert max(peaks) < 0.8 * cell_bytes * releves * 4_000, peaks


# --- What else goes in ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pca", "ca", "masked", "joint"])
def test_extra_releves_join_the_fit(kind: str) -> None:
    cover = planted(60).cover
    recipe = Recipe(vegeta=kind, vegeta_axes=3)
    both = fit_vegeta(cover, recipe)
    joined = fit_vegeta(cover[:20], recipe, extra=csr_array(cover[20:]))
    np.testing.assert_allclose(joined(cover), both(cover), atol=1e-4)


def test_joint_begins_as_pca() -> None:
    cover = planted(60).cover
    one, two = (fit_vegeta(cover, Recipe(vegeta=kind, vegeta_axes=3)) for kind in ("pca", "joint"))
    np.testing.assert_array_equal(one(cover), two(cover))


def test_habitat_needs_habitats() -> None:
    cover = planted(20).cover
    for habitats in (None, [""] * 20, ["heath", *[""] * 19]):
        with pytest.raises(OptionError, match="of them are known among these 20 relevés"):
            fit_vegeta(cover, Recipe(vegeta="habitat"), habitats=habitats)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(OptionError, match="no VEGETA of kind 'nmds'"):
        fit_vegeta(planted(20).cover, Recipe(vegeta="nmds"))
    with pytest.raises(OptionError, match="no transform 'cube'"):
        fit_vegeta(planted(20).cover, Recipe(transform="cube"))


# --- The tower -------------------------------------------------------------------------------------------------------


def test_releve_tower_equals_the_ridge_it_is_made_from() -> None:
    table = planted(90)
    unit = table.vectors / np.linalg.norm(table.vectors, axis=1, keepdims=True)
    tower = fit_releve_tower(table.cover, unit, axes=6, penalty=2.0)
    axes = Vegeta.fit(table.cover, axes=6)(table.cover)
    np.testing.assert_allclose(tower(table.cover), Ridge(alpha=2.0).fit(axes, unit).predict(axes), atol=1e-5)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "habitat"])
def test_an_adapter_behind_it_is_part_of_the_tower(kind: str) -> None:
    cover, random = planted(60).cover, np.random.default_rng(0)
    vegeta = fit_vegeta(cover, Recipe(vegeta=kind, vegeta_axes=4))
    weight, bias = random.normal(size=(vegeta.axes, 7)), random.normal(size=7)
    tower = vegeta.followed_by([(weight, bias)])
    assert isinstance(tower, ReleveTower) and len(tower.layers) == len(vegeta.layers)
    np.testing.assert_allclose(tower(cover), vegeta(cover) @ weight + bias, atol=1e-4)
    assert all(part.dtype == np.float32 for layer in tower.layers for part in layer)


def test_hellinger_of_the_old_name_is_the_same() -> None:
    from botaclip.training import vegeta

    assert vegeta.hellinger is hellinger


# --- Species that it never met ---------------------------------------------------------------------------------------


def with_strangers(cover: np.ndarray, share: float, *, seed: int = 5) -> np.ndarray:
    """Return relevés with two more columns, of which the first holds ``share`` of the whole cover."""
    strange = cover.sum(axis=1, keepdims=True) * share / (1.0 - share)
    return np.hstack([cover, strange, np.zeros_like(strange)]).astype(np.float32)


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_species_that_was_never_met_does_not_move_a_releve(
    kind: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two fifths of a relevé from a species that no training relevé has: it is read as if that were not there."""
    monkeypatch.setattr(vegeta_networks, "MOST_STEPS", 20)
    cover, habitats = planted(60).cover.astype(np.float32), ["a", "b"] * 30
    table = with_strangers(cover, 0.0)  # columns all zero in the training relevés
    vegeta = fit_vegeta(table, Recipe(vegeta=kind, vegeta_axes=4, transform=name), habitats=habitats)
    met = vegeta.met
    assert met is not None and met.tolist() == [*(cover.sum(axis=0) > 0), False, False]
    assert not vegeta.layers[0][0][~met].any()
    disturbed = with_strangers(cover, 0.4)
    np.testing.assert_array_equal(vegeta(disturbed), vegeta(table))
    np.testing.assert_allclose(vegeta(csr_array(disturbed)), vegeta(table), atol=1e-5)
    tower = vegeta.followed_by([(np.eye(vegeta.axes, dtype=np.float32), np.zeros(vegeta.axes, np.float32))])
    narrow, columns = tower.of_met_species()
    np.testing.assert_allclose(tower(disturbed), vegeta(table), atol=1e-5)
    np.testing.assert_allclose(narrow(disturbed[:, columns]), vegeta(table), atol=1e-5)
    # By the graph of the model file as well, whole and of the species that it knows.
    for made, given in ((tower, disturbed), (narrow, disturbed[:, columns])):
        session = onnxruntime.InferenceSession(vegeta_graph(made))
        unit = vegeta(table) / np.maximum(np.linalg.norm(vegeta(table), axis=1, keepdims=True), 1e-12)
        np.testing.assert_allclose(session.run(None, {"releves": given})[0], unit, atol=1e-4)


def test_a_sparse_table_stays_sparse_without_strangers() -> None:
    cover = csr_array(with_strangers(planted(30).cover, 0.4))
    met = np.array([True] * (cover.shape[1] - 2) + [False, False])
    made = of_met(cover, met)
    assert isinstance(made, csr_array) and made.nnz == cover.nnz and cover[:, [-2]].sum() > 0
    np.testing.assert_array_equal(made.toarray(), of_met(cover.toarray(), met))
    assert made[:, [-2]].sum() == 0 and of_met(cover, None) is cover and of_met(cover, np.ones_like(met)) is cover


def test_species_of_releves_without_a_habitat_are_strangers_to_a_network_of_habitats() -> None:
    cover = np.eye(6, dtype=np.float32)[[0, 1, 2, 3] * 5] * 10
    vegeta = fit_vegeta(cover, Recipe(vegeta="habitat", vegeta_axes=2), habitats=["a", "b", "a", ""] * 5)
    assert vegeta.met is not None and vegeta.met.tolist() == [True, True, True, False, False, False]


def test_extra_releves_make_species_known() -> None:
    cover = np.eye(6, dtype=np.float32)[[0, 1, 2] * 5] * 10
    vegeta = fit_vegeta(cover, Recipe(), extra=csr_array(np.eye(6, dtype=np.float32)[[4]]))
    assert vegeta.met is not None and vegeta.met.tolist() == [True, True, True, False, True, False]
