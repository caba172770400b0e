"""Which vectors of an index are copies of others, and how answers about one become answers about all."""

from hashlib import blake2b

import numpy as np

from vsr.index.backend import Found, nothing

_GONE = np.uint64(0)  # in place of the digest of what is held no more


def digests(vectors: np.ndarray) -> np.ndarray:
    """Digests (n,) uint64 of ``vectors`` (n, d); of a million different ones, two agree once in 4e7."""
    if vectors.dtype == np.float32:
        vectors = vectors + np.float32(0)  # -0 is 0
    rows = np.ascontiguousarray(vectors)
    parts = [blake2b(row, digest_size=8).digest() for row in rows]
    return np.maximum(np.frombuffer(b"".join(parts), np.uint64), 1)


class Copies:
    """Vectors by *place*, as an index numbers all of them, and by *node*, as a library numbers distinct ones.

    Nodes are numbered in the order in which they came: while nothing is a copy, a place is its node.

    Args:
        digests: (nodes,) uint64, 0 for a node that is held no more.
        nodes: (places,) int64, -1 where nothing is held; empty while nothing is a copy.
    """

    def __init__(self, digests: np.ndarray | None = None, nodes: np.ndarray | None = None) -> None:
        self.digests = np.zeros(0, np.uint64) if digests is None else digests
        self.nodes = np.zeros(0, np.int64) if nodes is None else nodes
        order = np.argsort(self.digests, kind="stable")
        self._order = order[self.digests[order] > _GONE]  # the nodes held, by rising digest
        self._table: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def some(self) -> bool:
        """Whether any vector is a copy, or was."""
        return len(self.nodes) > 0

    @property
    def n_nodes(self) -> int:
        """How many distinct vectors are held."""
        return len(self._order)

    @property
    def nbytes(self) -> int:
        """Bytes that a file needs for this."""
        return self.digests.nbytes + self.nodes.nbytes

    def node(self, places: np.ndarray) -> np.ndarray:
        """The node (n,) at each of ``places`` (n,)."""
        return self.nodes[places] if self.some else places

    def sorted_out(self, digests: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Nodes (n,) that new vectors belong to, and positions (m,), rising, of those that need a new one."""
        values, first, which = np.unique(digests, return_index=True, return_inverse=True)
        node = np.full(len(values), -1, np.int64)
        if self.n_nodes:
            at = np.searchsorted(self.digests[self._order], values)
            held = self._order[np.minimum(at, self.n_nodes - 1)]
            node = np.where(self.digests[held] == values, held, -1)
        new = np.flatnonzero(node < 0)
        new = new[np.argsort(first[new])]
        node[new] = len(self.digests) + np.arange(len(new))
        return node[which], first[new]

    def append(self, nodes: np.ndarray, digests: np.ndarray) -> None:
        """Put down the ``nodes`` (n,) of new places, and the ``digests`` (m,) of new nodes."""
        if self.some or len(digests) < len(nodes):
            before = self.nodes if self.some else np.arange(len(self.digests))
            self.nodes = np.concatenate([before, nodes])
        rising = np.argsort(digests, kind="stable")
        at = np.searchsorted(self.digests[self._order], digests[rising])
        self._order = np.insert(self._order, at, len(self.digests) + rising)
        self.digests, self._table = np.concatenate([self.digests, digests]), None

    def remove(self, places: np.ndarray) -> np.ndarray:
        """Take out ``places`` (n,); nodes (m,) of which no copy is left."""
        gone = np.unique(self.node(places))
        if self.some:
            self.nodes[places] = -1
            gone = gone[~np.isin(gone, self.nodes)]
        self.digests[gone] = _GONE
        self._order, self._table = self._order[self.digests[self._order] > _GONE], None
        return gone

    def table(self, mask: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Places by node, rising within one, and where each node's start (nodes + 1,).

        Args:
            mask: (places,) True for those that count; None for all.
        """
        if self._table is None:
            order = np.argsort(self.nodes, kind="stable")
            self._table = self._started(order[self.nodes[order] >= 0])
        return self._table if mask is None else self._started(self._table[0][mask[self._table[0]]])

    def _started(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return places, np.searchsorted(self.nodes[places], np.arange(len(self.digests) + 1))


def expanded(scores: np.ndarray, nodes: np.ndarray, k: int, table: tuple[np.ndarray, np.ndarray]) -> Found:
    """The best ``k`` places and their scores (Q, k), from those of nodes (Q, K), -1 where none was found.

    Args:
        scores: (Q, K), falling.
        nodes: (Q, K).
        k: how many.
        table: `Copies.table`.
    """
    places, starts = table
    size = np.where(nodes < 0, 0, np.diff(starts)[nodes])
    end = np.minimum(np.cumsum(size, axis=1), k)
    size = np.diff(end, axis=1, prepend=0).ravel()  # as many of each as there is room for
    source = np.repeat(np.arange(nodes.size), size)
    within = np.arange(len(source)) - np.repeat(np.cumsum(size) - size, size)
    result = nothing(len(nodes), k)
    at = (source // nodes.shape[1], np.repeat(end.ravel() - size, size) + within)
    result[0][at] = scores.ravel()[source]
    result[1][at] = places[starts[nodes.ravel()[source]] + within]
    return result
