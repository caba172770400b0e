"""Plant, toy car, duck."""

import numpy as np

from ..chance import Chance
from ..colors import Palette, mix, rgb
from ..looks import FABRIC, GLAZE, LACQUER, MATT, METAL, PLASTIC, SATIN, decorated, solid, where
from ..part import BOTH, INWARD, Finish, Paint, Part, Patch, moved
from ..patterns import motif, soft
from ..surfaces import Array, Surface, ball, box, lathe, plate, rounded, tube

GREENS = ("4f7942", "6b9a4b", "35603a", "8aa86b", "2f6f5e")
Outline = list[tuple[float, float]]


def plant(chance: Chance, palette: Palette) -> list[Part]:
    """A pot with a plant: broad leaves, blades, fronds, a cactus or flowers."""
    top, foot, tall = chance.between(0.42, 0.58), chance.between(0.28, 0.48), chance.between(0.6, 0.95)
    rim = chance.pick((0.0, 0.05))
    outer = [(0, 0), (foot, 0), (top, tall * 0.82), (top + rim, tall * 0.84), (top + rim, tall), (top - 0.05, tall)]
    pot = decorated(chance, palette.main, palette.second, palette.light, 0.9)
    soil = lathe([(0, tall - 0.08), (top, tall - 0.1)], 0)
    parts = [Part(lathe(outer, 0.03), pot, chance.pick((GLAZE, MATT, MATT))), Part(soil, solid(rgb("3b2a20")), MATT, BOTH)]
    green = rgb(chance.pick(GREENS)) * np.float32(chance.between(0.9, 1.15))
    style = chance.pick(("broad", "blade", "frond", "cactus", "flower"))
    if style == "cactus":
        return parts + moved(_cactus(chance, green, palette), (0, tall - 0.1, 0))
    if style == "flower":
        return parts + moved(_flowers(chance, green, palette), (0, tall - 0.1, 0))
    count, long, wide, out = {
        "broad": (chance.whole(7, 11), chance.between(0.9, 1.25), chance.between(0.22, 0.32), (0.5, 1.0)),
        "blade": (chance.whole(6, 10), chance.between(1.1, 1.5), chance.between(0.08, 0.12), (0.05, 0.4)),
        "frond": (chance.whole(14, 22), chance.between(0.9, 1.2), chance.between(0.04, 0.07), (0.5, 1.25)),
    }[style]
    vein = mix(green, rgb("e8ecc0"), chance.pick((0.2, 0.45, 0.8)))
    paint = _leaf_paint(chance, green, vein)
    for k in range(count):
        lean = out[0] + (out[1] - out[0]) * ((k * 0.618) % 1)
        leaf = blade(long * chance.between(0.75, 1.1), wide, lean, style == "broad")
        parts.append(Part(leaf, paint, SATIN, BOTH).moved((0, tall - 0.1, 0), (0, 137.5 * k + chance.between(-15, 15), 0)))
    return parts


def blade(long: float, wide: float, lean: float, stalk: bool) -> Surface:
    """A leaf from the origin, rising and bending outwards (+x) by ``lean`` radians."""

    def surface(u: Array, v: Array) -> tuple[Array, Array, Array]:
        angle = np.float32(lean) * (0.35 + 0.9 * u)
        x, y = long * u * np.sin(angle), long * u * np.cos(angle)
        start = np.float32(0.35 if stalk else 0.0)
        part = np.clip((u - start) / (1 - start), 0, 1)
        half = wide * np.clip(np.sin(np.pi * part ** np.float32(0.75)), 0, 1) ** np.float32(0.8) + 0.02 * (1 - u)
        side = 2 * v - 1
        return x - 0.25 * half * side * side * np.cos(angle), y + 0.25 * half * np.abs(side), half * side

    return surface


def _leaf_paint(chance: Chance, green: Array, vein: Array) -> Paint:
    count, rim = chance.pick((0, 0, 7, 11)), chance.maybe(0.3)

    def paint(p: Patch) -> Array:
        side = np.abs(2 * p.v - 1)
        share = soft(0.1 - side, 0.05) + 0 * p.u
        if count:
            share = np.maximum(share, 0.7 * soft(np.cos(2 * np.pi * count * (p.u - 0.08 * side)) - 0.6, 0.4))
        if rim:
            share = np.maximum(share, soft(side - 0.72, 0.1))
        return mix(green, vein, share) * (0.85 + 0.3 * p.u + 0 * p.v)[None]

    return paint


