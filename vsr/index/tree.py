"""A tree of k-means cells, grown by Faiss and searched for many queries in step."""

from typing import Any, ClassVar, Self

import faiss as faiss_module
import numpy as np

faiss: Any = faiss_module  # its type stubs know half of it
_FLOATS = 1 << 22  # of children's centers gathered at a time


class Tree:
    """Nodes in arrays; the children of a node stand side by side, the root is node 0.

    Args:
        centers: (nodes, d) float32.
        first: (nodes,) the first child of each node.
        count: (nodes,) how many children it has, 0 for a leaf.
        leaf: (nodes,) which leaf it is, -1 for the others.
    """

    PARTS: ClassVar = ("centers", "first", "count", "leaf")

    def __init__(self, centers: np.ndarray, first: np.ndarray, count: np.ndarray, leaf: np.ndarray) -> None:
        self.centers = centers
        self.first = first
        self.count = count
        self.leaf = leaf
        self.n_leaves = int(leaf.max()) + 1

    @classmethod
    def grown(cls, vectors: np.ndarray, branching: int, leaf_size: int, seed: int) -> Self:
        """Divide ``vectors`` (n, d) until a cell holds at most ``leaf_size``, or cannot be divided."""
        centers, first, count = [vectors.mean(axis=0, dtype=np.float64).astype(np.float32)], [0], [0]
        waiting = [(0, np.arange(len(vectors)))]
        while waiting:
            node, members = waiting.pop()
            if len(members) <= leaf_size:
                continue
            cells, part = _divided(vectors[members], min(branching, -(-len(members) // leaf_size)), seed)
            if len(cells) < 2:  # all alike
                continue
            first[node], count[node] = len(centers), len(cells)
            for number, center in enumerate(cells):
                waiting.append((len(centers), members[part == number]))
                centers.append(center)
                first.append(0)
                count.append(0)
        counts = np.array(count)
        leaf = np.where(counts == 0, np.cumsum(counts == 0) - 1, -1)
        return cls(np.stack(centers), np.array(first), counts, leaf)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """What the constructor takes."""
        return {name: getattr(self, name) for name in self.PARTS}

    @property
    def leaf_centers(self) -> np.ndarray:
        """(leaves, d) float32."""
        return np.ascontiguousarray(self.centers[self.leaf >= 0])

    def nearest_leaves(self, queries: np.ndarray, n: int, metric: str) -> np.ndarray:
        """The first ``n`` leaves (Q, n) int64 that best-first search meets; -1 where the tree has fewer.

        All queries go on in step, each by its own best open nodes.

        Args:
            queries: (Q, d) float32.
            n: how many.
            metric: l2 or ip, by which centers are compared.
        """
        found = np.full((len(queries), n), -1, np.int64)
        widest = max(1, int(self.count.max()))
        step = max(1, _FLOATS // (widest * queries.shape[1] * self._at_once(n)))
        for start in range(0, len(queries), step):
            block = slice(start, start + step)
            self._search(queries[block], found[block], metric)
        return found

    @staticmethod
    def _at_once(n: int) -> int:
        """Nodes that each query opens in a step: strictly the best one for few leaves, more for many."""
        return max(1, n // 8)

    def _search(self, queries: np.ndarray, found: np.ndarray, metric: str) -> None:
        """Fill ``found`` (Q, n)."""
        n_queries, n = found.shape
        rows = np.arange(n_queries)
        nodes = np.zeros((n_queries, 1), np.int64)  # open ones
        far = np.zeros((n_queries, 1), np.float32)
        n_found = np.zeros(n_queries, np.int64)
        while len(rows):
            width = min(self._at_once(n), nodes.shape[1])
            best = np.argpartition(far, width - 1, axis=1)[:, :width]
            best = np.take_along_axis(best, np.argsort(np.take_along_axis(far, best, 1), axis=1), axis=1)
            chosen = np.take_along_axis(nodes, best, axis=1)  # (q, width), nearest first
            is_open = np.isfinite(np.take_along_axis(far, best, axis=1))
            np.put_along_axis(far, best, np.inf, axis=1)
            leaves = np.where(is_open, self.leaf[chosen], -1)
            self._note(leaves, rows, found, n_found)
            more_far, more = self._children(
                queries[rows], np.where(is_open & (leaves < 0), chosen, -1), metric
            )
            far, nodes = np.concatenate([far, more_far], axis=1), np.concatenate([nodes, more], axis=1)
            going = (n_found[rows] < n) & np.isfinite(far).any(axis=1)
            rows, far, nodes = rows[going], far[going], nodes[going]
            if len(rows):  # closed nodes are dropped where every query has some
                keep = max(1, int(np.isfinite(far).sum(axis=1).max()))
                kept = np.argpartition(far, keep - 1, axis=1)[:, :keep] if keep < far.shape[1] else None
                if kept is not None:
                    far, nodes = np.take_along_axis(far, kept, 1), np.take_along_axis(nodes, kept, 1)

    @staticmethod
    def _note(leaves: np.ndarray, rows: np.ndarray, found: np.ndarray, n_found: np.ndarray) -> None:
        """Write ``leaves`` (q, width), where not -1, behind what ``rows`` of ``found`` hold already."""
        hit = leaves >= 0
        column = n_found[rows, None] + np.cumsum(hit, axis=1) - 1
        hit &= column < found.shape[1]
        row = np.broadcast_to(rows[:, None], hit.shape)
        found[row[hit], column[hit]] = leaves[hit]
        n_found[rows] += hit.sum(axis=1)

    def _children(
        self, queries: np.ndarray, opened: np.ndarray, metric: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Distances and nodes (q, width × widest) of the children of ``opened`` (q, width); else inf."""
        count = np.where(opened >= 0, self.count[opened], 0)
        widest = int(count.max(initial=0))
        offset = np.arange(widest)
        there = offset < count[:, :, None]
        children = np.where(there, self.first[opened][:, :, None] + offset, 0).reshape(len(queries), -1)
        centers = self.centers[children]  # (q, width × widest, d)
        products = np.einsum("qcd,qd->qc", centers, queries, optimize=False)
        far = -products if metric == "ip" else self._squares[children] - 2 * products
        return np.where(there.reshape(len(queries), -1), far, np.inf).astype(np.float32), children

    @property
    def _squares(self) -> np.ndarray:
        if not hasattr(self, "_squares_"):
            self._squares_ = np.einsum("nd,nd->n", self.centers, self.centers)
        return self._squares_


def _divided(vectors: np.ndarray, parts: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Centers of up to ``parts`` cells, none empty, and the cell (n,) of each of ``vectors``."""
    kmeans = faiss.Kmeans(
        vectors.shape[1],
        parts,
        niter=10,
        seed=seed + 1,
        min_points_per_centroid=1,
        max_points_per_centroid=256,
    )
    kmeans.train(vectors)
    part = kmeans.index.search(vectors, 1)[1].ravel()
    used, part = np.unique(part, return_inverse=True)
    return kmeans.centroids[used], part
