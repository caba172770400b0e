"""Ranks of chosen items in rows of scores: how many score higher, or the same at a smaller position."""

import numpy as np


def few(n_items: int, n_scores: int) -> bool:
    """Whether comparing a row with each of some items is cheaper than sorting it."""
    # Comparing is a pass an item (and as much as 20,000 scores besides), sorting costs about 36 passes.
    return n_items * (n_scores + 20_000) < 36 * n_scores


def count_above(row: np.ndarray, start: int, items: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """How many of a run of the gallery stand before each of some items in the ranking of one query.

    Args:
        row: (n,) float32 scores of the gallery positions ``start`` to ``start + n``; -inf where ignored.
        start: gallery position of ``row[0]``.
        items: (p,) gallery positions, in the run or not.
        scores: (p,) float32 their scores; the same floats as in ``row`` for those in the run.

    Returns:
        (p,) int64.
    """
    if few(len(items), len(row)):
        return by_comparing(row, start, items, scores)
    return by_sorting(row, start, items, scores)


def by_comparing(row: np.ndarray, start: int, items: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """`count_above` by a pass for each item."""
    above = np.empty(len(items), np.int64)
    before = np.empty(len(row), bool)
    for n, (item, score) in enumerate(zip((items - start).tolist(), scores, strict=True)):
        cut = min(max(item, 0), len(row))
        np.greater_equal(row[:cut], score, out=before[:cut])
        np.greater(row[cut:], score, out=before[cut:])  # the item itself is not above itself
        above[n] = np.count_nonzero(before)
    return above


def by_sorting(row: np.ndarray, start: int, items: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """`count_above` by sorting the row once."""
    ranked = np.sort(row)
    order = _argsort(scores)
    rising = scores[order]  # rising keys make the search several times faster
    after = np.searchsorted(ranked, rising, side="right")
    inside = (items >= start) & (items < start + len(row))
    below = after - 1 - inside[order]  # the next lower place that is not the item itself
    tied = order[(below >= 0) & (ranked[np.maximum(below, 0)] == rising)]
    above = np.empty(len(items), np.int64)
    above[order] = len(row) - after
    if len(tied) > 500:  # a stable argsort costs about as much as so many comparisons
        above[tied] += _ties_by_sorting(row, start, items[tied], scores[tied])
    elif len(tied):
        above[tied] += _ties_by_comparing(row, start, items[tied], scores[tied])
    return above


def _argsort(scores: np.ndarray) -> np.ndarray:
    """Order (p,) of rising ``scores`` (p,) float32: a sort of score and place in one integer is faster."""
    bits = scores.view(np.int32)
    rising = np.where(bits < 0, bits ^ 0x7FFFFFFF, bits).astype(np.int64)  # as the floats rise
    return np.sort((rising << 32) | np.arange(len(scores))) & 0xFFFFFFFF


def _ties_by_comparing(row: np.ndarray, start: int, items: np.ndarray, scores: np.ndarray) -> list[int]:
    """How many of ``row`` have the score of each item and a smaller gallery position; ``scores`` rise."""
    ties, equal, known = [], np.zeros(0, np.int64), None
    for item, score in zip((items - start).tolist(), scores.tolist(), strict=True):
        if score != known:
            equal, known = (row == np.float32(score)).nonzero()[0], score
        ties.append(int(equal.searchsorted(item)))
    return ties


def _ties_by_sorting(row: np.ndarray, start: int, items: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The same for many items, as when embeddings have collapsed."""
    by_score = np.argsort(row, kind="stable")  # rising positions within a score
    ranked = row[by_score]
    ties = np.empty(len(items), np.int64)
    values, group = np.unique(scores, return_inverse=True)
    first = np.searchsorted(ranked, values, side="left")
    last = np.searchsorted(ranked, values, side="right")
    for n in range(len(values)):
        members = group == n
        ties[members] = np.searchsorted(by_score[first[n] : last[n]] + start, items[members])
    return ties
