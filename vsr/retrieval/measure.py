"""Search, rerank, judge, measure: the one path of training, evaluation, comparison and serving."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from vsr.data.relevance import Relevance
from vsr.errors import DataError
from vsr.index import Index, Neighbours
from vsr.metrics import Ideal, Judged, RankingMetrics
from vsr.retrieval.evaluation import Evaluation
from vsr.retrieval.exact import Ranked, ranked
from vsr.retrieval.listing import joined, search, without_ignored
from vsr.retrieval.similarity import Similarity

log = logging.getLogger(__name__)
_BLOCK = 1024  # queries judged at a time


class Reranker(Protocol):
    """Gives neighbours a better order, or better neighbours."""

    def rerank(self, queries: Tensor, gallery: Tensor | np.ndarray, neighbours: Neighbours) -> Neighbours:
        """Neighbours (Q, K') from ``queries`` (Q, d), ``gallery`` (N, d) and ``neighbours`` (Q, K)."""
        ...


def evaluate(
    queries: Tensor,
    gallery: Tensor | np.ndarray,
    relevance: Relevance,
    metrics: RankingMetrics,
    index: Index | None = None,
    rerankers: Sequence[Reranker] = (),
    depth: int = 100,
    block_mib: float = 256.0,
    similarity: str = "cosine",
) -> Evaluation:
    """Rank the gallery for every query and measure the rankings.

    Without index and rerankers the metrics over the whole ranking are exact. With them they are measured on
    the list that was found, truncated at ``depth`` (or at the largest cutoff of ``metrics``); what it misses
    counts as not found, against the whole number of relevant items.

    Args:
        queries: (Q, d) embeddings.
        gallery: (N, d) embeddings: a tensor, used on its device, or a numpy array, also memory-mapped, that
            is read part by part.
        relevance: which gallery positions are relevant to which query, and which are ignored.
        metrics: what to measure.
        index: searched instead of comparing all pairs; filled from the gallery when it is empty.
        rerankers: applied in order to the neighbours found.
        depth: how many neighbours to keep.
        block_mib: memory for a block of scores; about two and a half times that is used in all.
        similarity: cosine, ip or l2, of the exact search; an index has its own.

    Raises:
        ValueError: shapes that do not belong together.
        DataError: no query or an empty gallery.
        DivergedError: an embedding that is not finite.
    """
    if len(queries) == 0 or len(gallery) == 0:
        side = "query" if len(queries) == 0 else "gallery item"
        raise DataError(f"there is no {side} to evaluate; check the split and role columns")
    if (len(queries), len(gallery)) != (relevance.n_queries, relevance.n_gallery):
        judged = f"{relevance.n_queries} × {relevance.n_gallery}"
        raise ValueError(f"relevance is for {judged} items, embeddings are {len(queries)} × {len(gallery)}")
    k = max(depth, metrics.depth)
    if index is None:
        at_least = _at_least(metrics, relevance) if not rerankers else np.inf
        scores = Similarity(queries, gallery, similarity)
        rankings = ranked(scores, relevance, k, at_least, block_mib)
        if not rerankers:
            return _measured(rankings, relevance, metrics, depth)
        neighbours = joined(Neighbours(run.ids, run.scores) for run in rankings)
    else:
        neighbours = search(index, queries, gallery, relevance, k)
    for reranker in rerankers:
        neighbours = reranker.rerank(queries, gallery, neighbours)
        neighbours = without_ignored(neighbours, relevance, np.arange(len(queries)), k)
    return _measured(_lists(neighbours), relevance, metrics, depth)


def _at_least(metrics: RankingMetrics, relevance: Relevance) -> float:
    """Gain from which the ranks of all items must be known."""
    if metrics.graded:
        return float(np.finfo(np.float64).tiny)
    return relevance.relevant_from if metrics.whole else np.inf


def _lists(neighbours: Neighbours) -> Iterator[Ranked]:
    """Neighbours as rankings of which nothing is known beyond them."""
    nothing = np.zeros(0)
    for start in range(0, len(neighbours.ids), _BLOCK):
        run = slice(start, min(start + _BLOCK, len(neighbours.ids)))
        yield Ranked(run, neighbours.ids[run], neighbours.scores[run], nothing, nothing, nothing)


def _measured(
    rankings: Iterator[Ranked], relevance: Relevance, metrics: RankingMetrics, depth: int
) -> Evaluation:
    """Judge and measure run by run; neighbours are kept down to ``depth``."""
    values: dict[str, list[np.ndarray]] = {name: [] for name in metrics.names}
    kept: list[tuple[Neighbours, np.ndarray]] = []
    n_relevant: list[np.ndarray] = []
    for run in rankings:
        with _one_thread():
            gains, top, whole = _judged(run, relevance)
            for name, value in metrics(top, whole).items():
                values[name].append(value.numpy())
        n_relevant.append(top.n_relevant.numpy())
        kept.append((Neighbours(run.ids[:, :depth], run.scores[:, :depth]), gains[:, :depth]))
    per_query = {name: np.concatenate(parts) for name, parts in values.items()}
    n_queries, counts = relevance.n_queries, np.concatenate(n_relevant)
    n_left_out = int((counts == 0).sum())
    if n_left_out:
        log.info("%d of %d queries have nothing relevant in the gallery: left out", n_left_out, n_queries)
    return Evaluation(
        means={name: _mean(value) for name, value in per_query.items()},
        per_query=per_query,
        neighbours=joined(neighbours for neighbours, _ in kept),
        gains=np.concatenate([gains for _, gains in kept]),
        n_relevant=counts,
        n_queries=n_queries,
        n_left_out=n_left_out,
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Small tensors: on a busy machine threads spend 10 times the work waiting for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _judged(run: Ranked, relevance: Relevance) -> tuple[np.ndarray, Judged, Judged]:
    """Gains (q, K) of the best, and the run judged by them and by the ranks of all positives."""
    queries = np.arange(run.queries.start, run.queries.stop)
    gains = relevance.gains(queries, run.ids)
    best = relevance.ideal(queries)
    n_relevant = _summed(best.counts * (best.gains >= relevance.relevant_from), best.offsets)
    ideal = Ideal(*(torch.from_numpy(one) for one in best))
    enough = relevance.relevant_from
    top = Judged.from_gains(torch.from_numpy(gains), n_relevant, ideal, enough)
    if len(run.offsets) == 0:
        return gains, top, top
    offsets, ranks, found = (torch.from_numpy(one) for one in (run.offsets, run.ranks, run.gains))
    return gains, top, Judged(offsets, ranks, found, found >= enough, n_relevant, ideal)


def _summed(values: np.ndarray, offsets: np.ndarray) -> Tensor:
    running = np.concatenate([[0], np.cumsum(values)])
    return torch.from_numpy(running[offsets[1:]] - running[offsets[:-1]])


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
