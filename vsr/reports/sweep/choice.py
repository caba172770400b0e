"""The configuration that a sweep speaks for, and the only one whose test figures are shown."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vsr.display.formats import interval, is_number, measured
from vsr.display.markdown import Table
from vsr.reports.sweep.files import FOLD, SEED, Sweep, Trial
from vsr.reports.sweep.groups import Group, half_width, standard_deviation
from vsr.reports.sweep.overrides import as_text, named, typed

_MOST_METRICS = 10


@dataclass(frozen=True)
class Choice:
    """The best run, or the runs of the configuration whose mean is best.

    Attributes:
        name: what sets it apart from the others.
        trials: one, or one a fold and seed.
        command: that trains it again.
        value: the metric, its mean over ``trials``.
        half: half the width of its 95 % interval over ``trials``; NaN for one.
        over: ``4 folds``: what ``value`` is the mean of; empty for one.
        summaries: content of ``summary.json`` of the runs that have one.
    """

    name: str
    trials: list[Trial]
    command: str
    value: float
    half: float
    over: str
    summaries: list[dict[str, Any]] = field(default_factory=list)

    @property
    def sd(self) -> float:
        """Standard deviation of the metric over ``trials``; NaN for one."""
        return standard_deviation([one.value for one in self.trials if one.value is not None])

    def test(self, name: str) -> list[float]:
        """A test metric (n,) of the runs that measured it."""
        return _column(self.summaries, "test", name)


def choose(sweep: Sweep, ordered: list[Group]) -> Choice | None:
    """The first of ``ordered`` where runs are repeated, else the best run; None before any finished."""
    if not sweep.complete:
        return None
    trials = ordered[0].trials if sweep.repeated and ordered else sweep.complete[:1]
    several = len(trials) > 1
    values = [one.value for one in trials if one.value is not None]
    summaries = [found for one in trials if (found := one.summary())]
    overrides = trials[0].overrides
    name = named(overrides, sweep.keys) or ("all runs" if several else f"run {trials[0].number}")
    again = {key: one for key, one in overrides.items() if key not in sweep.repeated or not several}
    folds = dict.fromkeys(as_text(one.overrides.get(FOLD)) for one in trials)
    return Choice(
        name,
        trials,
        command_of(sweep, again, FOLD, folds if several and FOLD in sweep.repeated else ()),
        float(np.mean(values)),
        half_width(values),
        sweep.counted(len(trials)) if several else "",
        summaries,
    )


def command_of(sweep: Sweep, overrides: dict[str, Any], key: str = SEED, values: Iterable[str] = ()) -> str:
    """The command line that runs ``overrides`` alone, or for each of ``values`` of ``key``."""
    swept = ",".join(values)
    script = next((word for word in sweep.command.split() if word.endswith(".py")), "train.py")
    fixed = sweep.fixed
    if swept:
        overrides = {name: one for name, one in overrides.items() if name != key}
        fixed = [one for one in fixed if one.partition("=")[0] != key]
    words = typed(overrides, fixed)
    parts = ("python", script, "-m" if swept else "", words, f"{key}={swept}" if swept else "")
    return " ".join(part for part in parts if part)


def figures(choice: Choice, metric: str) -> Table:
    """Its metrics on val and test."""
    split, _, monitored = metric.partition("/")
    several = len(choice.trials) > 1
    names = dict.fromkeys(name for one in choice.summaries for name in (one.get("test") or {}))
    names = [*([monitored] if monitored in names else []), *(name for name in names if name != monitored)]
    heads = ["metric", split or "val", "test", "test, 95 % interval"]
    rows = []
    for name in names[:_MOST_METRICS]:
        test, val = choice.test(name), _column(choice.summaries, split or "val", name)
        around = interval(_around(test) if several else _of_queries(choice.summaries[0], name))
        rows.append([name, measured(np.mean(val) if val else None), measured(np.mean(test)), around])
    over = f"Means of {choice.over}, interval over them" if several else "Interval over queries"
    hint = f"{over}. The choice was made by {metric}, which is therefore a little too good."
    return Table("The chosen one", heads, rows, hint, words=1)


def _around(values: list[float]) -> tuple[float, float]:
    mean, half = float(np.mean(values)), half_width(values)
    return mean - half, mean + half


def _of_queries(summary: dict[str, Any], name: str) -> Any:
    return ((summary.get("intervals") or {}).get("test") or {}).get(name)


def _column(summaries: list[dict[str, Any]], split: str, name: str) -> list[float]:
    found = [(one.get(split) or {}).get(name) for one in summaries]
    return [float(one) for one in found if is_number(one)]
