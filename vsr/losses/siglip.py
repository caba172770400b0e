"""Pairwise sigmoid loss: every pair is a yes-or-no question of its own.

Source: Zhai et al. 2023, SigLIP (arXiv 2303.15343), alg. 1, for a batch compared with itself.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsr.losses.pairs import PairLoss, Pairs


class SigLIP(PairLoss):
    """Cross-entropy, in nats, of telling positive from negative pairs, summed over pairs, divided by anchors.

    With cosine similarities s, learned scale k and bias b, and z_ij = 1 for pictures of one label, else -1::

        L = -1/B sum_i sum_{j != i} log sigmoid(z_ij (k s_ij + b))

    Unlike a softmax it needs no repeated label: negatives alone teach too.

    Args:
        scale: start of k = 1 / temperature, > 0; its logarithm is learned.
        bias: start of b; about minus the log of negatives per positive, so that learning starts calmly.

    Raises:
        ValueError: ``scale`` <= 0.
    """

    def __init__(self, scale: float = 10.0, bias: float = -10.0) -> None:
        super().__init__()
        if not 0 < scale < math.inf:
            raise ValueError(f"scale must be > 0 and finite, got {scale}")
        self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))
        self.bias = nn.Parameter(torch.tensor(float(bias)))

    def of_pairs(self, pairs: Pairs) -> Tensor:
        """See `PairLoss.of_pairs`; 0 for a single picture."""
        logits = pairs.similarities * self.log_scale.exp() + self.bias
        # -log sigmoid(-x) is softplus(x); for a positive pair x less: softplus(-x) = softplus(x) - x.
        questions = torch.where(pairs.positive | pairs.negative, F.softplus(logits), 0).sum()
        return (questions - torch.where(pairs.positive, logits, 0).sum()) / len(logits)
