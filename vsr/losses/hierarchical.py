"""Hierarchical contrastive loss: graded relevance, such as product within category, as levels of positives.

Source: Zhang et al. 2022, HiMulCon (arXiv 2204.13207), eq. 4, with a weight that falls from level to level.
"""

import torch
from torch import Tensor

from vsr.losses.infonce import mean_of_positives
from vsr.losses.logsumexp import masked_logsumexp
from vsr.losses.pairs import PairLoss, check_temperature, mean_where


class Hierarchical(PairLoss):
    """Weighted mean over label levels of `InfoNCE`, whose positives are the pictures that share the level.

    With L_l the InfoNCE of level l, 0 the finest, whose positives share that level, and decay w::

        L = sum_l w^l L_l / sum_l w^l

    Pictures of one product are positives on every level, other products of the category on the coarse ones
    alone, and so end up between them and strangers. A label below 0 is unknown and shared with nobody.

    Args:
        temperature: > 0.
        decay: w, in 0..1: how much a level counts compared with the next finer one. 0 is plain InfoNCE.

    Attributes:
        graded: labels of all levels are wanted, (B, L).

    Raises:
        ValueError: ``temperature`` <= 0, or ``decay`` outside 0..1.
    """

    graded = True

    def __init__(self, temperature: float = 0.1, decay: float = 0.5) -> None:
        super().__init__()
        check_temperature(temperature)
        if not 0 <= decay <= 1:
            raise ValueError(f"decay must be in 0..1, got {decay}")
        self.temperature = temperature
        self.decay = decay

    def forward(
        self,
        embeddings: Tensor,
        labels: Tensor,
        ref_embeddings: Tensor | None = None,
        ref_labels: Tensor | None = None,
        own: Tensor | None = None,
    ) -> Tensor:
        """See `PairLoss.forward`; ``labels`` (B, L) and ``ref_labels`` (N, L) go from fine to coarse."""
        levels = labels[:, None] if labels.ndim == 1 else labels
        ref_levels = ref_labels[:, None] if ref_labels is not None and ref_labels.ndim == 1 else ref_labels
        with torch.autocast(embeddings.device.type, enabled=False):
            finest = None if ref_levels is None else ref_levels[:, 0]
            pairs = self.compare(embeddings, levels[:, 0], ref_embeddings, finest, own)
            if not pairs.similarities.numel():
                return pairs.similarities.sum()
            others = pairs.positive | pairs.negative
            logits = pairs.similarities / self.temperature
            columns = levels if ref_levels is None else ref_levels
            near, known = [], []  # of each level: the mean of the positives, and who has some
            for mine, theirs in zip(levels.T, columns.T, strict=True):
                shared = (mine[:, None] == theirs) & (mine >= 0)[:, None] & others
                near.append(mean_of_positives(logits, shared))
                known.append(shared.any(dim=1))
            total = masked_logsumexp(logits, others)  # (B,), the denominators of every level
            weights = [self.decay**level for level in range(len(near))]
            terms = zip(weights, near, known, strict=True)
            losses = (weight * mean_where(total - mean, some) for weight, mean, some in terms)
            return sum(losses, start=logits.new_zeros(())) / sum(weights)
