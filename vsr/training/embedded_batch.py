"""The pictures of a training step, embedded."""

from typing import NamedTuple

import torch
from torch import Tensor

from vsr.training.distributed import gather, gather_sizes


class Embedded(NamedTuple):
    """What a loss looks at.

    Attributes:
        embeddings: (B, D), with gradient.
        labels: (B, L) int64, fine to coarse.
        rows: (B,) int64 catalogue rows: views of one picture have the same.
        keys: (B, D) of the same pictures by a momentum encoder, without gradient; None where there is none.
    """

    embeddings: Tensor
    labels: Tensor
    rows: Tensor
    keys: Tensor | None = None

    def on_all_devices(self) -> "Embedded":
        """The pictures of all ranks, in the order of the ranks; to be called on all of them at once."""
        sizes = gather_sizes(len(self.rows), self.rows.device)
        if len(sizes) == 1:
            return self
        numbers = gather(torch.cat([self.labels, self.rows[:, None]], dim=1), sizes)  # (B, L + 1)
        keys = None if self.keys is None else gather(self.keys, sizes)
        return Embedded(gather(self.embeddings, sizes), numbers[:, :-1], numbers[:, -1], keys)
