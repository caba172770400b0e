"""Searches of which only some vectors may be results."""

from typing import Protocol

import numpy as np

_GROWTH = 4


class Searcher(Protocol):
    """As much of a backend as a filtered search needs."""

    def _nearest(
        self, queries: np.ndarray, k: int, mask: np.ndarray | None = None, effort: int = 1
    ) -> tuple[np.ndarray, np.ndarray]: ...

    def _most_effort(self) -> int: ...

    def __len__(self) -> int: ...


def by_selecting(
    index: Searcher, queries: np.ndarray, k: int, mask: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Scores and places (Q, k) of allowed vectors, by the library's own selector.

    Lists or graphs that hold few allowed vectors give too few at the ordinary effort: the queries that got
    fewer than there are are asked again with four times the effort, and so on.

    Args:
        index: what is searched.
        queries: (Q, d) as the library takes them.
        k: how many.
        mask: (places,) True where allowed.
    """
    scores, places = _empty(len(queries), k)
    wanted = min(k, int(mask.sum()))
    todo, effort = np.arange(len(queries)), 1
    while wanted and len(todo):
        scores[todo], places[todo] = index._nearest(queries[todo], k, mask, effort)
        if effort >= index._most_effort():
            break
        todo = todo[(places[todo] >= 0).sum(axis=1) < wanted]
        effort *= _GROWTH
    return scores, places


def by_fetching(
    index: Searcher, queries: np.ndarray, k: int, mask: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Scores and places (Q, k) of allowed vectors, by asking for more and leaving out the others.

    Arguments as in `by_selecting`. As many are fetched as hold ``k`` allowed ones when those lie anywhere,
    and four times as many for the queries that still got fewer than there are, up to all vectors.
    """
    scores, places = _empty(len(queries), k)
    allowed = int(mask.sum())
    wanted = min(k, allowed)
    todo = np.arange(len(queries))
    fetch = min(len(index), -(-k * len(index) // max(1, allowed)))
    while wanted and len(todo):
        near, at = index._nearest(queries[todo], fetch)
        out = (at < 0) | ~mask[at]
        order = np.argsort(out, axis=1, kind="stable")[:, :k]  # allowed ones first, in their order
        at = np.where(out, -1, at)
        width = order.shape[1]
        scores[todo, :width] = np.take_along_axis(near, order, axis=1)
        places[todo, :width] = np.take_along_axis(at, order, axis=1)
        if fetch >= len(index):
            break
        todo = todo[(places[todo] >= 0).sum(axis=1) < wanted]
        fetch = min(len(index), fetch * _GROWTH)
    scores[places < 0] = -np.inf
    return scores, places


def _empty(n_queries: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full((n_queries, k), -np.inf, np.float32), np.full((n_queries, k), -1, np.int64)
