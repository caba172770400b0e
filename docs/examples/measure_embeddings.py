"""Measure embeddings that you have already: ranking metrics with confidence intervals.

    python docs/examples/measure_embeddings.py embeddings.npy labels.npy

``embeddings.npy`` is (N, d) float, ``labels.npy`` (N,) integer. Each item is a query against all others.
"""

import sys

import numpy as np
import torch

from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.evaluate import evaluate
from vsr.retrieval.statistics import Statistics


def main(embeddings_path: str, labels_path: str) -> None:
    """Print the mean and the 95 % interval of each metric."""
    embeddings = torch.from_numpy(np.load(embeddings_path)).float()
    labels = np.load(labels_path)
    rows = np.arange(len(labels))  # the same row on both sides is the query itself: it never takes a rank
    relevance = LabelRelevance(labels, labels, None, rows, rows)
    metrics = RankingMetrics(["mrr", "hit_rate@1", "recall@10", "precision@10", "map", "map@r", "ndcg@10"])
    evaluation = evaluate(embeddings, embeddings, relevance, metrics)
    intervals = Statistics().intervals(evaluation.per_query)
    for name, mean in evaluation.means.items():
        low, high = intervals[name]
        print(f"{name:14} {mean:.3f}  ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main(*sys.argv[1:])
