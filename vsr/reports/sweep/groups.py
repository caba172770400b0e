"""Means of configurations over folds and seeds, and whether the best of them really beats the second."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from vsr.reports.sweep.files import FOLD, REPEATED, Sweep, Trial
from vsr.reports.sweep.overrides import as_text, named

LEVEL = 0.95


@dataclass(frozen=True)
class Group:
    """Runs of one configuration.

    Attributes:
        name: what sets it apart from the others.
        trials: its finished runs, one a repetition.
        repeats: fold, seed or both of each of ``trials``, as text.
        missing: how many of its runs are not finished.
    """

    name: str
    trials: list[Trial]
    repeats: list[str]
    missing: int

    @property
    def values(self) -> np.ndarray:
        """The metric (n,) of its runs."""
        return np.array([one.value for one in self.trials], dtype=np.float64)

    @property
    def n(self) -> int:
        """Repetitions."""
        return len(self.trials)

    @property
    def mean(self) -> float:
        """Mean of the metric."""
        return float(self.values.mean())

    @property
    def half(self) -> float:
        """Half the width of the 95 % t-interval of the mean; NaN for one repetition."""
        return half_width(self.values)

    @property
    def sd(self) -> float:
        """Standard deviation of the metric, n - 1 degrees of freedom; NaN for one repetition."""
        return standard_deviation(self.values)


class Verdict(NamedTuple):
    """Whether the best group beats the second.

    Attributes:
        best: the group with the best mean.
        second: the next one.
        test: its name; empty where none is possible.
        p: two-sided; NaN where no test is possible.
        gain: mean of the best less that of the second.
        interval: 95 % interval of ``gain``; NaN where there is none.
        reason: why no test is possible; empty where one is.
    """

    best: Group
    second: Group
    test: str
    p: float
    gain: float
    interval: tuple[float, float]
    reason: str = ""


def half_width(values: Sequence[float] | np.ndarray, level: float = LEVEL) -> float:
    """Half the width of Student's t-interval of a mean, n - 1 degrees of freedom; NaN for fewer than two."""
    values = np.asarray(values, dtype=np.float64)
    if len(values) < 2:
        return float("nan")
    return float(stats.t.ppf((1 + level) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))


def standard_deviation(values: Sequence[float] | np.ndarray) -> float:
    """Of a sample, n - 1 degrees of freedom; NaN for fewer than two."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def groups(sweep: Sweep) -> list[Group]:
    """Groups with a finished run, the best mean first. Of two runs of one repetition the later one counts.

    Folds are not equally hard: a configuration that lacks one stands below all that have more of them.
    """
    found: dict[str, list[Trial]] = {}
    for one in sweep.trials:
        found.setdefault(_identity(one.overrides), []).append(one)
    made = []
    for trials in found.values():
        done = {_repetition(sweep, one): one for one in trials if one.state == "complete"}
        unfinished = {_repetition(sweep, one) for one in trials} - set(done)
        if done:
            name = named(trials[0].overrides, sweep.keys) or "all runs"
            made.append(Group(name, list(done.values()), list(done), len(unfinished)))
    most = max((one.n for one in made), default=0) if FOLD in sweep.repeated else 0
    return sorted(made, key=lambda one: (one.n < most, sweep.loss(one.mean)))


def verdict(ordered: Sequence[Group], over: str) -> Verdict | None:
    """Test the first of ``ordered`` against the second: paired where both ran in the same folds and seeds.

    Args:
        ordered: groups, the best first.
        over: what their means are over: ``seeds``.

    Returns:
        None for fewer than two groups.
    """
    if len(ordered) < 2:
        return None
    best, second = ordered[:2]
    gain, nothing = best.mean - second.mean, (float("nan"), float("nan"))
    single = [one.name for one in (best, second) if one.n < 2]
    if single:
        reason = f"{' and '.join(single)} finished once"
        return Verdict(best, second, "", float("nan"), gain, nothing, reason)
    paired = set(best.repeats) == set(second.repeats)
    test = f"paired t-test over {over}" if paired else f"Welch's t-test over {over}"
    a, b = best.values, second.values
    if paired:
        b = b[[second.repeats.index(one) for one in best.repeats]]
    spread = (a - b).std() if paired else max(a.std(), b.std())
    if spread <= 1e-12 * max(abs(a).max(), abs(b).max()):
        reason = f"{over} make no difference, so there is nothing to hold the gain against"
        return Verdict(best, second, "", float("nan"), gain, nothing, reason)
    result: Any = stats.ttest_rel(a, b) if paired else stats.ttest_ind(a, b, equal_var=False)
    low, high = result.confidence_interval(LEVEL)
    return Verdict(best, second, test, float(result.pvalue), gain, (float(low), float(high)))


def _identity(overrides: dict[str, Any]) -> str:
    return repr(sorted((key, as_text(value)) for key, value in overrides.items() if key not in REPEATED))


def _repetition(sweep: Sweep, trial: Trial) -> str:
    """``0``, or ``fold 0, seed 1`` where both differ between runs."""
    found = {key.rpartition(".")[2]: as_text(trial.overrides.get(key)) for key in sweep.repeated}
    return ", ".join(f"{key} {value}" if len(found) > 1 else value for key, value in found.items())
