"""Ranks of chosen items in rows of scores: how many score higher, or the same at a smaller position."""

import numpy as np

_PLACE = 0xFFFFFFFF  # the bits of a key that hold the place in the gallery


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
    """`count_above` by sorting, once, all that scores as high as the last of the items."""
    order = ranking(row, start, scores.min())
    if start <= items.min() and items.max() < start + len(row):
        return standing(order, len(row), start)[items - start]
    keys = _keys(scores, items)
    rising = np.argsort(keys)
    above = np.empty(len(items), np.int64)
    above[rising] = np.searchsorted(order, keys[rising])  # rising keys make the search several times faster
    return above


def ranking(row: np.ndarray, start: int, least: float) -> np.ndarray:
    """Keys (m,) int64 of the gallery positions that score >= ``least``, or of all, best first.

    The low 32 bits of a key are the position, as `positions` gives it.
    """
    near = row >= least
    if 2 * np.count_nonzero(near) < len(row):
        places = near.nonzero()[0]
        return np.sort(_keys(row[places], places + start))
    return np.sort(_keys(row, np.arange(start, start + len(row))))


def positions(order: np.ndarray) -> np.ndarray:
    """Gallery positions (m,) of the keys ``order`` of a `ranking`."""
    return order & _PLACE


def standing(order: np.ndarray, n_row: int, start: int) -> np.ndarray:
    """How many stand before each place (n_row,) of a row in its `ranking`; not set where it leaves it out."""
    above = np.empty(n_row, np.int64)
    above[positions(order) - start] = np.arange(len(order))
    return above


def _keys(scores: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Integers (n,) that rise as ``scores`` (n,) float32 fall, and with ``places`` where these are equal."""
    bits = (scores + np.float32(0)).view(np.int32)  # -0.0 becomes 0.0, which it equals
    rising = bits ^ ((bits >> 31) & 0x7FFFFFFF)  # as the floats rise, below zero too
    keys = (~rising).astype(np.int64)
    keys <<= 32
    keys |= places
    return keys
