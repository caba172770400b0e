"""Exact search by comparing with every vector, through Faiss."""

import faiss
import numpy as np

from vsr.index.neighbours import Neighbours, ordered
from vsr.index.vectors import as_ids, as_vectors, check_metric

# In blocks of this many queries Faiss goes through BLAS: 41 to 49 GFLOP/s, against 6 for a few at a time.
_BLOCK = 4096


class Flat:
    """All vectors, compared one by one: exact.

    Args:
        metric: cosine, ip (inner product) or l2.

    Raises:
        ValueError: an unknown metric.
    """

    def __init__(self, metric: str = "cosine") -> None:
        self.metric = check_metric(metric)
        self.ids_ = np.zeros(0, np.int64)
        self.index_: faiss.Index | None = None

    def __len__(self) -> int:
        return len(self.ids_)

    def train(self, vectors: np.ndarray) -> None:
        """Check ``vectors`` (n, d): there is nothing to learn."""
        as_vectors(vectors, self._width, self.metric)

    def add(self, vectors: np.ndarray, ids: np.ndarray | None = None) -> None:
        """Put in ``vectors`` (n, d) under ``ids`` (n,), by default the next numbers.

        Raises:
            ValueError: vectors of the wrong kind, width or not finite; ids that do not fit.
        """
        vectors = as_vectors(vectors, self._width, self.metric)
        ids = as_ids(ids, len(vectors), len(self))
        if self.index_ is None:
            flat = faiss.IndexFlatL2 if self.metric == "l2" else faiss.IndexFlatIP
            self.index_ = flat(vectors.shape[1])
        self.index_.add(vectors)
        self.ids_ = np.concatenate([self.ids_, ids])

    def search(self, queries: np.ndarray, k: int) -> Neighbours:
        """The ``k`` nearest of each of ``queries`` (Q, d); -1 and -inf beyond the number of vectors.

        Scores are similarities, or negated squared distances when the metric is l2. Among equal scores ids
        rise, except that which of the items tied for the last place is kept is Faiss's choice.

        Raises:
            ValueError: queries of the wrong kind or width or not finite, or ``k`` < 1.
        """
        if k < 1:
            raise ValueError(f"k must be >= 1, got {k}")
        queries = as_vectors(queries, self._width, self.metric)
        ids = np.full((len(queries), k), -1, np.int64)
        scores = np.full((len(queries), k), -np.inf, np.float32)
        found = min(k, len(self))
        if self.index_ is not None and found:
            for start in range(0, len(queries), _BLOCK):
                block = slice(start, start + _BLOCK)
                near, at = self.index_.search(queries[block], found)
                scores[block, :found] = -near if self.metric == "l2" else near
                ids[block, :found] = np.where(at < 0, -1, self.ids_[at])
        scores[ids < 0] = -np.inf
        return ordered(ids, scores)

    @property
    def _width(self) -> int | None:
        return None if self.index_ is None else self.index_.d
