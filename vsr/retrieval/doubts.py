"""What coarse scores leave open, settled by comparing again in float64."""

from typing import NamedTuple

import numpy as np

from vsr.retrieval.exact.pair_list import Pairs
from vsr.retrieval.similarity import Similarity

_ROUGH = 1e-5  # of a score: what may be off by more is shown from float64


class Chosen(NamedTuple):
    """Pairs of a query (n,) of a run and a gallery item (n,), and a coarse score (n,) of each."""

    owners: np.ndarray
    items: np.ndarray
    scores: np.ndarray


def joined(parts: list[Chosen]) -> Chosen:
    """All pairs of ``parts``."""
    return Chosen(*(np.concatenate(one) for one in zip(*parts, strict=True)))


def stand_before(similarity: Similarity, first: int, near: Chosen, asked: Chosen) -> np.ndarray:
    """How many of ``near`` stand before each of ``asked`` (p,) without scoring above ``asked.scores``.

    Args:
        similarity: of the pairs.
        first: the query that owner 0 is.
        near: distinct pairs, those counted.
        asked: pairs, with the coarse scores from which one is above them for certain, and counted already.
    """
    owners = np.concatenate([near.owners, asked.owners])
    items = np.concatenate([near.items, asked.items])
    keys = similarity.keys(owners + first, items)
    counted = np.arange(len(owners)) < len(near.owners)
    truly = _counted_before(np.lexsort((items, -keys, owners)), counted)
    coarse = np.concatenate([near.scores, asked.scores])
    certainly = _counted_before(np.lexsort((counted, -coarse, owners)), counted)
    return (truly - certainly)[len(near.owners) :]


def order_of(
    similarity: Similarity, first: int, pairs: Pairs, scores: np.ndarray, slack: np.ndarray
) -> np.ndarray:
    """The pairs (P,) by their items' order, query by query; among equal gains as coarse scores have it.

    Args:
        similarity: of the pairs.
        first: the query that owner 0 is.
        pairs: with gains.
        scores: (P,) float32 coarse.
        slack: (P,) how near a coarse score must be for doubt.
    """
    order = np.lexsort((pairs.items, -scores, pairs.owners))
    owners, gains, falling = pairs.owners[order], pairs.gains[order], scores[order]
    linked = (owners[1:] == owners[:-1]) & (falling[:-1] - falling[1:] <= slack[order][1:])
    chain = np.concatenate([[0], np.cumsum(~linked)])
    mixed = np.zeros(len(order), bool)
    mixed[chain[1:][linked & (gains[1:] != gains[:-1])]] = True
    at = np.flatnonzero(mixed[chain])
    keys = similarity.keys(owners[at] + first, pairs.items[order[at]])
    order[at] = order[at][np.lexsort((pairs.items[order[at]], -keys, chain[at]))]
    return order


def refined(
    similarity: Similarity, run: slice, ids: np.ndarray, scores: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The best ``k`` of lists a little longer than that, and what people see of their scores.

    Args:
        similarity: of the run's queries.
        run: the queries.
        ids: (q, K) best first by coarse scores, -1 where there are fewer.
        scores: (q, K) float32 coarse.
        k: at most K.

    Returns:
        ids (q, k), scores (q, k) float32, and the queries whose lists are too short to say.
    """
    base, rate = similarity.slack(run)
    known = ids >= 0
    with np.errstate(invalid="ignore"):
        slack = base[:, None] + rate * np.abs(scores)
        linked = (scores[:, :-1] - scores[:, 1:] <= slack[:, 1:]) & known[:, 1:]
    linked[:, k - 1 :] = np.logical_and.accumulate(linked[:, k - 1 :], axis=1)  # the rest is cut off
    shown = similarity.finish(run, scores)
    again = known & (similarity.roughness(run, scores) > _ROUGH * np.abs(shown))
    again[:, k:] = False
    again[:, 1:] |= linked
    again[:, :-1] |= linked
    row, column = again.nonzero()
    keys = similarity.keys(row + run.start, ids[row, column])
    chain = np.cumsum(~np.pad(linked, ((0, 0), (1, 0))), axis=1)[row, column]
    order = np.lexsort((ids[row, column], -keys, chain, row))
    ids[row, column] = ids[row, column][order]
    shown[row, column] = similarity.shown((row + run.start)[order], keys[order])
    short = known[:, -1] & (ids.shape[1] < len(similarity))
    if k < ids.shape[1]:
        short &= scores[:, -1] >= scores[:, k - 1] - slack[:, k - 1]
    return ids[:, :k], shown[:, :k], short.nonzero()[0]


def best_of_all(
    similarity: Similarity, query: int, items: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The best ``k`` of ``items`` (n,) for a query, and the scores that people see."""
    owners = np.full(len(items), query)
    keys = similarity.keys(owners, items)
    order = np.lexsort((items, -keys))[:k]
    return items[order], similarity.shown(owners[order], keys[order])


def _counted_before(order: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """How many of ``counted`` (n,) come up to each place of ``order`` (n,)."""
    before = np.empty(len(order), np.int64)
    before[order] = np.cumsum(counted[order])
    return before
