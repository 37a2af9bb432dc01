"""Contrastive adaptation: a relevé tower, and the question which relevé belongs to which image.

Needs torch.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from torch import Tensor, nn

from botaclip.core.adapters import ReleveAdapter
from botaclip.core.errors import OptionError
from botaclip.core.losses import FloristicGramLoss, InfoNCE, SigmoidContrastiveLoss
from botaclip.core.pair_labels import PairLabels
from botaclip.training.cover_transforms import transform
from botaclip.training.fit_state import digest_of
from botaclip.training.optimiser import seeded
from botaclip.training.vegeta import ReleveTower, Vegeta, fit_vegeta

if TYPE_CHECKING:
    from botaclip.training.recipe import Recipe
    from botaclip.training.training_table import TrainingTable

Array = NDArray[np.floating]

# The relevé side starts where it should be and overfits when it runs as fast as the image side.
RELEVE_SPEED = 0.1
# One for each fold that is fitted at the same time, by digest of all it depends on, the oldest first.
_MOST_REMEMBERED = 8
_REMEMBERED: dict[str, Vegeta] = {}
_REMEMBERING = threading.Lock()


class ContrastiveObjective(nn.Module):
    """Relevé tower and contrastive loss, as the recipe has them.

    Parameters
    ----------
    releves
        The training plots' relevés, row by row.
    begun
        Vectors of the plots as the image adapter starts (N, E): where the relevé side is started by ridge regression.
    recipe
        Which VEGETA, adapter, loss, pairs.
    device, random_state
        Torch device, and seed of what begins at random.
    """

    def __init__(
        self, releves: TrainingTable, begun: Array, recipe: Recipe, *, device: str, random_state: int
    ) -> None:
        super().__init__()
        self.vegeta = vegeta_of(releves, recipe, random_state)
        axes = self.vegeta(releves.cover)
        with seeded(random_state):
            self.adapter = ReleveAdapter.of(recipe.releve_adapter, axes.shape[1], begun.shape[1])
        self.adapter.start_linear(*_ridge_start(self.adapter, axes, begun))
        self.contrast = loss_of(recipe)
        self.pairs = pairs_of(releves, recipe)
        # Trained along, VEGETA has to read the relevés of each batch; otherwise its axes are all that is needed.
        self.encoder = VegetaLayers(self.vegeta) if recipe.vegeta == "joint" else None
        self.axes = torch.as_tensor(axes, dtype=torch.float32, device=device)
        self.cover = transform(releves.cover, self.vegeta.transform) if self.encoder is not None else None
        self.to(device)

    def parts(self) -> list[tuple[nn.Module, float]]:
        """Return what is trained, each with its speed relative to the image adapter's."""
        trained = [self.adapter, self.contrast, *([] if self.encoder is None else [self.encoder])]
        return [(module, RELEVE_SPEED) for module in trained]

    def loss(self, z: Tensor, rows: Tensor) -> Tensor:
        """Return the loss of adapted vectors (B, E) of the plots ``rows`` (B,)."""
        axes = self.axes[rows] if self.encoder is None else self.encoder(self._cover_of(rows))
        value: Tensor = self.contrast(z, self.adapter(axes), *self._pairs_of(rows))
        return value

    def _cover_of(self, rows: Tensor) -> Tensor:
        """Return the transformed relevés of a batch (B, V); of a sparse table no other row is made dense."""
        assert self.cover is not None
        batch = self.cover[rows.cpu().numpy()]
        dense = batch.toarray() if hasattr(batch, "toarray") else batch
        return torch.as_tensor(dense, dtype=torch.float32, device=rows.device)

    def _pairs_of(self, rows: Tensor) -> tuple[Tensor, Tensor | None] | tuple[()]:
        if self.pairs.plain:
            return ()
        which = rows.cpu().numpy()
        labels = torch.as_tensor(self.pairs.labels(which), device=rows.device)
        targets = self.pairs.targets(which)
        return labels, None if targets is None else torch.as_tensor(targets, device=rows.device)

    def releve_side(self) -> ReleveTower:
        """Return VEGETA and its adapter as they stand."""
        vegeta = self.vegeta
        if self.encoder is not None:
            vegeta = Vegeta(vegeta.transform, tuple(self.encoder.matrices()), vegeta.met)
        return vegeta.followed_by([(_numpy(weight), _numpy(bias)) for weight, bias in self.adapter.matrices()])


