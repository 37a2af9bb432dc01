"""The library timm, which brings the networks of DINOv3, FLAIR and many others. Imported when it is first asked for.

timm cannot be imported without torchvision, and a torchvision made for CUDA does not load beside a CPU build of torch:
its compiled operators are left out in silence, and a description of ``torchvision::nms`` finds nothing to describe.
None of the networks uses these operators, so declaring the two of them is all it takes. Where torchvision loads by
itself nothing is done.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from botaclip.core.errors import EncoderError, EnvironmentMissing

_REMEDY = "run botaclip setup --packages train"
_OPERATORS = ("nms", "qnms")
# torch forgets the declarations when the last reference to their library goes.
_declared: list[torch.library.Library] = []


def _declare_operators() -> None:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in _OPERATORS:
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _declared.append(library)


def _import_torchvision() -> ModuleType:
    try:
        return importlib.import_module("torchvision")
    except RuntimeError:
        # What the failed import left behind would be taken for a torchvision that is loaded.
        for name in [name for name in sys.modules if name == "torchvision" or name.startswith("torchvision.")]:
            del sys.modules[name]
        _declare_operators()
        return importlib.import_module("torchvision")


@functools.lru_cache(maxsize=1)
def import_timm() -> ModuleType:
    """Return the package ``timm``.

    Raises
    ------
    EnvironmentMissing
        timm or torchvision is not installed, or does not load beside this torch.
    """
    try:
        _import_torchvision()
        return importlib.import_module("timm")
    except ModuleNotFoundError as error:
        raise EnvironmentMissing(f"this encoder needs the package {error.name}", remedy=_REMEDY) from error
    except (ImportError, RuntimeError) as error:
        raise EnvironmentMissing(
            f"timm does not load beside torch {torch.__version__} ({str(error).splitlines()[0]})", remedy=_REMEDY
        ) from error


def known(name: str) -> str:
    """Return the name of a model of timm, as it was given.

    Parameters
    ----------
    name
        With or without the tag of its weights (``convnext_tiny``, ``convnext_tiny.fb_in22k``).

    Raises
    ------
    EncoderError
        timm has no such model; the nearest names are in the remedy.
    """
    timm = import_timm()
    base = name.split(".", 1)[0]
    if timm.is_model(base):
        return name
    near = difflib.get_close_matches(base, timm.list_models(), n=3, cutoff=0.5)
    raise EncoderError(
        f"timm {timm.__version__} has no model {name!r}",
        remedy=f"the nearest names are {', '.join(near)}" if near else "look its name up in timm's list of models",
    )


def create(name: str, **settings: Any) -> nn.Module:
    """Return a network of timm with fresh weights; nothing is fetched.

    Parameters
    ----------
    name
        See :func:`known`.
    settings
        What ``timm.create_model`` takes.

    Raises
    ------
    EncoderError
        There is no such model, or it cannot be made with these settings.
    """
    timm = import_timm()
    try:
        # The tag names weights only; a wrong one is no reason to refuse a file that the user has.
        network: nn.Module = timm.create_model(known(name).split(".", 1)[0], pretrained=False, **settings)
    except (TypeError, ValueError, RuntimeError, AssertionError, AttributeError, NotImplementedError) as error:
        asked = ", ".join(f"{key}={value}" for key, value in settings.items())
        message = (str(error).splitlines() or [type(error).__name__])[0]
        raise EncoderError(
            f"timm cannot make {name} with {asked} ({message})", remedy="choose another model, size or stage"
        ) from error
    return network


def check_bands(weight: Tensor | None, bands: Sequence[str], title: str) -> None:
    """Refuse bands that are not as many as a checkpoint's first layer takes.

    Parameters
    ----------
    weight
        Of the first layer, (out, in, k, k); None: the checkpoint has none, which is told elsewhere.

    Raises
    ------
    EncoderError
        The numbers differ.
    """
    if weight is None or weight.ndim != 4 or weight.shape[1] == len(bands):
        return
    raise EncoderError(
        f"the checkpoint of {title} looks at {weight.shape[1]} bands, not at the {len(bands)} given "
        f"({', '.join(bands) or 'none'})",
        remedy="name as many bands as the checkpoint has, in its order",
    )


def tracing() -> bool:
    """Return whether a graph is being recorded, so that sizes may be symbols and cannot be judged."""
    recording: bool = torch.jit.is_tracing()  # type: ignore[attr-defined]
    return bool(recording or torch.compiler.is_compiling() or torch.compiler.is_exporting())
