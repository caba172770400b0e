"""How index methods look in figures: a color a family, a mark a method."""

from typing import NamedTuple

from vsr.display import style
from vsr.reports.ann.files import Comparison

# Okabe and Ito's colors; families are also told apart by the labels at their lines.
FAMILIES = {
    "exact": style.INK,
    "tree": "#009e73",
    "hashing": "#cc79a7",
    "clusters": "#0072b2",
    "graph": "#d55e00",
    "other": "#e69f00",
}
_MARKS = "osD^vPX<>ph*"
_DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1.5, 1.5)))


class Look(NamedTuple):
    """How one method is drawn."""

    color: str
    mark: str
    dash: str | tuple[int, tuple[float, ...]]


def looks(found: Comparison) -> dict[str, Look]:
    """The look of each backend, by its name."""
    taken: dict[str, int] = {}
    chosen = {}
    for row in found.backends:
        family = row["family"] if row["family"] in FAMILIES else "other"
        place = taken.get(family, 0)
        taken[family] = place + 1
        chosen[row["name"]] = Look(
            FAMILIES[family], _MARKS[place % len(_MARKS)], _DASHES[place % len(_DASHES)]
        )
    return chosen


def families(found: Comparison) -> list[tuple[str, str]]:
    """The families there are, each with its color."""
    there = {row["family"] if row["family"] in FAMILIES else "other" for row in found.backends}
    return [(name, color) for name, color in FAMILIES.items() if name in there]
