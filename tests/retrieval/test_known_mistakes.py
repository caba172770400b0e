"""What other tools are known to get wrong, got right: each test names the mistake in its first comment.

Beside these: three values of one mAP@5, and precision@k over hits (tests/metrics/test_ranking.py, where each
metric is also asked for alone); queries that a padded sampler repeats (tests/metrics/test_collection.py);
choosing on test without saying so (tests/e2e/test_evaluate.py).
"""

import numpy as np
import pytest
import torch
from torchmetrics.functional.retrieval import retrieval_average_precision, retrieval_recall

from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.data.relevance.list_relevance import ListRelevance
from vsr.index.ivf_flat import IVFFlat
from vsr.metrics.judged import Judged
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.evaluate import evaluate


def noise(n, d=8, seed=0):
    vectors = torch.randn(n, d, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(vectors, dim=1)


def itself(labels):
    rows = np.arange(len(labels))
    return LabelRelevance(labels, labels, query_identities=rows, gallery_identities=rows)


def test_duplicates_of_other_labels_do_not_raise_hits_by_letting_the_query_find_itself():
    # The first column is dropped as "the query itself": the share of duplicates then counts as hits.
    n, copies = 200, 20
    vectors, labels = noise(n), np.arange(n) // 2
    vectors[-copies:] = vectors[:copies]  # equal pictures of other labels, after the originals
    result = evaluate(vectors, vectors, itself(labels), RankingMetrics(["hit_rate@1"]), depth=2)
    found = result.neighbors.ids
    assert not (found == np.arange(n)[:, None]).any()
    twins = np.r_[np.arange(n - copies, n), np.arange(copies)]
    assert (found[np.r_[:copies, n - copies : n], 0] == twins).all()  # who stands first is the other one
    dropped = (vectors @ vectors.T).argsort(dim=1, descending=True, stable=True)[:, 1].numpy()
    theirs = (labels[dropped] == labels).mean()
    assert result.means["hit_rate@1"] < theirs


@pytest.mark.parametrize("nprobe", [1, 2])
def test_an_inverted_index_that_finds_too_few_never_measures_more_than_was_found(nprobe):
    # -1 of a list that ended early is read as the last label: MAP@R through the index beats exact search.
    vectors, labels = noise(300), np.zeros(300, np.int64)
    labels[:150] = np.arange(150) // 5 + 1  # the last label, 0, is that of half the gallery
    index = IVFFlat(nlist=40, nprobe=nprobe)
    names = RankingMetrics(["map@r", "map@100", "recall@100"])
    through = evaluate(vectors, vectors, itself(labels), names, index=index, depth=100)
    exact = evaluate(vectors, vectors, itself(labels), names, depth=100)
    ids = through.neighbors.ids
    assert (ids < 0).mean() > 0.1
    right = (labels[ids] == labels[:, None]) & (ids >= 0)
    assert through.per_query["recall@100"] == pytest.approx(right.sum(axis=1) / through.n_relevant)
    assert (through.n_relevant == exact.n_relevant).all()
    assert through.means["recall@100"] < exact.means["recall@100"]


def test_similarities_below_zero_are_ranked_like_any_other():
    # Results whose score is <= 0 are dropped: recall and average precision are 0 on negative cosines.
    query, gallery = torch.tensor([[1.0, 0.0]]), torch.tensor([[-0.6, 0.8], [-0.8, 0.6], [-1.0, 0.0]])
    relevance = LabelRelevance(np.array([1]), np.array([0, 1, 1]))
    result = evaluate(query, gallery, relevance, RankingMetrics(["map", "recall@2"]))
    assert (result.neighbors.scores < 0).all()
    assert result.means == pytest.approx({"map": (1 / 2 + 2 / 3) / 2, "recall@2": 1 / 2})
    theirs = torch.from_numpy(result.neighbors.scores[0]), torch.tensor([False, True, True])
    assert retrieval_average_precision(*theirs) == retrieval_recall(*theirs, top_k=2) == 0


def test_labels_that_single_precision_would_merge_stay_apart():
    # Labels as float32: those from 2^24 on become one.
    vectors, labels = noise(60), np.arange(60) // 2
    near, far = (
        evaluate(vectors, vectors, itself(labels + start), RankingMetrics(["precision@1", "map"])).means
        for start in (0, 2**24)
    )
    assert near == far
    assert near["precision@1"] < 0.2


def test_r_precision_is_a_mean_over_queries_not_over_what_they_seek():
    # Micro average: a query with many relevant items outweighs those with few.
    relevance = ListRelevance.from_lists([[0, 1, 2, 3], [4]], 5)
    vectors = torch.tensor([[1.0, 0.0]] * 4 + [[0.0, 1.0]])
    queries = torch.tensor([[1.0, 0.0], [1.0, 0.1]])
    result = evaluate(queries, vectors, relevance, RankingMetrics(["r_precision"]))
    assert result.per_query["r_precision"].tolist() == [1, 0]
    assert result.means["r_precision"] == 1 / 2  # and not 4 / 5


def test_the_ideal_of_ndcg_at_k_is_that_of_the_whole_gallery():
    # The ideal is sorted from the top k found: a ranking that misses what matters most gets 1.
    judged = Judged.from_gains(
        torch.tensor([[1.0, 1.0]]), torch.tensor([4]), torch.tensor([[3.0, 3.0, 1.0, 1.0]])
    )
    assert RankingMetrics(["ndcg@2"])(judged)["ndcg@2"].item() == pytest.approx(1 / 3)


def test_a_query_with_nothing_to_find_is_no_zero():
    # Counted as 0, or as 1, such queries move every mean.
    vectors, labels = noise(21), np.r_[np.arange(20) // 2, 99]
    all_of_it = evaluate(vectors, vectors, itself(labels), RankingMetrics(["map"]))
    queries = LabelRelevance(labels[:20], labels, None, np.arange(20), np.arange(21))
    without = evaluate(vectors[:20], vectors, queries, RankingMetrics(["map"]))
    assert all_of_it.means == pytest.approx(without.means)
    assert (all_of_it.n_queries, all_of_it.n_left_out) == (21, 1)


@pytest.mark.parametrize("n_relevant", [1, 3, 7])
def test_a_reversed_ranking_has_the_lowest_values_there_are(n_relevant):
    n = 12
    reversed_ = torch.cat([torch.zeros(n - n_relevant), torch.ones(n_relevant)])[None]
    judged = Judged.from_gains(reversed_, torch.tensor([n_relevant]), reversed_.flip(1))
    values = RankingMetrics(["mrr", "map", "map@r", "recall@5", "ndcg"])(judged)
    ranks = np.arange(n - n_relevant + 1, n + 1)
    assert values["mrr"].item() == 1 / ranks[0]
    assert values["map"].item() == pytest.approx(np.mean(np.arange(1, n_relevant + 1) / ranks))
    within = max(0, 2 * n_relevant - n)
    assert values["map@r"].item() == pytest.approx(
        sum((at + 1) / ranks[at] for at in range(within)) / n_relevant
    )
    assert values["recall@5"].item() == max(0, 5 - (n - n_relevant)) / n_relevant
    ideal = (1 / np.log2(np.arange(2, n_relevant + 2))).sum()
    assert values["ndcg"].item() == pytest.approx((1 / np.log2(ranks + 1)).sum() / ideal)
