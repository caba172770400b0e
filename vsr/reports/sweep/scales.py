"""Where a hyper-parameter's value stands on an axis: names side by side, numbers on a line or a log one."""

import math
from dataclasses import dataclass
from typing import Any

from matplotlib.ticker import LogLocator, MaxNLocator

from vsr.display.formats import is_number
from vsr.reports.sweep.files import Sweep
from vsr.reports.sweep.overrides import as_text, shown

_MOST_LEVELS = 6  # different numbers that still stand side by side, each with its label
_LOG_FROM = 50.0  # greatest over smallest from which positive numbers of no told scale get a log axis
_MARGIN = 0.06  # of the axis, beyond the numbers at its ends


@dataclass(frozen=True)
class Scale:
    """The axis of one hyper-parameter.

    Attributes:
        key: its name.
        levels: values side by side, as text; empty for a line of numbers.
        names: what is written at the levels.
        low: least number.
        high: greatest number.
        log: whether equal ratios are equally far apart.
    """

    key: str
    levels: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    log: bool = False

    def place(self, value: Any) -> float:
        """Where ``value`` stands, 0 to 1; NaN for one that has no place."""
        if self.levels:
            text = as_text(value)
            return (self.levels.index(text) + 0.5) / len(self.levels) if text in self.levels else math.nan
        if not is_number(value) or (self.log and value <= 0):
            return math.nan
        if self.high <= self.low:
            return 0.5
        low, high, at = (math.log(one) if self.log else one for one in (self.low, self.high, value))
        return _MARGIN + (1 - 2 * _MARGIN) * (at - low) / (high - low)

    def ticks(self) -> list[tuple[float, str]]:
        """Places and texts of the marks along the axis."""
        if self.levels:
            return [(self.place(level), name) for level, name in zip(self.levels, self.names, strict=True)]
        if self.high <= self.low:
            return [(0.5, shown(self.low))]
        found = self._inner() if self.log else self._inner_linear()
        if len(found) < 2:
            found = [self.low, self.high]
        return [(self.place(value), shown(float(value))) for value in found]

    def _inner_linear(self) -> list[float]:
        located = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(self.low, self.high)
        return [float(value) for value in located if self.low <= value <= self.high]

    def _inner(self) -> list[float]:
        for subs in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0)):
            located = LogLocator(subs=subs, numticks=99).tick_values(self.low, self.high)
            found = [float(value) for value in located if self.low <= value <= self.high]
            if len(found) >= 3:
                return found
        return found


def scale_of(sweep: Sweep, key: str) -> Scale:
    """The axis of ``key``: as the space tells, else as its values in the runs suggest."""
    told = sweep.space.get(key) or {}
    values = [one.overrides.get(key) for one in sweep.trials]
    numbers = [float(value) for value in values if is_number(value)]
    all_numbers = len(numbers) == len(values) and bool(numbers)
    if "choices" in told:
        return _side_by_side(key, [*told["choices"], *values])
    if is_number(told.get("low")) and is_number(told.get("high")):
        return Scale(key, low=told["low"], high=told["high"], log=bool(told.get("log")) and told["low"] > 0)
    if not all_numbers or len(set(numbers)) <= _MOST_LEVELS:
        return _side_by_side(key, values)
    low, high = min(numbers), max(numbers)
    return Scale(key, low=low, high=high, log=low > 0 and high / low >= _LOG_FROM)


def _side_by_side(key: str, values: list[Any]) -> Scale:
    """Numbers by size, before names in the order given."""
    by_text = {as_text(value): value for value in values}
    numbers = sorted((text for text in by_text if is_number(by_text[text])), key=lambda text: by_text[text])
    names = [text for text in by_text if not is_number(by_text[text])]
    levels = (*numbers, *names)
    return Scale(key, levels, tuple(shown(by_text[text]) for text in levels))
