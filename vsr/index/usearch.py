"""Hierarchical navigable small world graphs, through USearch.

Source: https://github.com/unum-cloud/usearch
"""

from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from vsr.extras import library
from vsr.index.backend import Found
from vsr.index.faiss_backend import EF_SEARCH, faiss
from vsr.index.graph import Graph
from vsr.index.serialization import Archive, Opened

_PART = "index.usearch"


class USearch(Graph):
    """A graph of whole vectors. Threads are those of Faiss (`vsr.threads`).

    Args:
        m: links of a vector, 2m on the ground layer.
        ef_construction: candidates kept while linking a vector.
        ef_search: candidates kept while searching.
        metric: cosine, ip or l2.

    Raises:
        ConfigError: USearch is not installed.
        ValueError: an unknown metric.
    """

    name = "usearch"
    grid: ClassVar = {"ef_search": EF_SEARCH}
    removable = True
    keeps_vectors = True
    _near_one = True

    def __init__(
        self, m: int = 16, ef_construction: int = 128, ef_search: int = 64, metric: str = "cosine"
    ) -> None:
        super().__init__(metric)
        self.m = m
        self.ef_construction = ef_construction
        self.ef_search = ef_search
        self._library()  # better now than after the vectors were computed
        self.index_: Any = None

    @staticmethod
    def _library() -> ModuleType:
        return library("usearch.index", "index=usearch", "USearch", "usearch")

    def _link(self, vectors: np.ndarray, nodes: np.ndarray) -> None:
        if self.index_ is None:
            self.index_ = self._library().Index(
                ndim=vectors.shape[1],
                metric="l2sq" if self.metric == "l2" else "ip",
                dtype="f32",
                connectivity=self.m,
                expansion_add=self.ef_construction,
                expansion_search=self.ef_search,
            )
        self.index_.add(nodes, vectors, threads=faiss.omp_get_max_threads())

    def _walk(self, queries: np.ndarray, k: int, mask: np.ndarray | None, effort: int) -> Found:
        self.index_.expansion_search = max(self.ef_search, k)
        found = self.index_.search(queries, k, threads=faiss.omp_get_max_threads())
        far = np.asarray(found.distances, np.float32).reshape(len(queries), k)
        nodes = np.asarray(found.keys).reshape(len(queries), k).astype(np.int64)
        counts = np.reshape(getattr(found, "counts", len(found)), (-1, 1))
        nodes[np.arange(k) >= counts] = -1  # beyond what it found it says 0
        return (-far if self.metric == "l2" else 1 - far), nodes

    def _node_vectors(self, nodes: np.ndarray) -> np.ndarray:
        return np.array(self.index_.get(nodes), np.float32)

    def _unlink(self, nodes: np.ndarray) -> None:
        self.index_.remove(nodes)

    def _write_graph(self, archive: Archive) -> None:
        if self.index_ is not None:
            archive.save_with(_PART, self.index_.save)

    def _read_graph(self, opened: Opened) -> None:
        if _PART in opened.archive.names:
            with opened.archive.as_path(_PART) as path:
                self.index_ = self._library().Index.restore(path)

    def _graph_bytes(self) -> int:
        return 0 if self.index_ is None else int(self.index_.serialized_length)
