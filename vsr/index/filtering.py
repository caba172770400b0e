"""Searches of which only some vectors may be results."""

from typing import Any, Protocol

import faiss as faiss_module
import numpy as np

faiss: Any = faiss_module  # its type stubs know half of it
_GROWTH = 4
_BLOCK = 65_536  # allowed vectors compared at a time
# Allowed vectors up to which comparing with all is as fast as a graph, and right where that goes astray.
_FEW = 10_000
Found = tuple[np.ndarray, np.ndarray]  # scores (Q, K) float32 and places (Q, K) int64, -1 where none


class Filterable(Protocol):
    """What a filtered search asks of an index; `vsr.index.backend.Backend` says what each name means."""

    metric: str

    @property
    def _selects(self) -> bool: ...

    @property
    def _compares(self) -> bool: ...

    def __len__(self) -> int: ...

    def _nearest(
        self, queries: np.ndarray, k: int, mask: np.ndarray | None = None, effort: int = 1
    ) -> Found: ...

    def _most_effort(self) -> int: ...

    def _vectors(self, places: np.ndarray) -> np.ndarray: ...


def filtered(index: Filterable, queries: np.ndarray, k: int, mask: np.ndarray) -> Found:
    """Scores and places (Q, k) of allowed vectors, min(k, allowed) of them wherever the library shows them.

    Few allowed vectors are all compared, where the index has them. Others are found by the library's own
    selector, or without one by asking for as many as hold ``k`` allowed ones when those lie anywhere, and
    leaving out the rest; queries that got too few, because allowed vectors lie far or in few places, are then
    compared with all of them after all, or asked again with four times the effort, and so on.

    Args:
        index: what is searched.
        queries: (Q, d) as the library takes them.
        k: how many.
        mask: (places,) True where allowed.
    """
    scores = np.full((len(queries), k), -np.inf, np.float32)
    places = np.full((len(queries), k), -1, np.int64)
    wanted = min(k, int(mask.sum()))
    if wanted and index._compares and mask.sum() <= _FEW:
        scores[:, :wanted], places[:, :wanted] = compared(index, queries, wanted, np.flatnonzero(mask))
        return scores, places
    todo, effort = np.arange(len(queries)), 1
    ask = _selected if index._selects else _fetched
    while wanted and len(todo):
        (scores[todo], places[todo]), last = ask(index, queries[todo], k, mask, effort)
        todo = todo[(places[todo] >= 0).sum(axis=1) < wanted]
        if not len(todo):
            break
        if index._compares:
            scores[todo, :wanted], places[todo, :wanted] = compared(
                index, queries[todo], wanted, np.flatnonzero(mask)
            )
            break
        if last:
            break
        effort *= _GROWTH
    return scores, places


def compared(index: Filterable, queries: np.ndarray, k: int, places: np.ndarray) -> Found:
    """Scores and places (Q, k) of the nearest among the vectors at ``places``, comparing with each."""
    metric = faiss.METRIC_L2 if index.metric == "l2" else faiss.METRIC_INNER_PRODUCT
    parts = []
    for start in range(0, len(places), _BLOCK):
        part = places[start : start + _BLOCK]
        vectors, asked = index._vectors(part), queries
        if index.metric == "l2":  # distances stay as they are, and lose no digits far from the origin
            middle = vectors.mean(axis=0, dtype=np.float64)
            vectors, asked = ((one - middle).astype(np.float32) for one in (vectors, queries))
        near, at = faiss.knn(asked, vectors, min(k, len(part)), metric=metric)
        parts.append((-near if index.metric == "l2" else near, part[at]))
    scores, found = (np.concatenate(one, axis=1) for one in zip(*parts, strict=True))
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, best, axis=1), np.take_along_axis(found, best, axis=1)


def _selected(
    index: Filterable, queries: np.ndarray, k: int, mask: np.ndarray, effort: int
) -> tuple[Found, bool]:
    return index._nearest(queries, k, mask, effort), effort >= index._most_effort()


def _fetched(
    index: Filterable, queries: np.ndarray, k: int, mask: np.ndarray, effort: int
) -> tuple[Found, bool]:
    fetch = min(len(index), -(-k * len(index) // int(mask.sum())) * effort)
    near, at = index._nearest(queries, max(k, fetch))
    out = (at < 0) | ~mask[at]
    order = np.argsort(out, axis=1, kind="stable")[:, :k]  # allowed ones first, in their order
    scores = np.take_along_axis(np.where(out, -np.inf, near), order, axis=1)
    return (scores, np.take_along_axis(np.where(out, -1, at), order, axis=1)), fetch >= len(index)
