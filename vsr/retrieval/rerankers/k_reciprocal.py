"""Re-ranking with k-reciprocal encoding, sparse, on the nearest n.

Source: Zhong et al. 2017 (arXiv 1701.08398), equations 1 to 12; as in the authors' program an item belongs to
its own neighborhood and encodings sum to 1.
"""

from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from vsr.data.relevance.ragged import Ragged
from vsr.index.neighbors import Neighbors
from vsr.retrieval.rerankers.context import Context, Vectors
from vsr.retrieval.rerankers.graph import self_neighbors
from vsr.retrieval.rerankers.order import rescored
from vsr.retrieval.rerankers.vectors import (
    PerGallery,
    check_at_least,
    check_share,
    cosines,
    in_blocks,
    rows_of,
    unit,
)

_ROWS = 4096  # rows of a sparse product at a time
_PAIRS = 1 << 16  # cosines computed at a time


class _Encoded(NamedTuple):
    """What is known of a gallery before any query.

    Attributes:
        reach: (N,) float32 cosine of each item's k1-th neighbor: a query as near is one of its k1 nearest.
        half: (N, N) sparse 0/1: neighbors within k1 / 2 that are reciprocal, and the item itself.
        raw: (N, N) sparse encodings, equation 7.
        expanded: (N, N) sparse encodings after local query expansion, equation 11.
    """

    reach: np.ndarray
    half: sparse.csr_array
    raw: sparse.csr_array
    expanded: sparse.csr_array


class KReciprocal:
    """Order by λ · d + (1 - λ) · d_J: the distance blended with how much reciprocal neighborhoods overlap.

    Neighborhoods and encodings are over the gallery, which is encoded once, before any query and for all of
    them, so a query's result does not depend on what else is asked. The distance d is 1 - cosine, the
    scores are -(λ · d + (1 - λ) · d_J).

    Args:
        n: neighbors that get a new order, >= 1.
        k1: size of the reciprocal neighborhood, >= 1.
        k2: items averaged in local query expansion, the item itself among them, >= 1.
        lambda_: weight of the distance, in 0..1.
    """

    def __init__(self, n: int = 100, k1: int = 20, k2: int = 6, lambda_: float = 0.3) -> None:
        check_at_least(1, n=n, k1=k1, k2=k2)
        check_share(lambda_=lambda_)
        self.n, self.k1, self.k2, self.lambda_ = n, k1, k2, lambda_
        self._ignored: Ragged | None = None
        self._encoded: PerGallery[_Encoded] = PerGallery()

    def prepare(self, context: Context) -> None:
        """Encode the gallery."""
        context.refuse_l2("k_reciprocal")
        self._ignored = context.ignored
        self._encoded.renew(context.required("gallery", "k_reciprocal"), self._encode)

    def rerank(self, queries: Tensor, gallery: Vectors, neighbors: Neighbors) -> Neighbors:
        """The first n neighbors in their new order, the others behind them."""
        encoded = self._encoded.get(gallery, self._encode)
        head = Neighbors(neighbors.ids[:, : self.n], neighbors.scores[:, : self.n])
        near = cosines(queries, gallery, neighbors.ids[:, : max(self.n, self.k1)])
        distances = 1 - near[:, : self.n]
        queries_encoded = self._encode_queries(queries, gallery, neighbors, near, encoded)
        overlap = _jaccard(queries_encoded, encoded.expanded, head.ids)
        return rescored(neighbors, -(self.lambda_ * distances + (1 - self.lambda_) * overlap))

    def _encode(self, gallery: Vectors) -> _Encoded:
        found = self_neighbors(gallery, self.k1)
        n = len(gallery)
        reach = found.scores[:, self.k1 - 1] if found.ids.shape[1] >= self.k1 else np.full(n, -np.inf)
        itself = _rows(np.arange(n)[:, None], n)
        reciprocal = _reciprocal(found.ids, n) + itself
        half = _reciprocal(found.ids[:, : _half(self.k1)], n) + itself
        items = in_blocks(gallery, unit)
        raw = _weighted(_expanded(reciprocal, half), items, items)
        averaged = _averaged(raw, found.ids[:, : self.k2 - 1], raw)
        return _Encoded(np.asarray(reach, np.float32), half, raw, averaged)

    def _encode_queries(
        self, queries: Tensor, gallery: Vectors, neighbors: Neighbors, near: np.ndarray, encoded: _Encoded
    ) -> sparse.csr_array:
        """Encodings (Q, N) of the queries, equations 4 to 7 and 11."""
        ids = neighbors.ids[:, : self.k1]
        mutual = (ids >= 0) & (near[:, : self.k1] >= encoded.reach[np.maximum(ids, 0)])
        reciprocal = _rows(np.where(mutual, ids, -1), len(gallery))
        chosen = _expanded(reciprocal, encoded.half)
        if self._ignored is not None and len(self._ignored.offsets) == len(ids) + 1:
            chosen = _without(chosen, self._ignored)
        own = _weighted(chosen, unit(queries), gallery)
        return _averaged(own, ids[:, : self.k2 - 1], encoded.raw)


