"""The ranking metrics as one torchmetrics metric: states that sync, resume, and count no query twice."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric

from vsr.metrics.judged import Ideal, Judged
from vsr.metrics.ranking import RankingMetrics


class RankingCollection(Metric):
    """Means over queries of ranking metrics, fed with ranked lists.

    Each query's values are kept under its id, so a query that a distributed sampler repeats counts once.

    Args:
        names: as for `vsr.metrics.RankingMetrics`.
        relevant_from: gain from which an item is relevant for the binary metrics.
    """

    full_state_update = False
    higher_is_better = True

    def __init__(self, names: Sequence[str], relevant_from: float = 1.0) -> None:
        super().__init__()
        self.ranking = RankingMetrics(names)
        self.relevant_from = relevant_from
        self.queries: list[Tensor]
        self.values: list[Tensor]
        self.add_state("queries", default=[], dist_reduce_fx="cat", persistent=True)
        self.add_state("values", default=[], dist_reduce_fx="cat", persistent=True)

    def update(self, queries: Tensor, gains: Tensor, n_relevant: Tensor, ideal: Ideal | Tensor) -> None:
        """Measure the rankings of some queries.

        Args:
            queries: (q,) int64 ids of the queries.
            gains: (q, K) gains of the ranked items, best rank first; 0 where nothing was found.
            n_relevant: (q,) relevant items in all.
            ideal: the best possible gains, or a table (q, M) of them, falling, padded with zeros.
        """
        values = self.ranking(Judged.from_gains(gains, n_relevant, ideal, self.relevant_from))
        self.queries.append(queries.long())
        self.values.append(torch.stack([values[name] for name in self.ranking.names], dim=1))  # (q, M)

    def compute(self) -> dict[str, Tensor]:
        """Mean of each metric over the queries that have something relevant; NaN when there is none."""
        queries, values = _joined(self.queries), _joined(self.values)
        order = torch.argsort(queries, stable=True)
        queries, values = queries[order], values[order]
        first = torch.ones_like(queries, dtype=torch.bool)
        first[1:] = queries[1:] != queries[:-1]
        return dict(zip(self.ranking.names, values[first].nanmean(dim=0), strict=True))


def _joined(parts: list[Tensor] | Tensor) -> Tensor:
    return parts if isinstance(parts, Tensor) else torch.cat(list(parts))  # a sync leaves one tensor
