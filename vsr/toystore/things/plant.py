"""A plant."""

import numpy as np

from ..chance import Chance
from ..colors import Palette, mix, rgb
from ..looks import FABRIC, GLAZE, MATT, SATIN, decorated, solid
from ..part import BOTH, INWARD, Paint, Part, Patch, moved
from ..patterns import soft
from ..surfaces import Array, Surface, ball, lathe, tube

GREENS = ("4f7942", "6b9a4b", "35603a", "8aa86b", "2f6f5e")


def plant(chance: Chance, palette: Palette) -> list[Part]:
    """A pot with a plant: broad leaves, blades, fronds, a cactus or flowers."""
    top, foot, tall = chance.between(0.42, 0.58), chance.between(0.28, 0.48), chance.between(0.6, 0.95)
    rim = chance.pick((0.0, 0.05))
    outer = [
        (0, 0),
        (foot, 0),
        (top, tall * 0.82),
        (top + rim, tall * 0.84),
        (top + rim, tall),
        (top - 0.05, tall),
    ]
    pot = decorated(chance, palette.main, palette.second, palette.light, 0.9)
    soil = lathe([(0, tall - 0.08), (top, tall - 0.1)], 0)
    parts = [
        Part(lathe(outer, 0.03), pot, chance.pick((GLAZE, MATT, MATT))),
        Part(
            lathe([(top - 0.05, tall), (top - 0.06, tall - 0.14)], 0), solid(palette.main * 0.7), MATT, INWARD
        ),
        Part(soil, solid(rgb("3b2a20")), MATT, BOTH),
    ]
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
        parts.append(
            Part(leaf, paint, SATIN, BOTH).moved(
                (0, tall - 0.1, 0), (0, 137.5 * k + chance.between(-15, 15), 0)
            )
        )
    return parts


def blade(long: float, wide: float, lean: float, stalk: bool) -> Surface:
    """A leaf from the origin, rising and bending outwards (+x) by ``lean`` radians."""

    def surface(u: Array, v: Array) -> tuple[Array, Array, Array]:
        angle = np.float32(lean) * (0.35 + 0.9 * u)
        x, y = long * u * np.sin(angle), long * u * np.cos(angle)
        start = np.float32(0.35 if stalk else 0.0)
        part = np.clip((u - start) / (1 - start), 0, 1)
        half = wide * np.clip(np.sin(np.pi * part ** np.float32(0.75)), 0, 1) ** np.float32(0.8) + 0.02 * (
            1 - u
        )
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
    leaf = Part(
        blade(0.7, 0.12, 0.6, False), _leaf_paint(chance, green, mix(green, rgb("ffffff"), 0.2)), SATIN, BOTH
    )
    parts = [leaf.moved(turn=(0, 72 * k, 0)) for k in range(5)]
    petals, size = (palette.second if chance.maybe(0.6) else palette.light), chance.between(0.24, 0.36)
    count = chance.pick((1, 3, 3, 5))
    for k in range(count):
        tall, out = chance.between(0.75, 1.15), 0.0 if count == 1 else 0.34
        turn = 360 / count * k + 20
        stem = Part(
            tube([(0, 0, 0), (out * 0.5, tall * 0.6, 0), (out, tall, 0)], [0.025]), solid(green), MATT
        )
        head = moved(_bloom(chance, petals, palette.dark, size), (out, tall, 0), (25, 0, -18))
        parts += moved([stem, *head], turn=(0, turn, 0))
    return parts


def _bloom(chance: Chance, petals: Array, heart: Array, size: float) -> list[Part]:
    count = chance.pick((5, 6, 8))

    def surface(u: Array, v: Array) -> tuple[Array, Array, Array]:
        radius = size * v * (0.7 + 0.3 * np.cos(2 * np.pi * count * u))
        return radius * np.cos(2 * np.pi * u), size * 0.45 * v**2, radius * np.sin(2 * np.pi * u)

    return [
        Part(surface, solid(petals), FABRIC, BOTH),
        Part(ball(size * 0.25, size * 0.18), solid(heart), MATT).moved((0, size * 0.08, 0)),
    ]
