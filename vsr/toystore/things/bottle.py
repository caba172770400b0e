"""A bottle."""

from ..chance import Chance
from ..colors import Palette, mix
from ..looks import (
    GLASS,
    GLAZE,
    MATT,
    METAL,
    PLASTIC,
    canvas,
    decorated,
    ink,
    letters,
    printed,
    solid,
    wooden,
)
from ..part import Paint, Part
from ..surfaces import TURN, lathe

WORDS = (
    "TEA",
    "OLIVE",
    "MINT",
    "NO 7",
    "HONEY",
    "BERRY",
    "GIN",
    "SODA",
    "ROSE",
    "LIME",
    "OAT",
    "PEAR",
    "SEA",
    "FIG",
)


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
    parts = [
        Part(
            lathe(profile, chance.between(0.03, 0.07)),
            solid(glass),
            chance.pick((GLASS, GLASS, GLAZE, PLASTIC)),
        )
    ]
    if not waist:
        paper = label(chance, palette, wide, high - low)
        parts.append(Part(lathe([(wide + 0.016, low), (wide + 0.016, high)], 0), paper, MATT))
    else:
        band = [(wide * 0.9, body * 0.3), (wide * 0.815, body * 0.55), (wide * 0.9, body * 0.78)]
        parts.append(
            Part(lathe(band, 0.2), decorated(chance, palette.second, palette.light, palette.dark), MATT)
        )
    cap, high_cap = neck * chance.between(1.15, 1.45), chance.between(0.1, 0.28)
    stopper = [(0, tall - 0.06), (cap, tall - 0.06), (cap, tall + high_cap), (0, tall + high_cap)]
    look = chance.pick(
        ((solid(palette.second), PLASTIC), (wooden(palette.wood, 2.0), MATT), (solid(palette.metal), METAL))
    )
    return [*parts, Part(lathe(stopper, 0.05, ribs=chance.pick((0, 24)), rib_depth=0.03), *look)]


def label(chance: Chance, palette: Palette, radius: float, tall: float) -> Paint:
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
    font, color = letters(height * 0.3), ink(dark)
    pen.text((middle, at), chance.pick(WORDS), fill=color, font=font, anchor="mm", stroke_width=1)
    return printed(picture)
