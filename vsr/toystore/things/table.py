"""A table."""

from ..chance import Chance
from ..colors import Palette
from ..looks import LACQUER, METAL, SATIN, solid, wooden
from ..part import Part
from ..surfaces import ball, box, lathe
from .frames import Look, frame_look, leg


def table(chance: Chance, palette: Palette) -> list[Part]:
    """A table: round or rectangular top; four legs, a pedestal or trestles; sometimes a shelf or drawer."""
    wood = (wooden(palette.wood, chance.between(1, 9), "y"), SATIN)
    top = wood if chance.maybe(0.6) else (solid(palette.main), LACQUER)
    frame = frame_look(chance, palette)
    tall, wide = chance.between(0.7, 1.35), chance.between(1.2, 2.0)
    deep, thick = wide * chance.between(0.5, 0.8), chance.between(0.05, 0.12)
    if chance.maybe(0.4):
        disc = lathe([(0, 0), (wide / 2, 0), (wide / 2, thick), (0, thick)], 0.02)
        parts = [Part(disc, *top).moved((0, tall, 0))]
        if chance.maybe(0.35):
            return [*parts, _pedestal(wide * 0.3, tall, frame)]
        return parts + _legs(chance, frame, wide * 0.28, wide * 0.28, tall)
    parts = [Part(box(wide, thick, deep, 0.03), *top).moved((0, tall, 0))]
    if chance.maybe(0.25):
        return parts + _trestles(wide * 0.43, deep * 0.43, tall, frame)
    if chance.maybe(0.35):
        parts.append(Part(box(wide * 0.84, 0.16, deep * 0.84, 0.02), *top).moved((0, tall - 0.16, 0)))
        parts.append(Part(ball(0.035), solid(palette.metal), METAL).moved((0, tall - 0.08, deep * 0.43)))
    return parts + _legs(chance, frame, wide * 0.43, deep * 0.43, tall)


def _legs(chance: Chance, frame: Look, x: float, z: float, tall: float) -> list[Part]:
    """Four legs, sometimes with a shelf between them."""
    thick, taper, splay = chance.between(0.04, 0.075), chance.pick((0.6, 1.0)), chance.pick((0.0, 0.0, 0.14))
    corners = [(s, f) for s in (-1, 1) for f in (-1, 1)]
    ends = [((s * (x + splay), 0, f * (z + splay)), (s * x, tall, f * z)) for s, f in corners]
    parts = [leg(foot, top, thick, taper, frame) for foot, top in ends]
    if chance.maybe(0.3):
        parts.append(Part(box(1.9 * x, 0.05, 1.9 * z, 0.02), *frame).moved((0, tall * 0.28, 0)))
    return parts


def _pedestal(foot: float, tall: float, frame: Look) -> Part:
    profile = [(0, 0), (foot, 0), (foot, 0.05), (0.09, 0.16), (0.07, tall * 0.5), (0.12, tall), (0, tall)]
    return Part(lathe(profile, 0.06), *frame)


def _trestles(x: float, z: float, tall: float, frame: Look) -> list[Part]:
    slanting = [((s * x, 0, f * z), (s * x, tall, -f * z * 0.2)) for s in (-1, 1) for f in (-1, 1)]
    bar = leg((-x, tall * 0.45, 0), (x, tall * 0.45, 0), 0.045, 1.0, frame)
    return [bar, *(leg(foot, top, 0.055, 1.0, frame) for foot, top in slanting)]
