"""Judged rankings become numbers. Knows tensors only."""

from vsr.metrics.collection import RankingCollection
from vsr.metrics.judged import Ideal, Judged
from vsr.metrics.ranking import METRICS, Definition, Metric, RankingMetrics, meanings, parse
from vsr.metrics.resampling import EXACT_UP_TO, bootstrap_intervals, bootstrap_means, holm, sign_flip_test
from vsr.metrics.threshold import (
    fnmr_at_fmr,
    micro_ap,
    normalized_scores,
    recall_at_precision,
    threshold_at_precision,
)

__all__ = [
    "EXACT_UP_TO",
    "METRICS",
    "Definition",
    "Ideal",
    "Judged",
    "Metric",
    "RankingCollection",
    "RankingMetrics",
    "bootstrap_intervals",
    "bootstrap_means",
    "fnmr_at_fmr",
    "holm",
    "meanings",
    "micro_ap",
    "normalized_scores",
    "parse",
    "recall_at_precision",
    "sign_flip_test",
    "threshold_at_precision",
]
