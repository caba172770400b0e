"""Search, rerank, judge, measure: the one path of training, evaluation, comparison and serving."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from vsr.data.relevance.label_relevance import Relevance
from vsr.errors import DataError
from vsr.index.neighbors import Neighbors
from vsr.index.protocol import Index
from vsr.metrics.judged import Ideal, Judged
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.caveats import all_alike, short_lists, ties
from vsr.retrieval.evaluation import Evaluation
from vsr.retrieval.exact.scan import Ranked, ranked
from vsr.retrieval.neighbors import joined
from vsr.retrieval.rerankers.context import Context, Reranker
from vsr.retrieval.search import EXACT, Search
from vsr.retrieval.similarity import Similarity
from vsr.retrieval.stages import Stage, searched

log = logging.getLogger(__name__)
_BLOCK = 1024  # queries judged at a time


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
    context: Context | None = None,
) -> Evaluation:
    """Rank the gallery for every query and measure the rankings.

    Without index and rerankers the metrics over the whole ranking are exact. With them they are measured on
    the list that was found, truncated at ``depth`` (or at the largest cutoff of ``metrics``); what it misses
    counts as not found, against the whole number of relevant items. `evaluate_stages` measures exact search
    on such a list too, so that a difference is one of what was found.

    Args:
        queries: (Q, d) embeddings.
        gallery: (N, d) embeddings: a tensor, used on its device, or a numpy array, also memory-mapped, that
            is read part by part.
        relevance: which gallery positions are relevant to which query, and which are ignored.
        metrics: what to measure.
        index: searched instead of comparing all pairs; filled from the gallery when it is empty.
        rerankers: applied in order to the neighbors found.
        depth: how many neighbors to keep.
        block_mib: memory for a block of scores; about two and a half times that is used in all.
        similarity: cosine, ip or l2, of the exact search; an index has its own.
        context: what rerankers may need besides.

    Raises:
        ValueError: shapes that do not belong together.
        DataError: no query or an empty gallery.
        ConfigError: a reranker lacks what it needs.
        DivergedError: an embedding that is not finite.
    """
    _check(queries, gallery, relevance)
    if index is None and not rerankers:
        return _exact(queries, gallery, relevance, metrics, depth, block_mib, similarity)
    search = Search(relevance, max(depth, metrics.depth), index, similarity, block_mib)
    *_, last = searched(queries, gallery, search, rerankers, context)
    return _of_lists(last.neighbors, relevance, metrics, depth, search.k)


def evaluate_stages(
    queries: Tensor,
    gallery: Tensor | np.ndarray,
    relevance: Relevance,
    metrics: RankingMetrics,
    index: Index | None = None,
    rerankers: Sequence[Reranker] = (),
    depth: int = 100,
    block_mib: float = 256.0,
    similarity: str = "cosine",
    context: Context | None = None,
) -> list[Stage]:
    """Measure exact search, then the index if there is one, then what stands after each reranker.

    With an index or a reranker the second stage is exact search once more, ``exact@<depth>``: only its lists
    are known, as those of the stages that follow. A change is from there.

    Args and exceptions are those of `evaluate`, whose result is the last stage's evaluation.
    """
    _check(queries, gallery, relevance)
    k = max(depth, metrics.depth)
    started = time.perf_counter()
    exact = _exact(queries, gallery, relevance, metrics, k, block_mib, similarity)
    neighbors = exact.neighbors
    stages = [Stage(EXACT, _kept(exact, depth), time.perf_counter() - started)]
    if index is None and not rerankers:
        return stages
    stages.append(Stage(f"{EXACT}@{k}", _lists_alone(exact, relevance, metrics, depth, k), stages[0].seconds))
    search = Search(relevance, k, index, similarity, block_mib)
    for found in searched(queries, gallery, search, rerankers, context, neighbors if index is None else None):
        evaluation = _of_lists(found.neighbors, relevance, metrics, depth, k)
        stages.append(Stage(found.name, evaluation, found.seconds, found.offline_s))
    return stages


def _check(queries: Tensor, gallery: Tensor | np.ndarray, relevance: Relevance) -> None:
    if len(queries) == 0 or len(gallery) == 0:
        side = "query" if len(queries) == 0 else "gallery item"
        raise DataError(f"there is no {side} to evaluate; check the split and role columns")
    if (len(queries), len(gallery)) != (relevance.n_queries, relevance.n_gallery):
        judged = f"{relevance.n_queries} × {relevance.n_gallery}"
        raise ValueError(f"relevance is for {judged} items, embeddings are {len(queries)} × {len(gallery)}")


def _exact(
    queries: Tensor,
    gallery: Tensor | np.ndarray,
    relevance: Relevance,
    metrics: RankingMetrics,
    depth: int,
    block_mib: float,
    similarity: str,
) -> Evaluation:
    scores = Similarity(queries, gallery, similarity)
    k, at_least = max(depth, metrics.depth), _at_least(metrics, relevance)
    return _measured(ranked(scores, relevance, k, at_least, block_mib), relevance, metrics, depth)


def _of_lists(
    neighbors: Neighbors, relevance: Relevance, metrics: RankingMetrics, depth: int, k: int
) -> Evaluation:
    """Lists of ``k`` measured, of which ``depth`` neighbors are kept."""
    return _short(_measured(_lists(neighbors), relevance, metrics, depth), metrics, k)


def _lists_alone(
    exact: Evaluation, relevance: Relevance, metrics: RankingMetrics, depth: int, k: int
) -> Evaluation:
    """Exact search with lists of ``k`` measured as if nothing beyond them were known."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in metrics.uncut}
    for start in range(0, len(exact.gains) if parts else 0, _BLOCK):
        run = slice(start, min(start + _BLOCK, len(exact.gains)))
        ideal = Ideal(*(torch.from_numpy(one) for one in relevance.ideal(np.arange(run.start, run.stop))))
        gains, n_relevant = (torch.from_numpy(one[run]) for one in (exact.gains, exact.n_relevant))
        top = Judged.from_gains(gains, n_relevant, ideal, relevance.relevant_from)
        with _one_thread():
            for name, value in RankingMetrics(metrics.uncut)(top).items():
                parts[name].append(value.numpy())
    per_query = {**exact.per_query, **{name: np.concatenate(some) for name, some in parts.items()}}
    means = {name: _mean(value) for name, value in per_query.items()}
    return _short(replace(_kept(exact, depth), means=means, per_query=per_query), metrics, k)


