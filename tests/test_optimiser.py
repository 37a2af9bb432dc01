"""What decays and what does not, the learning rate over the steps, and that a step is AdamW's."""

from __future__ import annotations

import copy
import threading

import pytest
import torch
from torch import nn

from botaclip.core.adapters import ImageAdapter, ReleveAdapter
from botaclip.core.errors import OptionError
from botaclip.core.losses import SigmoidContrastiveLoss
from botaclip.training.optimiser import (
    Optimiser,
    half_precision,
    mixed_precision,
    parameter_groups,
    rate_factor,
    seeded,
)


class Everything(nn.Module):
    """One of each kind of parameter that an alignment may train."""

    def __init__(self) -> None:
        super().__init__()
        self.image = ImageAdapter(64, form="attention")
        self.releve = ReleveAdapter(6, 64, hidden=8)
        self.norm = nn.LayerNorm(64)
        self.contrast = SigmoidContrastiveLoss()


def test_temperature_bias_norms_and_biases_do_not_decay() -> None:
    module = Everything()
    names = {id(p): name for name, p in module.named_parameters()}
    decaying, spared = (
        {names[id(p)] for p in group["params"]} for group in parameter_groups([(module, 1e-3)], 0.05)
    )
    assert [group["weight_decay"] for group in parameter_groups([(module, 1e-3)], 0.05)] == [0.05, 0.0]
    assert {"contrast.temperature", "contrast.bias", "norm.weight", "norm.bias"} <= spared
    assert {"image.linear.bias", "releve.layers.0.bias", "image.attention.token_bias"} <= spared
    assert all(name.endswith("weight") for name in decaying)
    assert {"image.linear.weight", "image.attention.token_weight", "releve.layers.1.weight"} <= decaying
    assert decaying | spared == set(names.values()) and not decaying & spared


def test_a_step_without_gradient_shrinks_matrices_alone() -> None:
    module = nn.Linear(4, 4)
    nn.init.ones_(module.weight)
    nn.init.ones_(module.bias)
    optimiser = Optimiser([(module, 0.1)], decay=0.5, schedule="constant", horizon=1, device="cpu")
    optimiser.step(0.0 * (module.weight.sum() + module.bias.sum()), 1)
    torch.testing.assert_close(module.weight.detach(), torch.full((4, 4), 1.0 - 0.1 * 0.5))
    torch.testing.assert_close(module.bias.detach(), torch.ones(4))


def test_speeds_are_per_module() -> None:
    fast, slow = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
    before = [copy.deepcopy(m.weight.detach()) for m in (fast, slow)]
    optimiser = Optimiser([(fast, 0.1), (slow, 0.01)], decay=0.0, schedule="constant", horizon=1, device="cpu")
    optimiser.step(fast.weight.sum() + slow.weight.sum(), 1)
    # Adam's first step is the learning rate, whatever the gradient.
    torch.testing.assert_close(before[0] - fast.weight.detach(), torch.full((2, 2), 0.1), rtol=1e-4, atol=0)
    torch.testing.assert_close(before[1] - slow.weight.detach(), torch.full((2, 2), 0.01), rtol=1e-4, atol=0)


def test_cosine_rises_for_a_tenth_and_falls_towards_0() -> None:
    factors = [rate_factor(step, 40, "cosine") for step in range(1, 41)]
    assert factors[:4] == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert factors[3:] == sorted(factors[3:], reverse=True)
    # Half of the fall from step 4 to the step after the last is step 22.5.
    assert factors[21] > 0.5 > factors[22]
    assert 0 < factors[-1] < 0.01
    assert {rate_factor(step, 40, "constant") for step in range(1, 41)} == {1.0}
    assert rate_factor(1, 1, "cosine") == 1.0
    with pytest.raises(OptionError, match="constant or cosine"):
        rate_factor(1, 1, "linear")


def test_what_an_optimiser_remembers_is_all_that_it_needs() -> None:
    def walk(module: nn.Linear, optimiser: Optimiser, numbers: range) -> None:
        for number in numbers:
            optimiser.step((module(torch.full((1, 3), float(number))) ** 2).sum(), number)

    torch.manual_seed(0)
    whole = nn.Linear(3, 2)
    parted = copy.deepcopy(whole)
    settings = {"decay": 0.1, "schedule": "cosine", "horizon": 9, "device": "cpu"}
    walk(whole, Optimiser([(whole, 0.05)], **settings), range(1, 9))  # type: ignore[arg-type]
    first = Optimiser([(parted, 0.05)], **settings)  # type: ignore[arg-type]
    walk(parted, first, range(1, 5))
    second = Optimiser([(parted, 0.05)], **settings)  # type: ignore[arg-type]
    assert second.moments() == {}
    second.remember(first.moments())
    walk(parted, second, range(5, 9))
    for one, other in zip(whole.parameters(), parted.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_cpu_computes_in_full_precision() -> None:
    assert half_precision("cpu") is None
    with mixed_precision("cpu"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
        assert not torch.is_autocast_enabled("cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_multiplies_in_half_precision() -> None:
    with mixed_precision("cuda"):
        assert (torch.ones(2, 2).cuda() @ torch.ones(2, 2).cuda()).dtype in (torch.bfloat16, torch.float16)


def test_layers_begin_alike_whatever_other_threads_draw() -> None:
    def begun(seed: int) -> torch.Tensor:
        with seeded(seed):
            return nn.Linear(5, 5).weight.detach()

    before = torch.random.get_rng_state()
    expected = begun(3)
    assert torch.equal(torch.random.get_rng_state(), before)
    made: list[torch.Tensor] = []
    threads = [threading.Thread(target=lambda: made.append(begun(3))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8 and all(torch.equal(each, expected) for each in made)
    assert not torch.equal(begun(4), expected)


@pytest.mark.parametrize("step", [41, 42, 60, 500])
def test_beyond_the_horizon_the_rate_stays_at_0(step: int) -> None:
    """The cosine must not rise again."""
    assert rate_factor(step, 40, "cosine") == pytest.approx(0.0, abs=1e-12)
