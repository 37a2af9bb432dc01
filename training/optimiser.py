"""How adapters move: AdamW whose decay spares what has no business shrinking, its schedule, and mixed precision.

Needs torch. AdamW after Loshchilov & Hutter 2019 (arXiv:1711.05101), the cosine after Loshchilov & Hutter 2017
(arXiv:1608.03983).
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from botaclip.core.errors import OptionError

# Share of the steps over which the learning rate rises under the cosine.
WARM_UP = 0.1
_SEEDING = threading.Lock()


def parameter_groups(modules: Sequence[tuple[nn.Module, float]], decay: float) -> list[dict[str, Any]]:
    """Return AdamW's groups: matrices decay; biases, norms, temperature and bias of the loss do not.

    Decay would pull these to a meaning that zero does not have for them. They are told from matrices by their number
    of axes, and by a name that ends in ``bias`` (attention has one for each of its groups).

    Parameters
    ----------
    modules
        Each with its learning rate.
    decay
        Weight decay of the matrices.
    """
    groups: list[dict[str, Any]] = []
    for module, rate in modules:
        named = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
        matrices = [p for name, p in named if p.ndim > 1 and not name.endswith("bias")]
        others = [p for name, p in named if p.ndim <= 1 or name.endswith("bias")]
        groups += [
            {"params": matrices, "lr": rate, "weight_decay": decay},
            {"params": others, "lr": rate, "weight_decay": 0.0},
        ]
    return groups


def rate_factor(step: int, horizon: int, schedule: str) -> float:
    """Return what the learning rate is multiplied with in ``step`` (from 1) of ``horizon`` steps.

    ``constant``: 1. ``cosine``: up evenly over the first tenth of the steps, then down along half a cosine that would
    reach 0 one step after the horizon, so that no step is without effect.

    Raises
    ------
    OptionError
        Another schedule.
    """
    if schedule == "constant":
        return 1.0
    if schedule != "cosine":
        raise OptionError(f"--schedule cannot be {schedule!r}", remedy="use constant or cosine")
    rise = max(1, round(WARM_UP * horizon))
    if step <= rise:
        return step / rise
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, (step - rise) / (horizon - rise + 1))))


class Optimiser:
    """AdamW, its schedule, and the scaler of half-precision gradients, as one thing that takes steps.

    Parameters
    ----------
    modules
        Each with its learning rate.
    decay
        Weight decay of matrices.
    schedule
        ``constant`` or ``cosine``.
    horizon
        Number of steps the schedule is laid out for; a fit that stops earlier follows the same path.
    device
        Mixed precision is for ``cuda`` only.
    """

    def __init__(
        self, modules: Sequence[tuple[nn.Module, float]], *, decay: float, schedule: str, horizon: int, device: str
    ) -> None:
        self._groups = parameter_groups(modules, decay)
        self._rates = [float(group["lr"]) for group in self._groups]
        # One pass over the parameters instead of ten: AdamW's own part of a step took .7 ms on the CPU instead of 1.6.
        self._adamw = torch.optim.AdamW(self._groups, fused=True if device == "cpu" else None)
        self._scaler = torch.amp.GradScaler("cuda", enabled=half_precision(device) is torch.float16)
        self._schedule, self._horizon = schedule, horizon
        rate_factor(1, horizon, schedule)

    def step(self, loss: Tensor, number: int) -> None:
        """Take step ``number`` (from 1) down the gradient of ``loss``."""
        factor = rate_factor(number, self._horizon, self._schedule)
        for group, rate in zip(self._adamw.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        self._adamw.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self._scaler.step(self._adamw)
        self._scaler.update()

    def moments(self) -> dict[str, Tensor]:
        """Return AdamW's memory by group, number and name; empty before the first step."""
        made: dict[str, Tensor] = {}
        for g, group in enumerate(self._adamw.param_groups):
            for p, parameter in enumerate(group["params"]):
                for name, value in self._adamw.state.get(parameter, {}).items():
                    made[f"{g}.{p}.{name}"] = torch.as_tensor(value).detach()
        if self._scaler.is_enabled():
            made["scale"] = torch.tensor(float(self._scaler.get_scale()))
        return made

    def remember(self, moments: dict[str, Tensor]) -> None:
        """Take over what :meth:`moments` of an equal optimiser returned."""
        for key, value in moments.items():
            if key == "scale":
                self._scaler.load_state_dict({**self._scaler.state_dict(), "scale": float(value)})
                continue
            g, p, name = key.split(".", 2)
            parameter = self._adamw.param_groups[int(g)]["params"][int(p)]
            # The step count stays on the CPU, as AdamW itself has it there. What is one number a weight lies in memory
            # as the weights do: AdamW in one pass goes through both in that order.
            value = value.clone() if name == "step" else torch.empty_like(parameter).copy_(value)
            self._adamw.state[parameter][name] = value


def half_precision(device: str) -> torch.dtype | None:
    """Return the half precision that adapters are run in: bfloat16 or float16 on a GPU, none elsewhere."""
    if not device.startswith("cuda"):
        return None
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


@contextlib.contextmanager
def mixed_precision(device: str) -> Iterator[None]:
    """Within, products of matrices on a GPU are taken in half precision; on the CPU nothing changes.

    Meant for the adapters alone: losses compare cosines whose differences half precision would swallow.
    """
    kind = half_precision(device)
    with torch.autocast("cuda", dtype=kind) if kind is not None else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def seeded(random_state: int) -> Iterator[None]:
    """Within, torch's own random numbers start at ``random_state``; afterwards they go on as if nothing had been.

    Folds are fitted side by side in threads that share torch's generator: whoever makes layers that begin at random
    does so in here, one after the other.
    """
    with _SEEDING, torch.random.fork_rng(devices=[]):
        torch.manual_seed(random_state)
        yield
