"""Bars and intervals: how much each hyper-parameter matters, and configurations side by side."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vsr.display import style
from vsr.display.formats import is_number, measured
from vsr.reports.sweep import canvas
from vsr.reports.sweep.files import Sweep
from vsr.reports.sweep.groups import Group
from vsr.reports.sweep.importance import Explained

_ROW, _HEAD, _FOOT = 0.3, 0.78, 0.45  # inches
_MOST_NAME = 3.2  # inches
MOST_ROWS = 24


def importance_figure(found: Explained) -> Figure:
    """A bar a hyper-parameter, with the tick up to which it may be luck."""
    parts = found.parts[:MOST_ROWS]
    note = "Bar: share of the variance that hangs on it. Tick: luck alone stays below it in 95 of 100 cases."
    figure = canvas.figure_of(_HEAD + _FOOT + _ROW * len(parts), "What matters", note)
    axes = _rows(figure, [one.key for one in parts], right=0.7)
    for y, part in enumerate(parts):
        look: dict[str, Any] = (
            {"color": style.PALETTE[0]}
            if part.matters
            else {"color": "#c9d1d8", "hatch": "////", "edgecolor": "#ffffff"}
        )
        share = max(part.share, 0.0)
        axes.barh(y, share, height=0.58, linewidth=0, zorder=3, **look)
        axes.plot([part.luck] * 2, [y - 0.4, y + 0.4], color=style.INK, linewidth=1.6, zorder=4)
        end = max(share, part.luck)
        axes.annotate(
            f"{share:.2f}" + ("" if part.matters else "  may be luck"),
            (end, y),
            (6, 0),
            textcoords="offset points",
            va="center",
            size=style.FONT_SIZE,
            color=style.INK if part.matters else style.MUTED,
            annotation_clip=False,
        )
    axes.set_xlim(0, max(1e-6, *(max(one.share, one.luck) for one in parts)) * 1.12)
    return figure


def groups_figure(sweep: Sweep, ordered: list[Group]) -> Figure:
    """Mean and 95 % interval of each group, its single runs as dots; the best on top."""
    drawn = ordered[:MOST_ROWS]
    note = f"Bar: mean over {sweep.repeats}; line: its 95 % interval (Student's t); dots: single runs."
    if len(drawn) < len(ordered):
        note += f" The best {len(drawn)} of {len(ordered)}."
    figure = canvas.figure_of(_HEAD + _FOOT + _ROW * len(drawn), f"{sweep.metric} over {sweep.repeats}", note)
    axes = _rows(figure, [one.name for one in drawn], right=1.62)
    low, high = _limits(drawn)
    for y, group in enumerate(drawn):
        paint = canvas.BEST if y == 0 else style.PALETTE[0]
        if is_number(group.half):
            ends = np.clip([group.mean - group.half, group.mean + group.half], low, high)
            axes.plot(ends, [y, y], color=paint, linewidth=2.2 if y == 0 else 1.5, zorder=3)
        axes.plot(group.values, [y] * group.n, "o", color=style.MUTED, ms=3.4, zorder=4, alpha=0.9)
        axes.plot(group.mean, y, "|", color=paint, ms=15, mew=3.2 if y == 0 else 2.2, zorder=3.5)
        around = f" ± {measured(group.half)}" if is_number(group.half) else ""
        axes.annotate(
            f"{measured(group.mean)}{around}  n={group.n}",
            (1, y),
            (8, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            size=style.FONT_SIZE,
            weight="bold" if y == 0 else "normal",
            color=style.INK,
            annotation_clip=False,
        )
    axes.set_xlim(low, high)
    return figure


def _limits(drawn: list[Group]) -> tuple[float, float]:
    """All runs, and intervals as far as they do not hide them: those of two runs may be wider than all."""
    values = np.concatenate([one.values for one in drawn])
    span = max(float(np.ptp(values)), 1e-3)
    ends = np.array(
        [end for one in drawn if is_number(one.half) for end in (one.mean - one.half, one.mean + one.half)]
    )
    least = float(min(values.min(), ends.min() if len(ends) else values.min()))
    most = float(max(values.max(), ends.max() if len(ends) else values.max()))
    low, high = max(least, values.min() - span), min(most, values.max() + span)
    return low - 0.03 * (high - low), high + 0.03 * (high - low)


def _rows(figure: Figure, names: list[str], right: float) -> Axes:
    """Axes with a name at each row, the first on top."""
    room = min(_MOST_NAME, max(style.text_width(name) for name in names)) * 1.05
    height = figure.get_size_inches()[1]
    left = room + 0.3
    axes = canvas.axes_in(figure, left, _FOOT, canvas.WIDTH - left - right, height - _HEAD - _FOOT)
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=style.FAINT, linewidth=0.8)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(
        range(len(names)), [canvas.cut(name, room) for name in names], size=style.FONT_SIZE, color=style.INK
    )
    return axes
