"""What the camera does to a picture: things in front of it, exposure, color cast, blur, grain, JPEG."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .chance import Chance
from .colors import PALETTES, rgb
from .surfaces import Array

FOLIAGE = ("4d6b35", "6b8f47", "2f4a2c")


def exposed(linear: Array, chance: Chance) -> Array:
    """Linear light (3, H, W) made sRGB 0..1: automatic exposure that errs, a color cast, a soft shoulder."""
    target = np.float32(0.3) / max(float(linear.mean()), 1e-3)
    gain = np.float32(target**0.6 * 2 ** chance.between(-0.5, 0.5))
    warm, green = chance.between(-0.14, 0.14), chance.between(-0.05, 0.05)
    cast = np.array([1 + warm, 1 + green, 1 - warm], dtype=np.float32) * gain
    bright = linear * cast[:, None, None]
    return np.sqrt(np.clip(bright * (1 + bright * np.float32(0.42)) / (1 + bright * np.float32(0.62)), 0, 1))


def covered(picture: Image.Image, chance: Chance) -> Image.Image:
    """The picture with something out of focus in front of one edge of it."""
    size = picture.width
    shape = Image.new("L", picture.size)
    leaves = chance.maybe(0.25)
    if leaves:
        _leaves(shape, chance)
    else:
        _edge(shape, chance)
    shape = shape.rotate(chance.pick((0, 0, 90, 270)))
    shape = shape.filter(ImageFilter.GaussianBlur(size * chance.between(0.01, 0.03)))
    code = chance.pick(FOLIAGE if leaves else chance.pick(PALETTES))
    dim = chance.between(0.5, 1.0)
    red, green, blue = (int(c * dim * 255) for c in rgb(code))
    return Image.composite(Image.new("RGB", picture.size, (red, green, blue)), picture, shape)


def _edge(shape: Image.Image, chance: Chance) -> None:
    """Something round, straight or rounded that rises from below."""
    size, pen = shape.width, ImageDraw.Draw(shape)
    high, middle = size * (1 - chance.between(0.12, 0.34)), size * chance.between(0.15, 0.85)
    style, half = chance.whole(0, 2), size * chance.between(0.1, 0.2)
    if style == 0:
        pen.ellipse((middle - 2 * half, high, middle + 2 * half, high + 4 * half), fill=255)
    elif style == 1:
        lean = size * chance.between(-0.15, 0.15)
        pen.polygon([(0, high - lean), (size, high + lean), (size, size), (0, size)], fill=255)
    else:
        pen.rounded_rectangle(
            (middle - half, high - half, middle + half, size + half), radius=half * 0.8, fill=255
        )


def _leaves(shape: Image.Image, chance: Chance) -> None:
    size, pen = shape.width, ImageDraw.Draw(shape)
    for _ in range(chance.whole(2, 4)):
        foot, bend, half = (
            chance.between(0, size),
            size * chance.between(-0.35, 0.35),
            size * chance.between(0.03, 0.06),
        )
        tip, middle = size * (1 - chance.between(0.15, 0.55)), foot + bend * 0.4
        waist = (size + tip) / 2
        left, right = (middle - 1.6 * half, waist), (middle + 1.6 * half, waist)
        pen.polygon([(foot - half, size), left, (foot + bend, tip), right, (foot + half, size)], fill=255)


def taken(srgb: Array, chance: Chance, mirror: bool) -> Array:
    """The finished picture (H, W, 3) uint8."""
    picture = Image.fromarray((np.moveaxis(srgb, 0, 2) * 255 + np.float32(0.5)).astype(np.uint8))
    size = picture.width
    if chance.maybe(0.2):
        picture = covered(picture, chance)
    if mirror:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if chance.maybe(0.3):
        picture = picture.filter(ImageFilter.GaussianBlur(size * chance.between(0.002, 0.009)))
    pixels = np.asarray(picture, dtype=np.float32)
    grain = chance.between(0, 1) ** 2 * 8
    pixels = pixels + chance.rng.standard_normal(pixels.shape, dtype=np.float32) * np.float32(grain)
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if chance.maybe(0.5):
        picture = _compressed(picture, chance.whole(40, 92))
    return np.asarray(picture)


def _compressed(picture: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")
