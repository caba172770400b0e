"""Database-side augmentation: every gallery item is replaced by a sum of itself and its nearest neighbors.

Source: Arandjelović & Zisserman 2012 (Three things everyone should know to improve object retrieval), section
5.2; weights as in αQE (Radenović et al. 2018, arXiv 1711.02512), as in Gordo et al. 2017 (arXiv 1610.07940).
"""

import numpy as np
import torch
from torch import Tensor

from vsr.index.neighbors import Neighbors
from vsr.retrieval.rerankers.context import Context, Vectors
from vsr.retrieval.rerankers.graph import nearest, self_neighbors
from vsr.retrieval.rerankers.vectors import PerGallery, check_at_least, near_blocks, unit


class DBA:
    """Replace each gallery item g by g + Σ max(0, cos(g, h))^α · h over its n nearest h, and search again.

    As in the papers this is done once for a gallery, before any query and for all of them alike: the h are
    the nearest of the whole gallery, but never g itself, which is known by its place and not by its score.
    A picture that is a query too, as all are where a split is searched in itself, is a gallery item like any
    other and a part of its neighbors; what its own query ignores stays out of that query's results. Such a
    query finds itself within what it is compared with, as it would in any database that already holds it:
    what new queries get is measured by giving queries and gallery roles of their own.

    Args:
        n: neighbors to add, >= 1.
        alpha: exponent of the weights, >= 0.
    """

    def __init__(self, n: int = 10, alpha: float = 3.0) -> None:
        check_at_least(1, n=n)
        check_at_least(0, alpha=alpha)
        self.n, self.alpha = n, alpha
        self._augmented: PerGallery[Tensor] = PerGallery()

    def prepare(self, context: Context) -> None:
        """Augment the gallery."""
        context.refuse_l2("dba")
        self._augmented.renew(context.required("gallery", "dba"), self._augment)

    def embed(self, queries: Tensor, gallery: Vectors, neighbors: Neighbors) -> tuple[Tensor, Vectors]:
        """``queries`` as they are, and the augmented gallery (N, d) of unit length."""
        return queries, self._augmented.get(gallery, self._augment)

    def rerank(self, queries: Tensor, gallery: Vectors, neighbors: Neighbors) -> Neighbors:
        """Exact search in the augmented gallery; nothing is ignored."""
        return nearest(*self.embed(queries, gallery, neighbors), neighbors.ids.shape[1])

    def _augment(self, gallery: Vectors) -> Tensor:
        ids = self_neighbors(gallery, self.n).ids
        items = gallery if isinstance(gallery, Tensor) else torch.from_numpy(np.array(gallery, np.float32))
        augmented = torch.empty_like(items, dtype=torch.float32)
        for span, own, near in near_blocks(items, gallery, ids):
            weights = torch.einsum("qnd,qd->qn", near, own).clamp(min=0) ** self.alpha
            augmented[span] = unit(own + torch.einsum("qn,qnd->qd", weights, near))
        return augmented
