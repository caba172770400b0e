"""The figures of an inspection: pictures per label, and sizes of pictures."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vsr.display import style
from vsr.display.canvas import labels_of, log_scale, note

WIDTH, HEIGHT = 5.4, 2.7  # inches
_MOST_BINS = 24
_LINES = ("-", "--", ":")
_ROOM = 1.25  # ratio by which an axis extends beyond the smallest and the largest
_FAR = 8  # ratio of the ends of an axis from which it is logarithmic


def class_size_figure(sizes: Mapping[str, np.ndarray]) -> Figure:
    """Histogram of the number of pictures per label.

    Args:
        sizes: pictures (labels,) of each label, by split.
    """
    figure, axes = _empty("Pictures of a label", "pictures", "labels")
    every = np.concatenate([np.asarray(one) for one in sizes.values()])
    most = int(every.max(initial=1))
    edges = _edges(most)
    for (split, one), line, color in zip(sizes.items(), _LINES, style.PALETTE, strict=False):
        counts, _ = np.histogram(one, edges)
        axes.stairs(counts, edges, color=color, alpha=0.15, fill=True)
        axes.stairs(counts, edges, color=color, linestyle=line, linewidth=1.6, label=split)
    if most > 4 * _MOST_BINS:
        log_scale(axes, "x", edges[0], edges[-1])
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
    axes.legend(loc="upper right", frameon=False, fontsize=style.FONT_SIZE, labelcolor=style.INK)
    return figure


def picture_size_figure(sizes: np.ndarray) -> Figure:
    """Heights against widths, a disc for each size, larger the more pictures have it.

    Args:
        sizes: width and height (N, 2) in pixels.
    """
    figure, axes = _empty("Sizes of pictures", "width, pixels", "height, pixels")
    axes.grid(axis="x", color=style.FAINT, linewidth=0.8)
    if not len(sizes):
        return figure
    different, counts = np.unique(sizes, axis=0, return_counts=True)
    low, high = sizes.min() / _ROOM, sizes.max() * _ROOM
    axes.plot([low, high], [low, high], color=style.MUTED, linewidth=0.8, linestyle=":", zorder=1)
    axes.scatter(
        different[:, 0], different[:, 1], s=10 + 240 * counts / counts.max(), color=style.PALETTE[0],
        alpha=0.45, linewidth=0, zorder=2,
    )  # fmt: skip
    for way, side in (("x", 0), ("y", 1)):
        low, high = sizes[:, side].min() / _ROOM, sizes[:, side].max() * _ROOM
        if high > _FAR * low:
            log_scale(axes, way, low, high)
        else:
            axes.set(**{f"{way}lim": (low, high)})
            (axes.xaxis if way == "x" else axes.yaxis).set_major_locator(MaxNLocator(nbins=6, integer=True))
    most = counts.argmax()
    words = f"{different[most, 0]} × {different[most, 1]}: {counts[most] / counts.sum():.0%}"
    note(axes, words, (different[most, 0], different[most, 1]), (9, 9), va="baseline")
    return figure


def _edges(most: int) -> np.ndarray:
    """Edges of bins for counts 1..most, between integers, of growing width if there are many."""
    if most <= 4 * _MOST_BINS:
        step = -(-most // _MOST_BINS)
        return np.arange(0.5, most + step + 0.5, step)
    return np.unique(np.floor(np.geomspace(1, most + 1, _MOST_BINS + 1))) - 0.5


def _empty(title: str, across: str, up: str) -> tuple[Figure, Axes]:
    figure = style.new_figure(WIDTH, HEIGHT)
    axes = figure.add_axes((0.115, 0.16, 0.87, 0.73))
    style.dress(axes)
    axes.set_title(title, loc="left", size=style.FONT_SIZE + 1.5, weight="bold", color=style.INK, pad=8)
    labels_of(axes, across, up)
    return figure, axes
