"""How many of a row of scores lie above chosen ones for certain, and which lie too near to say."""

from typing import NamedTuple

import numpy as np

_PLACE = 0xFFFFFFFF  # the bits of a key that hold the place in the gallery


class Counts(NamedTuple):
    """What a row of scores says of some ranges.

    Attributes:
        above: (p,) int64 scores above each range.
        doubtful: (p,) whether any score lies within it.
        places: (u,) int64 positions of the scores that lie within any, in no order.
    """

    above: np.ndarray
    doubtful: np.ndarray
    places: np.ndarray


def few(n_items: int, n_scores: int) -> bool:
    """Whether comparing a row with each of some items is cheaper than sorting it."""
    # Comparing is two passes an item (and as much as 20,000 scores besides), sorting costs about 36 passes.
    return 2 * n_items * (n_scores + 20_000) < 36 * n_scores


def counted(row: np.ndarray, low: np.ndarray, high: np.ndarray) -> Counts:
    """Count the scores of ``row`` (n,) float32 above and within the ranges ``low`` to ``high`` (p,)."""
    return by_comparing(row, low, high) if few(len(low), len(row)) else by_sorting(row, low, high)


def by_comparing(row: np.ndarray, low: np.ndarray, high: np.ndarray) -> Counts:
    """`counted` by two passes for each range."""
    above, reached = np.empty(len(low), np.int64), np.empty(len(low), np.int64)
    flags, within = np.empty(len(row), bool), np.zeros(0, np.int64)
    for n, (least, most) in enumerate(zip(low, high, strict=True)):
        above[n] = np.count_nonzero(np.greater(row, most, out=flags))
        reached[n] = np.count_nonzero(np.greater_equal(row, least, out=flags))
        if reached[n] > above[n]:
            flags &= row <= most
            within = np.union1d(within, flags.nonzero()[0])
    return Counts(above, reached > above, within)


def by_sorting(row: np.ndarray, low: np.ndarray, high: np.ndarray) -> Counts:
    """`counted` by sorting, once, all that lies as high as the lowest range."""
    order = ranking(row, low.min())
    falling = -row[order]
    rising = ranking(high, -np.inf)
    first = np.empty(len(low), np.int64)
    # Rising needles make the search several times faster.
    first[rising] = np.searchsorted(falling, -high[rising])
    next_one = falling[np.minimum(first, len(order) - 1)] if len(order) else np.full(len(low), np.inf)
    doubtful = (first < len(order)) & (-next_one >= low)
    last = np.searchsorted(falling, -low[doubtful], side="right")
    edges = np.zeros(len(order) + 1, np.int64)
    np.add.at(edges, first[doubtful], 1)
    np.add.at(edges, last, -1)
    return Counts(first, doubtful, order[np.cumsum(edges[:-1]) > 0])


def ranking(row: np.ndarray, least: float) -> np.ndarray:
    """Positions (m,) int64 of the scores >= ``least``, best first, ties by rising position."""
    near = (row >= least).nonzero()[0]
    return np.sort(_keys(row[near], near)) & _PLACE


def _keys(scores: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Integers (n,) that rise as ``scores`` (n,) float32 fall, and with ``places`` where these are equal."""
    bits = (scores + np.float32(0)).view(np.int32)  # -0.0 becomes 0.0, which it equals
    rising = bits ^ ((bits >> 31) & 0x7FFFFFFF)  # as the floats rise, below zero too
    keys = (~rising).astype(np.int64)
    keys <<= 32
    keys |= places
    return keys
