"""What exact search finds, and how much of it another search finds."""

import json
from dataclasses import dataclass

import numpy as np
import torch

from vsr.ann.vectors import Vectors
from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.data.relevance.ragged import owners
from vsr.errors import DataError
from vsr.files import written_whole
from vsr.index.neighbors import Neighbors
from vsr.index.recall import Truth as Nearest
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.evaluate import evaluate
from vsr.retrieval.exact.scan import ranked
from vsr.retrieval.neighbors import joined
from vsr.retrieval.similarity import Similarity

ROUNDING = 0.005  # of recall: more than float32 costs where vectors can be told apart at all
_FILE = "truth.npz"
_MEND = {
    "cosine": "where they all but point one way, as those of a collapsed network do, take another checkpoint",
    "ip": "far from the origin, take the gallery's mean off the gallery, which changes no ranking",
    "l2": "far from the origin, take the gallery's mean off all vectors, which changes no ranking",
}


@dataclass(frozen=True)
class Truth:
    """Exact search.

    Attributes:
        nearest: what it finds in float64, and the recall of other answers.
        searched: (Q, K) int64 gallery rows that it finds in float32, as everything is evaluated.
        per_query: (Q,) float64 values of each task metric; empty without labels.
        means: their means over the queries that have something relevant.
        metric: cosine, ip or l2.
    """

    nearest: Nearest
    searched: np.ndarray
    per_query: dict[str, np.ndarray]
    means: dict[str, float]
    metric: str

    def recall(self, ids: np.ndarray, ks: list[int]) -> dict[str, float]:
        """``recall@k`` of the answers ``ids`` (Q, K): the mean over queries that have something to find."""
        found = {k: self.nearest.recalls(ids, k) for k in ks}
        return {f"recall@{k}": _mean(values) for k, values in found.items()}

    def doubt(self, found: dict[str, float], exhaustive: bool) -> str | None:
        """Why recalls ``found`` cannot be what they say, in a line; None where they can.

        No search finds more than comparing every pair, and one that does so (``exhaustive``) finds all. Where
        that is not what was measured, exact search in float32 is wrong, and with it what a search is said to
        lose against it.
        """
        for name, value in found.items():
            k = int(name.partition("@")[2])
            exact = self.recall(self.searched, [k])[name]
            if exhaustive and value < 1 - ROUNDING:
                what = f"it compares every pair, and its {name} is {value:.3f}"
            elif value > exact + ROUNDING:
                what = f"its {name} of {value:.3f} is more than exact search's {exact:.3f}"
            else:
                continue
            wrong = f"exact search in float32 is not exact on these vectors under {self.metric}"
            return f"{what}: {wrong}; {_MEND[self.metric]}"
        return None

    def check(self, found: dict[str, float], exhaustive: bool) -> None:
        """Refuse recalls that cannot be.

        Raises:
            DataError: there is a `doubt`.
        """
        reason = self.doubt(found, exhaustive)
        if reason is not None:
            raise DataError(reason)


def truth(vectors: Vectors, metric: str, metrics: list[str], depth: int, block_mib: float) -> Truth:
    """Exact search for all queries, from the vectors' folder when it is there already.

    Memory is two and a half blocks, whatever the size of the gallery.
    """
    wanted = json.dumps(["float64", vectors.about["fingerprint"], metric, metrics, depth])
    path = vectors.folder / _FILE
    if path.is_file():
        with np.load(path) as stored:
            if str(stored["wanted"]) == wanted:
                per_query = {name: stored[name] for name in metrics if name in stored.files}
                nearest = Nearest(vectors.queries, vectors.gallery, depth, metric, known=stored["rows"])
                return Truth(nearest, stored["searched"], per_query, _means(per_query), metric)
    relevance = vectors.relevance()
    ignored = relevance.ignored(np.arange(len(vectors.queries)))
    pairs = owners(ignored.offsets), ignored.items
    nearest = Nearest(vectors.queries, vectors.gallery, depth, metric, ignored=pairs)
    searched, per_query = _searched(vectors, relevance, metric, metrics, depth, block_mib)
    with written_whole(path) as aside:
        np.savez(
            aside,
            allow_pickle=False,
            wanted=np.array(wanted),
            rows=nearest.rows,
            searched=searched,
            **per_query,
        )
    return Truth(nearest, searched, per_query, _means(per_query), metric)


def _searched(
    vectors: Vectors,
    relevance: LabelRelevance,
    metric: str,
    metrics: list[str],
    depth: int,
    block_mib: float,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    queries = torch.from_numpy(vectors.queries)
    if not vectors.labeled:
        similarity = Similarity(queries, vectors.gallery, metric)
        runs = ranked(similarity, relevance, depth, np.inf, block_mib)
        return joined(Neighbors(run.ids, run.scores) for run in runs).ids, {}
    found = evaluate(
        queries,
        vectors.gallery,
        relevance,
        RankingMetrics(metrics),
        depth=depth,
        block_mib=block_mib,
        similarity=metric,
    )
    return found.neighbors.ids, found.per_query


def _means(per_query: dict[str, np.ndarray]) -> dict[str, float]:
    known = {name: values for name, values in per_query.items() if not np.isnan(values).all()}
    return {name: _mean(values) for name, values in known.items()}


def _mean(values: np.ndarray) -> float:
    """The mean of ``values`` (Q,) that are numbers; NaN where none is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
