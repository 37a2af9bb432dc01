"""The small network that ``training/pretrain.py`` trains: convolutions without borders, so that a map is its patches.

Needs torch. Nothing in it looks beyond its field: no padding, no squeeze-and-excitation, no norm over an image (batch
norm has fixed numbers once trained, and goes into the convolutions). A cell of 8 x 8 pixels sees 30 x 30, so that the
vector of a patch, the mean over its cells, is the same cut out or read from a map.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

STRIDE_PX = 8
MARGIN_PX = 11
CENTRE, SPREAD = 0.4, 0.2
BANDS = ("red", "green", "blue", "nir")
# Widths of the stages at a half and a quarter of the resolution.
STEM, BODY = 40, 80


def crop(x: Tensor, border: int) -> Tensor:
    """Cut ``border`` pixels off every side of (B, C, H, W)."""
    return x[:, :, border:-border, border:-border]


class Block(nn.Module):
    """A depthwise 3 x 3 convolution and two pointwise ones beside a straight way; takes one pixel off every side.

    Parameters
    ----------
    width, inner
        Channels outside and inside.
    """

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 3, groups=width, bias=False)
        self.norm = nn.BatchNorm2d(width, momentum=0.05)
        self.wide = nn.Conv2d(width, inner, 1)
        self.narrow = nn.Conv2d(inner, width, 1)
        # Begins as the straight way.
        nn.init.zeros_(self.narrow.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, H - 2, W - 2)."""
        return crop(x, 1) + self.narrow(torch.relu(self.wide(self.norm(self.depthwise(x)))))


class ConvEncoder(nn.Module):
    """Pixels (B, 4, 8 h + 22, 8 w + 22) to cells (B, D, h, w).

    An image without near infrared has zeros there and says so; a learnt offset takes its place, which in the graph for
    three bands is part of the first convolution's bias.

    Parameters
    ----------
    dimension
        Length D of a cell's vector.
    """

    def __init__(self, dimension: int = 256) -> None:
        super().__init__()
        self.dimension = dimension
        self.stem = nn.Conv2d(len(BANDS), STEM, 4, stride=2)
        self.without_nir = nn.Parameter(torch.zeros(STEM))
        self.stem_norm = nn.BatchNorm2d(STEM, momentum=0.05)
        self.fine = Block(STEM, 2 * STEM)
        self.halve = nn.Conv2d(STEM, BODY, 2, stride=2, bias=False)
        self.halve_norm = nn.BatchNorm2d(BODY, momentum=0.05)
        self.coarse = nn.Sequential(Block(BODY, 2 * BODY), Block(BODY, 2 * BODY))
        self.last = nn.Conv2d(BODY, dimension, 1, bias=False)
        self.last_norm = nn.BatchNorm2d(dimension, momentum=0.05)

    def forward(self, pixels: Tensor, has_nir: Tensor) -> Tensor:
        """Return cells of normalised pixels; ``has_nir`` (B,) is 1 where the fourth band is known, else 0."""
        offset = (1.0 - has_nir)[:, None] * self.without_nir
        x = torch.relu(self.stem_norm(self.stem(pixels) + offset[:, :, None, None]))
        x = torch.relu(self.halve_norm(self.halve(self.fine(x))))
        x = torch.relu(self.last_norm(self.last(self.coarse(x))))
        return nn.functional.avg_pool2d(x, 2)


class Projector(nn.Module):
    """What the self-supervised objectives look through; thrown away afterwards.

    Parameters
    ----------
    dimension, width
        Lengths of what it is given and what it gives.
    """

    def __init__(self, dimension: int, width: int = 256) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm1d(dimension, affine=False), nn.Linear(dimension, 512), nn.BatchNorm1d(512), nn.ReLU(),
            nn.Linear(512, width),
        )  # fmt: skip

    def forward(self, vectors: Tensor) -> Tensor:
        """Return (B, width) of vectors (B, D)."""
        projected: Tensor = self.layers(vectors)
        return projected
