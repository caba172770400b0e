"""Learning curves: a panel for the loss, then one for each family of metrics, labeled at the lines' ends."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from vsr.display import style
from vsr.display.formats import small, three
from vsr.display.panels import Line, Panel, finite_column, panels
from vsr.display.spread import spread

PANEL_WIDTH, PANEL_HEIGHT = 3.9, 2.75  # inches, labels and titles included
LEFT, TOP, BOTTOM = 0.5, 0.45, 0.42  # inches around a panel's axes
NOTE_HEIGHT = 0.36  # inches for a line of the note at the figure's head
_LABEL_GAP = 11.0  # points between label base lines
_MANY = 40  # epochs; no dot for each from here on


class _Best(NamedTuple):
    """The epoch to mark, and what made it the best."""

    epoch: int
    monitor: str
    value: float


def draw_curves(
    history: pd.DataFrame, path: str | Path, monitor: str = "val/map", mode: str = "max", columns: int = 3
) -> None:
    """Draw a run's history as small multiples.

    Args:
        history: a row an epoch: ``epoch`` (0 is the untrained network), ``train/loss``, ``lr`` and metrics
            named ``val/<metric>`` or ``val/<index>/<metric>``. Missing columns and NaN are left out.
        path: where the picture goes: .png or .jpg, at most 300 kB.
        monitor: the column by which an epoch is the best.
        mode: ``max`` or ``min``.
        columns: panels side by side; 1 suits a phone.
    """
    style.save_figure(curves_figure(history, monitor, mode, columns), path)


def curves_figure(
    history: pd.DataFrame, monitor: str = "val/map", mode: str = "max", columns: int = 3
) -> Figure:
    """The figure that `draw_curves` writes."""
    history = history.sort_values("epoch", kind="stable") if "epoch" in history else history
    drawn = panels(history) if "epoch" in history else []
    columns = max(1, min(columns, len(drawn)))
    rows = max(1, -(-len(drawn) // columns))
    best = _best(history, monitor, mode)
    lines = _note(best, drawn, columns)
    head = NOTE_HEIGHT + 0.19 * (len(lines) - 1)
    width, height = columns * PANEL_WIDTH, rows * PANEL_HEIGHT + head
    figure = style.new_figure(width, height)
    figure.text(
        0.14 / width, 1 - 0.13 / height, "\n".join(lines), size=style.FONT_SIZE, color=style.MUTED, va="top"
    )
    right = _label_room(drawn)
    for place, panel in enumerate(drawn):
        row, column = divmod(place, columns)
        left = column * PANEL_WIDTH + LEFT
        bottom = height - head - (row + 1) * PANEL_HEIGHT + BOTTOM
        size = (PANEL_WIDTH - LEFT - right, PANEL_HEIGHT - TOP - BOTTOM)
        _draw_panel(figure, (left, bottom, *size), panel, history, best)
    return figure


def _label_room(drawn: list[Panel]) -> float:
    """Inches right of the axes: the same in all panels, so that their epochs stand one below the other."""
    widest = max(
        (style.text_width(f"{line.label}  0.000") for panel in drawn for line in panel.lines), default=0
    )
    return min(max(widest, style.text_width("lr  ≤ 9.9e-4")) + 0.33, PANEL_WIDTH / 2)


def _best(history: pd.DataFrame, monitor: str, mode: str) -> _Best | None:
    if monitor not in history or "epoch" not in history:
        return None
    values = finite_column(history, monitor)
    values[history["epoch"].to_numpy() <= 0] = np.nan
    if not np.isfinite(values).any():
        return None
    place = int(np.nanargmax(values) if mode == "max" else np.nanargmin(values))
    return _Best(int(history["epoch"].iloc[place]), monitor, float(values[place]))


def _note(best: _Best | None, drawn: list[Panel], columns: int) -> list[str]:
    if not drawn:
        return ["Nothing has been measured yet."]
    parts = ["Epoch 0 is the untrained network."]
    if best is not None:
        parts.append(f"Dashed line: epoch {best.epoch}, the best {best.monitor} ({three(best.value)});")
        parts.append("numbers at the lines' ends are values of that epoch.")
    else:
        parts.append("Numbers at the lines' ends are the last values.")
    return parts if columns == 1 else [" ".join(parts)]


def _draw_panel(
    figure: Figure, box: tuple[float, ...], panel: Panel, history: pd.DataFrame, best: _Best | None
) -> None:
    left, bottom, width, height = box
    has_rate = (
        panel.title == "loss" and "lr" in history and np.isfinite(finite_column(history, "lr")).sum() > 1
    )
    foot = 0.42 if has_rate else 0.0  # inches for the learning rate, below the loss
    axes = _axes(figure, (left, bottom + foot, width, height - foot))
    epochs = history["epoch"].to_numpy(dtype=float)
    axes.set_title(panel.title, loc="left", size=style.FONT_SIZE + 1.5, weight="bold", color=style.INK, pad=9)
    _mark_best(axes, best)
    for line in panel.lines:
        _draw_line(axes, epochs, finite_column(history, line.column), line, best)
    _set_limits(axes, epochs, history, panel)
    _label_ends(axes, epochs, history, panel.lines, best)
    lowest = axes
    if has_rate:
        axes.tick_params(axis="x", labelbottom=False, length=0)
        lowest = _axes(figure, (left, bottom, width, foot - 0.12))
        _draw_rate(lowest, epochs, finite_column(history, "lr"), axes.get_xlim(), best)
    lowest.set_xlabel("epoch", size=style.FONT_SIZE - 0.5, color=style.MUTED, labelpad=1)


def _axes(figure: Figure, inches: tuple[float, float, float, float]) -> Axes:
    width, height = figure.get_size_inches()
    left, bottom, across, up = inches
    axes = figure.add_axes((left / width, bottom / height, across / width, up / height))
    style.dress(axes)
    return axes


def _mark_best(axes: Axes, best: _Best | None) -> None:
    if best is not None:
        axes.axvline(best.epoch, color=style.MUTED, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)


def _draw_line(axes: Axes, epochs: np.ndarray, values: np.ndarray, line: Line, best: _Best | None) -> None:
    there = np.isfinite(values)
    monitored = best is not None and best.monitor == line.column
    axes.plot(
        epochs[there],
        values[there],
        color=line.color,
        linewidth=2.4 if monitored else 1.6,
        marker="o" if there.sum() <= _MANY else None,
        markersize=3.2,
        solid_capstyle="round",
        clip_on=False,
        zorder=4 if monitored else 3,
    )
    if best is not None:
        chosen = there & (epochs == best.epoch)
        axes.plot(
            epochs[chosen], values[chosen], "o", color=line.color, ms=6, mec=style.PAPER, mew=1.2, zorder=5
        )


def _set_limits(axes: Axes, epochs: np.ndarray, history: pd.DataFrame, panel: Panel) -> None:
    first, last = epochs.min(), epochs.max()
    axes.set_xlim((first, last) if last > first else (first - 0.5, last + 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    values = np.concatenate([finite_column(history, line.column) for line in panel.lines])
    low, high = np.nanmin(values), np.nanmax(values)
    # A least span: noise in the third decimal shall not look like a trend.
    pad = max(0.06 * (high - low), (0.05 - (high - low)) / 2, 1e-3 * abs(high))
    shares = panel.title != "loss" and low >= 0 and high <= 1
    axes.set_ylim(max(low - pad, 0) if low >= 0 else low - pad, min(high + pad, 1) if shares else high + pad)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))


def _label_ends(
    axes: Axes, epochs: np.ndarray, history: pd.DataFrame, lines: list[Line], best: _Best | None
) -> None:
    """Name each line at its end, with its value at the best epoch, joined by a hair line where moved."""
    ends, texts = [], []
    for line in lines:
        values = finite_column(history, line.column)
        there = np.flatnonzero(np.isfinite(values))
        chosen = (
            values[(epochs == best.epoch) & np.isfinite(values)] if best is not None else values[there[-1:]]
        )
        ends.append((epochs[there[-1]], values[there[-1]]))
        texts.append(f"{line.label}  {three(float(chosen[0])) if len(chosen) else ''}".rstrip())
    height = axes.bbox.height * 72 / axes.figure.dpi  # points
    low, high = axes.get_ylim()
    wanted = np.array([(y - low) / (high - low) * height for _, y in ends])
    placed = spread(wanted, _LABEL_GAP, 0.0, height) / height
    for (x, y), up, text, line in zip(ends, placed, texts, lines, strict=True):
        axes.annotate(
            text,
            xy=(x, y),
            xytext=(axes.bbox.width * 72 / axes.figure.dpi + 13, up * height),
            textcoords="axes points",
            size=style.FONT_SIZE,
            color=style.darker(line.color),
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": line.color,
                "linewidth": 0.6,
                "shrinkA": 1,
                "shrinkB": 3,
                "relpos": (0, 0.5),
            },
        )


def _draw_rate(
    axes: Axes, epochs: np.ndarray, rate: np.ndarray, limits: tuple[float, float], best: _Best | None
) -> None:
    """The learning rate as a strip under the loss."""
    there = np.isfinite(rate)
    _mark_best(axes, best)
    axes.fill_between(epochs[there], rate[there], color=style.FAINT, linewidth=0)
    axes.plot(epochs[there], rate[there], color=style.MUTED, linewidth=1.1)
    axes.set_xlim(limits)
    axes.set_ylim(0, max(float(rate[there].max()) * 1.05, 1e-12))
    axes.yaxis.set_major_locator(NullLocator())
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.annotate(
        f"lr  ≤ {small(float(rate[there].max()))}",
        xy=(1, 0.5),
        xycoords="axes fraction",
        xytext=(13, 0),
        textcoords="offset points",
        size=style.FONT_SIZE,
        color=style.MUTED,
        va="center",
    )
