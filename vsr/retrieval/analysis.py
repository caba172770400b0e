"""What lies behind the means of an evaluation: curves over ranks, similarities of pairs, hubs, labels."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from vsr.data.relevance.label_relevance import Relevance
from vsr.data.relevance.ragged import owners
from vsr.retrieval.evaluation import Evaluation

KINDS = ("right", "partial", "wrong")

_BLOCK = 1024  # queries at a time
_PAIRS = 16384  # pairs whose embeddings are compared at a time
_QUERIES, _POSITIVES, _DRAWN = 1000, 20, 100  # sampled queries; of each, positives of a kind and draws
_BINS = 60


def rank_curves(gains: np.ndarray, n_relevant: np.ndarray, relevant_from: float) -> pd.DataFrame:
    """Means over the answerable queries of what the top k holds.

    Args:
        gains: (Q, K) of the ranked results.
        n_relevant: (Q,) relevant items in all; queries with 0 are left out.
        relevant_from: gain from which a result is relevant.

    Returns:
        A row for each k in 1..K with columns ``k``, ``recall``, ``hit_rate``, ``precision``; none where no
        query is answerable.
    """
    depth, n_known = gains.shape[1], 0
    recall, hit_rate, found = np.zeros(depth), np.zeros(depth), np.zeros(depth)
    for hits, relevant in _hits(gains, n_relevant, relevant_from):
        n_known += len(hits)
        recall += (hits / relevant[:, None]).sum(axis=0)
        hit_rate += (hits > 0).sum(axis=0)
        found += hits.sum(axis=0)
    ks = np.arange(1, depth + 1)
    table = pd.DataFrame({"k": ks, "recall": recall, "hit_rate": hit_rate, "precision": found / ks})
    if n_known == 0:
        return table.iloc[:0]
    table[["recall", "hit_rate", "precision"]] /= n_known
    return table


def precision_recall(
    gains: np.ndarray, n_relevant: np.ndarray, relevant_from: float, levels: np.ndarray | None = None
) -> pd.DataFrame:
    """Mean precision at the rank where each recall is first reached; not interpolated.

    At recall 0 this is the reciprocal rank of the first relevant result. A query whose list ends before a
    recall is reached counts 0 there, and in ``at_most`` as if all that is missing followed at once: the
    truth lies between, and the two are equal as far as all lists reach.

    Args:
        gains: (Q, K) of the ranked results.
        n_relevant: (Q,) relevant items in all; queries with 0 are left out.
        relevant_from: gain from which a result is relevant.
        levels: recalls, by default 0, 0.02 … 1.

    Returns:
        A row for each level with columns ``recall``, ``precision`` and ``at_most``; none where no query is
        answerable.
    """
    levels = np.linspace(0, 1, 51) if levels is None else levels
    precision, missed, n_known = np.zeros(len(levels)), np.zeros(len(levels)), 0
    for hits, relevant in _hits(gains, n_relevant, relevant_from):
        n_known += len(hits)
        for place, level in enumerate(levels):
            # 0.1 × 30 is 3 and a bit in floating point, and asks for 3
            wanted = np.maximum(np.ceil(level * relevant - 1e-9), 1)
            there = hits[:, -1] >= wanted
            ranks = (hits[there] < wanted[there, None]).sum(axis=1) + 1
            precision[place] += (wanted[there] / ranks).sum()
            short = wanted[~there] - hits[~there, -1]
            missed[place] += (wanted[~there] / (hits.shape[1] + short)).sum()
    table = pd.DataFrame({"recall": levels, "precision": precision, "at_most": precision + missed})
    if n_known == 0:
        return table.iloc[:0]
    table[["precision", "at_most"]] /= n_known
    return table


def _hits(
    gains: np.ndarray, n_relevant: np.ndarray, relevant_from: float
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Relevant results so far (q, K) and in all (q,) of runs of the answerable queries."""
    known = np.flatnonzero(n_relevant > 0)
    for start in range(0, len(known), _BLOCK):
        run = known[start : start + _BLOCK]
        yield (gains[run] >= relevant_from).cumsum(axis=1), n_relevant[run]


