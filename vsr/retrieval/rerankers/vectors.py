"""Embeddings as rerankers read them: unit length, gathered in blocks of bounded memory."""

import weakref
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from vsr.retrieval.rerankers.context import Vectors

BLOCK_MIB = 64  # memory for the gathered embeddings of one block of queries
_ROWS = 16384  # vectors read at a time

Value = TypeVar("Value")


def unit(vectors: Tensor) -> Tensor:
    """``vectors`` (…, d) as float32 of length 1; zero stays zero."""
    vectors = vectors.detach().float()
    lengths = torch.linalg.vector_norm(vectors, dim=-1, keepdim=True)
    return vectors / torch.where(lengths > 0, lengths, 1.0)


def in_blocks(vectors: Vectors, change: Callable[[Tensor], Tensor]) -> Tensor:
    """``change`` (n, d) → (n, d') of all vectors (N, d), read and changed part by part."""
    out: Tensor | None = None
    for start in range(0, len(vectors), _ROWS):
        part = change(as_tensor(vectors[start : start + _ROWS]))
        out = part.new_empty((len(vectors), part.shape[1])) if out is None else out
        out[start : start + len(part)] = part
    return change(as_tensor(vectors[:0])) if out is None else out


def as_tensor(vectors: Vectors) -> Tensor:
    """``vectors`` as a float32 tensor on its device, without gradients."""
    if isinstance(vectors, Tensor):
        return vectors.detach().float()
    return torch.from_numpy(np.array(vectors, dtype=np.float32))


def rows_of(gallery: Vectors, ids: np.ndarray, device: torch.device | None = None) -> Tensor:
    """Unit embeddings (…, d) of the gallery positions ``ids`` (…); zeros for -1."""
    flat = np.maximum(ids, 0).reshape(-1)
    if isinstance(gallery, Tensor):
        rows = gallery[torch.from_numpy(flat).to(gallery.device)]
    else:
        rows = torch.from_numpy(np.array(gallery[flat], dtype=np.float32))
    rows = unit(rows.to(device)).reshape(*ids.shape, gallery.shape[1])
    rows[torch.from_numpy(ids < 0).to(rows.device)] = 0
    return rows


def spans(n_queries: int, floats: int) -> Iterator[slice]:
    """Runs of queries whose blocks stay within `BLOCK_MIB`, at ``floats`` float32 numbers a query."""
    size = max(1, int(BLOCK_MIB * 2**20 / 4 / max(1, floats)))
    for start in range(0, n_queries, size):
        yield slice(start, min(start + size, n_queries))


def near_blocks(queries: Tensor, gallery: Vectors, ids: np.ndarray) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Runs of queries with their unit embeddings (q, d) and those of their items (q, n, d), zeros for -1."""
    for span in spans(len(queries), ids.shape[1] * queries.shape[1]):
        yield span, unit(queries[span]), rows_of(gallery, ids[span], queries.device)


def cosines(queries: Tensor, gallery: Vectors, ids: np.ndarray) -> np.ndarray:
    """Cosines (Q, n) float32 of each query and its items ``ids`` (Q, n); 0 for -1."""
    parts = [
        torch.einsum("qnd,qd->qn", near, own).cpu().numpy()
        for _, own, near in near_blocks(queries, gallery, ids)
    ]
    return np.concatenate([np.zeros((0, ids.shape[1]), np.float32), *parts])


class PerGallery(Generic[Value]):
    """What was computed of a gallery, kept while that gallery lives; not kept in copies and pickles.

    A gallery that is changed in place is not noticed: `renew` computes again.
    """

    def __init__(self) -> None:
        self._gallery: Callable[[], Any] | None = None
        self._value: Value | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"_gallery": None, "_value": None}

    def renew(self, gallery: Vectors, make: Callable[[Vectors], Value]) -> Value:
        """``make(gallery)``, computed now."""
        value = make(gallery)
        self._gallery, self._value = weakref.ref(gallery), value
        return value

    def get(self, gallery: Vectors, make: Callable[[Vectors], Value]) -> Value:
        """``make(gallery)``, computed when this gallery was not the last one."""
        if self._gallery is None or self._gallery() is not gallery or self._value is None:
            return self.renew(gallery, make)
        return self._value


def check_at_least(bound: float, /, **values: float) -> None:
    """Raise ValueError for the first of ``values`` that is below ``bound``."""
    for name, value in values.items():
        if not value >= bound:
            raise ValueError(f"{name} must be >= {bound}, got {value}")


def check_share(**values: float) -> None:
    """Raise ValueError for the first of ``values`` that does not lie in 0..1."""
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must lie in 0..1, got {value}")
