"""The official implementations' inputs, weights and outputs in the shared data, and the recipe of their weights."""

from __future__ import annotations

import functools
import importlib.util
import json
import types
from collections.abc import Mapping

import numpy as np

from .conftest import shared


@functools.lru_cache(maxsize=1)
def recipe() -> types.ModuleType:
    """Return the recipe, loaded from where it lies."""
    spec = importlib.util.spec_from_file_location("parity_recipe", shared("data/parity/recipe.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def image(shape: tuple[int, ...], seed: int = 7) -> np.ndarray:
    """Return the input that the references were computed from."""
    return np.asarray(recipe().image(shape, seed))


def config(name: str) -> dict:
    """Return a case's configuration; ``name`` is like ``dofa/tiny``. ``keys`` are those of the official checkpoint."""
    return dict(json.loads(shared(f"data/parity/{name}_config.json").read_text(encoding="utf-8")))


def reference(name: str) -> dict[str, np.ndarray]:
    """Return what the official implementation gave."""
    return _arrays(f"{name}_ref")


def stored_state(name: str) -> dict[str, np.ndarray]:
    """Return a tiny case's weights as they are stored."""
    return _arrays(f"{name}_state")


def recipe_state(keys: Mapping[str, object], *, seed: str = "") -> dict[str, np.ndarray]:
    """Return weights by the recipe for keys and shapes, or for a whole configuration.

    A ``seed`` makes others of the same layout: it goes before every key, whose last part decides what kind it is.
    """
    shapes = keys.get("keys", keys)
    assert isinstance(shapes, Mapping)
    before = f"{seed}." if seed else ""
    return {key: np.asarray(recipe().fill_value(before + key, tuple(shape))) for key, shape in shapes.items()}


def _arrays(name: str) -> dict[str, np.ndarray]:
    with np.load(shared(f"data/parity/{name}.npz"), allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays.files}
