"""Multi-similarity loss with its mining of hard pairs.

Source: Wang et al. 2019 (arXiv 1904.06627), eq. 11 to 13.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from vsr.losses.logsumexp import masked_logsumexp
from vsr.losses.pairs import PairLoss, Pairs, positives_of


class MultiSimilarity(PairLoss):
    """Soft sum of far positives and near negatives of each anchor, averaged over all anchors.

    With cosine similarities s and the kept pairs P(i) and N(i) of anchor i::

        L_i = 1/a log(1 + sum_{p in P(i)} exp(-a (s_ip - c))) + 1/b log(1 + sum_{n in N(i)} exp(b (s_in - c)))

    A positive is kept when it is farther than the nearest negative, a negative when it is nearer than the
    farthest positive, ``mining`` given as a head start::

        s_ip - mining < max_n s_in        s_in + mining > min_p s_ip

    Args:
        alpha: a, > 0: how much the farthest positives count.
        beta: b, > 0: how much the nearest negatives count.
        base: c, the cosine at which a pair is at ease.
        mining: keep pairs within this of breaking the order; None keeps all.

    Raises:
        ValueError: ``alpha`` or ``beta`` <= 0.
    """

    def __init__(
        self, alpha: float = 2.0, beta: float = 50.0, base: float = 0.5, mining: float | None = 0.1
    ) -> None:
        super().__init__()
        for name, value in (("alpha", alpha), ("beta", beta)):
            if value <= 0:
                raise ValueError(f"{name} must be > 0, got {value}")
        self.alpha = alpha
        self.beta = beta
        self.base = base
        self.mining = mining

    def of_pairs(self, pairs: Pairs) -> Tensor:
        """See `PairLoss.of_pairs`; 0 with mining when no label repeats or there is only one."""
        if self.mining is not None:
            pairs = mined(pairs, self.mining)
        far = positives_of(pairs)
        pull = masked_logsumexp(self.alpha * (self.base - far.near), far.filled)  # (B,)
        push = masked_logsumexp(self.beta * (pairs.similarities - self.base), pairs.negative)
        pull, push = F.softplus(pull) / self.alpha, F.softplus(push) / self.beta
        return (pull + push).mean()


@torch.no_grad()
def mined(pairs: Pairs, slack: float) -> Pairs:
    """The positives and negatives that break the order of similarities, or nearly: within ``slack``."""
    similarities, positive, negative = pairs
    nearest_negative = similarities.masked_fill(~negative, -torch.inf).amax(dim=1, keepdim=True)
    farthest_positive = similarities.masked_fill(~positive, torch.inf).amin(dim=1, keepdim=True)
    return Pairs(
        similarities,
        positive & (similarities < nearest_negative + slack),
        negative & (similarities > farthest_positive - slack),
    )
