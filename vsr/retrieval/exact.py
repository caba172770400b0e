"""Exact rankings of a whole gallery without a table of queries × gallery.

The rank of an item is one more than the number of items that score above it, or the same at a smaller gallery
position; so scores are computed in blocks, counted and thrown away. Memory is one block.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vsr.data.relevance import Relevance
from vsr.retrieval.counting import count_above
from vsr.retrieval.pairs import Pairs
from vsr.retrieval.selection import Best
from vsr.retrieval.similarity import Similarity

_COLUMNS = 16384  # gallery items a block when whole rows do not fit: products are as fast as they get
_ROWS = 256  # fewer rows in a block make the product slower
_SPAN = 16  # queries that a thread takes at a time


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
        block_mib: memory for a block of scores, and as much again for the ranks of what is in it.
    """
    k = min(k, len(similarity))
    room = max(1, int(block_mib * 2**20 / 4))
    on_cpu = similarity.device.type == "cpu"
    columns, rows = (
        _shape(room, len(similarity)) if on_cpu else (len(similarity), max(1, room // 7 // len(similarity)))
    )
    block = torch.empty((min(rows, similarity.n_queries), columns), device=similarity.device)
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        for run in _runs(_n_positives(relevance, at_least), rows, room // 6):
            queries = np.arange(run.start, run.stop)
            positives = Pairs(*relevance.positives(queries, at_least))
            ignored = Pairs(*relevance.ignored(queries))
            if on_cpu:
                found = _rank_run(similarity, run, positives, ignored, k, block, pool)
            else:
                found = _rank_run_on_device(similarity, run, positives, ignored, k, block)
            yield _finished(similarity, run, positives, *found)


def _rank_run(
    similarity: Similarity,
    run: slice,
    positives: Pairs,
    ignored: Pairs,
    k: int,
    block: Tensor,
    pool: ThreadPoolExecutor,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ids and scores (q, k) of the best and the number (P,) of items above each positive."""
    n_queries, n_gallery, columns = run.stop - run.start, len(similarity), block.shape[1]
    best, above = Best(n_queries, k), np.zeros(len(positives.items), np.int64)
    in_one = columns == n_gallery
    scores = np.empty(len(above), np.float32) if in_one else _scores_of(similarity, run, positives, block)
    for start in range(0, n_gallery, columns):
        part = slice(start, min(start + columns, n_gallery))
        table = block[:n_queries, : part.stop - part.start]
        similarity.scores(run, similarity.gallery(part), out=table)
        values = table.numpy()
        at = ignored.within(part)
        values[ignored.owners[at], ignored.items[at] - start] = -np.inf
        at = positives.within(part)
        if in_one:
            scores[at] = values[positives.owners[at], positives.items[at]]
        else:  # the same floats already, were BLAS to sum in another order here
            values[positives.owners[at], positives.items[at] - start] = scores[at]

        def take(span: range, values: np.ndarray = values, start: int = start) -> None:
            for query in span:
                row, own = values[query], positives.of(query)
                best.add(query, row, start)
                above[own] += count_above(row, start, positives.items[own], scores[own])

        list(pool.map(take, [range(n, min(n + _SPAN, n_queries)) for n in range(0, n_queries, _SPAN)]))
    return best.ids, best.scores, above


def _rank_run_on_device(
    similarity: Similarity, run: slice, positives: Pairs, ignored: Pairs, k: int, block: Tensor
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same on an accelerator, by stable sorting of whole rows."""
    table = block[: run.stop - run.start]
    for start in range(0, len(similarity), _COLUMNS):
        part = slice(start, min(start + _COLUMNS, len(similarity)))
        table[:, part] = similarity.scores(run, similarity.gallery(part))
    table[_tensor(ignored.owners, table), _tensor(ignored.items, table)] = -torch.inf
    values, order = torch.sort(table, dim=1, descending=True, stable=True)  # ties by rising position
    place = torch.empty_like(order).scatter_(
        1, order, torch.arange(order.shape[1], device=order.device).expand_as(order)
    )
    above = place[_tensor(positives.owners, table), _tensor(positives.items, table)]
    scores, ids = values[:, :k], order[:, :k]
    ids = torch.where(scores == -torch.inf, -1, ids)
    return ids.cpu().numpy(), scores.cpu().numpy(), above.cpu().numpy()


def _scores_of(similarity: Similarity, run: slice, positives: Pairs, block: Tensor) -> np.ndarray:
    """Scores (P,) of the positives alone, ahead of the blocks that they will be compared with."""
    scores = np.empty(len(positives.items), np.float32)
    columns = np.unique(positives.items)
    for start in range(0, len(columns), block.shape[1]):
        chosen = columns[start : start + block.shape[1]]
        table = block[: run.stop - run.start, : len(chosen)]
        values = similarity.scores(run, similarity.gallery(chosen), out=table).numpy()
        at = positives.within(slice(int(chosen[0]), int(chosen[-1]) + 1))
        scores[at] = values[positives.owners[at], np.searchsorted(chosen, positives.items[at])]
    return scores


def _finished(
    similarity: Similarity,
    run: slice,
    positives: Pairs,
    ids: np.ndarray,
    scores: np.ndarray,
    above: np.ndarray,
) -> Ranked:
    order = positives.order_by(above)
    scores = similarity.finish(run, torch.from_numpy(scores).to(similarity.device)).cpu().numpy()
    return Ranked(run, ids, scores, positives.offsets, above[order] + 1, positives.gains[order])


def _tensor(values: np.ndarray, like: Tensor) -> Tensor:
    return torch.from_numpy(values).to(like.device)


def _shape(room: int, n_gallery: int) -> tuple[int, int]:
    """Columns and rows of a block of ``room`` scores."""
    columns = n_gallery
    if room < _ROWS * n_gallery:
        columns = min(n_gallery, max(1024, min(_COLUMNS, room // _ROWS)))
    return max(1, columns), max(1, room // max(1, columns))


def _n_positives(relevance: Relevance, at_least: float) -> np.ndarray:
    """Items (Q,) to be ranked for each query."""
    ideal = relevance.ideal(np.arange(relevance.n_queries))
    running = np.concatenate([[0], np.cumsum(ideal.counts * (ideal.gains >= at_least))])
    return np.diff(running[ideal.offsets])


def _runs(n_positives: np.ndarray, rows: int, most: int) -> Iterator[slice]:
    """Runs of at most ``rows`` queries with at most ``most`` positives together, at least one query each."""
    running = np.concatenate([[0], np.cumsum(n_positives)])
    start = 0
    while start < len(n_positives):
        fits = int(np.searchsorted(running, running[start] + most, side="right")) - 1
        stop = max(start + 1, min(start + rows, fits))
        yield slice(start, stop)
        start = stop
