"""A sofa."""

from ..chance import Chance
from ..colors import Palette
from ..looks import FABRIC, decorated, woven
from ..part import Part
from ..surfaces import box, lathe
from .frames import cloth_look, frame_look, leg


def sofa(chance: Chance, palette: Palette) -> list[Part]:
    """A sofa for one to three, with box or roll arms and cushions."""
    cloth = cloth_look(chance, palette, 1.6)
    seats = chance.pick((1, 2, 2, 3))
    wide, deep, tall = 0.55 + 0.62 * seats, chance.between(0.95, 1.1), chance.between(0.85, 1.15)
    low, arm = chance.between(0.1, 0.25), chance.between(0.2, 0.32)
    arm_tall = low + chance.between(0.6, 0.76)
    parts = [
        Part(box(wide, 0.36, deep, 0.06), *cloth).moved((0, low, 0)),
        Part(box(wide, tall - low, 0.32, 0.12), *cloth).moved((0, low, -deep / 2 + 0.16)),
    ]
    roll = chance.maybe(0.4)
    for s in (-1, 1):
        x = s * (wide / 2 - arm / 2 + 0.1)
        parts.append(
            Part(box(arm, arm_tall - low, deep, 0.06 if roll else 0.1), *cloth).moved((x, low, 0.02))
        )
        if roll:
            bolster = lathe(
                [(0, -deep / 2), (arm * 0.68, -deep / 2), (arm * 0.68, deep / 2), (0, deep / 2)], 0.03
            )
            parts.append(Part(bolster, *cloth).moved((x, arm_tall, 0.02), (90, 0, 0)))
    inner = wide - 2 * arm + 0.2
    each = inner / seats
    for k in range(seats):
        x = -inner / 2 + each * (k + 0.5)
        parts.append(Part(box(each * 0.97, 0.2, deep * 0.72, 0.09), *cloth).moved((x, low + 0.34, 0.12)))
        parts.append(
            Part(box(each * 0.94, 0.48, 0.24, 0.11), *cloth).moved(
                (x, low + 0.5, -deep / 2 + 0.4), (-12, 0, 0)
            )
        )
    if chance.maybe(0.6):
        pillow = woven(decorated(chance, palette.second, palette.light, palette.dark, 0.7)), FABRIC
        cushion = Part(box(0.42, 0.42, 0.16, 0.079), *pillow)
        places = [
            (s, (s * (inner / 2 - 0.24), low + 0.55, -deep / 2 + 0.62))
            for s in chance.pick(((-1,), (1,), (-1, 1)))
        ]
        parts += [cushion.moved(at, (-22, 0, s * 8)) for s, at in places]
    legs = frame_look(chance, palette)
    x, z = wide / 2 - 0.1, deep / 2 - 0.1
    return parts + [
        leg((s * x, 0, f * z), (s * x, low + 0.05, f * z), 0.05, 0.7, legs) for s in (-1, 1) for f in (-1, 1)
    ]
