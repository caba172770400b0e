"""What furniture shares: legs, frames and cloth."""

from collections.abc import Sequence

from ..chance import Chance
from ..colors import Palette
from ..looks import (
    BRUSHED,
    FABRIC,
    LACQUER,
    LEATHER,
    SATIN,
    decorated,
    solid,
    wooden,
    woven,
)
from ..part import Finish, Paint, Part
from ..surfaces import tube

Look = tuple[Paint, Finish]


def frame_look(chance: Chance, palette: Palette) -> Look:
    """Wood, paint or metal, for legs and frames."""
    return chance.pick(
        (
            (wooden(palette.wood, chance.between(1, 9)), SATIN),
            (wooden(palette.wood, chance.between(1, 9)), SATIN),
            (solid(palette.main), LACQUER),
            (solid(palette.dark), LACQUER),
            (solid(palette.metal), BRUSHED),
        )
    )


def cloth_look(chance: Chance, palette: Palette, size: float = 1.2) -> Look:
    """Patterned or plain cloth, or leather."""
    if chance.maybe(0.25):
        return solid(palette.leather), LEATHER
    return woven(decorated(chance, palette.main, palette.second, palette.light, size)), FABRIC


def leg(foot: Sequence[float], top: Sequence[float], thick: float, taper: float, look: Look) -> Part:
    """A round leg from ``foot`` to ``top``."""
    return Part(tube([foot, top], [thick * taper, thick], rounding=0), *look)
