"""Axes of hyperparameters: names side by side, numbers on a linear or logarithmic scale."""

import math
from dataclasses import dataclass
from typing import Any

from matplotlib.ticker import Locator, LogLocator, MaxNLocator

from vsr.display.formats import is_number
from vsr.reports.sweep.overrides import as_text, shown
from vsr.reports.sweep.sweep_records import SweepRecord

_MOST_LEVELS = 6  # different numbers that are still placed side by side, each with its label
_LOG_FROM = 50.0  # ratio of the ends from which positive numbers without a declared scale get a log axis
_MARGIN = 0.06  # of the axis, beyond the numbers at its ends


@dataclass(frozen=True)
class Scale:
    """The axis of one hyperparameter.

    Attributes:
        key: its name.
        levels: values side by side, as text; empty for a scale of numbers.
        names: labels of the levels.
        low: least number.
        high: greatest number.
        log: whether the scale is logarithmic.
    """

    key: str
    levels: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    log: bool = False

    def place(self, value: Any) -> float:
        """The place of ``value``, 0 to 1; NaN if it has none."""
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
        """Places and labels of the ticks."""
        if self.levels:
            return [(self.place(level), name) for level, name in zip(self.levels, self.names, strict=True)]
        if self.high <= self.low:
            return [(0.5, shown(self.low))]
        locators: list[Locator] = [MaxNLocator(5, steps=[1, 2, 2.5, 5, 10])]
        if self.log:  # the coarsest with three ticks
            subs = ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0))
            locators = [LogLocator(subs=one, numticks=99) for one in subs]
        found: list[float] = []
        for locator in locators:
            if len(found) < 3:
                located = locator.tick_values(self.low, self.high)
                found = [float(value) for value in located if self.low <= value <= self.high]
        return [(self.place(one), shown(one)) for one in (found if len(found) > 1 else [self.low, self.high])]


def scale_of(sweep: SweepRecord, key: str) -> Scale:
    """The axis of ``key``: as the space declares it, otherwise by its values in the runs."""
    told = sweep.space.get(key) or {}
    values = [one.overrides.get(key) for one in sweep.runs]
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
    """Numbers in order, then names in the order given."""
    by_text = {as_text(value): value for value in values}
    numbers = sorted((text for text in by_text if is_number(by_text[text])), key=lambda text: by_text[text])
    names = [text for text in by_text if not is_number(by_text[text])]
    levels = (*numbers, *names)
    return Scale(key, levels, tuple(shown(by_text[text]) for text in levels))
