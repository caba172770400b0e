"""Judged rankings become numbers. Knows tensors only."""

from vsr.metrics.collection import RankingCollection
from vsr.metrics.judged import Ideal, Judged
from vsr.metrics.ranking import METRICS, Metric, RankingMetrics, parse

__all__ = ["METRICS", "Ideal", "Judged", "Metric", "RankingCollection", "RankingMetrics", "parse"]
