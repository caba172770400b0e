"""Metrics of one threshold for all queries, so that "no match" is an answer.

Each takes the pairs that a search returned, from all queries together, also from queries with nothing
relevant: whatever those return is wrong. Pairs that were not returned lie below every threshold. Equal scores
are accepted or refused together, so the order of the pairs does not matter.
"""

import torch
from torch import Tensor


def micro_ap(scores: Tensor, relevant: Tensor, n_relevant: int) -> float:
    """Micro average precision (uAP) of the Image Similarity Challenge (arXiv 2106.09672).

    Args:
        scores: (P,) of the returned pairs, higher is surer.
        relevant: (P,) bool.
        n_relevant: relevant pairs in all, returned or not.

    Returns:
        Sum over thresholds of the recall gained times the precision there; NaN when nothing is relevant.
    """
    hits, accepted, _ = _curve(scores, relevant)
    gained = torch.diff(hits, prepend=hits.new_zeros(1))
    return float((gained * hits / accepted).sum() / n_relevant) if n_relevant else float("nan")


def recall_at_precision(scores: Tensor, relevant: Tensor, n_relevant: int, precision: float = 0.9) -> float:
    """The highest recall of any threshold whose precision is at least ``precision``; 0 when there is none.

    Args as for `micro_ap`. NaN when nothing is relevant.
    """
    hits, accepted, _ = _curve(scores, relevant)
    good = hits / accepted >= precision
    return float(hits[good].max() / n_relevant if good.any() else 0.0) if n_relevant else float("nan")


def fnmr_at_fmr(
    scores: Tensor, relevant: Tensor, n_relevant: int, n_irrelevant: int, fmr: float = 1e-3
) -> float:
    """Share of relevant pairs refused at the loosest threshold that accepts few irrelevant ones.

    Args:
        scores: (P,) of the returned pairs, higher is surer.
        relevant: (P,) bool.
        n_relevant: relevant pairs in all, returned or not.
        n_irrelevant: irrelevant pairs in all, returned or not.
        fmr: share of irrelevant pairs that may be accepted.

    Returns:
        The false non-match rate (ISO/IEC 19795-1); NaN when there are no relevant or no irrelevant pairs.
    """
    if not n_relevant or not n_irrelevant:
        return float("nan")
    hits, accepted, _ = _curve(scores, relevant)
    good = (accepted - hits) / n_irrelevant <= fmr
    return float(1 - (hits[good].max() / n_relevant if good.any() else 0.0))


def threshold_at_precision(scores: Tensor, relevant: Tensor, precision: float = 0.9) -> float:
    """The lowest score from which pairs reach ``precision`` on the whole; infinity if there is none."""
    hits, accepted, values = _curve(scores, relevant)
    good = hits / accepted >= precision
    return float(values[good].min()) if good.any() else float("inf")


def normalized_scores(scores: Tensor, background: Tensor, beta: float = 1.0) -> Tensor:
    """Scores (Q, K) less what each query scores with strangers, so that one threshold suits all queries.

    Score normalization of SSCD (arXiv 2202.10261).

    Args:
        scores: (Q, K) of the returned items.
        background: (Q, n) scores of the same queries with their nearest items of a background set.
        beta: weight of the mean background score.

    Raises:
        ValueError: another number of queries in ``background``, or none of its items.
    """
    if background.ndim != 2 or len(background) != len(scores) or background.shape[1] == 0:
        raise ValueError(f"background must be ({len(scores)}, n > 0), got {tuple(background.shape)}")
    return scores - beta * background.mean(dim=1, keepdim=True)


def _curve(scores: Tensor, relevant: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Relevant pairs accepted, pairs accepted, and the score, at every threshold (T,), strictest first."""
    if scores.ndim != 1 or scores.shape != relevant.shape:
        shapes = f"{tuple(scores.shape)} and {tuple(relevant.shape)}"
        raise ValueError(f"scores and relevant must both be (P,), got {shapes}")
    ranked, order = scores.sort(descending=True)
    last = torch.ones_like(ranked, dtype=torch.bool)  # of the pairs with the same score
    last[:-1] = ranked[1:] != ranked[:-1]
    hits = relevant[order].double().cumsum(0)[last]
    accepted = torch.arange(1, len(ranked) + 1, dtype=torch.float64, device=scores.device)[last]
    return hits, accepted, ranked[last]
