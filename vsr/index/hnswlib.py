"""Hierarchical navigable small world graphs, through hnswlib, the authors' own library.

Source: Malkov and Yashunin 2016 (arXiv 1603.09320).
"""

from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from vsr.extras import library
from vsr.index.backend import Found
from vsr.index.faiss_backend import EF_SEARCH, faiss
from vsr.index.filtering import compared
from vsr.index.graph import Graph
from vsr.index.serialization import Archive, Opened

_PART = "index.hnswlib"


class HNSWLib(Graph):
    """A graph of whole vectors. The same on every build with one thread only.

    Removed vectors stay in the graph, marked, and in memory. Threads are those of Faiss (`vsr.threads`).

    Args:
        m: links of a vector, 2m on the ground layer.
        ef_construction: candidates kept while linking a vector.
        ef_search: candidates kept while searching.
        metric: cosine, ip or l2.
        seed: of the layers.

    Raises:
        ConfigError: hnswlib is not installed.
        ValueError: an unknown metric.
    """

    name = "hnswlib"
    grid: ClassVar = {"ef_search": EF_SEARCH}
    removable = True
    keeps_vectors = True
    _near_one = True

    def __init__(
        self,
        m: int = 16,
        ef_construction: int = 200,
        ef_search: int = 64,
        metric: str = "cosine",
        seed: int = 0,
    ) -> None:
        super().__init__(metric, seed)
        self.m = m
        self.ef_construction = ef_construction
        self.ef_search = ef_search
        self._library()  # better now than after the vectors were computed
        self.index_: Any = None

    @staticmethod
    def _library() -> ModuleType:
        return library("hnswlib", "index=hnswlib", "hnswlib", "hnswlib")

    def _empty_graph(self, width: int) -> Any:
        return self._library().Index("l2" if self.metric == "l2" else "ip", width)

    def _link(self, vectors: np.ndarray, nodes: np.ndarray) -> None:
        needed = int(nodes[-1]) + 1
        if self.index_ is None:
            self.index_ = self._empty_graph(vectors.shape[1])
            self.index_.init_index(
                needed, M=self.m, ef_construction=self.ef_construction, random_seed=self.seed + 1
            )
        elif needed > self.index_.get_max_elements():
            self.index_.resize_index(needed)
        self.index_.add_items(vectors, nodes, num_threads=faiss.omp_get_max_threads())

    def _nearest(self, queries: np.ndarray, k: int, mask: np.ndarray | None = None, effort: int = 1) -> Found:
        try:
            return super()._nearest(queries, k, mask, effort)
        except RuntimeError:  # a query whose part of the graph holds fewer than k: it says no more than that
            return compared(self, queries, k, np.flatnonzero(self._places.ids >= 0))

    def _walk(self, queries: np.ndarray, k: int, mask: np.ndarray | None, effort: int) -> Found:
        self.index_.set_ef(max(self.ef_search, k))
        nodes, far = self.index_.knn_query(queries, k, num_threads=faiss.omp_get_max_threads())
        return (-far if self.metric == "l2" else 1 - far), nodes.astype(np.int64)

    def _node_vectors(self, nodes: np.ndarray) -> np.ndarray:
        return np.asarray(self.index_.get_items(nodes), np.float32)

    def _unlink(self, nodes: np.ndarray) -> None:
        for node in nodes.tolist():
            self.index_.mark_deleted(node)

    def _write_graph(self, archive: Archive) -> None:
        if self.index_ is not None:
            archive.save_with(_PART, self.index_.save_index)

    def _read_graph(self, opened: Opened) -> None:
        if _PART in opened.archive.names and self.width_ is not None:
            self.index_ = self._empty_graph(self.width_)
            with opened.archive.as_path(_PART) as path:
                self.index_.load_index(path, max_elements=len(self._copies.digests))

    def _graph_bytes(self) -> int:
        return 0 if self.index_ is None else self.index_.index_file_size()
