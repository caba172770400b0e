"""An umbrella."""

import numpy as np

from ..chance import Chance
from ..colors import Palette, mix
from ..looks import METAL, SATIN, decorated, solid, wooden
from ..part import BOTH, Finish, Paint, Part, Patch, moved
from ..patterns import soft
from ..surfaces import Array, around, tube

STEEP = np.float32(1.45)  # angle of the canopy's edge, radians


def umbrella(chance: Chance, palette: Palette) -> list[Part]:
    """An open umbrella, leaning, with colored panels and a crook."""
    panels, deep, scallop = (
        chance.pick((6, 8, 8, 10, 12)),
        chance.between(0.45, 0.75),
        chance.between(0.02, 0.06),
    )

    def canopy(u: Array, v: Array) -> tuple[Array, Array, Array]:
        between = np.abs(np.sin(np.pi * panels * u)) * np.float32(1.5 * scallop)
        radius = np.sin(v * STEEP) * (1 - between * v)
        x, z = around(u)
        return radius * x, 1.95 - np.float32(deep) * (1 - np.cos(v * STEEP)) + between * v**3, radius * z

    cloth = decorated(chance, palette.main, palette.second, palette.light, 1.0)
    if chance.maybe(0.84):
        cloth = _panels(chance, palette, panels)
    crook = wooden(palette.wood, 3.0, "y") if chance.maybe(0.6) else solid(palette.dark)
    bow = [(0, 0.45, 0), (0, 0.12, 0), (0.12, 0, 0), (0.26, 0.03, 0), (0.3, 0.2, 0)]
    parts = [
        Part(canopy, cloth, Finish(0.1, 14, fuzz=0.1, glow=0.06), BOTH),
        Part(tube([(0, 0.3, 0), (0, 2.12, 0)], [0.026]), solid(palette.metal), METAL),
        Part(tube(bow, [0.06, 0.06, 0.065], 0.2), crook, SATIN),
    ]
    return moved(parts, turn=(chance.between(12, 40), 0, chance.between(-24, 24)))


def _panels(chance: Chance, palette: Palette, panels: int) -> Paint:
    """Alternating panels, two panels, a border or rings; darker along the ribs."""
    style, edge = chance.whole(0, 3), chance.between(0.75, 0.92)

    def paint(p: Patch) -> Array:
        panel = np.floor(p.u * panels) + 0 * p.v
        share = (
            lambda: panel % 2,
            lambda: (panel % (panels // 2) == 0) * np.float32(1),
            lambda: soft(p.v - edge, 0.02) + 0 * p.u,
            lambda: soft(0.2 - np.abs((p.v * 4) % 1 - 0.5), 0.05) + 0 * p.u,
        )[style]()
        rib = soft(0.04 - np.abs(p.u * panels - np.round(p.u * panels)), 0.03)
        return mix(palette.main, palette.second, share) * (1 - 0.3 * rib)[None]

    return paint
