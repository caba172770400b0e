"""The spine: embed, search, rerank, judge, measure, compare."""

from vsr.retrieval.comparing import Comparison, compare
from vsr.retrieval.comparison_run import ComparisonRun, compare_evaluations
from vsr.retrieval.evaluation import Evaluation
from vsr.retrieval.measure import evaluate, evaluate_stages
from vsr.retrieval.rerankers.context import Context, Reranker
from vsr.retrieval.stages import Stage
from vsr.retrieval.statistics import Statistics
from vsr.retrieval.thresholds import Thresholds

__all__ = [
    "Comparison",
    "ComparisonRun",
    "Context",
    "Evaluation",
    "Reranker",
    "Stage",
    "Statistics",
    "Thresholds",
    "compare",
    "compare_evaluations",
    "evaluate",
    "evaluate_stages",
]
