"""Parallel coordinates: an axis per hyperparameter, a line per run from its values to its metric."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from vsr.display import style
from vsr.display.canvas import WIDTH, axes_in, legend, note
from vsr.display.document import Figure
from vsr.display.formats import measured
from vsr.reports.sweep.overrides import shown
from vsr.reports.sweep.run_looks import BEST, cased, color, dash, handles, height, limits
from vsr.reports.sweep.sweep_records import RunRecord, SweepRecord
from vsr.reports.sweep.value_scales import Scale, scale_of

MOST_AXES = 8
_HEIGHT, _ACROSS = 4.2, WIDTH - 1.75  # inches, of the figure and of the axes
_FAN = 0.55  # share of a level over which the lines through it are spread


def parallel_figure(sweep: SweepRecord, keys: Sequence[str], chosen: Sequence[RunRecord]) -> Figure | None:
    """The figure, its axes in the order of ``keys``, ``chosen`` runs of one configuration on top.

    None with fewer than two axes, or without a finished run.
    """
    if len(keys) < 2 or not chosen:
        return None
    figure = style.new_figure(WIDTH, _HEIGHT)
    legend(figure, handles(sweep.runs, line=True))
    scales = [scale_of(sweep, key) for key in keys[-MOST_AXES:]]
    axes = axes_in(figure, 1.0, 0.5, _ACROSS, _HEIGHT - 1.3)
    axes.axis("off")
    axes.set(xlim=(0, len(scales)), ylim=(0, 1))
    for x in range(len(scales) + 1):
        axes.plot([x, x], [0, 1], color=style.MUTED, linewidth=0.9, zorder=2, clip_on=False)
    places = _places(sweep, scales)
    for run in reversed(sweep.ranked):
        _line(axes, sweep, run, places[run.number], run in chosen)
    for x, scale in enumerate(scales):
        _value_axis(axes, x, scale, chosen[0], _ACROSS / len(scales))
    _metric_axis(axes, sweep, len(scales), chosen)
    better = "higher" if sweep.maximize else "lower"
    about = f"Each line is a run; the darker, the better its {sweep.metric} ({better} is better)."
    if len(keys) > MOST_AXES:
        about += f" The {len(keys) - MOST_AXES} least important hyperparameters are left out."
    return Figure("sweep_figures/parallel.png", "Parallel coordinates", about, figure)


def _places(sweep: SweepRecord, scales: list[Scale]) -> dict[int, np.ndarray]:
    """Heights (scales,) by run; runs at the same level are spread a little, in the order of the table."""
    heights = {
        one.number: np.array([scale.place(one.overrides.get(scale.key)) for scale in scales])
        for one in sweep.runs
    }
    for column, scale in enumerate(scales):
        for level in scale.levels:
            place = scale.place(level)
            there = [one.number for one in reversed(sweep.ranked) if heights[one.number][column] == place]
            offsets = np.linspace(-0.5, 0.5, len(there)) if len(there) > 1 else np.zeros(1)
            for number, offset in zip(there, offsets * _FAN / len(scale.levels), strict=False):
                heights[number][column] = place + offset
    return heights


def _line(axes: Axes, sweep: SweepRecord, run: RunRecord, heights: np.ndarray, chosen: bool) -> None:
    """From axis to axis; a run without a final value ends at the last hyperparameter."""
    y = [*heights, height(sweep, run.value)] if run.value is not None else list(heights)
    x = np.arange(len(y))
    if chosen:
        cased(axes, x, y, 2.8)
        axes.plot(x, y, "o", color=BEST, ms=6, mec=style.PAPER, mew=1.2, zorder=9, clip_on=False)
        return
    width, alpha = (1.3, 0.9) if run.value is not None else (0.9, 0.8)
    look = {"color": color(sweep, run), "linestyle": dash(run)}
    axes.plot(x, y, linewidth=width, alpha=alpha, zorder=3, clip_on=False, **look)


def _value_axis(axes: Axes, x: int, scale: Scale, best: RunRecord, width: float) -> None:
    """Name above, ticks at the left, the best run's value below."""
    outline = [withStroke(linewidth=2.4, foreground=style.PAPER)]  # so that it can be read above lines
    for y, text in scale.ticks():
        axes.plot([x - 0.012, x], [y, y], color=style.MUTED, linewidth=0.9, zorder=4, clip_on=False)
        text = style.cut(text, 0.78 if x == 0 else 0.55 * width)
        look = {"size": style.FONT_SIZE - 0.5, "zorder": 10, "path_effects": outline}
        note(axes, text, (x, y), (-5, 0), ha="right", **look)
    name = style.broken(scale.key, 0.92 * width)
    _above(axes, x, f"{name} (log)" if scale.log else name)
    _below(axes, x, style.cut(shown(best.overrides.get(scale.key)), 0.9 * width))


def _metric_axis(axes: Axes, sweep: SweepRecord, x: int, chosen: Sequence[RunRecord]) -> None:
    low, high = limits(sweep)
    for value in np.linspace(low, high, 5).tolist() if high > low else [low]:
        at = (x, height(sweep, value))
        note(axes, measured(value), at, size=style.FONT_SIZE - 0.5, color=style.MUTED)
    _above(axes, x, sweep.metric)
    _below(axes, x, measured(float(np.mean([one.value for one in chosen if one.value is not None]))))
    if any(one.value is not None and not low <= one.value <= high for one in sweep.complete):
        text, y, up = ("(and below)", 0, -28) if sweep.maximize else ("(and above)", 1, 26)
        note(axes, text, (x, y), (0, up), ha="center", color=style.MUTED)


def _above(axes: Axes, x: int, text: str) -> None:
    note(axes, text, (x, 1), (0, 8), ha="center", va="bottom", weight="bold")


def _below(axes: Axes, x: int, text: str) -> None:
    note(axes, text, (x, 0), (0, -9), ha="center", va="top", weight="bold", color=BEST)
