"""Similarities between queries and gallery: float32 products of blocks, and float64 for chosen pairs.

A product in float32 proposes. How far it is off is measured on a sample, against the same pairs in float64;
whoever ranks compares again, by `Similarity.keys`, what lies nearer than `Similarity.slack`. Galleries far
from the origin are moved there first, which changes no order: cosine then goes by distances of unit vectors.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from vsr.index import precise
from vsr.retrieval.coarse import Coarse
from vsr.retrieval.repeats import representatives, rows

SIMILARITIES = ("cosine", "ip", "l2")
_SKINNY = 32  # below about 13 columns or 8 rows BLAS takes slower kernels
_SAMPLE = (48, 2048, 32)  # queries, gallery items, and pairs of each query: the nearest and any
_SAFETY = 2.0  # of the largest error of 3,072, which lies near 3.5 times the usual one
_LEAST = 2.0**-23  # of the terms of a score, however well the sample came out
_MANY = 1000  # pairs a query from which it pays to know repeated gallery vectors


class Similarity:
    """Scores of all queries against any part of the gallery, higher nearer.

    Vectors are taken in float32. On an accelerator products are float64.

    Args:
        queries: (Q, d) floating point.
        gallery: (N, d): a tensor, used on the device it is on, or a numpy array, perhaps memory-mapped, that
            is read part by part.
        kind: cosine, ip (inner product) or l2. For l2 scores are negated squared distances.

    Raises:
        ValueError: shapes that do not belong together, or an unknown ``kind``.
        DivergedError: a vector that is not finite in float32.
    """

    def __init__(self, queries: Tensor, gallery: Tensor | np.ndarray, kind: str) -> None:
        if kind not in SIMILARITIES:
            raise ValueError(f"similarity must be one of {', '.join(SIMILARITIES)}, got {kind!r}")
        if queries.ndim != 2 or gallery.ndim != 2 or queries.shape[1] != gallery.shape[1]:
            shapes = f"{tuple(queries.shape)} and {tuple(gallery.shape)}"
            raise ValueError(f"queries (Q, d) and gallery (N, d) must be equally wide, got {shapes}")
        self.kind = kind
        self._coarse = Coarse(queries, gallery, kind)
        self.device = self._coarse.device
        self._raw = queries.detach().float().cpu().numpy(), gallery
        self._same: np.ndarray | None = None
        self._rate = self._measured()

    def __len__(self) -> int:
        return len(self._raw[1])

    @property
    def in_memory(self) -> bool:
        """Whether any part of the gallery is at hand without reading or copying."""
        return isinstance(self._coarse.gallery, Tensor)

    @property
    def n_queries(self) -> int:
        """Q."""
        return len(self._raw[0])

    @property
    def dtype(self) -> torch.dtype:
        """Of `scores`."""
        return self._coarse.queries.dtype

    def gallery(self, chosen: slice | np.ndarray) -> Tensor:
        """Part (n, d) of the gallery, ready for `scores`."""
        return self._coarse.part(chosen)

    def scores(self, queries: slice | np.ndarray, gallery: Tensor, out: Tensor | None = None) -> Tensor:
        """Coarse scores (q, n) of a run of queries and a part of the gallery, to rank by within `slack`."""
        rows = self._coarse.queries[queries]
        shape = (len(rows), len(gallery))
        if min(shape) < _SKINNY:
            whole = self._product(_padded(rows), _padded(gallery), None)[: shape[0], : shape[1]]
            return whole if out is None else out.copy_(whole)
        return self._product(rows, gallery, out)

    def slack(self, queries: slice | np.ndarray) -> tuple[np.ndarray, np.float32]:
        """How near coarse scores may lie and stand the wrong way round.

        Returns:
            a (q,) float32 and b: two scores near s may when they differ by ``a + b * abs(s)`` or less.
        """
        base = 2 * self._rate * self._coarse.terms(queries, self._coarse.largest)
        return base.astype(np.float32), np.float32(2 * self._rate)

    def keys(self, owners: np.ndarray, items: np.ndarray) -> np.ndarray:
        """What truly orders pairs (p,) of a query and a gallery item, float64; `shown` makes it scores."""
        if len(items) == 0:
            return np.zeros(0)
        first = int(owners[0])
        if len(items) >= _MANY and (owners == first).all():
            return self._of_one(first, items)
        queries, at = np.unique(owners, return_inverse=True)
        vectors = rows(self._raw[1], items)
        return precise.keys(self._raw[0][queries], at, vectors, self.kind, self._coarse.middle)

    def shown(self, owners: np.ndarray, keys: np.ndarray) -> np.ndarray:
        """The scores (p,) float32 that people see, of `keys` of the queries ``owners`` (p,)."""
        if self.kind == "ip" and self._coarse.middle is not None and len(keys):
            first = int(owners.min())
            keys = keys + self._coarse.offsets(slice(first, int(owners.max()) + 1))[owners - first]
        return precise.shown(keys, self.kind)

    def finish(self, queries: slice, scores: np.ndarray) -> np.ndarray:
        """The scores (q, n) float32 that people see of coarse ones."""
        finished = scores.astype(np.float64) * self._coarse.unit + self._coarse.offsets(queries)[:, None]
        if self.kind == "l2":
            finished = np.minimum(finished, 0)
        return np.where(scores == -np.inf, -np.inf, precise.shown(finished, self.kind)).astype(np.float32)

    def roughness(self, queries: slice, scores: np.ndarray) -> np.ndarray:
        """How far `finish` may be off (q, n), in units of a distance; 0 unless distances are asked for."""
        if self.kind != "l2":
            return np.zeros(scores.shape)
        base, rate = self.slack(queries)
        return (base[:, None] + rate * np.abs(scores)).astype(np.float64) * self._coarse.unit

    def _of_one(self, query: int, items: np.ndarray) -> np.ndarray:
        """`keys` of many items for one query, each of equal vectors compared once."""
        if self._same is None:
            self._same = representatives(self._raw[1])
        same = self._same[items]
        chosen = np.zeros(len(self), bool)
        chosen[same] = True
        unique = chosen.nonzero()[0]
        found = np.empty(len(self))
        zeros = np.zeros(len(unique), np.int64)
        for start in range(0, len(unique), 1 << 14):
            part = slice(start, start + (1 << 14))
            vectors = rows(self._raw[1], unique[part])
            asked = self._raw[0][query : query + 1]
            found[unique[part]] = precise.keys(asked, zeros[part], vectors, self.kind, self._coarse.middle)
        return found[same]

    def _measured(self) -> float:
        """The largest error of a coarse score, as a share of its terms, over a sample of pairs."""
        if self.dtype == torch.float64 or not len(self) or not self.n_queries:
            return 0.0
        n_queries, n_items, n_pairs = _SAMPLE
        queries = _spaced(self.n_queries, n_queries)
        items = _spaced(len(self), n_items)
        part = self.gallery(items)
        scores = self.scores(queries, part).numpy()
        width = min(n_pairs, len(items))
        near = np.argpartition(-scores, width - 1, axis=1)[:, :width]
        anywhere = np.broadcast_to(_spaced(len(items), width), near.shape)
        at = np.concatenate([near, anywhere], axis=1)
        owners = np.repeat(queries, at.shape[1])
        keys = self.keys(owners, items[at.ravel()]).reshape(at.shape) / self._coarse.unit
        scores = np.take_along_axis(scores, at, axis=1).astype(np.float64)
        errors = scores - keys
        errors -= np.median(errors, axis=1, keepdims=True)  # of the query's own part, which moves no item
        lengths = torch.linalg.vector_norm(part, dim=1).numpy()[at]
        terms = np.abs(scores) + self._coarse.terms(queries, lengths.T).T
        worst = np.max(np.abs(errors) / np.where(terms > 0, terms, 1))
        return max(_SAFETY * float(worst), _LEAST)

    def _product(self, rows: Tensor, gallery: Tensor, out: Tensor | None) -> Tensor:
        with _full_precision(self.device):
            if self._coarse.distances:
                return torch.addmm(-gallery.square().sum(dim=1), rows, gallery.T, alpha=2, out=out)
            return torch.mm(rows, gallery.T, out=out)


def _spaced(n: int, most: int) -> np.ndarray:
    """Up to ``most`` of ``n`` positions, evenly spaced."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))


def _padded(vectors: Tensor) -> Tensor:
    return torch.nn.functional.pad(vectors, (0, 0, 0, max(0, _SKINNY - len(vectors))))


@contextmanager
def _full_precision(device: torch.device) -> Iterator[None]:
    """Products in float32 proper: neither autocast nor a lowered matmul precision (TF32, bfloat16)."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.autocast(device.type, enabled=False), torch.no_grad():
            yield
    finally:
        torch.set_float32_matmul_precision(before)
