"""A backpack."""

from ..chance import Chance
from ..colors import Palette
from ..looks import FABRIC, MATT, PLASTIC, decorated, solid, woven
from ..part import Part
from ..surfaces import Surface, lathe, loft, tube


def backpack(chance: Chance, palette: Palette) -> list[Part]:
    """A backpack: rounded body, front pocket, top loop, straps at the sides."""
    wide, tall, deep = chance.between(0.58, 0.74), chance.between(1.6, 1.95), chance.between(0.32, 0.42)
    paint = woven(decorated(chance, palette.main, palette.second, palette.light, 1.3), 0.06)
    second = woven(solid(palette.second if chance.maybe(0.6) else palette.leather), 0.06)
    body = [(0, 0, 0, 0), (0, -wide, wide, deep), (tall * 0.7, -wide * 1.02, wide * 1.02, deep)]
    body += [(tall * 0.93, -wide * 0.8, wide * 0.8, deep * 0.7), (tall, -wide * 0.3, wide * 0.3, deep * 0.3)]
    parts = [Part(loft([*body, (tall, 0, 0, 0)], chance.between(2.8, 3.8), 0.07), paint, FABRIC)]
    high, out = tall * chance.between(0.4, 0.55), wide * chance.between(0.66, 0.85)
    pocket = Part(_pouch(tall * 0.07, high, out, 0.2), second if chance.maybe(0.6) else paint, FABRIC)
    parts.append(pocket.moved((0, 0, deep * 0.9)))
    parts += _fittings(palette, wide, tall, deep)
    sides = chance.maybe(0.5)
    for s in (-1, 1):
        strap = [(0.45, 0.92, -0.8), (0.95, 0.75, -1.5), (1.0, 0.3, -1.3), (0.8, 0.1, -1.0)]
        path = [(s * x * wide, y * tall, z * deep) for x, y, z in strap]
        parts.append(Part(tube(path, [0.09, 0.09, 0.05], 0.2, plane=(1, 0, 0)), second, FABRIC))
        if sides:
            pouch = Part(_pouch(0.1, tall * 0.36, 0.12, deep * 0.7), second, FABRIC)
            parts.append(pouch.moved((s * wide * 0.98, 0, 0)))
    if chance.maybe(0.5):
        badge = Part(lathe([(0, 0), (0.17, 0), (0.17, 0.03), (0, 0.03)], 0), solid(palette.light), MATT)
        parts.append(badge.moved((0, high * 0.6, deep * 0.9 + 0.19), (90, 0, 0)))
    return parts


def _pouch(low: float, high: float, half_width: float, half_depth: float) -> Surface:
    ends = [(y, -half_width, half_width, half_depth) for y in (low, high)]
    return loft([(low, 0, 0, 0), *ends, (high, 0, 0, 0)], 3.3, 0.08)


def _fittings(palette: Palette, wide: float, tall: float, deep: float) -> list[Part]:
    """The zipper over the front and the loop on top."""
    zipper = [(-0.9, 0.56, 0.9), (-0.75, 0.78, 0.98), (0.75, 0.78, 0.98), (0.9, 0.56, 0.9)]
    loop = [(-0.18, -0.04), (-0.13, 0.2), (0.13, 0.2), (0.18, -0.04)]
    dark = solid(palette.dark)
    return [
        Part(tube([(x * wide, y * tall, z * deep) for x, y, z in zipper], [0.022], 0.15), dark, PLASTIC),
        Part(tube([(x, tall + y, -0.08) for x, y in loop], [0.04], 0.2), dark, FABRIC),
    ]
