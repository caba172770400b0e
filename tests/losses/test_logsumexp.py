import pytest
import torch

from vsr.losses.logsumexp import masked_logsumexp


@pytest.fixture(params=[0, 1])
def dim(request):
    return request.param


def problem(spread, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    values = spread * torch.randn(5, 7, generator=generator, dtype=torch.float64).to(dtype)
    mask = torch.rand(5, 7, generator=generator) < 0.5
    mask[2], mask[:, 3] = False, False  # a row and a column of which nothing is picked
    return values, mask


@pytest.mark.parametrize("spread", [1, 30, 3000])
def test_equals_torch_where_there_is_something_and_is_very_low_where_not(dim, spread):
    values, mask = problem(spread)
    got, some = masked_logsumexp(values, mask, dim), mask.any(dim)
    expected = values.masked_fill(~mask, -torch.inf).logsumexp(dim)
    torch.testing.assert_close(got[some], expected[some], rtol=1e-14, atol=1e-14)
    assert (got[~some] < -1e300).all()


@pytest.mark.parametrize("spread", [1, 30])
def test_gradient_is_that_of_finite_differences(dim, spread):
    values, mask = problem(spread)
    some = mask.any(dim)
    torch.autograd.gradcheck(lambda x: masked_logsumexp(x, mask, dim)[some], values.requires_grad_())


def test_nothing_picked_has_a_gradient_of_0_and_a_softplus_of_0(dim):
    values, mask = problem(1, torch.float32)
    values.requires_grad_()
    low = torch.nn.functional.softplus(masked_logsumexp(values, mask, dim)[~mask.any(dim)])
    low.sum().backward()
    assert (low == 0).all()
    assert (values.grad == 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_is_left_out_never_counts_however_large(dtype):
    values = torch.tensor([[1000.0, 1.0, 2.0]], dtype=dtype)
    got = masked_logsumexp(values, torch.tensor([[False, True, True]]))
    torch.testing.assert_close(got, torch.tensor([1.0, 2.0], dtype=dtype).logsumexp(0)[None])


def test_gradients_are_0_or_far_from_underflow():
    """Numbers below 1e-38 are slow to compute with, and a matrix product has many of them at once."""
    values = torch.linspace(0, -120, 1000)[None].requires_grad_()
    (1e-6 * masked_logsumexp(values, values < -1)).sum().backward()
    sizes = values.grad.abs()
    assert (sizes == 0).any()
    assert sizes[sizes > 0].min() > 1e-32
