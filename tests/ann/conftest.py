import numpy as np
import pytest

from vsr.ann.clustered import Clustered
from vsr.ann.plan import Plan
from vsr.ann.vectors import prepared


@pytest.fixture
def vectors(tmp_path):
    """400 clustered vectors of 16, and 40 queries."""
    return prepared(Clustered(400, 16, clusters=20), tmp_path / "vectors", 40, 0)


@pytest.fixture
def how():
    """How a measuring process measures, in no time."""
    return Plan([object()], queries=40, repeats=2, seconds=0.002, threads=1, depth=20).measuring()  # type: ignore[list-item]


@pytest.fixture
def near():
    """Exact neighbors by sorting float64 similarities, written independently: ids and scores (Q, k)."""

    def search(queries, gallery, k, metric="cosine"):
        q, g = queries.astype(np.float64), gallery.astype(np.float64)
        if metric == "cosine":
            q, g = (one / np.linalg.norm(one, axis=1, keepdims=True) for one in (q, g))
        scores = -((q[:, None] - g[None]) ** 2).sum(2) if metric == "l2" else q @ g.T
        ids = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return ids, np.take_along_axis(scores, ids, axis=1)

    return search
