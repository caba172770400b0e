"""The panels of learning curves: which metrics share one, with which label and color."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from vsr.display.names import MetricName, parse
from vsr.display.style import INK, PALETTE, ramp

_TOGETHER = {"mrr": "map", "r_precision": "map"}  # each is one number per ranking
_ORDER = ("loss", "map", "ndcg", "hit_rate", "recall", "precision")
_MOST_LINES = 8


class Line(NamedTuple):
    """A column of the history, drawn in a panel."""

    column: str
    label: str
    color: str


class Panel(NamedTuple):
    """A small plot."""

    title: str
    lines: list[Line]


def panels(history: pd.DataFrame) -> list[Panel]:
    """The panels of a history: the loss, then the families of metrics, exact search before indexes.

    Columns without a ``/``, columns without a finite number, differences from exact search (``/change/``) and
    what they are from, where exact search has it already, are left out.
    """
    groups: dict[tuple[str, str, str], list[tuple[str, MetricName]]] = {}
    for column in history.columns:
        if "/" in column and "/change/" not in column and np.isfinite(finite_column(history, column)).any():
            name = parse(column)
            if not name.repeated:
                groups.setdefault(_group(name), []).append((column, name))
    indexes = list(dict.fromkeys(index for index, _, _ in groups))
    ordered = sorted(groups, key=lambda group: (indexes.index(group[0]) if group[0] else -1, _rank(group[2])))
    return [panel for group in ordered for panel in _split_panel(group, groups[group])]


def finite_column(history: pd.DataFrame, column: str) -> np.ndarray:
    """A column as floats; whatever is not a finite number is NaN."""
    values = np.asarray(pd.to_numeric(history[column], errors="coerce"), dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def _group(name: MetricName) -> tuple[str, str, str]:
    """Index, split (unless val), and family."""
    if name.base == "loss":
        return "", "", "loss"
    return name.index, "" if name.split == "val" else name.split, _TOGETHER.get(name.family, name.family)


def _rank(family: str) -> int:
    base = family.partition(":")[0]
    return _ORDER.index(base) if base in _ORDER else len(_ORDER)


def _split_panel(group: tuple[str, str, str], members: Sequence[tuple[str, MetricName]]) -> list[Panel]:
    index, split, family = group
    if family == "loss":
        lines = [
            Line(column, name.split, color) for (column, name), color in zip(members, PALETTE, strict=False)
        ]
        return [Panel("loss", lines)]
    members = sorted(members, key=lambda member: (_bases(family).index(member[1].family), member[1].k))
    panels = []
    for start in range(0, len(members), _MOST_LINES):
        some = members[start : start + _MOST_LINES]
        title = " · ".join(part for part in (split, _title([name for _, name in some]), index) if part)
        panels.append(Panel(title, _lines(some)))
    return panels


def _bases(family: str) -> list[str]:
    return [family, *(base for base, together in _TOGETHER.items() if together == family)]


def _title(names: Sequence[MetricName]) -> str:
    families = list(dict.fromkeys(name.family for name in names))
    if len(families) == 1 and all(name.k for name in names):
        return names[0]._replace(cutoff="k").short
    return ", ".join(families)


def _lines(members: Sequence[tuple[str, MetricName]]) -> list[Line]:
    one_base = len({name.family for _, name in members}) == 1
    if not one_base:
        colors: Sequence[str] = PALETTE + tuple(ramp(len(members)))
        return [Line(column, name.short, colors[i]) for i, (column, name) in enumerate(members)]
    cuts = [name.k for _, name in members if name.k]
    of_cut = dict(zip(cuts, ramp(len(cuts)), strict=True))
    return [
        Line(
            column,
            f"@{name.cutoff}" if name.k else name.short,
            of_cut.get(name.k, PALETTE[1] if cuts else INK),
        )
        for column, name in members
    ]
