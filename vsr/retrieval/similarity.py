"""Blocks of float32 similarities between queries and gallery.

The score of a pair does not depend on the block it is computed in: BLAS sums over the width in one order
whatever the shape, except for products only a few rows or columns wide, which are padded. Equal vectors
therefore have equal scores, and ties are found by comparing floats.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from vsr.errors import DivergedError

SIMILARITIES = ("cosine", "ip", "l2")
_SKINNY = 32  # below about 13 columns or 8 rows BLAS takes other kernels, with other low bits
_CHUNK = 16384  # gallery vectors read at a time


class Similarity:
    """Scores of all queries against any part of the gallery, higher nearer.

    Args:
        queries: (Q, d) floating point.
        gallery: (N, d): a tensor, used on the device it is on, or a numpy array, perhaps memory-mapped, that
            is read part by part.
        kind: cosine, ip (inner product) or l2. For l2 scores are negated squared distances.

    Raises:
        ValueError: shapes that do not belong together, or an unknown ``kind``.
        DivergedError: a vector that is not finite.
    """

    def __init__(self, queries: Tensor, gallery: Tensor | np.ndarray, kind: str) -> None:
        if kind not in SIMILARITIES:
            raise ValueError(f"similarity must be one of {', '.join(SIMILARITIES)}, got {kind!r}")
        if queries.ndim != 2 or gallery.ndim != 2 or queries.shape[1] != gallery.shape[1]:
            shapes = f"{tuple(queries.shape)} and {tuple(gallery.shape)}"
            raise ValueError(f"queries (Q, d) and gallery (N, d) must be equally wide, got {shapes}")
        self.kind = kind
        self.device = gallery.device if isinstance(gallery, Tensor) else queries.device
        self._check_finite(gallery)
        self._gallery = gallery
        if isinstance(gallery, Tensor):
            self._gallery = self._prepared(gallery)
        self._queries = self._prepared(self._finite(queries.detach().to(self.device), "query", 0))

    def __len__(self) -> int:
        return len(self._gallery)

    @property
    def in_memory(self) -> bool:
        """Whether any part of the gallery is at hand without reading or copying."""
        return isinstance(self._gallery, Tensor)

    @property
    def n_queries(self) -> int:
        """Q."""
        return len(self._queries)

    def gallery(self, chosen: slice | np.ndarray) -> Tensor:
        """Part (n, d) of the gallery, ready for `scores`."""
        if isinstance(self._gallery, Tensor):
            at = chosen if isinstance(chosen, slice) else torch.from_numpy(chosen).to(self.device)
            return self._gallery[at]
        return self._prepared(torch.from_numpy(np.array(self._gallery[chosen], np.float32)).to(self.device))

    def scores(self, queries: slice, gallery: Tensor, out: Tensor | None = None) -> Tensor:
        """Scores (q, n) of a run of queries and a part of the gallery; l2 lacks the query's own square."""
        rows = self._queries[queries]
        shape = (len(rows), len(gallery))
        if min(shape) < _SKINNY:
            whole = self._product(_padded(rows), _padded(gallery), None)[: shape[0], : shape[1]]
            return whole if out is None else out.copy_(whole)
        return self._product(rows, gallery, out)

    def finish(self, queries: slice, scores: Tensor) -> Tensor:
        """The scores (q, n) that people see: for l2 the query's own square is taken off."""
        if self.kind != "l2":
            return scores
        return (scores - self._queries[queries].square().sum(dim=1, keepdim=True)).clamp(max=0)

    def _product(self, rows: Tensor, gallery: Tensor, out: Tensor | None) -> Tensor:
        with _full_precision(self.device):
            if self.kind == "l2":
                return torch.addmm(-gallery.square().sum(dim=1), rows, gallery.T, alpha=2, out=out)
            return torch.mm(rows, gallery.T, out=out)

    def _prepared(self, vectors: Tensor) -> Tensor:
        vectors = vectors.detach().float().contiguous()
        if self.kind != "cosine":
            return vectors
        length = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
        if (length - 1).abs().max() <= 1e-6:  # as models give them: no second copy
            return vectors
        return vectors / length.clamp(min=1e-12)

    def _check_finite(self, gallery: Tensor | np.ndarray) -> None:
        for start in range(0, len(gallery), _CHUNK):
            part = gallery[start : start + _CHUNK]
            part = part.detach() if isinstance(part, Tensor) else torch.from_numpy(np.array(part))
            self._finite(part, "gallery", start)

    @staticmethod
    def _finite(vectors: Tensor, side: str, start: int) -> Tensor:
        suspects = (~torch.isfinite(vectors.float().sum(dim=1))).nonzero().squeeze(1)  # or the sum overflowed
        for row in suspects.tolist():
            if not torch.isfinite(vectors[row]).all():
                what = f"{side} embedding {start + row} is not finite"
                raise DivergedError(f"{what}; lower the learning rate or look at its picture")
        return vectors


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
