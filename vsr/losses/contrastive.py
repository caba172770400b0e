"""The margin loss on single pairs: positives together, negatives a margin apart.

Source: Hadsell et al. 2006 (CVPR, "Dimensionality Reduction by Learning an Invariant Mapping"), with
distances in place of their squares and a margin for positives, as in "A Metric Learning Reality Check" (arXiv
2003.08505).
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from vsr.losses.pairs import PairLoss, Pairs, distances, mean_where

COINCIDE = 1.001e-6  # the least that `distances` gives; nothing is pushed in no direction


class Contrastive(PairLoss):
    """How far positives are too far and negatives too near, each averaged over the pairs that are.

    With Euclidean distances d of unit vectors, m+ and m- the margins::

        L = mean of max(0, d_ip - m+) over positive pairs where it is not 0
          + mean of max(0, m- - d_in) over negative pairs where it is not 0

    Pairs that keep their margin are left out of the means: nearly all negatives soon do, and would hide the
    others. Negatives alone teach too.

    Args:
        positive_margin: m+, from which positives are pulled, >= 0.
        negative_margin: m-, up to which negatives are pushed, in positive_margin..2.

    Raises:
        ValueError: a margin is out of its range.
    """

    def __init__(self, positive_margin: float = 0.0, negative_margin: float = 1.0) -> None:
        super().__init__()
        if positive_margin < 0:
            raise ValueError(f"positive_margin must be >= 0, got {positive_margin}")
        if not positive_margin <= negative_margin <= 2:
            raise ValueError(
                f"negative_margin must be in {positive_margin:g}..2, as unit vectors are at most 2 apart, "
                f"got {negative_margin}"
            )
        self.positive_margin = positive_margin
        self.negative_margin = negative_margin

    def of_pairs(self, pairs: Pairs) -> Tensor:
        """See `PairLoss.of_pairs`; 0 for a single picture."""
        anchors, columns = pairs.positive.nonzero(as_tuple=True)  # few: what is done to them costs little
        too_far = F.relu(distances(pairs.similarities[anchors, columns]) - self.positive_margin)
        too_near = _TooNear.apply(pairs.similarities, pairs.negative, self.negative_margin)
        return mean_where(too_far, too_far > 0) + too_near


class _TooNear(torch.autograd.Function):
    """Mean of max(0, margin - d) over the pairs of a mask where it is not 0; may be differentiated once.

    Value and slope (1 / d, as d = sqrt(2 - 2s)) are made together: half the passes over the matrix that
    autograd takes, and one matrix kept for it.
    """

    @staticmethod
    def forward(ctx: Any, similarities: Tensor, mask: Tensor, margin: float) -> Tensor:
        apart = distances(similarities)
        near = (apart < margin).logical_and_(mask)
        n_near = near.sum().clamp(min=1)
        value = torch.where(near, margin - apart, 0).sum() / n_near
        near &= apart > COINCIDE
        ctx.save_for_backward(apart.reciprocal_().mul_(near).div_(n_near))
        return value

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        return slope * grads[0], None, None
