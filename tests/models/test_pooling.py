import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vsr.errors import ConfigError
from vsr.models.pooling import AvgPool, GeM, MaxPool, build_pooling

FEATURES = torch.tensor([[[[1.0, 2.0], [3.0, 6.0]], [[0.0, 0.0], [0.0, 4.0]]]])  # (1, 2, 2, 2)


def test_average_and_maximum_of_a_map_done_by_hand():
    assert AvgPool()(FEATURES).tolist() == [[3.0, 1.0]]
    assert MaxPool()(FEATURES).tolist() == [[6.0, 4.0]]


def test_generalized_mean_done_by_hand():
    got = GeM(p=2.0)(FEATURES)  # sqrt((1 + 4 + 9 + 36) / 4), sqrt(16 / 4)
    torch.testing.assert_close(got, torch.tensor([[12.5**0.5, 2.0]]))


@settings(max_examples=30, deadline=None)
@given(p=st.floats(1, 20), seed=st.integers(0, 99))
def test_generalized_mean_is_the_papers_formula(p, seed):
    torch.manual_seed(seed)
    features = torch.randn(2, 3, 4, 5)
    x = features.double().clamp(min=1e-6)
    expected = x.pow(p).mean(dim=(2, 3)).pow(1 / p)
    torch.testing.assert_close(GeM(p=p)(features).double(), expected, rtol=1e-4, atol=1e-6)


def test_generalized_mean_learns_its_exponent():
    pool = GeM()
    pool(FEATURES).sum().backward()
    assert pool.p.grad > 0  # nearer to the maximum is larger


@pytest.mark.parametrize("value", [0.0, -1.0, 1e4])
def test_gradients_stay_finite_on_dead_and_huge_features(value):
    pool = GeM(p=20.0)
    features = torch.full((1, 2, 3, 3), value, requires_grad=True)
    pool(features).sum().backward()
    assert features.grad.isfinite().all()
    assert pool.p.grad.isfinite()


def test_exponent_is_clamped():
    pool = GeM()
    with torch.no_grad():
        pool.p.fill_(-5.0)
    torch.testing.assert_close(pool(FEATURES), AvgPool()(FEATURES), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("p", [0.5, 21, float("nan")])
def test_exponent_outside_its_range_is_refused(p):
    with pytest.raises(ValueError, match="gem_p must be from 1 to 20"):
        GeM(p=p)


def test_unknown_pooling_names_the_nearest():
    with pytest.raises(ConfigError, match="got 'gemm'; did you mean 'gem'"):
        build_pooling("gemm", 3.0)
