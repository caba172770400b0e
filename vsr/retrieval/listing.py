"""Ranked lists from an index or a reranker, made fit to be judged."""

import copy
from collections.abc import Iterable

import numpy as np
from torch import Tensor

from vsr.data.relevance import Relevance
from vsr.index import Index, Neighbours

_BLOCK = 4096  # queries searched at a time


def search(
    index: Index, queries: Tensor, gallery: Tensor | np.ndarray, relevance: Relevance, k: int
) -> Neighbours:
    """Neighbours (Q, k) found by ``index``, ignored items taken out.

    An empty index is left empty: a copy of it is trained on the gallery and filled. One that holds the
    gallery already is searched as it is. Where items are to be ignored, more than ``k`` are asked for.

    Raises:
        ValueError: the index holds another number of vectors than the gallery.
    """
    vectors = queries.detach().float().cpu().numpy()
    index = _filled(index, gallery)
    parts = []
    for start in range(0, len(vectors), _BLOCK):
        chosen = np.arange(start, min(start + _BLOCK, len(vectors)))
        spare = int(np.diff(relevance.ignored(chosen).offsets).max(initial=0))
        found = index.search(vectors[chosen], min(k + spare, len(index)))
        parts.append(without_ignored(found, relevance, chosen, k))
    return joined(parts)


def without_ignored(found: Neighbours, relevance: Relevance, queries: np.ndarray, k: int) -> Neighbours:
    """The first ``k`` that count: ignored items and repetitions taken out, by identity; -1 to the end.

    Args:
        found: (q, K') neighbours of ``queries``.
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
    return Neighbours(ids, scores)


def joined(parts: Iterable[Neighbours]) -> Neighbours:
    """Neighbours of runs of queries, one after the other."""
    parts = list(parts)
    return Neighbours(np.concatenate([p.ids for p in parts]), np.concatenate([p.scores for p in parts]))


def _filled(index: Index, gallery: Tensor | np.ndarray) -> Index:
    if len(index) == 0:
        index = copy.deepcopy(index)
        vectors = gallery.detach().float().cpu().numpy() if isinstance(gallery, Tensor) else gallery
        index.train(vectors)
        index.add(vectors)
    if len(index) != len(gallery):
        raise ValueError(f"the index holds {len(index)} vectors, the gallery {len(gallery)}")
    return index


def _repeated(ids: np.ndarray) -> np.ndarray:
    """True (q, K) where the same id stands earlier in the row."""
    order = np.argsort(ids, axis=1, kind="stable")
    sorted_ids = np.take_along_axis(ids, order, axis=1)
    again = np.zeros(ids.shape, bool)
    again[:, 1:] = (sorted_ids[:, 1:] == sorted_ids[:, :-1]) & (sorted_ids[:, 1:] >= 0)
    repeated = np.empty_like(again)
    np.put_along_axis(repeated, order, again, axis=1)
    return repeated
