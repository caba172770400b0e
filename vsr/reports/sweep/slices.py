"""The metric against each hyperparameter alone, as small multiples."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from vsr.display import style
from vsr.display.canvas import WIDTH, axes_in, legend
from vsr.display.document import Figure
from vsr.reports.sweep.run_looks import BEST, GONE, STATE_LOOKS, handles, limits
from vsr.reports.sweep.sweep_records import RunRecord, SweepRecord
from vsr.reports.sweep.value_scales import Scale, scale_of

MOST_PANELS = 12
_COLUMNS, _PANEL_HEIGHT = 3, 2.5
_HEAD, _LEFT, _FOOT = 0.3, 0.55, 0.5  # inches


def slices_figure(sweep: SweepRecord, keys: Sequence[str], chosen: Sequence[RunRecord]) -> Figure | None:
    """A panel for each of ``keys``, ``chosen`` runs as stars; None without keys or without a finished run."""
    keys = list(keys)[:MOST_PANELS]
    if not keys or not sweep.complete:
        return None
    columns = min(_COLUMNS, len(keys))
    height = _HEAD + -(-len(keys) // columns) * _PANEL_HEIGHT
    figure = style.new_figure(WIDTH, height)
    legend(figure, handles(sweep.runs, line=False))
    width = WIDTH / columns
    for place, key in enumerate(keys):
        row, column = divmod(place, columns)
        bottom = height - _HEAD - (row + 1) * _PANEL_HEIGHT + _FOOT
        across = width - _LEFT - 0.2
        axes = axes_in(figure, column * width + _LEFT, bottom, across, _PANEL_HEIGHT - _FOOT - 0.35)
        scale = scale_of(sweep, key)
        _points(axes, sweep, scale, chosen)
        _means(axes, sweep, scale)
        _dress(axes, scale, across)
    note = f"A dot is a run, at its {sweep.metric}; bars are means of the finished runs."
    if any(one.value is None for one in sweep.runs):
        note += " Gray, at the bottom: runs without a final value."
    return Figure("sweep_figures/slices.png", f"{sweep.metric} against each hyperparameter", note, figure)


def _points(axes: Axes, sweep: SweepRecord, scale: Scale, chosen: Sequence[RunRecord]) -> None:
    generator = np.random.default_rng(0)
    step = 0.16 / len(scale.levels) if scale.levels else 0.0
    low, high = limits(sweep)
    pad = max(0.08 * (high - low), 1e-3 * abs(high), 1e-9)
    foot = low - 2 * pad  # runs without a final value: their settings are shown, too
    for run in reversed(sweep.ranked):
        x = scale.place(run.overrides.get(scale.key)) + generator.uniform(-step, step)
        if run.value is None:
            axes.plot(x, foot, STATE_LOOKS[run.state].mark, color=GONE, ms=5, mfc="none", zorder=3)
        elif run in chosen:
            axes.plot(x, run.value, "*", color=BEST, ms=13, mec=style.PAPER, zorder=6, clip_on=False)
        else:
            look = {"color": style.PALETTE[0], "mec": style.PAPER, "mew": 0.6, "alpha": 0.85}
            axes.plot(x, run.value, "o", ms=5, zorder=4, **look)
    axes.set_ylim((foot if len(sweep.complete) < len(sweep.runs) else low) - pad, high + pad)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))


def _means(axes: Axes, sweep: SweepRecord, scale: Scale) -> None:
    reach = 0.36 / max(len(scale.levels), 1)
    for level in scale.levels:
        at = scale.place(level)
        there = [one.value for one in sweep.complete if scale.place(one.overrides.get(scale.key)) == at]
        if there:
            mean = np.mean(np.array(there, dtype=float))
            axes.plot([at - reach, at + reach], [mean, mean], color=style.INK, linewidth=1.8, zorder=5)


def _dress(axes: Axes, scale: Scale, width: float) -> None:
    name = style.cut(scale.key, width - (0.4 if scale.log else 0.0))
    title = f"{name} (log)" if scale.log else name
    axes.set_title(title, loc="left", size=style.FONT_SIZE + 0.5, weight="bold", color=style.INK, pad=7)
    ticks = scale.ticks()
    room = width / max(len(ticks), 1)
    turned = any(style.text_width(text) > 0.95 * room for _, text in ticks)
    look = {"rotation": 32, "ha": "right", "rotation_mode": "anchor"} if turned else {}
    texts = [style.cut(text, 0.62 if turned else room) for _, text in ticks]
    axes.set_xlim(0, 1)
    axes.set_xticks([place for place, _ in ticks], texts, **look)
