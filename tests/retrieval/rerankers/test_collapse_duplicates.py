import numpy as np
import torch

from vsr.index.neighbors import Neighbors
from vsr.retrieval.rerankers.collapse_duplicates import CollapseDuplicates


def test_of_items_that_are_alike_the_best_stays(world):
    found = CollapseDuplicates(0.7).rerank(world.queries, world.gallery, world.neighbors)
    vectors = world.gallery.double().numpy()
    assert (found.ids == -1).any()
    for before, scores, after in zip(*world.neighbors, found.ids, strict=True):
        kept = []
        for item in before:
            if all(vectors[item] @ vectors[other] < 0.7 for other in kept):
                kept.append(item)
        assert after[after >= 0].tolist() == kept
        assert len(scores) == len(after)


def test_what_is_like_a_collapsed_item_only_stays():
    # 1 is alike to 0, 2 to 1 but not to 0: 1 is taken out, so it takes nobody along.
    angles = torch.tensor([0.0, 0.3, 0.6])
    gallery = torch.stack([angles.cos(), angles.sin()], dim=1)
    found = Neighbors(np.array([[0, 1, 2]]), np.array([[0.9, 0.8, 0.7]], np.float32))
    kept = CollapseDuplicates(0.95).rerank(gallery[:1], gallery, found)
    assert kept.ids.tolist() == [[0, 2, -1]]
    np.testing.assert_allclose(kept.scores, [[0.9, 0.7, -np.inf]], rtol=1e-6)
