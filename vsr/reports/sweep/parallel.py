"""Parallel coordinates: an axis a hyper-parameter, a line a run from its values to its metric."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vsr.display import style
from vsr.display.formats import measured
from vsr.reports.sweep import canvas
from vsr.reports.sweep.files import Sweep, Trial
from vsr.reports.sweep.overrides import shown
from vsr.reports.sweep.scales import Scale, scale_of

MOST_AXES = 8
_HEIGHT = 4.5  # inches
_FAN = 0.55  # share of a level over which the lines through it are fanned out


def parallel_figure(sweep: Sweep, keys: Sequence[str], chosen: Sequence[Trial]) -> Figure | None:
    """The figure, its axes in the order of ``keys``, ``chosen`` runs of one configuration on top.

    None with fewer than two axes, or without a finished run.
    """
    if len(keys) < 2 or not chosen:
        return None
    left_out = (
        f" {len(keys) - MOST_AXES} axes of least importance are left out." if len(keys) > MOST_AXES else ""
    )
    better = "higher" if sweep.maximize else "lower"
    note = f"A line is a run; the darker, the better its {sweep.metric} ({better} is better).{left_out}"
    figure = canvas.figure_of(_HEIGHT, "Which values led where", note)
    canvas.legend(figure, canvas.handles({one.state for one in sweep.trials}, line=True))
    scales = [scale_of(sweep, key) for key in keys[-MOST_AXES:]]
    axes = canvas.axes_in(figure, 1.0, 0.5, canvas.WIDTH - 1.75, _HEIGHT - 1.6)
    _bare(axes, len(scales))
    places = _places(sweep, scales)
    for trial in reversed(sweep.ranked):
        _line(axes, sweep, trial, places[trial.number], trial in chosen)
    for x, scale in enumerate(scales):
        _axis(axes, x, scale, chosen[0], (canvas.WIDTH - 1.75) / len(scales))
    _metric_axis(axes, sweep, len(scales), chosen)
    return figure


def _bare(axes: Axes, n: int) -> None:
    axes.axis("off")
    axes.set_xlim(0, n)
    axes.set_ylim(0, 1)
    for x in range(n + 1):
        axes.plot([x, x], [0, 1], color=style.MUTED, linewidth=0.9, zorder=2, clip_on=False)


def _places(sweep: Sweep, scales: list[Scale]) -> dict[int, np.ndarray]:
    """Heights (n scales,) by run; runs that share a level stand a little apart, in the order of the table."""
    heights = {
        one.number: np.array([scale.place(one.overrides.get(scale.key)) for scale in scales])
        for one in sweep.trials
    }
    for column, scale in enumerate(scales):
        for level in scale.levels:
            place = scale.place(level)
            there = [one.number for one in reversed(sweep.ranked) if heights[one.number][column] == place]
            offsets = np.linspace(-0.5, 0.5, len(there)) if len(there) > 1 else np.zeros(1)
            for number, offset in zip(there, offsets * _FAN / len(scale.levels), strict=False):
                heights[number][column] = place + offset
    return heights


def _line(axes: Axes, sweep: Sweep, trial: Trial, heights: np.ndarray, chosen: bool) -> None:
    """From axis to axis; a run without a final value ends at the last hyper-parameter."""
    y = [*heights, _height(sweep, trial.value)] if trial.value is not None else list(heights)
    x = np.arange(len(y))
    if chosen:
        canvas.cased(axes, x, y, 2.8)
        axes.plot(x, y, "o", color=canvas.BEST, ms=6, mec=style.PAPER, mew=1.2, zorder=9, clip_on=False)
        return
    width, alpha = (1.3, 0.9) if trial.value is not None else (0.9, 0.8)
    paint = canvas.color(sweep, trial)
    axes.plot(
        x, y, color=paint, linewidth=width, alpha=alpha, linestyle=canvas.dash(trial), zorder=3, clip_on=False
    )


def _height(sweep: Sweep, value: float | None) -> float:
    low, high = canvas.limits(sweep)
    if value is None or high <= low:
        return 0.5
    return float(np.clip((value - low) / (high - low), 0, 1))


def _axis(axes: Axes, x: int, scale: Scale, best: Trial, width: float) -> None:
    """Name above, marks at the left, the best run's value below."""
    for y, text in scale.ticks():
        axes.plot([x - 0.012, x], [y, y], color=style.MUTED, linewidth=0.9, zorder=4, clip_on=False)
        label = axes.annotate(
            canvas.cut(text, 0.78 if x == 0 else 0.55 * width),
            (x, y),
            (-5, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            size=style.FONT_SIZE - 0.5,
            color=style.INK,
            zorder=10,
            annotation_clip=False,
        )
        label.set_path_effects(canvas.outlined())
    name = canvas.in_lines(scale.key, 0.92 * width)
    note = " (log)" if scale.log else ""
    _text(axes, x, 1, 8, f"{name}{note}", style.INK, bold=True)
    _text(
        axes, x, 0, -9, canvas.cut(shown(best.overrides.get(scale.key)), 0.9 * width), canvas.BEST, bold=True
    )


def _metric_axis(axes: Axes, sweep: Sweep, x: int, chosen: Sequence[Trial]) -> None:
    low, high = canvas.limits(sweep)
    best = float(np.mean([one.value for one in chosen if one.value is not None]))
    for value in np.linspace(low, high, 5) if high > low else [low]:
        y = _height(sweep, float(value))
        axes.annotate(
            measured(float(value)),
            (x, y),
            (6, 0),
            textcoords="offset points",
            va="center",
            size=style.FONT_SIZE - 0.5,
            color=style.MUTED,
            annotation_clip=False,
        )
    outside = any(one.value is not None and not low <= one.value <= high for one in sweep.complete)
    beyond = ("\n(and below)" if sweep.maximize else "\n(and above)") if outside else ""
    _text(axes, x, 1, 8, sweep.metric, style.INK, bold=True)
    if beyond:
        _text(axes, x, 0 if sweep.maximize else 1, -22 if sweep.maximize else 20, beyond.strip(), style.MUTED)
    _text(axes, x, 0, -9, measured(best), canvas.BEST, bold=True)


def _text(axes: Axes, x: float, y: float, up: float, text: str, color: str, bold: bool = False) -> None:
    axes.annotate(
        text,
        (x, y),
        (0, up),
        textcoords="offset points",
        ha="center",
        va="bottom" if up > 0 else "top",
        size=style.FONT_SIZE,
        color=color,
        weight="bold" if bold else "normal",
        annotation_clip=False,
    )
