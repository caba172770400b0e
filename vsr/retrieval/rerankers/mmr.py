"""Maximal marginal relevance: results that are relevant, and not all alike.

Source: Carbonell & Goldstein 1998 (The use of MMR, diversity-based reranking for reordering documents and
producing summaries), the formula of section 2.
"""

import numpy as np
import torch
from torch import Tensor

from vsr.index.neighbors import Neighbors
from vsr.retrieval.rerankers.context import Vectors
from vsr.retrieval.rerankers.order import listed
from vsr.retrieval.rerankers.vectors import check_at_least, check_share, near_blocks


class MMR:
    """Choose, one by one, the item with the largest λ · score - (1 - λ) · its largest cosine to those chosen.

    Scores are those that come in, so λ weighs best where they are cosines. The new scores are the values by
    which the items were chosen, which fall.

    Args:
        n: neighbors that get a new order, >= 1.
        relevance_weight: λ in 0..1; 1 keeps the order.
    """

    def __init__(self, n: int = 50, relevance_weight: float = 0.7) -> None:
        check_at_least(1, n=n)
        check_share(relevance_weight=relevance_weight)
        self.n, self.relevance_weight = n, relevance_weight

    def rerank(self, queries: Tensor, gallery: Vectors, neighbors: Neighbors) -> Neighbors:
        """The first n neighbors in their new order, the others behind them."""
        head = neighbors.ids[:, : self.n]
        ids, scores = neighbors.ids.copy(), neighbors.scores.copy()
        for span, _, near in near_blocks(queries, gallery, head):
            alike = torch.bmm(near, near.transpose(1, 2)).cpu().numpy()  # (q, n, n)
            order, values = self._chosen(alike, neighbors.scores[span, : self.n])
            ids[span, : self.n] = np.take_along_axis(head[span], order, axis=1)
            scores[span, : self.n] = values
        return listed(ids, scores)

    def _chosen(self, alike: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places (q, n) in the order of choice, and the values (q, n) that decided it."""
        every = np.arange(len(scores))
        relevance = np.where(np.isneginf(scores), -np.inf, self.relevance_weight * scores)
        values = relevance.copy()  # nothing is chosen yet: the most relevant comes first
        closest = np.full(scores.shape, -np.inf, np.float32)
        order, decided = np.zeros(scores.shape, np.int64), np.zeros(scores.shape, np.float32)
        left = np.ones(scores.shape, bool)
        for step in range(scores.shape[1]):
            best = np.where(left, values, -np.inf).argmax(axis=1)  # the nearer of equals
            best = np.where(left[every, best], best, left.argmax(axis=1))  # nothing is left but -1
            order[:, step], decided[:, step] = best, values[every, best]
            left[every, best] = False
            closest = np.maximum(closest, alike[every, best])
            values = relevance - (1 - self.relevance_weight) * closest
        return order, decided
