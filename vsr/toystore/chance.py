"""Random choices of one product or one photo, drawn from a stream of its own."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Chance:
    """A stream of random choices that depends on ``key`` alone.

    Args:
        key: whole numbers >= 0, such as the seed, the product's number and the photo's number plus one.
    """

    def __init__(self, *key: int) -> None:
        self.rng = np.random.default_rng(key)

    def between(self, low: float, high: float) -> float:
        """A number in [low, high), evenly."""
        return float(low + (high - low) * self.rng.random())

    def whole(self, low: int, high: int) -> int:
        """A whole number in low..high, both ends included."""
        return int(self.rng.integers(low, high + 1))

    def maybe(self, probability: float) -> bool:
        """True with this probability."""
        return bool(self.rng.random() < probability)

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, evenly."""
        return choices[int(self.rng.integers(len(choices)))]
