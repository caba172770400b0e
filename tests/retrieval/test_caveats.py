"""What a reader has to know before believing an evaluation."""

import numpy as np
import pytest
import torch

from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.index.neighbors import Neighbors
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.caveats import all_alike, ties
from vsr.retrieval.evaluate import evaluate
from vsr.retrieval.evaluation import Evaluation

METRICS = RankingMetrics(["map", "hit_rate@1"])
ROWS = np.arange(50)


def all_against_all(vectors, labels=ROWS // 5, **more):
    return evaluate(vectors, vectors, LabelRelevance(labels, labels, None, ROWS, ROWS), METRICS, **more)


@pytest.mark.parametrize("similarity", ["cosine", "ip", "l2"])
def test_a_collapsed_network_on_a_gallery_sorted_by_label_is_warned_of(similarity, tmp_path):
    point = torch.tensor([[0.3, -2.0, 0.7]]).expand(50, 3)
    found = all_against_all(point, similarity=similarity)
    assert found.means["map"] == pytest.approx(0.21, abs=0.005)  # 0.14 over all orders: flattered
    assert found.warnings["ties"].startswith(
        "All 50 neighbors of a query have the same score, for 50 of 50 queries: the embeddings have collapsed"
    )
    found.save(tmp_path)
    assert Evaluation.load(tmp_path).warnings == found.warnings


def test_a_network_collapsed_but_for_rounding_is_warned_of():
    noise = 1e-8 * torch.randn(50, 8, generator=torch.Generator().manual_seed(0))
    assert "ties" in all_against_all(torch.ones(50, 8) / 8**0.5 + noise).warnings


def test_embeddings_apart_are_not_warned_of():
    vectors = torch.nn.functional.normalize(torch.randn(50, 8, generator=torch.Generator().manual_seed(0)))
    assert all_against_all(vectors).warnings == {}
    narrow = torch.ones(50, 8) + 1e-2 * vectors  # all cosines above 0.9999, and yet in an order
    assert all_against_all(narrow).warnings == {}


def test_some_queries_that_find_copies_only_are_counted_and_few_are_not_worth_a_word():
    assert ties(ROWS < 4, 10) == {}
    told = ties(ROWS < 5, 10)["ties"]
    assert "for 5 of 50 queries: their metrics mean nothing" in told
    assert "collapsed" not in told


def test_one_neighbor_ties_with_nothing_and_what_was_not_found_has_no_score():
    ids = np.array([[0, 1, 2], [0, 1, -1], [0, -1, -1], [-1, -1, -1], [0, 1, 2]])
    scores = np.array([[1, 1, 1], [2, 2, -np.inf], [1, -np.inf, -np.inf], [-np.inf] * 3, [1, 1, 0.5]])
    assert all_alike(Neighbors(ids, scores.astype(np.float32))).tolist() == [True, True, False, False, False]
    nothing = Neighbors(np.zeros((2, 0), np.int64), np.zeros((2, 0), np.float32))
    assert all_alike(nothing).tolist() == [False, False]
