"""Book, guitar, camera, umbrella."""

import numpy as np
from PIL import Image

from ..chance import Chance
from ..colors import Palette, mix
from ..looks import FABRIC, LACQUER, LEATHER, MATT, METAL, PLASTIC, SATIN, canvas, decorated, ink, letters, printed, solid, where, wooden, woven
from ..part import BOTH, Finish, Paint, Part, Patch, moved
from ..patterns import MOTIFS, motif, soft
from ..surfaces import TURN, Array, ball, box, card, lathe, plate, rounded, tube

TITLES = ("ATLAS", "BIRDS", "OCEAN", "COOK", "MOON", "TREES", "POEMS", "JAZZ", "STARS", "MAPS", "PARIS", "SALT", "FOXES", "CODE", "RIVER", "CHESS")


def book(chance: Chance, palette: Palette) -> list[Part]:
    """A hardback standing upright, with a printed cover."""
    wide, tall, thick = chance.between(1.15, 1.6), chance.between(1.7, 2.0), chance.between(0.14, 0.45)
    cover, finish = solid(palette.main), chance.pick((LACQUER, MATT, SATIN))
    back = solid(palette.second if chance.maybe(0.3) else palette.main)
    board, edge = 0.05, thick / 2

    def pages(p: Patch) -> Array:
        return np.float32([0.93, 0.9, 0.82])[:, None, None] * (1 - 0.1 * (np.sin(p.z * 160) > 0.2))[None]

    return [
        Part(box(wide, tall, board, 0.015), cover, finish).moved((0, 0, edge)),
        Part(box(wide, tall, board, 0.015), cover, finish).moved((0, 0, -edge)),
        Part(box(board, tall, thick + board, 0.02), back, finish).moved((-wide / 2 + board / 2, 0, 0)),
        Part(box(wide - 0.08, tall - 0.1, thick, 0.005), pages, MATT).moved((0.0, 0.05, 0)),
        Part(card(wide - 0.02, tall - 0.02), _cover(chance, palette, wide / tall), finish, BOTH).moved((0, tall / 2, edge + board / 2 + 0.003)),
    ]


def _cover(chance: Chance, palette: Palette, shape: float) -> Paint:
    """A cover: title, and a picture of bands, circles, hills, stripes or one figure."""
    height, width = 288, int(288 * shape)
    picture, pen = canvas(width, height, palette.main)
    second, light, dark = (ink(c) for c in (palette.second, palette.light, palette.dark))
    style, low = chance.whole(0, 5), chance.between(0.35, 0.6)
    if style == 0:
        pen.rectangle((0, height * low, width, height * (low + 0.3)), fill=second)
    elif style == 1:
        r = width * chance.between(0.22, 0.38)
        pen.ellipse((width / 2 - r, height * 0.6 - r, width / 2 + r, height * 0.6 + r), fill=second)
        pen.ellipse((width / 2 - r / 2, height * 0.6 - r / 2, width / 2 + r / 2, height * 0.6 + r / 2), fill=dark if chance.maybe(0.5) else light)
    elif style == 2:
        pen.polygon([(0, height), (0, height * 0.75), (width * low, height * 0.45), (width, height * 0.8), (width, height)], fill=second)
        pen.polygon([(0, height), (width * 0.35, height * 0.78), (width * 0.75, height * 0.6), (width, height * 0.9), (width, height)], fill=dark)
    elif style == 3:
        count = chance.whole(3, 7)
        for k in range(count):
            pen.line((-20, height * (0.3 + 0.7 * k / count), width + 20, height * (0.3 + 0.7 * k / count) + 60 * (low - 0.47)), fill=second, width=int(height * 0.35 / count))
    elif style == 4:
        x, y = np.meshgrid(np.linspace(-1.3, 1.3, width), np.linspace(1.3 / shape, -1.3 / shape, height))
        mask = motif(chance.pick(MOTIFS), x * 1.2, (y + 0.45) * 1.2)
        pixels = mix(palette.main, palette.second, mask.astype(np.float32))
        picture.paste(Image.fromarray((np.moveaxis(pixels, 0, 2) * 255).astype(np.uint8)))
    else:
        pen.rectangle((width * 0.08, height * 0.06, width * 0.92, height * 0.94), outline=second, width=9)
    title, size = chance.pick(TITLES), height * chance.between(0.15, 0.2)
    pen.text((width / 2, height * 0.2), title, fill=light, font=letters(size), anchor="mm", stroke_width=2, stroke_fill=light)
    pen.rectangle((width * 0.3, height * 0.31, width * 0.7, height * 0.325), fill=light)
    return printed(picture)