class Hubness(NamedTuple):
    """How unevenly the gallery is found, after Radovanović et al. 2010 (JMLR 11, 2487-2531).

    Attributes:
        k: length of the lists looked at.
        occurrence: (N,) int64 N_k: lists of k that hold each gallery item.
        wrong: (N,) int64 those of them in which its gain is 0.
        skewness: of N_k over the gallery; NaN where all are equal.
        never: share of the gallery that is in no list (antihubs).
        never_by_chance: the same share, expected of lists drawn at random.
    """

    k: int
    occurrence: np.ndarray
    wrong: np.ndarray
    skewness: float
    never: float
    never_by_chance: float

    @property
    def distribution(self) -> pd.DataFrame:
        """Gallery items by occurrence: ``occurrence`` 0..max, ``items``, ``by_chance`` (expected)."""
        items = np.bincount(self.occurrence)
        n_gallery, n_found = len(self.occurrence), int(self.occurrence.sum())
        times = np.arange(len(items))
        return pd.DataFrame(
            {
                "occurrence": times,
                "items": items,
                "by_chance": n_gallery * _binomial(times, n_found, 1 / n_gallery),
            }
        )


def hubness(ids: np.ndarray, gains: np.ndarray, n_gallery: int, k: int = 10) -> Hubness:
    """Count how often each gallery item is found.

    Args:
        ids: (Q, K) gallery positions, -1 where fewer were found.
        gains: (Q, K) their gains.
        n_gallery: N.
        k: length of the lists looked at, cut to K.
    """
    k = min(k, ids.shape[1])
    top, there = ids[:, :k], ids[:, :k] >= 0
    occurrence = np.bincount(top[there], minlength=n_gallery)
    wrong = np.bincount(top[there & (gains[:, :k] <= 0)], minlength=n_gallery)
    by_chance = float(_binomial(np.zeros(1), int(occurrence.sum()), 1 / n_gallery)[0])
    return Hubness(k, occurrence, wrong, skewness(occurrence), float((occurrence == 0).mean()), by_chance)


def skewness(values: np.ndarray) -> float:
    """Third central moment over the cube of the standard deviation (both of the population)."""
    away = np.asarray(values, np.float64) - np.mean(values)
    spread = float(np.mean(away**2))
    return float(np.mean(away**3)) / spread**1.5 if spread > 0 else float("nan")


def _binomial(times: np.ndarray, n: int, p: float) -> np.ndarray:
    """Chance of exactly ``times`` successes in ``n`` tries of chance ``p``."""
    if p >= 1:
        return (times == n).astype(float)
    logs = [
        math.lgamma(n + 1)
        - math.lgamma(m + 1)
        - math.lgamma(n - m + 1)
        + m * math.log(p)
        + (n - m) * math.log1p(-p)
        for m in np.asarray(times).tolist()
    ]
    return np.exp(logs)


class PairSimilarities(NamedTuple):
    """Cosine similarities of sampled pairs of query and gallery item.

    Attributes:
        values: (n,) float32 of the pairs of each kind in `KINDS`.
        sample: how they were drawn, a sentence.
    """

    values: dict[str, np.ndarray]
    sample: str

    @property
    def separation(self) -> float:
        """Chance that a right pair is more alike than a wrong one, ties half (area under the ROC curve)."""
        right, wrong = self.values["right"], np.sort(self.values["wrong"])
        if not len(right) or not len(wrong):
            return float("nan")
        below = np.searchsorted(wrong, right, "left") + np.searchsorted(wrong, right, "right")
        return float(below.mean() / 2 / len(wrong))

    @property
    def histogram(self) -> pd.DataFrame:
        """``low`` and ``high`` of each bin and the number of pairs of each kind that fall into it."""
        everything = np.concatenate(list(self.values.values()))
        low, high = (everything.min(), everything.max()) if len(everything) else (-1.0, 1.0)
        edges = np.linspace(low, high if high > low else low + 1e-3, _BINS + 1)
        counts = {kind: np.histogram(values, edges)[0] for kind, values in self.values.items()}
        return pd.DataFrame({"low": edges[:-1], "high": edges[1:], **counts})


