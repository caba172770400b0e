import numpy as np
import pytest
import torch

from vsr.index.neighbors import Neighbors
from vsr.retrieval.rerankers.mmr import MMR


def by_hand(ids, scores, gallery, weight):
    left, chosen = list(range(len(ids))), []
    while left:

        def value(place):
            closest = max((gallery[ids[place]] @ gallery[ids[c]] for c in chosen), default=0.0)
            return weight * scores[place] - (1 - weight) * closest

        best = max(left, key=lambda place: (value(place), -place))
        chosen.append(best)
        left.remove(best)
    return [ids[place] for place in chosen]


@pytest.mark.parametrize("weight", [0.3, 0.7])
def test_the_order_is_that_of_the_greedy_choice(world, weight):
    found = MMR(30, weight).rerank(world.queries, world.gallery, world.neighbors)
    vectors = world.gallery.double().numpy()
    for query in range(20):
        expected = by_hand(*(one[query] for one in world.neighbors), vectors, weight)
        assert found.ids[query].tolist() == expected


def test_a_weight_of_one_keeps_the_order_and_the_scores(world):
    found = MMR(30, 1.0).rerank(world.queries, world.gallery, world.neighbors)
    np.testing.assert_array_equal(found.ids, world.neighbors.ids)
    np.testing.assert_array_equal(found.scores, world.neighbors.scores)


def test_a_copy_makes_room_for_another():
    gallery = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.8, 0.6]])
    found = Neighbors(np.array([[0, 1, 2]]), np.array([[1.0, 1.0, 0.8]], np.float32))
    assert MMR(3, 0.4).rerank(gallery[:1], gallery, found).ids.tolist() == [[0, 2, 1]]


def test_what_stands_behind_n_stays_there(world):
    found = MMR(10, 0.3).rerank(world.queries, world.gallery, world.neighbors)
    np.testing.assert_array_equal(found.ids[:, 10:], world.neighbors.ids[:, 10:])
    assert (found.scores[:, 10:] <= found.scores[:, 9:10]).all()
