"""Which gallery items are relevant to which query, with which gain, and which are to be ignored.

Kept as labels or as lists, answered for a block of queries at a time: nothing is ever queries × gallery.
Ignored items (the query itself, junk) never take a rank and never count as relevant, whatever their label.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Protocol

import numpy as np

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.relevance.list_relevance import ListRelevance
from vsr.data.relevance.ragged import UNLABELED, Graded, Groups, Ideal, Ragged, integers, offsets_of, owners

__all__ = ["Graded", "Ideal", "LabelRelevance", "ListRelevance", "Ragged", "Relevance", "relevance_of"]


class Relevance(Protocol):
    """What the ranking core asks. ``queries`` is always (q,) int64: positions of queries.

    Attributes:
        n_queries: Q.
        n_gallery: N.
        relevant_from: gain from which an item counts as relevant for the binary metrics.
    """

    n_queries: int
    n_gallery: int
    relevant_from: float

    def gains(self, queries: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """Gains (q, K) float32 of the gallery positions ``ids`` (q, K); 0 for -1 and for ignored items."""
        ...

    def ignored_at(self, queries: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """True (q, K) where the gallery position is to be ignored."""
        ...

    def ignored(self, queries: np.ndarray) -> Ragged:
        """All items to ignore."""
        ...

    def positives(self, queries: np.ndarray, at_least: float) -> Graded:
        """All items, not ignored, whose gain is > 0 and >= ``at_least``."""
        ...

    def ideal(self, queries: np.ndarray) -> Ideal:
        """The best possible gains; their lengths say how many items are relevant in all."""
        ...


class LabelRelevance:
    """Relevance by shared labels: the gain of an item is that of the best level it shares with the query.

    Args:
        query_codes: (Q, L) or (Q,) integer labels, a column a level; -1 is unlabeled and matches nothing.
        gallery_codes: (N, L) or (N,), likewise.
        gains: (L,) gain of sharing each level, >= 0; by default 2^n - 1, the first level highest.
        query_identities: (Q,) integers: the gallery items of the same identity are the query itself.
        gallery_identities: (N,) integers.
        relevant_from: gain from which an item is relevant for binary metrics; by default the highest gain.

    Raises:
        ValueError: labels that are not integers, or shapes that do not belong together.
    """

    def __init__(
        self,
        query_codes: np.ndarray,
        gallery_codes: np.ndarray,
        gains: Sequence[float] | None = None,
        query_identities: np.ndarray | None = None,
        gallery_identities: np.ndarray | None = None,
        relevant_from: float | None = None,
    ) -> None:
        query_codes, gallery_codes = _codes(query_codes, "query"), _codes(gallery_codes, "gallery")
        n_levels = query_codes.shape[1]
        if gallery_codes.shape[1] != n_levels:
            raise ValueError(
                f"queries have {n_levels} label levels, the gallery has {gallery_codes.shape[1]}"
            )
        by_level = np.asarray([2.0**n - 1 for n in range(n_levels, 0, -1)] if gains is None else gains, float)
        if by_level.shape != (n_levels,) or by_level.min() < 0 or by_level.max() <= 0:
            raise ValueError(f"gains must be {n_levels} numbers >= 0, not all 0, got {by_level.tolist()}")
        if (query_identities is None) != (gallery_identities is None):
            raise ValueError("give the identities of both queries and gallery, or of neither")
        best_first = np.argsort(-by_level, kind="stable")
        best_first = best_first[by_level[best_first] > 0]
        self.level_gains = by_level[best_first]
        self.query_codes, self.gallery_codes = query_codes[:, best_first], gallery_codes[:, best_first]
        self.n_queries, self.n_gallery = len(query_codes), len(gallery_codes)
        self.relevant_from = float(self.level_gains[0] if relevant_from is None else relevant_from)
        self._levels = [Groups(q, g) for q, g in zip(self.query_codes.T, self.gallery_codes.T, strict=True)]
        self._same: Groups | None = None
        if query_identities is not None and gallery_identities is not None:
            self._same = Groups(integers(query_identities), integers(gallery_identities))
            if (len(self._same.starts), len(self._same.order)) != (self.n_queries, self.n_gallery):
                raise ValueError("there must be one identity for each query and each gallery item")
        self._counts, self._nested = self._count()

    @classmethod
    def from_catalogue(
        cls,
        catalogue: Catalogue,
        query_rows: np.ndarray,
        gallery_rows: np.ndarray,
        relevant_from: float | None = None,
    ) -> "LabelRelevance":
        """Relevance between catalogue rows by all label levels; the same row is the query itself."""
        codes = catalogue.codes
        return cls(
            codes[query_rows],
            codes[gallery_rows],
            catalogue.gains,
            np.asarray(query_rows),
            np.asarray(gallery_rows),
            relevant_from,
        )

    def gains(self, queries: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """See `Relevance.gains`."""
        gains = self._gains(queries[:, None], ids)
        gains[(ids < 0) | self.ignored_at(queries, ids)] = 0
        return gains.astype(np.float32)

    def ignored_at(self, queries: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """See `Relevance.ignored_at`."""
        if self._same is None:
            return np.zeros(ids.shape, bool)
        asked = queries[:, None] if ids.ndim == 2 else queries
        return self._same.together(asked, ids) & (ids >= 0)

    def ignored(self, queries: np.ndarray) -> Ragged:
        """See `Relevance.ignored`."""
        if self._same is None:
            return Ragged(np.zeros(len(queries) + 1, np.int64), np.zeros(0, np.int64))
        return self._same.members(queries)

    def positives(self, queries: np.ndarray, at_least: float) -> Graded:
        """See `Relevance.positives`."""
        n_levels = int((self.level_gains >= at_least).sum())
        if n_levels == 0:
            return Graded(np.zeros(len(queries) + 1, np.int64), np.zeros(0, np.int64), np.zeros(0))
        offsets, items = self._sharing(queries, n_levels)
        if n_levels == 1:
            return Graded(offsets, items, np.full(len(items), self.level_gains[0]))
        return Graded(offsets, items, self._gains(queries[owners(offsets)], items))

    def ideal(self, queries: np.ndarray) -> Ideal:
        """See `Relevance.ideal`."""
        n_levels = len(self.level_gains)
        offsets = np.arange(len(queries) + 1) * n_levels
        return Ideal(offsets, np.tile(self.level_gains, len(queries)), self._counts[queries].ravel())

    def _sharing(self, queries: np.ndarray, n_levels: int) -> Ragged:
        """Items, not ignored, that share one of the best ``n_levels`` levels, rising."""
        if self._nested or n_levels == 1:
            group = self._levels[n_levels - 1]
            offsets, items = group.members(queries)
            own = self.ignored(queries)
            which = owners(own.offsets)
            drop = offsets[which] + group.places[own.items] - group.starts[queries[which]]
            drop = drop[group.together(queries[which], own.items)]
        else:
            parts = [group.members(queries) for group in self._levels[:n_levels]]
            keys = [owners(part.offsets) * self.n_gallery + part.items for part in parts]
            which, items = np.divmod(np.unique(np.concatenate(keys)), self.n_gallery)
            offsets = offsets_of(np.bincount(which, minlength=len(queries)))
            drop = np.flatnonzero(self.ignored_at(queries[which], items))
        gone = np.bincount(np.searchsorted(offsets, drop, side="right") - 1, minlength=len(queries))
        return Ragged(offsets_of(np.diff(offsets) - gone), np.delete(items, drop))

    def _gains(self, queries: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """Gain of the best shared level, float64, broadcast over both arguments."""
        gains = np.zeros(np.broadcast_shapes(queries.shape, ids.shape))
        for gain, group in reversed(list(zip(self.level_gains, self._levels, strict=True))):
            gains[group.together(queries, ids)] = gain
        return gains

    def _count(self) -> tuple[np.ndarray, bool]:
        """Items (Q, L) whose best shared level is l, and whether every level lies within the next."""
        counts = np.stack([group.sizes for group in self._levels], axis=1)
        nested = True
        for level in range(1, len(self._levels)):
            for sign, shared in _earlier(level):
                both = self._shared((*shared, level))
                counts[:, level] += sign * both
                if shared == (level - 1,):
                    nested = bool((both == self._levels[level - 1].sizes).all()) and nested
        every = np.arange(self.n_queries)
        own = self.ignored(every)
        which = owners(own.offsets)
        gains = self._gains(which, own.items)
        for level, gain in enumerate(self.level_gains):
            counts[:, level] -= np.bincount(which[gains == gain], minlength=self.n_queries)
        return counts, nested

    def _shared(self, levels: tuple[int, ...]) -> np.ndarray:
        """Number of items (Q,) that share all of ``levels`` with the query."""
        codes = np.concatenate([self.query_codes[:, levels], self.gallery_codes[:, levels]])
        joint = np.unique(codes, axis=0, return_inverse=True)[1].reshape(-1)
        joint[(codes == UNLABELED).any(axis=1)] = UNLABELED
        return Groups(joint[: self.n_queries], joint[self.n_queries :]).sizes


def relevance_of(catalogue: Catalogue, query_rows: np.ndarray, gallery_rows: np.ndarray) -> Relevance:
    """Relevance between catalogue rows: by lists if the catalogue's name any of the queries, else by labels.

    The same row is the query itself. Answers outside ``gallery_rows`` count neither as found nor as missed.

    Args:
        catalogue: with or without ``qrels``.
        query_rows: (Q,) its rows that are queries, each once.
        gallery_rows: (N,) its rows that are the gallery, each once.
    """
    qrels = catalogue.qrels
    if qrels is None or not np.isin(qrels["query"].to_numpy(), query_rows).any():
        return LabelRelevance.from_catalogue(catalogue, query_rows, gallery_rows)
    query_at, gallery_at = (_places(rows, len(catalogue)) for rows in (query_rows, gallery_rows))
    queries = query_at[qrels["query"].to_numpy()]
    answers = gallery_at[qrels["answer"].to_numpy()]
    gains = qrels["gain"].to_numpy(dtype=np.float64)
    here = (queries >= 0) & (answers >= 0)
    good, junk = here & (gains > 0), here & (gains == 0)
    both = np.flatnonzero((query_at >= 0) & (gallery_at >= 0))
    offsets, order = _by_query(queries[good], len(query_rows))
    relevant = Graded(offsets, answers[good][order], gains[good][order])
    queries = np.concatenate([queries[junk], query_at[both]])
    answers = np.concatenate([answers[junk], gallery_at[both]])
    offsets, order = _by_query(queries, len(query_rows))
    return ListRelevance(relevant, len(gallery_rows), Ragged(offsets, answers[order]))


def _places(rows: np.ndarray, n_rows: int) -> np.ndarray:
    """Position (n_rows,) int64 of each catalogue row in ``rows``, -1 where it is not."""
    places = np.full(n_rows, -1, np.int64)
    places[rows] = np.arange(len(rows))
    return places


def _by_query(queries: np.ndarray, n_queries: int) -> tuple[np.ndarray, np.ndarray]:
    """Offsets of the list of each query, and the order that puts the flat elements into them."""
    return offsets_of(np.bincount(queries, minlength=n_queries)), np.argsort(queries, kind="stable")


def _codes(codes: np.ndarray, whose: str) -> np.ndarray:
    codes = integers(codes)
    codes = codes[:, None] if codes.ndim == 1 else codes
    if codes.ndim != 2 or codes.shape[1] == 0:
        raise ValueError(f"{whose} labels must be (n, levels), got {codes.shape}")
    return codes


def _earlier(level: int) -> list[tuple[int, tuple[int, ...]]]:
    """Signs and subsets of the levels before ``level``: inclusion and exclusion of what they share."""
    return [((-1) ** n, one) for n in range(1, level + 1) for one in combinations(range(level), n)]
