"""Multi-class N-pair loss: a softmax over plain dot products, and a pull on their length.

Source: Sohn 2016 (NeurIPS, "Improved Deep Metric Learning with Multi-class N-pair Loss Objective"), eq. 6 and
section 3.2.2, over all pairs of a batch.
"""

import torch.nn.functional as F
from torch import Tensor

from vsr.losses.logsumexp import masked_logsumexp
from vsr.losses.pairs import PairLoss, Pairs, mean_of, widened


class NPair(PairLoss):
    """`NTXent` with dot products of embeddings as they are, and no temperature.

    With dot products x_i · x_j, N(i) the pictures of other labels, and weight w of the mean squared length::

        L = mean over positive pairs (i, p) of log(1 + sum_{n in N(i)} exp(x_i · x_n - x_i · x_p))
          + w · mean of |x_i|²

    The paper takes two pictures of each label, the first ones as anchors and the second ones as positives and
    negatives: that is ``loss(first, labels, second, labels)`` here. A batch compared with itself has the
    other labels' anchors as negatives too. The length of the embeddings decides how sharp the softmax is:
    use it with ``model.normalize=false``.

    Args:
        length_weight: w, >= 0.

    Raises:
        ValueError: ``length_weight`` < 0.
    """

    def __init__(self, length_weight: float = 0.002) -> None:
        super().__init__()
        if length_weight < 0:
            raise ValueError(f"length_weight must be >= 0, got {length_weight}")
        self.length_weight = length_weight

    def forward(
        self,
        embeddings: Tensor,
        labels: Tensor,
        ref_embeddings: Tensor | None = None,
        ref_labels: Tensor | None = None,
        own: Tensor | None = None,
    ) -> Tensor:
        """See `PairLoss.forward`; without a positive pair the lengths alone count."""
        loss = super().forward(embeddings, labels, ref_embeddings, ref_labels, own)
        return loss + self.length_weight * mean_of(widened(embeddings).square().sum(dim=1))

    def of_pairs(self, pairs: Pairs) -> Tensor:
        """See `PairLoss.of_pairs`; 0 when no label repeats."""
        anchors, columns = pairs.positive.nonzero(as_tuple=True)  # (P,)
        negatives = masked_logsumexp(pairs.similarities, pairs.negative)  # (B,)
        return mean_of(F.softplus(negatives[anchors] - pairs.similarities[anchors, columns]))

    def vectors(self, embeddings: Tensor) -> Tensor:
        """Embeddings as long as they are."""
        return widened(embeddings)
