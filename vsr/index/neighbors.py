"""What every index and reranker gives: the nearest gallery rows of each query."""

from typing import NamedTuple

import numpy as np


class Neighbors(NamedTuple):
    """Nearest gallery rows, nearest first.

    Attributes:
        ids: (Q, K) int64 gallery rows, -1 where fewer were found (always at the end of a row).
        scores: (Q, K) float32, higher is nearer, falling; ties by rising id; -inf where the id is -1. Exact
            search compares in float64: of scores that are equal only as float32 the nearer comes first.
    """

    ids: np.ndarray
    scores: np.ndarray


def ordered(ids: np.ndarray, scores: np.ndarray) -> Neighbors:
    """Neighbors (Q, K) in the order of the contract: by falling score, ties by rising id, -1 last."""
    return Neighbors(*in_order(ids, scores.astype(np.float32)))


def in_order(ids: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ids and scores (Q, K) as `ordered` has them, scores compared and returned as they are."""
    falls = scores[:, :-1] > scores[:, 1:]
    if ids.min(initial=0) < 0:
        none = ids < 0
        scores = np.where(none, -np.inf, scores)
        falls = (scores[:, :-1] > scores[:, 1:]) | none[:, 1:]
    # Libraries answer in falling order: only rows with a tie or a step up, or a gap, have anything to sort.
    loose = np.unique(np.flatnonzero(~falls) // max(1, falls.shape[1]))
    if len(loose):
        ids, scores = ids.copy(), scores.copy()
        ids[loose], scores[loose] = _sorted(ids[loose], scores[loose])
    return ids, scores


def _sorted(ids: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    by_id = np.argsort(np.where(ids < 0, np.iinfo(np.int64).max, ids), axis=1, kind="stable")
    ids, scores = np.take_along_axis(ids, by_id, axis=1), np.take_along_axis(scores, by_id, axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")
    return np.take_along_axis(ids, order, axis=1), np.take_along_axis(scores, order, axis=1)
