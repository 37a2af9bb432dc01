"""What every encoder built from a checkpoint can do, and how its weights get in. Needs torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from botaclip.core.encoders.layouts import explain, recognise
from botaclip.core.encoders.record import POOLINGS
from botaclip.core.errors import EncoderError

_Module = TypeVar("_Module", bound="FrozenEncoder")


class FrozenEncoder(nn.Module):
    """A network that only looks: in eval mode, without gradients, on normalised pixels.

    Its input is float32 ``(B, C, H, W)``, centred and scaled as its record says, bands in the order it was built for.
    A loader overrides :meth:`features`, and :meth:`dense` where the field of a convolutional network is small.

    Attributes
    ----------
    dimension
        Length D of a token or cell of the stage it was built for.
    token_px
        Side of the square of input pixels that a token stands for.
    margin_px
        Pixels on each side that :meth:`dense` takes from its input beyond the cells it gives back.
    """

    dimension: int
    token_px: int
    margin_px: int = 0

    def features(self, pixels: Tensor) -> tuple[Tensor | None, Tensor]:
        """Return the class token ``(B, D)``, None where there is none, and the map of tokens ``(B, D, h, w)``."""
        raise NotImplementedError

    def tokens(self, pixels: Tensor) -> Tensor:
        """Return the map of patch tokens (or of the chosen stage), ``(B, D, H / token_px, W / token_px)``."""
        return self.features(pixels)[1]

    def dense(self, pixels: Tensor) -> Tensor:
        """Return the inner cells, those whose whole field lies in the input.

        ``pixels`` has ``margin_px`` more on each side: ``(B, C, h s + 2 m, w s + 2 m)`` gives ``(B, D, h, w)``.
        """
        raise EncoderError("this encoder sees too far for mode dense", remedy="choose mode exact or tokens")

    def mean_of(self, tokens: Tensor) -> Tensor:
        """Return one vector ``(B, D)`` of a map of tokens; overridden where a model norms what it has pooled."""
        return tokens.mean(dim=(2, 3))

    def pooled(self, pixels: Tensor, pooling: str = "mean") -> Tensor:
        """Return one vector of the whole input.

        Parameters
        ----------
        pixels
            ``(B, C, H, W)``.
        pooling
            ``mean`` or ``cls`` (both ``(B, D)``), or ``cls-mean``: both side by side ``(B, 2 D)``.

        Raises
        ------
        EncoderError
            There is no such pooling, or no class token in this architecture or checkpoint.
        """
        if pooling not in POOLINGS:
            raise EncoderError(f"there is no pooling {pooling!r}", remedy=f"choose one of {', '.join(POOLINGS)}")
        cls, tokens = self.features(pixels)
        if pooling == "mean":
            return self.mean_of(tokens)
        if cls is None:
            raise EncoderError(f"this encoder has no class token for pooling {pooling}", remedy="choose pooling mean")
        return cls if pooling == "cls" else torch.cat((cls, self.mean_of(tokens)), dim=1)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return :meth:`tokens`; export wraps the method that a graph is to hold."""
        return self.tokens(pixels)

    def prepare(self, height_px: int, width_px: int) -> None:
        """Compute once what depends only on the size of the input; before export, so that the graph holds its result.

        Without it the numbers are the same, and the graph is larger.
        """

    def unprepare(self) -> None:
        """Forget what :meth:`prepare` computed; before export with a free size, which must not hold that of one."""

    def frozen(self: _Module) -> _Module:
        """Return itself in eval mode and without gradients."""
        self.eval()
        self.requires_grad_(False)
        return self


def load_state(
    module: nn.Module,
    state: Mapping[str, Tensor],
    *,
    name: str,
    optional: Iterable[str] = (),
    tolerated: Iterable[str] = (),
    file: Mapping[str, Tensor] | None = None,
) -> None:
    """Copy a checkpoint's tensors into a module, every one of them accounted for.

    Parameters
    ----------
    module
        What they go into; keys are those of ``module.state_dict()``. What of it was made on the device ``meta`` takes
        the checkpoint's tensors as they are, so that nothing is held twice.
    state
        The checkpoint's tensors by key (converted to the module's layout already).
    name
        What the module is, for the error (``DOFA ViT-B/16``).
    optional
        Keys, or beginnings of keys that end in a dot, that the checkpoint may lack; the module keeps its own.
    tolerated
        Keys or such beginnings that the checkpoint may have and nobody here needs (heads, mask tokens).
    file
        The checkpoint by the keys of its file, where ``state`` has others: what it looks like is told from these.

    Raises
    ------
    EncoderError
        Keys are missing, unexpected, or of another shape; says which, and what the checkpoint looks like, or that it is
        the right one and incomplete.
    """
    expected = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    shapes = {key: tuple(value.shape) for key, value in state.items()}
    may_lack, may_have = tuple(optional), tuple(tolerated)
    missing = [key for key in expected if key not in shapes and not _stands_in(key, may_lack)]
    unexpected = [key for key in shapes if key not in expected and not _stands_in(key, may_have)]
    wrong = [key for key, shape in expected.items() if shapes.get(key, shape) != shape]
    own_shapes = shapes if file is None else {key: tuple(value.shape) for key, value in file.items()}
    # All that is there fits, and it is most of it: the right file, damaged or saved in part. A smaller network of the
    # same width would lack more.
    if missing and not unexpected and not wrong and len(missing) * 4 <= len(expected):
        raise EncoderError(
            f"the checkpoint of {name} is incomplete: {explain(expected, missing, (), shapes, own_shapes)}",
            remedy="get the file anew, or have the network's whole state_dict saved",
        )
    if missing or unexpected or wrong:
        raise EncoderError(
            f"the checkpoint does not fit {name}: {explain(expected, missing, unexpected, shapes, own_shapes)}",
            remedy="choose the encoder that this file belongs to" if recognise(own_shapes) else "get the official file",
        )
    own = module.state_dict()
    taken = {key: state[key].to(own[key].dtype) for key in expected if key in state}
    module.load_state_dict(taken, strict=False, assign=any(value.is_meta for value in own.values()))


def _stands_in(key: str, names: tuple[str, ...]) -> bool:
    return any(key == name or (name.endswith(".") and key.startswith(name)) for name in names)
