"""A teapot."""

from ..chance import Chance
from ..colors import Palette
from ..looks import GLAZE, LACQUER, METAL, SATIN, decorated, solid, wooden
from ..part import Part
from ..surfaces import ball, lathe, tube

SHAPES = ((0.4, 0.8, 0.32, 1.15), (0.6, 0.92, 0.4, 0.9), (0.5, 0.62, 0.4, 1.4), (0.78, 0.66, 0.3, 1.2))


def teapot(chance: Chance, palette: Palette) -> list[Part]:
    """A teapot: round, squat, tall or conical; handle behind or above; knob on the lid."""
    foot, belly, top, tall = chance.pick(SHAPES)
    foot, belly, tall = (value * chance.between(0.92, 1.08) for value in (foot, belly, tall))
    finish = chance.pick((GLAZE, GLAZE, GLAZE, SATIN, SATIN, LACQUER, METAL))
    paint = decorated(chance, palette.main, palette.second, palette.light)
    accent = solid(palette.main if chance.maybe(0.6) else palette.second)
    if finish is METAL:
        paint = accent = solid(palette.metal)
    body = [(0, 0), (foot, 0), (belly, tall * 0.42), (belly * 0.9, tall * 0.7), (top, tall), (0, tall)]
    lid = [(top + 0.03, tall - 0.02), (top + 0.03, tall + 0.03), (top * 0.5, tall + 0.16), (0, tall + 0.2)]
    tip = belly + chance.between(0.35, 0.55)
    spout = [(belly * 0.7, tall * 0.3), (belly * 1.05, tall * 0.4), (tip * 0.9, tall * 0.75), (tip, tall)]
    back = -belly * 0.86
    handle = [(back, 0.82 * tall), (back - 0.5, 0.95 * tall), (back - 0.5, 0.3 * tall), (back, 0.25 * tall)]
    if chance.maybe(0.3):  # above the lid
        over = tall + 0.75
        handle = [
            (back * 0.75, tall * 0.8),
            (back * 0.8, over),
            (-back * 0.8, over),
            (-back * 0.75, tall * 0.8),
        ]
    grip = (wooden(palette.wood, 1.0), SATIN) if chance.maybe(0.35) else (accent, finish)
    knob = chance.between(0.08, 0.14)
    mouth = Part(ball(0.06, 0.02), solid(palette.dark * 0.4))
    return [
        Part(lathe(body, 0.12), paint, finish),
        Part(lathe(lid, 0.03), accent, finish),
        Part(ball(knob), *grip).moved((0, tall + 0.2 + knob * 0.8, 0)),
        Part(tube([(x, y, 0) for x, y in spout], [0.2, 0.15, 0.09, 0.08], rounding=0.25), accent, finish),
        mouth.moved((tip, tall, 0), (0, 0, -35)),
        Part(tube([(x, y, 0) for x, y in handle], [0.07, 0.075, 0.07], rounding=0.25, flat=1.3), *grip),
    ]
