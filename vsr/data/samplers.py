"""Which examples share a batch, decided anew every epoch by a generator and nothing else."""

import bisect
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor


class Sampler(Protocol):
    """Deals out the batches of one epoch.

    The number of batches depends on ``labels`` alone, never on the generator: trainers ask for it once.
    """

    def batches(self, labels: Tensor, generator: torch.Generator) -> list[list[int]]:
        """Indices into ``labels`` (E, L), a list a batch, no index twice in an epoch."""
        ...


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
        _check_batch_size(batch_size)
        self.batch_size = batch_size

    def batches(self, labels: Tensor, generator: torch.Generator) -> list[list[int]]:
        """Random batches of the E examples of ``labels`` (E, L)."""
        order = torch.randperm(len(labels), generator=generator).tolist()
        size = min(self.batch_size, len(order))
        return (
            [order[start : start + size] for start in range(0, len(order) - size + 1, size)] if size else []
        )


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
        _check_batch_size(batch_size)
        if per_label < 1:
            raise ValueError(f"per_label must be >= 1, got {per_label}")
        if batch_size % per_label or batch_size < 2 * per_label:
            raise ValueError(
                f"batch_size must be a multiple of per_label={per_label} with two labels or more, got "
                f"{batch_size}; use {max(2, round(batch_size / per_label)) * per_label}"
            )
        self.batch_size = batch_size
        self.per_label = per_label

    def batches(self, labels: Tensor, generator: torch.Generator) -> list[list[int]]:
        """Batches of groups that share the finest label in ``labels`` (E, L)."""
        fine = labels[:, 0].numpy()
        groups = self._groups(fine, generator)  # a row a group, in random order; -1 where a group is short
        label_of_group = fine[groups[:, 0]]
        n_batches, n_labels = self._shape(np.unique(label_of_group, return_counts=True)[1])
        if not n_batches:
            return []
        kept = groups[_occurrence(label_of_group) < n_batches][: n_batches * n_labels]
        # Groups of one label become neighbors, labels staying in random order; dealing them out in turn then
        # never gives a batch the same label twice, because no label has more groups than there are batches.
        first = np.unique(fine[kept[:, 0]], return_index=True, return_inverse=True)
        kept = kept[np.argsort(first[1][first[2]], kind="stable")]
        order = torch.randperm(n_batches, generator=generator).tolist()
        return [kept[batch::n_batches][kept[batch::n_batches] >= 0].tolist() for batch in order]

    def _groups(self, fine: np.ndarray, generator: torch.Generator) -> np.ndarray:
        """Examples (G, K) of each group of one label, -1 where it is short, groups in random order."""
        shuffled = torch.randperm(len(fine), generator=generator).numpy()
        place = _occurrence(fine[shuffled])  # of each example within its label
        label, count = np.unique(fine, return_counts=True)
        of_label = np.searchsorted(label, fine[shuffled])
        n_groups = np.maximum(count // self.per_label, 1)
        start = np.cumsum(n_groups) - n_groups
        whole = place < n_groups[of_label] * self.per_label  # the rest waits for another epoch
        groups = np.full((n_groups.sum(), self.per_label), -1, dtype=np.int64)
        at = (start[of_label] + place // self.per_label)[whole]
        groups[at, (place % self.per_label)[whole]] = shuffled[whole]
        return groups[torch.randperm(len(groups), generator=generator).numpy()]

    def _shape(self, n_groups: np.ndarray) -> tuple[int, int]:
        """Number of batches, and the most labels of a batch, for labels with ``n_groups`` groups."""
        n_labels = min(self.batch_size // self.per_label, len(n_groups))
        if n_labels < 2:
            return 0, n_labels
        least = max(2, -(-n_labels // 2))
        n_batches = max(1, int(n_groups.sum()) // n_labels)
        # A batch takes one group of a label. What that allows is concave in the number of batches and one
        # batch is always possible, so there is a largest number: as many as come before the first that is too
        # many.
        too_many = bisect.bisect_left(
            range(1, n_batches + 1),
            True,
            key=lambda number: bool(np.minimum(n_groups, number).sum() < least * number),
        )
        return too_many, n_labels


def _occurrence(values: np.ndarray) -> np.ndarray:
    """How often (N,) each value has come before in ``values`` (N,)."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = (
        np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(values) else np.array([], dtype=int)
    )
    lengths = np.diff(np.r_[starts, len(values)])
    count = np.empty(len(values), dtype=np.int64)
    count[order] = np.arange(len(values)) - np.repeat(starts, lengths)
    return count


def _check_batch_size(batch_size: int) -> None:
    if batch_size < 2:
        raise ValueError(f"batch_size must be >= 2, got {batch_size}: a contrastive loss compares examples")


def share_with_positive(batches: Sequence[Sequence[int]], labels: Tensor) -> float:
    """Share of the examples that meet another of their finest label (labels is (E, L)) in their batch."""
    met = total = 0
    for batch in batches:
        _, counts = torch.unique(labels[list(batch), 0], return_counts=True)
        met += int(counts[counts > 1].sum())
        total += len(batch)
    return met / max(total, 1)
