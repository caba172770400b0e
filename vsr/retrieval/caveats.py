"""What a reader has to know before believing an evaluation, a sentence each by what it is about."""

import numpy as np

from vsr.index.neighbors import Neighbors
from vsr.metrics.ranking import RankingMetrics

_SHARE = 0.1  # of the queries, from which equal scores are worth a word: copies alone reach less
_COLLAPSED = 0.5
_ROUNDING = 4 * float(np.finfo(np.float32).eps)  # of a score, by which equal vectors may still differ


def all_alike(neighbors: Neighbors) -> np.ndarray:
    """True (Q,) for queries that found two items or more, all of the same score, rounding aside."""
    ids, scores = neighbors
    n_found = (ids >= 0).sum(axis=1)
    several = n_found > 1
    if not several.any():
        return several
    first = np.where(several, scores[:, 0], 0.0)
    last = np.where(several, scores[np.arange(len(ids)), np.maximum(n_found - 1, 0)], 1.0)
    return several & (first - last <= _ROUNDING * np.abs(first))


def ties(alike: np.ndarray, k: int) -> dict[str, str]:
    """A warning where the scores of many queries are all ``alike`` (Q,) over their ``k`` neighbors.

    Ties stand in gallery order. A gallery sorted by label then flatters: with 10 labels of 5 pictures, all in
    one point, map is 0.21 in that order and 0.14 on average over all orders.
    """
    n = int(alike.sum())
    if n < max(1, _SHARE * len(alike)):
        return {}
    collapsed = "the embeddings have collapsed; " if n >= _COLLAPSED * len(alike) else ""
    return {
        "ties": f"All {k:,} neighbors of a query have the same score, for {n:,} of {len(alike):,} queries: "
        f"{collapsed}their metrics mean nothing, for ties stand in gallery order, and a gallery sorted by "
        "label makes that look right."
    }


def short_lists(metrics: RankingMetrics, n_relevant: np.ndarray, k: int) -> dict[str, str]:
    """A warning where lists of ``k`` cannot hold all ``n_relevant`` (Q,) that a metric asks for."""
    most, uncut = int(n_relevant.max(initial=0)), metrics.uncut
    if most <= k or not uncut:
        return {}
    n = int((n_relevant > k).sum())
    return {
        "depth": f"Lists hold {k:,} neighbors, but {n:,} of {len(n_relevant):,} queries have "
        f"more relevant items, up to {most:,}: after an index or a reranker, {', '.join(uncut)} cannot reach "
        f"what exact search has over the whole ranking. Hold them against exact@{k}, or raise "
        f"evaluation.depth to {most}."
    }
