"""Whitening learned from pairs of one label: what varies within a label is shrunk.

Source: Mikolajczyk & Matas 2007 (Improving descriptors for fast tree matching by optimal linear projection),
as used by Radenović et al. 2018 (arXiv 1711.02512), section 4.1: P = eig(C_S^-½ C_D C_S^-½) C_S^-½.
"""

import numpy as np
from torch import Tensor

from vsr.errors import DataError
from vsr.retrieval.rerankers.context import Context
from vsr.retrieval.rerankers.whitening import Whitening


class LearnedWhitening(Whitening):
    """`Whitening` by the covariance of matching pairs instead of that of all embeddings.

    Args:
        dims: axes to keep, >= 1, those first along which labels differ most; None keeps all.
        shrinkage: in 0..1, how far the covariance of pairs is drawn to a multiple of the identity: with few
            pictures its small directions are noise.
    """

    def __init__(self, dims: int | None = None, shrinkage: float = 0.1) -> None:
        super().__init__(dims)
        if not 0 <= shrinkage <= 1:
            raise ValueError(f"shrinkage must lie in 0..1, got {shrinkage}")
        self.shrinkage = shrinkage

    def prepare(self, context: Context) -> None:
        """Learn from training embeddings and labels; without them, go on with what was learned before."""
        if self.projection_ is None:
            context.required("train_embeddings", "learned_whitening")
            context.required("train_labels", "learned_whitening")
        super().prepare(context)

    def fit(self, embeddings: Tensor, labels: np.ndarray | None = None) -> None:
        """Learn from ``embeddings`` (n, d) and ``labels`` (n,) int.

        Raises:
            DataError: no labels, or none that occurs twice.
        """
        if labels is None or len(np.unique(labels)) == len(labels):
            raise DataError("learned_whitening learns from pairs of one label, and there is none")
        values = embeddings.detach().double().cpu().numpy()
        codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)[1:]
        sums = np.zeros((len(sizes), values.shape[1]))
        np.add.at(sums, codes, values)
        # Over all ordered pairs of n items of a label, Σ (x - y)(x - y)ᵀ is 2n times their scatter.
        apart = (values - (sums / sizes[:, None])[codes]) * np.sqrt(2.0 * sizes[codes])[:, None]
        within = apart.T @ apart / (sizes * (sizes - 1)).sum()
        scale = np.trace(within) / len(within) or 1.0  # 0 where pairs are copies of each other
        within = (1 - self.shrinkage) * within + (self.shrinkage + 1e-12) * scale * np.eye(len(within))
        variances, axes = np.linalg.eigh(within)
        inverse_root = axes / np.sqrt(np.maximum(variances, 1e-12 * variances[-1])) @ axes.T  # C_S^-½
        mean = values.mean(axis=0)
        between, turned = np.linalg.eigh(inverse_root @ np.cov(values, rowvar=False) @ inverse_root)
        self._keep(mean, between[::-1], (inverse_root @ turned)[:, ::-1])
