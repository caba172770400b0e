"""Batches of examples in random order."""

import torch
from torch import Tensor

from vsr.data.samplers.label_groups import check_batch_size


class RandomBatches:
    """Examples in random order, cut into batches: for views and pairs, which bring their positive along.

    A rest that fills no batch is left out of the epoch, another one each time; fewer examples than one batch
    make one smaller batch.

    Args:
        batch_size: examples a batch, >= 2. With V views it holds V times as many pictures.

    Raises:
        ValueError: ``batch_size`` < 2.
    """

    def __init__(self, batch_size: int) -> None:
        check_batch_size(batch_size)
        self.batch_size = batch_size

    def batches(self, labels: Tensor, generator: torch.Generator) -> list[list[int]]:
        """Random batches of the E examples of ``labels`` (E, L)."""
        order = torch.randperm(len(labels), generator=generator).tolist()
        size = min(self.batch_size, len(order))
        return (
            [order[start : start + size] for start in range(0, len(order) - size + 1, size)] if size else []
        )
