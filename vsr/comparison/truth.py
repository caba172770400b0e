"""What exact search finds, and how much of it another search finds."""

import json
from dataclasses import dataclass

import numpy as np
import torch

from vsr.comparison.vectors import Vectors
from vsr.files import written_whole
from vsr.index import Neighbours
from vsr.metrics import RankingMetrics
from vsr.retrieval import evaluate
from vsr.retrieval.exact import ranked
from vsr.retrieval.listing import joined
from vsr.retrieval.similarity import Similarity

TOLERANCE = 1e-6  # of a score's size: as far apart as float32 puts equal distances
_FILE = "truth.npz"
_BLOCK_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Truth:
    """Exact search.

    Attributes:
        scores: (Q, K) float64 of the nearest, falling; -inf where there are fewer.
        per_query: (Q,) float64 values of each task metric; empty without labels.
        means: their means over the queries that have something relevant.
    """

    scores: np.ndarray
    per_query: dict[str, np.ndarray]
    means: dict[str, float]


def truth(vectors: Vectors, metric: str, metrics: list[str], depth: int, block_mib: float) -> Truth:
    """Exact search for all queries, from the vectors' folder when it is there already.

    Memory is two and a half blocks, whatever the size of the gallery.
    """
    wanted = json.dumps([vectors.about["fingerprint"], metric, metrics, depth])
    path = vectors.folder / _FILE
    if path.is_file():
        with np.load(path) as stored:
            if str(stored["wanted"]) == wanted:
                per_query = {name: stored[name] for name in metrics if name in stored.files}
                return Truth(stored["scores"], per_query, _means(per_query))
    neighbours, per_query = _exact(vectors, metric, metrics, depth, block_mib)
    found = Truth(scores(vectors, neighbours.ids, metric), per_query, _means(per_query))
    with written_whole(path) as aside:
        np.savez(aside, allow_pickle=False, wanted=np.array(wanted), scores=found.scores, **per_query)
    return found


def scores(vectors: Vectors, ids: np.ndarray, metric: str) -> np.ndarray:
    """Scores (Q, K) float64 of the gallery items ``ids`` (Q, K), whatever the index said; -inf for -1.

    The same pair has the same score wherever it stands, so that ties are found by comparing.
    """
    result = np.empty(ids.shape, np.float64)
    step = max(1, _BLOCK_BYTES // (8 * ids.shape[1] * vectors.gallery.shape[1]))
    for start in range(0, len(ids), step):
        run = slice(start, start + step)
        # Sorted, a memory-mapped file is read once through.
        unique, at = np.unique(np.maximum(ids[run], 0), return_inverse=True)
        found = _lengthened(vectors.gallery[unique].astype(np.float64), metric)[at.reshape(ids[run].shape)]
        asked = _lengthened(vectors.queries[run].astype(np.float64), metric)[:, None]
        near = -np.square(found - asked).sum(axis=2) if metric == "l2" else (found * asked).sum(axis=2)
        result[run] = np.where(ids[run] < 0, -np.inf, near)
    return result


def recalls(found: np.ndarray, exact: np.ndarray, ks: list[int]) -> dict[str, float]:
    """``recall@k``: of the k nearest, how many were found. Among equally near ones each is right.

    Args:
        found: (Q, K) float64 scores of distinct items, from `scores`; -inf where nothing was found.
        exact: (Q, T) float64 scores of the nearest, falling.
        ks: at most K and T; where there are fewer than k items, all of them are asked for.
    """
    there = np.isfinite(exact).sum(axis=1)
    return {f"recall@{k}": float(np.mean(_recall(found[:, :k], exact, np.minimum(k, there)))) for k in ks}


def _recall(found: np.ndarray, exact: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    last = np.take_along_axis(exact, np.maximum(wanted - 1, 0)[:, None], axis=1)  # (Q, 1)
    with np.errstate(invalid="ignore"):
        enough = found >= last - TOLERANCE * np.maximum(1.0, np.abs(last))
    hits = np.minimum((enough & np.isfinite(found)).sum(axis=1), wanted)
    return np.where(wanted > 0, hits / np.maximum(wanted, 1), 1.0)


def _exact(
    vectors: Vectors, metric: str, metrics: list[str], depth: int, block_mib: float
) -> tuple[Neighbours, dict[str, np.ndarray]]:
    queries, relevance = torch.from_numpy(vectors.queries), vectors.relevance()
    if not vectors.labelled:
        similarity = Similarity(queries, vectors.gallery, metric)
        runs = ranked(similarity, relevance, depth, np.inf, block_mib)
        return joined(Neighbours(run.ids, run.scores) for run in runs), {}
    found = evaluate(
        queries,
        vectors.gallery,
        relevance,
        RankingMetrics(metrics),
        depth=depth,
        block_mib=block_mib,
        similarity=metric,
    )
    return found.neighbours, found.per_query


def _means(per_query: dict[str, np.ndarray]) -> dict[str, float]:
    known = {name: values for name, values in per_query.items() if not np.isnan(values).all()}
    return {name: float(np.nanmean(values)) for name, values in known.items()}


def _lengthened(vectors: np.ndarray, metric: str) -> np.ndarray:
    if metric != "cosine":
        return vectors
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), np.finfo(np.float64).tiny)
