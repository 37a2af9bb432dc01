"""Golden values, gradients and invariances of the two loss terms."""

from __future__ import annotations

import math

import pytest

from botaclip.core.errors import OptionError

torch = pytest.importorskip("torch")

from botaclip.core.losses import (  # noqa: E402
    FloristicGramLoss,
    GeometryRegulariser,
    InfoNCE,
    NeighbourRegulariser,
    SigmoidContrastiveLoss,
)


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


def soft(n: int, seed: int = 5) -> torch.Tensor:
    """Return symmetric targets in [0, 1] with ones on the diagonal."""
    values = torch.rand(n, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    values = (values + values.T) / 2
    return values.fill_diagonal_(1.0)


def asked(n: int) -> torch.Tensor:
    """Return labels with a second positive and some pairs that are not asked about."""
    labels = SigmoidContrastiveLoss.labels(n).double()
    labels[0, 1] = labels[1, 0] = 1.0
    labels[2, 0] = labels[0, 2] = labels[3, 1] = 0.0
    return labels


def test_soft_targets_are_torchs_binary_cross_entropy() -> None:
    x, y, loss = rows(5, 4), rows(5, 4, 1), SigmoidContrastiveLoss().double()
    expected = torch.nn.functional.binary_cross_entropy_with_logits(loss.logits(x, y), soft(5), reduction="sum") / 5
    torch.testing.assert_close(loss(x, y, targets=soft(5)), expected)


@pytest.mark.parametrize("pairs", [None, asked(5)], ids=["own pairs", "several and unknown"])
def test_soft_targets_of_zero_and_one_are_the_hard_loss(pairs: torch.Tensor | None) -> None:
    x, y, loss = rows(5, 4), rows(5, 4, 1), SigmoidContrastiveLoss().double()
    hard = SigmoidContrastiveLoss.labels(5).double() if pairs is None else pairs
    torch.testing.assert_close(loss(x, y, pairs, targets=(hard > 0).double()), loss(x, y, pairs))


def test_pairs_that_are_not_asked_are_left_out_of_soft_targets_too() -> None:
    x, y, loss, labels = rows(5, 4), rows(5, 4, 1), SigmoidContrastiveLoss().double(), asked(5)
    other = torch.where(labels == 0, 0.77, soft(5))
    torch.testing.assert_close(loss(x, y, labels, soft(5)), loss(x, y, labels, other), rtol=0, atol=0)


def test_several_positives_are_the_plain_sum_over_pairs() -> None:
    x, y, labels = rows(5, 4), rows(5, 4, 1), asked(5)
    loss = SigmoidContrastiveLoss().double()
    logits, plain = loss.logits(x, y).detach(), 0.0
    for i in range(5):
        for j in range(5):
            if labels[i, j] != 0:
                plain += math.log1p(math.exp(-float(labels[i, j] * logits[i, j])))
    assert loss(x, y, labels).item() == pytest.approx(plain / 5, rel=1e-7)


def test_infonce_is_torchs_cross_entropy_both_ways() -> None:
    x, y, loss = rows(6, 4), rows(6, 4, 1), InfoNCE(temperature=0.7).double()
    unit = torch.nn.functional.normalize
    logits, own = math.exp(0.7) * unit(x) @ unit(y).T, torch.arange(6)
    entropy = torch.nn.functional.cross_entropy
    expected = (entropy(logits, own) + entropy(logits.T, own)) / 2
    torch.testing.assert_close(loss(x, y), expected, rtol=1e-6, atol=1e-6)
    hard = torch.eye(6, dtype=torch.float64)
    torch.testing.assert_close(loss(x, y, targets=hard), expected, rtol=1e-6, atol=1e-6)


def test_infonce_of_soft_targets_is_torchs_cross_entropy_against_shares() -> None:
    x, y, loss = rows(6, 4), rows(6, 4, 1), InfoNCE(temperature=0.7).double()
    unit = torch.nn.functional.normalize
    logits, entropy = math.exp(0.7) * unit(x) @ unit(y).T, torch.nn.functional.cross_entropy
    share = soft(6) / soft(6).sum(dim=1, keepdim=True)
    expected = (entropy(logits, share) + entropy(logits.T, share)) / 2
    torch.testing.assert_close(loss(x, y, targets=soft(6)), expected, rtol=1e-6, atol=1e-6)


def test_infonce_with_several_positives_and_unknown_pairs_is_the_plain_sum() -> None:
    x, y, labels, loss = rows(5, 4), rows(5, 4, 1), asked(5), InfoNCE().double()
    unit = torch.nn.functional.normalize
    share = (10.0 * unit(x) @ unit(y).T).exp()
    plain = 0.0
    for table, words in ((share, labels), (share.T, labels.T)):
        for i in range(5):
            together = sum(float(table[i, j]) for j in range(5) if words[i, j] > 0)
            known = sum(float(table[i, j]) for j in range(5) if words[i, j] != 0)
            plain -= math.log(together / known) / 10
    assert loss(x, y, labels).item() == pytest.approx(plain, rel=1e-6)


def test_infonce_cannot_see_an_unknown_pair() -> None:
    x, y, loss = rows(3, 4).requires_grad_(), rows(3, 4, 1), InfoNCE().double()
    labels = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, -1.0], [0.0, -1.0, 1.0]], dtype=torch.float64)
    for targets in (None, soft(3)):
        x.grad = None
        loss(x, y, labels, targets).backward()
        assert x.grad is not None and torch.isfinite(x.grad).all()
        # Nothing is left to tell the first image's relevé from.
        assert torch.equal(x.grad[0], torch.zeros(4, dtype=torch.float64))
        assert float(x.grad[1].abs().sum()) > 0


