"""Environment values beside the image: standardised by the training plots alone, layer by layer, and joined behind."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from botaclip.core.errors import PairingError
from botaclip.training.environment_block import EnvironmentBlock, joined
from botaclip.training.environment_only import ENVIRONMENT_MODELS, EnvironmentModel
from botaclip.training.heads import fit_linear
from botaclip.training.standardiser import Standardiser

RANDOM = np.random.default_rng(2)
# Metres, a share, and a constant.
VALUES = np.column_stack(
    [RANDOM.normal(1_500, 400, 80), RANDOM.normal(0.3, 0.002, 80), np.full(80, 1234.567)]
).astype(np.float32)


def test_every_layer_is_standardised_in_its_own_unit() -> None:
    values = np.column_stack([VALUES[:, :2], VALUES[:, 0] / 20])
    layers = Standardiser.of_layers(values)(values)
    np.testing.assert_allclose(layers.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(layers.std(axis=0), 1, atol=1e-4)
    # That of image vectors, whose features share a unit, would make next to nothing of the share.
    assert Standardiser.fit(values)(values)[:, 1].std() < 0.02


def test_a_layer_that_does_not_vary_is_zero() -> None:
    np.testing.assert_array_equal(Standardiser.of_layers(VALUES)(VALUES)[:, 2], 0.0)
    assert Standardiser.of_layers(VALUES).scale[2] == 1.0


@pytest.mark.parametrize("layers", [1, 2])
def test_together_the_layers_vary_a_quarter_as_much_as_the_image(layers: int) -> None:
    block = EnvironmentBlock.fit(VALUES[:, :layers], width=200)
    assert block is not None
    assert block(VALUES[:, :layers]).var(axis=0).sum() == pytest.approx(200 / 4, rel=1e-4)


def test_values_are_joined_behind_the_vector() -> None:
    vectors = RANDOM.normal(size=(80, 6)).astype(np.float32)
    block = EnvironmentBlock.fit(VALUES, width=6)
    assert block is not None
    made = joined(vectors, block, VALUES)
    np.testing.assert_array_equal(made[:, :6], vectors)
    np.testing.assert_array_equal(made[:, 6:], block(VALUES))
    assert made.shape == (80, 9) and made.dtype == np.float32


def test_without_environment_the_vector_itself_comes_back() -> None:
    vectors = RANDOM.normal(size=(5, 6))
    assert EnvironmentBlock.fit(None, width=6) is None
    assert joined(vectors, None, None) is vectors


@pytest.mark.parametrize("given, words", [(None, "0 environment values"), (VALUES[:, :2], "2 environment values")])
def test_other_layers_than_in_training_are_refused(given: np.ndarray | None, words: str) -> None:
    block = EnvironmentBlock.fit(VALUES, width=6)
    with pytest.raises(PairingError, match=f"{re.escape(words)} each, the model was fitted with 3"):
        joined(np.zeros((80, 6)), block, given)


def test_environment_models_are_heads_on_standardised_layers() -> None:
    presence = (VALUES[:, :1] > 1_500).astype(np.float32)
    layers = Standardiser.of_layers(VALUES)(VALUES)
    for squares, columns in ((False, layers), (True, np.hstack([layers, layers**2]))):
        made = EnvironmentModel("", 1.0, squares).fit(VALUES, presence, random_state=1)
        np.testing.assert_allclose(made.logits(VALUES), fit_linear(columns, presence, 1.0).logits(columns), atol=1e-5)


def test_squares_find_an_optimum_that_a_line_cannot() -> None:
    z = np.abs(VALUES[:, 0] - 1_500)
    presence = (z < 250).astype(np.float32)[:, None]
    straight, bent, forest = (
        next(model for model in ENVIRONMENT_MODELS if model.name.startswith(name)).fit(VALUES, presence, random_state=1)
        for name in ("layers, ", "layers and squares", "forest")
    )
    right = [((model.logits(VALUES) > 0) == presence).mean() for model in (straight, bent, forest)]
    assert right[0] < 0.75 < 0.85 < min(right[1:])


def test_the_forest_is_repeatable() -> None:
    presence = (VALUES[:, :2] > VALUES[:, :2].mean(axis=0)).astype(np.float32)
    model = dataclasses.replace(ENVIRONMENT_MODELS[-1])
    one, same = (model.fit(VALUES, presence, random_state=4).logits(VALUES) for _ in range(2))
    np.testing.assert_array_equal(one, same)
