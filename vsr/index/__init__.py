"""Vectors become neighbours. Every index has the same verbs and the same manners."""

from typing import Protocol

import numpy as np

from vsr.index.flat import Flat
from vsr.index.neighbours import Neighbours, ordered

__all__ = ["Flat", "Index", "Neighbours", "ordered"]


class Index(Protocol):
    """What every index offers.

    Attributes:
        metric: cosine, ip (inner product) or l2.
    """

    metric: str

    def train(self, vectors: np.ndarray) -> None:
        """Learn from ``vectors`` (n, d), before the first ``add``; may do nothing."""
        ...

    def add(self, vectors: np.ndarray, ids: np.ndarray | None = None) -> None:
        """Put in ``vectors`` (n, d) under ``ids`` (n,) int64, by default the next numbers."""
        ...

    def search(self, queries: np.ndarray, k: int) -> Neighbours:
        """The ``k`` nearest of each of ``queries`` (Q, d): -1 and -inf where fewer were found."""
        ...

    def __len__(self) -> int:
        """How many vectors it holds."""
        ...
