"""The registry of names, and each metric against hand computation and other libraries."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, ndcg_score
from torchmetrics.functional import retrieval as theirs

from vsr.errors import ConfigError
from vsr.metrics import average_precision as ap
from vsr.metrics.judged import Judged
from vsr.metrics.ranking import METRICS, RankingMetrics, meanings, parse, spellings

EVERY = [
    base + cut + (f":{variant}" if variant else "")
    for base, metric in METRICS.items()
    for cut in {"never": [""], "may": ["", "@1", "@3"], "must": ["@1", "@3"]}[metric.cutoff]
    for variant in [None, *metric.variants]
]
gains_ = st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0]), min_size=1, max_size=12)


def judged(*rankings, missed=(), relevant_from=1.0):
    """Rankings given by their gains, best rank first; each has ``missed`` gains that were not found."""
    best = [sorted([*one, *missed], reverse=True) for one in rankings]
    n_relevant = [sum(gain >= relevant_from for gain in one) for one in best]
    return Judged.from_gains(
        torch.tensor(rankings), torch.tensor(n_relevant), torch.tensor(best), relevant_from
    )


def value(name, *rankings, **more):
    return RankingMetrics([name])(judged(*rankings, **more))[name][0].item()


def test_one_ranking_has_three_values_of_map_at_5():
    found = [1.0, 0.0, 1.0, 0.0, 0.0]
    missed = [1.0] * 4  # six relevant in all
    assert value("map@5", found, missed=missed) == pytest.approx(1 / 3)  # (1 + 2/3) / min(5, 6)
    assert value("map@5:r", found, missed=missed) == pytest.approx(5 / 18)
    assert value("map@5:hits", found, missed=missed) == pytest.approx(5 / 6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mrr", 1 / 2),
        ("mrr@1", 0),
        ("recall@2", 1 / 4),
        ("recall@10", 3 / 4),
        ("hit_rate@1", 0),
        ("hit_rate@2", 1),
        ("precision@4", 1 / 2),
        ("precision@10", 3 / 10),
        ("precision@10:min_k_r", 3 / 4),
        ("precision@3:last", 2 / 3),
        ("precision@10:last", 3 / 10),  # the fourth stands beyond the list
        ("r_precision", 2 / 4),
        ("map", (1 / 2 + 2 / 3 + 3 / 5) / 4),
        ("map@r", (1 / 2 + 2 / 3) / 4),
        ("map@2", (1 / 2) / 2),
        ("map:trapezoid", ((0 + 1 / 2) + (1 / 2 + 2 / 3) + (2 / 4 + 3 / 5)) / 2 / 4),
    ],
)
def test_hits_at_2_3_and_5_of_4_relevant_items(name, expected):
    assert value(name, [0.0, 1, 1, 0, 1, 0], missed=[1.0]) == pytest.approx(expected)


def test_precision_ends_at_the_last_relevant_item_where_all_are_found():
    assert value("precision@10:last", [0.0, 1, 1, 0, 1, 0]) == pytest.approx(3 / 5)
    assert value("precision@3:last", [0.0, 1, 1, 0, 1, 0]) == pytest.approx(2 / 3)


def test_graded_gains_by_hand():
    ranking = [1.0, 3.0, 0.0, 2.0]
    found = 1 + 3 / math.log2(3) + 2 / math.log2(5)
    best = 3 + 3 / math.log2(3) + 2 / math.log2(4) + 1 / math.log2(5)
    assert value("ndcg", ranking, missed=[3.0]) == pytest.approx(found / best)
    exponential = (1 + 7 / math.log2(3) + 3 / math.log2(5)) / (
        7 + 7 / math.log2(3) + 3 / 2 + 1 / math.log2(5)
    )
    assert value("ndcg:exp", ranking, missed=[3.0]) == pytest.approx(exponential)
    assert value("ndcg@1", ranking, missed=[3.0]) == pytest.approx(1 / 3)
    # h-ranks: 1; 3 + min(3, 1); 2 + min(2, 1) + min(2, 3)
    assert value("h_ap", ranking, missed=[3.0]) == pytest.approx((1 / 1 + 4 / 2 + 5 / 4) / 9)


def test_hierarchical_precision_is_average_precision_without_grades():
    ranking = [0.0, 1, 1, 0, 1]
    assert value("h_ap", ranking, missed=[1.0]) == pytest.approx(value("map", ranking, missed=[1.0]))


def test_only_gains_that_suffice_are_relevant():
    ranking = [1.0, 2.0, 0.0]
    assert value("mrr", ranking, relevant_from=2.0) == 1 / 2
    assert value("recall@1", ranking, relevant_from=2.0) == 0


@pytest.mark.parametrize("name", EVERY)
def test_nothing_relevant_is_nan_and_leaves_its_neighbors_alone(name):
    values = RankingMetrics([name])(judged([0.0, 0, 0, 0], [0.0, 1, 0, 1], [0.0, 0, 0, 0]))[name]
    assert values.isnan().tolist() == [True, False, True]
    assert values[1].item() == pytest.approx(value(name, [0.0, 1, 0, 1]))


@pytest.mark.parametrize("name", EVERY)
def test_a_perfect_ranking_is_1_and_a_ranking_without_hits_0(name):
    if not name.startswith(("recall", "precision", "map@1:r")):  # whose best depends on k
        assert value(name, [1.0, 1, 1, 0, 0, 0]) == pytest.approx(1)
    assert value(name, [0.0, 0, 0, 0], missed=[1.0, 1.0]) == 0


def values(*rankings, **more):
    """Every metric (Q, M), -1 for queries left out."""
    found = RankingMetrics(EVERY)(judged(*rankings, **more))
    return torch.stack([found[name] for name in EVERY], dim=1).nan_to_num(-1)


@settings(max_examples=40, deadline=None)
@given(ranking=gains_, more=st.integers(1, 5))
def test_irrelevant_items_at_the_end_change_nothing(ranking, more):
    padded = [*ranking, *[0.0] * more]
    torch.testing.assert_close(values(ranking, missed=[1.0]), values(padded, missed=[1.0]))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from([0.0, 1.0, 3.0]), min_size=5, max_size=5), min_size=2, max_size=4))
def test_queries_do_not_touch_each_other(rankings):
    torch.testing.assert_close(values(*rankings), torch.cat([values(one) for one in rankings]))


RANKED = ["mrr", "map", "map@r", "r_precision", "ndcg", "h_ap", "map@3", "ndcg@3"]


@settings(max_examples=60, deadline=None)
@given(ranking=gains_, place=st.integers(0, 10))
def test_moving_a_better_item_up_never_lowers_a_value(ranking, place):
    place %= max(1, len(ranking) - 1)
    if len(ranking) < 2 or ranking[place] >= ranking[place + 1]:
        return
    better = ranking.copy()
    better[place], better[place + 1] = better[place + 1], better[place]
    higher = RankingMetrics(RANKED)(judged(better, missed=[1.0]))
    for name, lower in RankingMetrics(RANKED)(judged(ranking, missed=[1.0])).items():
        assert higher[name] >= lower - 1e-12, name


@settings(max_examples=60, deadline=None)
@given(gains_)
def test_agrees_with_scikit_learn(ranking):
    scores = np.arange(len(ranking), 0, -1)
    if len(ranking) > 1 and max(ranking) > 0:
        for k in (None, 1, 4):
            name = "ndcg" if k is None else f"ndcg@{k}"
            assert value(name, ranking) == pytest.approx(ndcg_score([ranking], [scores], k=k))
    if max(ranking) > 0:
        relevant = np.array(ranking) > 0
        assert value("map", ranking) == pytest.approx(average_precision_score(relevant, scores))


@settings(max_examples=40, deadline=None)
@given(gains_)
def test_agrees_with_torchmetrics_where_the_definitions_coincide(ranking):
    relevant = torch.tensor(ranking) > 0
    scores = torch.arange(len(ranking), 0, -1).float()  # above 0: torchmetrics drops the others
    if not relevant.any():
        return
    pairs = [
        ("map", theirs.retrieval_average_precision, {}),
        ("map@3:hits", theirs.retrieval_average_precision, {"top_k": 3}),
        ("mrr", theirs.retrieval_reciprocal_rank, {}),
        ("recall@3", theirs.retrieval_recall, {"top_k": 3}),
        ("hit_rate@3", theirs.retrieval_hit_rate, {"top_k": 3}),
        ("precision@3", theirs.retrieval_precision, {"top_k": 3}),
        ("r_precision", theirs.retrieval_r_precision, {}),
    ]
    for name, function, more in pairs:
        assert value(name, ranking) == pytest.approx(function(scores, relevant, **more).item(), abs=1e-6), (
            name
        )


def test_ranks_of_the_positives_and_gains_of_the_list_are_the_same_ranking():
    by_gains = judged([0.0, 2, 0, 1], [1.0, 0, 0, 0], missed=[3.0])
    by_ranks = Judged(
        torch.tensor([0, 2, 3]),
        torch.tensor([2, 4, 1]),
        torch.tensor([2.0, 1.0, 1.0]).double(),
        torch.ones(3, dtype=torch.bool),
        torch.tensor([3, 2]),
        by_gains.ideal,
    )
    names = [name for name in EVERY if not name.startswith("precision@1:")]
    ours, same = RankingMetrics(names)(by_gains), RankingMetrics(names)(by_ranks)
    for name in names:
        assert ours[name].tolist() == same[name].tolist(), name


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(
        ValueError, match=r"gains must be \(Q, K\) and n_relevant \(Q,\), got \(2, 3\) and \(3,\)"
    ):
        Judged.from_gains(torch.zeros(2, 3), torch.ones(3), torch.zeros(2, 3))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("recal@10", "there is no metric 'recal@10'; did you mean 'recall@10'"),
        ("recall", "'recall' needs a cutoff >= 1, such as @10; did you mean 'recall@10'"),
        ("recall@0", "'recall@0' needs a cutoff >= 1"),
        ("r_precision@5", "'r_precision@5' needs no cutoff"),
        ("map:trapez", "'map:trapez' names no variant of map; did you mean 'trapezoid'"),
        ("mrr:exp", "'mrr:exp' names no variant of mrr; mrr has no variants"),
        ("", "there is no metric ''; choose from h_ap, hit_rate@10"),
        (
            "precision@99999999999999999999",
            "the cutoff of 'precision@99999999999999999999' is above 1,000,000,000",
        ),
        ("mrr@1000000001", "the cutoff of 'mrr@1000000001' is above 1,000,000,000; lower it"),
        ("recall@" + "9" * 5000, "9' is above 1,000,000,000"),
        ("recall@\u0661\u0660", "there is no metric 'recall@\u0661\u0660'"),
        ("recall@\u00b2", "there is no metric 'recall@\u00b2'"),
        ("recall@1_0", "there is no metric 'recall@1_0'"),
        ("hit_rate@010", "the cutoff of 'hit_rate@010' begins with 0; write @10"),
        ("hit_rate@00", "the cutoff of 'hit_rate@00' begins with 0; write @1"),
        ("map@-1", "there is no metric 'map@-1'"),
    ],
)
def test_a_wrong_name_is_told_with_the_nearest_ones(name, message):
    with pytest.raises(ConfigError) as told:
        RankingMetrics([name])
    assert message in str(told.value)
    assert "\n" not in str(told.value)


def test_the_largest_cutoff_measures_the_whole_list():
    for base in ("mrr", "recall", "precision", "map", "ndcg"):
        assert math.isfinite(value(f"{base}@1000000000", [0.0, 1, 1, 0], missed=[1.0]))


@pytest.mark.parametrize("name", EVERY)
def test_every_metric_says_what_it_is_and_names_its_cutoff(name):
    sentence = meanings([name])[name]
    assert len(sentence) > 20
    assert "{" not in sentence
    k = name.partition(":")[0].partition("@")[2]
    assert k in ("", "r") or f"top {k}" in sentence or f"being {k}," in sentence


def test_other_definitions_have_other_sentences():
    said = {}
    for name in EVERY:
        _, asked, k = parse(name)
        formula = (
            ap.average_precision
            if (asked.formula, k) == (ap.average_precision_over_r, None)
            else asked.formula
        )
        said.setdefault(meanings([name])[name], set()).add((formula, k))
    assert all(len(formulas) == 1 for formulas in said.values())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("map@5:r", "in the top 5 / all relevant items, also those beyond"),
        ("map@5", "in the top 5 / min(5, all relevant items)"),
        ("map@5:hits", "/ relevant results in the top 5"),
        ("precision@10:last", "k' being 10, or the rank of the last relevant item where that is less"),
        ("precision@10:min_k_r", "/ min(10, all relevant items)"),
        ("map:trapezoid", "by trapezoids"),
        ("h_ap", "the smaller of both gains"),
        ("ndcg@10:exp", "(2^gain - 1) / log2(rank + 1) over the top 10"),
    ],
)
def test_a_variant_is_told_as_it_is_computed(name, words):
    assert words in meanings([name])[name]


def test_what_is_no_metric_has_no_meaning():
    assert meanings(["my_metric@3", "map"]).keys() == {"map"}


def test_no_names_and_repeated_names_are_refused():
    with pytest.raises(ConfigError, match=r"metrics\.names is empty"):
        RankingMetrics([])
    with pytest.raises(ConfigError, match="has 'map' twice"):
        RankingMetrics(["map", "mrr", "map"])


def test_what_must_be_known_follows_from_the_names():
    assert (RankingMetrics(["recall@5", "ndcg@20"]).depth, RankingMetrics(["mrr"]).depth) == (20, 0)
    assert [RankingMetrics([n]).whole for n in ("recall@5", "map", "map@r", "ndcg@5")] == [
        False,
        True,
        True,
        False,
    ]
    assert [RankingMetrics([n]).graded for n in ("map", "ndcg", "ndcg@5", "h_ap")] == [
        False,
        True,
        False,
        True,
    ]


def test_every_spelling_is_accepted():
    assert RankingMetrics(spellings()).names == tuple(spellings())
