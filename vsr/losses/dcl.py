"""Decoupled contrastive learning: NT-Xent without the positive in its denominator.

Source: Yeh et al. 2022 (arXiv 2110.06848), eq. 6.
"""

from torch import Tensor

from vsr.losses.logsumexp import masked_logsumexp
from vsr.losses.pairs import PairLoss, Pairs, check_temperature, mean_of


class DCL(PairLoss):
    """Mean over the ordered positive pairs whose anchor has a negative; it may fall below 0, without bound.

    With cosine similarities s, temperature t, and N(i) the pictures of other labels than anchor i's::

        L    = mean of L_ip over all i and p != i of one label
        L_ip = -s_ip / t + log sum_{n in N(i)} exp(s_in / t)

    An easy pair keeps its full gradient, which in `NTXent` the positive's own share of the sum takes away:
    that is what makes small batches work.

    Args:
        temperature: > 0.

    Raises:
        ValueError: ``temperature`` <= 0.
    """

    def __init__(self, temperature: float = 0.1) -> None:
        super().__init__()
        check_temperature(temperature)
        self.temperature = temperature

    def of_pairs(self, pairs: Pairs) -> Tensor:
        """See `PairLoss.of_pairs`; 0 when no label repeats or there is only one."""
        logits = pairs.similarities / self.temperature
        compared = pairs.positive & pairs.negative.any(dim=1, keepdim=True)
        anchors, columns = compared.nonzero(as_tuple=True)  # (P,)
        negatives = masked_logsumexp(logits, pairs.negative)  # (B,)
        return mean_of(negatives[anchors] - logits[anchors, columns])
