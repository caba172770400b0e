"""Against the paper's equations, dense and in float64."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from vsr.data.relevance.ragged import Ragged
from vsr.index.neighbors import Neighbors
from vsr.retrieval.rerankers.context import Context
from vsr.retrieval.rerankers.graph import nearest
from vsr.retrieval.rerankers.k_reciprocal import KReciprocal


def dense_reference(queries, gallery, k1, k2, lambda_, ignored=()):
    """Final distances (Q, N); neighborhoods over the gallery, each item in its own."""
    n = len(gallery)
    cosine, near = gallery @ gallery.T, queries @ gallery.T
    ranks = [sorted((j for j in range(n) if j != i), key=lambda j: (-cosine[i, j], j)) for i in range(n)]

    def reciprocal(i, k):
        return {j for j in ranks[i][:k] if i in ranks[j][:k]} | {i}

    def expanded(own, k):
        whole = set(own)
        for j in own:
            half = reciprocal(j, round(k / 2))
            if len(own & half) >= 2 / 3 * len(half):
                whole |= half
        return whole

    def encoded(chosen, scores):
        row = np.array([np.exp(-(1 - scores[j])) if j in chosen else 0.0 for j in range(n)])
        return row / max(row.sum(), 1e-12)

    raw = np.array([encoded(expanded(reciprocal(i, k1), k1), cosine[i]) for i in range(n)])
    final = np.array([(raw[i] + raw[ranks[i][: k2 - 1]].sum(axis=0)) / k2 for i in range(n)])
    distances = np.empty(near.shape)
    for q in range(len(queries)):
        left_out = set(ignored[q]) if len(ignored) else set()
        ranking = [j for j in sorted(range(n), key=lambda j: (-near[q, j], j)) if j not in left_out]
        own = {j for j in ranking[:k1] if near[q, j] >= cosine[j, ranks[j][k1 - 1]]}
        row = (encoded(expanded(own, k1) - left_out, near[q]) + raw[ranking[: k2 - 1]].sum(axis=0)) / k2
        jaccard = 1 - np.minimum(row, final).sum(axis=1) / np.maximum(row, final).sum(axis=1)
        distances[q] = (1 - lambda_) * jaccard + lambda_ * (1 - near[q])
    return distances


@pytest.mark.parametrize(("k1", "k2", "lambda_"), [(8, 3, 0.3), (6, 1, 0.0), (5, 4, 1.0)])
def test_scores_are_those_of_the_paper(world, k1, k2, lambda_):
    found = nearest(world.queries, world.gallery, 80)
    reranked = KReciprocal(80, k1, k2, lambda_).rerank(world.queries, world.gallery, found)
    expected = dense_reference(
        world.queries.double().numpy(), world.gallery.double().numpy(), k1, k2, lambda_
    )
    np.testing.assert_allclose(
        -reranked.scores, np.take_along_axis(expected, reranked.ids, axis=1), atol=2e-5
    )
    np.testing.assert_allclose(-reranked.scores, np.sort(expected, axis=1), atol=2e-5)


def test_only_the_first_n_get_a_new_order(world):
    found = nearest(world.queries, world.gallery, 40)
    reranked = KReciprocal(15, 8, 3).rerank(world.queries, world.gallery, found)
    for before, after in zip(found.ids, reranked.ids, strict=True):
        assert set(before[:15]) == set(after[:15])
        assert before[15:].tolist() == after[15:].tolist()


def test_what_a_query_ignores_is_not_in_its_encoding():
    generator = torch.Generator().manual_seed(0)
    gallery = torch.nn.functional.normalize(torch.randn(40, 6, generator=generator), dim=1)
    queries = gallery[:5]
    found = nearest(queries, gallery, 40)
    others = found.ids[:, 1:], found.scores[:, 1:]  # the first is the query itself
    reranker = KReciprocal(39, 6, 3)
    reranker.prepare(Context(gallery=gallery, ignored=Ragged(np.arange(6), np.arange(5))))
    reranked = reranker.rerank(queries, gallery, Neighbors(*others))
    vectors = gallery.double().numpy()
    expected = dense_reference(vectors[:5], vectors, 6, 3, 0.3, [[q] for q in range(5)])
    np.testing.assert_allclose(
        -reranked.scores, np.take_along_axis(expected, reranked.ids, axis=1), atol=2e-5
    )


def test_a_gallery_smaller_than_the_neighborhood(world):
    found = nearest(world.queries, world.gallery[:4], 4)
    reranked = KReciprocal().rerank(world.queries, world.gallery[:4], found)
    assert (np.sort(reranked.ids, axis=1) == np.arange(4)).all()


MEASURE = """
import resource, sys, time, torch
from vsr.retrieval.rerankers import KReciprocal
from vsr.retrieval.rerankers.graph import nearest
n, d = int(sys.argv[1]), int(sys.argv[2])
generator = torch.Generator().manual_seed(0)
centers = torch.randn(n // 5, d, generator=generator)
noise = torch.randn(n + 200, d, generator=generator)
vectors = torch.nn.functional.normalize(centers[torch.arange(n + 200) % (n // 5)] + noise, dim=1)
found = nearest(vectors[:200], vectors[200:], 100)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
KReciprocal().rerank(vectors[:200], vectors[200:], found)
print(before / 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.mark.slow
def test_a_gallery_of_60000_needs_less_than_2_gib():
    command = [sys.executable, "-c", MEASURE, "60000", "128"]
    out = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[3]
    ).stdout
    _, peak_mib = map(float, out.split())
    assert peak_mib < 2048, f"peak {peak_mib:.0f} MiB, libraries and embeddings included"
