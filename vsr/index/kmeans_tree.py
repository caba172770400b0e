"""Hierarchical k-means: partitions within partitions, of which a search looks into the best leaves first.

Source: Nistér and Stewénius 2006 (doi 10.1109/CVPR.2006.264); best-first search as in Muja and Lowe 2014
(doi 10.1109/TPAMI.2014.2321376). Clustering and the scan of leaves are Faiss's.
"""

from typing import ClassVar

import numpy as np

from vsr.errors import ConfigError
from vsr.index import faiss_introspection
from vsr.index.backend import Backend, Found
from vsr.index.faiss_backend import faiss, read_part, write_part
from vsr.index.serialization import Archive, Opened
from vsr.index.tree import Tree

_POINTS_PER_LEAF = 64  # of a sample, that training has use for


class KMeansTree(Backend):
    """A tree of k-means cells whose leaves hold whole vectors.

    Args:
        branching: parts into which a cell is divided.
        leaf_size: training vectors, scaled up to all, below which a cell is not divided further.
        leaves: that a search looks into; null is √(number of leaves), at least 8.
        metric: cosine, ip or l2.
        seed: of the k-means.

    Raises:
        ValueError: ``branching`` < 2, ``leaf_size`` < 1, or an unknown metric.
    """

    name = "kmeans_tree"
    grid: ClassVar = {"leaves": (1, 2, 4, 8, 16, 32, 64, 128, 256)}
    needs_training = True
    removable = True
    keeps_vectors = True
    _selects = True

    def __init__(
        self,
        branching: int = 32,
        leaf_size: int = 100,
        leaves: int | None = None,
        metric: str = "cosine",
        seed: int = 0,
    ) -> None:
        super().__init__(metric, seed)
        if branching < 2 or leaf_size < 1:
            raise ConfigError(f"branching must be >= 2 and leaf_size >= 1, got {branching} and {leaf_size}")
        self.branching = branching
        self.leaf_size = leaf_size
        self.leaves = leaves

    def _most_training(self, n: int, width: int) -> int:
        return max(65_536, _POINTS_PER_LEAF * n // self.leaf_size)

    def _train(self, vectors: np.ndarray, n: int) -> None:
        few = max(1, round(self.leaf_size * len(vectors) / n))
        self.tree_ = Tree.grown(vectors, self.branching, few, self.seed)
        metric = faiss.METRIC_L2 if self.metric == "l2" else faiss.METRIC_INNER_PRODUCT
        quantizer = faiss.IndexFlat(vectors.shape[1], metric)
        quantizer.add(self.tree_.leaf_centers)
        self.index_ = faiss.IndexIVFFlat(quantizer, vectors.shape[1], self.tree_.n_leaves, metric)
        self._keep(quantizer)

    def _keep(self, quantizer: object) -> None:
        self._quantizer = quantizer  # the lists only point at it
        self.index_.is_trained = True

    def _add(self, vectors: np.ndarray, places: np.ndarray) -> None:
        leaf = self.tree_.nearest_leaves(vectors, 1, "l2").ravel()
        self.index_.add_core(
            len(vectors), faiss.swig_ptr(vectors), faiss.swig_ptr(places), faiss.swig_ptr(leaf), None
        )

    def _nearest(self, queries: np.ndarray, k: int, mask: np.ndarray | None = None, effort: int = 1) -> Found:
        count = min(self.tree_.n_leaves, self.knob("leaves") * effort)
        leaves = self.tree_.nearest_leaves(queries, count, "ip" if self.metric == "ip" else "l2")
        parameters = faiss.SearchParametersIVF(nprobe=count, sel=faiss_introspection.selector(mask))
        near, places = np.empty((len(queries), k), np.float32), np.empty((len(queries), k), np.int64)
        self.index_.search_preassigned_c(
            len(queries),
            faiss.swig_ptr(queries),
            k,
            faiss.swig_ptr(leaves),
            faiss.swig_ptr(np.zeros(leaves.shape, np.float32)),  # whole vectors need no distance to a center
            faiss.swig_ptr(near),
            faiss.swig_ptr(places),
            False,
            parameters,
        )
        return (-near if self.metric == "l2" else near), places

    def _default(self, name: str) -> int | None:
        return max(8, round(self.tree_.n_leaves**0.5)) if self.trained_ else None

    def _values(self, name: str) -> tuple[int, ...]:
        if not self.trained_:
            return self.grid[name]
        return (*(one for one in self.grid[name] if one < self.tree_.n_leaves), self.tree_.n_leaves)

    def _most_effort(self) -> int:
        return -(-self.tree_.n_leaves // self.knob("leaves"))

    def _vectors(self, places: np.ndarray) -> np.ndarray:
        return faiss_introspection.vectors(self.index_, places)

    def _remove(self, places: np.ndarray) -> None:
        self.index_.remove_ids(faiss.IDSelectorBatch(places))

    def _write(self, archive: Archive) -> None:
        for name, array in self.tree_.arrays.items():
            archive.save_array(f"{name}.npy", array)
        write_part(archive, self.index_)

    def _read(self, opened: Opened) -> None:
        self.tree_ = Tree(**{name: opened.archive.load_array(f"{name}.npy") for name in Tree.PARTS})
        self.index_ = read_part(opened.archive)
        self._keep(self.index_.quantizer)

    def _bytes(self) -> int:
        return faiss_introspection.size_bytes(self.index_) + sum(
            one.nbytes for one in self.tree_.arrays.values()
        )
