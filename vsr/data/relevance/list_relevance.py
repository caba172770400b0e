"""Relevance kept as explicit lists."""

from collections.abc import Sequence

import numpy as np

from vsr.data.relevance.ragged import Graded, Ideal, Ragged, integers, offsets_of, owners, ragged, select


class ListRelevance:
    """Relevance by explicit lists, as in Oxford and Paris buildings (ok and junk) or landmark retrieval.

    Args:
        relevant: items with gain > 0 of each query; an item that is also in ``ignored`` is ignored.
        n_gallery: N.
        ignored: junk of each query; None for none.
        relevant_from: gain from which an item is relevant for binary metrics; by default any gain > 0.

    Raises:
        ValueError: lists that do not belong together, or an item outside the gallery or twice in a list.
    """

    def __init__(
        self,
        relevant: Graded,
        n_gallery: int,
        ignored: Ragged | None = None,
        relevant_from: float | None = None,
    ) -> None:
        self.n_queries, self.n_gallery = len(relevant.offsets) - 1, n_gallery
        if ignored is None:
            ignored = Ragged(np.zeros(self.n_queries + 1, np.int64), np.zeros(0, np.int64))
        if len(ignored.offsets) != self.n_queries + 1:
            raise ValueError(
                f"{self.n_queries} lists of relevant items, {len(ignored.offsets) - 1} of ignored"
            )
        if len(relevant.gains) != len(relevant.items):
            raise ValueError(f"{len(relevant.items)} relevant items but {len(relevant.gains)} gains")
        self._junk = np.unique(self._keys(ignored.offsets, ignored.items))
        keys = self._keys(relevant.offsets, relevant.items)
        order = np.argsort(keys, kind="stable")
        keys, gains = keys[order], np.asarray(relevant.gains, np.float64)[order]
        if (keys[1:] == keys[:-1]).any():
            raise ValueError("an item stands twice in the list of one query")
        keep = (gains > 0) & ~np.isin(keys, self._junk)
        self._relevant, self._gains = keys[keep], gains[keep]  # sorted by query, then item
        self._offsets = self._split(self._relevant)
        self._junk_offsets = self._split(self._junk)
        gains = self._gains
        smallest = float(gains.min()) if len(gains) else 1.0
        self.relevant_from = smallest if relevant_from is None else float(relevant_from)

    @classmethod
    def from_lists(
        cls,
        relevant: Sequence[Sequence[int]],
        n_gallery: int,
        ignored: Sequence[Sequence[int]] | None = None,
        gains: Sequence[Sequence[float]] | None = None,
        relevant_from: float | None = None,
    ) -> "ListRelevance":
        """Relevance from one list of gallery positions a query; ``gains`` beside them, 1 when None."""
        offsets, items = ragged(relevant, np.int64)
        weights = np.ones(len(items)) if gains is None else ragged(gains, np.float64).items
        junk = None if ignored is None else ragged(ignored, np.int64)
        return cls(Graded(offsets, items, weights), n_gallery, junk, relevant_from)

    def gains(self, queries: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """See `Relevance.gains`."""
        at, found = self._find(self._relevant, queries, ids)
        gains = np.zeros(ids.shape, np.float32)
        gains[found] = self._gains[at[found]]
        return gains

    def ignored_at(self, queries: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """See `Relevance.ignored_at`."""
        return self._find(self._junk, queries, ids)[1]

    def ignored(self, queries: np.ndarray) -> Ragged:
        """See `Relevance.ignored`."""
        offsets, at = select(self._junk_offsets, queries)
        return Ragged(offsets, self._junk[at] % self.n_gallery)

    def positives(self, queries: np.ndarray, at_least: float) -> Graded:
        """See `Relevance.positives`."""
        offsets, at = select(self._offsets, queries)
        keep = self._gains[at] >= at_least
        lengths = np.bincount(owners(offsets)[keep], minlength=len(queries))
        at = at[keep]
        return Graded(offsets_of(lengths), self._relevant[at] % self.n_gallery, self._gains[at])

    def ideal(self, queries: np.ndarray) -> Ideal:
        """See `Relevance.ideal`."""
        offsets, at = select(self._offsets, queries)
        gains = self._gains[at]
        order = np.lexsort((-gains, owners(offsets)))
        return Ideal(offsets, gains[order], np.ones(len(at), np.int64))

    def _keys(self, offsets: np.ndarray, items: np.ndarray) -> np.ndarray:
        """One number for each (query, item), rising with the query, then with the item."""
        items = integers(items) if len(items) else np.zeros(0, np.int64)
        outside = (items < 0) | (items >= self.n_gallery)
        if outside.any():
            raise ValueError(f"item {items[outside][0]} is outside the gallery of {self.n_gallery}")
        return owners(np.asarray(offsets)) * self.n_gallery + items

    def _split(self, keys: np.ndarray) -> np.ndarray:
        return np.searchsorted(keys, np.arange(self.n_queries + 1) * self.n_gallery)

    def _find(self, keys: np.ndarray, queries: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Place (q, K) of each (query, id) in the sorted ``keys``, and whether it is there."""
        if len(keys) == 0:
            return np.zeros(ids.shape, np.int64), np.zeros(ids.shape, bool)
        wanted = queries[:, None] * self.n_gallery + ids
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return at, (keys[at] == wanted) & (ids >= 0)
