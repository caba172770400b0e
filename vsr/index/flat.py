"""Exact search by comparing with every vector, through Faiss."""

import numpy as np

from vsr.index.backend import Found
from vsr.index.faiss_backend import FaissBackend

# In blocks of this many queries Faiss goes through BLAS: 41 to 49 GFLOP/s, against 6 for a few at a time.
_BLOCK = 4096


class Flat(FaissBackend):
    """All vectors, compared one by one: exact.

    Args:
        metric: cosine, ip (inner product) or l2.

    Raises:
        ValueError: an unknown metric.
    """

    name = "flat"
    needs_training = False
    removable = True

    def __init__(self, metric: str = "cosine") -> None:
        super().__init__(metric)

    def _factory(self, n: int, width: int) -> str:
        return "Flat"

    def _nearest(self, queries: np.ndarray, k: int, mask: np.ndarray | None = None, effort: int = 1) -> Found:
        if len(queries) <= _BLOCK:
            return super()._nearest(queries, k, mask, effort)
        parts = [
            super(Flat, self)._nearest(queries[start : start + _BLOCK], k, mask, effort)
            for start in range(0, len(queries), _BLOCK)
        ]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