def test_the_temperature_of_infonce_learns() -> None:
    loss = InfoNCE()
    loss(torch.eye(4), torch.eye(4)).backward()
    assert loss.temperature.grad is not None and loss.temperature.grad.item() < 0


def test_neighbours_are_zero_and_flat_at_identity_and_blind_to_rotation_and_length() -> None:
    frozen = rows(6, 4)
    adapted = frozen.clone().requires_grad_()
    value = NeighbourRegulariser()(adapted, frozen)
    value.backward()
    assert value.item() == pytest.approx(0.0, abs=1e-12)
    assert adapted.grad is not None and float(adapted.grad.abs().max()) < 1e-12
    rotation, _ = torch.linalg.qr(rows(4, 4, 2))
    other = rows(6, 4, 1)
    plain = NeighbourRegulariser()(other, frozen).item()
    assert plain > 0.1
    lengths = torch.arange(1.0, 7.0, dtype=torch.float64)[:, None]
    assert NeighbourRegulariser()(lengths * other @ rotation, frozen).item() == pytest.approx(plain, rel=1e-9)


def test_neighbours_are_the_plain_divergence() -> None:
    frozen, adapted = rows(5, 3), rows(5, 3, 1)

    def shares(vectors: torch.Tensor, i: int) -> torch.Tensor:
        unit = torch.nn.functional.normalize(vectors)
        others = [j for j in range(5) if j != i]
        return torch.softmax(torch.stack([unit[i] @ unit[j] for j in others]) / 0.2, dim=0)

    plain = 0.0
    for i in range(5):
        p, q = shares(frozen, i), shares(adapted, i)
        plain += float((p * (p / q).log()).sum())
    made = NeighbourRegulariser(temperature=0.2)(adapted, frozen)
    assert made.item() == pytest.approx(plain / 5, rel=1e-7)


def test_one_plot_has_no_neighbours() -> None:
    one = rows(1, 3).requires_grad_()
    value = NeighbourRegulariser()(one, rows(1, 3, 1))
    value.backward()
    assert value.item() == 0.0


def test_gram_is_the_plain_sum_over_pairs_and_zero_where_images_are_as_alike_as_releves() -> None:
    image, similarity, labels = rows(5, 4), soft(5), asked(5)
    unit = torch.nn.functional.normalize(image)
    cosine = unit @ unit.T
    for words in (None, labels):
        plain = sum(
            float(cosine[i, j] - similarity[i, j]) ** 2
            for i in range(5) for j in range(5) if i != j and (words is None or words[i, j] != 0)
        )
        assert FloristicGramLoss()(image, similarity, words).item() == pytest.approx(plain / 5, rel=1e-7)
        assert FloristicGramLoss(scale="mean")(image, similarity, words).item() == pytest.approx(plain / 25, rel=1e-7)
    assert FloristicGramLoss()(image, cosine).item() == pytest.approx(0.0, abs=1e-20)


def test_gram_does_not_see_rotations() -> None:
    image, similarity = rows(6, 4), soft(6)
    rotation, _ = torch.linalg.qr(rows(4, 4, 2))
    plain = FloristicGramLoss()(image, similarity).item()
    assert FloristicGramLoss()(image @ rotation, similarity).item() == pytest.approx(plain, rel=1e-10)


