"""Means of configurations over folds and seeds, and a test of the best one against the second."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from vsr.reports.sweep.overrides import as_text, named
from vsr.reports.sweep.sweep_records import FOLD, REPEATED, RunRecord, SweepRecord

LEVEL = 0.95
_NAN = float("nan")


@dataclass(frozen=True)
class Group:
    """Runs of one configuration.

    Attributes:
        name: what distinguishes it from the others.
        runs: the finished ones, one per repetition.
        repeats: fold, seed or both of each of ``runs``, as text.
        missing: how many of its runs are not finished.
    """

    name: str
    runs: list[RunRecord]
    repeats: list[str]
    missing: int

    @property
    def values(self) -> np.ndarray:
        """The metric (n,) of its runs."""
        return np.array([one.value for one in self.runs], dtype=np.float64)

    @property
    def n(self) -> int:
        """Repetitions."""
        return len(self.runs)

    @property
    def mean(self) -> float:
        """Mean of the metric."""
        return float(self.values.mean())

    @property
    def half(self) -> float:
        """Half the width of the 95% t-interval of the mean; NaN for one repetition."""
        return half_width(self.values)

    @property
    def sd(self) -> float:
        """Standard deviation of the metric, n - 1 degrees of freedom; NaN for one repetition."""
        return standard_deviation(self.values)


class Verdict(NamedTuple):
    """A test of the best group against the second.

    Attributes:
        best: the group with the best mean.
        second: the next one.
        gain: mean of the best minus that of the second.
        test: its name; empty if none is possible.
        p: two-sided; NaN without a test.
        interval: 95% interval of ``gain``; NaN without a test.
        reason: why no test is possible; empty if one is.
    """

    best: Group
    second: Group
    gain: float
    test: str = ""
    p: float = _NAN
    interval: tuple[float, float] = (_NAN, _NAN)
    reason: str = ""


def half_width(values: Sequence[float] | np.ndarray, level: float = LEVEL) -> float:
    """Half the width of Student's t-interval of a mean, n - 1 degrees of freedom; NaN for fewer than two."""
    n = len(values)
    return (
        float(stats.t.ppf((1 + level) / 2, n - 1) * standard_deviation(values) / np.sqrt(n))
        if n > 1
        else _NAN
    )


def standard_deviation(values: Sequence[float] | np.ndarray) -> float:
    """Sample standard deviation, n - 1 degrees of freedom; NaN for fewer than two."""
    return float(np.std(np.asarray(values, dtype=np.float64), ddof=1)) if len(values) > 1 else _NAN


def groups(sweep: SweepRecord) -> list[Group]:
    """Groups with a finished run, the best mean first. If a repetition ran twice, the later run counts.

    Folds are not equally hard: a configuration that lacks one comes after all that have more of them.
    """
    found: dict[str, list[RunRecord]] = {}
    for one in sweep.runs:
        identity = sorted(
            (key, as_text(value)) for key, value in one.overrides.items() if key not in REPEATED
        )
        found.setdefault(repr(identity), []).append(one)
    made = []
    for runs in found.values():
        done = {_repetition(sweep, one): one for one in runs if one.state == "complete"}
        unfinished = {_repetition(sweep, one) for one in runs} - set(done)
        if done:
            name = named(runs[0].overrides, sweep.keys) or "all runs"
            made.append(Group(name, list(done.values()), list(done), len(unfinished)))
    most = max((one.n for one in made), default=0) if FOLD in sweep.repeated else 0
    return sorted(made, key=lambda one: (one.n < most, sweep.loss(one.mean)))


def verdict(ordered: Sequence[Group], over: str) -> Verdict | None:
    """Test the first of ``ordered`` against the second: paired if both ran in the same folds and seeds.

    Args:
        ordered: groups, the best first.
        over: what their means are taken over: ``seeds``.

    Returns:
        None for fewer than two groups.
    """
    if len(ordered) < 2:
        return None
    best, second = ordered[:2]
    gain, a, b = best.mean - second.mean, best.values, second.values
    single = [one.name for one in (best, second) if one.n < 2]
    if single:
        return Verdict(best, second, gain, reason=f"{' and '.join(single)} finished only once")
    paired = set(best.repeats) == set(second.repeats)
    if paired:
        b = b[[second.repeats.index(one) for one in best.repeats]]
    spread = (a - b).std() if paired else max(a.std(), b.std())
    if spread <= 1e-12 * max(abs(a).max(), abs(b).max()):
        reason = f"{over} make no difference, so there is no variation to compare the gain with"
        return Verdict(best, second, gain, reason=reason)
    result: Any = stats.ttest_rel(a, b) if paired else stats.ttest_ind(a, b, equal_var=False)
    low, high = result.confidence_interval(LEVEL)
    test = f"paired t-test over {over}" if paired else f"Welch's t-test over {over}"
    return Verdict(best, second, gain, test, float(result.pvalue), (float(low), float(high)))


def _repetition(sweep: SweepRecord, run: RunRecord) -> str:
    """``0``, or ``fold 0, seed 1`` if both differ between runs."""
    found = {key.rpartition(".")[2]: as_text(run.overrides.get(key)) for key in sweep.repeated}
    return ", ".join(f"{key} {value}" if len(found) > 1 else value for key, value in found.items())
