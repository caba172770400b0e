"""Groups of K examples of one label, and dealing them out so that no batch has a label twice."""

import bisect

import numpy as np
import torch


def draw_groups(labels: np.ndarray, per_label: int, generator: torch.Generator) -> np.ndarray:
    """Shuffle each label's examples and cut them into groups.

    What is not a whole group is left out; a label with fewer than K examples makes one short group.

    Args:
        labels: (E,) of the examples.
        per_label: K.
        generator: decides.

    Returns:
        Examples (G, K) of each group, -1 where it is short, groups in random order.
    """
    shuffled = torch.randperm(len(labels), generator=generator).numpy()
    place = occurrence(labels[shuffled])  # of each example within its label
    label, count = np.unique(labels, return_counts=True)
    of_label = np.searchsorted(label, labels[shuffled])
    n_groups = np.maximum(count // per_label, 1)
    start = np.cumsum(n_groups) - n_groups
    whole = place < n_groups[of_label] * per_label  # the rest waits for another epoch
    groups = np.full((n_groups.sum(), per_label), -1, dtype=np.int64)
    at = (start[of_label] + place // per_label)[whole]
    groups[at, (place % per_label)[whole]] = shuffled[whole]
    return groups[torch.randperm(len(groups), generator=generator).numpy()]


def members(groups: np.ndarray) -> list[int]:
    """The examples of the groups (n, K) of one batch."""
    return groups[groups >= 0].tolist()


def spread(
    labels: np.ndarray, per_batch: int, generator: torch.Generator, fewest: int = 2
) -> list[np.ndarray]:
    """Deal groups out into batches without the same label twice.

    Groups of a label that has more of them than there are batches are left out. Where few labels have most
    groups, batches have fewer than ``per_batch``, but at least half, and there are as many as that allows.

    Args:
        labels: (G,) of the groups, which are in random order.
        per_batch: the most groups, and so labels, of a batch.
        generator: decides.
        fewest: labels without which a batch teaches nothing.

    Returns:
        Positions of groups, an array a batch; their number depends on how often each label occurs alone.
    """
    n_batches, n_labels = epoch_shape(np.unique(labels, return_counts=True)[1], per_batch, fewest)
    if not n_batches:
        return []
    kept = np.flatnonzero(occurrence(labels) < n_batches)[: n_batches * n_labels]
    # Groups of one label become neighbors, labels staying in random order; dealing them out in turn then
    # never gives a batch the same label twice, because no label has more groups than there are batches.
    first = np.unique(labels[kept], return_index=True, return_inverse=True)
    kept = kept[np.argsort(first[1][first[2]], kind="stable")]
    order = torch.randperm(n_batches, generator=generator).tolist()
    return [kept[batch::n_batches] for batch in order]


def epoch_shape(n_groups: np.ndarray, per_batch: int, fewest: int = 2) -> tuple[int, int]:
    """Number of batches, and the most labels of a batch, for labels with ``n_groups`` groups."""
    n_labels = min(per_batch, len(n_groups))
    if n_labels < fewest:
        return 0, n_labels
    least = max(fewest, -(-n_labels // 2))
    n_batches = max(1, int(n_groups.sum()) // n_labels)
    # A batch takes one group of a label. What that allows is concave in the number of batches and one batch
    # is always possible, so there is a largest number: as many as come before the first that is too many.
    too_many = bisect.bisect_left(
        range(1, n_batches + 1),
        True,
        key=lambda number: bool(np.minimum(n_groups, number).sum() < least * number),
    )
    return too_many, n_labels


def occurrence(values: np.ndarray) -> np.ndarray:
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


def check_batch_size(batch_size: int) -> None:
    """Raise ValueError unless a batch holds two examples."""
    if batch_size < 2:
        raise ValueError(f"batch_size must be >= 2, got {batch_size}: a contrastive loss compares examples")


def check_groups(batch_size: int, per_label: int) -> None:
    """Raise ValueError unless a batch is whole groups of ``per_label`` examples of two labels or more."""
    check_batch_size(batch_size)
    if per_label < 1:
        raise ValueError(f"per_label must be >= 1, got {per_label}")
    if batch_size % per_label or batch_size < 2 * per_label:
        raise ValueError(
            f"batch_size must be a multiple of per_label={per_label} with two labels or more, got "
            f"{batch_size}; use {max(2, round(batch_size / per_label)) * per_label}"
        )
