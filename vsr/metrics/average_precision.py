"""Average precision: mean over relevant items of the precision at their ranks, and its variants.

mAP@5 of one ranking (relevant at 1 and 3, six relevant in all) is 0.333, 0.278 or 0.833, by the denominator.
"""

import torch
from torch import Tensor

from vsr.metrics.judged import Judged


def average_precision(judged: Judged, k: int | None = None) -> Tensor:
    """Sum of precisions at the relevant ranks in the top ``k`` / min(k, R) (Q,): GLDv2's mAP@k."""
    return judged.answerable(_precisions(judged, k) / _possible(judged, k))


def average_precision_over_r(judged: Judged, k: int | None = None) -> Tensor:
    """The same sum / R (Q,): trec_eval's map_cut, pytorch-metric-learning, ranx."""
    return judged.answerable(_precisions(judged, k) / judged.n_relevant)


def average_precision_over_hits(judged: Judged, k: int | None = None) -> Tensor:
    """The same sum / relevant items in the top ``k`` (Q,), 0 if none: torchmetrics, open-metric-learning."""
    return judged.answerable(_precisions(judged, k) / judged.total(judged.within(k)).clamp(min=1))


def average_precision_at_r(judged: Judged, k: None = None) -> Tensor:
    """Sum of precisions at the relevant ranks in the top R / R (Q,): MAP@R of arXiv 2003.08505."""
    return judged.answerable(judged.total(judged.precisions * judged.within_r) / judged.n_relevant)


def trapezoid(judged: Judged, k: int | None = None) -> Tensor:
    """Area under the precision-recall curve by trapezoids (Q,): Oxford and Paris (arXiv 1803.11285)."""
    before = judged.ranks.double() - 1
    earlier = torch.where(before > 0, (judged.hits - 1) / before.clamp(min=1), torch.ones_like(before))
    area = judged.total((earlier + judged.hits / judged.ranks) / 2 * judged.within(k))
    return judged.answerable(area / _possible(judged, k))


def hierarchical(judged: Judged, k: None = None) -> Tensor:
    """H-AP (Q,) of arXiv 2207.04873, with the gains as relevance of the levels.

    Each item with gain contributes, in place of the count of hits before it, the smaller of both gains. Equal
    to average precision where all gains are the same.
    """
    h_rank = torch.zeros_like(judged.gains)
    below = 0.0
    for gain in judged.gains.unique().tolist():  # rising: the smaller of two gains is a sum over steps
        reaches = judged.gains >= gain
        running = reaches.cumsum(0)
        before = torch.cat([running.new_zeros(1), running])[judged.offsets[:-1]]
        h_rank += (gain - below) * (running - judged.spread(before)) * reaches
        below = gain
    best = torch.segment_reduce(judged.ideal.gains * judged.ideal.counts, "sum", offsets=judged.ideal.offsets)
    return judged.answerable(judged.total(h_rank / judged.ranks) / best)


def _precisions(judged: Judged, k: int | None) -> Tensor:
    return judged.total(judged.precisions if k is None else judged.precisions * judged.within(k))


def _possible(judged: Judged, k: int | None) -> Tensor:
    return judged.n_relevant if k is None else judged.n_relevant.clamp(max=k)
