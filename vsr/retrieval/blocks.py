"""The best items, and the ranks of chosen items, from blocks of scores."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vsr.retrieval.counting import count_above, few, positions, ranking, standing
from vsr.retrieval.pairs import Pairs
from vsr.retrieval.selection import Best
from vsr.retrieval.similarity import Similarity

_PART = 16384  # gallery items multiplied at a time
_SPAN = 16  # queries that a thread takes at a time


class Found(NamedTuple):
    """Ids (q, k) and scores (q, k) of the best, and how many items stand above each positive (P,)."""

    ids: np.ndarray
    scores: np.ndarray
    above: np.ndarray


def fill(similarity: Similarity, run: slice, table: Tensor) -> Tensor:
    """Scores (q, N) of a run of queries against the whole gallery, written into ``table``."""
    table = table[: run.stop - run.start]
    if similarity.in_memory:
        return similarity.scores(run, similarity.gallery(slice(None)), out=table)
    for start in range(0, len(similarity), _PART):
        part = slice(start, min(start + _PART, len(similarity)))
        similarity.scores(run, similarity.gallery(part), out=table[:, part])
    return table


def whole(scores: Tensor, positives: Pairs, ignored: Pairs, k: int, pool: ThreadPoolExecutor) -> Found:
    """What ranking gives of rows ``scores`` (q, N) of the whole gallery, which are changed."""
    if scores.device.type != "cpu":
        return on_device(scores, positives, ignored, k)
    values = scores.numpy()
    values[ignored.owners, ignored.items] = -np.inf
    best, above = Best(len(values), k), np.empty(len(positives.items), np.int64)

    def take(query: int) -> None:
        row, own = values[query], positives.of(query)
        items, ids = positives.items[own], best.ids[query]
        wanted = row[items]
        if not few(len(items), len(row)):
            order = ranking(row, 0, wanted.min())
            above[own] = standing(order, len(row), 0)[items]
            if not best.set(query, row, positions(order[:k])):
                best.add(query, row, 0)
            return
        best.add(query, row, 0)
        if k == 0:
            above[own] = count_above(row, 0, items, wanted)
            return
        near = wanted > best.scores[query, -1]  # these are in the list
        counts = (ids == items[:, None]).argmax(axis=1)
        if not near.all():
            far = ~near
            counts[far] = count_above(row, 0, items[far], wanted[far])
        above[own] = counts

    _each(take, len(values), pool)
    return Found(best.ids, best.scores, above)


def in_parts(
    similarity: Similarity,
    run: slice,
    positives: Pairs,
    ignored: Pairs,
    k: int,
    table: Tensor,
    pool: ThreadPoolExecutor,
) -> Found:
    """The same for a run of queries whose rows are too long for ``table`` (rows, columns)."""
    n_queries, columns = run.stop - run.start, table.shape[1]
    best, above = Best(n_queries, k), np.zeros(len(positives.items), np.int64)
    wanted = _scores_of(similarity, run, positives, table)
    for start in range(0, len(similarity), columns):
        part = slice(start, min(start + columns, len(similarity)))
        scores = similarity.scores(run, similarity.gallery(part), out=table[:n_queries, : part.stop - start])
        values = scores.numpy()
        at = ignored.within(part)
        values[ignored.owners[at], ignored.items[at] - start] = -np.inf
        at = positives.within(part)  # the same floats already, unless BLAS summed in another order
        values[positives.owners[at], positives.items[at] - start] = wanted[at]

        def take(query: int, values: np.ndarray = values, start: int = start) -> None:
            row, own = values[query], positives.of(query)
            best.add(query, row, start)
            above[own] += count_above(row, start, positives.items[own], wanted[own])

        _each(take, n_queries, pool)
    return Found(best.ids, best.scores, above)


def on_device(scores: Tensor, positives: Pairs, ignored: Pairs, k: int) -> Found:
    """What `whole` gives, on an accelerator, by stable sorting of the rows."""

    def there(values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(scores.device)

    scores[there(ignored.owners), there(ignored.items)] = -torch.inf
    values, order = torch.sort(scores, dim=1, descending=True, stable=True)  # ties by rising position
    places = torch.arange(order.shape[1], device=order.device).expand_as(order)
    place = torch.empty_like(order).scatter_(1, order, places)
    above = place[there(positives.owners), there(positives.items)]
    values, order = values[:, :k], order[:, :k]
    ids = torch.where(values == -torch.inf, -1, order)
    return Found(ids.cpu().numpy(), values.cpu().numpy(), above.cpu().numpy())


def _scores_of(similarity: Similarity, run: slice, positives: Pairs, table: Tensor) -> np.ndarray:
    """Scores (P,) of the positives alone, ahead of the parts that they will be compared with."""
    wanted = np.empty(len(positives.items), np.float32)
    columns = np.unique(positives.items)
    for start in range(0, len(columns), table.shape[1]):
        chosen = columns[start : start + table.shape[1]]
        out = table[: run.stop - run.start, : len(chosen)]
        values = similarity.scores(run, similarity.gallery(chosen), out=out).numpy()
        at = positives.within(slice(int(chosen[0]), int(chosen[-1]) + 1))
        wanted[at] = values[positives.owners[at], np.searchsorted(chosen, positives.items[at])]
    return wanted


def _each(take: Callable[[int], None], n_queries: int, pool: ThreadPoolExecutor) -> None:
    """Call ``take`` for every query, in as many threads as torch uses."""

    def take_span(start: int) -> None:
        for query in range(start, min(start + _SPAN, n_queries)):
            take(query)

    list(pool.map(take_span, range(0, n_queries, _SPAN)))
