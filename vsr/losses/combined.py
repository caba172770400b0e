"""A weighted sum of losses."""

import math
from collections.abc import Mapping

from torch import Tensor, nn

from vsr.losses.levels import is_graded, labels_for


class Combined(nn.Module):
    """Σ weight · loss over named losses, each computed on the same batch.

    Args:
        losses: by name, at least one.
        weights: by the same names; 1 where there is none.

    Attributes:
        graded: whether one of the losses wants labels of all levels, (B, L).

    Raises:
        ValueError: no loss, a weight without a loss, or a weight that is not finite.
    """

    def __init__(self, losses: Mapping[str, nn.Module], weights: Mapping[str, float] | None = None) -> None:
        super().__init__()
        weights = weights or {}
        if not losses:
            raise ValueError("losses must hold at least one loss")
        for name, weight in weights.items():
            if name not in losses:
                raise ValueError(f"weights.{name} names none of the losses {', '.join(losses)}")
            if not math.isfinite(weight):
                raise ValueError(f"weights.{name} must be finite, got {weight}")
        self.losses = nn.ModuleDict(losses)
        self.weights = {name: weights.get(name, 1.0) for name in losses}
        self.graded = any(is_graded(loss) for loss in losses.values())

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Scalar float32 (float64 for float64 embeddings).

        Args:
            embeddings: (B, D) float.
            labels: (B,) int, or (B, L) from fine to coarse.
        """
        terms = (
            self.weights[name] * loss(embeddings, labels_for(loss, labels))
            for name, loss in self.losses.items()
        )
        return sum(terms, start=embeddings.new_zeros(()))
