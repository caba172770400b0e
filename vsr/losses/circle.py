"""Circle loss: each similarity is weighed by how far it is from its optimum.

Source: Sun et al. 2020 (arXiv 2002.10857), eq. 6 and 8, with pairwise labels.
"""

import torch.nn.functional as F
from torch import Tensor

from vsr.losses.logsumexp import masked_logsumexp
from vsr.losses.pairs import PairLoss, Pairs, mean_where, positives_of


class Circle(PairLoss):
    """Mean over the anchors that have both positives and negatives.

    With cosine similarities s, margin m and scale g, weights w taken as constants::

        L_i  = log(1 + sum_n exp(g w_n (s_in - m)) · sum_p exp(-g w_p (s_ip - (1 - m))))
        w_p  = max(0, 1 + m - s_ip)        w_n = max(0, s_in + m)

    Args:
        margin: m, in 0..1: positives are to exceed 1 - m, negatives to stay below m.
        scale: g, > 0. The paper: m 0.25 and g 128 for persons, 0.4 and 80 for fine-grained retrieval.

    Raises:
        ValueError: a value is out of its range.
    """

    def __init__(self, margin: float = 0.4, scale: float = 80.0) -> None:
        super().__init__()
        if not 0 <= margin <= 1:
            raise ValueError(f"margin must be in 0..1, got {margin}")
        if scale <= 0:
            raise ValueError(f"scale must be > 0, got {scale}")
        self.margin = margin
        self.scale = scale

    def of_pairs(self, pairs: Pairs) -> Tensor:
        """See `PairLoss.of_pairs`; 0 when no label repeats or there is only one."""
        m, far, near = self.margin, positives_of(pairs), pairs.similarities
        pull = (1 + m - far.near.detach()).clamp_(min=0).mul_(-self.scale) * (far.near - (1 - m))  # (B, W)
        push = (near.detach() + m).clamp_(min=0).mul_(self.scale) * (near - m)  # (B, N)
        both = masked_logsumexp(pull, far.filled) + masked_logsumexp(push, pairs.negative)
        return mean_where(F.softplus(both), pairs.positive.any(dim=1) & pairs.negative.any(dim=1))
