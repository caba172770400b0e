"""The report's content, the same for Markdown and HTML: sentences, tables of text."""

from dataclasses import dataclass, field
from typing import Any

from vsr.display.formats import ABSENT, count, duration, is_number, measured, three
from vsr.display.markdown import Table
from vsr.reports.sweep import words
from vsr.reports.sweep.choice import Choice, choose, figures
from vsr.reports.sweep.files import FOLD, Sweep, Trial
from vsr.reports.sweep.groups import Group, Verdict, groups, verdict
from vsr.reports.sweep.importance import Explained, explain
from vsr.reports.sweep.overrides import shown

_MOST_ERROR = 200  # characters in the table; sweep.csv has them all


@dataclass
class Document:
    """All that a report says but its figures.

    Attributes:
        title: the sweep in a line.
        command: that started it.
        metric: by which runs are compared.
        choice: the configuration that is best by it.
        judgment: whether the best really beats the second.
        notes: hints for the next sweep.
        importance: how the importances were found.
        warnings: what to know before believing the figures.
        chosen: figures of the chosen one on val and test.
        space: the hyper-parameters.
        runs: all runs.
        means: of configurations over folds and seeds; None where nothing is repeated.
        facts: what was swept, and how.
        found: groups, verdict and importances as numbers.
    """

    title: str
    command: str
    metric: str
    choice: Choice | None
    judgment: words.Judgment
    notes: list[str]
    importance: str
    warnings: list[dict[str, Any]]
    chosen: Table | None
    space: Table
    runs: Table
    means: Table | None
    facts: list[words.Fact]
    found: "Found" = field(repr=False, kw_only=True)


@dataclass(frozen=True)
class Found:
    """What was computed from the runs."""

    groups: list[Group]
    verdict: Verdict | None
    explained: Explained | None

    def ordered(self, keys: list[str]) -> list[str]:
        """``keys``, the most important first where that is known."""
        known = [part.key for part in self.explained.parts] if self.explained else []
        return [*known, *(key for key in keys if key not in known)]


def document(sweep: Sweep) -> Document:
    """What the report of ``sweep`` says."""
    ordered = groups(sweep) if sweep.repeated else []
    done = sweep.complete
    values = [one.value for one in done if one.value is not None]
    found = Found(
        ordered, verdict(ordered, sweep.repeats), explain([one.overrides for one in done], values, sweep.keys)
    )
    choice = choose(sweep, ordered)
    return Document(
        words.heading(sweep, choice),
        sweep.command,
        sweep.metric,
        choice,
        words.judge(sweep, found.verdict, choice),
        words.edges(sweep, choice),
        words.importance_text(sweep, found.explained),
        words.warnings(sweep, choice),
        figures(choice, sweep.metric) if choice and choice.summaries else None,
        _space(sweep, choice, found),
        _runs(sweep),
        _means(sweep, ordered) if sweep.repeated else None,
        words.facts(sweep),
        found=found,
    )


def _space(sweep: Sweep, choice: Choice | None, found: Found) -> Table:
    parts = {part.key: part for part in found.explained.parts} if found.explained else {}
    chosen = choice.trials[0].overrides if choice else {}
    heads = ["hyper-parameter", "tried", "best", "importance", "luck"]
    rows = []
    for key in found.ordered(sweep.keys):
        best = shown(chosen[key]) if key in chosen else ABSENT
        share = [three(parts[key].share), three(parts[key].luck)] if key in parts else [ABSENT, ABSENT]
        rows.append([key, words.tried(sweep, key), best, *share])
    return Table("Hyper-parameters", heads, rows, words=3)


def _runs(sweep: Sweep) -> Table:
    keys = [*sweep.keys, *sweep.repeated]
    heads = ["run", sweep.metric, *keys, "epochs", "time", "state"]
    rows = [_row(one, keys) for one in sweep.ranked]
    hint = ""
    if any(one.state != "complete" and one.reached is not None for one in sweep.trials):
        hint = "In brackets: the best that a run without an end reached; it takes no place among the others."
    return Table(f"All runs ({len(rows)})", heads, rows, hint, words=1)


def _row(trial: Trial, keys: list[str]) -> list[str]:
    reached = f"({measured(trial.reached)})" if trial.reached is not None else ABSENT
    return [
        str(trial.number),
        measured(trial.value) if trial.value is not None else reached,
        *(shown(trial.overrides[key]) if key in trial.overrides else ABSENT for key in keys),
        count(trial.epochs) if trial.epochs is not None else ABSENT,
        duration(trial.seconds),
        f"{trial.state}: {_short(trial.error)}" if trial.error else trial.state,
    ]


def _short(error: str) -> str:
    line = " ".join(error.split())
    return line if len(line) <= _MOST_ERROR else f"{line[:_MOST_ERROR]}…"


def _means(sweep: Sweep, ordered: list[Group]) -> Table:
    heads = ["configuration", sweep.repeats, sweep.metric, "sd", "± 95 %", "least", "most", "not finished"]
    rows = [
        [
            one.name,
            f"{one.n}: {('; ' if len(sweep.repeated) > 1 else ', ').join(one.repeats)}",
            measured(one.mean),
            measured(one.sd) if is_number(one.sd) else ABSENT,
            measured(one.half) if is_number(one.half) else ABSENT,
            measured(float(one.values.min())),
            measured(float(one.values.max())),
            str(one.missing) if one.missing else ABSENT,
        ]
        for one in ordered
    ]
    hint = f"{sweep.metric}: the mean over {sweep.repeats}; ± 95 %: Student's t-interval of it."
    if FOLD in sweep.repeated:
        hint += f" {words.FOLDS_SHARE}"
    return Table(f"Means over {sweep.repeats}", heads, rows, hint)
