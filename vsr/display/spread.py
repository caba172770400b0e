"""Labels side by side without overlap, each as near as can be to where it belongs."""

import numpy as np


def spread(wanted: np.ndarray, gap: float, low: float, high: float) -> np.ndarray:
    """Move positions as little as possible until neighbors are at least ``gap`` apart.

    Least squares, by isotonic regression of the positions less their share of gaps (pool adjacent violators).

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
    shares = gap * np.arange(n)
    level = np.clip(_isotonic(np.asarray(wanted, float)[order] - shares), low, max(low, high - shares[-1]))
    placed = np.empty(n)
    placed[order] = level + shares
    return placed


def _isotonic(values: np.ndarray) -> np.ndarray:
    """The nearest sequence that never falls."""
    means: list[float] = []
    sizes: list[int] = []
    for value in values:
        means.append(float(value))
        sizes.append(1)
        while len(means) > 1 and means[-2] > means[-1]:
            size = sizes[-2] + sizes[-1]
            means[-2:] = [(means[-2] * sizes[-2] + means[-1] * sizes[-1]) / size]
            sizes[-2:] = [size]
    return np.repeat(means, sizes)
