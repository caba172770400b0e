"""The margin loss on single pairs: positives together, negatives a margin apart.

Source: Hadsell et al. 2006 (CVPR, "Dimensionality Reduction by Learning an Invariant Mapping"), with
distances in place of their squares and a margin for positives, as in "A Metric Learning Reality Check" (arXiv
2003.08505).
"""

import torch.nn.functional as F
from torch import Tensor

from vsr.losses.pairs import PairLoss, Pairs, distances, mean_where


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
        apart = distances(pairs.similarities)
        anchors, columns = pairs.positive.nonzero(as_tuple=True)
        too_far = F.relu(apart[anchors, columns] - self.positive_margin)
        too_near = F.relu(self.negative_margin - apart)
        return mean_where(too_far, too_far > 0) + mean_where(too_near, pairs.negative & (too_near > 0))
