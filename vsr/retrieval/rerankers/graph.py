"""The exact nearest neighbors of a gallery's own items."""

import numpy as np
from torch import Tensor

from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.index.neighbors import Neighbors
from vsr.retrieval.exact.scan import ranked
from vsr.retrieval.neighbors import joined
from vsr.retrieval.rerankers.context import Vectors
from vsr.retrieval.rerankers.vectors import in_blocks, unit
from vsr.retrieval.similarity import Similarity

_BLOCK_MIB = 128


def nearest(queries: Tensor, gallery: Vectors, k: int) -> Neighbors:
    """Exact neighbors (Q, min(k, N)) of ``queries`` (Q, d) in ``gallery`` (N, d), by cosine."""
    everyone = LabelRelevance(np.full(len(queries), -1), np.full(len(gallery), -1))
    return _searched(Similarity(queries, gallery, "cosine"), everyone, k)


def self_neighbors(vectors: Vectors, k: int) -> Neighbors:
    """Exact neighbors (N, min(k, N)) of each of ``vectors`` (N, d) among the others, by cosine.

    A vector is not its own neighbor, wherever equal ones would have put it. Rows end in -1 where there are
    fewer than k others. Memory is that of a block of scores and of the result.
    """
    if len(vectors) == 0:
        return Neighbors(np.zeros((0, 0), np.int64), np.zeros((0, 0), np.float32))
    vectors, everyone = in_blocks(vectors, unit), np.arange(len(vectors))
    nobody = np.full(len(vectors), -1)
    relevance = LabelRelevance(nobody, nobody, query_identities=everyone, gallery_identities=everyone)
    return _searched(Similarity(vectors, vectors, "cosine"), relevance, k)


def _searched(similarity: Similarity, relevance: LabelRelevance, k: int) -> Neighbors:
    runs = ranked(similarity, relevance, k, np.inf, _BLOCK_MIB)
    return joined(Neighbors(run.ids, run.scores) for run in runs)
