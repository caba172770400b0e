"""The stages of a search, one after the other: the search itself, then each reranker."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from vsr.index.neighbors import Neighbors
from vsr.retrieval.evaluation import Evaluation
from vsr.retrieval.rerankers.context import Context, Embeds, Prepares, Reranker, Transforms
from vsr.retrieval.search import EXACT, Search, stage_name


@dataclass
class Stage:
    """What was measured after one stage.

    Attributes:
        name: ``exact``, ``exact@100`` for its lists alone, ``hnsw``, or with rerankers ``hnsw+alpha_qe``;
            ``alpha_qe`` is after exact search.
        evaluation: rankings and metrics after this stage.
        seconds: wall time that this stage alone took for all queries; for exact search with judging the
            whole rankings, from which its lists are taken.
        offline_s: wall time of what it did before any query: filling the index, learning, describing the
            gallery.
    """

    name: str
    evaluation: Evaluation
    seconds: float
    offline_s: float = 0.0

    @property
    def ms_per_query(self) -> float:
        """Milliseconds a query, all queries searched together."""
        return 1000 * self.seconds / max(1, self.evaluation.n_queries)

    def change(self, baseline: Evaluation) -> dict[str, float]:
        """What the stage changes: its mean of each metric less that of ``baseline``, of lists as long."""
        return {name: mean - baseline.means[name] for name, mean in self.evaluation.means.items()}


@dataclass
class Found:
    """Neighbors after one stage; the other attributes are as in `Stage`."""

    name: str
    neighbors: Neighbors
    seconds: float
    offline_s: float


def searched(
    queries: Tensor,
    gallery: Tensor | np.ndarray,
    search: Search,
    rerankers: Sequence[Reranker] = (),
    context: Context | None = None,
    exact: Neighbors | None = None,
) -> Iterator[Found]:
    """Search, then each reranker in order, handing on what it changed of queries and gallery.

    Args:
        queries: (Q, d) embeddings.
        gallery: (N, d) embeddings.
        search: how to search, now and whenever a reranker changes what is searched.
        rerankers: what comes after.
        context: what rerankers may need; similarity, gallery and ignored items are filled in.
        exact: what exact search found, when it is known already: the first stage is then left out.
    """
    context = replace(
        context or Context(),
        similarity=search.similarity if search.index is None else search.index.metric,
        ignored=search.relevance.ignored(np.arange(len(queries))),
    )
    if exact is None:
        found = _timed(search, queries, gallery)
        yield found
        neighbors, names = found.neighbors, [] if found.name == EXACT else [found.name]
    else:
        neighbors, names = exact, []
    for reranker in rerankers:
        names.append(stage_name(reranker))
        started = time.perf_counter()
        if isinstance(reranker, Prepares):
            reranker.prepare(replace(context, gallery=gallery))
        prepared = time.perf_counter()
        if isinstance(reranker, Embeds):
            queries, gallery = reranker.embed(queries, gallery, neighbors)
            context = _moved(context, reranker)
            embedded = time.perf_counter()
            found = _timed(search, queries, gallery)
            neighbors = found.neighbors
            seconds, offline = embedded - prepared + found.seconds, prepared - started + found.offline_s
        else:
            neighbors = search.kept(reranker.rerank(queries, gallery, neighbors))
            seconds, offline = time.perf_counter() - prepared, prepared - started
        yield Found("+".join(names), neighbors, seconds, offline)


def _moved(context: Context, reranker: Reranker) -> Context:
    """The context after a reranker that moves all embeddings, to length 1: cosine orders as l2 does."""
    if not isinstance(reranker, Transforms):
        return context
    train = context.train_embeddings
    moved = None if train is None else reranker.transform(train)
    return replace(context, similarity="cosine", train_embeddings=moved)


def _timed(search: Search, queries: Tensor, gallery: Tensor | np.ndarray) -> Found:
    started = time.perf_counter()
    search.fill(gallery)
    filled = time.perf_counter()
    neighbors = search(queries, gallery)
    return Found(search.name, neighbors, time.perf_counter() - filled, filled - started)
