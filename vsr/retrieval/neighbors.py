"""Ranked lists from an index or a reranker, made fit to be judged."""

from collections.abc import Iterable

import numpy as np

from vsr.data.relevance.label_relevance import Relevance
from vsr.index.neighbors import Neighbors


def without_ignored(found: Neighbors, relevance: Relevance, queries: np.ndarray, k: int) -> Neighbors:
    """The first ``k`` that count: ignored items and repetitions taken out, by identity; -1 to the end.

    Args:
        found: (q, K') neighbors of ``queries``.
        relevance: what is ignored.
        queries: (q,) positions of the queries.
        k: width of the result, which is min(k, N).

    Raises:
        ValueError: an id that is no gallery position.
    """
    ids, scores = np.asarray(found.ids), np.asarray(found.scores, dtype=np.float32)
    if ids.max(initial=-1) >= relevance.n_gallery or ids.min(initial=0) < -1:
        strange = ids[(ids >= relevance.n_gallery) | (ids < -1)][0]
        raise ValueError(f"a search gave id {strange}, but the gallery has {relevance.n_gallery} items")
    out = (ids < 0) | relevance.ignored_at(queries, ids) | _repeated(ids)
    order = np.argsort(out, axis=1, kind="stable")  # what counts first, in its order
    ids = np.take_along_axis(np.where(out, -1, ids), order, axis=1)
    scores = np.take_along_axis(np.where(out, -np.inf, scores), order, axis=1)
    k = min(k, relevance.n_gallery)
    missing = max(0, k - ids.shape[1])
    ids = np.pad(ids[:, :k].astype(np.int64), ((0, 0), (0, missing)), constant_values=-1)
    scores = np.pad(scores[:, :k].astype(np.float32), ((0, 0), (0, missing)), constant_values=-np.inf)
    return Neighbors(ids, scores)


def joined(parts: Iterable[Neighbors]) -> Neighbors:
    """Neighbors of runs of queries, one after the other."""
    parts = list(parts)
    return Neighbors(np.concatenate([p.ids for p in parts]), np.concatenate([p.scores for p in parts]))


def _repeated(ids: np.ndarray) -> np.ndarray:
    """True (q, K) where the same id stands earlier in the row."""
    order = np.argsort(ids, axis=1, kind="stable")
    sorted_ids = np.take_along_axis(ids, order, axis=1)
    again = np.zeros(ids.shape, bool)
    again[:, 1:] = (sorted_ids[:, 1:] == sorted_ids[:, :-1]) & (sorted_ids[:, 1:] >= 0)
    repeated = np.empty_like(again)
    np.put_along_axis(repeated, order, again, axis=1)
    return repeated
