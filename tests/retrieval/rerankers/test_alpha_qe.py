import numpy as np
import pytest
import torch

from vsr.index.neighbors import Neighbors
from vsr.retrieval.rerankers.alpha_qe import AlphaQE


def by_hand(query, gallery, ids, n, alpha):
    query = query / np.linalg.norm(query)
    total = query.copy()
    for position in ids[:n]:
        if position >= 0:
            item = gallery[position] / np.linalg.norm(gallery[position])
            total += max(0.0, item @ query) ** alpha * item
    return total / np.linalg.norm(total)


@pytest.mark.parametrize("alpha", [0.0, 1.0, 3.0])
def test_a_query_becomes_the_weighted_sum_of_itself_and_its_neighbors(world, alpha):
    expanded, gallery = AlphaQE(5, alpha).embed(world.queries * 3, world.gallery * 2, world.neighbors)
    for one, query, ids in zip(expanded, world.queries.double().numpy(), world.neighbors.ids, strict=True):
        expected = by_hand(query, world.gallery.double().numpy(), ids, 5, alpha)
        np.testing.assert_allclose(one.numpy(), expected, atol=1e-6)
    assert torch.equal(gallery, world.gallery * 2)


def test_an_average_too_leaves_out_what_was_not_found():
    gallery = torch.tensor([[0.6, 0.8], [0.0, 1.0]])
    found = Neighbors(np.array([[0, -1]]), np.array([[0.6, -np.inf]], np.float32))
    expanded, _ = AlphaQE(2, alpha=0).embed(torch.tensor([[1.0, 0.0]]), gallery, found)
    np.testing.assert_allclose(expanded[0].numpy(), np.array([1.6, 0.8]) / np.hypot(1.6, 0.8), atol=1e-6)


def test_an_item_that_points_away_adds_nothing():
    gallery = torch.tensor([[-1.0, 0.1]])
    found = Neighbors(np.array([[0]]), np.array([[-0.9]], np.float32))
    expanded, _ = AlphaQE(1).embed(torch.tensor([[1.0, 0.0]]), gallery, found)
    assert expanded.tolist() == [[1.0, 0.0]]


def test_the_gallery_is_searched_again_and_new_items_are_found():
    # On a quarter circle the far end is nearer to what the first neighbors point at than to the query.
    angles = torch.linspace(0, 1.4, 15)
    circle = torch.stack([angles.cos(), angles.sin()], dim=1)
    near = Neighbors(np.array([[0, 1, 2]]), np.array([[1, 0.99, 0.98]], np.float32))
    found = AlphaQE(3, alpha=0).rerank(circle[:1], circle[1:], Neighbors(near.ids + 5, near.scores))
    assert set(found.ids[0]) & {3, 4}
