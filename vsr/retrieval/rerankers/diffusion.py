"""Diffusion over the gallery's neighbor graph, truncated to the nearest n of each query.

Source: Iscen et al. 2017 (arXiv 1611.05113), sections 3 and 4 (affinities, conjugate gradient, truncation);
Yang et al. 2019 (arXiv 1811.10907): the graph is normalized before it is truncated ("late truncation").
Their other step is not done here: they solve the system once for each gallery item, offline and truncated
around it, and a query only adds up the solutions of its nearest items. Here it is solved for each query,
around its own neighbors, as Iscen et al. do: slower online (an n × n system a query), but nothing of size
N × n is kept, and a gallery that changes costs no more than its graph.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vsr.index.neighbors import Neighbors
from vsr.retrieval.rerankers.context import Context, Vectors
from vsr.retrieval.rerankers.graph import self_neighbors
from vsr.retrieval.rerankers.order import rescored
from vsr.retrieval.rerankers.vectors import PerGallery, check_at_least, cosines, spans


class _Graph(NamedTuple):
    """Normalized mutual neighbors: ids (N, k) int64, rising, -1 first; weights (N, k) float32, 0 there."""

    ids: np.ndarray
    weights: np.ndarray


class Diffusion:
    """Score items by f = (1 - α) (I - α S)⁻¹ y, y being the query's affinities to its nearest items.

    Affinities are max(0, cosine)^γ between mutual neighbors, S their symmetrically normalized matrix, made
    once for a gallery, before any query. For each query the rows and columns of its first n neighbors are
    solved by conjugate gradient. Items that the walk does not reach keep their order behind the others.

    Args:
        n: neighbors among which to diffuse, >= 1; they get a new order.
        k: neighbors of each gallery item in the graph, >= 1.
        seeds: nearest items from which the query's walk starts, >= 1.
        gamma: exponent of the affinities, > 0.
        alpha: chance that the walk goes on, in 0..1, less than 1.
        iterations: of conjugate gradient, >= 1.
    """

    def __init__(
        self,
        n: int = 100,
        k: int = 50,
        seeds: int = 10,
        gamma: float = 3.0,
        alpha: float = 0.99,
        iterations: int = 20,
    ) -> None:
        check_at_least(1, n=n, k=k, seeds=seeds, iterations=iterations)
        check_at_least(0, gamma=gamma, alpha=alpha)
        if alpha >= 1:
            raise ValueError(f"alpha must be < 1, got {alpha}")
        self.n, self.k, self.seeds = n, k, seeds
        self.gamma, self.alpha, self.iterations = gamma, alpha, iterations
        self._graph: PerGallery[_Graph] = PerGallery()

    def prepare(self, context: Context) -> None:
        """Make the gallery's graph."""
        context.refuse_l2("diffusion")
        self._graph.renew(context.required("gallery", "diffusion"), self._connect)

    def rerank(self, queries: Tensor, gallery: Vectors, neighbors: Neighbors) -> Neighbors:
        """The first n neighbors in their new order, the others behind them."""
        graph = self._graph.get(gallery, self._connect)
        ids = neighbors.ids[:, : self.n]
        start = np.zeros(ids.shape, np.float32)
        near = cosines(queries, gallery, ids[:, : self.seeds])
        start[:, : self.seeds] = np.maximum(near, 0) ** self.gamma * (ids[:, : self.seeds] >= 0)
        scores = np.zeros(ids.shape, np.float32)
        for span in spans(len(ids), ids.shape[1] * (ids.shape[1] + 4 * self.k)):
            walk = torch.from_numpy(_truncated(graph, ids[span]))  # (q, n, n)
            scores[span] = self._solve(walk, torch.from_numpy(start[span])).numpy()
        unreached = -np.arange(1, ids.shape[1] + 1, dtype=np.float32)  # in the order in which they came
        return rescored(neighbors, np.where(scores > 0, scores, unreached))

    def _connect(self, gallery: Vectors) -> _Graph:
        found = self_neighbors(gallery, self.k)
        affinities = np.where(_mutual(found.ids), np.maximum(found.scores, 0) ** self.gamma, 0)
        roots = np.sqrt(affinities.sum(axis=1))
        roots = np.where(roots > 0, roots, 1)
        weights = affinities / roots[:, None] / roots[np.maximum(found.ids, 0)]
        ids = np.where(affinities > 0, found.ids, -1)
        order = np.argsort(ids, axis=1, kind="stable")
        return _Graph(
            np.take_along_axis(ids, order, axis=1),
            np.take_along_axis(weights, order, axis=1).astype(np.float32),
        )

    def _solve(self, walk: Tensor, start: Tensor) -> Tensor:
        """Solution (q, n) of (I - α S) f = (1 - α) y by conjugate gradient, for all queries at once."""
        residual = (1 - self.alpha) * start
        solution, direction = torch.zeros_like(start), residual.clone()
        size = residual.square().sum(dim=1, keepdim=True)
        enough = 1e-12 * size
        for _ in range(self.iterations):
            moved = direction - self.alpha * torch.bmm(walk, direction[:, :, None]).squeeze(2)
            curvature = (direction * moved).sum(dim=1, keepdim=True)
            step = torch.where(size > enough, size / curvature.clamp(min=1e-30), 0)  # solved ones stand still
            solution += step * direction
            residual -= step * moved
            before, size = size, residual.square().sum(dim=1, keepdim=True)
            direction = residual + size / before.clamp(min=1e-30) * direction
            if not (size > enough).any():
                break
        return solution


def _mutual(ids: np.ndarray) -> np.ndarray:
    """True (N, k) where each item is a neighbor of its neighbor too."""
    n = len(ids)
    owners = np.arange(n)[:, None]
    edges = np.where(ids >= 0, owners * n + ids, -1)
    back = np.where(ids >= 0, ids * n + owners, -2)
    return np.isin(back, edges)


def _truncated(graph: _Graph, ids: np.ndarray) -> np.ndarray:
    """S (q, n, n) float32 between the items ``ids`` (q, n) of each query."""
    n_queries, n = ids.shape
    walk = np.zeros((n_queries, n, n), np.float32)
    order = np.argsort(ids, axis=1, kind="stable")
    for query in range(n_queries):
        ranked = ids[query][order[query]]
        targets, weights = graph.ids[ids[query]], graph.weights[ids[query]]  # (n, k)
        place = np.minimum(np.searchsorted(ranked, targets), n - 1)
        inside = (ranked[place] == targets) & (targets >= 0) & (ids[query] >= 0)[:, None]
        rows, _ = np.nonzero(inside)
        walk[query, rows, order[query][place[inside]]] = weights[inside]
    return walk
