"""Golden values, gradients and invariances of the two loss terms."""

from __future__ import annotations

import math

import pytest

from botaclip.core.errors import OptionError

torch = pytest.importorskip("torch")

from botaclip.core.losses import GeometryRegulariser, SigmoidContrastiveLoss  # noqa: E402


def rows(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(("size", "expected"), [(8, 10.000363), (256, 10.011622)])
def test_orthogonal_pairs_have_the_published_value(size: int, expected: float) -> None:
    image = torch.eye(2 * size, dtype=torch.float64)[:size]
    releve = torch.eye(2 * size, dtype=torch.float64)[size:]
    assert SigmoidContrastiveLoss().double()(image, releve).item() == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize(("size", "expected"), [(8, 0.693465), (256, 0.704724)])
def test_perfect_orthonormal_pairs_have_the_published_value(size: int, expected: float) -> None:
    eye = torch.eye(size, dtype=torch.float64)
    assert SigmoidContrastiveLoss().double()(eye, eye).item() == pytest.approx(expected, abs=2e-6)


def test_loss_is_the_plain_sum_over_pairs() -> None:
    x, y = rows(5, 4), rows(5, 4, 1)
    loss = SigmoidContrastiveLoss(temperature=0.3, bias=-1.5).double()
    plain = 0.0
    for i in range(5):
        for j in range(5):
            cosine = float(x[i] @ y[j] / (x[i].norm() * y[j].norm()))
            m = 1.0 if i == j else -1.0
            plain -= math.log(1.0 / (1.0 + math.exp(-m * (math.exp(0.3) * cosine - 1.5))))
    assert loss(x, y).item() == pytest.approx(plain / 5, rel=1e-7)


def test_a_dont_know_pair_has_no_gradient() -> None:
    x, y = rows(4, 3).requires_grad_(), rows(4, 3, 1)
    labels = SigmoidContrastiveLoss.labels(4).double()
    labels[0] = 0.0
    SigmoidContrastiveLoss().double()(x, y, labels).backward()
    assert x.grad is not None
    assert torch.equal(x.grad[0], torch.zeros(3, dtype=torch.float64))
    assert float(x.grad[1].abs().sum()) > 0


def test_temperature_and_bias_learn() -> None:
    loss = SigmoidContrastiveLoss()
    loss(torch.eye(4), torch.eye(4)).backward()
    assert loss.temperature.grad is not None and loss.temperature.grad.item() < 0
    assert loss.bias.grad is not None and loss.bias.grad.item() != 0


@pytest.mark.parametrize("scale", ["sum", "mean"])
def test_regulariser_is_zero_and_flat_at_identity(scale: str) -> None:
    frozen = rows(6, 4)
    adapted = frozen.clone().requires_grad_()
    value = GeometryRegulariser(scale=scale)(adapted, frozen)
    value.backward()
    assert value.item() == pytest.approx(0.0, abs=1e-20)
    assert adapted.grad is not None
    assert float(adapted.grad.abs().max()) < 1e-12


def test_regulariser_does_not_see_rotations() -> None:
    frozen, adapted = rows(6, 4), rows(6, 4, 1)
    rotation, _ = torch.linalg.qr(rows(4, 4, 2))
    plain = GeometryRegulariser()(adapted, frozen)
    assert plain.item() > 0.1
    assert GeometryRegulariser()(adapted @ rotation, frozen).item() == pytest.approx(plain.item(), rel=1e-10)


def test_regulariser_is_the_plain_sum_and_the_scales_differ_by_the_batch_size() -> None:
    frozen, adapted = rows(5, 3), rows(5, 3, 1)

    def cosine(a: torch.Tensor, i: int, j: int) -> float:
        return float(a[i] @ a[j] / (a[i].norm() * a[j].norm()))

    plain = sum(
        (cosine(adapted, i, j) - cosine(frozen, i, j)) ** 2 for i in range(5) for j in range(5) if i != j
    )
    assert GeometryRegulariser(scale="sum")(adapted, frozen).item() == pytest.approx(plain / 5, rel=1e-7)
    assert GeometryRegulariser(scale="mean")(adapted, frozen).item() == pytest.approx(plain / 25, rel=1e-7)


def test_unknown_scale_is_a_worded_error() -> None:
    with pytest.raises(OptionError, match="use sum or mean|Use sum or mean"):
        GeometryRegulariser(scale="max")


@pytest.mark.parametrize("scale", ["sum", "mean"])
def test_gradients_agree_with_finite_differences(scale: str) -> None:
    frozen = rows(4, 3)
    adapted = rows(4, 3, 1).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: GeometryRegulariser(scale=scale)(z, frozen), (adapted,))
    loss = SigmoidContrastiveLoss().double()
    assert torch.autograd.gradcheck(lambda z: loss(z, frozen), (adapted,))
