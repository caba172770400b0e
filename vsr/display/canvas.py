"""Axes placed in inches, rows with names, legends, logarithmic axes, and labels that do not overlap."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from vsr.display import style
from vsr.display.spread import spread

WIDTH = 9.6  # inches, of the figures of a report
_ROW, _FOOT, _MOST_NAME = 0.3, 0.48, 3.2  # inches
_GAP = 11.0  # points between the base lines of labels


class Label(NamedTuple):
    """A text that belongs to a point."""

    x: float
    y: float
    text: str
    color: str
    bold: bool = False


def axes_in(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes at a place in inches."""
    across, up = figure.get_size_inches()
    axes = figure.add_axes((left / across, bottom / up, width / across, height / up))
    style.dress(axes)
    return axes


def named_rows(names: Sequence[str], right: float, head: float = 0.1) -> tuple[Figure, Axes]:
    """Named rows, the first on top, with ``right`` inches for labels and ``head`` inches for a legend."""
    height = head + _FOOT + _ROW * max(len(names), 1)
    room = min(_MOST_NAME, max((style.text_width(name) for name in names), default=0.5)) * 1.05
    figure = style.new_figure(WIDTH, height)
    axes = axes_in(figure, room + 0.3, _FOOT, WIDTH - room - 0.3 - right, height - head - _FOOT)
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=style.FAINT, linewidth=0.8)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), [style.cut(name, room) for name in names])
    axes.tick_params(axis="y", colors=style.INK, labelsize=style.FONT_SIZE)
    return figure, axes


def note(
    axes: Axes, text: str, at: tuple[float, float], offset: tuple[float, float] = (6, 0), **look: Any
) -> Annotation:
    """Text beside a point, ``offset`` in points of type."""
    look = {"va": "center", "size": style.FONT_SIZE, "color": style.INK, "annotation_clip": False} | look
    return axes.annotate(text, at, offset, textcoords="offset points", **look)


def legend(figure: Figure, handles: Iterable[Artist]) -> None:
    """A legend in one line at the head of the figure."""
    across, up = figure.get_size_inches()
    figure.legend(
        handles=(listed := list(handles)), loc="upper left", ncols=max(len(listed), 1), frameon=False,
        bbox_to_anchor=(0.08 / across, 1 - 0.04 / up), fontsize=style.FONT_SIZE, labelcolor=style.MUTED,
        handlelength=2.0, columnspacing=1.4, borderaxespad=0.2,
    )  # fmt: skip


def labels_of(axes: Axes, across: str = "", up: str = "") -> None:
    """Name the axes."""
    axes.set_xlabel(across, size=style.FONT_SIZE, color=style.MUTED, labelpad=3)
    axes.set_ylabel(up, size=style.FONT_SIZE, color=style.MUTED, labelpad=4)


def log_scale(axes: Axes, way: str, low: float, high: float) -> None:
    """Make the axis ``way``, x or y, logarithmic from ``low`` to ``high``, ticks at 1, 2, 5, 10, …."""
    axes.set(**{f"{way}scale": "log", f"{way}lim": (low, high)})
    axis = axes.xaxis if way == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 2000 * low else (1.0,), numticks=20))
    axis.set_major_formatter(StrMethodFormatter("{x:,.12g}"))
    axis.set_minor_formatter(NullFormatter())
    axes.tick_params(which="minor", length=0)


def label_right(axes: Axes, labels: Sequence[Label]) -> None:
    """Put labels right of the axes, close to the height of their points and joined to them by hairlines."""
    height, width = (size * 72 / axes.figure.dpi for size in (axes.bbox.height, axes.bbox.width))
    to_axes = axes.transData + axes.transAxes.inverted()
    wanted = np.array([height * to_axes.transform((one.x, one.y))[1] for one in labels])
    for label, up in zip(labels, spread(wanted, _GAP, 0.0, height), strict=True):
        line = {"color": label.color, "linewidth": 0.5, "alpha": 0.55, "relpos": (0, 0.5)}
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
            arrowprops=line | {"arrowstyle": "-", "shrinkA": 1, "shrinkB": 3},
        )
