"""The plain vision transformer behind a patch embedding, with the key names that DOFA shares with timm. Needs torch.

Dosovitskiy et al. 2021, An image is worth 16 x 16 words, https://arxiv.org/abs/2010.11929; LayerScale: Touvron et al.
2021, https://doi.org/10.1109/ICCV48922.2021.00010.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_EPS = 1e-6
_MLP_RATIO = 4


class Attention(nn.Module):
    """Self-attention with queries, keys and values from one linear map."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return ``(B, N, D)`` for ``(B, N, D)``."""
        batch, count, width = tokens.shape
        parts = self.qkv(tokens).reshape(batch, count, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = parts.unbind(0)
        seen = functional.scaled_dot_product_attention(query, key, value)
        return self.proj(seen.transpose(1, 2).reshape(batch, count, width))


class Mlp(nn.Module):
    """Two linear maps with a GELU between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, _MLP_RATIO * width)
        self.fc2 = nn.Linear(_MLP_RATIO * width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return ``(B, N, D)`` for ``(B, N, D)``."""
        return self.fc2(functional.gelu(self.fc1(tokens)))


class LayerScale(nn.Module):
    """A learned factor for each dimension of a residual branch."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, tokens: Tensor) -> Tensor:
        """Return ``(B, N, D)`` for ``(B, N, D)``."""
        return tokens * self.gamma


class Block(nn.Module):
    """Attention and MLP, each after a norm and beside a shortcut."""

    def __init__(self, width: int, heads: int, *, layer_scale: bool) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=_EPS)
        self.attn = Attention(width, heads)
        self.ls1 = LayerScale(width) if layer_scale else nn.Identity()
        self.norm2 = nn.LayerNorm(width, eps=_EPS)
        self.mlp = Mlp(width)
        self.ls2 = LayerScale(width) if layer_scale else nn.Identity()

    def forward(self, tokens: Tensor) -> Tensor:
        """Return ``(B, N, D)`` for ``(B, N, D)``."""
        tokens = tokens + self.ls1(self.attn(self.norm1(tokens)))
        return tokens + self.ls2(self.mlp(self.norm2(tokens)))


class Trunk(nn.Module):
    """Class token, learned positions and blocks: everything of a ViT between its patches and its last norm.

    Parameters
    ----------
    width, depth, heads
        Dimensions of a token, number of blocks, attention heads of each.
    side
        Tokens on each side of the image that the positions were learned on.
    layer_scale
        Whether the blocks have LayerScale.
    norm
        Whether the checkpoint has a last norm.
    """

    def __init__(
        self, width: int, depth: int, heads: int, side: int, *, layer_scale: bool = False, norm: bool = False
    ) -> None:
        super().__init__()
        self.side = side
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + side * side, width))
        self.blocks = nn.ModuleList(Block(width, heads, layer_scale=layer_scale) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=_EPS) if norm else None
        self._prepared: dict[tuple[int, int], Tensor] = {}

    def after_blocks(self, patches: Tensor) -> Tensor:
        """Return the tokens after the last block, before any norm.

        Parameters
        ----------
        patches
            Embedded patches ``(B, D, h, w)``.

        Returns
        -------
        Tensor
            ``(B, 1 + h w, D)``, the class token first.
        """
        batch, _, height, width = patches.shape
        positions = self.positions(int(height), int(width))
        first = (self.cls_token + positions[:, :1]).expand(batch, -1, -1)
        tokens = torch.cat((first, patches.flatten(2).transpose(1, 2) + positions[:, 1:]), dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        return tokens

    def positions(self, height: int, width: int) -> Tensor:
        """Return the positions ``(1, 1 + h w, D)`` for a map of so many tokens.

        Another size than that of training is interpolated (bicubic, antialiased), as timm and the fine-tuning recipes
        of ViTs do; the class token's own stays.
        """
        if (height, width) == (self.side, self.side):
            return self.pos_embed
        if (height, width) in self._prepared:
            return self._prepared[height, width]
        learned = self.pos_embed[:, 1:].reshape(1, self.side, self.side, -1).permute(0, 3, 1, 2)
        resized = functional.interpolate(learned, (height, width), mode="bicubic", antialias=True, align_corners=False)
        return torch.cat((self.pos_embed[:, :1], resized.flatten(2).transpose(1, 2)), dim=1)

    def prepare_positions(self, height: int, width: int) -> None:
        """Keep the positions for a map of so many tokens; an exported graph then holds them instead of making them."""
        self._prepared = {}
        with torch.no_grad():
            self._prepared = {(height, width): self.positions(height, width).clone()}
