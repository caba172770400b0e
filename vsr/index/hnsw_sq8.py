"""A navigable graph of vectors with a byte for each number, through Faiss.

Source: Malkov and Yashunin 2016 (arXiv 1603.09320).
"""

from typing import Any, ClassVar

from vsr.index.faiss_backend import EF_SEARCH, FaissBackend


class HNSWSQ8(FaissBackend):
    """A graph of rounded vectors, whose scores they give. The same on every build with one thread only.

    Args:
        m: links of a vector, 2m on the ground layer.
        ef_construction: candidates kept while linking a vector.
        ef_search: candidates kept while searching.
        metric: cosine, ip or l2.
    """

    name = "hnsw_sq8"
    grid: ClassVar = {"ef_search": EF_SEARCH}

    def __init__(
        self, m: int = 32, ef_construction: int = 80, ef_search: int = 64, metric: str = "cosine"
    ) -> None:
        super().__init__(metric)
        self.m = m
        self.ef_construction = ef_construction
        self.ef_search = ef_search

    def _factory(self, n: int, width: int) -> str:
        return f"HNSW{self.m},SQ8"

    def _prepare(self, index: Any) -> None:
        index.hnsw.efConstruction = self.ef_construction
