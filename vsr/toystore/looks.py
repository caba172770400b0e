"""What surfaces are made of: paints and finishes."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .chance import Chance
from .colors import mix
from .part import Finish, Paint, Patch
from .patterns import Pattern, any_pattern, band, cloudy
from .surfaces import Array

MATT = Finish(0.04, 8)
SATIN = Finish(0.18, 22, mirror=0.06)
GLAZE = Finish(0.55, 90, mirror=0.22)
PLASTIC = Finish(0.4, 45, mirror=0.12)
METAL = Finish(0.7, 50, mirror=0.85, metal=1.0)
BRUSHED = Finish(0.5, 14, mirror=0.5, metal=0.85)
FABRIC = Finish(0.0, 4, fuzz=0.28)
LEATHER = Finish(0.22, 16, mirror=0.04)
LACQUER = Finish(0.35, 60, mirror=0.14)
GLASS = Finish(0.9, 120, mirror=0.5, opacity=0.62)


def solid(color: Array) -> Paint:
    """One color all over."""
    return lambda p: color[:, None, None]


def patterned(color: Array, second: Array, pattern: Pattern) -> Paint:
    """``second`` on ``color`` where the pattern says so."""
    return lambda p: mix(color, second, pattern(p))


def decorated(chance: Chance, color: Array, second: Array, third: Array, size: float = 1.0) -> Paint:
    """A random pattern of two colors, sometimes with a border in the third."""
    pattern = any_pattern(chance, size)
    border = chance.maybe(0.25)
    edge = chance.pick((0.06, 0.88))

    def paint(p: Patch) -> Array:
        base = mix(color, second, pattern(p))
        return mix(base, third, band(edge, edge + 0.06)(p)) if border else base

    return paint


def wooden(color: Array, seed: float, across: str = "x") -> Paint:
    """Wood with its grain running across the local axis ``across``."""

    def paint(p: Patch) -> Array:
        x, y, z = (p.x, p.y, p.z) if across == "x" else (p.y, p.x, p.z)
        wobble = cloudy(3 * x, 1.2 * y, 3 * z, seed)
        line = np.sin(26 * x + 5 * wobble + 9 * z) + 0.5 * np.sin(61 * x + 9 * wobble + 17 * z)
        return color[:, None, None] * (0.92 + 0.1 * line * (0.6 + 0.4 * wobble))[None]

    return paint


def woven(paint: Paint, strength: float = 0.1) -> Paint:
    """Cloth: the paint with a fine unevenness."""

    def cloth(p: Patch) -> Array:
        thread = np.sin(p.u * np.float32(p.around * 70)) * np.sin(p.v * np.float32(p.along * 70))
        fold = cloudy(5 * p.x, 5 * p.y, 5 * p.z, 3.7)
        return paint(p) * (1 + np.float32(strength) * (0.6 * thread + 0.7 * fold))[None]

    return cloth


def where(choose: Callable[[Patch], Array], inside: Paint, outside: Paint) -> Paint:
    """``inside`` where ``choose`` gives 1, ``outside`` where it gives 0."""

    def paint(p: Patch) -> Array:
        share = np.asarray(choose(p), dtype=np.float32)
        return outside(p) * (1 - share) + inside(p) * share

    return paint


def printed(
    picture: Image.Image, left: float = 0, right: float = 1, low: float = 0, high: float = 1
) -> Paint:
    """A picture on the part of the surface between these shares of u and v; its border color elsewhere."""
    pixels = np.asarray(picture.convert("RGB"), dtype=np.float32) / 255
    rows, columns = pixels.shape[:2]

    def paint(p: Patch) -> Array:
        column = np.clip((p.u - left) / (right - left) * columns, 0, columns - 1).astype(np.intp)
        row = np.clip((1 - (p.v - low) / (high - low)) * rows, 0, rows - 1).astype(np.intp)
        return np.moveaxis(pixels[row, column], 2, 0)

    return paint


def canvas(width: int, height: int, color: Array) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """A picture to print and a pen to draw on it."""
    picture = Image.new("RGB", (width, height), ink(color))
    return picture, ImageDraw.Draw(picture)


def ink(color: Array) -> tuple[int, int, int]:
    """A color as Pillow wants it."""
    red, green, blue = (round(float(c) * 255) for c in np.clip(color, 0, 1))
    return red, green, blue


def letters(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, about ``size`` pixels high."""
    return ImageFont.load_default(size)
