"""Normalized discounted cumulative gain (Järvelin and Kekäläinen 2002), with a log2 discount."""

import torch
from torch import Tensor

from vsr.metrics.judged import Judged, summed_discounts


def ndcg(judged: Judged, k: int | None = None) -> Tensor:
    """Sum of gain / log2(rank + 1) over the top ``k`` / that of the best possible ranking (Q,)."""
    return _ndcg(judged, judged.gains, judged.ideal.gains, k)


def ndcg_exponential(judged: Judged, k: int | None = None) -> Tensor:
    """The same with 2^gain - 1 in place of the gain (Burges et al. 2005)."""
    return _ndcg(judged, judged.gains.exp2() - 1, judged.ideal.gains.exp2() - 1, k)


def _ndcg(judged: Judged, gains: Tensor, best: Tensor, k: int | None) -> Tensor:
    discounted = gains / judged.ranks.double().add_(1).log2_()
    found = judged.total(discounted if k is None else discounted * (judged.ranks <= k))
    return judged.answerable(found / _ideal(judged, best, k))


def _ideal(judged: Judged, best: Tensor, k: int | None) -> Tensor:
    """Discounted gain (Q,) of the best possible ranking, whose gains per run are ``best`` (M,)."""
    offsets, _, counts = judged.ideal
    running = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    owner = torch.repeat_interleave(offsets.diff())
    start = running[:-1] - running[offsets[:-1]][owner]  # items of the same query before each run
    end = start + counts
    if k is not None:
        start, end = start.clamp(max=k), end.clamp(max=k)
    longest = int(end.max()) if len(end) else 0
    discounts = summed_discounts(1 << longest.bit_length()).to(
        best.device
    )  # few lengths: the table is cached
    runs = best * (discounts[end] - discounts[start])
    return torch.segment_reduce(runs, "sum", offsets=offsets)
