"""Exact rankings of a whole gallery without a table of queries × gallery.

The rank of an item is one more than the number of items that score above it, or the same at a smaller gallery
position; so scores are computed in blocks, counted and thrown away. Memory is one block.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch

from vsr.data.relevance.label_relevance import Relevance
from vsr.retrieval.exact import blocks
from vsr.retrieval.exact.pair_list import Pairs
from vsr.retrieval.similarity import Similarity

_COLUMNS = 16384  # gallery items a block when whole rows do not fit: products are as fast as they get
_ROWS = 256  # fewer rows in a block make the product slower
_PAIRS = 1 << 17  # positives judged at a time, where that is free to choose: they stay in the cache


class Ranked(NamedTuple):
    """Rankings of a run of queries.

    Attributes:
        queries: the run.
        ids: (q, K) int64 gallery positions of the best, -1 where there are fewer.
        scores: (q, K) float32.
        offsets: (q + 1,) int64 into the following two.
        ranks: (P,) int64, from 1, rising within a query, of the items asked for.
        gains: (P,) float64 their gains.
    """

    queries: slice
    ids: np.ndarray
    scores: np.ndarray
    offsets: np.ndarray
    ranks: np.ndarray
    gains: np.ndarray


def ranked(
    similarity: Similarity, relevance: Relevance, k: int, at_least: float, block_mib: float
) -> Iterator[Ranked]:
    """Rank the gallery for every query, a run of queries at a time.

    Args:
        similarity: scores of queries and gallery.
        relevance: what is relevant and what is ignored.
        k: how many of the best to keep.
        at_least: gain from which items are ranked, wherever they stand; infinity for none.
        block_mib: memory for a block of scores, and about as much again for the ranks of what is in it.
    """
    n_gallery, k = len(similarity), min(k, len(similarity))
    room = max(1, int(block_mib * 2**20 / 4))
    columns, rows = _shape(room, n_gallery, similarity.device.type == "cpu")
    shape = min(rows, similarity.n_queries), columns
    table = torch.empty(shape, device=similarity.device, dtype=similarity.dtype)
    n_positives = _n_positives(relevance, at_least)
    everything = slice(0, similarity.n_queries)
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        if columns < n_gallery:
            for run in _runs(n_positives, everything, rows, room // 6):
                positives, ignored = _pairs(relevance, run, at_least)
                found = blocks.in_parts(similarity, run, positives, ignored, k, table, pool)
                yield Ranked(run, found.ids, found.scores, positives.offsets, found.ranks, found.gains)
            return
        for block in _runs(np.zeros_like(n_positives), everything, rows, 1):
            scores = blocks.fill(similarity, block, table)
            for run in _runs(n_positives, block, rows, _PAIRS):
                positives, ignored = _pairs(relevance, run, at_least)
                part = scores[run.start - block.start : run.stop - block.start]
                if similarity.device.type == "cpu":
                    found = blocks.whole(similarity, run, part, positives, ignored, k, pool)
                else:
                    found = blocks.on_device(part, positives, ignored, k)
                    found = found._replace(scores=similarity.finish(run, found.scores))
                yield Ranked(run, found.ids, found.scores, positives.offsets, found.ranks, found.gains)


def _pairs(relevance: Relevance, run: slice, at_least: float) -> tuple[Pairs, Pairs]:
    """Items to be ranked and to be ignored of a run of queries."""
    queries = np.arange(run.start, run.stop)
    return Pairs(*relevance.positives(queries, at_least)), Pairs(*relevance.ignored(queries))


def _shape(room: int, n_gallery: int, on_cpu: bool) -> tuple[int, int]:
    """Columns and rows of a block of ``room`` scores; an accelerator sorts rows, in 10 times the room."""
    if not on_cpu:
        return n_gallery, max(1, room // 10 // n_gallery)
    columns = n_gallery
    if room < _ROWS * n_gallery:
        columns = min(n_gallery, max(1024, min(_COLUMNS, room // _ROWS)))
    return columns, max(1, room // columns)


def _n_positives(relevance: Relevance, at_least: float) -> np.ndarray:
    """Items (Q,) to be ranked for each query."""
    ideal = relevance.ideal(np.arange(relevance.n_queries))
    running = np.concatenate([[0], np.cumsum(ideal.counts * (ideal.gains >= at_least))])
    return np.diff(running[ideal.offsets])


def _runs(n_positives: np.ndarray, within: slice, rows: int, most: int) -> Iterator[slice]:
    """Runs of at most ``rows`` queries with at most ``most`` positives together, at least one query each."""
    running = np.concatenate([[0], np.cumsum(n_positives)])
    start = within.start
    while start < within.stop:
        fits = int(np.searchsorted(running, running[start] + most, side="right")) - 1
        stop = min(max(start + 1, min(start + rows, fits)), within.stop)
        yield slice(start, stop)
        start = stop
