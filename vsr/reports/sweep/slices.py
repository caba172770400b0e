"""The metric against each hyper-parameter alone, as small multiples."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator

from vsr.display import style
from vsr.reports.sweep import canvas
from vsr.reports.sweep.files import Sweep, Trial
from vsr.reports.sweep.scales import Scale, scale_of

_COLUMNS, _PANEL_HEIGHT = 3, 2.5
_HEAD, _LEFT, _FOOT = 0.62, 0.55, 0.5  # inches
MOST_PANELS = 12


def slices_figure(sweep: Sweep, keys: Sequence[str], chosen: Sequence[Trial]) -> Figure | None:
    """The figure: a panel for each of ``keys``, ``chosen`` runs as stars.

    None without keys or without a finished run.
    """
    keys = list(keys)[:MOST_PANELS]
    if not keys or not sweep.complete:
        return None
    columns = min(_COLUMNS, len(keys))
    rows = -(-len(keys) // columns)
    height = _HEAD + rows * _PANEL_HEIGHT
    note = f"A dot is a run, at its {sweep.metric}; bars are means of the runs with a value."
    if any(one.value is None for one in sweep.trials):
        note += " Gray, at the foot: runs without a final value."
    figure = canvas.figure_of(height, f"{sweep.metric} against each hyper-parameter", note)
    canvas.legend(figure, canvas.handles({one.state for one in sweep.trials}, line=False))
    width = canvas.WIDTH / columns
    for place, key in enumerate(keys):
        row, column = divmod(place, columns)
        bottom = height - _HEAD - (row + 1) * _PANEL_HEIGHT + _FOOT
        box = (column * width + _LEFT, bottom, width - _LEFT - 0.2, _PANEL_HEIGHT - _FOOT - 0.35)
        _panel(canvas.axes_in(figure, *box), sweep, scale_of(sweep, key), box[2], chosen)
    return figure


def _panel(axes: Axes, sweep: Sweep, scale: Scale, width: float, chosen: Sequence[Trial]) -> None:
    generator = np.random.default_rng(0)
    step = 0.16 / len(scale.levels) if scale.levels else 0.0
    low, high = canvas.limits(sweep)
    pad = max(0.08 * (high - low), 1e-3 * abs(high), 1e-9)
    foot = low - 2 * pad  # for runs without a final value: where they were says something too
    for trial in reversed(sweep.ranked):
        x = scale.place(trial.overrides.get(scale.key)) + generator.uniform(-step, step)
        if trial.value is None:
            axes.plot(x, foot, canvas.LOOKS[trial.state].mark, color=canvas.GONE, ms=5, mfc="none", zorder=3)
        elif trial in chosen:
            axes.plot(x, trial.value, "*", color=canvas.BEST, ms=13, mec=style.PAPER, zorder=6, clip_on=False)
        else:
            look = {"color": style.PALETTE[0], "mec": style.PAPER, "mew": 0.6, "alpha": 0.85}
            axes.plot(x, trial.value, "o", ms=5, zorder=4, **look)
    axes.set_ylim((foot if len(sweep.complete) < len(sweep.trials) else low) - pad, high + pad)
    _means(axes, sweep, scale)
    _dress(axes, scale, width)


def _means(axes: Axes, sweep: Sweep, scale: Scale) -> None:
    for level in scale.levels:
        place = scale.place(level)
        values = [one.value for one in sweep.complete if scale.place(one.overrides.get(scale.key)) == place]
        if values:
            reach = 0.36 / len(scale.levels)
            mean = float(np.mean(np.array(values, dtype=float)))
            axes.plot([place - reach, place + reach], [mean, mean], color=style.INK, linewidth=1.8, zorder=5)


def _dress(axes: Axes, scale: Scale, width: float) -> None:
    name = canvas.cut(scale.key, width - (0.4 if scale.log else 0.0))
    title = f"{name} (log)" if scale.log else name
    axes.set_title(title, loc="left", size=style.FONT_SIZE + 0.5, weight="bold", color=style.INK, pad=7)
    ticks = scale.ticks()
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_locator(FixedLocator([place for place, _ in ticks]))
    room = width / max(len(ticks), 1)
    turned = any(style.text_width(text) > 0.95 * room for _, text in ticks)
    texts = [canvas.cut(text, 0.62 if turned else room) for _, text in ticks]
    axes.xaxis.set_major_formatter(FixedFormatter(texts))
    if turned:
        axes.tick_params(axis="x", labelrotation=32)
        for label in axes.get_xticklabels():
            label.set_horizontalalignment("right")
            label.set_rotation_mode("anchor")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
