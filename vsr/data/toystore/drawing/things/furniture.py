"""Lamp, chair, sofa, table, clock."""

from collections.abc import Sequence

import numpy as np

from ..chance import Chance
from ..colors import Palette, mix
from ..looks import BRUSHED, FABRIC, GLAZE, LACQUER, LEATHER, MATT, METAL, PLASTIC, SATIN, canvas, decorated, ink, letters, printed, solid, wooden, woven
from ..part import BOTH, Finish, Paint, Part, moved
from ..surfaces import ball, box, card, lathe, tube

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


def lamp(chance: Chance, palette: Palette) -> list[Part]:
    """A lamp with a shade: on a pole, a pot or three legs."""
    low, top, tall = chance.pick(((0.72, 0.42, 0.75), (0.62, 0.6, 0.6), (0.85, 0.25, 0.6), (0.55, 0.3, 0.85), (0.8, 0.66, 0.42)))
    at = chance.between(1.15, 1.55)
    glow = chance.pick((0.0, 0.2, 0.4))
    shade = lathe([(low, at), (top, at + tall)], 0, ribs=chance.pick((0, 0, 30)), rib_depth=0.02)
    cloth = decorated(chance, palette.main, palette.second, palette.light)
    metal = chance.pick(((solid(palette.metal), METAL), (solid(palette.dark), LACQUER), (wooden(palette.wood, 3.0, "y"), SATIN)))
    parts = [Part(shade, cloth, Finish(0.0, 4, fuzz=0.1, glow=glow), BOTH)]
    style = chance.whole(0, 3)
    if style == 0:  # a pole on a foot
        foot = lathe([(0, 0), (0.5, 0), (0.5, 0.06), (0.1, 0.12), (0, 0.12)])
        parts += [Part(foot, *metal), Part(tube([(0, 0.1, 0), (0, at + 0.3, 0)], [0.055]), *metal)]
    elif style == 1:  # a pot
        wide = chance.between(0.34, 0.55)
        profile = [(0, 0), (wide * 0.6, 0), (wide, at * chance.between(0.25, 0.6)), (0.1, at * 0.85), (0.06, at + 0.2)]
        paint = decorated(chance, palette.second, palette.dark, palette.light)
        parts += [Part(lathe(profile, 0.2), paint, GLAZE)]
    elif style == 2:  # three legs
        for turn in (0, 120, 240):
            parts += moved([leg((0.6, 0, 0), (0.03, at + 0.1, 0), 0.05, 0.7, metal)], turn=(0, turn + 30, 0))
    else:  # stacked balls
        size = at / 3 * 0.52
        for k in range(3):
            parts.append(Part(ball(size * (1.15 - 0.15 * k), size), solid(palette.second), GLAZE).moved((0, size * (1 + 1.92 * k), 0)))
        parts.append(Part(lathe([(0, 0), (0.42, 0), (0.42, 0.05), (0, 0.06)]), *metal))
    return parts


def chair(chance: Chance, palette: Palette) -> list[Part]:
    """A chair: four legs, a seat, one of five backs, sometimes arms or a cushion."""
    frame = frame_look(chance, palette)
    wide, deep, seat = chance.between(0.9, 1.15), chance.between(0.85, 1.0), chance.between(0.85, 1.05)
    tall, lean, splay = seat + chance.between(0.8, 1.25), chance.between(0.05, 0.22), chance.pick((0, 0.02, 0.14))
    thick = chance.between(0.045, 0.075)
    x, z = wide / 2 - thick, deep / 2 - thick
    parts = [leg((s * (x + splay), 0, f * (z + splay)), (s * x, seat, f * z), thick, 0.75, frame) for s in (-1, 1) for f in (-1, 1)]
    cloth = cloth_look(chance, palette, 0.8)
    soft = chance.maybe(0.5)
    if chance.maybe(0.25):
        bench = lathe([(0, 0), (wide * 0.52, 0), (wide * 0.52, 0.1), (0, 0.12)], flat=deep / wide)
    else:
        bench = box(wide, 0.1, deep, 0.04)
    parts.append(Part(bench, *frame).moved((0, seat - 0.05, 0)))
    if soft:
        parts.append(Part(box(wide * 0.94, 0.14, deep * 0.94, 0.065), *cloth).moved((0, seat + 0.03, 0)))
    back = _back(chance, frame, cloth if soft else frame, wide, seat, tall, thick)
    parts += moved(back, (0, seat, -z), (-np.degrees(np.arctan(lean)), 0, 0))
    if chance.maybe(0.2):
        for s in (-1, 1):
            path = [(s * x, seat + 0.42, -z), (s * (x + 0.05), seat + 0.42, z * 0.9), (s * x, seat, z * 0.9)]
            parts.append(Part(tube(path, [thick * 0.9], 0.06, plane=(1, 0, 0)), *frame))
    return parts


