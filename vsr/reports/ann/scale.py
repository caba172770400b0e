"""A scale for shares near 1: as far from 0.99 to 0.999 as from 0.9 to 0.99, and 1 is still on it."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator

_END = 2e-3  # what is missing of 1 when a tenth of it makes no difference any more
_HIGHEST = 0.9  # the scale begins here or below it: near 1 all is much alike
_TICKS = (0.0, 0.2, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0)


def stretched(share: np.ndarray | float) -> np.ndarray:
    """Places on the scale of shares; those above 1 stand at 1."""
    return -np.log10(1 - np.clip(share, 0, 1) + _END)


def set_stretched(axes: Axes, lowest: float) -> None:
    """Make the x axis of ``axes``, on which places of `stretched` are drawn, show shares from ``lowest``."""
    lowest = max([tick for tick in _TICKS if tick <= min(lowest, _HIGHEST)], default=0.0)
    ticks = [tick for tick in _TICKS if tick >= lowest]
    axes.set_xlim(float(stretched(lowest)), float(stretched(1.0)) + 0.03)
    axes.xaxis.set_major_locator(FixedLocator([float(stretched(tick)) for tick in ticks]))
    axes.xaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in ticks]))
    axes.grid(axis="x", color="#eef1f4", linewidth=0.8)
