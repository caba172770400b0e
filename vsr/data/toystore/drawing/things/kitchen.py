"""Mug, bottle, vase, teapot."""

import numpy as np

from ..chance import Chance
from ..colors import Palette, mix
from ..looks import GLASS, GLAZE, LACQUER, MATT, METAL, PLASTIC, SATIN, canvas, decorated, ink, letters, printed, solid, wooden
from ..part import INWARD, Part
from ..surfaces import TURN, Array, Surface, around, ball, lathe, tube

WORDS = ("TEA", "OLIVE", "MINT", "NO 7", "HONEY", "BERRY", "GIN", "SODA", "ROSE", "LIME", "OAT", "PEAR", "SEA", "FIG")


def mug(chance: Chance, palette: Palette) -> list[Part]:
    """A mug: straight, tapered, round-bellied or flared, with one of three handles."""
    foot, belly, rim = chance.pick(((0.62, 0.66, 0.68), (0.5, 0.62, 0.74), (0.52, 0.76, 0.62), (0.66, 0.58, 0.7)))
    tall = chance.between(1.15, 1.75)
    outer = [(0, 0), (foot * 0.9, 0), (foot, 0.05), (belly, tall * 0.5), (rim, tall), (rim - 0.06, tall)]
    inner = [(rim - 0.05, tall), (belly - 0.09, tall * 0.5), (foot - 0.1, 0.12), (0, 0.1)]
    body = decorated(chance, palette.main, palette.second, palette.dark)
    inside = solid(palette.light if chance.maybe(0.6) else palette.second)
    finish = chance.pick((GLAZE, GLAZE, SATIN, MATT))
    top, low, reach = tall * chance.between(0.78, 0.9), tall * chance.between(0.16, 0.3), chance.between(0.36, 0.55)
    near = belly * 0.93
    path = chance.pick(
        (
            [(near, top, 0), (near + reach, top, 0), (near + reach, low, 0), (near, low, 0)],
            [(near, top, 0), (near + reach * 0.9, top + 0.1, 0), (near + reach, top * 0.6, 0), (near, low, 0)],
            [(near, top, 0), (near + reach * 1.3, (top + low) / 2, 0), (near, low, 0)],
        )
    )
    thick = chance.between(0.07, 0.12)
    handle = tube(path, [thick, thick * 0.85, thick], rounding=chance.pick((0.12, 0.3)), flat=chance.between(1.0, 1.8))
    color = palette.main if chance.maybe(0.6) else palette.second
    return [
        Part(lathe(outer), body, finish),
        Part(lathe(inner), inside, finish, INWARD),
        Part(handle, solid(color), finish),
    ]


def bottle(chance: Chance, palette: Palette) -> list[Part]:
    """A bottle with a label: wine, soda, milk, square-shouldered or a flask."""
    wide, neck = chance.between(0.34, 0.52), chance.between(0.11, 0.19)
    body, shoulder = chance.between(0.9, 1.4), chance.pick((0.12, 0.3, 0.55))
    tall = body + shoulder + chance.between(0.25, 0.6)
    profile = [(0, 0), (wide, 0), (wide, body), (neck * 1.05, body + shoulder), (neck, tall), (0, tall)]
    waist = chance.maybe(0.25)
    if waist:
        profile[2:3] = [(wide * 0.8, body * 0.55), (wide, body)]
    glass = mix(palette.main, palette.dark, chance.between(0, 0.35))
    low, high = body * chance.between(0.12, 0.25), body * chance.between(0.7, 0.92)
    parts = [Part(lathe(profile, chance.between(0.03, 0.07)), solid(glass), chance.pick((GLASS, GLASS, GLAZE, PLASTIC)))]
    if not waist:
        parts.append(Part(lathe([(wide + 0.006, low), (wide + 0.006, high)], 0), label(chance, palette, wide, high - low), MATT))
    else:
        band = [(wide * 0.9, body * 0.3), (wide * 0.815, body * 0.55), (wide * 0.9, body * 0.78)]
        parts.append(Part(lathe(band, 0.2), decorated(chance, palette.second, palette.light, palette.dark), MATT))
    cap, high_cap = neck * chance.between(1.15, 1.45), chance.between(0.1, 0.28)
    stopper = [(0, tall - 0.06), (cap, tall - 0.06), (cap, tall + high_cap), (0, tall + high_cap)]
    look = chance.pick(((solid(palette.second), PLASTIC), (wooden(palette.wood, 2.0), MATT), (solid(palette.metal), METAL)))
    return [*parts, Part(lathe(stopper, 0.05, ribs=chance.pick((0, 24)), rib_depth=0.03), *look)]