def _back(chance: Chance, frame: Look, panel: Look, wide: float, seat: float, tall: float, thick: float) -> list[Part]:
    """The back of a chair, standing on y = 0."""
    up, x = tall - seat, wide / 2 - thick
    posts = [leg((s * x, 0, 0), (s * x, up, 0), thick * 0.9, 1.0, frame) for s in (-1, 1)]
    style = chance.whole(0, 4)
    if style == 0:  # a full panel
        return [*posts, Part(box(wide * 0.9, up * 0.72, 0.1, 0.045), *panel).moved((0, up * 0.3, 0))]
    if style == 1:  # upright slats
        count = chance.whole(3, 5)
        slats = [Part(box(0.09, up * 0.82, 0.04, 0.01), *frame).moved((2 * x * ((k + 1) / (count + 1) - 0.5), 0.12, 0)) for k in range(count)]
        return [*posts, *slats, Part(box(wide, 0.16, 0.07, 0.03), *frame).moved((0, up - 0.12, 0))]
    if style == 2:  # ladder
        return [*posts, *(Part(box(wide - thick, 0.13, 0.05, 0.02), *frame).moved((0, up * share, 0)) for share in (0.32, 0.6, 0.88))]
    if style == 3:  # a round bow
        path = [(-x, 0, 0), (-x * 1.05, up * 0.75, 0), (-x * 0.6, up * 1.05, 0), (x * 0.6, up * 1.05, 0), (x * 1.05, up * 0.75, 0), (x, 0, 0)]
        bow = Part(tube(path, [thick], 0.2), *frame)
        count = chance.whole(2, 4)
        spokes = [leg((s, 0, 0), (s * 1.1, up * 0.98, 0), 0.03, 1.0, frame) for s in np.linspace(-x * 0.6, x * 0.6, count)]
        return [bow, *spokes]
    return [*posts, Part(box(wide * 1.02, up * 0.34, 0.09, 0.04), *panel).moved((0, up * 0.66, 0))]


def sofa(chance: Chance, palette: Palette) -> list[Part]:
    """A sofa for one to three, with box or roll arms and cushions."""
    cloth = cloth_look(chance, palette, 1.6)
    seats = chance.pick((1, 2, 2, 3))
    wide, deep, tall = 0.55 + 0.62 * seats, chance.between(0.95, 1.1), chance.between(0.85, 1.15)
    low, arm, arm_tall = chance.between(0.1, 0.25), chance.between(0.18, 0.3), chance.between(0.5, 0.72)
    parts = [
        Part(box(wide, 0.36, deep, 0.06), *cloth).moved((0, low, 0)),
        Part(box(wide, tall - low, 0.32, 0.12), *cloth).moved((0, low, -deep / 2 + 0.16)),
    ]
    roll = chance.maybe(0.4)
    for s in (-1, 1):
        x = s * (wide / 2 - arm / 2 + 0.1)
        parts.append(Part(box(arm, arm_tall - low, deep, 0.06 if roll else 0.1), *cloth).moved((x, low, 0.02)))
        if roll:
            bolster = lathe([(0, -deep / 2), (arm * 0.68, -deep / 2), (arm * 0.68, deep / 2), (0, deep / 2)], 0.03)
            parts.append(Part(bolster, *cloth).moved((x, arm_tall, 0.02), (90, 0, 0)))
    inner = wide - 2 * arm + 0.2
    each = inner / seats
    for k in range(seats):
        x = -inner / 2 + each * (k + 0.5)
        parts.append(Part(box(each * 0.97, 0.2, deep * 0.72, 0.09), *cloth).moved((x, low + 0.34, 0.12)))
        parts.append(Part(box(each * 0.94, 0.48, 0.24, 0.11), *cloth).moved((x, low + 0.5, -deep / 2 + 0.4), (-12, 0, 0)))
    if chance.maybe(0.6):
        pillow = woven(decorated(chance, palette.second, palette.light, palette.dark, 0.7)), FABRIC
        for s in chance.pick(((-1,), (1,), (-1, 1))):
            parts.append(Part(box(0.42, 0.42, 0.16, 0.079), *pillow).moved((s * (inner / 2 - 0.24), low + 0.55, -deep / 2 + 0.62), (-22, 0, s * 8)))
    legs = frame_look(chance, palette)
    x, z = wide / 2 - 0.1, deep / 2 - 0.1
    return parts + [leg((s * x, 0, f * z), (s * x, low + 0.05, f * z), 0.05, 0.7, legs) for s in (-1, 1) for f in (-1, 1)]


