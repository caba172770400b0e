import dataclasses

import numpy as np
import pytest
import torch

from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.data.relevance.ragged import Ragged
from vsr.retrieval.rerankers.dba import DBA
from vsr.retrieval.rerankers.graph import self_neighbors
from vsr.retrieval.search import Search
from vsr.retrieval.stages import searched


def by_hand(gallery, n, alpha):
    gallery = gallery / np.linalg.norm(gallery, axis=1, keepdims=True)
    augmented = []
    for position, item in enumerate(gallery):
        others = sorted(
            (-(item @ gallery[other]), other) for other in range(len(gallery)) if other != position
        )
        total = item + sum(max(0.0, -score) ** alpha * gallery[other] for score, other in others[:n])
        augmented.append(total / np.linalg.norm(total))
    return np.array(augmented)


@pytest.mark.parametrize("alpha", [0.0, 3.0])
def test_each_item_becomes_the_weighted_sum_of_itself_and_its_neighbors(world, alpha):
    queries, augmented = DBA(4, alpha).embed(world.queries, world.gallery, world.neighbors)
    expected = by_hand(world.gallery.double().numpy(), 4, alpha)
    np.testing.assert_allclose(augmented.numpy(), expected, atol=1e-6)
    assert torch.equal(queries, world.queries)


def test_queries_that_are_the_gallery_search_in_it_without_themselves_by_hand():
    vectors = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8], [0.0, 1.0]])
    everyone = np.arange(4)
    relevance = LabelRelevance(np.zeros(4, np.int64), np.zeros(4, np.int64), None, everyone, everyone)
    search = Search(relevance, 4)
    *_, found = searched(vectors, vectors, search, [DBA(n=1, alpha=1.0)])
    # Nearest of the others: 0 → 1 (0.8), 1 → 2 (0.96), 2 → 1 (0.96), 3 → 2 (0.8).
    sums = np.array([[1.64, 0.48], [1.376, 1.368], [1.368, 1.376], [0.48, 1.64]])
    augmented = sums / np.sqrt((sums**2).sum(axis=1, keepdims=True))
    scores = vectors.numpy() @ augmented.T
    order = np.array([[1, 2, 3], [2, 0, 3], [1, 3, 0], [2, 1, 0]])
    assert found.neighbors.ids[:, :3].tolist() == order.tolist()
    assert (found.neighbors.ids[:, 3:] == -1).all()  # itself
    np.testing.assert_allclose(
        found.neighbors.scores[:, :3], np.take_along_axis(scores, np.array(order), 1), 1e-6
    )


def test_an_item_is_not_its_own_neighbor_where_a_duplicate_comes_before_it():
    twins = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.6, 0.8]])
    assert self_neighbors(twins, 2).ids.tolist() == [[1, 2], [0, 2], [0, 1]]


def test_what_queries_ignore_does_not_change_the_gallery(world):
    plain, told = DBA(4), DBA(4)
    plain.prepare(world.context)
    told.prepare(dataclasses.replace(world.context, ignored=Ragged(np.arange(81), np.arange(80))))
    ours, theirs = (one.embed(world.queries, world.gallery, world.neighbors)[1] for one in (plain, told))
    assert torch.equal(ours, theirs)


def test_a_gallery_is_augmented_once(world, monkeypatch):
    reranker, calls = DBA(), []
    augment = reranker._augment
    monkeypatch.setattr(reranker, "_augment", lambda gallery: calls.append(1) or augment(gallery))
    for _ in range(3):
        reranker.embed(world.queries, world.gallery, world.neighbors)
    assert len(calls) == 1
    reranker.embed(world.queries, world.gallery.clone(), world.neighbors)
    assert len(calls) == 2
