"""The light adapters: all that BotaCLIP trains. Needs torch.

For a frozen vector of 1,024 dimensions the square linear image adapter has 1,049,600 parameters and a relevé adapter
of 256 axes with a hidden layer of 1,024 has 1,312,768: with the loss's temperature and bias 2,362,370, about the 2.4
million that the paper states. The paper's variants named by letters (L, A) are not resolved; the forms here have our
own plain names.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from botaclip.core.errors import OptionError

IMAGE_FORMS = ("linear", "residual", "attention")
RELEVE_FORMS = ("linear", "mlp")
# Of the residual branch: a quarter of the vector's width.
_BRANCH = 4
# Of attention: dimensions in a group, and width of its token.
GROUP, TOKEN = 32, 64


class ImageAdapter(nn.Module):
    """Moves frozen, standardised image vectors. Square and untrained, every form is exactly the identity.

    ``ImageAdapter(dimension, width=None, form="linear")`` is all that is needed. The forms, of a vector ``x``:

    - ``linear``: ``x W + b``.
    - ``residual``: ``x W + b + gelu(x W1 + b1) W2``, the hidden layer a quarter as wide as ``x``; ``W2`` starts at 0.
    - ``attention``: ``(x + a(x)) W + b``. ``a`` cuts ``x`` into groups of 32 dimensions, makes a token of each (a
      matrix of its own for every group, for the order of dimensions means nothing), lets the tokens attend to each
      other (one head; Vaswani et al. 2017, arXiv:1706.03762) and brings them back; what brings them back starts at 0.

    In each form the linear part starts as the identity, so at step 0 the adapted vector is the frozen one, the
    geometry regulariser is 0 and its gradient too. What is drawn at random (all but the linear part and what starts
    at 0) comes from torch's generator: seed it before (``torch.manual_seed``).

    Parameters
    ----------
    dimension
        Width of the frozen, standardised vector.
    width
        Width of the adapted vector; the same when None.
    form
        One of the above.

    Raises
    ------
    OptionError
        The form is unknown.
    """

    def __init__(self, dimension: int, width: int | None = None, form: str = "linear") -> None:
        super().__init__()
        if form not in IMAGE_FORMS:
            raise OptionError(f"there is no image adapter {form!r}", remedy=f"use {', '.join(IMAGE_FORMS)}")
        self.form = form
        self.linear = nn.Linear(dimension, width or dimension)
        nn.init.eye_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.branch = _Branch(dimension, width or dimension) if form == "residual" else None
        self.attention = _GroupAttention(dimension) if form == "attention" else None

    def start_linear(self, weight: Tensor, bias: Tensor) -> None:
        """Let the linear part start where another model has come to: ``weight`` (E, D), ``bias`` (E,).

        What the other forms add to it stays at 0, so every form can continue from a linear adapter.
        """
        with torch.no_grad():
            self.linear.weight.copy_(weight)
            self.linear.bias.copy_(bias)

    def forward(self, vectors: Tensor) -> Tensor:
        """Return adapted vectors (B, E) of (B, D), not normalised."""
        if self.attention is not None:
            vectors = vectors + self.attention(vectors)
        adapted: Tensor = self.linear(vectors)
        return adapted if self.branch is None else adapted + self.branch(vectors)

    def matrices(self) -> dict[str, Tensor]:
        """Return all numbers by name, each matrix as (in, out); what :class:`botaclip.training.adapter.Adapter` reads.

        ``weight`` (D, E), ``bias`` (E,); ``residual`` also ``hidden_weight`` (D, H), ``hidden_bias`` (H,) and
        ``out_weight`` (H, E); ``attention`` also ``token_weight`` (G, C, M), ``token_bias`` (G, M), ``query_weight``,
        ``key_weight``, ``value_weight`` (M, M), ``query_bias``, ``key_bias``, ``value_bias`` (M,) and ``out_weight``
        (G, M, C), for G groups of C dimensions.
        """
        found: dict[str, Tensor] = {"weight": self.linear.weight.T, "bias": self.linear.bias}
        if self.branch is not None:
            hidden, out = self.branch.hidden, self.branch.out
            found |= {"hidden_weight": hidden.weight.T, "hidden_bias": hidden.bias, "out_weight": out.weight.T}
        if self.attention is not None:
            found |= self.attention.matrices()
        return found


class _Branch(nn.Module):
    """What the residual form adds: linear, GELU, linear, the last layer 0 at the start."""

    def __init__(self, dimension: int, width: int) -> None:
        super().__init__()
        hidden = max(1, dimension // _BRANCH)
        self.hidden = nn.Linear(dimension, hidden)
        # Without a bias: that of the linear part beside it does the same.
        self.out = nn.Linear(hidden, width, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(self, vectors: Tensor) -> Tensor:
        added: Tensor = self.out(functional.gelu(self.hidden(vectors)))
        return added


class _GroupAttention(nn.Module):
    """What the attention form adds before its linear part: attention among groups of dimensions, 0 at the start."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.dimension = dimension
        size = min(GROUP, dimension)
        groups = -(-dimension // size)
        self.token_weight = nn.Parameter(torch.randn(groups, size, TOKEN) / math.sqrt(size))
        # One long vector, for what has two axes is decayed as a matrix is.
        self.token_bias = nn.Parameter(torch.randn(groups * TOKEN) * 0.02)
        self.query, self.key, self.value = (nn.Linear(TOKEN, TOKEN) for _ in range(3))
        self.out_weight = nn.Parameter(torch.zeros(groups, TOKEN, size))

    def forward(self, vectors: Tensor) -> Tensor:
        groups, size, _ = self.token_weight.shape
        padded = functional.pad(vectors, (0, groups * size - self.dimension))
        tokens = torch.einsum("bgc,gcm->bgm", padded.reshape(-1, groups, size), self.token_weight)
        tokens = tokens + self.token_bias.view(groups, TOKEN)
        query, key, value = self.query(tokens), self.key(tokens), self.value(tokens)
        attended = torch.softmax(query @ key.transpose(1, 2) / math.sqrt(TOKEN), dim=2) @ value
        made = torch.einsum("bgm,gmc->bgc", attended, self.out_weight)
        return made.reshape(-1, groups * size)[:, : self.dimension]

    def matrices(self) -> dict[str, Tensor]:
        """Return all numbers by name."""
        groups = len(self.token_weight)
        return {
            "token_weight": self.token_weight, "token_bias": self.token_bias.view(groups, TOKEN),
            "out_weight": self.out_weight,
            "query_weight": self.query.weight.T, "query_bias": self.query.bias,
            "key_weight": self.key.weight.T, "key_bias": self.key.bias,
            "value_weight": self.value.weight.T, "value_bias": self.value.bias,
        }  # fmt: skip


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

    @classmethod
    def of(cls, form: str, axes: int, dimension: int) -> ReleveAdapter:
        """Return the adapter of a form by name: ``linear``, or ``mlp`` with a hidden layer as wide as the space.

        Raises
        ------
        OptionError
            The form is unknown.
        """
        if form not in RELEVE_FORMS:
            raise OptionError(f"there is no relevé adapter {form!r}", remedy=f"use {' or '.join(RELEVE_FORMS)}")
        return cls(axes, dimension, hidden=dimension if form == "mlp" else 0)

    def forward(self, axes: Tensor) -> Tensor:
        """Return vectors (B, D) of relevé axes (B, A), not normalised."""
        for number, layer in enumerate(self.layers):
            axes = layer(axes if number == 0 else functional.gelu(axes))
        return axes

    def start_linear(self, weight: Tensor, bias: Tensor) -> None:
        """Start the last layer (of ``linear`` the only one) at a known solution: ``weight`` (D, A), ``bias`` (D,)."""
        with torch.no_grad():
            last = self.layers[-1]
            assert isinstance(last, nn.Linear)
            last.weight.copy_(weight)
            last.bias.copy_(bias)

    def matrices(self) -> list[tuple[Tensor, Tensor]]:
        """Return ``(weight (I, O), bias (O,))`` of each layer, GELU between them."""
        return [(layer.weight.T, layer.bias) for layer in self.layers if isinstance(layer, nn.Linear)]


def count_parameters(*modules: nn.Module) -> int:
    """Return how many numbers are trained."""
    return sum(p.numel() for module in modules for p in module.parameters() if p.requires_grad)
