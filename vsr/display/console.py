"""Lines in the terminal: the configuration in short, and a line per epoch."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from vsr.display.configs import short_groups
from vsr.display.formats import is_number, signed, three
from vsr.display.names import MetricName, parse

_NAME_WIDTH = len("before training")
_VALUE_WIDTH = 6


def epoch_line(
    epoch: int, metrics: Mapping[str, float], best: bool, header: bool = False, monitor: str = ""
) -> Text:
    """One line for an epoch: the loss and one metric of each family, in columns of fixed width.

    The metric that ``monitor`` names stands for its family. If search through an index or rerankers is
    measured, too, its change in map comes last.

    Args:
        epoch: 0 is the untrained network; its line has the column names above it.
        metrics: ``train/loss`` and ``val/…``; a missing loss leaves its place empty.
        best: whether this epoch is the best so far.
        header: write the column names above a later epoch, too (the first line of a resumed run).
        monitor: key of the metric that decides which epoch is the best.
    """
    names, changes = _chosen(metrics, monitor), _changes(metrics)
    if changes:  # it takes the place of precision: both do not fit into 80 columns
        names = [(key, name) for key, name in names if name.base != "precision"]
    heads = ["loss", *(name.short for _, name in names), *changes.values()]
    widths = [_VALUE_WIDTH + 1, *(max(len(head), _VALUE_WIDTH - 1) + 1 for head in heads[1:])]
    line = Text(no_wrap=True, overflow="ignore")
    if epoch == 0 or header:
        cells = (f"{head:>{width}}" for head, width in zip(heads, widths, strict=True))
        line.append(" " * _NAME_WIDTH + "".join(cells) + "\n", style="dim")
    name = "before training" if epoch == 0 else f"epoch {epoch:>3}{' best' if best else ''}"
    marked = best and epoch > 0
    line.append(f"{name:<{_NAME_WIDTH}}", style="bold green" if marked else "bold")
    values = [metrics.get("train/loss"), *(metrics[key] for key, _ in names)]
    cells = [three(value) if is_number(value) else "–" for value in values]
    cells += [signed(metrics[key]) for key in changes]
    for cell, width in zip(cells, widths, strict=True):
        line.append(f"{cell:>{width}}", style="green" if marked else "")
    return line


def _changes(metrics: Mapping[str, float]) -> dict[str, str]:
    """The column of the last stage's change in map, such as ``hnsw Δmap``, by its key."""
    found = {key: parse(key) for key in metrics if parse(key).index.endswith("/change")}
    heads = {key: f"{name.index.removesuffix('/change')} Δmap" for key, name in found.items()}
    return {key: heads[key] for key in [key for key, name in found.items() if name.short == "map"][-1:]}


def _chosen(metrics: Mapping[str, float], monitor: str) -> list[tuple[str, MetricName]]:
    """One metric of exact search per family: the monitored one, or at 1 for hits, near 10 for the others."""
    named = [
        (key, parse(key)) for key in metrics if not key.startswith("train/") and key not in ("lr", "step")
    ]
    exact = [(key, name) for key, name in named if not name.index]
    found = []
    for base, k in (("hit_rate", 1), ("map", 0), ("mrr", 0), ("recall", 10), ("precision", 10), ("ndcg", 10)):
        family = [(key, name) for key, name in exact if name.family == base and (name.k or not name.cutoff)]
        monitored = [(key, name) for key, name in exact if key == monitor and name.base == base]
        if monitored:
            found += monitored
        elif family:
            found.append(min(family, key=lambda one: (abs(one[1].k - k), one[1].k)))
    return found or (exact or named)[:5]


def short_config(config: Mapping[str, Any]) -> Table:
    """The composed configuration in short, a line per group: ``loss   InfoNCE · temperature 0.07``.

    Longer groups are wrapped to the width of the terminal.
    """
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    for group, parts in short_groups(config):
        line = Text()
        for place, (key, value) in enumerate(parts):
            line.append(" · " if place else "", style="dim")
            line.append(f"{key} " if key else "", style="dim")
            line.append(value)
        grid.add_row(group, line)
    return grid
