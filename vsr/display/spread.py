"""Positions of labels, moved apart until they no longer overlap."""

import numpy as np
from scipy.optimize import isotonic_regression


def spread(wanted: np.ndarray, gap: float, low: float, high: float) -> np.ndarray:
    """Move positions as little as possible until neighbors are at least ``gap`` apart.

    Least squares: the isotonic regression of the positions, each less the gaps below it.

    Args:
        wanted: (n,) positions, in any order.
        gap: least distance; smaller where ``n`` labels do not fit otherwise.
        low: least position.
        high: greatest position.

    Returns:
        (n,) positions in the order of ``wanted``.
    """
    n = len(wanted)
    if n == 0:
        return np.zeros(0)
    gap = min(gap, (high - low) / (n - 1)) if n > 1 else gap
    order = np.argsort(wanted, kind="stable")
    gaps = gap * np.arange(n)
    level = isotonic_regression(np.asarray(wanted, float)[order] - gaps).x
    placed = np.empty(n)
    placed[order] = np.clip(level, low, max(low, high - gaps[-1])) + gaps
    return placed
