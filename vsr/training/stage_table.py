"""The stages of a measurement for a terminal: a row each, the few metrics to read first."""

from collections.abc import Mapping

from rich.table import Table

from vsr.reports import metrics_table
from vsr.retrieval import Stage

_FIRST = ("hit_rate@1", "map", "mrr", "recall@10", "ndcg@10")
_MOST = 5  # columns beside the time fit 80 characters


def stage_table(
    means: Mapping[str, Mapping[str, float]], ms_per_query: Mapping[str, float] | None = None
) -> Table:
    """A row a stage, in order: ``exact``, ``flat``, ``+ alpha_qe`` for what follows it.

    Args:
        means: means of the metrics by the stage's name.
        ms_per_query: milliseconds that each stage took for a query, likewise.
    """
    names = list(dict.fromkeys(name for row in means.values() for name in row))
    columns = [name for name in _FIRST if name in names] or names[:_MOST]
    rows, before = [], ""
    for stage, row in means.items():
        follows = bool(before) and stage.startswith(before + "+")
        label = f"+ {stage.removeprefix(before + '+')}" if follows else stage
        times = {} if ms_per_query is None else {"ms/query": ms_per_query[stage]}
        rows.append((label, {**row, **times}))
        before = stage
    return metrics_table(rows, columns if ms_per_query is None else [*columns, "ms/query"])


def of_stages(stages: list[Stage]) -> Table:
    """The table of ``stages``, with their times."""
    return stage_table(
        {stage.name: stage.evaluation.means for stage in stages},
        {stage.name: stage.ms_per_query for stage in stages},
    )