def label(chance: Chance, palette: Palette, radius: float, tall: float):
    """A printed paper label: a word, bars and a frame."""
    paper, dark = (palette.light, palette.dark) if chance.maybe(0.7) else (palette.second, palette.light)
    width, height = 256, max(16, int(256 * tall / (TURN * radius)))
    picture, pen = canvas(width, height, paper)
    middle, line = width // 2, max(2, height // 22)
    style = chance.whole(0, 3)
    if style in (0, 2):
        pen.rectangle((middle - 56, line, middle + 56, height - line), outline=ink(palette.main), width=line)
    if style in (1, 2):
        pen.rectangle((0, 0, width, height * 0.2), fill=ink(palette.main))
        pen.rectangle((0, height * 0.86, width, height), fill=ink(palette.main))
    if style == 3:
        r = height * 0.24
        pen.ellipse((middle - r, height * 0.1, middle + r, height * 0.1 + 2 * r), fill=ink(palette.main))
    at = height * (0.72 if style == 3 else 0.5)
    pen.text((middle, at), chance.pick(WORDS), fill=ink(dark), font=letters(height * 0.3), anchor="mm", stroke_width=1)
    return printed(picture)


def vase(chance: Chance, palette: Palette) -> list[Part]:
    """A vase turned from a random profile, ribbed or smooth, sometimes with two handles."""
    foot, belly = chance.between(0.22, 0.45), chance.between(0.5, 0.85)
    neck, lip = chance.between(0.14, 0.4), chance.between(0.02, 0.25)
    low, high = chance.between(0.35, 0.95), chance.between(1.25, 1.6)
    tall = 2.0
    rim = neck + lip
    outer = [(0, 0), (foot, 0), (foot, 0.06), (belly, low), (belly * 0.97, low + 0.15), (neck, high), (rim, tall)]
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
        parts += [Part(ear, solid(palette.main), finish), Part(ear, solid(palette.main), finish).moved(turn=(0, 180, 0))]
    return parts


def teapot(chance: Chance, palette: Palette) -> list[Part]:
    """A teapot: round, squat, tall or conical; handle behind or above; knob on the lid."""
    foot, belly, top, tall = chance.pick(((0.4, 0.8, 0.32, 1.15), (0.6, 0.92, 0.4, 0.9), (0.5, 0.62, 0.4, 1.4), (0.78, 0.66, 0.3, 1.2)))
    foot, belly, tall = (value * chance.between(0.92, 1.08) for value in (foot, belly, tall))
    finish = chance.pick((GLAZE, GLAZE, SATIN, METAL if chance.maybe(0.5) else LACQUER))
    paint = solid(palette.metal) if finish is METAL else decorated(chance, palette.main, palette.second, palette.light)
    accent = solid(palette.metal) if finish is METAL else solid(palette.main if chance.maybe(0.6) else palette.second)
    body = [(0, 0), (foot, 0), (belly, tall * 0.42), (belly * 0.9, tall * 0.7), (top, tall), (0, tall)]
    lid = [(top + 0.03, tall - 0.02), (top + 0.03, tall + 0.03), (top * 0.5, tall + 0.16), (0, tall + 0.2)]
    reach = belly + chance.between(0.35, 0.55)
    spout = tube(
        [(belly * 0.7, tall * 0.3, 0), (belly * 1.05, tall * 0.4, 0), (reach * 0.9, tall * 0.75, 0), (reach, tall * 1.0, 0)],
        [0.2, 0.15, 0.09, 0.08],
        rounding=0.25,
    )
    dark = Part(ball(0.06, 0.02), solid(palette.dark * 0.4)).moved((reach, tall * 1.0, 0), (0, 0, -35))
    back = -belly * 0.86
    if chance.maybe(0.3):
        path = [(back * 0.75, tall * 0.8, 0), (back * 0.8, tall + 0.75, 0), (-back * 0.8, tall + 0.75, 0), (-back * 0.75, tall * 0.8, 0)]
    else:
        path = [(back, tall * 0.82, 0), (back - 0.5, tall * 0.95, 0), (back - 0.5, tall * 0.3, 0), (back, tall * 0.25, 0)]
    handle = tube(path, [0.07, 0.075, 0.07], rounding=0.25, flat=1.3)
    grip = (wooden(palette.wood, 1.0), SATIN) if chance.maybe(0.35) else (accent, finish)
    knob = chance.between(0.08, 0.14)
    return [
        Part(lathe(body, 0.12), paint, finish),
        Part(lathe(lid, 0.03), accent, finish),
        Part(ball(knob), grip[0], grip[1]).moved((0, tall + 0.2 + knob * 0.8, 0)),
        Part(spout, accent, finish),
        dark,
        Part(handle, *grip),
    ]
