"""The spine: embed, search, rerank, judge, measure."""

from vsr.retrieval.evaluation import Evaluation
from vsr.retrieval.measure import evaluate, evaluate_stages
from vsr.retrieval.rerankers.context import Context, Reranker
from vsr.retrieval.stages import Stage

__all__ = ["Context", "Evaluation", "Reranker", "Stage", "evaluate", "evaluate_stages"]
