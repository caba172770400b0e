"""The color, mark and line of each index method in figures."""

from collections import Counter
from typing import NamedTuple

from matplotlib.lines import Line2D

from vsr.display import style
from vsr.reports.ann.comparison_json import Measurements

# Okabe and Ito's colors; labels at the lines tell families apart, too.
_COLORS = {
    "exact": style.INK,
    "tree": "#009e73",
    "hashing": "#cc79a7",
    "clusters": "#0072b2",
    "graph": "#d55e00",
    "other": "#e69f00",
}
_MARKS = "osD^vPX<>ph*"
_DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1.5, 1.5)))


class MethodLook(NamedTuple):
    """How one method is drawn: the color of its family, and a mark and a dash of its own within it."""

    color: str
    mark: str
    dash: str | tuple[int, tuple[float, ...]]


def method_looks(found: Measurements) -> dict[str, MethodLook]:
    """The look of each backend, by its name."""
    taken: Counter[str] = Counter()
    chosen = {}
    for row in found.backends:
        family = _family(row["family"])
        mark, dash = _MARKS[taken[family] % len(_MARKS)], _DASHES[taken[family] % len(_DASHES)]
        chosen[row["name"]] = MethodLook(_COLORS[family], mark, dash)
        taken[family] += 1
    return chosen


def family_handles(found: Measurements) -> list[Line2D]:
    """Legend entries of the families present."""
    present = {_family(row["family"]) for row in found.backends}
    return [
        Line2D([], [], color=color, marker="o", markersize=4, linewidth=1.6, label=name)
        for name, color in _COLORS.items()
        if name in present
    ]


def _family(name: str) -> str:
    return name if name in _COLORS else "other"
