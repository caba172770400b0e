"""Two evaluations of the same queries, query by query."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.errors import DataError
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.evaluate import evaluate
from vsr.retrieval.evaluation import Evaluation, Sides
from vsr.retrieval.paired_comparison import compare
from vsr.retrieval.statistics import Statistics

NAMES = ["map", "mrr", "hit_rate@1"]
FEW = Statistics(resamples=200, flips=500)


def measured(noise: float, seed: int = 0, n: int = 60, names: list[str] = NAMES) -> Evaluation:
    """All against all of ``n`` noisy pictures of ``n / 4`` products; query 0 has nothing relevant."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) // 4
    labels[0] = 999
    centers = np.random.default_rng(7).normal(size=(1000, 8))
    vectors = torch.from_numpy(centers[labels] + noise * rng.normal(size=(n, 8))).float()
    own = np.arange(n)
    relevance = LabelRelevance(labels, labels, None, own, own)
    result = evaluate(vectors, vectors, relevance, RankingMetrics(names), depth=20)
    result.protocol, result.fingerprint = "made/v1:test", "abc"
    result.sides = Sides(own, own, np.array([f"item{row}" for row in own], dtype=object))
    result.judging = {"relevant_from": 1.0}
    return result


def shuffled(one: Evaluation, seed: int = 3) -> Evaluation:
    """The same evaluation with its queries in another order."""
    order = np.random.default_rng(seed).permutation(one.n_queries)
    assert one.sides is not None
    return replace(
        one,
        per_query={name: values[order] for name, values in one.per_query.items()},
        neighbors=type(one.neighbors)(*(part[order] for part in one.neighbors)),
        gains=one.gains[order],
        n_relevant=one.n_relevant[order],
        sides=Sides(one.sides.query_rows[order], one.sides.gallery_rows, one.sides.query_items[order]),
    )


def test_an_evaluation_beside_itself_differs_in_nothing():
    one = measured(0.5)
    table = compare(one, one, FEW).table
    assert list(table.index) == NAMES
    assert (table[["difference", "low", "high", "better", "worse"]] == 0).all().all()
    assert (table[["p", "p_holm"]] == 1).all().all()
    assert (table["equal"] == 59).all()  # of 60, one left out


def test_differences_counts_and_means_by_hand():
    a, b = measured(0.9, 1), measured(0.4, 2)
    row = compare(a, b, FEW).table.loc["hit_rate@1"]
    known = a.n_relevant > 0
    before, after = a.per_query["hit_rate@1"][known], b.per_query["hit_rate@1"][known]
    assert row["a"] == pytest.approx(before.mean())
    assert row["difference"] == pytest.approx((after - before).mean())
    assert row["better"] == ((before == 0) & (after == 1)).sum()
    assert row["worse"] == ((before == 1) & (after == 0)).sum()
    assert row["equal"] == (before == after).sum()
    assert row["low"] <= row["difference"] <= row["high"]
    assert row["a_low"] <= row["a"] <= row["a_high"]


def test_a_plain_improvement_is_found_and_noise_is_not():
    good, bad, as_bad = measured(0.3, 1), measured(1.2, 2), measured(1.2, 3)
    assert (compare(bad, good, FEW).table["p_holm"] < 0.05).all()
    assert (compare(good, bad, FEW).table["difference"] < 0).all()
    assert (compare(bad, as_bad, FEW).table["p_holm"] > 0.05).all()


def test_queries_are_put_side_by_side_by_item_whatever_their_order():
    a, b = measured(0.9, 1), measured(0.4, 2)
    straight, mixed = compare(a, b, FEW), compare(a, shuffled(b), FEW)
    assert straight.table.equals(mixed.table)
    np.testing.assert_array_equal(straight.b.neighbors.ids, mixed.b.neighbors.ids)
    np.testing.assert_array_equal(straight.b.gains, mixed.b.gains)


