"""A book."""

import numpy as np
from PIL import Image, ImageDraw

from ..chance import Chance
from ..colors import Palette, rgb
from ..looks import LACQUER, MATT, SATIN, canvas, ink, letters, printed, solid
from ..part import BOTH, Paint, Part, Patch
from ..patterns import MOTIFS, motif
from ..surfaces import Array, box, card

TITLES = [
    "ATLAS",
    "BIRDS",
    "OCEAN",
    "COOK",
    "MOON",
    "TREES",
    "POEMS",
    "JAZZ",
    "STARS",
    "MAPS",
    "PARIS",
    "SALT",
    "FOXES",
    "CODE",
    "RIVER",
    "CHESS",
]
HEIGHT = 288  # of a printed cover, in pixels


def book(chance: Chance, palette: Palette) -> list[Part]:
    """A hardback standing upright, with a printed cover."""
    wide, tall, thick = chance.between(1.15, 1.6), chance.between(1.7, 2.0), chance.between(0.14, 0.45)
    cover, finish = solid(palette.main), chance.pick((LACQUER, MATT, SATIN))
    back = solid(palette.second if chance.maybe(0.3) else palette.main)
    board, edge = 0.05, thick / 2

    def pages(p: Patch) -> Array:
        return rgb("ede6d1")[:, None, None] * (1 - 0.1 * (np.sin(p.z * 160) > 0.2))[None]

    front = Part(card(wide - 0.02, tall - 0.02), _cover(chance, palette, wide / tall), finish, BOTH)
    return [
        Part(box(wide, tall, board, 0.015), cover, finish).moved((0, 0, edge)),
        Part(box(wide, tall, board, 0.015), cover, finish).moved((0, 0, -edge)),
        Part(box(board, tall, thick + board, 0.02), back, finish).moved((-wide / 2 + board / 2, 0, 0)),
        Part(box(wide - 0.08, tall - 0.1, thick, 0.005), pages, MATT).moved((0.0, 0.05, 0)),
        front.moved((0, tall / 2, edge + board / 2 + 0.025)),
    ]


def _cover(chance: Chance, palette: Palette, shape: float) -> Paint:
    """A cover of relative width ``shape``: a picture below a title."""
    width = int(HEIGHT * shape)
    picture, pen = canvas(width, HEIGHT, palette.main)
    chance.pick((_bar, _disc, _hills, _stripes, _figure, _frame))(picture, chance, palette)
    title, light = chance.pick(TITLES), ink(palette.light)
    font, middle = letters(HEIGHT * chance.between(0.15, 0.2)), (width / 2, HEIGHT * 0.2)
    pen.text(middle, title, fill=light, font=font, anchor="mm", stroke_width=2, stroke_fill=light)
    pen.rectangle((width * 0.3, HEIGHT * 0.31, width * 0.7, HEIGHT * 0.325), fill=light)
    return printed(picture)


def _bar(picture: Image.Image, chance: Chance, palette: Palette) -> None:
    low = HEIGHT * chance.between(0.35, 0.6)
    ImageDraw.Draw(picture).rectangle((0, low, picture.width, low + 0.3 * HEIGHT), fill=ink(palette.second))


def _disc(picture: Image.Image, chance: Chance, palette: Palette) -> None:
    x, y, radius = picture.width / 2, HEIGHT * 0.6, picture.width * chance.between(0.22, 0.38)
    inner = palette.dark if chance.maybe(0.5) else palette.light
    for r, color in ((radius, palette.second), (radius / 2, inner)):
        ImageDraw.Draw(picture).ellipse((x - r, y - r, x + r, y + r), fill=ink(color))


def _hills(picture: Image.Image, chance: Chance, palette: Palette) -> None:
    pen, peak = ImageDraw.Draw(picture), chance.between(0.35, 0.6)
    far = ((0, 1), (0, 0.75), (peak, 0.45), (1, 0.8), (1, 1))
    near = ((0, 1), (0.35, 0.78), (0.75, 0.6), (1, 0.9), (1, 1))
    for ridge, color in ((far, palette.second), (near, palette.dark)):
        pen.polygon([(x * picture.width, y * HEIGHT) for x, y in ridge], fill=ink(color))


def _stripes(picture: Image.Image, chance: Chance, palette: Palette) -> None:
    pen, count, slope = ImageDraw.Draw(picture), chance.whole(3, 7), chance.between(-8, 8)
    for k in range(count):
        y = HEIGHT * (0.4 + 0.65 * k / count)
        ends = (-20, y, picture.width + 20, y + slope)
        pen.line(ends, fill=ink(palette.second), width=int(HEIGHT * 0.32 / count))


def _figure(picture: Image.Image, chance: Chance, palette: Palette) -> None:
    width = picture.width
    x = (np.arange(width) - width / 2)[None, :] / (width * 0.34)
    y = (HEIGHT * 0.64 - np.arange(HEIGHT))[:, None] / (width * 0.34)
    inside = motif(chance.pick(MOTIFS), x, y) * 255
    picture.paste(ink(palette.second), mask=Image.fromarray(inside.astype(np.uint8)))


def _frame(picture: Image.Image, chance: Chance, palette: Palette) -> None:
    width, color = picture.width, ink(palette.second)
    box_at = (width * 0.08, HEIGHT * 0.06, width * 0.92, HEIGHT * 0.94)
    ImageDraw.Draw(picture).rectangle(box_at, outline=color, width=chance.whole(5, 12))
