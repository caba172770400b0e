"""What may be done to embeddings, through the whole path, without changing any metric, or by how much it may.

Rankings are made of scores that float32 and bfloat16 hold exactly and that are all different for a query, so
that whatever keeps their order must keep every bit of every value.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.metrics.ranking import METRICS, RankingMetrics
from vsr.retrieval.evaluate import evaluate

EVERY = [
    base + cut + (f":{variant}" if variant else "")
    for base, metric in METRICS.items()
    for cut in {"never": [""], "may": ["", "@1", "@7"], "must": ["@1", "@7"]}[metric.cutoff]
    for variant in [None, *metric.variants]
]
COUNTED = [("recall", ""), ("hit_rate", ""), ("precision", ""), ("precision", ":min_k_r")]
Q, N = 12, 60
PRODUCTS = np.arange(Q + N) % 15
LABELS = np.stack([PRODUCTS, PRODUCTS % 5], axis=1)  # products of five categories: graded gains


def scores(seed=1):
    """(Q, N): whole numbers from -64 to 63, all different in a row: exact in eight significant bits."""
    rng = np.random.default_rng(seed)
    return torch.tensor(np.stack([rng.permutation(128)[:N] - 64 for _ in range(Q)])).float()


def values(table, queries=None, gallery=None, depth=20, **more):
    """Every metric of every query, where ``table`` (Q, N) are the scores: the queries are unit vectors."""
    queries = np.arange(len(table)) if queries is None else queries
    gallery = np.arange(table.shape[1]) if gallery is None else gallery
    relevance = LabelRelevance(LABELS[queries], LABELS[Q + gallery], (2.0, 1.0))
    unit = torch.eye(len(table), dtype=table.dtype)
    found = evaluate(
        unit, table.T.contiguous(), relevance, RankingMetrics(EVERY), similarity="ip", depth=depth, **more
    )
    return found.per_query


def assert_same(ours, theirs, order=slice(None), rtol=0.0):
    for name in EVERY:
        np.testing.assert_allclose(ours[name], theirs[name][order], rtol=rtol, atol=0, err_msg=name)


def test_the_rankings_tell_all_metrics_apart_from_their_best_and_worst():
    found = values(scores())
    for name in EVERY:
        assert 0 < np.nanmean(found[name]) < 1, name


@settings(max_examples=15, deadline=None)
@given(exponent=st.floats(-6, 6), seed=st.integers(0, 99))
def test_the_scale_of_scores_changes_no_bit(exponent, seed):
    table = scores(seed)
    assert_same(values(table * 10.0**exponent), values(table))


@pytest.mark.parametrize("similarity", ["cosine", "l2"])
@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e6])
def test_the_scale_of_embeddings_changes_no_bit_where_no_two_scores_are_near(similarity, scale):
    # Rounding moves a score by 1e-7 of its size: the nearest two of these are further apart.
    generator = torch.Generator().manual_seed(103)
    queries, gallery = torch.randn(Q, 16, generator=generator), torch.randn(N, 16, generator=generator)
    relevance = LabelRelevance(LABELS[:Q], LABELS[Q:], (2.0, 1.0))

    def measured(factor):
        return evaluate(
            queries * factor, gallery * factor, relevance, RankingMetrics(EVERY), similarity=similarity
        )

    plain = measured(1.0)
    gaps = -np.diff(plain.neighbors.scores, axis=1)
    assert gaps.min() > 5e-5 * np.abs(plain.neighbors.scores).max()
    assert_same(measured(scale).per_query, plain.per_query)


@pytest.mark.parametrize("shift", [-1000.0, -64.0, 0.5, 4096.0])
def test_a_shift_of_all_scores_changes_no_bit(shift):
    assert_same(values(scores() + shift), values(scores()))  # these sums are exact in float32


def test_moving_queries_and_gallery_together_changes_no_bit_under_l2():
    rng = np.random.default_rng(2)
    queries, gallery = (torch.tensor(rng.integers(-9, 9, (n, 40))).float() for n in (Q, N))
    relevance = LabelRelevance(LABELS[:Q], LABELS[Q:], (2.0, 1.0))
    here, there = (
        evaluate(queries + by, gallery + by, relevance, RankingMetrics(EVERY), similarity="l2").per_query
        for by in (0, 32)  # all sums stay below 2^24: exact
    )
    assert_same(there, here)


def test_the_order_of_queries_changes_no_bit():
    order = np.random.default_rng(3).permutation(Q)
    assert_same(values(scores()[order], order), values(scores()), order)


def test_the_order_of_the_gallery_changes_no_bit_where_nothing_ties():
    order = np.random.default_rng(4).permutation(N)
    assert_same(values(scores()[:, order], gallery=order), values(scores()))


def test_a_query_asked_twice_is_measured_twice_and_moves_no_mean():
    twice = np.repeat(np.arange(Q), 2)
    found, once = values(scores()[twice], twice), values(scores())
    assert_same(found, once, twice)
    for name in EVERY:  # the sum of a mean is rounded in another order
        assert np.nanmean(found[name]) == pytest.approx(np.nanmean(once[name]), rel=1e-12)


def test_a_gallery_held_twice_moves_ranks_to_twice_as_deep_and_no_further():
    # A copy ties with its original and follows it: the top 2k are the top k twice.
    counted = {f"{base}@14{end}": f"{base}@7{end}" for base, end in COUNTED}
    twice = np.repeat(np.arange(N), 2)
    relevance = LabelRelevance(LABELS[:Q], LABELS[Q + twice], (2.0, 1.0))
    metrics = RankingMetrics([*counted, "r_precision", "mrr", "map"])
    table, once = scores()[:, twice].T.contiguous(), values(scores())
    found = evaluate(torch.eye(Q), table, relevance, metrics, similarity="ip").per_query
    for deep, name in {**counted, "r_precision": "r_precision"}.items():
        np.testing.assert_array_equal(found[deep], once[name], name)
    np.testing.assert_allclose(1 / found["mrr"], 2 / once["mrr"] - 1, rtol=1e-12)
    # The hit h at rank r becomes two: at 2r - 1 of precision (2h - 1) / (2r - 1) <= h / r, at 2r of h / r.
    assert (found["map"] <= once["map"]).all()
    assert (found["map"] >= once["map"] / 2).all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_the_type_of_embeddings_changes_no_bit_where_it_holds_their_scores(dtype):
    assert_same(values(scores().to(dtype)), values(scores()))


@pytest.mark.parametrize("depth", [1, 20, 100])
def test_one_query_at_a_time_is_every_query_at_once(depth):
    together = values(scores(), depth=depth)
    for query in range(Q):
        assert_same(values(scores()[[query]], np.array([query]), depth=depth), together, [query])


@pytest.mark.parametrize("block_mib", [0.001, 0.01, 64.0])
def test_the_memory_of_a_block_changes_no_bit(block_mib):
    assert_same(values(scores(), block_mib=block_mib), values(scores()))
