"""The metric of all runs, epoch by epoch."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vsr.display import style
from vsr.display.formats import measured
from vsr.display.spread import spread
from vsr.reports.sweep import canvas
from vsr.reports.sweep.files import Sweep, Trial

_HEIGHT, _LEFT, _RIGHT = 4.2, 0.62, 1.35  # inches
_LABEL_GAP = 11.5  # points between label base lines


def curves_figure(sweep: Sweep, chosen: Sequence[Trial]) -> Figure | None:
    """The figure, ``chosen`` runs on top; None where no run has measured an epoch."""
    drawn = [one for one in reversed(sweep.ranked) if len(one.curve) > 1]
    if not drawn:
        return None
    title = f"{sweep.metric} by epoch"
    note = "Epoch 0 is the untrained network; the darker a line, the better the run ended."
    figure = canvas.figure_of(_HEIGHT, title, note)
    canvas.legend(figure, canvas.handles({one.state for one in drawn}, line=True))
    axes = canvas.axes_in(figure, _LEFT, 0.5, canvas.WIDTH - _LEFT - _RIGHT, _HEIGHT - 1.2)
    for trial in drawn:
        if trial in chosen:
            _chosen(axes, sweep, trial, len(chosen) == 1)
        else:
            _curve(axes, sweep, trial)
    axes.set_xlabel("epoch", size=style.FONT_SIZE - 0.5, color=style.MUTED, labelpad=1)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1))
    axes.margins(x=0.01)
    axes.set_ylim(*_bounds(drawn))
    _label(axes, [one for one in chosen if len(one.curve)])
    return figure


def _curve(axes: Axes, sweep: Sweep, trial: Trial) -> None:
    epochs, values = _points(trial)
    paint = canvas.color(sweep, trial)
    axes.plot(epochs, values, color=paint, linewidth=1.2, linestyle=canvas.dash(trial), alpha=0.9, zorder=3)
    if trial.state in canvas.LOOKS:
        mark = canvas.LOOKS[trial.state].mark
        axes.plot(epochs[-1], values[-1], mark, color=canvas.GONE, ms=5, mfc="none", zorder=4)


def _chosen(axes: Axes, sweep: Sweep, trial: Trial, alone: bool) -> None:
    """Thick, with a star at its best epoch; less so where several seeds would become one band."""
    epochs, values = _points(trial)
    canvas.cased(axes, epochs, values, 2.8 if alone else 1.7)
    place = int(values.argmax() if sweep.maximize else values.argmin())
    look = {"color": canvas.BEST, "mec": style.PAPER, "clip_on": False, "zorder": 9}
    axes.plot(epochs[place], values[place], "*", ms=14 if alone else 9, **look)


def _points(trial: Trial) -> tuple[np.ndarray, np.ndarray]:
    return trial.curve["epoch"].to_numpy(dtype=float), trial.curve["value"].to_numpy(dtype=float)


def _label(axes: Axes, chosen: Sequence[Trial]) -> None:
    """Name the chosen runs at the ends of their lines, with the value that they are ranked by."""
    ends = np.array([float(one.curve["value"].iloc[-1]) for one in chosen])
    height = axes.bbox.height * 72 / axes.figure.dpi  # points
    low, high = axes.get_ylim()
    placed = spread((ends - low) / (high - low) * height, _LABEL_GAP, 0.0, height) / height
    for one, up in zip(chosen, placed.tolist(), strict=True):
        axes.annotate(
            f"run {one.number}  {measured(one.value)}",
            (1, up),
            (6, 0),
            xycoords="axes fraction",
            textcoords="offset points",
            va="center",
            size=style.FONT_SIZE,
            color=style.darker(canvas.BEST),
            weight="bold",
            annotation_clip=False,
        )


def _bounds(drawn: list[Trial]) -> tuple[float, float]:
    values = np.concatenate([one.curve["value"].to_numpy(dtype=float) for one in drawn])
    low, high = float(values.min()), float(values.max())
    pad = max(0.06 * (high - low), 1e-3 * abs(high), 1e-9)
    return low - pad, high + pad