def table(chance: Chance, palette: Palette) -> list[Part]:
    """A table: round or rectangular top; four legs, a pedestal or trestles; sometimes a shelf or drawer."""
    top_look = (wooden(palette.wood, chance.between(1, 9), "y"), SATIN) if chance.maybe(0.6) else (solid(palette.main), LACQUER)
    frame = frame_look(chance, palette)
    tall, wide = chance.between(0.7, 1.35), chance.between(1.2, 2.0)
    deep, thick = wide * chance.between(0.5, 0.8), chance.between(0.05, 0.12)
    round_top = chance.maybe(0.4)
    if round_top:
        deep = wide
        disc = lathe([(0, 0), (wide / 2, 0), (wide / 2, thick), (0, thick)], 0.02)
        parts = [Part(disc, *top_look).moved((0, tall, 0))]
    else:
        parts = [Part(box(wide, thick, deep, 0.03), *top_look).moved((0, tall, 0))]
    style = chance.whole(0, 2) if round_top else chance.pick((0, 0, 1, 3))
    reach = 0.28 if round_top else 0.43
    x, z, round_leg = wide * reach, deep * reach, chance.between(0.04, 0.075)
    splay = chance.pick((0.0, 0.0, 0.14))
    if style in (0, 1):
        parts += [leg((s * (x + splay), 0, f * (z + splay)), (s * x, tall, f * z), round_leg, chance.pick((0.6, 1.0)), frame) for s in (-1, 1) for f in (-1, 1)]
        if style == 1:
            parts.append(Part(box(1.9 * x, 0.05, 1.9 * z, 0.02), *frame).moved((0, tall * 0.28, 0)))
        elif chance.maybe(0.5) and not round_top:
            parts.append(Part(box(wide * 0.84, 0.16, deep * 0.84, 0.02), *top_look).moved((0, tall - 0.16, 0)))
            parts.append(Part(ball(0.035), solid(palette.metal), METAL).moved((0, tall - 0.08, deep * 0.43)))
    elif style == 2:
        foot = wide * 0.3
        profile = [(0, 0), (foot, 0), (foot, 0.05), (0.09, 0.16), (0.07, tall * 0.5), (0.12, tall), (0, tall)]
        parts.append(Part(lathe(profile, 0.06), *frame))
    else:
        for s in (-1, 1):
            parts += [leg((s * x, 0, f * z), (s * x, tall, -f * z * 0.2), round_leg, 1.0, frame) for f in (-1, 1)]
        parts.append(leg((-x, tall * 0.45, 0), (x, tall * 0.45, 0), round_leg * 0.8, 1.0, frame))
    return parts


def clock(chance: Chance, palette: Palette) -> list[Part]:
    """A clock: alarm clock with bells, round with feet, or a square one."""
    size, style = 0.85, chance.pick(("bells", "bells", "feet", "square"))
    frame = chance.pick(((solid(palette.main), LACQUER), (solid(palette.main), LACQUER), (solid(palette.metal), METAL), (wooden(palette.wood, 2.0), SATIN)))
    face = dial(chance, palette)
    parts = []
    if style == "square":
        parts.append(Part(box(1.9, 1.9, 0.45, 0.12), *frame).moved((0, 0, 0)))
        parts.append(Part(card(1.66, 1.66), face, SATIN, BOTH).moved((0, 0.95, 0.232)))
        return parts
    rim = chance.between(0.08, 0.16)
    case = [(0, -0.25), (size, -0.25), (size + 0.02, 0.25), (size - rim * 0.4, 0.3), (size - rim, 0.24)]
    parts.append(Part(lathe(case, 0.03), *frame).moved((0, 1.1, 0), (90, 0, 0)))
    parts.append(Part(lathe([(0, 0), (size - rim + 0.02, 0)], 0), flat(face, size - rim + 0.02), SATIN, BOTH).moved((0, 1.1, 0.235), (90, 0, 0)))
    for s in (-1, 1):
        parts.append(leg((s * 0.55, 0, 0.0), (s * 0.42, 0.5, 0), 0.06, 0.8, frame))
    if style == "bells":
        metal = (solid(palette.metal), METAL) if chance.maybe(0.6) else (solid(palette.second), LACQUER)
        for s in (-1, 1):
            bell = lathe([(0.33, 0), (0.31, 0.14), (0.16, 0.28), (0, 0.3)], 0.06)
            parts.append(Part(bell, *metal, BOTH).moved((s * 0.48, 1.92, 0), (0, 0, -s * 28)))
        parts.append(Part(tube([(-0.42, 2.2, 0), (0, 2.5, 0), (0.42, 2.2, 0)], [0.04], 0.25), *metal))
    return parts


def flat(face: Paint, radius: float) -> Paint:
    """A square paint laid on a disc that was turned to face +z."""

    def paint(p):  # noqa
        from ..part import Patch

        return face(p._replace(u=(p.x / (2 * radius) + 0.5), v=(0.5 - p.z / (2 * radius))))

    return paint


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
            pen.text((96 + 72 * dx, 96 + 72 * dy), str(k or 12), fill=ink(pointer), font=letters(30), anchor="mm", stroke_width=1)
        elif style == 1:
            pen.ellipse((96 + 76 * dx - 7, 96 + 76 * dy - 7, 96 + 76 * dx + 7, 96 + 76 * dy + 7), fill=ink(pointer))
        else:
            pen.line((96 + 66 * dx, 96 + 66 * dy, 96 + 86 * dx, 96 + 86 * dy), fill=ink(pointer), width=8)
    minutes = chance.between(0, 720)
    for turn, reach, width in ((minutes / 720, 42, 11), (minutes / 60, 64, 8)):
        angle = 2 * np.pi * turn
        pen.line((96, 96, 96 + reach * np.sin(angle), 96 - reach * np.cos(angle)), fill=ink(pointer), width=width)
    pen.ellipse((87, 87, 105, 105), fill=ink(palette.main))
    return printed(picture)
