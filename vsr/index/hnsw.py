"""Hierarchical navigable small world graphs, through Faiss.

Source: Malkov and Yashunin 2016 (arXiv 1603.09320).
"""

from typing import Any, ClassVar

from vsr.index.faiss_backend import EF_SEARCH
from vsr.index.graph import FaissGraph


class HNSW(FaissGraph):
    """A graph of whole vectors. The same on every build with one thread only.

    Args:
        m: links of a vector, 2m on the ground layer.
        ef_construction: candidates kept while linking a vector.
        ef_search: candidates kept while searching.
        metric: cosine, ip or l2.
    """

    name = "hnsw"
    grid: ClassVar = {"ef_search": EF_SEARCH}
    needs_training = False

    def __init__(
        self, m: int = 32, ef_construction: int = 80, ef_search: int = 64, metric: str = "cosine"
    ) -> None:
        super().__init__(metric)
        self.m = m
        self.ef_construction = ef_construction
        self.ef_search = ef_search

    def _factory(self, n: int, width: int) -> str:
        return f"HNSW{self.m},Flat"

    def _prepare(self, index: Any) -> None:
        index.hnsw.efConstruction = self.ef_construction
