"""How many of a row of scores lie above chosen ones for certain, and which lie too near to say."""

from typing import NamedTuple

import numpy as np

_SCORE = 1 << 31  # the bit of a key that tells scores from ranges
_PLACE = _SCORE - 1  # the bits that hold the place of either


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
    """`counted` by sorting, once, the ranges' upper ends among all that lies as high as the lowest range."""
    near = (row >= low.min()).nonzero()[0]
    # Of equal ones the ends come first: what they are equal to is not above them.
    keys = np.concatenate([_keys(high, np.arange(len(high))), _keys(row[near], near | _SCORE)])
    keys.sort()
    score = (keys & _SCORE).astype(bool)
    ends = (~score).nonzero()[0]
    ranges = keys[ends] & _PLACE
    above = ends - np.arange(len(ends))
    order = keys[score] & _PLACE
    falling = row[order]
    following = np.append(falling, np.float32(-np.inf))[above]
    unsure = (following >= low[ranges]).nonzero()[0]
    first, doubtful, places = np.empty_like(above), np.zeros(len(low), bool), order[:0]
    first[ranges] = above
    if len(unsure):
        doubtful[ranges[unsure]] = True
        last = np.searchsorted(-falling, -low[ranges[unsure]], side="right")
        n = len(order) + 1
        within = np.bincount(above[unsure], minlength=n) - np.bincount(last, minlength=n)
        places = order[np.cumsum(within[:-1]) > 0]
    return Counts(first, doubtful, places)


def _keys(scores: np.ndarray, low_bits: np.ndarray) -> np.ndarray:
    """Integers (n,) that rise as ``scores`` (n,) float32 fall, and with ``low_bits`` where those tie."""
    bits = (scores + np.float32(0)).view(np.int32)  # -0.0 becomes 0.0, which it equals
    rising = bits ^ ((bits >> 31) & 0x7FFFFFFF)  # as the floats rise, below zero too
    keys = (~rising).astype(np.int64)
    keys <<= 32
    keys |= low_bits
    return keys
