"""Ranks of chosen items in rows of scores: how many score higher, or the same at a smaller position."""

import numpy as np


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
    # Comparing is a pass an item (and as much as 20,000 scores besides), sorting costs about 36 passes.
    if len(items) * (len(row) + 20_000) < 36 * len(row):
        return _by_comparing(row, start, items, scores)
    return _by_sorting(row, start, items, scores)


def _by_comparing(row: np.ndarray, start: int, items: np.ndarray, scores: np.ndarray) -> np.ndarray:
    above = np.empty(len(items), np.int64)
    for n, (item, score) in enumerate(zip(items.tolist(), scores, strict=True)):
        here = min(max(item - start, 0), len(row))
        before, after = row[:here], row[here + (item == start + here) :]
        above[n] = np.count_nonzero(before >= score) + np.count_nonzero(after > score)
    return above


def _by_sorting(row: np.ndarray, start: int, items: np.ndarray, scores: np.ndarray) -> np.ndarray:
    ranked = np.sort(row)
    order = np.argsort(scores)
    sorted_scores = scores[order]  # rising keys make the search several times faster
    after = np.searchsorted(ranked, sorted_scores, side="right")
    inside = (items >= start) & (items < start + len(row))
    own = inside[order].astype(np.int64)
    below = after - 1 - own  # the next lower place that is not the item itself
    tied = (below >= 0) & (ranked[np.maximum(below, 0)] == sorted_scores)
    above = np.empty(len(items), np.int64)
    above[order] = len(row) - after
    if tied.any():
        _add_ties(row, start, items, scores, order[tied], above)
    return above


def _add_ties(
    row: np.ndarray, start: int, items: np.ndarray, scores: np.ndarray, tied: np.ndarray, above: np.ndarray
) -> None:
    """Add to ``above`` the items of equal score at a smaller gallery position, for the items ``tied``."""
    by_score = np.argsort(row, kind="stable")  # rising positions within a score
    ranked = row[by_score]
    first = np.searchsorted(ranked, scores[tied], side="left")
    # Within its run of equal scores, an item stands behind those of smaller position.
    keys = np.unique(ranked[first], return_inverse=True)[1]
    for key in range(keys.max() + 1):
        members = tied[keys == key]
        low = first[keys == key][0]
        high = np.searchsorted(ranked, ranked[low], side="right")
        above[members] += np.searchsorted(by_score[low:high] + start, items[members], side="left")
