"""Lists of different lengths in flat arrays, and groups of equal labels: what relevance is made of."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

UNLABELED = -1


class Ragged(NamedTuple):
    """Lists of gallery positions (int64): list ``q`` is ``items[offsets[q]:offsets[q + 1]]``."""

    offsets: np.ndarray
    items: np.ndarray


class Graded(NamedTuple):
    """Gallery positions with gain > 0, as in `Ragged`, with ``gains`` float64 beside ``items``."""

    offsets: np.ndarray
    items: np.ndarray
    gains: np.ndarray


class Ideal(NamedTuple):
    """The best possible gains of each query, falling, as runs: ``gains[i]`` occurs ``counts[i]`` times."""

    offsets: np.ndarray
    gains: np.ndarray
    counts: np.ndarray


class Groups:
    """Gallery positions grouped by label, and the group of each query.

    Args:
        queries: (Q,) int64 labels; -1 belongs to no group.
        gallery: (N,) int64 labels, likewise.
    """

    def __init__(self, queries: np.ndarray, gallery: np.ndarray) -> None:
        self.queries, self.gallery = np.ascontiguousarray(queries), np.ascontiguousarray(gallery)
        self.order = np.argsort(self.gallery, kind="stable")  # rising position within a label
        sorted_labels = self.gallery[self.order]
        self.starts = np.searchsorted(sorted_labels, self.queries, side="left")
        ends = np.searchsorted(sorted_labels, self.queries, side="right")
        self.sizes = np.where(self.queries == UNLABELED, 0, ends - self.starts)

    @cached_property
    def places(self) -> np.ndarray:
        """Place (N,) of each gallery position in ``order``."""
        places = np.empty_like(self.order)
        places[self.order] = np.arange(len(places))
        return places

    def members(self, queries: np.ndarray) -> Ragged:
        """The group of each of ``queries`` (q,), rising."""
        offsets = offsets_of(self.sizes[queries])
        at = np.arange(offsets[-1]) + np.repeat(self.starts[queries] - offsets[:-1], self.sizes[queries])
        return Ragged(offsets, self.order[at])

    def together(self, queries: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """True where query and gallery position share their label; both arguments broadcast."""
        labels = self.queries[queries]
        return (labels == self.gallery[ids]) & (labels != UNLABELED)


def integers(values: np.ndarray) -> np.ndarray:
    """``values`` as int64.

    Raises:
        ValueError: they are not integers: floating point merges labels above 2^24 (2^53).
    """
    values = np.asarray(values)
    if not np.issubdtype(values.dtype, np.integer):
        raise ValueError(f"labels and identities must be integers, got {values.dtype}")
    return values.astype(np.int64)


def offsets_of(lengths: np.ndarray) -> np.ndarray:
    """Offsets (n + 1,) of lists of these lengths (n,)."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def owners(offsets: np.ndarray) -> np.ndarray:
    """The list (P,) that each flat element belongs to."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def select(offsets: np.ndarray, lists: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Offsets of the chosen ``lists`` and the flat positions of their elements."""
    lengths = np.diff(offsets)[lists]
    chosen = offsets_of(lengths)
    return chosen, np.arange(chosen[-1]) + np.repeat(offsets[lists] - chosen[:-1], lengths)


def ragged(lists: Sequence[Sequence[float]], dtype: type) -> Ragged:
    """Python lists as one `Ragged` of ``dtype``."""
    flat = [one for part in lists for one in part]
    return Ragged(offsets_of(np.asarray([len(part) for part in lists], np.int64)), np.asarray(flat, dtype))
