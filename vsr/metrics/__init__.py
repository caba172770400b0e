"""Judged rankings become numbers. Knows tensors only."""

from vsr.metrics.collection import RankingCollection
from vsr.metrics.judged import Ideal, Judged
from vsr.metrics.ranking import METRICS, Metric, RankingMetrics, parse
from vsr.metrics.threshold import (
    fnmr_at_fmr,
    micro_ap,
    normalized_scores,
    recall_at_precision,
    threshold_at_precision,
)

__all__ = [
    "METRICS",
    "Ideal",
    "Judged",
    "Metric",
    "RankingCollection",
    "RankingMetrics",
    "fnmr_at_fmr",
    "micro_ap",
    "normalized_scores",
    "parse",
    "recall_at_precision",
    "threshold_at_precision",
]
