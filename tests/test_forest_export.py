"""The forest in a model file says what the fitted forest says."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from scipy.special import expit

from botaclip.core.errors import ModelFileError
from botaclip.core.onnx_scan import scan_onnx
from botaclip.training import forest_export
from botaclip.training.heads import fit_forest


@pytest.mark.parametrize("species", [1, 5])
def test_graph_equals_the_calibrated_forest(species: int) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(80, 6)).astype(np.float32)
    presence = (vectors[:, :1] + rng.normal(size=(80, species)) > 0).astype(np.float32)
    head = fit_forest(vectors, presence, random_state=1, trees=12)
    slope, intercept = np.linspace(0.5, 1.5, species), np.linspace(-1.0, 1.0, species)

    graph = forest_export.forest_graph(head, slope=slope, intercept=intercept, width=6)
    session = onnxruntime.InferenceSession(graph)
    for rows in (vectors[:1], vectors[:7]):
        logits, suitability = session.run(["logits", "suitability"], {"adapted": rows})
        np.testing.assert_allclose(logits, head.logits(rows), atol=2e-5)
        np.testing.assert_allclose(suitability, expit(slope * head.logits(rows) + intercept), atol=1e-5)
    assert len(np.unique(session.run(["logits"], {"adapted": vectors})[0][:, 0])) > 10
    scan_onnx(graph, where="head.onnx")
    assert graph == forest_export.forest_graph(head, slope=slope, intercept=intercept, width=6)


def test_too_large_a_forest_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(60, 3)).astype(np.float32)
    head = fit_forest(vectors, (vectors[:, :1] > 0).astype(np.float32), random_state=1, trees=5)
    monkeypatch.setattr(forest_export, "LARGEST_FOREST", 1000)
    with pytest.raises(ModelFileError, match="--head linear"):
        forest_export.forest_graph(head, slope=np.ones(1), intercept=np.zeros(1), width=3)