TERMS = {
    "sigmoid": lambda x, y: SigmoidContrastiveLoss().double()(x, y),
    "sigmoid, several": lambda x, y: SigmoidContrastiveLoss().double()(x, y, asked(len(x))),
    "sigmoid, soft": lambda x, y: SigmoidContrastiveLoss().double()(x, y, asked(len(x)), soft(len(x))),
    "infonce": lambda x, y: InfoNCE().double()(x, y),
    "infonce, several": lambda x, y: InfoNCE().double()(x, y, asked(len(x))),
    "infonce, soft": lambda x, y: InfoNCE().double()(x, y, asked(len(x)), soft(len(x))),
    "sum": lambda x, y: GeometryRegulariser()(x, y),
    "neighbours": lambda x, y: NeighbourRegulariser()(x, y),
    "gram": lambda x, y: FloristicGramLoss()(x, soft(len(x))),
}


@pytest.mark.parametrize("term", TERMS)
def test_gradients_of_every_term_agree_with_finite_differences(term: str) -> None:
    x, y = rows(5, 3).requires_grad_(), rows(5, 3, 1).requires_grad_(term.startswith(("sigmoid", "infonce")))
    assert torch.autograd.gradcheck(TERMS[term], (x, y))


@pytest.mark.parametrize("term", ["sigmoid", "infonce", "sum", "neighbours"])
def test_the_order_of_a_batch_does_not_matter(term: str) -> None:
    x, y, order = rows(7, 3), rows(7, 3, 1), torch.randperm(7, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(TERMS[term](x[order], y[order]), TERMS[term](x, y))
    if term in ("sigmoid", "infonce"):
        # With the relevés alone in another order the pairs are others, and so is the loss.
        assert (TERMS[term](x, y[order]) - TERMS[term](x, y)).abs().item() > 1e-3


@pytest.mark.parametrize("loss", [SigmoidContrastiveLoss, InfoNCE])
def test_labels_and_targets_are_permuted_with_the_batch(loss: type) -> None:
    x, y, order = rows(6, 3), rows(6, 3, 1), torch.randperm(6, generator=torch.Generator().manual_seed(1))
    labels, targets = asked(6), soft(6)
    for given in (None, targets):
        moved = None if given is None else given[order][:, order]
        torch.testing.assert_close(
            loss().double()(x[order], y[order], labels[order][:, order], moved), loss().double()(x, y, labels, given)
        )


def test_sigmoid_by_pieces_of_the_relevés_is_the_whole() -> None:
    """Each pair is its own question: pieces of columns, with their labels, add up."""
    x, y, labels, loss = rows(6, 4), rows(6, 4, 1), asked(6), SigmoidContrastiveLoss().double()
    pieces = sum(loss(x, y[part], labels[:, part]) for part in (slice(0, 2), slice(2, 6)))
    torch.testing.assert_close(pieces, loss(x, y, labels))


def test_impossible_settings_are_worded_errors() -> None:
    with pytest.raises(OptionError, match="above 0"):
        NeighbourRegulariser(temperature=0.0)
    with pytest.raises(OptionError, match="sum or mean"):
        FloristicGramLoss(scale="max")


@pytest.mark.parametrize("length", [1e-5, 1e-3, 1.0, 1e5])
def test_the_length_of_a_row_does_not_matter_even_where_it_is_tiny(length: float) -> None:
    """What guards against rows of zeros must not touch short ones."""
    x, y = rows(5, 4), rows(5, 4, 1)
    for term in ("sigmoid", "infonce", "sum", "neighbours", "gram"):
        torch.testing.assert_close(TERMS[term](length * x, y), TERMS[term](x, y), rtol=1e-6, atol=1e-9)
        assert torch.isfinite(TERMS[term](0.0 * x, y))


def test_soft_targets_of_a_row_are_shares_even_where_they_are_tiny() -> None:
    x, y, loss = rows(4, 3), rows(4, 3, 1), InfoNCE().double()
    torch.testing.assert_close(loss(x, y, targets=1e-4 * soft(4)), loss(x, y, targets=soft(4)), rtol=1e-6, atol=1e-9)


def test_golden_defaults_of_the_terms() -> None:
    """Cosines 1, 0 before and 0, 0 after: by hand, at the defaults."""
    frozen = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    adapted = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], dtype=torch.float64)
    assert NeighbourRegulariser().temperature == 0.1
    near = 1.0 / (1.0 + math.exp(-10.0))
    # The first plot's share goes from (near, far) to (1/2, 1/2), the second's turns round, the third's too, half.
    first = near * math.log(2 * near) + (1 - near) * math.log(2 * (1 - near))
    second = near * math.log(near / (1 - near)) + (1 - near) * math.log((1 - near) / near)
    third = 0.5 * math.log(0.5 / (1 - near)) + 0.5 * math.log(0.5 / near)
    value = NeighbourRegulariser()(adapted, frozen).item()
    assert value == pytest.approx((first + second + third) / 3, rel=1e-6)
    assert GeometryRegulariser()(adapted, frozen).item() == pytest.approx(4 / 3)
