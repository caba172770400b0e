"""What the figures of a sweep share: size, head, colors by the metric, and how the best run stands out."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import AbstractPathEffect, withStroke

from vsr.display import style
from vsr.display.lettering import ELLIPSIS
from vsr.reports.sweep.files import Sweep, Trial

WIDTH = 9.6  # inches
BEST = "#d55e00"  # the run that is chosen: thick, dotted and labeled besides
GONE = "#9aa5af"  # runs without a final value
_MAP = matplotlib.colormaps["viridis"]
_PALE, _DARK = 0.86, 0.0  # of the map, for the worst and the best: dark is good


def figure_of(height: float, title: str, note: str) -> Figure:
    """A figure with a title, and a line that says how to read it."""
    figure = style.new_figure(WIDTH, height)
    left = 0.14 / WIDTH
    size = style.FONT_SIZE + 3
    figure.text(left, 1 - 0.12 / height, title, size=size, weight="bold", color=style.INK, va="top")
    figure.text(left, 1 - 0.38 / height, note, size=style.FONT_SIZE, color=style.MUTED, va="top")
    return figure


def axes_in(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes at a place in inches."""
    across, up = figure.get_size_inches()
    axes = figure.add_axes((left / across, bottom / up, width / across, height / up))
    style.dress(axes)
    return axes


def limits(sweep: Sweep) -> tuple[float, float]:
    """Least and greatest final value of the metric; the quarter of runs that are worst may lie outside.

    One run that learned nothing would else press all the others into one line.
    """
    values = np.array([one.value for one in sweep.complete], dtype=float)
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    near, far = np.quantile(values, (0.25, 0.75))
    reach = 2.5 * (far - near)
    if sweep.maximize and near - reach > low and reach > 0:
        low = float(values[values >= near - reach].min())
    elif not sweep.maximize and far + reach < high and reach > 0:
        high = float(values[values <= far + reach].max())
    return low, high


def goodness(sweep: Sweep, value: float) -> float:
    """0 for the worst value within `limits`, 1 for the best."""
    low, high = limits(sweep)
    share = 1.0 if high <= low else float(np.clip((value - low) / (high - low), 0, 1))
    return share if sweep.maximize else 1 - share


def color(sweep: Sweep, trial: Trial) -> str:
    """The color of a run: the darker the better, gray without a final value."""
    if trial.value is None:
        return GONE
    return to_hex(_MAP(_PALE + (_DARK - _PALE) * goodness(sweep, trial.value)))


def outlined() -> list[AbstractPathEffect]:
    """An edge of paper around text, so that it is read above lines."""
    return [withStroke(linewidth=2.4, foreground=style.PAPER)]


def cased(axes: Axes, x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray, width: float) -> None:
    """Draw the line of a chosen run: thick, with an edge of paper that lies below all such lines."""
    look = {"clip_on": False, "solid_capstyle": "round"}
    axes.plot(x, y, color=style.PAPER, linewidth=width + 2.4, zorder=7, **look)
    axes.plot(x, y, color=BEST, linewidth=width, zorder=8, **look)


class Look(NamedTuple):
    """How a run without a final value is drawn."""

    dash: tuple[int, tuple[float, ...]]
    mark: str


LOOKS = {
    "pruned": Look((0, (4, 2)), "v"),
    "running": Look((0, (1, 1.4)), "o"),
    "failed": Look((0, (6, 2, 1, 2)), "x"),
}


def handles(states: Iterable[str], line: bool) -> list[Line2D]:
    """Legend entries, lines or marks: the best, and the ``states`` besides complete."""
    if line:
        found = [Line2D([], [], color=BEST, linewidth=2.8, label="the best")]
    else:
        found = [Line2D([], [], color=BEST, marker="*", markersize=11, linewidth=0, label="the best")]
    for state, look in LOOKS.items():
        if state not in set(states):
            continue
        if line:
            found.append(Line2D([], [], color=GONE, linestyle=look.dash, linewidth=1.2, label=state))
        else:
            found.append(Line2D([], [], color=GONE, marker=look.mark, mfc="none", linewidth=0, label=state))
    return found


def dash(trial: Trial) -> str | tuple[int, tuple[float, ...]]:
    """The line of a run by its state, as `handles` tells."""
    return LOOKS[trial.state].dash if trial.state in LOOKS else "-"


def legend(figure: Figure, entries: list[Line2D]) -> None:
    """Put ``entries`` at the head, at the right."""
    across, up = figure.get_size_inches()
    figure.legend(
        handles=entries,
        loc="upper right",
        bbox_to_anchor=(1 - 0.1 / across, 1 - 0.06 / up),
        ncols=len(entries),
        frameon=False,
        fontsize=style.FONT_SIZE,
        labelcolor=style.MUTED,
        handlelength=2.2,
        columnspacing=1.4,
        borderaxespad=0.2,
    )


def in_lines(text: str, width: float, most: int = 2) -> str:
    """``text`` broken at dots and underscores into lines of so many inches, its middle cut where it must."""
    lines, rest = [], text
    while rest and style.text_width(rest) > width and len(lines) < most - 1:
        cuts = [
            i + 1
            for i, sign in enumerate(rest[:-1])
            if sign in "._/" and style.text_width(rest[: i + 1]) <= width
        ]
        if not cuts:
            break
        lines.append(rest[: cuts[-1]])
        rest = rest[cuts[-1] :]
    return "\n".join([*lines, cut(rest, width)])


def cut(text: str, width: float) -> str:
    """``text``, or its beginning and an ellipsis, within so many inches."""
    if style.text_width(text) <= width:
        return text
    while len(text) > 1 and style.text_width(text + ELLIPSIS) > width:
        text = text[:-1]
    return text + ELLIPSIS
