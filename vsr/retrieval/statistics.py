"""Confidence intervals of means over queries, as a configuration asks for them."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from vsr.errors import ConfigError
from vsr.metrics.resampling import bootstrap_intervals


@dataclass(frozen=True)
class Statistics:
    """How confidence intervals and tests are made.

    Args:
        level: coverage of the intervals, between 0 and 1.
        resamples: bootstrap samples of the queries.
        flips: sign flips that a paired test draws.
        seed: of both.

    Raises:
        ConfigError: a value out of its range.
    """

    level: float = 0.95
    resamples: int = 1000
    flips: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise ConfigError(f"statistics.level must be between 0 and 1, got {self.level}")
        for name in ("resamples", "flips"):
            if getattr(self, name) < 1:
                raise ConfigError(f"statistics.{name} must be >= 1, got {getattr(self, name)}")

    def intervals(self, values: dict[str, np.ndarray]) -> dict[str, tuple[float, float]]:
        """BCa bootstrap interval of the mean of each of ``values`` (Q,), NaN left out."""
        if not values:
            return {}
        columns = torch.from_numpy(np.stack(list(values.values()), axis=1))
        ends = bootstrap_intervals(columns, self.level, self.resamples, self.seed).tolist()
        return {name: (low, high) for name, (low, high) in zip(values, ends, strict=True)}

    @property
    def about(self) -> dict[str, Any]:
        """What a reader has to know about the intervals."""
        used = asdict(self)
        del used["flips"]
        return {"method": "BCa bootstrap over queries", **used}
