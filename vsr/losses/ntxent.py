"""NT-Xent, the loss of SimCLR: one positive at a time against the negatives.

Source: Chen et al. 2020 (arXiv 2002.05709), eq. 1.
"""

import torch.nn.functional as F
from torch import Tensor

from vsr.losses.logsumexp import masked_logsumexp
from vsr.losses.pairs import PairLoss, Pairs, check_temperature, mean_of


class NTXent(PairLoss):
    """Mean over the ordered positive pairs of the cross-entropy, in nats, of that positive and the negatives.

    With cosine similarities s, temperature t, and N(i) the pictures of other labels than anchor i's::

        L    = mean of L_ip over all i and p != i of one label
        L_ip = -log( exp(s_ip / t) / (exp(s_ip / t) + sum_{n in N(i)} exp(s_in / t)) )

    With two views of each picture it is SimCLR's, and `InfoNCE`'s. With more positives it is not `InfoNCE`
    (SupCon): there the other positives stand in the denominator too and push each other away.

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
        """See `PairLoss.of_pairs`; 0 when no label repeats."""
        anchors, columns = pairs.positive.nonzero(as_tuple=True)  # (P,)
        logits = pairs.similarities / self.temperature
        negatives = masked_logsumexp(logits, pairs.negative)  # (B,)
        return mean_of(F.softplus(negatives[anchors] - logits[anchors, columns]))
