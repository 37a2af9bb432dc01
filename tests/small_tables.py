"""Tables of plots made from a known rule: images that show the plants, or that show nothing."""

from __future__ import annotations

import numpy as np

from botaclip.training.training_table import TrainingTable


def planted(
    plots: int = 120, *, dimension: int = 24, species: int = 8, signal: float = 3.0, noise: float = 1.0, rank: int = 2,
    seed: int = 0,
) -> TrainingTable:
    """Return plots whose species follow ``rank`` gradients that a few directions of the image carry.

    ``signal`` scales the gradients in the image, ``noise`` everything else in it; 0 signal makes pure noise. Image
    vectors have a mean and a scale of their own, as frozen features have. Places are a 2 km square; the gradients
    do not depend on them.
    """
    random = np.random.default_rng(seed)
    gradients = random.normal(size=(plots, rank))
    carried = random.normal(size=(rank, dimension))
    carried /= np.linalg.norm(carried, axis=1, keepdims=True)
    vectors = 5.0 + 0.3 * (signal * gradients @ carried + noise * random.normal(size=(plots, dimension)))
    niches = random.normal(size=(rank, species))
    level = 1.5 * gradients @ niches / np.linalg.norm(niches, axis=0)
    presence = (level + random.logistic(size=level.shape) * 0.4 > 0).astype(np.float32)
    cover = presence * np.round(random.uniform(1, 80, level.shape) * (1 / (1 + np.exp(-level))), 1).astype(np.float32)
    cover = np.maximum(cover, presence).astype(np.float32)
    # Two species that are met but not modelled; an empty relevé.
    rare = (random.random((plots, 2)) < 0.05).astype(np.float32)
    cover, presence = np.hstack([cover, rare]), presence.copy()
    cover[3], presence[3] = 0.0, 0.0
    return TrainingTable(
        ids=tuple(f"p{i:03}" for i in range(plots)),
        places=random.uniform(0, 2_000, (plots, 2)),
        vectors=vectors.astype(np.float32),
        cover=cover,
        presence=presence,
        species=tuple(f"species {s}" for s in range(species)),
    )


def thirds(table: TrainingTable, parts: int = 3) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (train, held-out) pairs: every third plot."""
    every = np.arange(len(table))
    return [(every[every % parts != part], every[every % parts == part]) for part in range(parts)]
