"""Rerankers: each takes neighbours and gives neighbours in a better order, or better ones."""

from vsr.retrieval.rerankers.alpha_qe import AlphaQE
from vsr.retrieval.rerankers.collapse_duplicates import CollapseDuplicates
from vsr.retrieval.rerankers.context import Context, Reranker, needs_training
from vsr.retrieval.rerankers.dba import DBA
from vsr.retrieval.rerankers.diffusion import Diffusion
from vsr.retrieval.rerankers.geometric import Geometric
from vsr.retrieval.rerankers.k_reciprocal import KReciprocal
from vsr.retrieval.rerankers.learned_whitening import LearnedWhitening
from vsr.retrieval.rerankers.mmr import MMR
from vsr.retrieval.rerankers.pairwise import Pairwise
from vsr.retrieval.rerankers.policy import Policy
from vsr.retrieval.rerankers.whitening import Whitening

__all__ = [
    "DBA",
    "MMR",
    "AlphaQE",
    "CollapseDuplicates",
    "Context",
    "Diffusion",
    "Geometric",
    "KReciprocal",
    "LearnedWhitening",
    "Pairwise",
    "Policy",
    "Reranker",
    "Whitening",
    "needs_training",
]
