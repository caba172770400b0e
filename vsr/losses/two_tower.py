"""InfoNCE between two sides: queries and what belongs to them, or first and second views.

Source: van den Oord et al. 2018 (arXiv 1807.03748), eq. 4, one way; Radford et al. 2021, CLIP (arXiv
2103.00020), figure 3, both ways.
"""

import torch
from torch import Tensor, nn

from vsr.checks import check_batch
from vsr.losses.infonce import InfoNCE


class OneWayInfoNCE(nn.Module):
    """Mean over queries of the cross-entropy, in nats, of picking their positive among all positives.

    Rows 2k and 2k + 1 of a batch are a query x_k and its positive y_k, as ``data/positives=pairs`` and
    ``augment`` give them. With cosine similarities s and temperature t::

        L = -mean over k of log( exp(s(x_k, y_k) / t) / sum_j exp(s(x_k, y_j) / t) )

    Unlike `InfoNCE` no query is a negative of a query. Where several y_j have the query's label the mean over
    them is taken, as in `InfoNCE`.

    Args:
        temperature: > 0.
        learn_temperature: learn its logarithm, as `InfoNCE` does.

    Raises:
        ValueError: ``temperature`` as for `InfoNCE`; in ``forward``, rows that are not in pairs of one label.
    """

    def __init__(self, temperature: float = 0.07, learn_temperature: bool = False) -> None:
        super().__init__()
        self.infonce = InfoNCE(temperature, learn_temperature)

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Scalar float32 (float64 for float64 embeddings).

        Args:
            embeddings: (B, D) float: query, positive, query, positive …
            labels: (B,) int, alike in a pair.
        """
        check_batch(embeddings, labels)
        if len(labels) % 2 or not torch.equal(labels[::2], labels[1::2]):
            raise ValueError(
                "rows must come in pairs of one label (query, positive), and do not; "
                "use data/positives=pairs or augment, or loss=infonce"
            )
        return self.between(embeddings[::2], embeddings[1::2], labels[::2])

    def between(self, queries: Tensor, positives: Tensor, labels: Tensor) -> Tensor:
        """The loss of queries (K, D) and positives (K, D) with labels (K,)."""
        return self.infonce(queries, labels, positives, labels)


class CLIP(OneWayInfoNCE):
    """`OneWayInfoNCE` from queries to positives and from positives to queries, averaged.

    SimCLR's symmetric loss, `NTXent`, is another one: its negatives come from the anchor's own side too.
    """

    def between(self, queries: Tensor, positives: Tensor, labels: Tensor) -> Tensor:
        """The loss of queries (K, D) and positives (K, D) with labels (K,)."""
        there = self.infonce(queries, labels, positives, labels)
        return (there + self.infonce(positives, labels, queries, labels)) / 2
