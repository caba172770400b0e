"""A hat."""

import numpy as np

from ..chance import Chance
from ..colors import Palette, mix
from ..looks import FABRIC, SATIN, decorated, solid, woven
from ..part import BOTH, Part
from ..patterns import soft
from ..surfaces import Array, Surface, lathe

STYLES = {  # brim, crown, height, curl of the brim, pinch of the crown
    "fedora": (1.0, 0.56, 0.7, 0.1, 0.2),
    "boater": (1.0, 0.62, 0.45, 0.0, 0.0),
    "bowler": (0.92, 0.6, 0.72, 0.16, 0.0),
    "top": (0.85, 0.55, 1.05, 0.1, 0.0),
    "cowboy": (1.1, 0.54, 0.78, 0.36, 0.22),
    "sun": (1.25, 0.55, 0.55, -0.16, 0.0),
}
DEEP = 1.12  # front to back, relative to side to side


def hat(chance: Chance, palette: Palette) -> list[Part]:
    """A hat: fedora, boater, bowler, top hat, cowboy or sun hat."""
    style = chance.pick(tuple(STYLES))
    brim, crown, tall, curl, pinch = STYLES[style]
    brim, crown, tall = (value * chance.between(0.93, 1.07) for value in (brim, crown, tall))
    narrow = 1.04 if style == "top" else 0.86
    straw = style in ("boater", "sun") or chance.maybe(0.15)
    color = mix(palette.wood, palette.light, 0.55) if straw else palette.main
    paint = woven(solid(color), 0.14 if straw else 0.05)
    edge = [(crown * 0.9, 0.01), (brim, 0.0), (brim, 0.02), (crown * 0.9, 0.03)]
    dome = [
        (crown, 0.0),
        (crown, 0.1),
        (crown * narrow, tall * 0.93),
        (crown * 0.6 * narrow, tall),
        (0, tall),
    ]
    high = 0.03 + tall * chance.between(0.18, 0.34)
    ribbon = [(crown + 0.015, 0.03), (crown * (1 + (narrow - 1) * 0.3) + 0.02, high)]
    other = palette.dark if straw else palette.light
    band = decorated(chance, palette.second, other, palette.light, 0.6)
    return [
        Part(_brim(lathe(edge, 0.01, flat=DEEP), crown, curl, style == "fedora"), paint, FABRIC, BOTH),
        Part(
            _pinched(lathe(dome, 0.3 if style in ("bowler", "sun") else 0.1, flat=DEEP), tall, pinch),
            paint,
            FABRIC,
        ),
        Part(lathe(ribbon, 0, flat=DEEP), band, SATIN),
    ]


def _brim(surface: Surface, crown: float, curl: float, snapped: bool) -> Surface:
    """The surface with its sides rolled up, or (``snapped``) its front down and its back up."""

    def bent(u: Array, v: Array) -> tuple[Array, Array, Array]:
        x, y, z = surface(u, v)
        rise = x * x - 0.9 * z if snapped else np.clip(x * x + 0.15 * z * z, 0, 2)
        return x, y + curl * rise * np.clip(np.hypot(x, z) - crown, 0, 1), z

    return bent


def _pinched(surface: Surface, tall: float, pinch: float) -> Surface:
    """The surface with a crease along the top, deeper in front."""

    def bent(u: Array, v: Array) -> tuple[Array, Array, Array]:
        x, y, z = surface(u, v)
        return x, y - pinch * np.exp(-((x / 0.16) ** 2)) * soft(y - tall * 0.6, 0.6) * (0.6 + 0.5 * z), z

    return bent
