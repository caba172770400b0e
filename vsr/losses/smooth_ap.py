"""Smooth-AP: average precision with the steps of its ranks made smooth.

Source: Brown et al. 2020 (arXiv 2007.12163), eq. 7.
"""

from torch import Tensor

from vsr.losses.pairs import PairLoss, Pairs, check_temperature, mean_where
from vsr.losses.ranks import soft_ranks, sum_by_anchor


class SmoothAP(PairLoss):
    """1 - mean over anchors of their smooth average precision, in 0..1.

    With cosine similarities s, sigmoid g(x) = 1 / (1 + exp(-x / t)), P(i) the other pictures of anchor i's
    label and all(i) every other picture::

        AP_i = 1/|P(i)| sum_{p in P(i)} (1 + sum_{q in P(i), q != p} g(s_iq - s_ip))
                                      / (1 + sum_{j in all(i), j != p} g(s_ij - s_ip))

    The anchor is not among its own positives. The paper's code counts it, at a similarity of 1: an easy
    positive at the first rank, which flatters the loss. For t to 0 this is 1 - mAP as the evaluation has it.
    Ranks are summed in blocks: memory grows with B², time with B² × positives of an anchor.

    Args:
        temperature: t of the sigmoids, > 0. Smaller is nearer to AP, with a gradient for fewer pairs.

    Raises:
        ValueError: ``temperature`` <= 0.
    """

    def __init__(self, temperature: float = 0.01) -> None:
        super().__init__()
        check_temperature(temperature)
        self.temperature = temperature

    def of_pairs(self, pairs: Pairs) -> Tensor:
        """See `PairLoss.of_pairs`; 0 when no label repeats."""
        ranks = soft_ranks(pairs, self.temperature)
        n_positive = pairs.positive.sum(dim=1)
        precision = ranks.among_positives / ranks.among_all  # (P,)
        average = sum_by_anchor(precision, ranks.anchors, len(n_positive)) / n_positive.clamp(min=1)
        return mean_where(1 - average, n_positive > 0)
