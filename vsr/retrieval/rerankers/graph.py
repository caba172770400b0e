"""The exact nearest neighbours of a gallery's own items."""

import numpy as np
import torch
from torch import Tensor

from vsr.data import LabelRelevance
from vsr.index import Neighbours
from vsr.retrieval.exact import ranked
from vsr.retrieval.listing import joined
from vsr.retrieval.rerankers.context import Vectors
from vsr.retrieval.rerankers.vectors import in_blocks, unit
from vsr.retrieval.similarity import Similarity

_BLOCK_MIB = 128


def nearest(queries: Tensor, gallery: Vectors, k: int) -> Neighbours:
    """Exact neighbours (Q, min(k, N)) of ``queries`` (Q, d) in ``gallery`` (N, d), by cosine."""
    everyone = LabelRelevance(np.full(len(queries), -1), np.full(len(gallery), -1))
    return _searched(Similarity(queries, gallery, "cosine"), everyone, k)


def self_neighbours(vectors: Vectors, k: int, among: np.ndarray | None = None) -> Neighbours:
    """Exact neighbours (N, min(k, M)) of each of ``vectors`` (N, d) among the others, by cosine.

    Memory is that of a block of scores and of the result.

    Args:
        vectors: (N, d).
        k: how many; rows end in -1 where there are fewer.
        among: (M,) rising positions of the vectors that may be found; all when None.
    """
    if len(vectors) == 0:
        return Neighbours(np.zeros((0, 0), np.int64), np.zeros((0, 0), np.float32))
    vectors = in_blocks(vectors, unit)
    everyone = np.arange(len(vectors))
    within = everyone if among is None else among
    relevance = LabelRelevance(
        np.full(len(vectors), -1),
        np.full(len(within), -1),
        query_identities=everyone,
        gallery_identities=within,
    )
    gallery = vectors if among is None else vectors[torch.from_numpy(within).to(vectors.device)]
    found = _searched(Similarity(vectors, gallery, "cosine"), relevance, k)
    return Neighbours(np.where(found.ids < 0, -1, within[found.ids]), found.scores)


def _searched(similarity: Similarity, relevance: LabelRelevance, k: int) -> Neighbours:
    runs = ranked(similarity, relevance, k, np.inf, _BLOCK_MIB)
    return joined(Neighbours(run.ids, run.scores) for run in runs)
