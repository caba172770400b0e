"""Lists in a wanted order, as neighbors must be: by falling score, ties by rising id, -1 last."""

import numpy as np

from vsr.index.neighbors import Neighbors


def listed(ids: np.ndarray, scores: np.ndarray) -> Neighbors:
    """Neighbors in the order of ``ids`` (Q, K), -1 moved to the end.

    Scores that rise along a row are lowered to the one before, and by one unit in the last place where a tie
    would put the ids into another order.
    """
    last = np.argsort(ids < 0, axis=1, kind="stable")
    ids = np.take_along_axis(ids, last, axis=1).astype(np.int64)
    scores = np.take_along_axis(scores, last, axis=1).astype(np.float32)
    for place in range(1, ids.shape[1]):
        before = scores[:, place - 1]
        now = np.minimum(scores[:, place], before)
        swapped = (now == before) & (ids[:, place] < ids[:, place - 1])
        scores[:, place] = np.where(swapped, np.nextafter(now, np.float32(-np.inf)), now)
    scores[ids < 0] = -np.inf
    return Neighbors(ids, scores)


def rescored(neighbors: Neighbors, scores: np.ndarray) -> Neighbors:
    """The first n neighbors by falling ``scores`` (Q, n), ties as they stood; the others behind them."""
    n = scores.shape[1]
    found = neighbors.ids[:, :n] >= 0
    order = np.argsort(np.where(found, -scores.astype(np.float64), np.inf), axis=1, kind="stable")
    ids, new = neighbors.ids.copy(), neighbors.scores.copy()
    ids[:, :n] = np.take_along_axis(ids[:, :n], order, axis=1)
    new[:, :n] = np.take_along_axis(scores, order, axis=1)
    return listed(ids, new)


def dropped(neighbors: Neighbors, drop: np.ndarray) -> Neighbors:
    """The neighbors without those where ``drop`` (Q, K) is True; the rows end in -1 instead."""
    return listed(np.where(drop, -1, neighbors.ids), neighbors.scores)