def guitar(chance: Chance, palette: Palette) -> list[Part]:
    """A guitar, acoustic or electric, standing upright."""
    acoustic = chance.maybe(0.6)
    bouts = [(0, 0), (0.42, 0.02), (0.64, 0.38), (0.54, 0.75), (0.4, 0.95), (0.43, 1.15), (0.48, 1.32), (0.3, 1.5), (0, 1.5)]
    horns = [(0, 0), (0.4, 0.03), (0.56, 0.32), (0.44, 0.7), (0.4, 0.9), (0.5, 1.2), (0.4, 1.36), (0.2, 1.2), (0, 1.16)]
    widen, waist = chance.between(0.92, 1.08), chance.between(0.88, 1.08)
    half = [(x * widen * (waist if 0.6 < y < 1.0 else 1), y) for x, y in (bouts if acoustic else horns)]
    right = rounded(half, 0.1, 80)
    outline = np.concatenate([right, right[-2:0:-1] * np.array([-1, 1], dtype=np.float32)])
    depth, hole = (0.32, 0.98) if acoustic else (0.16, 0.0)
    front = depth / 2
    wood = chance.maybe(0.7) if acoustic else chance.maybe(0.25)
    color = palette.wood if wood else palette.main
    base = wooden(color, 2.0) if wood else solid(color)
    burst, guard = chance.maybe(0.45), chance.maybe(0.6)

    def face(p: Patch) -> Array:
        value = base(p)
        if burst:
            value = value * (1 - 0.75 * soft(0.84 - p.v, 0.2))[None]
        ahead = p.z > 0
        if guard:
            plate_at = soft(0.17 - np.hypot((p.x - 0.2) * 0.9, (p.y - 0.72) * 0.6), 0.01) * ahead
            value = value + (_tall(palette.dark) - value) * plate_at
        if acoustic:
            away = np.hypot(p.x, p.y - hole)
            value = value + (_tall(palette.light) - value) * (soft(0.23 - away, 0.01) * ahead)
            value = value + (0.06 - value) * (soft(0.18 - away, 0.01) * ahead)
        return value

    neck_wood, metal, dark = wooden(palette.wood * 0.75, 5.0), solid(palette.metal), solid(palette.dark * 0.6)
    parts = [
        Part(plate(outline, depth, 0.05), face, LACQUER),
        Part(box(0.15, 1.35, 0.09, 0.03), neck_wood, SATIN).moved((0, 1.15, front)),
        Part(box(0.24, 0.4, 0.07, 0.03, chance.pick((1.25, 0.8))), base if chance.maybe(0.5) else dark, LACQUER).moved((0, 2.48, front)),
        Part(box(0.36, 0.07, 0.05, 0.01), dark, SATIN).moved((0, 0.45, front)),
    ]
    parts += [Part(box(0.152, 0.014, 0.012, 0.004), metal, METAL).moved((0, y, front + 0.05)) for y in np.linspace(1.45, 2.4, 7)]
    parts += [Part(tube([(x, 0.48, front + 0.04), (x, 2.5, front + 0.06)], [0.007]), metal, MATT) for x in (-0.045, 0, 0.045)]
    parts += [Part(ball(0.045), metal, METAL).moved((s * 0.17, y, front)) for s in (-1, 1) for y in (2.56, 2.68, 2.8)]
    if not acoustic:
        parts += [Part(box(0.3, 0.09, 0.04, 0.02), dark, PLASTIC).moved((0, y, front)) for y in (0.66, 0.92)]
        parts += [Part(ball(0.05), solid(palette.light), PLASTIC).moved((0.3, y, front)) for y in (0.22, 0.38)]
    return moved(parts, turn=(-8, 0, 0))


def _tall(color: Array) -> Array:
    return color[:, None, None]


