"""What the figures of a comparison share: axes with room for labels, and labels that do not overlap."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from vsr.display import style
from vsr.display.formats import count
from vsr.display.spread import spread
from vsr.reports.ann.files import Comparison
from vsr.reports.ann.looks import families

WIDTH, HEIGHT = 9.6, 5.6  # inches
_GAP = 10.5  # points between label base lines


class Label(NamedTuple):
    """A text that belongs to a point."""

    x: float
    y: float
    text: str
    color: str
    bold: bool = False


def axes_of(title: str, note: str, labels: Sequence[str], height: float = HEIGHT) -> tuple[Figure, Axes]:
    """A figure with one set of axes, with room at the right for ``labels``."""
    figure = style.new_figure(WIDTH, height)
    right = max((style.text_width(text) for text in labels), default=0.0) * 1.08 + 0.42
    axes = figure.add_axes((0.72 / WIDTH, 0.55 / height, 1 - (0.72 + right) / WIDTH, 1 - 1.25 / height))
    style.dress(axes)
    head(figure, title, note)
    return figure, axes


def head(figure: Figure, title: str, note: str) -> None:
    """A title, and a line that says how to read the figure."""
    height, left = figure.get_size_inches()[1], 0.14 / WIDTH
    size, weight = style.FONT_SIZE + 3, "bold"
    figure.text(left, 1 - 0.12 / height, title, size=size, weight=weight, color=style.INK, va="top")
    figure.text(left, 1 - 0.38 / height, note, size=style.FONT_SIZE, color=style.MUTED, va="top")


def legend(figure: Figure, found: Comparison, extra: Sequence[Line2D] = ()) -> None:
    """Name the families by their colors, at the head."""
    handles = [
        Line2D([], [], color=color, marker="o", markersize=4, linewidth=1.6, label=name)
        for name, color in families(found)
    ]
    figure.legend(
        handles=[*handles, *extra],
        loc="upper left",
        bbox_to_anchor=(0.08 / WIDTH, 1 - 0.53 / figure.get_size_inches()[1]),
        ncols=8,
        frameon=False,
        fontsize=style.FONT_SIZE,
        labelcolor=style.MUTED,
        handlelength=1.4,
        columnspacing=1.4,
        borderaxespad=0.2,
    )


def log_scale(axes: Axes, which: str) -> None:
    """A logarithmic axis whose ticks are plain numbers."""
    axis = axes.yaxis if which == "y" else axes.xaxis
    (axes.set_yscale if which == "y" else axes.set_xscale)("log")
    low, high = axes.get_ylim() if which == "y" else axes.get_xlim()
    narrow = high / max(low, 1e-12) < 2000
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if narrow else (1.0,), numticks=20))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
    axis.set_minor_formatter(NullFormatter())
    axes.tick_params(which="minor", length=0)


def _tick(value: float) -> str:
    return count(round(value)) if value >= 1000 else f"{value:g}"


def label_right(axes: Axes, labels: Sequence[Label]) -> None:
    """Put labels beside the axes, as near as can be to their points, joined by hair lines."""
    height, width = (size * 72 / axes.figure.dpi for size in (axes.bbox.height, axes.bbox.width))
    wanted = np.array(
        [height * axes.transAxes.inverted().transform(axes.transData.transform(one[:2]))[1] for one in labels]
    )
    placed = spread(wanted, _GAP, 0.0, height)
    for label, up in zip(labels, placed, strict=True):
        axes.annotate(
            label.text,
            xy=(label.x, label.y),
            xytext=(width + 14, up),
            textcoords="axes points",
            size=style.FONT_SIZE,
            weight="bold" if label.bold else "normal",
            color=style.darker(label.color),
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": label.color,
                "linewidth": 0.5,
                "alpha": 0.55,
                "shrinkA": 1,
                "shrinkB": 3,
                "relpos": (0, 0.5),
            },
        )
