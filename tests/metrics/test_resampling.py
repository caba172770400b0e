"""Bootstrap intervals, sign flips and Holm's correction, against other implementations and by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from vsr.metrics.resampling import EXACT_UP_TO, bootstrap_intervals, bootstrap_means, holm, sign_flip_test

NAN = float("nan")


def skewed(n, seed=0):
    """Values like average precisions: many small, a few near 1."""
    return torch.from_numpy(np.random.default_rng(seed).beta(0.4, 1.2, size=(n, 3)))


def test_means_are_those_of_rows_drawn_with_replacement():
    values = torch.tensor([[0.0, 10.0], [1.0, 20.0], [2.0, 40.0]])
    means = bootstrap_means(values, 500, seed=1)
    by_hand = {(i + j + k) / 3 for i in (0, 1, 2) for j in (0, 1, 2) for k in (0, 1, 2)}
    assert {round(mean, 9) for mean in means[:, 0].tolist()} == {round(mean, 9) for mean in by_hand}
    low, high = means[:, 0] == 0, means[:, 0] == 2  # only one row drawn: both columns drew the same rows
    assert (means[low, 1] == 10).all()
    assert (means[high, 1] == 40).all()


def test_the_spread_of_the_means_is_the_standard_error():
    values = skewed(400)
    error = values.std(dim=0, correction=0) / 20
    assert torch.allclose(bootstrap_means(values, 4000).std(dim=0), error, rtol=0.05)


def test_blocks_do_not_change_the_draws(monkeypatch):
    whole = bootstrap_means(skewed(50), 30, seed=3)
    monkeypatch.setattr("vsr.metrics.resampling._ELEMENTS", 7 * 50)
    assert torch.allclose(bootstrap_means(skewed(50), 30, seed=3), whole, atol=1e-15)


def test_left_out_queries_are_not_drawn():
    values = skewed(60)
    holes = torch.cat([values, torch.full((25, 3), NAN)])
    assert torch.equal(bootstrap_means(holes, 50), bootstrap_means(values, 50))
    holes[60:, 1] = 0.5  # one metric is known for more queries than the others
    means = bootstrap_means(holes, 50)
    assert torch.equal(means[:, [0, 2]], bootstrap_means(values[:, [0, 2]], 50))
    assert torch.equal(means[:, [1]], bootstrap_means(holes[:, [1]], 50))


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_intervals_agree_with_scipy_on_the_same_draws(level):
    values = skewed(40)
    means = bootstrap_means(values, 999)
    ours = bootstrap_intervals(values, level, means=means)
    for column in range(3):
        theirs = stats.bootstrap(
            (values[:, column].numpy(),),
            np.mean,
            n_resamples=0,
            confidence_level=level,
            method="BCa",
            bootstrap_result=SimpleNamespace(bootstrap_distribution=means[:, column].numpy()),
        ).confidence_interval
        assert ours[column].tolist() == pytest.approx([theirs.low, theirs.high], abs=1e-12)


def test_intervals_agree_with_scipy_on_other_draws_as_far_as_chance_allows():
    values = skewed(150)[:, :1]
    ours = bootstrap_intervals(values, resamples=20_000)[0]
    theirs = stats.bootstrap((values[:, 0].numpy(),), np.mean, n_resamples=20_000, rng=1).confidence_interval
    assert ours.tolist() == pytest.approx([theirs.low, theirs.high], abs=2e-3)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    truth, covered = 0.4 / 1.6, 0
    for seed in range(100):
        intervals = bootstrap_intervals(skewed(80, seed), resamples=400, seed=seed)
        covered += int(((intervals[:, 0] <= truth) & (truth <= intervals[:, 1])).sum())
    assert 270 <= covered <= 297  # of 300; 285 expected, 4 standard deviations are 15


def test_without_spread_there_is_no_width_and_with_one_query_no_interval():
    assert bootstrap_intervals(torch.full((30, 1), 0.1))[0].tolist() == pytest.approx([0.1, 0.1])
    assert bootstrap_intervals(torch.tensor([[0.5, NAN], [NAN, NAN]])).isnan().all()
    assert bootstrap_intervals(torch.zeros(0, 2)).isnan().all()


def test_the_seed_decides_the_interval():
    first, again, other = (bootstrap_intervals(skewed(30), seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=9))
def test_few_queries_are_tested_exactly(differences):
    values = np.array(differences)
    signs = np.array(np.meshgrid(*[[-1, 1]] * len(values))).reshape(len(values), -1)
    by_hand = (np.abs(values @ signs) >= abs(values.sum()) - 1e-12).mean()
    assert sign_flip_test(torch.tensor(differences)[:, None]).item() == pytest.approx(by_hand)


def test_the_exact_test_agrees_with_scipy():
    values = skewed(11)[:, 0] - 0.1
    theirs = stats.permutation_test(
        (values.numpy(), np.zeros(11)),
        lambda x, y, axis: (x - y).mean(axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=True,
    )
    assert sign_flip_test(values[:, None]).item() == pytest.approx(theirs.pvalue)


def test_drawn_flips_of_hits_and_misses_agree_with_mcnemars_exact_test():
    hits = torch.tensor([1.0] * 34 + [-1.0] * 18 + [0.0] * 200)
    p = sign_flip_test(hits[:, None], flips=40_000).item()
    assert p == pytest.approx(stats.binomtest(34, 52).pvalue, abs=5e-3)


def test_drawn_flips_agree_with_the_exact_test(monkeypatch):
    values = skewed(EXACT_UP_TO) - 0.2
    exact = sign_flip_test(values)
    monkeypatch.setattr("vsr.metrics.resampling.EXACT_UP_TO", 0)
    assert torch.allclose(sign_flip_test(values, flips=40_000), exact, atol=0.01)


def test_no_difference_is_certainly_none_and_p_is_never_0():
    assert sign_flip_test(torch.zeros(40, 1)).item() == 1
    assert sign_flip_test(torch.full((40, 1), NAN)).isnan().item()
    assert sign_flip_test(torch.full((40, 1), 0.3), flips=999).item() == 1 / 1000


def test_p_values_of_systems_that_are_alike_are_uniform():
    differences = torch.from_numpy(np.random.default_rng(0).normal(size=(40, 400)) ** 3)
    p = sign_flip_test(differences, flips=500)
    assert stats.kstest(p.numpy(), "uniform").pvalue > 0.01


def test_a_query_more_with_nan_changes_nothing():
    values = skewed(40) - 0.2
    more = torch.cat([torch.full((3, 3), NAN), values])
    assert torch.equal(sign_flip_test(more), sign_flip_test(values))


def test_holm_by_hand():
    p = torch.tensor([0.01, 0.04, 0.03, NAN, 0.005], dtype=torch.float64)
    assert holm(p).tolist() == pytest.approx([0.03, 0.06, 0.06, NAN, 0.02], nan_ok=True)
    assert holm(torch.tensor([0.6, 0.7])).tolist() == [1.0, 1.0]
    assert holm(torch.tensor([NAN])).isnan().all()


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match=r"values must be \(Q, M\), got \(3,\)"):
        bootstrap_means(torch.zeros(3))
    with pytest.raises(ValueError, match="resamples must be >= 1, got 0"):
        bootstrap_means(torch.zeros(3, 1), 0)
    with pytest.raises(ValueError, match="level must be between 0 and 1, got 95"):
        bootstrap_intervals(torch.zeros(3, 1), 95)
    with pytest.raises(ValueError, match="flips must be >= 1, got 0"):
        sign_flip_test(torch.zeros(3, 1), 0)
