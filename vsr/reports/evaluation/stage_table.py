"""The stages of a measurement in files, and for a terminal: a row each, the few metrics to read first."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.table import Table

from vsr.display.tables import metrics_table
from vsr.files import write_json
from vsr.retrieval.stages import Stage

_FIRST = ("hit_rate@1", "map", "mrr", "recall@10", "ndcg@10")
_MOST = 5  # columns beside the time fit 80 characters


def stage_table(
    means: Mapping[str, Mapping[str, float]], ms_per_query: Mapping[str, float] | None = None
) -> Table:
    """A row a stage, in order: ``exact``, ``exact@100``, ``flat``, ``+ alpha_qe`` for what follows it.

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


def timed_table(stages: Sequence[Stage]) -> Table:
    """The table of ``stages``, with their times."""
    return stage_table(
        {stage.name: stage.evaluation.means for stage in stages},
        {stage.name: stage.ms_per_query for stage in stages},
    )


def save_stages(stages: Sequence[Stage], folder: Path) -> None:
    """Write what follows exact search: evaluations in ``folder/<stage>``, then ``folder/stages.json``.

    A change is from the second stage, exact search's lists alone; exact search over whole rankings has none.
    """
    if len(stages) < 2:
        return
    for stage in stages[1:]:
        stage.evaluation.save(folder / stage.name)
    baseline = stages[1].evaluation
    write_json(
        folder / "stages.json",
        [
            {
                "name": stage.name,
                "means": stage.evaluation.means,
                "cut": stage.evaluation.cut,
                "change": None if stage.evaluation.cut is None else stage.change(baseline),
                "ms_per_query": stage.ms_per_query,
                "offline_s": stage.offline_s,
            }
            for stage in stages
        ],
    )
