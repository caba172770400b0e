"""Metrics of one score threshold for all queries, from the lists that an evaluation kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vsr.errors import ConfigError
from vsr.metrics.threshold import (
    fnmr_at_fmr,
    micro_ap,
    normalized_scores,
    recall_at_precision,
    threshold_at_precision,
)
from vsr.retrieval.evaluation import Evaluation


@dataclass(frozen=True)
class Thresholds:
    """Metrics of one score threshold for all queries, so that "no match" is an answer.

    The pairs are the first ``depth`` results of every query, also of those with nothing relevant.

    Args:
        depth: results of each query that count as returned; None: all that were kept.
        precision: of ``recall@precision``, and of the threshold that is told.
        fmr: of ``fnmr@fmr``: share of irrelevant pairs that may be accepted.
        background: first and last rank whose mean score is taken off the scores of a query, so that one
            threshold suits all queries; None leaves scores as they are. Score normalization as SSCD's (arXiv
            2202.10261), with the tail of the query's own results for the background: it needs no labels.

    Raises:
        ConfigError: a value out of its range.
    """

    depth: int | None = None
    precision: float = 0.9
    fmr: float = 1e-3
    background: Sequence[int] | None = None

    def __post_init__(self) -> None:
        if self.depth is not None and self.depth < 1:
            raise ConfigError(f"thresholds.depth must be >= 1 or null, got {self.depth}")
        for name in ("precision", "fmr"):
            if not 0 < getattr(self, name) <= 1:
                raise ConfigError(f"thresholds.{name} must be > 0 and <= 1, got {getattr(self, name)}")
        if self.background is not None and not self._is_range(self.background):
            raise ConfigError(
                f"thresholds.background must be a first and a last rank such as [11, 100], "
                f"got {self.background}"
            )

    @staticmethod
    def _is_range(ranks: Any) -> bool:
        return len(ranks) == 2 and 1 <= ranks[0] <= ranks[1]

    def measure(self, evaluation: Evaluation, n_irrelevant: int, relevant_from: float) -> dict[str, Any]:
        """The metrics by name, and under ``pairs`` what they are over.

        A loosest threshold accepts every returned pair. Where that still accepts fewer than ``fmr`` of the
        irrelevant pairs, deeper lists would refuse fewer relevant ones: ``fnmr_is`` is then ``at most``.

        Args:
            evaluation: its kept neighbors are the pairs.
            n_irrelevant: irrelevant pairs in all, returned or not.
            relevant_from: gain from which a pair is relevant.

        Raises:
            ConfigError: the background lies beyond the neighbors that were kept.
        """
        ids, gains = (
            torch.from_numpy(one[:, : self.depth]) for one in (evaluation.neighbors.ids, evaluation.gains)
        )
        scores = self._scores(evaluation)[:, : self.depth]
        returned = ids >= 0
        pairs = scores[returned], gains[returned] >= relevant_from
        n_relevant = int(evaluation.n_relevant.sum())
        accepted = int((~pairs[1]).sum())
        return {
            "micro_ap": micro_ap(*pairs, n_relevant),
            f"recall@precision={self.precision:g}": recall_at_precision(*pairs, n_relevant, self.precision),
            f"threshold@precision={self.precision:g}": threshold_at_precision(*pairs, self.precision),
            f"fnmr@fmr={self.fmr:g}": fnmr_at_fmr(*pairs, n_relevant, n_irrelevant, self.fmr),
            "fnmr_is": "exact" if accepted > self.fmr * n_irrelevant else "at most",
            "pairs": {
                "per_query": ids.shape[1],
                "returned": len(pairs[0]),
                "relevant": n_relevant,
                "irrelevant": n_irrelevant,
                "background": None if self.background is None else list(self.background),
            },
        }

    def _scores(self, evaluation: Evaluation) -> Tensor:
        scores = torch.from_numpy(evaluation.neighbors.scores)
        if self.background is None:
            return scores
        first, last = self.background
        if scores.shape[1] < last:
            raise ConfigError(
                f"thresholds.background asks for ranks {first} to {last}, but {scores.shape[1]} results of "
                "each query were kept; lower it or raise evaluation.depth"
            )
        tail = scores[:, first - 1 : last]
        known = tail.isfinite()
        mean = tail.where(known, 0).sum(dim=1) / known.sum(dim=1).clamp(min=1)
        return normalized_scores(scores, mean[:, None])
