"""What a sweep varies: choices and intervals by configuration key, and the jobs that they make."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Point = dict[str, Any]  # by key: a word of its choices, or a number of its interval


@dataclass(frozen=True)
class Choices:
    """One of several values.

    Attributes:
        values: as they stand in the configuration, by their words on the command line.
    """

    values: dict[str, Any]

    def told(self) -> dict[str, Any]:
        """As ``sweep.json`` has it."""
        return {"choices": list(self.values.values())}

    def extremes(self) -> list[Any]:
        """Every word: each may name an entry that there is not."""
        return list(self.values)

    def word(self, value: Any) -> Any:
        """How ``value`` of the configuration is said here; None where it is none of the choices."""
        return next((word for word, one in self.values.items() if one == value), None)


@dataclass(frozen=True)
class Interval:
    """A number between two, both included.

    Attributes:
        low: the least.
        high: the greatest.
        log: whether its logarithm is what is even.
        whole: whether it is an integer.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def told(self) -> dict[str, Any]:
        """As ``sweep.json`` has it."""
        return {"low": self.low, "high": self.high, "log": self.log, "int": self.whole}

    def extremes(self) -> list[Any]:
        """Both ends."""
        return [self.low, self.high]

    def word(self, value: Any) -> Any:
        """``value`` where it is a number within, else None."""
        number = isinstance(value, int if self.whole else int | float) and not isinstance(value, bool)
        return value if number and self.low <= value <= self.high else None


@dataclass(frozen=True)
class Space:
    """What a sweep's jobs have in common and in what they differ.

    Attributes:
        fixed: overrides of every job, as on the command line.
        varied: by key as typed, ``+`` included.
    """

    fixed: list[str] = field(default_factory=list)
    varied: dict[str, Choices | Interval] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """The varied part, as ``sweep.json`` has it."""
        return {name(key): dimension.told() for key, dimension in self.varied.items()}

    def words(self, point: Mapping[str, Any]) -> list[str]:
        """The overrides of the job at ``point``."""
        return [*self.fixed, *(f"{key}={point[key]}" for key in self.varied)]

    def values(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """Configuration values at ``point``, by key."""
        return {
            name(key): one.values[point[key]] if isinstance(one, Choices) else point[key]
            for key, one in self.varied.items()
        }

    def intervals(self) -> list[str]:
        """Keys of which there is no list of values."""
        return [key for key, one in self.varied.items() if isinstance(one, Interval)]

    def grid(self) -> Iterator[Point]:
        """Every combination of the choices, the last key fastest."""
        for words in itertools.product(*(one.extremes() for one in self.varied.values())):
            yield dict(zip(self.varied, words, strict=True))

    def cover(self) -> Iterator[Point]:
        """As few points as have every word in them: what to compose before the first job runs."""
        extremes = {key: one.extremes() for key, one in self.varied.items()}
        for number in range(max((len(words) for words in extremes.values()), default=1)):
            yield {key: words[number % len(words)] for key, words in extremes.items()}


def name(key: str) -> str:
    """The key of a configuration value, without the sign that adds it."""
    return key.lstrip("+")
