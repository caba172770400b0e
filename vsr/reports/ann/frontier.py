"""The points that no other point beats in both directions (the Pareto frontier)."""

import numpy as np


def frontier(quality: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """Indexes of the points that no other is at least as good as in both and better in one.

    Of equal points the first is kept.

    Args:
        quality: (n,) higher is better; points with NaN in either are left out.
        speed: (n,) higher is better.

    Returns:
        Indexes (m,) by rising quality, hence by falling speed.
    """
    known = np.flatnonzero(~(np.isnan(quality) | np.isnan(speed)))
    order = known[np.lexsort((known, -quality[known], -speed[known]))]  # fast first, then good, then early
    before = np.maximum.accumulate(np.concatenate([[-np.inf], quality[order]]))[:-1]
    return order[quality[order] > before]
