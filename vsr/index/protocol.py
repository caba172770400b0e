"""What every index offers: the verbs, and the manners that they keep."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from vsr.index.neighbors import Neighbors


class Index(Protocol):
    """Vectors become neighbors.

    Wrong vectors (not floating point, of another width, not finite) are a ValueError everywhere; an empty
    index finds nothing (-1 and -inf); scores are similarities, or negated squared distances under l2.

    Attributes:
        metric: cosine, ip (inner product) or l2.
    """

    metric: str

    @property
    def needs_training(self) -> bool:
        """Whether `add` refuses vectors until `train` has been called."""
        ...

    @property
    def rebuilds_on_add(self) -> bool:
        """Whether every `add` builds the whole index anew: such a one is best filled at once."""
        ...

    @property
    def removable(self) -> bool:
        """Whether `remove` works."""
        ...

    def train(self, vectors: np.ndarray) -> None:
        """Learn from ``vectors`` (n, d), before the first ``add``; may do nothing."""
        ...

    def add(self, vectors: np.ndarray, ids: np.ndarray | None = None) -> None:
        """Put in ``vectors`` (n, d) under ``ids`` (n,) int64, by default the numbers after the largest."""
        ...

    def search(self, queries: np.ndarray, k: int, allowed: np.ndarray | None = None) -> Neighbors:
        """The ``k`` nearest of each of ``queries`` (Q, d), all or of ``allowed``; -1 where fewer."""
        ...

    def remove(self, ids: np.ndarray) -> None:
        """Take out ``ids`` (n,), where `removable`."""
        ...

    def save(self, path: str | Path) -> None:
        """Write it to one file, whole or not at all; `vsr.index.load` reads it."""
        ...

    def empty(self) -> "Index":
        """Another index with the same arguments and knobs, untrained and empty."""
        ...

    def set_knobs(self, **knobs: Any) -> None:
        """Change search knobs, without building anew."""
        ...

    @property
    def memory_bytes(self) -> int:
        """Bytes that it holds."""
        ...

    @property
    def build_knobs(self) -> dict[str, Any]:
        """What it is built with; what is null in the configuration shows as settled once trained."""
        ...

    @property
    def search_knobs(self) -> dict[str, Any]:
        """What a search uses now; each is a plain field of the object, too."""
        ...

    def knob_grid(self) -> list[dict[str, Any]]:
        """Settings of the search knobs worth trying, cheap to dear; ``[{}]`` when it has none."""
        ...

    def __len__(self) -> int:
        """How many vectors it holds."""
        ...
