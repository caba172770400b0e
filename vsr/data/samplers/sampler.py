"""Which examples share a batch, decided anew every epoch by a generator and nothing else."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor


class Sampler(Protocol):
    """Deals out the batches of one epoch.

    The number of batches depends on ``labels`` alone, never on the generator or on what was learned: trainers
    ask for it once.
    """

    def batches(self, labels: Tensor, generator: torch.Generator) -> list[list[int]]:
        """Indices into ``labels`` (E, L), a list a batch, no index twice in an epoch."""
        ...


@runtime_checkable
class LearningSampler(Protocol):
    """A sampler that wants to know where the labels lie."""

    def learn(self, labels: Tensor, means: Tensor) -> None:
        """Take the mean embeddings (C, D) of labels (C,)."""
        ...


def share_with_positive(batches: Sequence[Sequence[int]], labels: Tensor) -> float:
    """Share of the examples that meet another of their finest label (labels is (E, L)) in their batch."""
    met = total = 0
    for batch in batches:
        _, counts = torch.unique(labels[list(batch), 0], return_counts=True)
        met += int(counts[counts > 1].sum())
        total += len(batch)
    return met / max(total, 1)
