"""The best items, and the ranks of chosen items, from blocks of scores."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vsr.retrieval import doubts
from vsr.retrieval.doubts import Chosen
from vsr.retrieval.exact.pair_list import Pairs
from vsr.retrieval.exact.ranks import counted, few
from vsr.retrieval.exact.topk import Best
from vsr.retrieval.similarity import Similarity

_PART = 16384  # gallery items multiplied at a time
_SPAN = 16  # queries that a thread takes at a time
_SPARE = 8  # best items kept beyond those asked for: hardly ever do more lie too near to say
_CROWD = 4096  # doubtful items of a query that are not kept till the others' are compared
_WIDE = 1 << 22  # scores looked at together where whole lists are in doubt


class Found(NamedTuple):
    """Ids (q, k) and scores (q, k) float32 of the best, and each positive's rank (P,) and gain (P,)."""

    ids: np.ndarray
    scores: np.ndarray
    ranks: np.ndarray
    gains: np.ndarray


def fill(similarity: Similarity, run: slice, table: Tensor) -> Tensor:
    """Scores (q, N) of a run of queries against the whole gallery, written into ``table``."""
    table = table[: run.stop - run.start]
    if similarity.in_memory:
        return similarity.scores(run, similarity.gallery(slice(None)), out=table)
    for part in _parts(similarity, _PART):
        similarity.scores(run, similarity.gallery(part), out=table[:, part])
    return table


def whole(
    similarity: Similarity,
    run: slice,
    scores: Tensor,
    positives: Pairs,
    ignored: Pairs,
    k: int,
    pool: ThreadPoolExecutor,
) -> Found:
    """What ranking gives of rows ``scores`` (q, N) of the whole gallery, which are changed."""
    values = scores.numpy()
    values[ignored.owners, ignored.items] = -np.inf
    wanted = np.empty(len(positives.items), np.float32)
    for query, row in enumerate(values):
        wanted[positives.of(query)] = row[positives.items[positives.of(query)]]
    tally = Tally(similarity, run, positives, wanted, k)

    def take(query: int) -> None:
        tally.add(query, values[query], 0)
        tally.count(query, values[query], 0, positives.items[positives.of(query)], tally.is_far(query))

    _each(take, len(values), pool)
    return tally.found(ignored)


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
    n_queries = run.stop - run.start
    tally = Tally(similarity, run, positives, _scores_of(similarity, run, positives, table), k)
    for part in _parts(similarity, table.shape[1]):
        out = table[:n_queries, : part.stop - part.start]
        values = similarity.scores(run, similarity.gallery(part), out=out).numpy()
        at = ignored.within(part)
        values[ignored.owners[at], ignored.items[at] - part.start] = -np.inf

        def take(query: int, values: np.ndarray = values, part: slice = part) -> None:
            tally.add(query, values[query], part.start)
            items = positives.items[positives.of(query)]
            here = items[(items >= part.start) & (items < part.stop)] - part.start
            tally.count(query, values[query], part.start, here, slice(None))

        _each(take, n_queries, pool)
    return tally.found(ignored)