def test_intervals_are_of_the_paired_difference_not_of_two_separate_means():
    rng = np.random.default_rng(0)
    a, b = measured(0.9), measured(0.9)
    easy = rng.uniform(size=60)  # queries differ much more from each other than a from b
    a.per_query = {"map": np.where(a.n_relevant > 0, easy, np.nan)}
    b.per_query = {"map": a.per_query["map"] + 0.01 + 0.001 * rng.normal(size=60)}
    row = compare(a, b, FEW).table.loc["map"]
    assert row["high"] - row["low"] < 0.05 * (row["a_high"] - row["a_low"])
    assert row["p"] < 0.01


def test_the_most_changed_queries_come_first_and_unchanged_ones_never():
    a = measured(0.9)
    b = replace(a, per_query={"map": a.per_query["map"].copy()})
    b.per_query["map"][[5, 6, 7]] += [0.1, 0.3, -0.2]
    better, worse = compare(a, b, FEW).changed("map", 10)
    assert better.tolist() == [6, 5]
    assert worse.tolist() == [7]


def test_metrics_of_one_side_only_are_left_aside_and_told():
    comparison = compare(measured(0.9), measured(0.4, names=["map", "ndcg@10"]), FEW)
    assert list(comparison.table.index) == ["map"]
    assert comparison.left_aside == ["hit_rate@1", "mrr", "ndcg@10"]
    assert comparison.about()["correction"] == "Holm over 1 metrics"


@pytest.mark.parametrize(("cut", "unlike"), [(20, ["map", "mrr"]), (60, []), (None, [])])
def test_a_whole_ranking_is_not_held_against_a_list(cut, unlike):
    a, b = measured(0.9), measured(0.4)
    for one in (a, b):
        one.judging = {"relevant_from": 1.0, "gallery": 60}
    b.cut = cut
    comparison = compare(a, b, FEW)
    assert comparison.unlike == comparison.about()["unlike"] == unlike
    assert list(comparison.table.index) == [name for name in NAMES if name not in unlike]
    assert comparison.left_aside == []


def test_nothing_but_metrics_of_whole_rankings_against_lists_is_refused():
    a, b = measured(0.9, names=["map"]), measured(0.4, names=["map"])
    for one in (a, b):
        one.judging = {"relevant_from": 1.0, "gallery": 60}
    b.cut = 20
    with pytest.raises(DataError, match=r"map depend on that; take stages/exact@… in place of exact search"):
        compare(a, b, FEW)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"protocol": "made/v2:test"}, r"different protocols \(made/v1:test and made/v2:test\)"),
        ({"protocol": "made/v1:val"}, "different protocols"),
        ({"fingerprint": "abd"}, r"different catalogue fingerprints \(abc and abd\)"),
        ({"judging": {"relevant_from": 2.0}}, "different relevance"),
        ({"n_relevant": np.full(60, 3)}, "different numbers of relevant pictures"),
        ({"sides": None}, "evaluation b does not say which pictures its queries are; measure it again"),
    ],
)
def test_what_was_not_measured_alike_refuses_to_be_compared(changes, told):
    one = measured(0.9)
    with pytest.raises(DataError, match=told):
        compare(one, replace(one, **changes), FEW)


def test_other_queries_or_another_gallery_refuse_to_be_compared():
    one = measured(0.9)
    sides = one.sides
    assert sides is not None
    items = sides.query_items.copy()
    items[3] = "stranger"
    with pytest.raises(DataError, match=r"different queries \(2 are in one only, such as item3\)"):
        compare(one, replace(one, sides=replace(sides, query_items=items)), FEW)
    with pytest.raises(DataError, match=r"different galleries \(60 and 59 pictures\); perhaps pictures were"):
        compare(one, replace(one, sides=replace(sides, gallery_rows=sides.gallery_rows[1:])), FEW)


def test_no_metric_in_common_is_told():
    with pytest.raises(DataError, match=r"no metric in common \(a: map, mrr, hit_rate@1; b: ndcg\)"):
        compare(measured(0.9), measured(0.9, names=["ndcg"]), FEW)
