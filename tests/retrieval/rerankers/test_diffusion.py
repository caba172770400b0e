"""Against the closed form, dense and in float64."""

import numpy as np
import pytest
import torch

from vsr.retrieval.rerankers.diffusion import Diffusion
from vsr.retrieval.rerankers.graph import nearest


def walk_matrix(gallery, k, gamma):
    cosine = gallery @ gallery.T
    np.fill_diagonal(cosine, -np.inf)
    n = len(gallery)
    ranks = [set(np.argsort(-cosine[i], kind="stable")[:k]) for i in range(n)]
    affinity = np.zeros((n, n))
    for i in range(n):
        for j in ranks[i]:
            if i in ranks[j]:
                affinity[i, j] = max(0.0, cosine[i, j]) ** gamma
    degree = affinity.sum(axis=1)
    root = np.where(degree > 0, degree, 1) ** -0.5
    return root[:, None] * affinity * root


def closed_form(queries, gallery, found, k, seeds, gamma, alpha):
    """f (Q, n) at each query's items, solved on their rows and columns of the whole gallery's matrix."""
    walk = walk_matrix(gallery, k, gamma)
    solved = []
    for query, ids in zip(queries, found.ids, strict=True):
        start = np.maximum(0, gallery[ids] @ query) ** gamma
        start[seeds:] = 0
        inside = walk[np.ix_(ids, ids)]
        solved.append((1 - alpha) * np.linalg.solve(np.eye(len(ids)) - alpha * inside, start))
    return np.array(solved)


@pytest.mark.parametrize("n", [25, 80])  # truncated; the whole gallery
def test_scores_are_those_of_the_closed_form(world, n):
    found = nearest(world.queries, world.gallery, n)
    reranked = Diffusion(n, k=10, seeds=5, alpha=0.9, iterations=60).rerank(
        world.queries, world.gallery, found
    )
    expected = closed_form(
        world.queries.double().numpy(), world.gallery.double().numpy(), found, 10, 5, 3.0, 0.9
    )
    for row, (ids, scores) in enumerate(zip(reranked.ids, reranked.scores, strict=True)):
        by_id = dict(zip(found.ids[row], expected[row], strict=True))
        reached = scores > 0
        np.testing.assert_allclose(scores[reached], [by_id[i] for i in ids[reached]], rtol=1e-4, atol=1e-7)
        assert max((by_id[i] for i in ids[~reached]), default=0) < 1e-7


def test_it_follows_a_manifold_where_cosine_jumps_over():
    """Two strands start side by side and part: what lies on the query's own strand comes first."""
    turn = torch.linspace(0, 2.0, 30)
    rising = torch.stack([turn.cos(), turn.sin(), torch.zeros(30)], dim=1)
    other = torch.stack([(turn * 0.9).cos(), torch.zeros(30), (turn * 0.9).sin()], dim=1)[8:]
    gallery = torch.cat([rising[1:], other])
    found = nearest(rising[:1], gallery, len(gallery))
    reranked = Diffusion(len(gallery), k=4, seeds=3, iterations=100).rerank(rising[:1], gallery, found)
    own = np.arange(29)
    assert not set(found.ids[0, :15]) <= set(own)
    assert set(reranked.ids[0, :15]) <= set(own)


def test_what_the_walk_does_not_reach_keeps_its_order_behind():
    gallery = torch.eye(6)[[0, 1, 2, 3, 4, 5]]  # nobody is anybody's neighbor by a positive cosine
    query = torch.tensor([[6.0, 5, 4, 3, 2, 1]])
    found = nearest(query, gallery, 6)
    reranked = Diffusion(6, seeds=2).rerank(query, gallery, found)
    assert reranked.ids[0].tolist() == [0, 1, 2, 3, 4, 5]
    assert (reranked.scores[0] > 0).tolist() == [True, True, False, False, False, False]
