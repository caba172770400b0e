"""The spine: embed, search, rerank, judge, measure."""

from vsr.retrieval.evaluation import Evaluation
from vsr.retrieval.measure import Reranker, evaluate

__all__ = ["Evaluation", "Reranker", "evaluate"]
