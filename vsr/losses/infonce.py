"""InfoNCE with in-batch negatives and any number of positives per anchor.

Source: van den Oord et al. 2018 (arXiv 1807.03748), eq. 4. With several positives per anchor it is L_out of
Khosla et al. 2020 (arXiv 2004.11362), eq. 2. A learned temperature is CLIP's (Radford et al. 2021, arXiv
2103.00020, sec. 2.5).
"""

import math

import torch
from torch import Tensor, nn

from vsr.losses.logsumexp import masked_logsumexp
from vsr.losses.pairs import PairLoss, Pairs, check_temperature, mean_where

LEARNED_RANGE = (0.01, 1.0)  # CLIP's floor; above 1 cosine similarities hardly tell pictures apart


class InfoNCE(PairLoss):
    """Mean over anchors of the cross-entropy, in nats, of picking a positive from the batch.

    With cosine similarities s, temperature t, and P(i) the other pictures of anchor i's label::

        L   = mean of L_i over the anchors with P(i) not empty
        L_i = -1/|P(i)| sum_{p in P(i)} log( exp(s_ip / t) / sum_{a != i} exp(s_ia / t) )

    It is symmetric as it stands: every picture is an anchor, so that each pair counts once from either side.
    `OneWayInfoNCE` and `CLIP` are other losses: their anchors have no negatives from their own side.

    Args:
        temperature: divides the cosine similarities, > 0. Lower makes hard negatives count more.
        learn_temperature: learn the logarithm of the temperature, from ``temperature``, kept in 0.01..1.

    Raises:
        ValueError: ``temperature`` <= 0, or learned and outside 0.01..1, or a shape in ``forward`` is wrong.
    """

    def __init__(self, temperature: float = 0.07, learn_temperature: bool = False) -> None:
        super().__init__()
        check_temperature(temperature)
        low, high = LEARNED_RANGE
        if learn_temperature and not low <= temperature <= high:
            raise ValueError(f"a learned temperature must start in {low:g}..{high:g}, got {temperature}")
        self.temperature = temperature
        self.learn_temperature = learn_temperature
        if learn_temperature:
            self.log_temperature = nn.Parameter(torch.tensor(math.log(temperature)))

    def of_pairs(self, pairs: Pairs) -> Tensor:
        """See `PairLoss.of_pairs`; 0 when no label repeats."""
        logits = pairs.similarities / self._temperature()
        near = mean_of_positives(logits, pairs.positive)  # before the total: a matrix less at a time
        total = masked_logsumexp(logits, pairs.positive | pairs.negative)  # (B,)
        return mean_where(total - near, pairs.positive.any(dim=1))

    def _temperature(self) -> float | Tensor:
        if not self.learn_temperature:
            return self.temperature
        # The parameter itself is kept in range, not its copy: a clamped copy has no gradient to come back by.
        with torch.no_grad():
            self.log_temperature.clamp_(*map(math.log, LEARNED_RANGE))
        return self.log_temperature.exp()


def mean_of_positives(logits: Tensor, positive: Tensor) -> Tensor:
    """Mean (B,) of the ``logits`` (B, N) of each anchor that ``positive`` (B, N) picks; 0 of none."""
    return torch.where(positive, logits, 0).sum(dim=1) / positive.sum(dim=1).clamp(min=1)