def _short(evaluation: Evaluation, metrics: RankingMetrics, k: int) -> Evaluation:
    """The same, knowing that it is of lists of ``k``."""
    warnings = evaluation.warnings | short_lists(metrics, evaluation.n_relevant, k)
    return replace(evaluation, cut=k, warnings=warnings)


def _kept(evaluation: Evaluation, depth: int) -> Evaluation:
    """The same with no more than ``depth`` neighbors."""
    ids, scores = evaluation.neighbors
    return replace(
        evaluation,
        neighbors=Neighbors(ids[:, :depth], scores[:, :depth]),
        gains=evaluation.gains[:, :depth],
    )


def _at_least(metrics: RankingMetrics, relevance: Relevance) -> float:
    """Gain from which the ranks of all items must be known."""
    if metrics.graded:
        return float(np.finfo(np.float64).tiny)
    return relevance.relevant_from if metrics.whole else np.inf


def _lists(neighbors: Neighbors) -> Iterator[Ranked]:
    """Neighbors as rankings of which nothing is known beyond them."""
    nothing = np.zeros(0)
    for start in range(0, len(neighbors.ids), _BLOCK):
        run = slice(start, min(start + _BLOCK, len(neighbors.ids)))
        yield Ranked(run, neighbors.ids[run], neighbors.scores[run], nothing, nothing, nothing)


def _measured(
    rankings: Iterator[Ranked], relevance: Relevance, metrics: RankingMetrics, depth: int
) -> Evaluation:
    """Judge and measure run by run; neighbors are kept down to ``depth``."""
    values: dict[str, list[np.ndarray]] = {name: [] for name in metrics.names}
    kept: list[tuple[Neighbors, np.ndarray]] = []
    n_relevant: list[np.ndarray] = []
    alike: list[np.ndarray] = []
    k = 0
    for run in rankings:
        with _one_thread():
            gains, top, whole = _judged(run, relevance)
            for name, value in metrics(top, whole).items():
                values[name].append(value.numpy())
        n_relevant.append(top.n_relevant.numpy())
        alike.append(all_alike(Neighbors(run.ids, run.scores)))
        k = run.ids.shape[1]
        kept.append((Neighbors(run.ids[:, :depth], run.scores[:, :depth]), gains[:, :depth]))
    per_query = {name: np.concatenate(parts) for name, parts in values.items()}
    n_queries, counts = relevance.n_queries, np.concatenate(n_relevant)
    n_left_out = int((counts == 0).sum())
    if n_left_out:
        log.info("%d of %d queries have nothing relevant in the gallery: left out", n_left_out, n_queries)
    return Evaluation(
        means={name: _mean(value) for name, value in per_query.items()},
        per_query=per_query,
        neighbors=joined(neighbors for neighbors, _ in kept),
        gains=np.concatenate([gains for _, gains in kept]),
        n_relevant=counts,
        n_queries=n_queries,
        n_left_out=n_left_out,
        warnings=ties(np.concatenate(alike), k),
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
