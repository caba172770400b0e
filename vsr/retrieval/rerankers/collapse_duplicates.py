"""Near-duplicates collapsed: of pictures that are nearly the same, the best one is shown."""

import numpy as np
import torch
from torch import Tensor

from vsr.index.neighbors import Neighbors
from vsr.retrieval.rerankers.context import Vectors
from vsr.retrieval.rerankers.order import dropped
from vsr.retrieval.rerankers.vectors import near_blocks


class CollapseDuplicates:
    """Take out every item that is nearly the same as one that stands before it and stays.

    The lists get shorter. What is taken out counts as not found: recall falls where duplicates are relevant.

    Args:
        threshold: cosine, in -1..1, from which two items are nearly the same.
    """

    def __init__(self, threshold: float = 0.98) -> None:
        if not -1 <= threshold <= 1:
            raise ValueError(f"threshold must lie in -1..1, got {threshold}")
        self.threshold = threshold

    def rerank(self, queries: Tensor, gallery: Vectors, neighbors: Neighbors) -> Neighbors:
        """The neighbors that stay, in their order, with their scores."""
        drop = np.zeros(neighbors.ids.shape, bool)
        for span, _, near in near_blocks(queries, gallery, neighbors.ids):
            same = (torch.bmm(near, near.transpose(1, 2)) >= self.threshold).cpu().numpy()  # (q, K, K)
            gone = neighbors.ids[span] < 0
            for place in range(1, gone.shape[1]):
                gone[:, place] |= (same[:, place, :place] & ~gone[:, :place]).any(axis=1)
            drop[span] = gone
        return dropped(neighbors, drop)
