"""Chosen (query, gallery item) pairs of a run of queries."""

from functools import cached_property

import numpy as np


class Pairs:
    """Pairs kept flat, query by query.

    Args:
        offsets: (q + 1,) int64: the pairs of query n are ``offsets[n]:offsets[n + 1]``.
        items: (P,) int64 gallery positions.
        gains: (P,) float64; none when the pairs are only to be ignored.
    """

    def __init__(self, offsets: np.ndarray, items: np.ndarray, gains: np.ndarray | None = None) -> None:
        self.offsets, self.items = offsets, items
        self.gains = np.zeros(len(items)) if gains is None else gains
        self._by_item: tuple[np.ndarray, np.ndarray] | None = None

    @cached_property
    def owners(self) -> np.ndarray:
        """The query (P,) of each pair."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    def of(self, query: int) -> slice:
        """The pairs of one query."""
        return slice(self.offsets[query], self.offsets[query + 1])

    def within(self, part: slice) -> np.ndarray | slice:
        """Places of the pairs whose item lies in a run of the gallery."""
        if len(self.items) == 0:
            return slice(0, 0)
        if self._by_item is None:
            if part.start <= self.items.min() and self.items.max() < part.stop:
                return slice(None)
            order = np.argsort(self.items, kind="stable")
            self._by_item = order, self.items[order]
        order, items = self._by_item
        first, last = np.searchsorted(items, [part.start, part.stop])
        return order[first:last]

    def ranked(self, before: np.ndarray, order: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Ranks (P,) from 1, rising within each query, and the gains (P,) beside them.

        Args:
            before: (P,) int64 how many items that are in no pair of the query stand before each; changed.
            order: (P,) the pairs by their items' order, query by query; None where all gains are equal, and
                that order is nothing to anyone.
        """
        lengths, gains = np.diff(self.offsets), self.gains
        if order is not None:
            before, gains = before[order], gains[order]
        if len(before) < 64 * len(lengths):
            rising = np.argsort(self.owners * (1 << 40) + before, kind="stable")
            before, gains = before[rising], gains[rising]
        elif order is None:
            for query in range(len(lengths)):
                before[self.of(query)].sort()
        else:
            rising = np.empty_like(before)
            for query, length in enumerate(lengths.tolist()):
                own = self.of(query)
                # A sort of number and place in one is several times faster than an argsort.
                packed = np.sort((before[own] << 32) | np.arange(length))
                rising[own] = self.offsets[query] + (packed & 0xFFFFFFFF)
            before, gains = before[rising], gains[rising]
        return before + self.places + 1, gains

    @cached_property
    def places(self) -> np.ndarray:
        """The place (P,) of each pair among those of its query."""
        return np.arange(len(self.items)) - np.repeat(self.offsets[:-1], np.diff(self.offsets))
