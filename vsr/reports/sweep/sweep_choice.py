"""The configuration that a sweep selects: the only one whose test metrics are shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from vsr.display.document import Section, Table
from vsr.display.formats import interval, is_number, measured
from vsr.reports.sweep.groups import Group, Verdict, groups, half_width, standard_deviation, verdict
from vsr.reports.sweep.importance import Explained, explain
from vsr.reports.sweep.overrides import as_text, named, typed
from vsr.reports.sweep.sweep_records import FOLD, SEED, RunRecord, SweepRecord

_MOST_METRICS = 10


@dataclass(frozen=True)
class ChosenRuns:
    """The best run, or the runs of the configuration with the best mean.

    Attributes:
        name: what distinguishes it from the others.
        runs: one, or one per fold and seed.
        command: that trains it again.
        value: the metric, its mean over ``runs``.
        half: half the width of its 95% interval over ``runs``; NaN for one.
        over: ``4 folds``: what ``value`` is the mean of; empty for one run.
        summaries: content of ``summary.json`` of the runs that have one.
    """

    name: str
    runs: list[RunRecord]
    command: str
    value: float
    half: float
    over: str
    summaries: list[dict[str, Any]] = field(default_factory=list)

    @property
    def sd(self) -> float:
        """Standard deviation of the metric over ``runs``; NaN for one."""
        return standard_deviation([one.value for one in self.runs if one.value is not None])

    def metric(self, split: str, name: str) -> list[float]:
        """A metric (n,) of the runs that measured it."""
        found = [(one.get(split) or {}).get(name) for one in self.summaries]
        return [float(one) for one in found if is_number(one)]

    def tested(self) -> list[str]:
        """Names of the metrics measured on test."""
        return list(dict.fromkeys(name for one in self.summaries for name in (one.get("test") or {})))


class Findings(NamedTuple):
    """What is computed from the runs of a sweep.

    Attributes:
        sweep: the runs.
        groups: means over folds and seeds, the best first; empty if nothing is repeated.
        verdict: the best group against the second.
        explained: importances.
        choice: the best configuration; None before a run has finished.
        keys: hyperparameters, the most important first where that is known.
    """

    sweep: SweepRecord
    groups: list[Group]
    verdict: Verdict | None
    explained: Explained | None
    choice: ChosenRuns | None
    keys: list[str]

    @property
    def chosen(self) -> Sequence[RunRecord]:
        """The runs of ``choice``."""
        return self.choice.runs if self.choice else ()


def find(sweep: SweepRecord) -> Findings:
    """Compute all that a report of ``sweep`` says."""
    ordered = groups(sweep) if sweep.repeated else []
    values = [one.value for one in sweep.complete if one.value is not None]
    explained = explain([one.overrides for one in sweep.complete], values, sweep.keys)
    known = [part.key for part in explained.parts] if explained else []
    keys = [*known, *(key for key in sweep.keys if key not in known)]
    return Findings(sweep, ordered, verdict(ordered, sweep.repeats), explained, choose(sweep, ordered), keys)


def choose(sweep: SweepRecord, ordered: list[Group]) -> ChosenRuns | None:
    """The first of ``ordered`` if runs are repeated, else the best run; None before any finished."""
    if not sweep.complete:
        return None
    runs = ordered[0].runs if sweep.repeated and ordered else sweep.complete[:1]
    several = len(runs) > 1
    values = [one.value for one in runs if one.value is not None]
    overrides = runs[0].overrides
    name = named(overrides, sweep.keys) or ("all runs" if several else f"run {runs[0].number}")
    again = {key: one for key, one in overrides.items() if key not in sweep.repeated or not several}
    folds = dict.fromkeys(as_text(one.overrides.get(FOLD)) for one in runs)
    return ChosenRuns(
        name,
        runs,
        command_of(sweep, again, FOLD, folds if several and FOLD in sweep.repeated else ()),
        float(np.mean(values)),
        half_width(values),
        sweep.counted(len(runs)) if several else "",
        [found for one in runs if (found := one.summary())],
    )


def command_of(
    sweep: SweepRecord, overrides: dict[str, Any], key: str = SEED, values: Iterable[str] = ()
) -> str:
    """The command line that runs ``overrides`` alone, or for each of ``values`` of ``key``."""
    swept = ",".join(values)
    script = next((word for word in sweep.command.split() if word.endswith(".py")), "train.py")
    fixed = sweep.fixed
    if swept:
        overrides = {name: one for name, one in overrides.items() if name != key}
        fixed = [one for one in fixed if one.partition("=")[0] != key]
    parts = (
        "python",
        script,
        "-m" if swept else "",
        typed(overrides, fixed),
        f"{key}={swept}" if swept else "",
    )
    return " ".join(part for part in parts if part)


def chosen_metrics(choice: ChosenRuns, metric: str) -> Section:
    """The choice's metrics on val and test."""
    split, _, monitored = metric.partition("/")
    several = len(choice.runs) > 1
    names = sorted(choice.tested(), key=lambda name: name != monitored)
    rows = []
    for name in names[:_MOST_METRICS]:
        test, val = choice.metric("test", name), choice.metric(split or "val", name)
        mean, half = float(np.mean(test)), half_width(test)
        of_queries = ((choice.summaries[0].get("intervals") or {}).get("test") or {}).get(name)
        around = interval((mean - half, mean + half) if several else of_queries)
        rows.append([name, measured(np.mean(val) if val else None), measured(mean), around])
    over = f"Means of {choice.over}, interval over them" if several else "Interval over queries"
    hint = f"{over}. The choice was made by {metric}, which is therefore slightly too good."
    heads = ["metric", split or "val", "test", "test, 95% interval"]
    title = "Metrics of the chosen configuration" if several else "Metrics of the chosen run"
    return Section(title, [Table(heads, rows, hint, words=1)])