def pair_similarities(
    queries: Tensor, gallery: Tensor | np.ndarray, relevance: Relevance, seed: int = 0
) -> PairSimilarities:
    """Similarities of right, partly right and wrong pairs of a bounded sample; ignored pairs are left out.

    Args:
        queries: (Q, d) embeddings.
        gallery: (N, d) embeddings, perhaps memory-mapped.
        relevance: what is relevant and what is ignored.
        seed: of the draw.
    """
    random = np.random.default_rng(seed)
    chosen = np.sort(random.permutation(relevance.n_queries)[:_QUERIES])
    parts: dict[str, list[np.ndarray]] = {kind: [] for kind in KINDS}
    for start in range(0, len(chosen), 128):
        run = chosen[start : start + 128]
        for kind, pairs in _sampled(relevance, run, random).items():
            parts[kind].append(_cosines(queries, gallery, *pairs))
    values = {kind: np.concatenate(found) for kind, found in parts.items()}
    which = f"all {len(chosen)}" if len(chosen) == relevance.n_queries else f"{len(chosen)} random"
    drawn = (
        "all wrong ones"
        if relevance.n_gallery <= _DRAWN
        else f"the wrong ones among {_DRAWN} drawn at random"
    )
    sample = f"Pairs of {which} queries: up to {_POSITIVES} right and partly right ones of each, and {drawn}."
    return PairSimilarities(values, sample)


def _sampled(
    relevance: Relevance, queries: np.ndarray, random: np.random.Generator
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Queries and gallery positions of the sampled pairs of each kind."""
    n_gallery = relevance.n_gallery
    shape = (len(queries), min(_DRAWN, n_gallery))
    ids = (
        random.integers(0, n_gallery, shape)
        if n_gallery > _DRAWN
        else np.tile(np.arange(n_gallery), (shape[0], 1))
    )
    wrong = (relevance.gains(queries, ids) == 0) & ~relevance.ignored_at(queries, ids)
    offsets, items, gains = relevance.positives(queries, float(np.finfo(np.float64).tiny))
    who = owners(offsets)
    pairs = {"wrong": (queries[wrong.nonzero()[0]], ids[wrong])}
    for kind, of_kind in (
        ("right", gains >= relevance.relevant_from),
        ("partial", gains < relevance.relevant_from),
    ):
        at = _few_of_each(who[of_kind], random)
        pairs[kind] = (queries[who[of_kind][at]], items[of_kind][at])
    return pairs


def _few_of_each(groups: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Places of at most `_POSITIVES` random members of each of ``groups`` (n,), which rise."""
    shuffled = np.lexsort((random.random(len(groups)), groups))
    place = np.arange(len(groups)) - np.searchsorted(groups, groups)  # within its group
    return shuffled[place < _POSITIVES]


def _cosines(
    queries: Tensor, gallery: Tensor | np.ndarray, of_query: np.ndarray, of_gallery: np.ndarray
) -> np.ndarray:
    values = np.empty(len(of_query), np.float32)
    for start in range(0, len(values), _PAIRS):
        run = slice(start, start + _PAIRS)
        left, right = unit(queries, of_query[run]), unit(gallery, of_gallery[run])
        values[run] = np.einsum("nd,nd->n", left, right)
    return values


def unit(embeddings: Tensor | np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The chosen embeddings (n, d) as float32 of length 1."""
    if isinstance(embeddings, Tensor):
        at = torch.from_numpy(chosen).to(embeddings.device)
        rows = embeddings.detach()[at].float().cpu().numpy()
    else:
        rows = np.asarray(embeddings[chosen], np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def label_table(evaluation: Evaluation, groups: np.ndarray, columns: list[str], by: str) -> pd.DataFrame:
    """Means of some metrics over the queries of each label, worst first.

    Args:
        evaluation: what was measured.
        groups: (Q,) label of each query.
        columns: metrics.
        by: the one to sort by.

    Returns:
        Columns ``label``, ``queries`` and ``columns``; labels without an answerable query are left out.
    """
    means = evaluation.by_group(groups)
    table = means.rename_axis("label").reset_index()[["label", "queries", *columns]]
    worst_first = np.lexsort((-np.asarray(table["queries"]), np.asarray(table[by])))
    return pd.DataFrame(table).iloc[worst_first].reset_index(drop=True)
