"""Batches out of a few shards at a time, for shards on a drive that dislikes being read all over."""

import numpy as np
import torch
from torch import Tensor

from vsr.data.samplers.sampler import Sampler


class ShardWindows:
    """Lets ``sampler`` deal out the pictures of ``at_once`` shards, then those of the next ones.

    Which shards are read together is drawn once; every epoch takes these windows in another order and deals
    each of them out anew. (The number of batches then stays the same, as trainers want it.) In a window the
    sampler does what it does in a whole epoch: `BalancedBatches` groups its pictures by label. A label with
    one picture in a window has no positive there, so shards should be written in random order, with some
    pictures of a label together: `vsr.data.shards.write_shards` does both.

    Args:
        sampler: what shares a batch.
        shards: (E,) int64, the shard of each example.
        at_once: shards in a window, >= 1.

    Raises:
        ValueError: ``at_once`` < 1.
    """

    def __init__(self, sampler: Sampler, shards: Tensor, at_once: int) -> None:
        if at_once < 1:
            raise ValueError(f"shards_at_once must be >= 1, or null for all, got {at_once}")
        self.sampler = sampler
        codes, place = np.unique(shards.numpy(), return_inverse=True)
        order = np.random.default_rng(0).permutation(len(codes))  # as they are dealt out, over the labels
        window = np.empty(len(codes), dtype=np.int64)
        window[order] = np.arange(len(codes)) // at_once
        of_example = window[place]
        by_window = np.argsort(of_example, kind="stable")
        starts = np.flatnonzero(np.diff(of_example[by_window], prepend=-1))
        self.windows = [torch.from_numpy(part) for part in np.split(by_window, starts[1:])]

    def batches(self, labels: Tensor, generator: torch.Generator) -> list[list[int]]:
        """See `vsr.data.samplers.Sampler`."""
        dealt = []
        for number in torch.randperm(len(self.windows), generator=generator).tolist():
            window = self.windows[number]
            dealt += [window[batch].tolist() for batch in self.sampler.batches(labels[window], generator)]
        return dealt
