"""Exact search in float64: the truth that the answers of indexes are held against.

Products of centered vectors say which pairs may be among the nearest, by the bound on what rounding does to
a sum of d products (Higham 2002, "Accuracy and Stability of Numerical Algorithms", section 3.1); differences,
pair by pair, say how far these are.
"""

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from vsr.index.validation import as_floats, check_metric

_BLOCK = 8192  # gallery vectors compared at a time
_QUERIES = 1024  # with so many queries: 64 MiB of products
_PAIR_FLOATS = 1 << 23  # gathered at a time: 64 MiB
_EPS = np.finfo(np.float64).eps
_ALIKE = 1e-9  # of a distance: nearer by less is not looked for, or copies would all be compared

Pairs = tuple[np.ndarray, np.ndarray]  # queries and gallery rows, (m,) each


class Space:
    """How far gallery vectors lie from queries, in float64: (m,) distances of pairs, less is nearer.

    Under l2 the distance; under cosine that of the vectors at length 1, a zero vector √2 from all; under ip
    the product with what a vector has beyond the gallery's mean, negated. (The mean adds the same to all
    products of a query.) So the order of a query's pairs is the metric's, and their differences have a scale.

    Args:
        queries: (Q, d) floating point.
        gallery: (n, d) floating point, perhaps memory-mapped.
        metric: cosine, ip or l2.

    Raises:
        ValueError: vectors that no index takes, of two widths, or an unknown metric.
    """

    def __init__(self, queries: np.ndarray, gallery: np.ndarray, metric: str) -> None:
        self.metric = check_metric(metric)
        self.gallery = as_floats(gallery, None)
        self.queries = self._whole(as_floats(queries, self.gallery.shape[1]))

    def distances(self, queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Distances (m,) of the pairs ``queries`` (m,), ``rows`` (m,)."""
        result = np.empty(len(rows))
        step = max(1, _PAIR_FLOATS // self.gallery.shape[1])
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            asked, found = self.queries[queries[part]], self._whole(self.gallery[rows[part]])
            if self.metric == "ip":
                result[part] = -np.einsum("md,md->m", asked, found - self.middle)
                continue
            apart = asked - found
            squared = np.einsum("md,md->m", apart, apart)
            if self.metric == "cosine":
                squared += ~asked.any(axis=1) + 0.0 + ~found.any(axis=1)
            result[part] = np.sqrt(squared)
        return result

    def rounding(self, queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """What float64 may get wrong in `distances` (m,) of what mathematics has as equal."""
        if self.metric == "l2":  # differences of what is given in float32 are all but exact
            return np.zeros(len(rows))
        if self.metric == "cosine":
            return np.full(len(rows), 4 * _EPS)
        beyond = np.linalg.norm(self.gallery[rows] - self.middle, axis=1)
        return self.gallery.shape[1] * _EPS * np.linalg.norm(self.queries[queries], axis=1) * beyond

    def scores(self, distances: np.ndarray) -> np.ndarray:
        """Scores (Q, K), as indexes give them, of ``distances`` (Q, K); -inf where they are infinite."""
        if self.metric == "ip":
            return self.queries @ self.middle[:, None] - distances
        return -(distances**2) if self.metric == "l2" else 1 - distances**2 / 2

    @cached_property
    def middle(self) -> np.ndarray:
        """The gallery's mean (d,); under cosine, where nothing is gained by it, zero."""
        total = np.zeros(self.gallery.shape[1])
        if self.metric != "cosine":
            for start in range(0, len(self.gallery), _BLOCK):
                total += self.gallery[start : start + _BLOCK].sum(axis=0, dtype=np.float64)
        return total / max(1, len(self.gallery))

    def _whole(self, vectors: np.ndarray) -> np.ndarray:
        """``vectors`` (n, d) in float64, of length 1 under cosine unless zero."""
        vectors = vectors.astype(np.float64)
        if self.metric == "cosine":
            length = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors /= np.where(length > 0, length, 1)
        return vectors

    def products(self, queries: slice, rows: slice) -> tuple[np.ndarray, np.ndarray]:
        """Products (q, n) that rise as distances fall, and by how much each query's (q,) may be wrong."""
        asked, block = self.queries[queries], self._whole(self.gallery[rows]) - self.middle
        longest = np.linalg.norm(block, axis=1).max()
        if self.metric != "l2":
            size = np.linalg.norm(asked, axis=1) * longest
            return asked @ block.T, self._wrong(size)
        asked = asked - self.middle
        near = (2 * asked) @ block.T
        near -= np.einsum("nd,nd->n", block, block)
        return near, self._wrong((np.linalg.norm(asked, axis=1) + longest) ** 2)

    def _wrong(self, size: np.ndarray) -> np.ndarray:
        return 2 * (self.gallery.shape[1] + 8) * _EPS * size + np.finfo(np.float64).tiny

    def product_of(self, queries: np.ndarray, distances: np.ndarray) -> np.ndarray:
        """The products (q,) above which pairs are nearer than ``distances`` (q,), by more than `_ALIKE`."""
        if self.metric == "ip":
            return -distances + _ALIKE * np.abs(distances)
        squared = distances**2 * (1 - 2 * _ALIKE)
        if self.metric == "cosine":
            product = 1 - squared / 2
        else:
            product = np.square(self.queries[queries] - self.middle).sum(axis=1) - squared
        return np.where(distances > 0, product, np.inf)  # nothing is nearer than 0


def nearest(space: Space, k: int, ignored: Pairs | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Rows (Q, k) int64 of the nearest and their distances (Q, k), rising; -1 and inf where there are fewer.

    Of equally near ones the lower rows, in order. Memory is a block, whatever the size of the gallery.

    Args:
        space: queries and gallery.
        k: how many, >= 1.
        ignored: pairs that do not count, such as each query and itself.
    """
    n_queries = len(space.queries)
    rows, far = np.full((n_queries, k), -1, np.int64), np.full((n_queries, k), np.inf)
    for block in _runs(len(space.gallery), _BLOCK):
        for run in _runs(n_queries, _QUERIES):
            query, column = _candidates(space, run, block, far[run, -1], k, ignored)
            if len(query):
                distances = space.distances(query + run.start, column + block.start)
                far[run], rows[run] = _merged(far[run], rows[run], query, distances, column + block.start)
    return rows, far


def _candidates(
    space: Space, run: slice, block: slice, last: np.ndarray, k: int, ignored: Pairs | None
) -> Pairs:
    """Query and column, counted within run and block, of pairs that may be nearer than ``last`` (q,)."""
    near, wrong = space.products(run, block)
    if ignored is not None:
        query, row = ignored
        here = (query >= run.start) & (query < run.stop) & (row >= block.start) & (row < block.stop)
        near[query[here] - run.start, row[here] - block.start] = -np.inf
    least = np.full(len(near), -np.inf)
    full, free = np.flatnonzero(np.isfinite(last)), np.flatnonzero(np.isinf(last))
    least[full] = space.product_of(full + run.start, last[full]) - wrong[full]
    if near.shape[1] > k and len(free):  # what is below is farther than k others of the block
        least[free] = np.partition(near[free], -k, axis=1)[:, -k] - 2 * wrong[free]
    query, column = np.nonzero(near > least[:, None])
    return query, column


def _merged(
    far: np.ndarray, rows: np.ndarray, query: np.ndarray, distances: np.ndarray, found: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of ``far``, ``rows`` (q, k) and new pairs (m,), which come by rising query and row."""
    q, k = far.shape
    counts = np.bincount(query, minlength=q)
    column = k + np.arange(len(query)) - np.repeat(np.cumsum(counts) - counts, counts)
    all_far = np.full((q, k + counts.max()), np.inf)
    all_rows = np.full(all_far.shape, -1, np.int64)
    all_far[:, :k], all_rows[:, :k] = far, rows
    all_far[query, column], all_rows[query, column] = distances, found
    best = np.argsort(all_far, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(all_far, best, axis=1), np.take_along_axis(all_rows, best, axis=1)


def _runs(n: int, most: int) -> Iterator[slice]:
    for start in range(0, n, most):
        yield slice(start, min(start + most, n))
