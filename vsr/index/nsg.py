"""Navigating spreading-out graphs, through Faiss.

Source: Fu et al. 2017 (arXiv 1707.00143).
"""

from typing import Any, ClassVar

import numpy as np

from vsr.index.backend import Found
from vsr.index.faiss_backend import EF_SEARCH, faiss
from vsr.index.graph import FaissGraph

_NEIGHBORS = 64  # of the graph that is pruned: Faiss's own value
_FEW = (
    101  # vectors below which Faiss cannot build a graph, or ends the process: they are compared one by one
)
_EXACT = 20_000  # vectors up to which the graph to be pruned is built by comparing all with all


class NSG(FaissGraph):
    """A pruned nearest-neighbor graph of whole vectors. Every `add` builds it anew.

    Args:
        r: links of a vector.
        ef_search: candidates kept while searching.
        metric: cosine, ip or l2.
    """

    name = "nsg"
    grid: ClassVar = {"ef_search": EF_SEARCH}
    needs_training = False
    rebuilds_on_add = True

    def __init__(self, r: int = 32, ef_search: int = 64, metric: str = "cosine") -> None:
        super().__init__(metric)
        self.r = r
        self.ef_search = ef_search

    def _factory(self, n: int, width: int) -> str:
        return "Flat" if n < _FEW else f"NSG{self.r},Flat"

    def _prepare(self, index: Any) -> None:
        if isinstance(index, faiss.IndexNSG):
            index.GK = _NEIGHBORS

    def _link(self, vectors: np.ndarray, nodes: np.ndarray) -> None:
        if self.index_ is not None and self.index_.ntotal:
            vectors = np.concatenate([self._node_vectors(np.arange(self.index_.ntotal)), vectors])
        self.index_ = self._make(*vectors.shape)
        if isinstance(self.index_, faiss.IndexNSG):
            self.index_.build_type = 0 if len(vectors) <= _EXACT else 1  # 1: by NN-descent
        self.index_.add(vectors)

    def _walk(self, queries: np.ndarray, k: int, mask: np.ndarray | None, effort: int) -> Found:
        if isinstance(self.index_, faiss.IndexNSG):
            self.index_.nsg.search_L = self.ef_search
        return super()._walk(queries, k, mask, effort)

    def _has(self, name: str) -> bool:
        return True
