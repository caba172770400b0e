"""Points of categories on a plane, each category with a color and a shape, as SVG paths and as a figure."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vsr.display import style
from vsr.display.style import MUTED, PALETTE

OTHERS = "others"
_MOST = 21  # categories with a look of their own

# Corners of closed shapes in units of the radius; about the same area each.
SHAPES: dict[str, tuple[tuple[float, float], ...]] = {
    "circle": tuple((float(np.cos(t)), float(np.sin(t))) for t in np.arange(12) * np.pi / 6),
    "triangle": ((0, -1.25), (1.15, 0.8), (-1.15, 0.8)),
    "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "star": tuple(
        (r * float(np.sin(t)), -r * float(np.cos(t)))
        for t, r in zip(np.arange(10) * np.pi / 5, [1.45, 0.6] * 5, strict=True)
    ),
    "diamond": ((0, -1.35), (1.05, 0), (0, 1.35), (-1.05, 0)),
    "plus": (
        (-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4),
        (0.4, 1.2), (-0.4, 1.2), (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4),
    ),
    "wedge": ((0, 1.25), (1.15, -0.8), (-1.15, -0.8)),
    "bar": ((-0.45, -1.45), (0.45, -1.45), (0.45, 1.45), (-0.45, 1.45)),
}  # fmt: skip


class Look(NamedTuple):
    """The look of a category's points."""

    name: str
    color: str
    shape: str
    n: int


def looks(groups: Sequence[str]) -> list[Look]:
    """A look for each category, the most frequent first; rare ones share the last, named `OTHERS`.

    Neighbors in the list differ in color and in shape, and no two categories have both in common: the numbers
    of colors and of shapes have no common factor.
    """
    counts = sorted(Counter(groups).items(), key=lambda pair: (-pair[1], pair[0]))
    shown = counts if len(counts) <= _MOST else counts[: _MOST - 1]
    names = list(SHAPES)
    found = [
        Look(name, PALETTE[place % len(PALETTE)], names[place % len(names)], n)
        for place, (name, n) in enumerate(shown)
    ]
    rest = sum(n for _, n in counts[len(shown) :])
    return [*found, Look(OTHERS, MUTED, "circle", rest)] if rest else found


def members(groups: Sequence[str], shown: Sequence[Look]) -> np.ndarray:
    """Index (n,) in ``shown`` of each point's look."""
    places = {look.name: place for place, look in enumerate(shown)}
    return np.array([places.get(name, len(shown) - 1) for name in groups], np.int64)


def path(shape: str, places: np.ndarray, radius: float) -> str:
    """The ``d`` of an SVG path that draws ``shape`` at each of ``places`` (n, 2)."""
    corners = np.asarray(SHAPES[shape]) * radius
    steps = np.diff(corners, axis=0)
    rest = "l" + " ".join(f"{x:.1f},{y:.1f}" for x, y in steps) + "z"
    return "".join(f"M{x:.1f},{y:.1f}{rest}" for x, y in np.asarray(places) + corners[0])


def scatter_figure(places: np.ndarray, groups: Sequence[str], title: str) -> style.Figure:
    """The points as a figure, its legend beside it."""
    shown = looks(groups)
    which = members(groups, shown)
    figure = style.new_figure(8.4, 5.6)
    axes = figure.add_axes((0.02, 0.03, 0.72, 0.88))
    axes.set_title(title, loc="left", size=style.FONT_SIZE + 1.5, weight="bold", color=style.INK)
    for place, look in reversed(list(enumerate(shown))):  # the first of the legend on top
        corners = np.asarray(SHAPES[look.shape]) * (1, -1)
        at = places[which == place]
        axes.scatter(
            at[:, 0], 1 - at[:, 1], s=16, marker=[*corners, corners[0]], color=look.color, linewidths=0.4,
            edgecolors=style.PAPER, label=look.name if len(look.name) < 28 else f"{look.name[:26]}…",
        )  # fmt: skip
    axes.set_axis_off()
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles[::-1], labels[::-1], loc="upper left", bbox_to_anchor=(0.745, 0.93), frameon=False,
        fontsize=style.FONT_SIZE - 0.5, labelcolor=style.INK, handletextpad=0.2, labelspacing=0.45,
    )  # fmt: skip
    return figure