def _half(k1: int) -> int:
    return max(1, round(k1 / 2))


def _height(rows: sparse.csr_array) -> int:
    return len(rows.indptr) - 1


def _rows(ids: np.ndarray, width: int) -> sparse.csr_array:
    """Sparse 0/1 rows (q, width) with ones at ``ids`` (q, k), -1 left out."""
    found = ids >= 0
    offsets = np.concatenate([[0], np.cumsum(found.sum(axis=1))])
    ones = np.ones(int(offsets[-1]), np.float32)
    rows = sparse.csr_array((ones, ids[found].astype(np.int32), offsets), shape=(len(ids), width))
    rows.sort_indices()
    return rows


def _reciprocal(ids: np.ndarray, n: int) -> sparse.csr_array:
    """R(g, k) of equation 3 as sparse 0/1 (n, n), without g itself."""
    nearest = _rows(ids, n)
    return sparse.csr_array(nearest.multiply(nearest.T.tocsr()))


def _expanded(reciprocal: sparse.csr_array, half: sparse.csr_array) -> sparse.csr_array:
    """R*(p, k1) of equation 5 (q, N): half-size neighborhoods that lie to 2/3 within R(p, k1) are joined."""
    sizes = half.sum(axis=1)
    turned = half.T.tocsr()
    parts = []
    for start in range(0, _height(reciprocal), _ROWS):
        part = reciprocal[start : start + _ROWS]
        common = sparse.csr_array(
            (part @ turned).multiply(part)
        )  # |R(p, k1) ∩ R(g, k1 / 2)| for g in R(p, k1)
        common.data = (common.data >= 2 / 3 * sizes[common.indices] - 1e-4).astype(np.float32)
        joined = sparse.csr_array(part + common @ half)
        joined.eliminate_zeros()
        joined.data[:] = 1
        parts.append(joined)
    return sparse.csr_array(sparse.vstack(parts, format="csr")) if parts else reciprocal


def _weighted(chosen: sparse.csr_array, rows: Tensor, gallery: Vectors) -> sparse.csr_array:
    """Encodings by exp(-d) where ``chosen`` (q, N) is 1, each row summing to 1. ``rows`` (q, d) are unit."""
    chosen.sort_indices()
    weights = np.empty(chosen.nnz, np.float32)
    owners = np.repeat(np.arange(_height(chosen)), np.diff(chosen.indptr))
    for start in range(0, chosen.nnz, _PAIRS):
        part = slice(start, start + _PAIRS)
        own = rows[torch.from_numpy(owners[part]).to(rows.device)]
        other = rows_of(gallery, chosen.indices[part].astype(np.int64), rows.device)
        weights[part] = torch.exp((own * other).sum(dim=1) - 1).cpu().numpy()
    sums = np.bincount(owners, weights=weights, minlength=_height(chosen))
    weights /= np.maximum(sums, 1e-12)[owners].astype(np.float32)
    return sparse.csr_array((weights, chosen.indices, chosen.indptr), shape=chosen.shape)


def _averaged(own: sparse.csr_array, ids: np.ndarray, raw: sparse.csr_array) -> sparse.csr_array:
    """Mean (q, N) of each row's ``own`` encoding and of its neighbors' ``ids`` (q, k2 - 1): equation 11."""
    parts = []
    for start in range(0, len(ids), _ROWS):
        near = _rows(ids[start : start + _ROWS], _height(raw))
        total = sparse.csr_array(own[start : start + _ROWS] + near @ raw)
        total.data /= np.repeat(near.sum(axis=1) + 1, np.diff(total.indptr)).astype(np.float32)
        parts.append(total)
    return sparse.csr_array(sparse.vstack(parts, format="csr")) if parts else own


def _without(chosen: sparse.csr_array, ignored: Ragged) -> sparse.csr_array:
    """``chosen`` (Q, N) without what each query ignores."""
    offsets, items = ignored
    at = sparse.csr_array((np.ones(len(items), np.float32), items, offsets), shape=chosen.shape)
    left = sparse.csr_array(chosen - chosen.multiply(at))
    left.eliminate_zeros()
    return left


def _jaccard(own: sparse.csr_array, encoded: sparse.csr_array, ids: np.ndarray) -> np.ndarray:
    """Jaccard distance (Q, n) of each query's encoding and those of its items, equation 10; 1 for -1."""
    sums = encoded.sum(axis=1)
    distances = np.ones(ids.shape, np.float32)
    dense = np.zeros(_height(encoded), np.float32)  # square: a column an item
    for query in range(len(ids)):
        mine = slice(own.indptr[query], own.indptr[query + 1])
        columns = own.indices[mine]
        dense[columns] = own.data[mine]
        items = ids[query][ids[query] >= 0]
        theirs = encoded[items]
        least = np.minimum(theirs.data, dense[theirs.indices])
        running = np.concatenate([[0], np.cumsum(least, dtype=np.float64)])
        common = running[theirs.indptr[1:]] - running[theirs.indptr[:-1]]
        union = sums[items] + own.data[mine].sum() - common
        distances[query, : len(items)] = 1 - common / np.maximum(union, 1e-12)
        dense[columns] = 0
    return distances
