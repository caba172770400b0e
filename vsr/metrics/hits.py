"""Metrics that count relevant items: recall, hit rate, precision, R-precision, reciprocal rank."""

import torch
from torch import Tensor

from vsr.metrics.judged import Judged


def reciprocal_rank(judged: Judged, k: int | None = None) -> Tensor:
    """1 / rank of the first relevant item (Q,); 0 when none is in the top ``k``."""
    first = judged.first if k is None else judged.first.masked_fill(judged.first > k, torch.inf)
    return judged.answerable(1 / first)


def recall(judged: Judged, k: int) -> Tensor:
    """Relevant items in the top ``k`` / all relevant items (Q,)."""
    return judged.answerable(judged.total(judged.within(k)) / judged.n_relevant)


def hit_rate(judged: Judged, k: int) -> Tensor:
    """1 (Q,) if any of the top ``k`` is relevant: what metric-learning papers call Recall@k."""
    return judged.answerable((judged.total(judged.within(k)) > 0).double())


def precision(judged: Judged, k: int) -> Tensor:
    """Relevant items in the top ``k`` / ``k`` (Q,), also when the list is shorter."""
    return judged.answerable(judged.total(judged.within(k)) / k)


def precision_of_possible(judged: Judged, k: int) -> Tensor:
    """Relevant items in the top ``k`` / min(k, all relevant items) (Q,): open-metric-learning's precision."""
    return judged.answerable(judged.total(judged.within(k)) / judged.n_relevant.clamp(max=k))


def precision_to_last(judged: Judged, k: int) -> Tensor:
    """Relevant items in the top k' / k' (Q,), k' = min(k, rank of the last of them): revisitop's mP@k.

    Relevant items that were not found stand beyond the list, which is at least ``k`` long: k' is then ``k``.
    """
    found = (judged.ranks * judged.relevant).double()
    last = torch.segment_reduce(found, "max", offsets=judged.offsets, initial=1)
    missed = judged.total(judged.relevant) < judged.n_relevant
    return judged.answerable(
        judged.total(judged.within(k)) / last.masked_fill(missed, torch.inf).clamp(max=k)
    )


def r_precision(judged: Judged, k: None = None) -> Tensor:
    """Relevant items in the top R / R (Q,), R = all relevant items (arXiv 2003.08505)."""
    return judged.answerable(judged.total(judged.within_r) / judged.n_relevant)
