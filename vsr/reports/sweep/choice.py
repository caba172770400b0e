"""The configuration that a sweep speaks for, and the only one whose test figures are shown."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vsr.reports.formats import interval, is_number, measured
from vsr.reports.markdown import Table
from vsr.reports.sweep.files import SEED, Sweep, Trial
from vsr.reports.sweep.groups import Group, half_width
from vsr.reports.sweep.overrides import named, typed

_MOST_METRICS = 10


@dataclass(frozen=True)
class Choice:
    """The best run, or the runs of the best group over seeds.

    Attributes:
        name: what sets it apart from the others.
        trials: one, or one a seed.
        command: that trains it again.
        value: the metric, its mean over ``trials``.
        half: half the width of its 95 % interval over seeds; NaN for one.
        summaries: content of ``summary.json`` of the runs that have one.
    """

    name: str
    trials: list[Trial]
    command: str
    value: float
    half: float
    summaries: list[dict[str, Any]] = field(default_factory=list)

    def test(self, name: str) -> list[float]:
        """A test metric (n,) of the runs that measured it."""
        return _column(self.summaries, "test", name)


def choose(sweep: Sweep, ordered: list[Group]) -> Choice | None:
    """The best of ``ordered`` where there are several seeds, else the best run; None before any finished."""
    if not sweep.complete:
        return None
    trials = ordered[0].trials if sweep.several_seeds and ordered else sweep.complete[:1]
    values = [one.value for one in trials if one.value is not None]
    summaries = [found for one in trials if (found := one.summary())]
    overrides = trials[0].overrides
    name = named(overrides, sweep.keys) or f"run {trials[0].number}"
    return Choice(
        name,
        trials,
        command_of(sweep, {key: one for key, one in overrides.items() if key != SEED or len(trials) == 1}),
        float(np.mean(values)),
        half_width(values),
        summaries,
    )


def command_of(sweep: Sweep, overrides: dict[str, Any], seeds: str = "") -> str:
    """The command line that runs ``overrides`` alone, or for each of ``seeds``."""
    script = next((word for word in sweep.command.split() if word.endswith(".py")), "train.py")
    fixed = sweep.fixed
    if seeds:
        overrides = {key: one for key, one in overrides.items() if key != SEED}
        fixed = [one for one in fixed if one.partition("=")[0] != SEED]
    words = typed(overrides, fixed)
    parts = ("python", script, "-m" if seeds else "", words, f"{SEED}={seeds}" if seeds else "")
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
    over = (
        f"Means over {len(choice.summaries)} seeds, interval over seeds"
        if several
        else "Interval over queries"
    )
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