def camera(chance: Chance, palette: Palette) -> list[Part]:
    """A camera: rangefinder, single-lens reflex or instant."""
    style = chance.pick(("range", "reflex", "instant"))
    wide, tall, deep = {"range": (1.75, 1.0, 0.5), "reflex": (1.6, 1.05, 0.6), "instant": (1.45, 1.35, 0.7)}[style]
    wide, tall = wide * chance.between(0.92, 1.08), tall * chance.between(0.92, 1.08)
    body = palette.dark if chance.maybe(0.4) else palette.main
    top = palette.metal if chance.maybe(0.5) else (palette.dark if body is palette.main else palette.main)
    low, high = tall * chance.between(0.08, 0.2), tall * chance.between(0.66, 0.8)
    grip = woven(decorated(chance, body, mix(body, palette.second, 0.6), palette.second, 0.7) if chance.maybe(0.4) else solid(body), 0.2)
    paint = where(lambda p: soft(p.y - low, 0.01) * soft(high - p.y, 0.01), grip, solid(top))
    parts = [Part(box(wide, tall, deep, 0.12), paint, LEATHER if style != "instant" else PLASTIC)]
    x, y, radius = chance.pick((0, 0, -0.12, 0.12)), tall * chance.between(0.42, 0.5), tall * chance.between(0.3, 0.38)
    metal, black = solid(palette.metal), solid(palette.dark * 0.5)
    reach = chance.between(0.16, 0.5)
    barrel = [(0, 0), (radius, 0), (radius, 0.08), (radius * 0.9, 0.1), (radius * 0.88, reach), (radius * 0.7, reach + 0.02), (radius * 0.66, reach - 0.06)]
    glass = [(radius * 0.68, reach - 0.07), (radius * 0.45, reach - 0.02), (0, reach + 0.02)]
    ring = palette.second if chance.maybe(0.5) else palette.metal
    shade = where(lambda p: soft(p.y - 0.1, 0.01) * soft(reach * 0.5 + 0.02 - p.y, 0.01), solid(ring), black if chance.maybe(0.7) else metal)
    lens = [Part(lathe(barrel, 0.01), shade, SATIN), Part(lathe(glass, 0.2), solid(np.float32([0.07, 0.08, 0.16])), Finish(1.0, 60, mirror=0.7))]
    parts += moved(lens, (x, y, deep / 2 - 0.01), (90, 0, 0))
    if style == "reflex":
        parts.append(Part(box(0.62, 0.3, deep * 0.8, 0.06, 0.7), solid(top), SATIN).moved((x, tall - 0.03, 0)))
    elif style == "instant":
        parts.append(Part(box(wide * 0.9, 0.12, 0.05, 0.02), black).moved((0, tall * 0.02, deep / 2)))
        for k, color in enumerate((palette.second, palette.light, palette.dark)):
            parts.append(Part(box(0.08, tall * 0.5, 0.012, 0.004), solid(color)).moved((-wide * 0.4 + 0.08 * k, tall * 0.12, deep / 2)))
    finder = Part(box(0.3, 0.17, 0.03, 0.01), solid(np.float32([0.1, 0.12, 0.15])), Finish(0.9, 50, mirror=0.5))
    parts.append(finder.moved((wide * chance.pick((-0.33, 0.33)), tall * 0.8, deep / 2)))
    for at, size in ((-0.36, 0.12), (0.36, 0.09)):
        dial = lathe([(0, 0), (size, 0), (size, 0.1), (0, 0.1)], 0.02, ribs=20, rib_depth=0.03)
        parts.append(Part(dial, metal if chance.maybe(0.7) else solid(palette.second), METAL).moved((at * wide, tall - 0.01, 0)))
    return parts


def umbrella(chance: Chance, palette: Palette) -> list[Part]:
    """An open umbrella, leaning, with colored panels and a crook."""
    panels, deep, scallop = chance.pick((6, 8, 8, 10, 12)), chance.between(0.45, 0.75), chance.between(0.02, 0.06)

    def canopy(u: Array, v: Array) -> tuple[Array, Array, Array]:
        between = np.abs(np.sin(np.pi * panels * u))
        radius = np.sin(v * np.float32(1.45)) * (1 - np.float32(scallop * 1.5) * between * v)
        y = 1.95 - np.float32(deep) * (1 - np.cos(v * np.float32(1.45))) + np.float32(scallop * 1.6) * between * v**3
        return radius * np.sin(-TURN * u), y, -radius * np.cos(TURN * u)

    style, base = chance.whole(0, 4), solid(palette.main)
    edge = chance.between(0.75, 0.92)

    def paint(p: Patch) -> Array:
        panel = np.floor(p.u * panels)
        share = {
            0: (panel % 2) + 0 * p.v,
            1: soft(p.v - edge, 0.02) + 0 * p.u,
            2: np.zeros((p.u.shape[0], p.v.shape[1])),
            3: (panel % panels == 0) + ((panel == panels // 2) + 0 * p.v),
            4: soft(0.2 - np.abs((p.v * 4) % 1 - 0.5), 0.05) + 0 * p.u,
        }[style]
        seam = 1 - 0.3 * soft(0.04 - np.abs(p.u * panels - np.round(p.u * panels)), 0.03)
        return mix(palette.main, palette.second, np.asarray(share, dtype=np.float32)) * seam[None]

    cloth = decorated(chance, palette.main, palette.second, palette.light, 1.0) if style == 2 and chance.maybe(0.8) else paint
    crook = wooden(palette.wood, 3.0, "y") if chance.maybe(0.6) else solid(palette.dark)
    bow = [(0, 0.45, 0), (0, 0.12, 0), (0.12, 0, 0), (0.26, 0.03, 0), (0.3, 0.2, 0)]
    parts = [
        Part(canopy, cloth, Finish(0.1, 14, fuzz=0.1, glow=0.06), BOTH),
        Part(tube([(0, 0.3, 0), (0, 2.12, 0)], [0.026]), solid(palette.metal), METAL),
        Part(tube(bow, [0.06, 0.06, 0.065], 0.2), crook, SATIN),
    ]
    return moved(parts, turn=(chance.between(12, 40), 0, chance.between(-24, 24)))
