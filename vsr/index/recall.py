"""Recall of an index against exact search, distance ties counted right."""

import numpy as np

from vsr.index.flat import Flat
from vsr.index.neighbours import Neighbours
from vsr.index.vectors import as_vectors

_BLOCK_FLOATS = 1 << 23  # gathered at a time: 64 MiB as float64
_TOLERANCE = 1e-6  # of the lengths multiplied: float32 products differ by less between libraries


class Truth:
    """What exact search finds, to hold other answers against.

    Args:
        queries: (Q, d) floating point.
        gallery: (n, d) floating point, what was searched.
        k: the most neighbours that will be asked about.
        metric: cosine, ip or l2.
        ids: (n,) int64 ids of the gallery; by default its rows.

    Attributes:
        neighbours: the exact ones, (Q, k).

    Raises:
        ValueError: vectors, ids or ``k`` that no index takes.
    """

    def __init__(
        self,
        queries: np.ndarray,
        gallery: np.ndarray,
        k: int = 100,
        metric: str = "cosine",
        ids: np.ndarray | None = None,
    ) -> None:
        exact = Flat(metric)
        exact.add(gallery, ids)
        self.metric = metric
        self.neighbours: Neighbours = exact.search(queries, k)
        self._places = exact._places
        self._gallery = gallery
        self._queries = as_vectors(queries, None, metric)

    def recalls(self, ids: np.ndarray, k: int) -> np.ndarray:
        """Recall@k (Q,) float64: how many of ``ids`` (Q, >= k) belong in the exact top k, over min(k, n).

        One belongs that is no farther than the k-th of exact search, whichever of equally far ones that is.
        A repeated id counts once, -1 never; NaN when the gallery is empty.

        Raises:
            ValueError: fewer than ``k`` columns, here or in the exact answer.
        """
        exact = self.neighbours.ids
        if min(ids.shape[1], exact.shape[1]) < k:
            got = f"{ids.shape[1]} against {exact.shape[1]} exact"
            raise ValueError(f"recall@{k} needs {k} neighbours, got {got}")
        ids, exact = ids[:, :k], exact[:, :k]
        n_exact = (exact >= 0).sum(axis=1)
        hit = np.zeros(ids.shape, bool)
        for column in range(k):  # (Q, k) at a time rather than (Q, k, k)
            hit |= ids == exact[:, column : column + 1]
        hit &= (ids >= 0) & ~_repeated(ids)
        self._add_ties(hit, ids, exact, n_exact)
        with np.errstate(invalid="ignore"):
            return np.minimum(hit.sum(axis=1), n_exact) / n_exact

    def _add_ties(self, hit: np.ndarray, ids: np.ndarray, exact: np.ndarray, n_exact: np.ndarray) -> None:
        """Mark in ``hit`` (Q, k) what exact search left out though it is as near as its last."""
        query, column = np.nonzero(~hit & (ids >= 0) & ~_repeated(ids))
        step = max(1, _BLOCK_FLOATS // self._queries.shape[1])
        for start in range(0, len(query), step):
            q, c = query[start : start + step], column[start : start + step]
            score, size = self._scores(q, ids[q, c])
            bound, _ = self._scores(q, exact[q, n_exact[q] - 1])
            hit[q, c] = score >= bound - _TOLERANCE * size

    def _scores(self, queries: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """True scores (m,) of pairs, and the size of the products that made them, in float64."""
        places = self._places.find(ids)
        if (places < 0).any():
            raise ValueError(f"a search gave id {ids[places < 0][0]}, which the gallery does not have")
        vectors = as_vectors(self._gallery[places], None, self.metric).astype(np.float64)
        asked = self._queries[queries].astype(np.float64)
        size = np.linalg.norm(vectors, axis=1) * np.linalg.norm(asked, axis=1)
        if self.metric == "l2":
            return -((vectors - asked) ** 2).sum(axis=1), size
        return (vectors * asked).sum(axis=1), size


def _repeated(ids: np.ndarray) -> np.ndarray:
    """True (Q, K) where the same id stands earlier in the row."""
    order = np.argsort(ids, axis=1, kind="stable")
    rising = np.take_along_axis(ids, order, axis=1)
    again = np.zeros(ids.shape, bool)
    again[:, 1:] = rising[:, 1:] == rising[:, :-1]
    repeated = np.empty_like(again)
    np.put_along_axis(repeated, order, again, axis=1)
    return repeated
