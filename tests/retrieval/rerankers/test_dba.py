import dataclasses

import numpy as np
import pytest
import torch

from vsr.data.ragged import Ragged
from vsr.errors import DataError
from vsr.retrieval import Context
from vsr.retrieval.rerankers import DBA


def by_hand(gallery, n, alpha, donors):
    gallery = gallery / np.linalg.norm(gallery, axis=1, keepdims=True)
    augmented = []
    for position, item in enumerate(gallery):
        others = sorted((-(item @ gallery[other]), other) for other in donors if other != position)
        total = item + sum(max(0.0, -score) ** alpha * gallery[other] for score, other in others[:n])
        augmented.append(total / np.linalg.norm(total))
    return np.array(augmented)


@pytest.mark.parametrize("alpha", [0.0, 3.0])
def test_each_item_becomes_the_weighted_sum_of_itself_and_its_neighbours(world, alpha):
    queries, augmented = DBA(4, alpha).embed(world.queries, world.gallery, world.neighbours)
    expected = by_hand(world.gallery.double().numpy(), 4, alpha, range(80))
    np.testing.assert_allclose(augmented.numpy(), expected, atol=1e-6)
    assert torch.equal(queries, world.queries)


def test_items_that_a_query_ignores_add_nothing_to_others(world):
    reranker = DBA(4, 3.0)
    ignored = Ragged(np.array([0, 2, 3]), np.array([5, 9, 30]))
    reranker.prepare(Context(gallery=world.gallery, ignored=ignored))
    _, augmented = reranker.embed(world.queries, world.gallery, world.neighbours)
    donors = [position for position in range(80) if position not in {5, 9, 30}]
    expected = by_hand(world.gallery.double().numpy(), 4, 3.0, donors)
    np.testing.assert_allclose(augmented.numpy(), expected, atol=1e-6)


def test_a_gallery_of_nothing_but_queries_is_told(world):
    everything = Ragged(np.arange(81), np.arange(80))
    with pytest.raises(DataError, match="would mix queries into the gallery"):
        DBA().prepare(dataclasses.replace(world.context, ignored=everything))


def test_a_gallery_is_augmented_once(world, monkeypatch):
    reranker, calls = DBA(), []
    augment = reranker._augment
    monkeypatch.setattr(reranker, "_augment", lambda gallery: calls.append(1) or augment(gallery))
    for _ in range(3):
        reranker.embed(world.queries, world.gallery, world.neighbours)
    assert len(calls) == 1
    reranker.embed(world.queries, world.gallery.clone(), world.neighbours)
    assert len(calls) == 2
