"""A clock."""

import numpy as np

from ..chance import Chance
from ..colors import Palette, mix
from ..looks import LACQUER, METAL, SATIN, canvas, ink, letters, printed, solid, wooden
from ..part import BOTH, Paint, Part
from ..surfaces import box, card, lathe, tube
from .frames import leg


def clock(chance: Chance, palette: Palette) -> list[Part]:
    """A clock: alarm clock with bells, round with feet, or a square one."""
    size, style = 0.85, chance.pick(("bells", "bells", "feet", "square"))
    frame = chance.pick(
        (
            (solid(palette.main), LACQUER),
            (solid(palette.main), LACQUER),
            (solid(palette.metal), METAL),
            (wooden(palette.wood, 2.0), SATIN),
        )
    )
    face = dial(chance, palette)
    parts = []
    if style == "square":
        parts.append(Part(box(1.9, 1.9, 0.45, 0.12), *frame).moved((0, 0, 0)))
        parts.append(Part(card(1.66, 1.66), face, SATIN, BOTH).moved((0, 0.95, 0.232)))
        return parts
    rim = chance.between(0.08, 0.16)
    case = [(0, -0.25), (size, -0.25), (size + 0.02, 0.25), (size - rim * 0.4, 0.3), (size - rim, 0.24)]
    parts.append(Part(lathe(case, 0.03), *frame).moved((0, 1.1, 0), (90, 0, 0)))
    parts.append(
        Part(lathe([(0, 0), (size - rim + 0.02, 0)], 0), flat(face, size - rim + 0.02), SATIN, BOTH).moved(
            (0, 1.1, 0.235), (90, 0, 0)
        )
    )
    parts += [leg((s * 0.55, 0, 0.0), (s * 0.42, 0.5, 0), 0.06, 0.8, frame) for s in (-1, 1)]
    if style == "bells":
        metal = (solid(palette.metal), METAL) if chance.maybe(0.6) else (solid(palette.second), LACQUER)
        for s in (-1, 1):
            bell = lathe([(0.33, 0), (0.31, 0.14), (0.16, 0.28), (0, 0.3)], 0.06)
            parts.append(Part(bell, *metal, BOTH).moved((s * 0.48, 1.92, 0), (0, 0, -s * 28)))
        parts.append(Part(tube([(-0.42, 2.2, 0), (0, 2.5, 0), (0.42, 2.2, 0)], [0.04], 0.25), *metal))
    return parts


def flat(face: Paint, radius: float) -> Paint:
    """A square paint laid on a disc that is turned to face +z."""
    return lambda p: face(p._replace(u=p.x / (2 * radius) + 0.5, v=0.5 - p.z / (2 * radius)))


def dial(chance: Chance, palette: Palette) -> Paint:
    """A clock face: ticks or numbers, and the hands."""
    ground, pointer = (palette.light, palette.dark) if chance.maybe(0.75) else (palette.dark, palette.light)
    picture, pen = canvas(192, 192, ground)
    style = chance.whole(0, 3)
    ticks = chance.pick((12, 12, 4))
    if style == 3:
        pen.ellipse((52, 52, 140, 140), fill=ink(mix(ground, palette.second, 0.55)))
    for k in range(12 if style == 0 else ticks):
        angle = 2 * np.pi * k / (12 if style == 0 else ticks)
        dx, dy = np.sin(angle), -np.cos(angle)
        if style == 0:
            pen.text(
                (96 + 72 * dx, 96 + 72 * dy),
                str(k or 12),
                fill=ink(pointer),
                font=letters(30),
                anchor="mm",
                stroke_width=1,
            )
        elif style == 1:
            pen.ellipse(
                (96 + 76 * dx - 7, 96 + 76 * dy - 7, 96 + 76 * dx + 7, 96 + 76 * dy + 7), fill=ink(pointer)
            )
        else:
            pen.line((96 + 66 * dx, 96 + 66 * dy, 96 + 86 * dx, 96 + 86 * dy), fill=ink(pointer), width=8)
    minutes = chance.between(0, 720)
    for turn, reach, width in ((minutes / 720, 42, 11), (minutes / 60, 64, 8)):
        angle = 2 * np.pi * turn
        pen.line(
            (96, 96, 96 + reach * np.sin(angle), 96 - reach * np.cos(angle)), fill=ink(pointer), width=width
        )
    pen.ellipse((87, 87, 105, 105), fill=ink(palette.main))
    return printed(picture)
