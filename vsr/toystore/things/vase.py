"""A vase."""

from ..chance import Chance
from ..colors import Palette
from ..looks import GLAZE, MATT, SATIN, decorated, solid
from ..part import INWARD, Part
from ..surfaces import lathe, tube


def vase(chance: Chance, palette: Palette) -> list[Part]:
    """A vase turned from a random profile, ribbed or smooth, sometimes with two handles."""
    foot, belly = chance.between(0.22, 0.45), chance.between(0.5, 0.85)
    neck, lip = chance.between(0.14, 0.4), chance.between(0.02, 0.25)
    low, high = chance.between(0.35, 0.95), chance.between(1.25, 1.6)
    tall = 2.0
    rim = neck + lip
    outer = [
        (0, 0),
        (foot, 0),
        (foot, 0.06),
        (belly, low),
        (belly * 0.97, low + 0.15),
        (neck, high),
        (rim, tall),
    ]
    inner = [(rim - 0.02, tall), (neck - 0.04, high), (belly * 0.8, low), (0, 0.15)]
    ribs, depth = (chance.whole(8, 18), 0.045) if chance.maybe(0.3) else (0, 0.0)
    finish = chance.pick((GLAZE, GLAZE, SATIN, MATT))
    paint = decorated(chance, palette.main, palette.second, palette.light)
    parts = [
        Part(lathe(outer, chance.between(0.06, 0.2), ribs, depth), paint, finish),
        Part(lathe(inner, 0.1), solid(palette.dark), MATT, INWARD),
    ]
    if chance.maybe(0.3):
        path = [(neck, high + 0.15, 0), (belly + 0.12, high + 0.1, 0), (belly * 0.86, low + 0.35, 0)]
        ear = tube(path, [0.055, 0.065], rounding=0.3)
        parts += [
            Part(ear, solid(palette.main), finish),
            Part(ear, solid(palette.main), finish).moved(turn=(0, 180, 0)),
        ]
    return parts
