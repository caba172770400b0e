"""Metrics of one threshold for all queries."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_curve

from vsr.metrics.threshold import (
    fnmr_at_fmr,
    micro_ap,
    normalized_scores,
    recall_at_precision,
    threshold_at_precision,
)

SCORES = torch.tensor([0.9, 0.8, 0.8, 0.4, 0.1])
RELEVANT = torch.tensor([True, True, False, False, True])
pairs = st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.7]), st.booleans()), min_size=2, max_size=20)


def test_by_hand():
    # Thresholds 0.9, 0.8, 0.4, 0.1 accept 1, 3, 4, 5 pairs with 1, 2, 2, 3 hits; one was missed.
    assert micro_ap(SCORES, RELEVANT, 4) == pytest.approx((1 + 2 / 3 + 3 / 5) / 4)
    assert recall_at_precision(SCORES, RELEVANT, 4, 0.6) == 3 / 4
    assert recall_at_precision(SCORES, RELEVANT, 4, 0.66) == 2 / 4
    assert recall_at_precision(SCORES, RELEVANT, 4, 0.9) == 1 / 4
    assert threshold_at_precision(SCORES, RELEVANT, 0.66) == pytest.approx(0.8)
    assert fnmr_at_fmr(SCORES, RELEVANT, 4, 10, 0.1) == 1 - 2 / 4
    assert fnmr_at_fmr(SCORES, RELEVANT, 4, 10, 0.05) == 1 - 1 / 4


def test_a_precision_out_of_reach():
    nothing = torch.zeros(5, dtype=torch.bool)
    assert recall_at_precision(SCORES, nothing, 4) == 0
    assert threshold_at_precision(SCORES, nothing) == math.inf


def test_nothing_relevant_has_no_value():
    assert math.isnan(micro_ap(SCORES, RELEVANT, 0))
    assert math.isnan(recall_at_precision(SCORES, RELEVANT, 0))
    assert math.isnan(fnmr_at_fmr(SCORES, RELEVANT, 3, 0))


def test_nothing_returned_finds_nothing():
    none = torch.zeros(0), torch.zeros(0, dtype=torch.bool)
    assert micro_ap(*none, 3) == 0
    assert recall_at_precision(*none, 3) == 0
    assert fnmr_at_fmr(*none, 3, 5) == 1


@settings(max_examples=80, deadline=None)
@given(pairs)
def test_agrees_with_scikit_learn(pairs):
    scores, relevant = (np.array(one) for one in zip(*pairs, strict=True))
    if not relevant.any() or relevant.all():
        return
    ours = torch.tensor(scores), torch.tensor(relevant), int(relevant.sum())
    assert micro_ap(*ours) == pytest.approx(average_precision_score(relevant, scores))
    precision, recall, _ = precision_recall_curve(relevant, scores)
    assert recall_at_precision(*ours, 0.5) == pytest.approx(max(recall[precision >= 0.5], default=0))
    # By default it leaves out points on a straight line.
    false, true, _ = roc_curve(relevant, scores, drop_intermediate=False)
    assert fnmr_at_fmr(*ours, int((~relevant).sum()), 0.3) == pytest.approx(1 - true[false <= 0.3].max())


@settings(max_examples=40, deadline=None)
@given(pairs, st.randoms())
def test_the_order_of_the_pairs_does_not_matter(pairs, random):
    shuffled = random.sample(pairs, len(pairs))
    one, other = (
        micro_ap(torch.tensor([s for s, _ in some]), torch.tensor([r for _, r in some]), len(some))
        for some in (pairs, shuffled)
    )
    assert one == pytest.approx(other, abs=1e-12)


def test_normalization_lets_one_threshold_suit_a_query_that_everything_resembles():
    scores = torch.tensor([[0.9, 0.8], [0.5, 0.2]])  # right, wrong; the first query resembles everything
    relevant = torch.tensor([[True, False], [True, False]])
    assert recall_at_precision(scores.flatten(), relevant.flatten(), 2, 1.0) == 0.5
    better = normalized_scores(scores, torch.tensor([[0.8, 0.6], [0.2, 0.2]]))
    assert recall_at_precision(better.flatten(), relevant.flatten(), 2, 1.0) == 1.0
    with pytest.raises(ValueError, match=r"background must be \(2, n > 0\), got \(3, 2\)"):
        normalized_scores(scores, torch.zeros(3, 2))


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"must both be \(P,\), got \(3,\) and \(2,\)"):
        micro_ap(torch.zeros(3), torch.zeros(2), 1)
