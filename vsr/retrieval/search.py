"""Search as everything that is measured does it: exactly or through an index, ignored items taken out."""

import copy
import re

import numpy as np
from torch import Tensor

from vsr.data.relevance.label_relevance import Relevance
from vsr.errors import ConfigError
from vsr.index.neighbors import Neighbors
from vsr.index.protocol import Index
from vsr.retrieval.exact.scan import ranked
from vsr.retrieval.neighbors import joined, without_ignored
from vsr.retrieval.similarity import Similarity

EXACT = "exact"
_BLOCK = 4096  # queries searched at a time


class Search:
    """Finds the neighbors that count.

    An empty index is left empty: a copy of it is trained on the gallery and filled, once for each gallery.
    One that holds the gallery already is searched as it is. Where items are to be ignored, more are asked
    for.

    Args:
        relevance: what is ignored.
        k: neighbors of each query.
        index: searched instead of comparing all pairs.
        similarity: cosine, ip or l2, of the exact search.
        block_mib: memory for a block of scores of the exact search.
    """

    def __init__(
        self,
        relevance: Relevance,
        k: int,
        index: Index | None = None,
        similarity: str = "cosine",
        block_mib: float = 256.0,
    ) -> None:
        self.relevance, self.k = relevance, k
        self.index, self.similarity, self.block_mib = index, similarity, block_mib
        self._filled: Index | None = None
        self._holds: Tensor | np.ndarray | None = None

    @property
    def name(self) -> str:
        """``exact``, or the index's name."""
        return EXACT if self.index is None else stage_name(self.index)

    def fill(self, gallery: Tensor | np.ndarray) -> None:
        """Have the index hold ``gallery`` (N, d); nothing to do for exact search.

        Raises:
            ValueError: the index came filled, with another number of vectors than the gallery.
            ConfigError: the index came filled, and a reranker has changed the gallery.
        """
        if self.index is None or self._holds is gallery:
            return
        if len(self.index) and self._filled is not None:
            raise ConfigError("a reranker changes the gallery's embeddings; give it an index that is empty")
        self._filled, self._holds = _filled(self.index, gallery), gallery

    def __call__(self, queries: Tensor, gallery: Tensor | np.ndarray) -> Neighbors:
        """Neighbors (Q, min(k, N)) of ``queries`` (Q, d) in ``gallery`` (N, d)."""
        if self.index is None:
            scores = Similarity(queries, gallery, self.similarity)
            runs = ranked(scores, self.relevance, self.k, np.inf, self.block_mib)
            return joined(Neighbors(run.ids, run.scores) for run in runs)
        self.fill(gallery)
        index = self._filled
        assert index is not None
        vectors = queries.detach().float().cpu().numpy()
        parts = []
        for start in range(0, len(vectors), _BLOCK):
            chosen = np.arange(start, min(start + _BLOCK, len(vectors)))
            spare = int(np.diff(self.relevance.ignored(chosen).offsets).max(initial=0))
            found = index.search(vectors[chosen], min(self.k + spare, len(index)))
            parts.append(without_ignored(found, self.relevance, chosen, self.k))
        return joined(parts)

    def kept(self, neighbors: Neighbors) -> Neighbors:
        """Neighbors (Q, K) that a reranker gave, made fit to be judged."""
        return without_ignored(neighbors, self.relevance, np.arange(len(neighbors.ids)), self.k)


def stage_name(part: object) -> str:
    """The name under which an index or a reranker is measured: its class in snake case, ``alpha_qe``."""
    name = type(part).__name__
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _filled(index: Index, gallery: Tensor | np.ndarray) -> Index:
    if len(index) == 0:
        index = copy.deepcopy(index)
        vectors = gallery.detach().float().cpu().numpy() if isinstance(gallery, Tensor) else gallery
        index.train(vectors)
        index.add(vectors)
    if len(index) != len(gallery):
        raise ValueError(f"the index holds {len(index)} vectors, the gallery {len(gallery)}")
    return index
