"""Batches of two views of the same places, the same for the same seed and step, so that a resumed run sees no others.

Needs torch.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from botaclip.training.pretrain_imagery import SHARES, Picture
from botaclip.training.pretrain_network import BANDS, CENTRE, MARGIN_PX, SPREAD, STRIDE_PX

# Cells a side: 70 pixels.
CELLS = 6
SIDE_PX = CELLS * STRIDE_PX + 2 * MARGIN_PX
# A batch is seen at one ground sample distance, between so many times finer and coarser than it was taken.
SCALES = (0.7, 1.8)
# The second view lies up to this share of its side apart.
SHIFT = 0.3
# Chance that a view has no near infrared; that it is the place on another date, where there is one.
WITHOUT_NIR, OTHER_DATE = 0.4, 0.5

# Pictures looked at as a whole in a step, and the side that is seen of them in pixels: all of a NAIP crop, 20 m of a
# NEON plot and what the outer cells see around them.
LABELLED = 4
WHOLE = {"naip": 29 * STRIDE_PX + 2 * MARGIN_PX, "neon": 25 * STRIDE_PX + 2 * MARGIN_PX}
_JITTER = 4

Images = NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Views:
    """Two views of B places.

    Parameters
    ----------
    first, second
        Normalised pixels (B, 4, P, P), zeros where near infrared is not known.
    first_nir, second_nir
        (B,) 1 where it is known.
    plain
        The first view before its colours were changed and its bands dropped, values 0 to 1 (B, 4, P, P).
    plain_nir
        (B,).
    pictures
        Index of the picture of each place.
    """

    first: Tensor
    first_nir: Tensor
    second: Tensor
    second_nir: Tensor
    plain: Tensor
    plain_nir: Tensor
    pictures: NDArray[np.intp]


@dataclasses.dataclass(frozen=True)
class Labelled:
    """Pictures as a whole, of which something is known.

    Parameters
    ----------
    pixels, has_nir
        As the views' (L, 4, P, P), (L,).
    labels
        (L, K), NaN where not known.
    """

    pixels: Tensor
    has_nir: Tensor
    labels: Tensor


class ViewSource:
    """Makes batches.

    Parameters
    ----------
    pictures
        What there is.
    batch
        Number of places B.
    random_state
        Seed.
    labels
        What is known of each picture (N, K), NaN where not; None for nothing.
    """

    def __init__(
        self, pictures: Sequence[Picture], *, batch: int, random_state: int, labels: Images | None = None
    ) -> None:
        self.labels = labels
        self.pictures = list(pictures)
        self.batch = batch
        self.random_state = random_state
        by_source: dict[str, list[int]] = defaultdict(list)
        dates: dict[str, list[int]] = defaultdict(list)
        for index, picture in enumerate(self.pictures):
            by_source[picture.source].append(index)
            dates[f"{picture.source} {picture.name}"].append(index)
        self._sources = sorted(by_source)
        self._indices = [np.array(by_source[name]) for name in self._sources]
        shares = np.array([SHARES[name] for name in self._sources])
        self._shares = shares / shares.sum()
        self._dates = [dates[f"{picture.source} {picture.name}"] for picture in self.pictures]

    def at(self, step: int) -> Views:
        """Return the batch of a step."""
        rng = np.random.default_rng([self.random_state, step])
        side = round(SIDE_PX * float(np.exp(rng.uniform(*np.log(SCALES)))))
        which = rng.choice(len(self._sources), self.batch, p=self._shares)
        chosen = np.array([rng.choice(self._indices[source]) for source in which], dtype=np.intp)
        one, other = (np.zeros((self.batch, len(BANDS), side, side), np.float32) for _ in range(2))
        nir_one, nir_other = np.zeros(self.batch, np.float32), np.zeros(self.batch, np.float32)
        for row, index in enumerate(chosen):
            pixels = self.pictures[index].pixels
            limits = np.maximum(np.array(pixels.shape[1:]) - side, 0)
            corner = rng.integers(0, limits + 1)
            shifted = np.clip(corner + np.rint(rng.uniform(-SHIFT, SHIFT, 2) * side).astype(int), 0, limits)
            dated = self._dates[index]
            again = rng.choice(dated) if len(dated) > 1 and rng.random() < OTHER_DATE else index
            later = self.pictures[again].pixels
            if later.shape != pixels.shape:
                later = pixels
            turn, turned = rng.integers(8, size=2)
            nir_one[row] = _put(one[row], pixels, corner, side, turn)
            nir_other[row] = _put(other[row], later, shifted, side, turned)
        plain, second = (
            functional.interpolate(torch.from_numpy(pixels / 255.0), size=SIDE_PX, mode="bilinear", antialias=True)
            for pixels in (one, other)
        )
        light = np.exp(rng.uniform(0.0, 1.0, self.batch) * np.log([self.pictures[i].brightest for i in chosen]))
        first, first_nir = _changed(plain, nir_one, light, rng)
        second, second_nir = _changed(second, nir_other, light, rng)
        return Views(first, first_nir, second, second_nir, plain, torch.from_numpy(nir_one), chosen)


    def labelled_at(self, step: int) -> Labelled | None:
        """Return whole pictures of one source of which something is known; None where there is none.

        Sources take turns. A relevé is of the middle of a NEON picture, and of no more than 20 m of it.
        """
        if self.labels is None:
            return None
        known = np.asarray(np.isfinite(self.labels).any(axis=1))
        sources = [name for name in WHOLE if any(known[i] for i in self._of(name))]
        if not sources:
            return None
        source = sources[step % len(sources)]
        rng = np.random.default_rng([self.random_state, step, 1])
        side = WHOLE[source]
        chosen = rng.choice([i for i in self._of(source) if known[i]], LABELLED)
        pixels, nir = np.zeros((LABELLED, len(BANDS), side, side), np.float32), np.zeros(LABELLED, np.float32)
        for row, index in enumerate(chosen):
            image = self.pictures[index].pixels
            spare = np.array(image.shape[1:]) - side
            corner = np.clip(spare // 2 + rng.integers(-_JITTER, _JITTER + 1, 2), 0, np.maximum(spare, 0))
            nir[row] = _put(pixels[row], image, corner, side, int(rng.integers(8)))
        changed, has_nir = _changed(torch.from_numpy(pixels / 255.0), nir, np.ones(LABELLED), rng)
        return Labelled(changed, has_nir, torch.from_numpy(self.labels[chosen]))

    def _of(self, source: str) -> NDArray[np.intp]:
        """Return the indexes of the pictures of a source."""
        empty = np.zeros(0, dtype=np.intp)
        return self._indices[self._sources.index(source)] if source in self._sources else empty


def normalised(pixels: Tensor, has_nir: Tensor) -> Tensor:
    """Return what the network takes of values 0 to 1 (B, 4, H, W): centred and scaled, an unknown band 0."""
    x = (pixels - CENTRE) / SPREAD
    known = torch.ones_like(x[:, :, :1, :1])
    known[:, 3] = has_nir[:, None, None]
    return x * known


def _put(into: Images, pixels: NDArray[np.uint8], corner: NDArray[np.integer], side: int, turn: int) -> float:
    """Write a square of a picture, turned and mirrored, and return whether it has near infrared."""
    top, left = corner
    square = pixels[:, top : top + side, left : left + side]
    # A picture smaller than the square is mirrored at its border.
    short = [(0, 0), *((0, side - length) for length in square.shape[1:])]
    if any(missing for _, missing in short):
        square = np.pad(square, short, mode="symmetric")
    square = np.rot90(square, turn % 4, axes=(1, 2))
    if turn >= 4:
        square = square[:, :, ::-1]
    into[: len(square)] = square
    return float(len(square) == len(BANDS))


def _changed(
    pixels: Tensor, has_nir: NDArray[np.float32], light: NDArray[np.floating], rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Return a view in another light, with other contrast and grain, sometimes without near infrared; normalised."""
    batch = len(pixels)
    gain = light[:, None] * np.exp(rng.normal(0, 0.12, (batch, 1)) + rng.normal(0, 0.05, (batch, len(BANDS))))
    contrast = np.exp(rng.normal(0, 0.1, batch))
    x = pixels * torch.from_numpy(gain.astype(np.float32))[:, :, None, None]
    mean = x.mean(dim=(2, 3), keepdim=True)
    x = mean + (x - mean) * torch.from_numpy(contrast.astype(np.float32))[:, None, None, None]
    grain = torch.from_numpy(rng.normal(0, 1, pixels.shape).astype(np.float32))
    x = x + grain * torch.from_numpy(rng.uniform(0, 0.015, batch).astype(np.float32))[:, None, None, None]
    soft = functional.avg_pool2d(functional.pad(x, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    blurred = torch.from_numpy(rng.random(batch) < 0.25)[:, None, None, None]
    x = torch.where(blurred, soft, x).clamp(0.0, 1.0)
    known = torch.from_numpy((has_nir * (rng.random(batch) > WITHOUT_NIR)).astype(np.float32))
    return normalised(x, known), known
