"""Batches of P labels with K examples each."""

import torch
from torch import Tensor

from vsr.data.samplers.label_groups import check_groups, draw_groups, members, spread


class BalancedBatches:
    """P labels with K examples of each (Hermans et al. 2017, arXiv 1703.07737, section 2), K = ``per_label``.

    Every label's examples are shuffled and cut into groups of K, and each group goes to one batch, so an
    example appears at most once an epoch and a label at most once a batch. What is not a whole group is left
    out of the epoch, another part each time; so are groups of a label that has more of them than there are
    batches. A label with fewer than K examples gives what it has: its batches are smaller. Where few labels
    hold most examples, batches have fewer than P labels, but at least half, and the epoch is as long as that
    allows.

    Args:
        batch_size: P × K, examples a batch.
        per_label: K. 1 makes sense only when every example brings its own positive (several views).

    Raises:
        ValueError: ``per_label`` < 1, or ``batch_size`` is not at least 2 × ``per_label`` and a multiple of
            it.
    """

    def __init__(self, batch_size: int, per_label: int = 4) -> None:
        check_groups(batch_size, per_label)
        self.batch_size = batch_size
        self.per_label = per_label

    def batches(self, labels: Tensor, generator: torch.Generator) -> list[list[int]]:
        """Batches of groups that share the finest label in ``labels`` (E, L)."""
        fine = labels[:, 0].numpy()
        groups = draw_groups(fine, self.per_label, generator)
        dealt = spread(fine[groups[:, 0]], self.batch_size // self.per_label, generator)
        return [members(groups[batch]) for batch in dealt]
