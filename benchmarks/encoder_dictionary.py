"""A dictionary of patches as an encoder: filters learnt by k-means from whitened pixels, in minutes and without labels.

After Coates, Ng & Lee (2011, An analysis of single-layer networks in unsupervised feature learning, AISTATS), who found
it ahead of deeper networks where images are few. Laid out as ``random-conv`` is, so that the two differ in the filters
alone: two scales, rectified, pooled to mean and standard deviation in cells of 10 pixels. With ``even`` each patch is
divided by its own contrast, so that light and haze do not count. It is one of the ways that ``encoders.py`` compares.
"""

from __future__ import annotations

from collections.abc import Sequence

from checkout import register

register()

import numpy as np  # noqa: E402
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.nn import functional  # noqa: E402

from botaclip.training.pretrain_imagery import SHARES, Picture  # noqa: E402
from botaclip.training.pretrain_network import CENTRE, SPREAD  # noqa: E402

# Filters and their sides on the pixels (stride 2) and on means of 2 x 2 pixels (stride 1).
FILTERS, SIDES = (96, 64), (4, 5)
CELL_PX = 10
CROPS, CROP_PX, PATCHES, ROUNDS = 600, 64, 60_000, 15
# Of the mean variance, added to whiten; of a patch, added to its own.
RIDGE, LEAST_VARIANCE = 0.1, 0.02
# A filter answers to its highest 30 % of patches.
QUANTILE = 0.7


class Dictionary:
    """Filters learnt from pictures.

    Parameters
    ----------
    pictures
        What to learn from.
    bands
        3 or 4: only pictures that have as many are looked at.
    even
        Whether each patch is divided by its contrast.
    random_state
        Seed.
    """

    def __init__(self, pictures: Sequence[Picture], bands: int, *, even: bool, random_state: int) -> None:
        self.bands, self.even = bands, even
        rng = np.random.default_rng(random_state)
        crops = _crops([picture for picture in pictures if len(picture.pixels) >= bands], bands, rng)
        self.filters = [
            self._learnt(image, count, side, rng)
            for image, count, side in zip((crops, functional.avg_pool2d(crops, 2)), FILTERS, SIDES, strict=True)
        ]

    def _learnt(self, image: Tensor, count: int, side: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return filters (count, C, side, side) and biases that work on pixels, whitening folded in."""
        patches = functional.unfold(image, side).permute(0, 2, 1).reshape(-1, self.bands * side * side)
        patches = patches[torch.from_numpy(rng.permutation(len(patches))[:PATCHES])]
        if self.even:
            variance = patches.var(dim=1, keepdim=True, unbiased=False)
            patches = (patches - patches.mean(dim=1, keepdim=True)) / (variance + LEAST_VARIANCE).sqrt()
        mean = patches.mean(dim=0)
        centred = (patches - mean).double()
        values, axes = torch.linalg.eigh(centred.T @ centred / len(centred))
        white = ((axes / (values + RIDGE * values.mean()).sqrt()) @ axes.T).float()
        z = (patches - mean) @ white
        words = functional.normalize(z[:count])
        for _ in range(ROUNDS):
            most, nearest = (z @ words.T).max(dim=1)
            grown = torch.zeros_like(words).index_add_(0, nearest, z * most[:, None])
            lost = grown.norm(dim=1) < 1e-6
            grown[lost] = z[torch.from_numpy(rng.integers(len(z), size=int(lost.sum())))]
            words = functional.normalize(grown)
        level = torch.quantile((z @ words.T)[:20_000], QUANTILE, dim=0)
        filters = words @ white
        return filters.reshape(count, self.bands, side, side), -(filters @ mean) - level

    @torch.no_grad()
    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return the mean over the whole cells of every image (N, D)."""
        return np.array([self._vector(image) for image in images], dtype=np.float32)

    def _vector(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        pixels = (torch.from_numpy(image[: self.bands].astype(np.float32))[None] / 255.0 - CENTRE) / SPREAD
        parts = [_pooled(pixels, CELL_PX)]
        for number, (filters, biases) in enumerate(self.filters):
            at = pixels if number == 0 else functional.avg_pool2d(pixels, 2)
            answers = self._answers(at, filters, biases)
            parts.append(_pooled(answers[:, :, ::2, ::2] if number == 0 else answers, CELL_PX // 2))
        return np.asarray(torch.cat(parts), dtype=np.float32)

    def _answers(self, image: Tensor, filters: Tensor, biases: Tensor) -> Tensor:
        answers = functional.conv2d(image, filters)
        if self.even:
            side = filters.shape[-1]
            mean, square = (
                functional.avg_pool2d(part.mean(dim=1, keepdim=True), side, stride=1)
                for part in (image, image.square())
            )
            whole = filters.sum(dim=(1, 2, 3))[None, :, None, None]
            answers = (answers - mean * whole) / ((square - mean.square()).clamp_min(0) + LEAST_VARIANCE).sqrt()
        return torch.relu(answers + biases[None, :, None, None])


def _crops(pictures: Sequence[Picture], bands: int, rng: np.random.Generator) -> Tensor:
    """Return squares (CROPS, C, CROP_PX, CROP_PX), normalised, seen from nearer and farther and in other light."""
    of = {source: [picture for picture in pictures if picture.source == source] for source in SHARES}
    sources = [source for source, found in of.items() if found]
    shares = np.array([SHARES[source] for source in sources])
    squares = []
    for _ in range(CROPS):
        found = of[sources[rng.choice(len(sources), p=shares / shares.sum())]]
        picture = found[rng.integers(len(found))]
        side = min(int(CROP_PX * np.exp(rng.uniform(*np.log((0.7, 1.8))))), *picture.pixels.shape[1:])
        top, left = (rng.integers(length - side + 1) for length in picture.pixels.shape[1:])
        square = picture.pixels[:bands, top : top + side, left : left + side].astype(np.float32) / 255.0
        resized = functional.interpolate(
            torch.from_numpy(square)[None], size=CROP_PX, mode="bilinear", antialias=True
        )
        light = float(np.exp(rng.uniform() * np.log(picture.brightest)))
        squares.append(((resized * light).clamp(0, 1) - CENTRE) / SPREAD)
    return torch.cat(squares)


def _pooled(image: Tensor, side: int) -> Tensor:
    """Return mean and standard deviation in cells, averaged over them (2 K)."""
    mean = functional.avg_pool2d(image, side)
    spread = (functional.avg_pool2d(image.square(), side) - mean.square()).clamp_min(0).sqrt()
    return torch.cat([mean.mean(dim=(2, 3)), spread.mean(dim=(2, 3))], dim=1)[0]