class VegetaLayers(nn.Module):
    """VEGETA's layers, to be trained along.

    Parameters
    ----------
    vegeta
        Where they start.
    """

    def __init__(self, vegeta: Vegeta) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for weight, bias in vegeta.layers:
            layer = nn.utils.skip_init(nn.Linear, *weight.shape)
            with torch.no_grad():
                layer.weight.copy_(torch.tensor(weight.T))
                layer.bias.copy_(torch.tensor(bias))
            self.layers.append(layer)

    def forward(self, cover: Tensor) -> Tensor:
        """Return floristic axes (B, A) of transformed cover (B, V)."""
        for number, layer in enumerate(self.layers):
            cover = layer(cover if number == 0 else nn.functional.gelu(cover))
        return cover

    def matrices(self) -> list[tuple[Array, Array]]:
        """Return ``(weight (I, O), bias (O,))`` of each layer."""
        return [(_numpy(layer.weight.T), _numpy(layer.bias)) for layer in self.layers if isinstance(layer, nn.Linear)]


class GramObjective(nn.Module):
    """Images as alike as their relevés, by Bray-Curtis, without a relevé tower.

    Parameters
    ----------
    releves
        The training plots' relevés, row by row.
    recipe
        Which pairs are not asked about.
    """

    def __init__(self, releves: TrainingTable, recipe: Recipe) -> None:
        super().__init__()
        self.pairs = pairs_of(releves, recipe)
        self.gram = FloristicGramLoss()

    def parts(self) -> list[tuple[nn.Module, float]]:
        """Return what is trained beside the image adapter: nothing."""
        return []

    def loss(self, z: Tensor, rows: Tensor) -> Tensor:
        """Return the loss of adapted vectors (B, E) of the plots ``rows`` (B,)."""
        which = rows.cpu().numpy()
        similarity = torch.as_tensor(self.pairs.targets(which), device=z.device)
        value: Tensor = self.gram(z, similarity, torch.as_tensor(self.pairs.labels(which), device=z.device))
        return value

    def releve_side(self) -> None:
        """Return nothing: no relevé tower is trained."""
        return None


def vegeta_of(releves: TrainingTable, recipe: Recipe, random_state: int) -> Vegeta:
    """Return the encoder of relevés of these plots; the last few are remembered.

    All contrastive alignments of an inner fold read the same one, and a network takes longer than an adapter.
    """
    key = digest_of(
        releves.cover, releves.extra, releves.habitats, recipe.vegeta, recipe.vegeta_axes, recipe.transform,
        random_state,
    )
    with _REMEMBERING:
        found = _REMEMBERED.pop(key, None)
    if found is None:
        found = fit_vegeta(
            releves.cover, recipe, extra=releves.extra, habitats=releves.habitats, random_state=random_state
        )
    with _REMEMBERING:
        _REMEMBERED[key] = found
        while len(_REMEMBERED) > _MOST_REMEMBERED:
            del _REMEMBERED[next(iter(_REMEMBERED))]
    return found


def pairs_of(releves: TrainingTable, recipe: Recipe) -> PairLabels:
    """Return which images and relevés of these plots belong together."""
    return PairLabels(
        places=releves.location, sites=releves.sites, cover=releves.cover, positives=recipe.positives,
        distance=recipe.positive_distance, similarity=recipe.positive_similarity, targets=recipe.targets,
        ring=recipe.unknown_ring,
    )  # fmt: skip


def loss_of(recipe: Recipe) -> nn.Module:
    """Return the contrastive loss of a recipe; ``temperature`` is the start of t itself, learnt as its logarithm."""
    if recipe.loss == "sigmoid":
        return SigmoidContrastiveLoss(temperature=math.log(recipe.temperature), bias=recipe.bias)
    if recipe.loss == "infonce":
        return InfoNCE(temperature=math.log(recipe.temperature))
    raise OptionError(f"--loss cannot be {recipe.loss!r}", remedy="use sigmoid or infonce")


def _ridge_start(adapter: ReleveAdapter, axes: Array, begun: Array) -> tuple[Tensor, Tensor]:
    """Return where the last layer starts: where relevés already point to their images.

    So that the few steps go into the image side; in trials better than any start at random.
    """
    read = axes
    if len(adapter.layers) > 1:
        with torch.no_grad():
            inputs = torch.as_tensor(axes, dtype=torch.float32)
            read = nn.functional.gelu(adapter.layers[0](inputs)).numpy()
    start = Ridge(alpha=1.0).fit(read, begun)
    return (
        torch.as_tensor(start.coef_, dtype=torch.float32), torch.as_tensor(start.intercept_, dtype=torch.float32)
    )  # fmt: skip


def _numpy(tensor: Tensor) -> Array:
    return np.array(tensor.detach().cpu().numpy(), dtype=np.float32, order="C")
