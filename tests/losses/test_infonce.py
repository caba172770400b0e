import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vsr.losses.infonce import InfoNCE


def reference(embeddings, labels, temperature):
    """The formula of the docstring, in loops."""
    rows = [row / row.norm() for row in embeddings.double()]
    per_anchor = []
    for i, label in enumerate(labels.tolist()):
        others = [a for a in range(len(rows)) if a != i]
        positives = [p for p in others if labels[p] == label]
        if not positives:
            continue
        total = sum(math.exp(float(rows[i] @ rows[a]) / temperature) for a in others)
        terms = [math.log(math.exp(float(rows[i] @ rows[p]) / temperature) / total) for p in positives]
        per_anchor.append(-sum(terms) / len(terms))
    return sum(per_anchor) / len(per_anchor) if per_anchor else 0.0


@settings(max_examples=60, deadline=None)
@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=12),
    width=st.integers(1, 6),
    temperature=st.sampled_from([0.05, 0.2, 1.0]),
    seed=st.integers(0, 999),
)
def test_equals_the_papers_formula_for_any_number_of_positives(labels, width, temperature, seed):
    torch.manual_seed(seed)
    embeddings = torch.randn(len(labels), width, dtype=torch.float64)
    labels = torch.tensor(labels)
    got = InfoNCE(temperature)(embeddings, labels)
    assert got.item() == pytest.approx(reference(embeddings, labels, temperature), rel=1e-9, abs=1e-12)


def test_one_pair_and_one_stranger_done_by_hand():
    embeddings = torch.tensor([[2.0, 0.0], [3.0, 0.0], [0.0, 1.0]])  # cosines 1, 0, 0
    got = InfoNCE(temperature=0.5)(embeddings, torch.tensor([0, 0, 1]))
    assert got.item() == pytest.approx(math.log(1 + math.exp(-2.0)))  # either anchor: -log(e^2 / (e^2 + 1))


def test_two_positives_are_averaged_outside_the_logarithm():
    embeddings = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])  # one label; cosines 1, 0, 0
    e = math.e
    first = -(math.log(e / (e + 1)) + math.log(1 / (e + 1))) / 2  # and the second anchor alike
    third = math.log(2.0)
    got = InfoNCE(temperature=1.0)(embeddings, torch.zeros(3, dtype=torch.int64))
    assert got.item() == pytest.approx((2 * first + third) / 3)


def test_gradient_is_that_of_finite_differences():
    torch.manual_seed(0)
    embeddings = torch.randn(7, 4, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 0, 0, 1, 1, 2, 3])
    assert torch.autograd.gradcheck(lambda x: InfoNCE(0.2)(x, labels), embeddings)


@pytest.mark.parametrize("temperature", [0.01, 0.02, 100.0])
def test_gradient_survives_extreme_temperatures_in_float32(temperature):
    """A loss that exponentiates before it takes the logarithm loses its gradient at 0.02."""
    torch.manual_seed(0)
    wide = torch.randn(16, 8, dtype=torch.float64)
    labels = torch.arange(16) // 2
    gradients = []
    for dtype in (torch.float32, torch.float64):
        embeddings = wide.to(dtype).requires_grad_()
        InfoNCE(temperature)(embeddings, labels).backward()
        gradients.append(embeddings.grad.double())
    torch.testing.assert_close(
        gradients[0], gradients[1], rtol=1e-3, atol=1e-5 * gradients[1].abs().max().item()
    )


def test_autocast_does_not_blur_similarities():
    torch.manual_seed(0)
    embeddings = torch.randn(32, 16)
    labels = torch.arange(32) // 4
    expected = InfoNCE()(embeddings, labels)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(InfoNCE()(embeddings, labels), expected)


def test_learned_temperature_starts_where_it_is_told_and_learns():
    torch.manual_seed(0)
    embeddings, labels = torch.randn(8, 4), torch.arange(8) // 2
    loss = InfoNCE(0.1, learn_temperature=True)
    value = loss(embeddings, labels)
    torch.testing.assert_close(value, InfoNCE(0.1)(embeddings, labels))
    value.backward()
    up, down = (InfoNCE(0.1 * factor)(embeddings, labels) for factor in (1.001, 1 / 1.001))
    slope = (up - down) / (2 * math.log(1.001))
    assert loss.log_temperature.grad.item() == pytest.approx(slope.item(), rel=0.02)


@pytest.mark.parametrize(("start", "pushed", "kept"), [(0.02, 1e-6, 0.01), (0.9, 50.0, 1.0)])
def test_learned_temperature_keeps_its_range_and_its_gradient_at_the_border(start, pushed, kept):
    loss = InfoNCE(start, learn_temperature=True)
    with torch.no_grad():
        loss.log_temperature.fill_(math.log(pushed))
    torch.manual_seed(0)
    embeddings, labels = torch.randn(8, 4), torch.arange(8) // 2
    value = loss(embeddings, labels)
    torch.testing.assert_close(value, InfoNCE(kept)(embeddings, labels), rtol=1e-4, atol=1e-4)
    value.backward()
    assert loss.log_temperature.grad != 0
    assert loss.log_temperature.exp().item() == pytest.approx(kept)


def test_fixed_temperature_has_nothing_to_learn():
    assert list(InfoNCE().parameters()) == []


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_temperature_must_be_positive(temperature):
    with pytest.raises(ValueError, match="temperature must be > 0"):
        InfoNCE(temperature)


def test_learned_temperature_must_start_in_its_range():
    with pytest.raises(ValueError, match=r"must start in 0\.01\.\.1, got 2"):
        InfoNCE(2.0, learn_temperature=True)
