"""Recall@k surrogate, RS@k: how many positives are within the first k, made smooth.

Source: Patel et al. 2022 (arXiv 2108.11179), eq. 7 to 10, without its mixing of similarities.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from vsr.losses.pairs import PairLoss, Pairs, check_temperature, mean_where
from vsr.losses.ranks import soft_ranks, sum_by_anchor


class RecallAtK(PairLoss):
    """1 - mean over anchors and over k of the smooth recall within the first k.

    With cosine similarities s, g_t(x) = 1 / (1 + exp(-x / t)), P(i) the other pictures of anchor i's label::

        r_ip  = 1 + sum over every other picture j != p of g_t(s_ij - s_ip)
        R_i@k = 1 / min(k, |P(i)|) sum_{p in P(i)} g_u(k - r_ip)

    The anchor is not counted among its own results. A positive at rank k counts half. What exceeds 1 (three
    positives at ranks 1 to 3 and k = 2, say) is not cut: it still tells them apart.

    Args:
        ks: the k.
        rank_temperature: t of the ranks, > 0.
        recall_temperature: u of the cut at k, > 0, in ranks.

    Raises:
        ValueError: no k, a k < 1, or a temperature <= 0.
    """

    def __init__(
        self,
        ks: Sequence[int] = (1, 2, 4, 8, 16),
        rank_temperature: float = 0.01,
        recall_temperature: float = 1.0,
    ) -> None:
        super().__init__()
        if not ks or min(ks) < 1:
            raise ValueError(f"ks must be at least one number >= 1, got {list(ks)}")
        check_temperature(rank_temperature, "rank_temperature")
        check_temperature(recall_temperature, "recall_temperature")
        self.ks = tuple(ks)
        self.rank_temperature = rank_temperature
        self.recall_temperature = recall_temperature

    def of_pairs(self, pairs: Pairs) -> Tensor:
        """See `PairLoss.of_pairs`; 0 when no label repeats."""
        ranks = soft_ranks(pairs, self.rank_temperature)
        n_positive = pairs.positive.sum(dim=1)
        per_k = []
        for k in self.ks:
            within = torch.sigmoid((k - ranks.among_all) / self.recall_temperature)  # (P,)
            found = sum_by_anchor(within, ranks.anchors, len(n_positive))
            per_k.append(1 - found / n_positive.clamp(min=1, max=k))
        return mean_where(torch.stack(per_k).mean(dim=0), n_positive > 0)
