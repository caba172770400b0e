"""Recall of an index against exact search: the one definition of it, distance ties counted right."""

import numpy as np

from vsr.index.id_map import Places
from vsr.index.nearest import Pairs, Space, nearest
from vsr.index.neighbors import Neighbors, ordered

# Of a distance: sums in float32 do not tell more apart, when they are taken of differences.
_TIED = 1e-6


class Truth:
    """What exact search in float64 finds, to hold other answers against.

    Args:
        queries: (Q, d) floating point.
        gallery: (n, d) floating point, what was searched; perhaps memory-mapped.
        k: the most neighbors that will be asked about.
        metric: cosine, ip or l2.
        ids: (n,) int64 ids of the gallery; by default its rows.
        ignored: queries (m,) and gallery rows (m,) of pairs that are not to be found.
        known: (Q, k) the `rows` of the same truth, found before; None to search now.

    Attributes:
        rows: (Q, k) int64 gallery rows of the nearest, of equally near ones the lower; -1 where there are
            fewer.

    Raises:
        ValueError: vectors, ids or ``k`` that no index takes, or ``known`` of another shape.
    """

    def __init__(
        self,
        queries: np.ndarray,
        gallery: np.ndarray,
        k: int = 100,
        metric: str = "cosine",
        ids: np.ndarray | None = None,
        ignored: Pairs | None = None,
        known: np.ndarray | None = None,
    ) -> None:
        if k < 1:
            raise ValueError(f"k must be >= 1, got {k}")
        self._space = Space(queries, gallery, metric)
        self._places = Places(Places().checked(ids, len(gallery)))
        if known is None:
            self.rows, self._far = nearest(self._space, k, ignored)
            return
        if known.shape != (len(queries), k):
            raise ValueError(f"known must be rows {(len(queries), k)}, got {known.shape}")
        self.rows, self._far = known, self._distances(known)

    @property
    def neighbors(self) -> Neighbors:
        """The nearest (Q, k), as an index gives them."""
        return ordered(self._places.named(self.rows), self._space.scores(self._far))

    def recalls(self, ids: np.ndarray, k: int) -> np.ndarray:
        """Recall@k (Q,) float64: how many of ``ids`` (Q, >= k) belong in the exact top k, over min(k, n).

        One belongs that is no farther than the k-th of exact search, whichever of equally far ones that is;
        farther by a millionth of that distance is equally far. A repeated id counts once, -1 never. NaN where
        nothing is to be found. Columns may end at n.

        Raises:
            ValueError: fewer than ``k`` columns, here or in the exact answer, or an unknown id.
        """
        columns = max(ids.shape[1], k) if ids.shape[1] >= len(self._places) else ids.shape[1]
        if min(columns, self.rows.shape[1]) < k:
            got = f"{ids.shape[1]} against {self.rows.shape[1]} exact"
            raise ValueError(f"recall@{k} needs {k} neighbors, got {got}")
        ids = ids[:, :k]
        there = (self.rows[:, :k] >= 0).sum(axis=1)
        far = self._distances(self._found(ids))
        hits = (far <= self._bound(there)[:, None]) & np.isfinite(far) & ~_repeated(ids)
        with np.errstate(invalid="ignore"):
            return np.minimum(hits.sum(axis=1), there) / there

    def _bound(self, there: np.ndarray) -> np.ndarray:
        """The distance (Q,) up to which an item is as near as the ``there``-th."""
        bound = np.full(len(there), -np.inf)
        query = np.flatnonzero(there)
        last = there[query] - 1
        far = self._far[query, last]
        bound[query] = far + _TIED * np.abs(far) + self._space.rounding(query, self.rows[query, last])
        return bound

    def _found(self, ids: np.ndarray) -> np.ndarray:
        """The gallery row of each of ``ids`` (Q, K), -1 where the id is."""
        rows = self._places.find(ids.ravel()).reshape(ids.shape)
        unknown = (rows < 0) & (ids >= 0)
        if unknown.any():
            raise ValueError(f"a search gave id {ids[unknown][0]}, which the gallery does not have")
        return rows

    def _distances(self, rows: np.ndarray) -> np.ndarray:
        """Distances (Q, K) of gallery ``rows`` (Q, K); inf for -1."""
        far = np.full(rows.shape, np.inf)
        there = rows >= 0
        far[there] = self._space.distances(np.nonzero(there)[0], rows[there])
        return far


def _repeated(ids: np.ndarray) -> np.ndarray:
    """True (Q, K) where the same id stands earlier in the row."""
    order = np.argsort(ids, axis=1, kind="stable")
    rising = np.take_along_axis(ids, order, axis=1)
    again = np.zeros(ids.shape, bool)
    again[:, 1:] = rising[:, 1:] == rising[:, :-1]
    repeated = np.empty_like(again)
    np.put_along_axis(repeated, order, again, axis=1)
    return repeated
