"""A forest of random-projection trees, through Annoy.

Source: https://github.com/spotify/annoy
"""

import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from vsr.extras import library
from vsr.index.backend import Backend, Found, nothing
from vsr.index.serialization import Archive, Opened

_METRICS = {"cosine": "angular", "ip": "dot", "l2": "euclidean"}
_PART = "index.ann"


class Annoy(Backend):
    """Trees that split the vectors by hyperplanes between two of them. Every `add` builds them anew.

    Searches run in one thread, as Annoy's do. Under ip vectors must not be short against 1: at lengths of
    1e-3 its thresholds cost a tenth of the recall, at 1e-4 half.

    Args:
        n_trees: how many.
        search_k: nodes that a search looks into; null is n_trees × k.
        metric: cosine, ip or l2.
        seed: of the planes.

    Raises:
        ConfigError: Annoy is not installed.
        ValueError: an unknown metric.
    """

    name = "annoy"
    grid: ClassVar = {"search_k": (100, 300, 1000, 3000, 10_000, 30_000, 100_000)}
    rebuilds_on_add = True
    keeps_vectors = True

    def __init__(
        self, n_trees: int = 50, search_k: int | None = None, metric: str = "cosine", seed: int = 0
    ) -> None:
        super().__init__(metric, seed)
        self.n_trees = n_trees
        self.search_k = search_k
        self._library()  # better now than after the vectors were computed
        self.index_: Any = None

    @staticmethod
    def _library() -> ModuleType:
        return library("annoy", "index=annoy", "Annoy", "annoy")

    def _add(self, vectors: np.ndarray, places: np.ndarray) -> None:
        if not len(vectors):
            return
        index = self._library().AnnoyIndex(vectors.shape[1], _METRICS[self.metric])
        index.set_seed(self.seed + 1)
        if self.index_ is not None:  # which takes no more
            for place, vector in enumerate(self._vectors(np.arange(self.index_.get_n_items()))):
                index.add_item(place, vector)
        for place, vector in zip(places.tolist(), vectors, strict=True):
            index.add_item(place, vector)
        index.build(self.n_trees)
        self.index_ = index

    def _nearest(self, queries: np.ndarray, k: int, mask: np.ndarray | None = None, effort: int = 1) -> Found:
        scores, places = nothing(len(queries), k)
        search_k = -1 if self.search_k is None else max(self.search_k, k)
        for row, query in enumerate(queries):
            at, far = self.index_.get_nns_by_vector(query, k, search_k, include_distances=True)
            places[row, : len(at)], scores[row, : len(at)] = at, far
        none = places < 0
        if self.metric != "ip":
            scores = -(scores**2) if self.metric == "l2" else 1 - scores**2 / 2
        scores[none] = -np.inf
        return scores, places

    def _default(self, name: str) -> None:
        return None  # n_trees × k: only a search knows k

    def _vectors(self, places: np.ndarray) -> np.ndarray:
        return np.array([self.index_.get_item_vector(place) for place in places.tolist()], np.float32)

    def _write(self, archive: Archive) -> None:
        if self.index_ is not None:
            archive.save_with(_PART, self.index_.save)

    def _read(self, opened: Opened) -> None:
        if _PART not in opened.archive.names:
            return
        index = self._library().AnnoyIndex(self.width_, _METRICS[self.metric])
        with opened.archive.as_path(_PART) as path:
            index.load(path)  # mapped: the system keeps the file for as long as the index lives
        self.index_ = index

    def _bytes(self) -> int:
        if self.index_ is None:
            return 0
        with tempfile.TemporaryDirectory(prefix="vsr-index-") as folder:
            path = Path(folder) / _PART
            self.index_.save(str(path))  # it tells its size in no other way, and maps the file from here on
            return path.stat().st_size
