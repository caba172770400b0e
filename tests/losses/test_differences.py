import pytest
import torch

from vsr.losses import differences
from vsr.losses.differences import hinge, sigmoid, softplus, step, sums_of_differences

PLAIN = {
    "sigmoid": (sigmoid(0.3), lambda x: torch.sigmoid(x / 0.3)),
    "hinge": (hinge(0.2), lambda x: torch.relu(x + 0.2)),
    "step": (step(0.2), lambda x: (x > -0.2).double()),
    "softplus": (softplus(), torch.nn.functional.softplus),
}


@pytest.fixture
def problem():
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(5, 7, dtype=torch.float64, generator=generator)
    counted = torch.rand(5, 7, generator=generator) < 0.6
    anchors, columns = (torch.rand(5, 7, generator=generator) < 0.4).nonzero(as_tuple=True)
    return values, anchors, columns, counted


@pytest.mark.parametrize("block", [1, 21, 2**20])
@pytest.mark.parametrize("name", PLAIN)
def test_equals_the_plain_sum_whatever_the_blocks(problem, name, block, monkeypatch):
    monkeypatch.setattr(differences, "BLOCK", block)
    values, anchors, columns, counted = problem
    curve, function = PLAIN[name]
    apart = values[anchors] - values[anchors, columns][:, None]
    expected = (function(apart) * counted[anchors]).sum(dim=1)
    torch.testing.assert_close(sums_of_differences(*problem, curve), expected)


@pytest.mark.parametrize("block", [7, 2**20])
@pytest.mark.parametrize("name", ["sigmoid", "hinge", "softplus"])
def test_gradient_is_that_of_finite_differences(problem, name, block, monkeypatch):
    monkeypatch.setattr(differences, "BLOCK", block)
    values, *rest = problem
    curve = PLAIN[name][0]
    weight = torch.arange(1.0, len(rest[0]) + 1, dtype=torch.float64)
    torch.autograd.gradcheck(
        lambda x: (sums_of_differences(x, *rest, curve) * weight).sum(), values.requires_grad_()
    )


def test_no_pair_gives_no_sum():
    none = torch.zeros(0, dtype=torch.int64)
    values = torch.randn(3, 3, requires_grad=True)
    got = sums_of_differences(values, none, none, torch.ones(3, 3, dtype=torch.bool), softplus())
    assert got.shape == (0,)
    got.sum().backward()
    assert (values.grad == 0).all()
