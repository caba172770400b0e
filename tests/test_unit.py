"""Unit length, and a gradient that a row of zeros does not blow up."""

import pytest
import torch
import torch.nn.functional as F

from vsr.unit import SHORT, damped, unit_length


def rows(*lengths, dtype=torch.float32):
    directions = torch.randn(len(lengths), 16, generator=torch.Generator().manual_seed(0), dtype=dtype)
    return F.normalize(directions, dim=1) * torch.tensor(lengths, dtype=dtype)[:, None]


def gradient(function, vectors):
    """What leaves ``vectors`` when gradients of 1, 2, 3, … arrive."""
    vectors = vectors.clone().requires_grad_()
    out = function(vectors)
    out.backward(torch.arange(1.0, out.numel() + 1).reshape(out.shape).to(out.dtype))
    return vectors.grad


def test_values_and_gradients_of_usual_lengths_are_those_of_normalize_to_the_last_bit():
    vectors = rows(1e-3, 0.02, 0.7, 1, 3, 50, 1e4)
    assert torch.equal(unit_length(vectors.clone().requires_grad_()), F.normalize(vectors, dim=1))
    assert torch.equal(gradient(unit_length, vectors), gradient(lambda x: F.normalize(x, dim=1), vectors))


def test_a_length_of_1e_minus_13_comes_out_as_1_and_zeros_stay():
    out = unit_length(rows(1e-13, 0))
    assert out.norm(dim=1).tolist() == pytest.approx([1, 0])


@pytest.mark.parametrize("length", [0, 1e-30, 1e-16, 1e-13, 1e-8, 1e-5, 0.99e-4, 1.01e-4])
def test_the_gradient_is_that_of_the_projection_times_a_bounded_factor(length):
    vectors = rows(length, dtype=torch.float64)
    arrives = torch.arange(1.0, 17, dtype=torch.float64)
    got = gradient(unit_length, vectors)[0]
    direction = unit_length(vectors)[0]
    tangent = arrives - direction * (direction @ arrives)
    if length > 1e-16:  # above what keeps from dividing by 0
        torch.testing.assert_close(got, tangent * min(1 / length, length / SHORT**2))
    assert got.isfinite().all()
    assert got.norm() <= arrives.norm() / SHORT
    if length == 0:
        assert (got == 0).all()


def test_scaling_twice_keeps_to_the_bound_of_once():
    for length in (0, 1e-20, 1e-8, 1e-4):
        got = gradient(lambda x: unit_length(unit_length(x)), rows(length))
        assert got.norm() <= torch.arange(1.0, 17).norm() / SHORT * 1.001


def test_the_gradient_is_that_of_finite_differences():
    vectors = rows(0.01, 1, 7, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(unit_length, vectors)
    assert torch.autograd.gradgradcheck(unit_length, vectors)


def test_nothing_is_added_where_no_gradient_is_wanted():
    vectors = rows(1, 0)
    assert damped(vectors) is vectors
    with torch.no_grad():
        assert damped(vectors.requires_grad_()) is vectors