def _cactus(chance: Chance, green: Array, palette: Palette) -> list[Part]:
    ribs, wide, tall = chance.whole(8, 14), chance.between(0.24, 0.36), chance.between(0.8, 1.3)

    def skin(p: Patch) -> Array:
        line = soft(np.cos(2 * np.pi * ribs * p.u) - 0.75, 0.2) * soft(np.cos(p.y * 45) - 0.1, 0.5)
        return mix(green, rgb("f3efd8"), line)

    column = [(wide * 0.8, 0), (wide, tall * 0.4), (wide * 0.85, tall * 0.85), (wide * 0.4, tall), (0, tall)]
    parts = [Part(lathe(column, 0.1, ribs, 0.08), skin, MATT)]
    for s in chance.pick(((), (1,), (-1, 1))):
        y = tall * chance.between(0.3, 0.55)
        path = [(s * wide * 0.7, y, 0), (s * (wide + 0.25), y, 0), (s * (wide + 0.27), y + 0.45, 0)]
        parts.append(Part(tube(path, [0.12, 0.13, 0.11, 0.03], 0.25), solid(green), MATT))
    if chance.maybe(0.5):
        parts += moved(_bloom(chance, palette.second, palette.light, 0.2), (0, tall - 0.02, 0))
    return parts


def _flowers(chance: Chance, green: Array, palette: Palette) -> list[Part]:
    parts = []
    paint = _leaf_paint(chance, green, mix(green, rgb("ffffff"), 0.2))
    for k in range(5):
        parts.append(Part(blade(0.7, 0.12, 0.6, False), paint, SATIN, BOTH).moved(turn=(0, 72 * k, 0)))
    petals, size = (palette.second if chance.maybe(0.6) else palette.light), chance.between(0.24, 0.36)
    count = chance.pick((1, 3, 3, 5))
    for k in range(count):
        tall, out = chance.between(0.75, 1.15), 0.0 if count == 1 else 0.34
        turn = 360 / count * k + 20
        stem = Part(tube([(0, 0, 0), (out * 0.5, tall * 0.6, 0), (out, tall, 0)], [0.025]), solid(green), MATT)
        head = moved(_bloom(chance, petals, palette.dark, size), (out, tall, 0), (25, 0, -18))
        parts += moved([stem, *head], turn=(0, turn, 0))
    return parts


def _bloom(chance: Chance, petals: Array, heart: Array, size: float) -> list[Part]:
    count = chance.pick((5, 6, 8))

    def surface(u: Array, v: Array) -> tuple[Array, Array, Array]:
        radius = size * v * (0.7 + 0.3 * np.cos(2 * np.pi * count * u))
        return radius * np.cos(2 * np.pi * u), size * 0.45 * v**2, radius * np.sin(2 * np.pi * u)

    return [Part(surface, solid(petals), FABRIC, BOTH), Part(ball(size * 0.25, size * 0.18), solid(heart), MATT).moved((0, size * 0.08, 0))]


