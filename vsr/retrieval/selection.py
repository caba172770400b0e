"""The best of a row of scores, exactly: by falling score, ties by rising position."""

import numpy as np


def chunk_bound(row: np.ndarray, k: int) -> float:
    """A score that at least ``k`` of ``row`` (n,) reach, and few besides; -inf when there are too few.

    The k-th largest of the maxima of chunks: maxima are cheap.
    """
    size = int((len(row) / max(k, 1)) ** 0.5)
    n_chunks = len(row) // max(size, 1)
    if size < 2 or k < 1:
        return -np.inf
    maxima = row[: size * n_chunks].reshape(size, n_chunks).max(axis=0)
    return float(np.partition(maxima, n_chunks - k)[n_chunks - k])


def best(row: np.ndarray, k: int, at_least: float) -> np.ndarray:
    """Positions of the ``k`` best scores of ``row`` (n,), of those >= ``at_least`` and above -inf."""
    chosen = np.flatnonzero(row >= at_least if at_least > -np.inf else row > -np.inf)
    scores = row[chosen]
    if len(chosen) > k:
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        n_equal = k - np.count_nonzero(scores > least)
        keep = scores > least
        keep[np.flatnonzero(scores == least)[:n_equal]] = True
        chosen, scores = chosen[keep], scores[keep]
    return chosen[np.argsort(-scores, kind="stable")]


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
        full = ids[-1] >= 0
        found = best(row, k, scores[-1] if full else chunk_bound(row, k))
        if ids[0] < 0:
            ids[: len(found)], scores[: len(found)] = found + start, row[found]
            return
        both_ids = np.concatenate([ids[ids >= 0], found + start])
        both = np.concatenate([scores[ids >= 0], row[found]])
        order = np.argsort(-both, kind="stable")[:k]
        ids[: len(order)], scores[: len(order)] = both_ids[order], both[order]
