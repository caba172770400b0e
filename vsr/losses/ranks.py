"""Ranks of the positives, made smooth: how many columns are nearer to the anchor than they are."""

from typing import NamedTuple

from torch import Tensor

from vsr.losses.differences import sigmoid, sums_of_differences
from vsr.losses.pairs import Pairs, positives_of


class SoftRanks(NamedTuple):
    """The P positive pairs of a batch, anchor by anchor.

    Attributes:
        anchors: (P,) int row of each.
        among_positives: (P,) rank among the anchor's positives, >= 1 where the sigmoids are steps.
        among_all: (P,) rank among all columns but the anchor itself.
    """

    anchors: Tensor
    among_positives: Tensor
    among_all: Tensor


def soft_ranks(pairs: Pairs, temperature: float) -> SoftRanks:
    """1 + Σ_j sigmoid((s_ij - s_ip) / temperature), j != p, for each positive p of each anchor i."""
    curve = sigmoid(temperature)
    anchors, columns, places, near, filled = positives_of(pairs)
    # 1/2 is what the positive gives by comparison with itself.
    among_positives = sums_of_differences(near, anchors, places, filled, curve) + 0.5
    nearer = sums_of_differences(pairs.similarities, anchors, columns, pairs.negative, curve)
    return SoftRanks(anchors, among_positives, among_positives + nearer)


def sum_by_anchor(values: Tensor, anchors: Tensor, n_anchors: int) -> Tensor:
    """Sum (B,) of the values (P,) of each anchor."""
    return values.new_zeros(n_anchors).index_add(0, anchors, values)
