"""The best of a row of scores, exactly: by falling score, ties by rising position."""

import numpy as np


def chunk_bound(row: np.ndarray, k: int) -> float:
    """A score that at least ``k`` of ``row`` (n,) reach, and few besides; -inf when there are too few.

    The k-th largest of the maxima of chunks: maxima are cheap.
    """
    size = int((len(row) / max(k, 1)) ** 0.5)
    if size < 2 or k < 1:
        return -np.inf
    n_chunks = len(row) // size
    maxima = np.maximum.reduce(row[: size * n_chunks].reshape(size, n_chunks), axis=0)
    maxima.partition(n_chunks - k)
    return maxima[n_chunks - k]


def best(row: np.ndarray, k: int, at_least: float) -> np.ndarray:
    """Positions of the ``k`` best scores of ``row`` (n,), of those >= ``at_least`` and above -inf."""
    chosen = (row >= at_least if at_least > -np.inf else row > -np.inf).nonzero()[0]
    scores = row[chosen]
    if len(chosen) > 8 * k:  # ties, as when embeddings have collapsed: not all of them need sorting
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        keep = scores > least
        keep[np.flatnonzero(scores == least)[: k - np.count_nonzero(keep)]] = True
        chosen, scores = chosen[keep], scores[keep]
    return chosen[(-scores).argsort(kind="stable")[:k]]


class Best:
    """The best ``k`` of each query's row, gathered over runs of the gallery.

    Attributes:
        ids: (q, k) int64, -1 where fewer were found.
        scores: (q, k) float32, falling, -inf where fewer were found.
    """

    def __init__(self, n_queries: int, k: int) -> None:
        self.ids = np.full((n_queries, k), -1, np.int64)
        self.scores = np.full((n_queries, k), -np.inf, np.float32)

    def add(self, query: int, row: np.ndarray, start: int) -> None:
        """Take in the scores ``row`` (n,) of gallery positions from ``start``, later than all before."""
        ids, scores = self.ids[query], self.scores[query]
        k = len(ids)
        if k == 0:
            return
        found = best(row, k, scores[-1] if ids[-1] >= 0 else chunk_bound(row, k))
        if ids[0] < 0:
            ids[: len(found)], scores[: len(found)] = found + start, row[found]
            return
        known = ids >= 0
        both_ids = np.concatenate([ids[known], found + start])
        both = np.concatenate([scores[known], row[found]])
        order = (-both).argsort(kind="stable")[:k]
        ids[: len(order)], scores[: len(order)] = both_ids[order], both[order]