class Tally:
    """What is gathered of a run of queries over parts of the gallery.

    Args:
        similarity: of the run's queries.
        run: the queries.
        positives: items to be ranked.
        wanted: (P,) float32 their coarse scores.
        k: how many of the best to keep.
    """

    def __init__(
        self, similarity: Similarity, run: slice, positives: Pairs, wanted: np.ndarray, k: int
    ) -> None:
        self.similarity, self.run, self.positives, self.wanted, self.k = similarity, run, positives, wanted, k
        self._base, self._rate = similarity.slack(run)
        self._slack = np.repeat(self._base, np.diff(positives.offsets)) + self._rate * np.abs(wanted)
        self._low, self._high = wanted - self._slack, wanted + self._slack
        self._before = np.zeros(len(wanted), np.int64)
        self._listed = np.zeros(len(wanted), bool)
        self._doubtful = np.zeros(len(wanted), bool)
        self._near: list[Chosen] = []
        self._best = Best(run.stop - run.start, min(k + _SPARE, len(similarity)) if k else 0)

    def add(self, query: int, row: np.ndarray, start: int) -> None:
        """Take the best of the scores ``row`` (n,) of gallery positions from ``start``."""
        self._best.add(query, row, start)

    def is_far(self, query: int) -> np.ndarray | slice:
        """Which of the query's positives need counting, once all parts are added: not those in its list."""
        own = self.positives.of(query)
        if not self.k or not few(own.stop - own.start, len(self.similarity)):
            return slice(None)  # those in the list are counted along with the others
        listed = self._low[own] > self._best.scores[query, self.k - 1]
        self._listed[own] = listed
        return ~listed

    def count(
        self, query: int, row: np.ndarray, start: int, here: np.ndarray, which: np.ndarray | slice
    ) -> None:
        """Count what stands before the query's positives, or ``which`` of them, and is none itself.

        Args:
            query: of the run.
            row: (n,) scores of gallery positions from ``start``; changed.
            start: position of the first.
            here: places in ``row`` of the query's positives.
            which: of the query's positives.
        """
        own = self.positives.of(query)
        low, high = self._low[own][which], self._high[own][which]
        if not len(low):
            return
        row[here] = -np.inf
        counts = counted(row, low, high)
        self._before[own][which] += counts.above
        if not len(counts.places):
            return
        at = np.arange(own.start, own.stop)[which][counts.doubtful]
        near = Chosen(np.full(len(counts.places), query), counts.places + start, row[counts.places])
        if len(counts.places) > _CROWD:
            self._settle(near, at)
        else:
            self._doubtful[at] = True
            self._near.append(near)

    def found(self, ignored: Pairs) -> Found:
        """Everything, once all parts are added and counted."""
        ids, scores = self._list(ignored)
        if self._near:
            self._settle(doubts.joined(self._near), self._doubtful.nonzero()[0])
        if self._listed.any():
            self._place(ids)
        order, gains = None, self.positives.gains
        if len(gains) and gains.min() < gains.max():
            order = doubts.order_of(self.similarity, self.run.start, self.positives, self.wanted, self._slack)
        return Found(ids, scores, *self.positives.ranked(self._before, order))

    def _settle(self, near: Chosen, at: np.ndarray) -> None:
        asked = Chosen(self.positives.owners[at], self.positives.items[at], self._high[at])
        self._before[at] += doubts.stand_before(self.similarity, self.run.start, near, asked)

    def _place(self, ids: np.ndarray) -> None:
        """Count before the positives in the lists ``ids`` (q, k) what is there."""
        at = self._listed.nonzero()[0]
        owners = self.positives.owners[at]
        places = (ids[owners] == self.positives.items[at, None]).argmax(axis=1)
        order = np.lexsort((places, owners))
        first = np.searchsorted(owners, owners)  # of the query's own: owners rise
        self._before[at[order]] = places[order] - (np.arange(len(at)) - first)

    def _list(self, ignored: Pairs) -> tuple[np.ndarray, np.ndarray]:
        best = self._best
        if not self.k:
            return best.ids, best.scores
        least = best.scores[:, self.k - 1].copy()
        least -= self._base + self._rate * np.abs(least)
        ids, scores, short = doubts.refined(self.similarity, self.run, best.ids, best.scores, self.k)
        step = max(1, _WIDE // len(self.similarity))
        for start in range(0, len(short), step):
            queries = short[start : start + step]
            for query, items in zip(queries, self._all_above(queries, least, ignored), strict=True):
                ids[query], scores[query] = doubts.best_of_all(
                    self.similarity, self.run.start + int(query), items, self.k
                )
        return ids, scores

    def _all_above(self, queries: np.ndarray, least: np.ndarray, ignored: Pairs) -> list[np.ndarray]:
        """For each of ``queries`` of the run, all items that score ``least`` (q,) or more."""
        found: list[list[np.ndarray]] = [[] for _ in queries]
        for part in _parts(self.similarity, _PART):
            gallery = self.similarity.gallery(part)
            values = self.similarity.scores(queries + self.run.start, gallery).numpy()
            for items, row, bound in zip(found, values, least[queries], strict=True):
                items.append((row >= bound).nonzero()[0] + part.start)
        return [
            np.setdiff1d(np.concatenate(items), ignored.items[ignored.of(int(query))], assume_unique=True)
            for query, items in zip(queries, found, strict=True)
        ]


def on_device(scores: Tensor, positives: Pairs, ignored: Pairs, k: int) -> Found:
    """What `whole` gives, on an accelerator, by stable sorting of the rows; scores still coarse."""

    def there(values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(scores.device)

    scores[there(ignored.owners), there(ignored.items)] = -torch.inf
    values, order = torch.sort(scores, dim=1, descending=True, stable=True)  # ties by rising position
    places = torch.arange(order.shape[1], device=order.device).expand_as(order)
    place = torch.empty_like(order).scatter_(1, order, places)
    above = place[there(positives.owners), there(positives.items)].cpu().numpy()
    rising = np.argsort(positives.owners * (1 << 40) + above)
    values, order = values[:, :k], order[:, :k]
    ids = torch.where(values == -torch.inf, -1, order)
    return Found(ids.cpu().numpy(), values.cpu().numpy(), above[rising] + 1, positives.gains[rising])


def _parts(similarity: Similarity, width: int) -> list[slice]:
    n = len(similarity)
    return [slice(start, min(start + width, n)) for start in range(0, n, width)]


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
