"""Judged rankings: where the items with gain stand in the ranking of each query. All that metrics see."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import torch
from torch import Tensor


class Ideal(NamedTuple):
    """The best possible gains of each query, falling, as runs.

    Attributes:
        offsets: (Q + 1,) int64: the runs of query q are ``offsets[q]:offsets[q + 1]``.
        gains: (M,) float64 gain of each run.
        counts: (M,) int64 length of each run.
    """

    offsets: Tensor
    gains: Tensor
    counts: Tensor

    @classmethod
    def of(cls, gains: Tensor) -> "Ideal":
        """From a table (Q, M), falling along each row, padded with zeros."""
        present = gains > 0
        return cls(
            _offsets(present.sum(dim=1)), gains[present].double(), torch.ones_like(gains[present]).long()
        )


@dataclass(frozen=True)
class Judged:
    """Rankings of Q queries, told by the ranks of the items with gain. Self-matches and junk hold no rank.

    Attributes:
        offsets: (Q + 1,) int64: the items of query q are ``offsets[q]:offsets[q + 1]``.
        ranks: (P,) int64 from 1, rising within a query: items with gain that were found.
        gains: (P,) float64, > 0.
        relevant: (P,) bool: the gain suffices for the binary metrics.
        n_relevant: (Q,) int64: relevant items in all, found or not.
        ideal: the best possible gains, over the whole gallery.
    """

    offsets: Tensor
    ranks: Tensor
    gains: Tensor
    relevant: Tensor
    n_relevant: Tensor
    ideal: Ideal

    @classmethod
    def from_gains(
        cls, gains: Tensor, n_relevant: Tensor, ideal: Ideal | Tensor, relevant_from: float = 1.0
    ) -> "Judged":
        """From the gains of ranked lists.

        Args:
            gains: (Q, K), best rank first; 0 where nothing was found.
            n_relevant: (Q,) relevant items in all: the denominators, however short the lists are.
            ideal: the best possible gains, or a table (Q, M) of them, falling, padded with zeros.
            relevant_from: gain from which an item is relevant for binary metrics.

        Raises:
            ValueError: shapes that do not belong together.
        """
        if gains.ndim != 2 or n_relevant.shape != gains.shape[:1]:
            shapes = f"{tuple(gains.shape)} and {tuple(n_relevant.shape)}"
            raise ValueError(f"gains must be (Q, K) and n_relevant (Q,), got {shapes}")
        ideal = Ideal.of(ideal) if isinstance(ideal, Tensor) else ideal
        query, at = (gains > 0).nonzero(as_tuple=True)
        found = gains[query, at].double()
        offsets = _offsets(torch.bincount(query, minlength=len(gains)))
        return cls(offsets, at + 1, found, found >= relevant_from, n_relevant.long(), ideal)

    def __len__(self) -> int:
        return len(self.n_relevant)

    def spread(self, values: Tensor) -> Tensor:
        """``values`` (Q,) of each query, given to each of its items: (P,)."""
        return torch.repeat_interleave(values, self.offsets.diff(), output_size=len(self.ranks))

    @cached_property
    def _running(self) -> tuple[Tensor, Tensor]:
        """Relevant items so far (P,) float64, over all queries, and those before each query (Q,)."""
        running = self.relevant.cumsum(0, dtype=torch.float64)  # whole numbers, exact up to 2^53
        return running, torch.cat([running.new_zeros(1), running])[self.offsets[:-1]]

    @cached_property
    def hits(self) -> Tensor:
        """How many relevant items stand at the rank of each item or before (P,), as float64."""
        running, before = self._running
        return running - self.spread(before)

    @cached_property
    def first(self) -> Tensor:
        """Rank (Q,) of the first relevant item, as float64; infinite when there is none."""
        running, before = self._running
        place = torch.searchsorted(running, before + 1)
        found = place < self.offsets[1:]
        ranks = torch.full_like(before, torch.inf)
        ranks[found] = self.ranks[place[found]].double()
        return ranks

    @cached_property
    def precisions(self) -> Tensor:
        """Precision at the rank of each relevant item (P,), 0 for items that are not relevant."""
        return (self.hits / self.ranks).mul_(self.relevant)

    @cached_property
    def within_r(self) -> Tensor:
        """True (P,) for relevant items in the top R, R being all relevant items of the query."""
        return self.relevant & (self.ranks <= self.spread(self.n_relevant))

    def within(self, k: int | None) -> Tensor:
        """True (P,) for relevant items in the top ``k``."""
        return self.relevant if k is None else self.relevant & (self.ranks <= k)

    def total(self, values: Tensor) -> Tensor:
        """Sum per query (Q,) of ``values`` (P,), float64."""
        return torch.segment_reduce(values.double(), "sum", offsets=self.offsets)

    def answerable(self, values: Tensor) -> Tensor:
        """``values`` (Q,), NaN where nothing is relevant: such queries are left out of every mean."""
        return values.masked_fill(self.n_relevant == 0, float("nan"))


@lru_cache(maxsize=4)
def summed_discounts(length: int) -> Tensor:
    """Sum (length + 1,) float64 of 1 / log2(rank + 1) over the first n ranks."""
    discounts = 1 / torch.log2(torch.arange(2, length + 2, dtype=torch.float64))
    return torch.cat([discounts.new_zeros(1), discounts.cumsum(0)])


def _offsets(lengths: Tensor) -> Tensor:
    return torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
