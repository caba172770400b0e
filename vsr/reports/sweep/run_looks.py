"""Colors, lines and marks of a sweep's runs in figures: by metric, by state, and of the chosen runs."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D

from vsr.display import style
from vsr.reports.sweep.sweep_records import RunRecord, SweepRecord

BEST = "#d55e00"  # chosen runs, which are also thick, marked with a star and labeled
GONE = "#9aa5af"  # runs without a final value
_MAP = matplotlib.colormaps["viridis"]
_PALE, _DARK = 0.86, 0.0  # places in the map of the worst and the best run


class StateLook(NamedTuple):
    """How a run without a final value is drawn."""

    dash: tuple[int, tuple[float, ...]]
    mark: str


STATE_LOOKS = {
    "pruned": StateLook((0, (4, 2)), "v"),
    "running": StateLook((0, (1, 1.4)), "o"),
    "failed": StateLook((0, (6, 2, 1, 2)), "x"),
}


def limits(sweep: SweepRecord) -> tuple[float, float]:
    """Least and greatest final value of the metric, without outliers among the worst quarter of the runs.

    A single run that learned nothing would otherwise press all others into one line.
    """
    values = np.array([one.value for one in sweep.complete], dtype=float)
    if not len(values):
        return 0.0, 1.0
    near, far = np.quantile(values, (0.25, 0.75))
    reach = 2.5 * (far - near)
    if reach > 0:
        values = values[values >= near - reach] if sweep.maximize else values[values <= far + reach]
    return float(values.min()), float(values.max())


def height(sweep: SweepRecord, value: float) -> float:
    """Place of a value within `limits`, 0 to 1; 0.5 if they are equal."""
    low, high = limits(sweep)
    return 0.5 if high <= low else float(np.clip((value - low) / (high - low), 0, 1))


def color(sweep: SweepRecord, run: RunRecord) -> str:
    """The color of a run: the darker the better, gray without a final value."""
    if run.value is None:
        return GONE
    place = height(sweep, run.value)
    return to_hex(_MAP(_PALE + (_DARK - _PALE) * (place if sweep.maximize else 1 - place)))


def dash(run: RunRecord) -> str | tuple[int, tuple[float, ...]]:
    """The line style of a run by its state."""
    return STATE_LOOKS[run.state].dash if run.state in STATE_LOOKS else "-"


def cased(axes: Axes, x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray, width: float) -> None:
    """Draw the line of a chosen run: thick, with a white edge that lies below all such lines."""
    look = {"clip_on": False, "solid_capstyle": "round"}
    axes.plot(x, y, color=style.PAPER, linewidth=width + 2.4, zorder=7, **look)
    axes.plot(x, y, color=BEST, linewidth=width, zorder=8, **look)


def handles(runs: Iterable[RunRecord], line: bool) -> list[Line2D]:
    """Legend entries, lines or marks: the best, and the states other than complete among ``runs``."""
    states = {one.state for one in runs}
    if line:
        best = Line2D([], [], color=BEST, linewidth=2.8, label="best")
        looks = {state: {"linestyle": look.dash, "linewidth": 1.2} for state, look in STATE_LOOKS.items()}
    else:
        best = Line2D([], [], color=BEST, marker="*", markersize=11, linewidth=0, label="best")
        looks = {
            state: {"marker": one.mark, "mfc": "none", "linewidth": 0} for state, one in STATE_LOOKS.items()
        }
    return [best, *(Line2D([], [], color=GONE, label=one, **looks[one]) for one in looks if one in states)]
