"""Every reranker, made small enough for tests."""

import pytest

from vsr.retrieval import rerankers
from vsr.retrieval.rerankers.context import Prepares

MADE = {
    "alpha_qe": rerankers.AlphaQE,
    "collapse_duplicates": lambda: rerankers.CollapseDuplicates(0.8),
    "dba": rerankers.DBA,
    "diffusion": lambda: rerankers.Diffusion(n=20, k=10),
    "geometric": lambda: rerankers.Geometric(n=5),
    "k_reciprocal": lambda: rerankers.KReciprocal(n=20, k1=6, k2=3),
    "learned_whitening": rerankers.LearnedWhitening,
    "mmr": lambda: rerankers.MMR(n=20),
    "pairwise": lambda: rerankers.Pairwise(n=20, steps=20),
    "policy": lambda: rerankers.Policy({"in_stock": [False]}, {"product": [3]}),
    "whitening": lambda: rerankers.Whitening(dims=8),
}

every = pytest.mark.parametrize("name", sorted(MADE))


def prepared(name, context):
    reranker = MADE[name]()
    if isinstance(reranker, Prepares):
        reranker.prepare(context)
    return reranker
