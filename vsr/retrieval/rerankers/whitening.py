"""PCA whitening, learned from embeddings of the training split.

Source: Jégou & Chum 2012 (Negative evidences and co-occurrences in image retrieval: the benefit of PCA and
whitening), section 3.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vsr.errors import DataError
from vsr.index.neighbors import Neighbors
from vsr.retrieval.rerankers.context import Context, Vectors
from vsr.retrieval.rerankers.graph import nearest
from vsr.retrieval.rerankers.vectors import check_at_least, in_blocks, unit

_RANK = 1e-7  # share of the largest variance below which a direction is noise


class Whitening:
    """Center, rotate to the principal axes, divide by their spread, scale to length 1, and search again.

    What it learns comes from training embeddings alone; queries and gallery are only moved.

    Args:
        dims: principal axes to keep, >= 1; None keeps all that the training embeddings vary along.

    Attributes:
        mean_: (d,) float32 mean of the training embeddings; None before it has learned.
        projection_: (d, dims) float32.
    """

    learns = True

    def __init__(self, dims: int | None = None) -> None:
        if dims is not None:
            check_at_least(1, dims=dims)
        self.dims = dims
        self.mean_: Tensor | None = None
        self.projection_: Tensor | None = None

    def prepare(self, context: Context) -> None:
        """Learn from the training embeddings; without them, go on with what was learned before."""
        if self.projection_ is None:
            context.required("train_embeddings", "whitening")
        if context.train_embeddings is not None:
            self.fit(context.train_embeddings, context.train_labels)

    def fit(self, embeddings: Tensor, labels: np.ndarray | None = None) -> None:
        """Learn from ``embeddings`` (n, d); the labels don't matter.

        Raises:
            DataError: fewer than two embeddings, all the same, or fewer axes than ``dims``.
        """
        values = embeddings.detach().double().cpu().numpy()
        mean = values.mean(axis=0) if len(values) else np.zeros(values.shape[1])
        variances, axes = np.linalg.eigh((values - mean).T @ (values - mean) / max(1, len(values) - 1))
        self._keep(mean, variances[::-1], axes[:, ::-1] / np.sqrt(np.maximum(variances[::-1], 1e-300)))

    def transform(self, vectors: Vectors) -> Tensor:
        """Whitened vectors (n, dims) of length 1 from ``vectors`` (n, d)."""
        mean, projection = self.mean_, self.projection_
        if mean is None or projection is None:
            raise DataError("whitening has not learned yet; call fit or load_state_dict")
        return in_blocks(
            vectors, lambda part: unit((part - mean.to(part.device)) @ projection.to(part.device))
        )

    def embed(self, queries: Tensor, gallery: Vectors, neighbors: Neighbors) -> tuple[Tensor, Vectors]:
        """Whitened queries (Q, dims) and gallery (N, dims)."""
        return self.transform(queries), self.transform(gallery)

    def rerank(self, queries: Tensor, gallery: Vectors, neighbors: Neighbors) -> Neighbors:
        """Exact search of the whitened gallery; nothing is ignored."""
        return nearest(*self.embed(queries, gallery, neighbors), neighbors.ids.shape[1])

    def state_dict(self) -> dict[str, Any]:
        """What it learned, for `load_state_dict`."""
        return {"mean": self.mean_, "projection": self.projection_}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what another one learned."""
        self.mean_, self.projection_ = state["mean"], state["projection"]

    def _keep(self, mean: np.ndarray, variances: np.ndarray, axes: np.ndarray) -> None:
        """Keep the first axes (d, d), those with a variance that is more than rounding."""
        rank = int((variances > _RANK * max(float(variances[0]), 0.0)).sum())
        if rank < (self.dims or 1):
            raise DataError(
                f"whitening: the training embeddings vary along {rank} axes, {self.dims or 1} are wanted; "
                "lower dims, or train on more pictures"
            )
        kept = axes[:, : self.dims or rank]
        signs = np.sign(kept[np.abs(kept).argmax(axis=0), np.arange(kept.shape[1])])  # eigh's are arbitrary
        self.mean_ = torch.from_numpy(mean.astype(np.float32))
        self.projection_ = torch.from_numpy((kept * signs).astype(np.float32))
