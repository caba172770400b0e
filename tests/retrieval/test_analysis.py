"""The numbers behind the means, against formulas written out and other libraries."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.data.relevance.list_relevance import ListRelevance
from vsr.index.neighbors import Neighbors
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.analysis import (
    PairSimilarities,
    hubness,
    label_table,
    pair_similarities,
    precision_recall,
    rank_curves,
    skewness,
)
from vsr.retrieval.evaluate import evaluate
from vsr.retrieval.evaluation import Evaluation


@st.composite
def judged(draw):
    """Gains (Q, K) with relevant ones (3), partial ones (1) and the number of relevant items in all."""
    gains = np.array(
        draw(st.lists(st.lists(st.sampled_from([0.0, 0.0, 1.0, 3.0]), min_size=7, max_size=7), min_size=1))
    )
    missing = draw(st.lists(st.integers(0, 4), min_size=len(gains), max_size=len(gains)))
    return gains, (gains >= 3).sum(axis=1) + np.array(missing)


@given(judged())
@settings(deadline=None, max_examples=60)
def test_rank_curves_are_the_metrics_at_every_k(case):
    gains, n_relevant = case
    curves = rank_curves(gains, n_relevant, 3.0)
    known = [q for q in range(len(gains)) if n_relevant[q]]
    if not known:
        assert curves.empty
        return
    for k in range(1, 8):
        hits = [sum(gain >= 3 for gain in gains[q, :k]) for q in known]
        row = curves.iloc[k - 1]
        assert row["k"] == k
        assert row["recall"] == pytest.approx(
            np.mean([h / n_relevant[q] for h, q in zip(hits, known, strict=True)])
        )
        assert row["hit_rate"] == pytest.approx(np.mean([h > 0 for h in hits]))
        assert row["precision"] == pytest.approx(np.mean([h / k for h in hits]))


@given(judged())
@settings(deadline=None, max_examples=60)
def test_precision_where_a_recall_is_reached_by_walking_down_each_list(case):
    gains, n_relevant = case
    table = precision_recall(gains, n_relevant, 3.0, np.array([0, 0.1, 0.25, 0.5, 1.0]))
    known = [q for q in range(len(gains)) if n_relevant[q]]
    for level, low, high in table.itertuples(index=False):
        lows, highs = [], []
        for q in known:
            wanted, hits = max(1, int(np.ceil(round(level * n_relevant[q], 9)))), 0
            value = None
            for rank, gain in enumerate(gains[q], start=1):
                hits += gain >= 3
                if hits == wanted:
                    value = wanted / rank
                    break
            lows.append(value or 0.0)
            highs.append(value or wanted / (gains.shape[1] + wanted - hits))
        assert low == pytest.approx(np.mean(lows))
        assert high == pytest.approx(np.mean(highs))


def test_the_area_below_precision_over_recall_is_map_and_its_left_end_mrr():
    random = np.random.default_rng(0)
    labels = random.integers(0, 6, 90)
    vectors = torch.from_numpy(random.normal(size=(90, 5)) + 3 * np.eye(6)[labels][:, :5]).float()
    relevance = LabelRelevance(labels, labels, None, np.arange(90), np.arange(90))
    found = evaluate(vectors, vectors, relevance, RankingMetrics(["map", "mrr"]), depth=89)
    levels = (np.arange(50_000) + 0.5) / 50_000
    table = precision_recall(found.gains, found.n_relevant, 1.0, levels)
    assert table["precision"].mean() == pytest.approx(found.means["map"], abs=1e-4)
    assert (table["precision"] == table["at_most"]).all()  # the whole ranking was kept
    assert table["precision"].iloc[0] == pytest.approx(found.means["mrr"])


def test_a_recall_that_floating_point_overshoots_asks_for_no_further_result():
    gains = np.ones((1, 30))
    gains[0, 3] = 0
    table = precision_recall(gains, np.array([30]), 1.0, np.array([0.1]))
    assert table["precision"].tolist() == [1.0]  # 0.1 × 30 is 3.0000000000000004


def test_nothing_answerable_gives_empty_tables():
    nothing = np.zeros((2, 3)), np.zeros(2, np.int64), 1.0
    assert rank_curves(*nothing).empty
    assert precision_recall(*nothing).empty


def test_hubs_and_antihubs_by_hand():
    ids = np.array([[0, 1, 2], [0, 2, -1], [0, -1, -1]])
    gains = np.array([[1.0, 0, 0], [0, 3, 0], [0, 0, 0]])
    found = hubness(ids, gains, n_gallery=5, k=2)
    assert found.k == 2
    assert found.occurrence.tolist() == [3, 1, 1, 0, 0]
    assert found.wrong.tolist() == [2, 1, 0, 0, 0]
    assert found.never == 2 / 5
    assert found.never_by_chance == pytest.approx(0.8**5)  # five places filled at random
    assert found.distribution["items"].tolist() == [2, 2, 0, 1]
    assert found.distribution["by_chance"].to_numpy() == pytest.approx(
        5 * stats.binom.pmf(range(4), 5, 1 / 5)
    )


def test_lists_shorter_than_k_are_taken_as_they_are():
    assert hubness(np.array([[1]]), np.ones((1, 1)), n_gallery=1 + 1, k=10).k == 1


@given(st.lists(st.integers(0, 50), min_size=2, max_size=40))
@settings(deadline=None)
def test_skewness_is_that_of_scipy(values):
    ours = skewness(np.array(values))
    if len(set(values)) == 1:
        assert np.isnan(ours)
    else:
        assert ours == pytest.approx(stats.skew(values), abs=1e-9)


def small_problem():
    random = np.random.default_rng(1)
    codes = np.stack([random.integers(0, 12, 60), np.zeros(60, np.int64)], axis=1)
    codes[:, 1] = codes[:, 0] // 4
    vectors = random.normal(size=(60, 8)).astype(np.float32)
    rows = np.arange(60)
    relevance = LabelRelevance(codes, codes, (3, 1), rows, rows)
    return torch.from_numpy(vectors), codes, relevance


def test_small_data_is_not_sampled_and_ignored_pairs_are_left_out():
    vectors, codes, relevance = small_problem()
    found = pair_similarities(vectors, vectors, relevance)
    unit = (vectors / vectors.norm(dim=1, keepdim=True)).double().numpy()
    alike = unit @ unit.T
    same = codes[:, None, 0] == codes[None, :, 0]
    near = codes[:, None, 1] == codes[None, :, 1]
    other = ~np.eye(60, dtype=bool)
    expected = {"right": alike[same & other], "wrong": alike[~near]}
    for kind, values in expected.items():
        assert np.sort(found.values[kind]) == pytest.approx(np.sort(values), abs=1e-6)
    assert len(found.values["partial"]) == np.minimum((near & ~same).sum(axis=1), 20).sum()
    assert "all 60 queries" in found.sample
    truth = [1] * len(expected["right"]) + [0] * len(expected["wrong"])
    scores = np.concatenate([found.values["right"], found.values["wrong"]])
    assert found.separation == pytest.approx(roc_auc_score(truth, scores), abs=1e-6)


def test_a_numpy_gallery_gives_what_a_tensor_gives():
    vectors, _, relevance = small_problem()
    one = pair_similarities(vectors, vectors, relevance, seed=3)
    other = pair_similarities(vectors, vectors.numpy(), relevance, seed=3)
    assert all((one.values[kind] == other.values[kind]).all() for kind in one.values)


def test_the_sample_is_bounded_and_says_so():
    labels = np.zeros(3000, np.int64)
    labels[1500:] = 1
    vectors = torch.from_numpy(np.random.default_rng(0).normal(size=(3000, 4)).astype(np.float32))
    found = pair_similarities(vectors, vectors, LabelRelevance(labels, labels))
    assert len(found.values["right"]) == 1000 * 20
    assert len(found.values["wrong"]) <= 1000 * 100
    assert "1000 random queries" in found.sample


def test_histogram_counts_every_pair_once():
    vectors, _, relevance = small_problem()
    found = pair_similarities(vectors, vectors, relevance)
    table = found.histogram
    for kind, values in found.values.items():
        assert table[kind].sum() == len(values)
        inside = (values >= table["low"].iloc[7]) & (values < table["high"].iloc[7])
        assert table[kind].iloc[7] == inside.sum()


def test_no_pairs_at_all():
    relevance = ListRelevance.from_lists([[]], 1, [[0]])  # the only item is junk
    found = pair_similarities(torch.ones(1, 3), torch.ones(1, 3), relevance)
    assert found.histogram[["right", "partial", "wrong"]].to_numpy().sum() == 0
    assert np.isnan(found.separation)


def test_ties_count_half_in_the_separation():
    same = np.ones(3, np.float32)
    assert PairSimilarities({"right": same, "wrong": same}, "").separation == 0.5


def test_labels_stand_worst_first_with_their_numbers_of_answerable_queries():
    evaluation = Evaluation(
        means={"map": 0.5},
        per_query={"map": np.array([1.0, 0.5, 0.0, np.nan, 0.3])},
        neighbors=Neighbors(np.zeros((5, 1), np.int64), np.zeros((5, 1), np.float32)),
        gains=np.zeros((5, 1)),
        n_relevant=np.array([1, 1, 1, 0, 1]),
        n_queries=5,
        n_left_out=1,
    )
    table = label_table(evaluation, np.array(["a", "a", "b", "c", "b"]), ["map"], "map")
    expected = pd.DataFrame({"label": ["b", "a"], "queries": [2, 2], "map": [0.15, 0.75]})
    pd.testing.assert_frame_equal(table, expected)
