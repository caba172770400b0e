"""A mug."""

import numpy as np

from ..chance import Chance
from ..colors import Palette
from ..looks import GLAZE, MATT, SATIN, decorated, solid
from ..part import INWARD, Part
from ..surfaces import lathe, tube


def mug(chance: Chance, palette: Palette) -> list[Part]:
    """A mug: straight, tapered, round-bellied or flared, with one of three handles."""
    foot, belly, rim = chance.pick(
        ((0.62, 0.66, 0.68), (0.5, 0.62, 0.74), (0.52, 0.76, 0.62), (0.66, 0.58, 0.7))
    )
    tall = chance.between(1.15, 1.75)
    outer = [(0, 0), (foot * 0.9, 0), (foot, 0.05), (belly, tall * 0.5), (rim, tall), (rim - 0.06, tall)]
    inner = [(rim - 0.05, tall), (belly - 0.09, tall * 0.5), (foot - 0.1, 0.12), (0, 0.1)]
    body = decorated(chance, palette.main, palette.second, palette.dark)
    inside = solid(palette.light if chance.maybe(0.6) else palette.second)
    finish = chance.pick((GLAZE, GLAZE, SATIN, MATT))
    top, low, reach = (
        tall * chance.between(0.78, 0.9),
        tall * chance.between(0.16, 0.3),
        chance.between(0.36, 0.55),
    )
    # The handle ends inside the wall.
    high, near = (float(np.interp(y, (0, tall / 2, tall), (foot, belly, rim))) - 0.03 for y in (top, low))
    out = max(high, near) + reach
    path = chance.pick(
        (
            [(high, top, 0), (out, top, 0), (out, low, 0), (near, low, 0)],
            [(high, top, 0), (out - reach * 0.1, top + 0.1, 0), (out, top * 0.6, 0), (near, low, 0)],
            [(high, top, 0), (out + reach * 0.3, (top + low) / 2, 0), (near, low, 0)],
        )
    )
    thick = chance.between(0.07, 0.12)
    handle = tube(
        path, [thick, thick * 0.85, thick], rounding=chance.pick((0.12, 0.3)), flat=chance.between(1.0, 1.8)
    )
    color = palette.main if chance.maybe(0.6) else palette.second
    return [
        Part(lathe(outer), body, finish),
        Part(lathe(inner), inside, finish, INWARD),
        Part(handle, solid(color), finish),
    ]
