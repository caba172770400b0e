"""Query expansion: search again with the query and its nearest neighbors, summed.

Source: Radenović et al. 2018 (arXiv 1711.02512), section 4.3 (αQE); alpha 0 is the average query expansion of
Chum et al. 2007.
"""

import torch
from torch import Tensor

from vsr.index.neighbors import Neighbors
from vsr.retrieval.rerankers.context import Context, Vectors
from vsr.retrieval.rerankers.graph import nearest
from vsr.retrieval.rerankers.vectors import check_at_least, near_blocks, unit


class AlphaQE:
    """Replace each query by q + Σ max(0, cos(q, g))^α · g over its n nearest g, and search the gallery again.

    Items that do not count for a query (itself, junk, places where nothing was found) add nothing to it.

    Args:
        n: neighbors to add, >= 1.
        alpha: exponent of the weights, >= 0; the larger, the less the farther neighbors weigh.
    """

    def __init__(self, n: int = 10, alpha: float = 3.0) -> None:
        check_at_least(1, n=n)
        check_at_least(0, alpha=alpha)
        self.n, self.alpha = n, alpha

    def prepare(self, context: Context) -> None:
        """Check that the search is by cosine or inner product."""
        context.refuse_l2("alpha_qe")

    def embed(self, queries: Tensor, gallery: Vectors, neighbors: Neighbors) -> tuple[Tensor, Vectors]:
        """Expanded queries (Q, d) of unit length, and ``gallery`` as it is."""
        ids = neighbors.ids[:, : self.n]
        expanded = torch.empty_like(queries, dtype=torch.float32)
        for span, own, near in near_blocks(queries, gallery, ids):
            weights = torch.einsum("qnd,qd->qn", near, own).clamp(min=0) ** self.alpha  # times zeros where -1
            expanded[span] = unit(own + torch.einsum("qn,qnd->qd", weights, near))
        return expanded, gallery

    def rerank(self, queries: Tensor, gallery: Vectors, neighbors: Neighbors) -> Neighbors:
        """Exact search with the expanded queries; nothing is ignored."""
        return nearest(*self.embed(queries, gallery, neighbors), neighbors.ids.shape[1])
