"""The figures of an evaluation: what the top k holds, precision over recall, similarities, hubs."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from vsr.display import style
from vsr.display.formats import count
from vsr.display.marks import MARKS, Relevance
from vsr.display.spread import spread
from vsr.reports.evaluation.evaluation_content import Hubs, Similarities

WIDTH, HEIGHT = 4.5, 2.9  # inches: readable beside one another and on a phone
_LINES = {"hit_rate": ("-", "o"), "recall": ("--", "s"), "precision": (":", "^")}
_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_LOOKS: dict[Relevance, tuple[str, float]] = {
    "right": ("-", 0.22),
    "partial": ("--", 0.0),
    "wrong": (":", 0.0),
}


def rank_figure(curves: pd.DataFrame) -> Figure:
    """``hit_rate``, ``recall`` and ``precision`` over ``k``, which stands on a logarithmic axis."""
    figure, axes = _empty("What the top k holds", "k (results looked at)", right=0.77)
    if curves.empty:
        return _nothing(axes, "No query has anything to find.")
    ks = curves["k"].to_numpy(float)
    marked = np.isin(ks, _TICKS)
    for (name, (line, marker)), color in zip(_LINES.items(), style.PALETTE, strict=False):
        axes.plot(ks, curves[name], line, color=color, linewidth=1.8)
        axes.plot(ks[marked], curves[name][marked], marker, color=color, markersize=4.5)
    axes.set_xscale("log")
    axes.set_xlim(0.92, ks[-1] * 1.06)
    axes.set_ylim(0, 1.02)
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in _TICKS if tick <= ks[-1]]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    ends = [
        (name, float(curves[name].iloc[-1]), color)
        for name, color in zip(_LINES, style.PALETTE, strict=False)
    ]
    _names_at_the_ends(axes, ends)
    return figure


def precision_recall_figure(curve: pd.DataFrame) -> Figure:
    """Mean precision where each recall is first reached; a band where lists end before it."""
    figure, axes = _empty("Precision over recall", "recall")
    if curve.empty:
        return _nothing(axes, "No query has anything to find.")
    recall, low, high = (curve[name].to_numpy(float) for name in ("recall", "precision", "at_most"))
    color = style.PALETTE[0]
    axes.fill_between(recall, low, color=color, alpha=0.1, linewidth=0)
    axes.plot(recall, low, color=color, linewidth=1.8)
    if (high - low).max() > 0.005:
        axes.fill_between(
            recall, low, high, color=color, alpha=0.25, linewidth=0, hatch="///", edgecolor=color
        )
        axes.plot(recall, high, "--", color=color, linewidth=1.0)
        axes.text(
            1.0, 0.98, "hatched: some lists end before this recall;\nthe truth lies between the lines",
            transform=axes.transAxes, ha="right", va="top", size=style.FONT_SIZE - 0.5, color=style.MUTED,
        )  # fmt: skip
    axes.set_xlim(0, 1.0)
    axes.set_ylim(0, 1.02)
    return figure


def similarity_figure(similarities: Similarities) -> Figure:
    """The distribution of each kind of pair, told apart by line, filling and label."""
    figure, axes = _empty("Similarities of pairs", "cosine similarity")
    axes.grid(visible=False)
    table = similarities.histogram
    edges = np.append(table["low"].to_numpy(float), table["high"].iloc[-1])
    for kind, (line, alpha) in _LOOKS.items():
        counts = table[kind].to_numpy(float)
        if not counts.sum():
            continue
        density = counts / counts.sum() / np.diff(edges)
        color, words = MARKS[kind].color, MARKS[kind].words.partition(" (")[0]
        label = f"{words}: {count(int(counts.sum()))} pairs, mean {similarities.means[kind]:.2f}"
        if alpha:
            axes.stairs(density, edges, color=color, alpha=alpha, fill=True)
        axes.stairs(density, edges, color=color, linewidth=1.6, linestyle=line, label=label)
    if not axes.get_legend_handles_labels()[0]:
        return _nothing(axes, "There is no pair to compare.")
    axes.set_ylim(0, axes.get_ylim()[1] * 1.32)  # room for the legend above the curves
    axes.legend(
        loc="upper left",
        frameon=False,
        fontsize=style.FONT_SIZE - 0.5,
        labelcolor=style.INK,
        handlelength=2.6,
    )
    axes.yaxis.set_major_locator(NullLocator())
    return figure


def hub_figure(hubs: Hubs) -> Figure:
    """How many gallery pictures are found how often, beside what random lists would give."""
    figure, axes = _empty("How often gallery pictures are found", f"top-{hubs.k} lists that hold the picture")
    table = hubs.distribution
    times, items, chance = (table[name].to_numpy(float) for name in ("occurrence", "items", "by_chance"))
    color = style.PALETTE[0]
    if len(times) > 60:  # bars would be hair lines
        there = items > 0
        axes.plot(times[there], items[there], "o", color=color, markersize=3, label="gallery pictures")
    else:
        axes.bar(times, items, width=0.8, color=color, alpha=0.75, label="gallery pictures")
    seen = chance >= 0.05
    axes.plot(
        times[seen], chance[seen], "--", color=style.INK, linewidth=1.4, label="expected of random lists"
    )
    if len(times) > 60:
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.7)
    axes.set_xlim(-0.7, max(times[-1], 3) + 0.7)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1)) if len(
        times
    ) <= 60 else None
    axes.legend(loc="upper right", frameon=False, fontsize=style.FONT_SIZE - 0.5, labelcolor=style.INK)
    return figure


def _empty(title: str, across: str, right: float = 0.975) -> tuple[Figure, Axes]:
    figure = style.new_figure(WIDTH, HEIGHT)
    axes = figure.add_axes((0.085, 0.145, right - 0.085, 0.745))
    style.dress(axes)
    axes.set_title(title, loc="left", size=style.FONT_SIZE + 1.5, weight="bold", color=style.INK, pad=8)
    axes.set_xlabel(across, size=style.FONT_SIZE, color=style.MUTED, labelpad=3)
    return figure, axes


def _nothing(axes: Axes, words: str) -> Figure:
    axes.set_axis_off()
    axes.text(
        0.5, 0.5, words, transform=axes.transAxes, ha="center", color=style.MUTED, size=style.FONT_SIZE + 1
    )
    figure = axes.figure
    assert isinstance(figure, Figure)
    return figure


def _names_at_the_ends(axes: Axes, ends: list[tuple[str, float, str]]) -> None:
    height = axes.bbox.height * 72 / style.DPI  # points
    low, high = axes.get_ylim()
    wanted = np.array([(value - low) / (high - low) * height for _, value, _ in ends])
    for (name, value, color), up in zip(ends, spread(wanted, 11.0, 0.0, height), strict=True):
        axes.annotate(
            f"{name}  {value:.2f}", xy=(1, 0), xycoords="axes fraction", xytext=(6, up),
            textcoords="offset points", va="center", size=style.FONT_SIZE,
            color=style.darker(color), annotation_clip=False,
        )  # fmt: skip