def car(chance: Chance, palette: Palette) -> list[Part]:
    """A toy car: saloon, beetle, van, pickup or sports car; +x is ahead."""
    style = chance.pick(("saloon", "beetle", "van", "pickup", "sports"))
    low: dict[str, Outline] = {
        "saloon": [(-1, 0.2), (1, 0.2), (1, 0.45), (0.9, 0.52), (0.4, 0.56), (-0.9, 0.58), (-1, 0.5)],
        "beetle": [(-0.95, 0.2), (0.95, 0.2), (0.97, 0.4), (0.75, 0.56), (0.35, 0.62), (-0.6, 0.62), (-0.92, 0.45)],
        "van": [(-1, 0.2), (0.98, 0.2), (1.0, 0.45), (0.92, 0.66), (-0.98, 0.66), (-1, 0.5)],
        "pickup": [(-1.05, 0.22), (1, 0.22), (1, 0.5), (0.9, 0.58), (0.4, 0.62), (-1.05, 0.62)],
        "sports": [(-1, 0.16), (1.05, 0.16), (1.05, 0.28), (0.6, 0.42), (-0.8, 0.5), (-1.02, 0.46)],
    }
    roof: dict[str, Outline] = {
        "saloon": [(-0.72, 0.54), (0.48, 0.54), (0.2, 0.9), (-0.5, 0.9)],
        "beetle": [(-0.72, 0.55), (0.46, 0.58), (0.28, 0.9), (-0.1, 1.0), (-0.5, 0.88)],
        "van": [(-0.98, 0.62), (0.9, 0.62), (0.7, 1.12), (-0.95, 1.12)],
        "pickup": [(-0.25, 0.6), (0.5, 0.6), (0.3, 1.0), (-0.22, 1.0)],
        "sports": [(-0.72, 0.44), (0.38, 0.4), (0.02, 0.7), (-0.4, 0.7)],
    }
    wide, finish = chance.between(0.72, 0.88), chance.pick((LACQUER, PLASTIC))
    stretch = chance.between(0.94, 1.08)
    lower, upper = (_outline([(x, y * stretch) for x, y in shape[style]]) for shape in (low, roof))
    base = _livery(chance, palette)
    top = max(y for _, y in roof[style]) * stretch
    bottom = min(y for _, y in roof[style]) * stretch
    pillars = chance.pick((3.2, 4.2, 5.2)) if style != "van" else chance.pick((3.0, 4.0))
    crown = solid(palette.main if chance.maybe(0.6) else palette.light)

    def glass(p: Patch) -> Array:
        upright = soft(p.y - bottom - 0.04, 0.01) * soft(top - 0.09 - p.y, 0.01)
        post = soft(np.abs((p.x * pillars / 2 + 0.35) % 1 - 0.5) - 0.06, 0.01)
        return upright * np.maximum(post, np.abs(p.z) < wide * 0.36)

    window = solid(np.float32([0.27, 0.35, 0.41]))
    parts = [
        Part(plate(lower, wide, 0.05), base, finish),
        Part(plate(upper, wide * 0.86, 0.06), where(glass, window, crown), Finish(0.6, 60, mirror=0.2)),
    ]
    size = {"sports": 0.21, "pickup": 0.25}.get(style, 0.22) * chance.between(0.95, 1.12)
    hub = solid(palette.metal if chance.maybe(0.6) else palette.light)
    for x in (-0.6, 0.6):
        for s in (-1, 1):
            tire = lathe([(0, -0.1), (size, -0.1), (size, 0.1), (size * 0.62, 0.1), (size * 0.55, 0.07), (0, 0.07)], 0.03)
            paint = where(lambda p: soft(size * 0.58 - np.hypot(p.x, p.z), 0.01), hub, solid(np.float32([0.11, 0.11, 0.12])))
            parts.append(Part(tire, paint, SATIN).moved((x, size, s * (wide / 2 - 0.02)), (90 * s, 0, 0)))
    for s in (-1, 1):
        parts.append(Part(ball(0.05, 0.075, 0.08), solid(np.float32([1, 0.97, 0.8])), GLAZE).moved((0.97, 0.4 * stretch, s * wide * 0.32)))
        parts.append(Part(ball(0.03, 0.06, 0.07), solid(np.float32([0.75, 0.1, 0.08])), GLAZE).moved((-1.0, 0.42 * stretch, s * wide * 0.34)))
        parts.append(Part(box(0.1, 0.08, wide * 1.02, 0.03), solid(palette.metal), METAL).moved((s * 0.99, 0.2, 0)))
    if chance.maybe(0.3):
        rack = [(x, top + 0.02, s * wide * 0.3) for x, s in ((-0.45, 1), (0.1, 1))]
        parts += [Part(box(0.6, 0.16, wide * 0.55, 0.05), solid(palette.second), MATT).moved((rack[0][0] / 2, top + 0.01, 0))]
    return parts


def _outline(corners: Outline) -> Array:
    start = ((corners[0][0] + corners[1][0]) / 2, corners[0][1])
    return rounded([start, *corners[1:], corners[0], start], 0.05, 120)[:-1]


