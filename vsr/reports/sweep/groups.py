"""Runs that differ in their seed alone, and whether the best group of them really beats the second."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from vsr.reports.sweep.files import SEED, Sweep, Trial
from vsr.reports.sweep.overrides import as_text, named

LEVEL = 0.95


@dataclass(frozen=True)
class Group:
    """Runs of one configuration.

    Attributes:
        name: what sets it apart from the others.
        trials: its finished runs, one a seed.
        seeds: that were finished, as text, in the order of ``trials``.
        missing: how many of its runs are not finished.
    """

    name: str
    trials: list[Trial]
    seeds: list[str]
    missing: int

    @property
    def values(self) -> np.ndarray:
        """The metric (n,) of its runs."""
        return np.array([one.value for one in self.trials], dtype=np.float64)

    @property
    def n(self) -> int:
        """Seeds."""
        return len(self.trials)

    @property
    def mean(self) -> float:
        """Mean of the metric over seeds."""
        return float(self.values.mean())

    @property
    def half(self) -> float:
        """Half the width of the 95 % t-interval of the mean; NaN for one seed."""
        return half_width(self.values)


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


def groups(sweep: Sweep) -> list[Group]:
    """Groups with a finished run, the best mean first. Of two runs with one seed the later one counts."""
    found: dict[str, list[Trial]] = {}
    for one in sweep.trials:
        found.setdefault(_identity(one.overrides), []).append(one)
    made = []
    for trials in found.values():
        by_seed = {as_text(one.overrides.get(SEED)): one for one in trials if one.state == "complete"}
        unfinished = {as_text(one.overrides.get(SEED)) for one in trials} - set(by_seed)
        if by_seed:
            name = named(trials[0].overrides, sweep.keys) or "all runs"
            made.append(Group(name, list(by_seed.values()), list(by_seed), len(unfinished)))
    return sorted(made, key=lambda one: sweep.loss(one.mean))


def verdict(ordered: Sequence[Group]) -> Verdict | None:
    """Test the first of ``ordered`` against the second: paired by seed where they ran with the same seeds.

    Returns:
        None for fewer than two groups.
    """
    if len(ordered) < 2:
        return None
    best, second = ordered[:2]
    gain, nothing = best.mean - second.mean, (float("nan"), float("nan"))
    single = [one.name for one in (best, second) if one.n < 2]
    if single:
        reason = f"{' and '.join(single)} finished with one seed"
        return Verdict(best, second, "", float("nan"), gain, nothing, reason)
    paired = set(best.seeds) == set(second.seeds)
    test = "paired t-test over seeds" if paired else "Welch's t-test over seeds"
    a, b = best.values, second.values
    if paired:
        b = b[[second.seeds.index(seed) for seed in best.seeds]]
    spread = (a - b).std() if paired else max(a.std(), b.std())
    if spread <= 1e-12 * max(abs(a).max(), abs(b).max()):
        reason = "the seeds make no difference, so there is nothing to hold the gain against"
        return Verdict(best, second, "", float("nan"), gain, nothing, reason)
    result: Any = stats.ttest_rel(a, b) if paired else stats.ttest_ind(a, b, equal_var=False)
    low, high = result.confidence_interval(LEVEL)
    return Verdict(best, second, test, float(result.pvalue), gain, (float(low), float(high)))


def _identity(overrides: dict[str, Any]) -> str:
    return repr(sorted((key, as_text(value)) for key, value in overrides.items() if key != SEED))
