"""The light adapters: all that BotaCLIP trains. Needs torch.

For a frozen vector of 1,024 dimensions the square image adapter has 1,049,600 parameters and a tabular adapter of
256 relevé axes 1,312,768: about the 2.4 million that the paper states.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ImageAdapter(nn.Module):
    """One linear layer. Square and started as the identity, at step 0 the adapted vector is the frozen one.

    Parameters
    ----------
    dimension
        Width of the frozen, standardised vector.
    width
        Width of the adapted vector; the same when None.
    """

    def __init__(self, dimension: int, width: int | None = None) -> None:
        super().__init__()
        self.linear = nn.Linear(dimension, width or dimension)
        nn.init.eye_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def start_linear(self, weight: Tensor, bias: Tensor) -> None:
        """Start where another model has come to instead: ``weight`` (E, D), ``bias`` (E,)."""
        with torch.no_grad():
            self.linear.weight.copy_(weight)
            self.linear.bias.copy_(bias)

    def forward(self, vectors: Tensor) -> Tensor:
        """Return adapted vectors (B, D), not normalised."""
        return self.linear(vectors)


class ReleveAdapter(nn.Module):
    """Brings relevé axes into the image space: linear, or linear - GELU - linear.

    Parameters
    ----------
    axes
        Number of VEGETA's axes.
    dimension
        Width of the shared space.
    hidden
        Width between the two layers; 0 for a single linear layer.
    """

    def __init__(self, axes: int, dimension: int, *, hidden: int = 0) -> None:
        super().__init__()
        widths = [axes, hidden, dimension] if hidden else [axes, dimension]
        self.layers = nn.ModuleList(
            nn.Linear(first, second) for first, second in zip(widths[:-1], widths[1:], strict=True)
        )

    def forward(self, axes: Tensor) -> Tensor:
        """Return vectors (B, D) of relevé axes (B, A), not normalised."""
        for number, layer in enumerate(self.layers):
            axes = layer(axes if number == 0 else nn.functional.gelu(axes))
        return axes

    def start_linear(self, weight: Tensor, bias: Tensor) -> None:
        """Start a single linear layer at a known solution: ``weight`` (D, A), ``bias`` (D,)."""
        with torch.no_grad():
            last = self.layers[-1]
            assert isinstance(last, nn.Linear)
            last.weight.copy_(weight)
            last.bias.copy_(bias)


def count_parameters(*modules: nn.Module) -> int:
    """Return how many numbers are trained."""
    return sum(p.numel() for module in modules for p in module.parameters() if p.requires_grad)
