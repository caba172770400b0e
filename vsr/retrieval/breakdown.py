"""What an evaluation says besides its means: intervals, thresholds, label levels, groups of queries."""

import numpy as np
import torch

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.relevance.label_relevance import LabelRelevance, relevance_of
from vsr.data.relevance.list_relevance import ListRelevance
from vsr.metrics.judged import Ideal, Judged
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.evaluation import Evaluation, Sides
from vsr.retrieval.statistics import Statistics
from vsr.retrieval.thresholds import Thresholds

_BLOCK = 4096  # queries judged at a time


def complete(
    evaluation: Evaluation,
    catalogue: Catalogue,
    query_rows: np.ndarray,
    gallery_rows: np.ndarray,
    chosen_on: str | None = None,
    statistics: Statistics | None = None,
    thresholds: Thresholds | None = None,
) -> None:
    """Fill in everything of ``evaluation`` that the catalogue and the kept rankings tell.

    Args:
        evaluation: of these queries against this gallery, by the catalogue's lists or labels.
        catalogue: what was measured.
        query_rows: (Q,) its rows that are queries.
        gallery_rows: (N,) its rows that are the gallery.
        chosen_on: the split on which the checkpoint was chosen, if it was.
        statistics: of the intervals.
        thresholds: which threshold metrics.

    Raises:
        ConfigError: ``thresholds`` asks for more results than were kept.
    """
    statistics, thresholds = statistics or Statistics(), thresholds or Thresholds()
    items = catalogue.table["item"].astype(str).to_numpy(dtype=object)
    evaluation.sides = Sides(query_rows, gallery_rows, items[query_rows])
    evaluation.chosen_on = chosen_on
    relevance = relevance_of(catalogue, query_rows, gallery_rows)
    listed = isinstance(relevance, ListRelevance)
    evaluation.judging = {
        "levels": {} if listed else dict(zip(catalogue.levels, catalogue.gains, strict=True)),
        "relevant_from": relevance.relevant_from,
        "ignored": "the query itself and listed junk" if listed else "the query itself",
        "gallery": len(gallery_rows),
    }
    evaluation.intervals = statistics.intervals(evaluation.per_query)
    evaluation.resampling = statistics.about
    n_ignored = int(relevance.ignored(np.arange(len(query_rows))).offsets[-1])
    n_irrelevant = len(query_rows) * len(gallery_rows) - n_ignored - int(evaluation.n_relevant.sum())
    evaluation.thresholds = thresholds.measure(evaluation, n_irrelevant, relevance.relevant_from)
    evaluation.levels = {} if listed else by_level(evaluation, catalogue, query_rows, gallery_rows)
    level = catalogue.levels[-1]
    evaluation.groups = evaluation.by_group(catalogue.table[level].to_numpy()[query_rows]).rename_axis(level)


def by_level(
    evaluation: Evaluation, catalogue: Catalogue, query_rows: np.ndarray, gallery_rows: np.ndarray
) -> dict[str, dict[str, float]]:
    """Means with each label level, fine to coarse, as the only relevance; ``queries`` had something relevant.

    Judged on the kept neighbors: ``map`` and ``mrr`` carry their depth in the name unless all were kept.
    """
    n_kept = evaluation.neighbors.ids.shape[1]
    cut = "" if n_kept >= len(gallery_rows) else f"@{n_kept}"
    metrics = RankingMetrics(["hit_rate@1", f"map{cut}", f"mrr{cut}"])
    found = {}
    for level, codes in zip(catalogue.levels, catalogue.codes.T, strict=True):
        relevance = LabelRelevance(
            codes[query_rows], codes[gallery_rows], None, np.asarray(query_rows), np.asarray(gallery_rows)
        )
        values = _judged_alone(evaluation.neighbors.ids, relevance, metrics)
        known = ~np.isnan(values["hit_rate@1"])
        means = {name: float(one[known].mean()) if known.any() else np.nan for name, one in values.items()}
        found[level] = {**means, "queries": int(known.sum())}
    return found


def _judged_alone(
    ids: np.ndarray, relevance: LabelRelevance, metrics: RankingMetrics
) -> dict[str, np.ndarray]:
    """Values (Q,) of ranked lists (Q, K) by a binary relevance."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in metrics.names}
    for start in range(0, len(ids), _BLOCK):
        queries = np.arange(start, min(start + _BLOCK, len(ids)))
        gains = torch.from_numpy(relevance.gains(queries, ids[queries]))
        ideal = Ideal(*(torch.from_numpy(one) for one in relevance.ideal(queries)))
        for name, values in metrics(Judged.from_gains(gains, ideal.counts, ideal)).items():
            parts[name].append(values.numpy())
    return {name: np.concatenate(values) for name, values in parts.items()}
