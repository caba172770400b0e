"""Supervised contrastive loss with the mean over positives inside the logarithm, L_in.

Source: Khosla et al. 2020 (arXiv 2004.11362), eq. 3. Its better form, L_out of eq. 2, is `InfoNCE`.
"""

from torch import Tensor

from vsr.losses.logsumexp import masked_logsumexp
from vsr.losses.pairs import PairLoss, Pairs, check_temperature, mean_where, positives_of


class SupConIn(PairLoss):
    """Mean over anchors of minus the log of the mean probability of a positive, in nats.

    With cosine similarities s, temperature t, and P(i) the other pictures of anchor i's label::

        L   = mean of L_i over the anchors with P(i) not empty
        L_i = -log( 1/|P(i)| sum_{p in P(i)} exp(s_ip / t) / sum_{a != i} exp(s_ia / t) )

    Its gradient dwells on the positives that are near already; by Jensen it is at most `InfoNCE` (L_out),
    and equal where anchors have one positive.

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
        logits = pairs.similarities / self.temperature
        n_positive = pairs.positive.sum(dim=1)
        few = positives_of(pairs)
        mean = (
            masked_logsumexp(few.near / self.temperature, few.filled)
            - n_positive.clamp(min=1).to(logits.dtype).log()
        )
        total = masked_logsumexp(logits, pairs.positive | pairs.negative)  # (B,)
        return mean_where(total - mean, n_positive > 0)
