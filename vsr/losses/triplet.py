"""Triplet losses: a positive is to be nearer than a negative, by a margin.

Sources: Schroff et al. 2015, FaceNet (arXiv 1503.03832), for semi-hard negatives; Hermans et al. 2017 (arXiv
1703.07737) for batch-all, batch-hard and the soft margin.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from vsr.losses.differences import Curve, hinge, softplus, step, sums_of_differences
from vsr.losses.pairs import PairLoss, Pairs, distances, mean_where


class BatchAllTriplet(PairLoss):
    """Mean over all triplets of a batch that break the margin.

    With Euclidean distances d of unit vectors, anchors a, positives p, negatives n and margin m::

        L = mean of max(0, d_ap - d_an + m) over the triplets where it is not 0
        L = mean of log(1 + exp(d_ap - d_an)) over all triplets        (soft margin)

    Triplets are summed in blocks, never kept: memory grows with B², time with B² × positives of an anchor.

    Args:
        margin: m, > 0, in distances of 0..2; None for the soft margin.

    Raises:
        ValueError: ``margin`` <= 0.
    """

    def __init__(self, margin: float | None = 0.2) -> None:
        super().__init__()
        check_margin(margin)
        self.margin = margin

    def of_pairs(self, pairs: Pairs) -> Tensor:
        """See `PairLoss.of_pairs`; 0 when no label repeats or there is only one."""
        nearness = -distances(pairs.similarities)
        anchors, columns = pairs.positive.nonzero(as_tuple=True)
        summed, counted = self._curves()
        total = sums_of_differences(nearness, anchors, columns, pairs.negative, summed).sum()
        number = sums_of_differences(nearness.detach(), anchors, columns, pairs.negative, counted).sum()
        return total / number.clamp(min=1)

    def _curves(self) -> tuple[Curve, Curve]:
        """What is summed over the differences d_ap - d_an, and what counts the triplets summed."""
        if self.margin is None:
            return softplus(), step(torch.inf)
        return hinge(self.margin), step(self.margin)


class SemiHardTriplet(BatchAllTriplet):
    """Mean over the triplets whose negative is farther than the positive, but not by the margin.

    With Euclidean distances d of unit vectors and margin m::

        L = mean of d_ap - d_an + m over the triplets with d_ap < d_an < d_ap + m

    Every semi-hard negative counts, not one for each positive pair. Negatives that are nearer than the
    positive are left to later: they are often mislabeled, and collapse young networks.

    Args:
        margin: m, > 0.

    Raises:
        ValueError: ``margin`` <= 0.
    """

    def __init__(self, margin: float = 0.2) -> None:
        super().__init__(margin)
        self.width = margin

    def _curves(self) -> tuple[Curve, Curve]:
        def band(x: Tensor) -> Tensor:
            return ((x < 0) & (x > -self.width)).to(x.dtype)

        summed = Curve(lambda x: torch.where((x < 0) & (x > -self.width), x + self.width, 0), band)
        return summed, Curve(band, torch.zeros_like)


class BatchHardTriplet(PairLoss):
    """Mean over anchors of the triplet of their farthest positive and nearest negative.

    With Euclidean distances d of unit vectors and margin m, over anchors that have both::

        L = mean over a of max(0, max_p d_ap - min_n d_an + m)
        L = mean over a of log(1 + exp(max_p d_ap - min_n d_an))        (soft margin)

    Anchors that keep the margin count as 0 in the mean, as in the paper; pytorch-metric-learning leaves them
    out by default.

    Args:
        margin: m, > 0; None for the soft margin.

    Raises:
        ValueError: ``margin`` <= 0.
    """

    def __init__(self, margin: float | None = 0.2) -> None:
        super().__init__()
        check_margin(margin)
        self.margin = margin

    def of_pairs(self, pairs: Pairs) -> Tensor:
        """See `PairLoss.of_pairs`; 0 when no label repeats or there is only one."""
        near, positive, negative = pairs
        # The hardest pairs are found among similarities; distances are taken of these few alone.
        farthest = distances(near.masked_fill(~positive, torch.inf).amin(dim=1).clamp(max=1))  # (B,)
        nearest = distances(near.masked_fill(~negative, -torch.inf).amax(dim=1).clamp(min=-1))
        excess = farthest - nearest
        per_anchor = F.softplus(excess) if self.margin is None else F.relu(excess + self.margin)
        return mean_where(per_anchor, positive.any(dim=1) & negative.any(dim=1))


def check_margin(margin: float | None) -> None:
    """Raise ValueError unless ``margin`` is > 0 or None."""
    if margin is not None and not margin > 0:
        raise ValueError(f"margin must be > 0, or null for the soft margin, got {margin}")
