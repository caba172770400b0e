"""What the camera does to a picture: things in front of it, exposure, color cast, blur, grain, JPEG."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .chance import Chance
from .colors import PALETTES, rgb
from .surfaces import Array


def exposed(linear: Array, chance: Chance) -> Array:
    """sRGB (3, H, W) float 0..1 of linear light: automatic exposure that errs, a color cast, a soft shoulder."""
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
    pen = ImageDraw.Draw(shape)
    reach = size * chance.between(0.12, 0.34)
    style, along = chance.whole(0, 3), size * chance.between(0.15, 0.85)
    if style == 0:  # something round
        r = size * chance.between(0.2, 0.45)
        pen.ellipse((along - r, size - reach, along + r, size - reach + 2 * r), fill=255)
    elif style == 1:  # a straight edge
        lean = size * chance.between(-0.15, 0.15)
        pen.polygon([(0, 0), (reach + lean, 0), (reach - lean, size), (0, size)], fill=255)
    elif style == 2:  # a box
        w = size * chance.between(0.12, 0.25)
        pen.rectangle((along - w, size - reach * 1.2, along + w, size), fill=255)
    else:  # leaves
        for _ in range(chance.whole(2, 4)):
            x, bend, w = chance.between(0, size), size * chance.between(-0.35, 0.35), size * chance.between(0.03, 0.06)
            tip = size - reach * chance.between(1.0, 1.9)
            pen.polygon([(x - w, size), ((x + bend * 0.4) - 1.6 * w, (size + tip) / 2), (x + bend, tip), ((x + bend * 0.4) + 1.6 * w, (size + tip) / 2), (x + w, size)], fill=255)
    code = chance.pick(("4d6b35", "6b8f47", "2f4a2c")) if style == 3 else chance.pick(chance.pick(PALETTES))
    color = np.clip(rgb(code) * np.float32(chance.between(0.5, 1.0)) * 255, 0, 255).astype(int)
    shape = shape.rotate(chance.pick((0, 0, 90, 270)) if style != 1 else chance.pick((0, 90, 180, 270)))
    shape = shape.filter(ImageFilter.GaussianBlur(size * chance.between(0.01, 0.03)))
    return Image.composite(Image.new("RGB", picture.size, tuple(map(int, color))), picture, shape)


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
    if chance.maybe(0.7):
        picture = _compressed(picture, chance.whole(40, 92))
    return np.asarray(picture)


def _compressed(picture: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")
