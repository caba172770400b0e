"""A guitar."""

from collections.abc import Callable

import numpy as np

from ..chance import Chance
from ..colors import Palette
from ..looks import LACQUER, MATT, METAL, PLASTIC, SATIN, solid, where, wooden
from ..part import Paint, Part, Patch, moved
from ..patterns import soft
from ..surfaces import Array, ball, box, plate, rounded, tube

ACOUSTIC = (
    (0, 0),
    (0.42, 0.02),
    (0.64, 0.38),
    (0.54, 0.75),
    (0.4, 0.95),
    (0.43, 1.15),
    (0.48, 1.32),
    (0.3, 1.5),
    (0, 1.5),
)
ELECTRIC = (
    (0, 0),
    (0.4, 0.03),
    (0.56, 0.32),
    (0.44, 0.7),
    (0.4, 0.9),
    (0.5, 1.2),
    (0.4, 1.36),
    (0.2, 1.2),
    (0, 1.16),
)
HOLE = 0.98  # height of the sound hole


def guitar(chance: Chance, palette: Palette) -> list[Part]:
    """A guitar, acoustic or electric, standing upright."""
    acoustic = chance.maybe(0.6)
    widen, waist = chance.between(0.92, 1.08), chance.between(0.88, 1.08)
    corners = ACOUSTIC if acoustic else ELECTRIC
    right = rounded([(x * widen * (waist if 0.6 < y < 1.0 else 1), y) for x, y in corners], 0.1, 80)
    outline = np.concatenate([right, right[-2:0:-1] * np.array([-1, 1], dtype=np.float32)])
    depth = 0.32 if acoustic else 0.16
    wood = chance.maybe(0.7 if acoustic else 0.25)
    base = wooden(palette.wood, 2.0) if wood else solid(palette.main)
    parts = [Part(plate(outline, depth, 0.05), _face(chance, palette, base, acoustic), LACQUER)]
    dark = solid(palette.dark * 0.6)
    head = Part(
        box(0.24, 0.4, 0.07, 0.03, chance.pick((1.25, 0.8))), base if chance.maybe(0.5) else dark, LACQUER
    )
    front = [
        head.moved((0, 2.48, 0)),
        Part(box(0.36, 0.07, 0.05, 0.01), dark, SATIN).moved((0, 0.45, 0)),
        *_neck(palette),
    ]
    if not acoustic:
        front += [Part(box(0.3, 0.09, 0.04, 0.02), dark, PLASTIC).moved((0, y, 0)) for y in (0.66, 0.92)]
        front += [Part(ball(0.05), solid(palette.light), PLASTIC).moved((0.3, y, 0)) for y in (0.22, 0.38)]
    return moved([*parts, *moved(front, (0, 0, depth / 2))], turn=(-8, 0, 0))


def _face(chance: Chance, palette: Palette, base: Paint, acoustic: bool) -> Paint:
    """The body: a darker edge, a pick guard, a sound hole with its ring."""
    burst, guard = chance.maybe(0.45), chance.maybe(0.6)

    def burned(p: Patch) -> Array:
        return base(p) * (1 - (0.75 * soft(0.84 - p.v, 0.2) if burst else 0 * p.v))[None]

    def shield(p: Patch) -> Array:
        return soft(0.17 - np.hypot((p.x - 0.2) * 0.9, (p.y - 0.72) * 0.6), 0.01) * (p.z > 0) * guard

    def disc(radius: float) -> Callable[[Patch], Array]:
        return lambda p: soft(radius - np.hypot(p.x, p.y - HOLE), 0.01) * (p.z > 0)

    paint = where(shield, solid(palette.dark), burned)
    if not acoustic:
        return paint
    return where(disc(0.18), solid(palette.dark * 0.25), where(disc(0.23), solid(palette.light), paint))


def _neck(palette: Palette) -> list[Part]:
    """Neck, frets, strings and tuners, lying on z = 0."""
    metal = solid(palette.metal)
    fret, string = box(0.152, 0.014, 0.012, 0.004), solid(palette.metal)
    parts = [Part(box(0.15, 1.35, 0.09, 0.03), wooden(palette.wood * 0.75, 5.0), SATIN).moved((0, 1.15, 0))]
    parts += [Part(fret, metal, METAL).moved((0, y, 0.05)) for y in np.linspace(1.45, 2.4, 7)]
    parts += [
        Part(tube([(x, 0.48, 0.04), (x, 2.5, 0.06)], [0.007]), string, MATT) for x in (-0.045, 0, 0.045)
    ]
    tuners = [(s * 0.17, y, 0) for s in (-1, 1) for y in (2.56, 2.68, 2.8)]
    return parts + [Part(ball(0.045), metal, METAL).moved(at) for at in tuners]
