"""Encoders small enough to be exported in a second, one of each kind."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from botaclip.core.encoders.frozen import FrozenEncoder


class ToyTransformer(FrozenEncoder):
    """One block on a fixed grid of tokens."""

    def __init__(self, *, channels: int = 3, width: int = 16, grid: int = 4, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.dimension, self.token_px = width, 8
        self.patch = nn.Conv2d(channels, width, 8, 8)
        self.cls_token = nn.Parameter(torch.empty(1, 1, width))
        self.positions = nn.Parameter(torch.empty(1, grid * grid + 1, width))
        self.norm1, self.norm2, self.norm = (nn.LayerNorm(width) for _ in range(3))
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
        self.frozen()

    def _every(self, pixels: Tensor) -> tuple[Tensor, int, int]:
        patches = self.patch(pixels)
        batch, width, rows, columns = patches.shape
        x = torch.cat([self.cls_token.expand(batch, -1, -1), patches.flatten(2).transpose(1, 2)], dim=1)
        x = x + self.positions
        parts = self.qkv(self.norm1(x)).reshape(batch, -1, 3, 2, width // 2).permute(2, 0, 3, 1, 4)
        query, key, value = parts.unbind(0)
        seen = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(batch, -1, width)
        x = x + self.proj(seen)
        x = x + self.fc2(functional.gelu(self.fc1(self.norm2(x))))
        return self.norm(x), rows, columns

    def features(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        every, rows, columns = self._every(pixels)
        return every[:, 0], every[:, 1:].transpose(1, 2).reshape(pixels.shape[0], self.dimension, rows, columns)


class ToyConvolutions(FrozenEncoder):
    """Three convolutions, stride 4, each cell with 7 pixels around it: dense and tokens, any size."""

    def __init__(self, *, channels: int = 3, width: int = 16, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.dimension, self.token_px, self.margin_px = width, 4, 8
        self.first, self.second = nn.Conv2d(channels, 8, 3, 2, 1), nn.Conv2d(8, width, 3, 2, 1)
        self.norm, self.third = nn.BatchNorm2d(width), nn.Conv2d(width, width, 3, 1, 1)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
        self.frozen()

    def features(self, pixels: Tensor) -> tuple[None, Tensor]:
        return None, self.third(functional.relu(self.norm(self.second(functional.relu(self.first(pixels))))))

    def dense(self, pixels: Tensor) -> Tensor:
        return self.tokens(pixels)[:, :, 2:-2, 2:-2]