def _livery(chance: Chance, palette: Palette) -> Paint:
    """One color, two tones, racing stripes, a number or flames."""
    style, name = chance.whole(0, 5), chance.pick(("star", "bolt", "heart", "ring", "flower"))

    def share(p: Patch) -> Array:
        if style == 1:
            return soft(0.4 - p.y, 0.01) + 0 * p.x
        if style == 2:
            return soft(0.09 - np.abs(np.abs(p.z) - 0.14), 0.01) * soft(p.y - 0.4, 0.02)
        if style == 3:
            return motif(name, (p.x + 0.02) * 6, (p.y - 0.4) * 6)
        if style == 4:
            return soft(0.045 - np.abs(p.y - 0.42), 0.01) + 0 * p.x
        if style == 5:
            return soft(p.x - 0.3 - 0.3 * np.sin(p.y * 26), 0.02)
        return 0 * p.x + 0 * p.y

    return where(share, solid(palette.second), solid(palette.main))


def duck(chance: Chance, palette: Palette) -> list[Part]:
    """A bath duck; +x is ahead. Some wear a hat, a bow or a scarf."""
    plump, head, neck = chance.between(0.88, 1.1), chance.between(0.36, 0.46), chance.between(0.86, 1.05)
    color = rgb("f2c530") if chance.maybe(0.35) else palette.main
    body_paint = decorated(chance, color, palette.second, palette.light, 1.1) if chance.maybe(0.5) else solid(color)
    shape = ball(0.85, 0.5 * plump, 0.58 * plump)

    def body(u: Array, v: Array) -> tuple[Array, Array, Array]:
        x, y, z = shape(u, v)
        behind = np.clip(-x - 0.25, 0, 1)
        return x, y + 0.9 * behind**1.5, z * (1 - 0.7 * behind)

    beak = solid(rgb(chance.pick(("f08a24", "e4572e", "f2b134"))))
    y, x = 0.5 * plump + neck * 0.62, 0.42
    parts = [
        Part(body, body_paint, PLASTIC).moved((0, 0.5 * plump, 0)),
        Part(ball(head), solid(color), PLASTIC).moved((x, y + 0.12, 0)),
        Part(ball(head * 0.6, 0.06, head * 0.48), beak, PLASTIC).moved((x + head * 1.02, y + 0.1, 0), (0, 0, 10)),
        Part(ball(head * 0.5, 0.05, head * 0.4), beak, PLASTIC).moved((x + head * 0.98, y + 0.02, 0), (0, 0, -8)),
    ]
    wing = solid(palette.second) if chance.maybe(0.4) else solid(color * np.float32(0.93))
    for s in (-1, 1):
        parts.append(Part(ball(0.4, 0.26, 0.12), wing, PLASTIC).moved((-0.12, 0.58 * plump, s * 0.53 * plump), (s * 12, 0, -14)))
        eye = (x + head * 0.66, y + 0.26, s * head * 0.56)
        parts.append(Part(ball(0.1), solid(np.float32([0.97, 0.97, 0.95])), PLASTIC).moved(eye))
        parts.append(Part(ball(0.06), solid(np.float32([0.05, 0.05, 0.06])), GLAZE).moved((eye[0] + 0.05, eye[1], eye[2] + s * 0.035)))
    return parts + _dressed(chance, palette, x, y + 0.12, head)


def _dressed(chance: Chance, palette: Palette, x: float, y: float, head: float) -> list[Part]:
    color, style = palette.second, chance.whole(0, 4)
    if style == 0:
        tall = lathe([(head, 0), (head * 1.0, 0.03), (head * 0.6, 0.04), (head * 0.62, 0.42), (0, 0.42)], 0.02)
        band = where(lambda p: soft(0.16 - p.y, 0.01) * soft(p.y - 0.05, 0.01), solid(color), solid(palette.dark))
        return [Part(tall, band, SATIN).moved((x - 0.03, y + head * 0.78, 0), (0, 0, 8))]
    if style == 1:
        ring = [(head * 0.72, -0.08), (head * 0.86, 0), (head * 0.72, 0.08)]
        return [Part(lathe(ring, 0.2), solid(color), FABRIC).moved((x - 0.06, y - head * 0.82, 0), (0, 0, -14))]
    if style == 2:
        bows = [Part(ball(0.16, 0.12, 0.07), solid(color), SATIN).moved((x + 0.1, y + head * 0.9, s * 0.14), (s * 20, 90, 0)) for s in (-1, 1)]
        return [*bows, Part(ball(0.07), solid(palette.dark), SATIN).moved((x + 0.1, y + head * 0.92, 0))]
    return []
