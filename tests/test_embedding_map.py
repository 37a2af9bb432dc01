"""The plots in a model's space: scikit-learn's components, and a figure that takes any name."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA

from botaclip.training.embedding_map import MOST_HABITATS, embedding_figure, embedding_map


def arrays(n: int = 40, width: int = 6) -> dict[str, np.ndarray]:
    unit = np.random.default_rng(0).normal(size=(n, width))
    pca = PCA(min(n, width)).fit(unit)
    return {"pca.mean": pca.mean_, "pca.components": pca.components_, "pca.share": pca.explained_variance_ratio_,
            "plots.vectors": unit}  # fmt: skip


def test_against_scikit_learn() -> None:
    given = arrays()
    found = embedding_map(given)
    expected = PCA(2).fit(given["plots.vectors"])
    scores = expected.transform(given["plots.vectors"])
    for axis, name in enumerate(("x", "y")):
        sign = np.sign(np.dot(found[name], scores[:, axis]))
        np.testing.assert_allclose(np.array(found[name]) * sign, scores[:, axis], atol=1e-4)
    np.testing.assert_allclose(found["share"], expected.explained_variance_ratio_)
    assert "habitats" not in found and "habitats" not in embedding_map(given, [""] * 40)


def test_one_component_is_a_line() -> None:
    given = arrays(width=1)
    assert set(embedding_map(given)["y"]) == {0.0}


def test_figure_of_many_and_odd_habitats() -> None:
    names = [f"habitat {i % 17} $x^{{2$ <b>" for i in range(40)]
    found = embedding_map(arrays(), names)
    figure = embedding_figure(found)
    assert figure.startswith(b"<?xml") and b"<b>" not in figure
    assert figure == embedding_figure(found) and len(set(names)) > MOST_HABITATS
    assert embedding_figure(embedding_map(arrays())).startswith(b"<?xml")
