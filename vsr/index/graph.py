"""What graph indexes have in common: links between distinct vectors, and answers with all copies of them.

Equal vectors link to one another alone. At default knobs HNSW found none of 100 vectors that stood beside
2,000 copies of another, and Faiss's NSG does not end from some 50 copies on.
"""

import logging
from typing import ClassVar

import numpy as np

from vsr.index.backend import Backend, Found
from vsr.index.copies import Copies, digests, expanded
from vsr.index.faiss_backend import FaissBackend
from vsr.index.serialization import Archive, Opened

log = logging.getLogger(__name__)

_DIGESTS, _NODES, _SCALE = "digests.npy", "nodes.npy", "scale.npy"
_TOLD = 0.01  # of the vectors held, that are copies: worth a warning


class Graph(Backend):
    """A graph over distinct vectors, its *nodes*, numbered from 0; a subclass has its library link them.

    Vectors that differ in their last bits are nodes of their own, and many of them in one spot still lead
    searches astray: 2,000 within a ten-millionth left HNSW a recall of 0.5 on the others.
    """

    _moves_up = False
    _near_one: ClassVar[bool] = False  # the library gives 1 less the product, and small ones are lost

    def __init__(self, metric: str = "cosine", seed: int = 0) -> None:
        super().__init__(metric, seed)
        self._copies = Copies()
        self._exponent = 0  # of 2, times which vectors are held where products have to be near 1

    def add(self, vectors: np.ndarray, ids: np.ndarray | None = None) -> None:
        """As `vsr.index.Backend.add`; warns when many of the vectors are copies of others."""
        before = len(self) - self._copies.n_nodes
        super().add(vectors, ids)
        copies = len(self) - self._copies.n_nodes
        if copies - before >= _TOLD * len(self) > 0:
            log.warning(
                "%s: %s of its %s vectors (%.0f %%) are copies of others. The graph links each once; "
                "a query near one is answered with all its copies before anything else",
                self.name,
                f"{copies:,}",
                f"{len(self):,}",
                100 * copies / len(self),
            )

    def _add(self, vectors: np.ndarray, places: np.ndarray) -> None:
        found = digests(self._distinguished(vectors))
        nodes, new = self._copies.sorted_out(found)
        if self._near_one and self.metric == "ip" and not len(self._copies.digests):
            self._exponent = -int(np.median(_exponents(vectors)))
        if len(new):
            distinct = vectors if len(new) == len(vectors) else vectors[new]
            self._link(np.ldexp(distinct, self._exponent) if self._exponent else distinct, nodes[new])
        self._copies.append(nodes, found[new])

    def _nearest(self, queries: np.ndarray, k: int, mask: np.ndarray | None = None, effort: int = 1) -> Found:
        if not self._copies.some:
            return self._reached(queries, k, mask, effort)
        table = self._copies.table(mask)
        allowed = None if mask is None else np.diff(table[1]) > 0
        return expanded(*self._reached(queries, min(k, self._copies.n_nodes), allowed, effort), k, table)

    def _reached(self, queries: np.ndarray, k: int, mask: np.ndarray | None, effort: int) -> Found:
        """What `_walk` finds, of queries whose products are near 1 where they have to be."""
        if not self._near_one or self.metric != "ip":
            return self._walk(queries, k, mask, effort)
        own = -_exponents(queries)
        scores, nodes = self._walk(np.ldexp(queries, own), k, mask, effort)
        return np.ldexp(scores, -own - self._exponent), nodes

    def _vectors(self, places: np.ndarray) -> np.ndarray:
        return np.ldexp(self._node_vectors(self._copies.node(places)), -self._exponent)

    def _remove(self, places: np.ndarray) -> None:
        nodes = self._copies.remove(places)
        if len(nodes):
            self._unlink(nodes)

    def _write(self, archive: Archive) -> None:
        archive.save_array(_DIGESTS, self._copies.digests)
        archive.save_array(_NODES, self._copies.nodes)
        archive.save_array(_SCALE, np.array(self._exponent))
        self._write_graph(archive)

    def _read(self, opened: Opened) -> None:
        if _DIGESTS in opened.archive.names:
            self._copies = Copies(*(opened.archive.load_array(name) for name in (_DIGESTS, _NODES)))
            self._exponent = int(opened.archive.load_array(_SCALE))
        else:  # written before copies were told apart: each is a node, and later ones find no earlier one
            held = np.where(opened.ids < 0, 0, np.arange(1, len(opened.ids) + 1))
            self._copies = Copies(held.astype(np.uint64))
        self._read_graph(opened)

    def _bytes(self) -> int:
        return self._graph_bytes() + self._copies.nbytes

    # What a subclass says of its library.

    def _distinguished(self, vectors: np.ndarray) -> np.ndarray:
        """What the graph tells ``vectors`` (n, d) apart by, (n, …): them, or the codes it keeps of them."""
        return vectors

    def _link(self, vectors: np.ndarray, nodes: np.ndarray) -> None:
        """Put in ``vectors`` (n, d) as ``nodes``: the next ones."""
        raise NotImplementedError

    def _walk(self, queries: np.ndarray, k: int, mask: np.ndarray | None, effort: int) -> Found:
        """As `_nearest`, of nodes."""
        raise NotImplementedError

    def _node_vectors(self, nodes: np.ndarray) -> np.ndarray:
        """As `_vectors`, of nodes."""
        raise NotImplementedError

    def _unlink(self, nodes: np.ndarray) -> None:
        """Take out ``nodes``; where `removable`."""
        raise NotImplementedError

    def _write_graph(self, archive: Archive) -> None:
        raise NotImplementedError

    def _read_graph(self, opened: Opened) -> None:
        raise NotImplementedError

    def _graph_bytes(self) -> int:
        raise NotImplementedError


def _exponents(vectors: np.ndarray) -> np.ndarray:
    """The power of two next above the length of each of ``vectors`` (n, d): (n, 1) int32 exponents."""
    return np.frexp(np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True))[1]


class FaissGraph(Graph, FaissBackend):
    """A graph that Faiss builds."""

    def _link(self, vectors: np.ndarray, nodes: np.ndarray) -> None:
        FaissBackend._add(self, vectors, nodes)

    def _walk(self, queries: np.ndarray, k: int, mask: np.ndarray | None, effort: int) -> Found:
        return FaissBackend._nearest(self, queries, k, mask, effort)

    def _node_vectors(self, nodes: np.ndarray) -> np.ndarray:
        return FaissBackend._vectors(self, nodes)

    def _write_graph(self, archive: Archive) -> None:
        FaissBackend._write(self, archive)

    def _read_graph(self, opened: Opened) -> None:
        FaissBackend._read(self, opened)

    def _graph_bytes(self) -> int:
        return FaissBackend._bytes(self)
