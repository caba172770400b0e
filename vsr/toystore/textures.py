"""Floors and walls: functions from two coordinates on a plane to color."""

from collections.abc import Callable, Sequence

import numpy as np

from .chance import Chance
from .colors import PALETTES, WOODS, rgb
from .patterns import cloudy
from .surfaces import Array

Texture = Callable[[Array, Array], Array]  # (n,) and (n,) in units of the product's half size -> sRGB (3, n)
WALLS = (
    "f1ebe0",
    "cfe0dc",
    "ecd3c0",
    "9dbccb",
    "5f7480",
    "d6cba8",
    "faf6ee",
    "b3cba6",
    "e8a98a",
    "3d4b55",
    "d5c3e3",
)
FLOORS = ("e3dacb", "aea499", "7a726d", "d3b28f", "f2ece1", "86a09a", "c9b3a8", "514a46")


def plain(color: Array) -> Texture:
    """One color."""
    return lambda a, b: np.broadcast_to(color[:, None], (3, len(a)))


def planks(color: Array, width: float, seed: float) -> Texture:
    """Wooden boards along the second coordinate."""

    def texture(a: Array, b: Array) -> Array:
        board = a / np.float32(width)
        number = np.floor(board)
        tone = np.sin(number * np.float32(12.9898 + seed)) * np.float32(0.11)
        grain = np.sin(
            a * np.float32(34) / np.float32(width) + 5 * cloudy(a, b * 0.7, number, seed)
        ) * np.float32(0.05)
        gap = np.abs(board - number - np.float32(0.5)) > np.float32(0.475)
        return color[:, None] * ((1 + tone + grain) * (1 - np.float32(0.4) * gap))[None]

    return texture


def tiled(color: Array, other: Array, width: float, grout: float) -> Texture:
    """Square tiles in two colors (the same color twice: grout only)."""

    def texture(a: Array, b: Array) -> Array:
        x, y = a / np.float32(width), b / np.float32(width)
        odd = (np.floor(x) + np.floor(y)) % 2
        edge = np.maximum(np.abs(x - np.floor(x) - 0.5), np.abs(y - np.floor(y) - 0.5)) > 0.5 - grout
        base = color[:, None] + (other - color)[:, None] * odd[None]
        return base * (1 - np.float32(0.22) * edge)[None]

    return texture


def bricks(color: Array, width: float) -> Texture:
    """Staggered bricks with light joints."""

    def texture(a: Array, b: Array) -> Array:
        row = np.floor(b / np.float32(width * 0.4))
        x = a / np.float32(width) + row * np.float32(0.5)
        column = np.floor(x)
        joint = (np.abs(x - column - 0.5) > 0.46) | (np.abs(b / np.float32(width * 0.4) - row - 0.5) > 0.42)
        tone = 1 + np.float32(0.12) * np.sin(column * 7.1 + row * 13.7)
        return np.where(joint[None], np.float32(0.25) + 0.7 * color[:, None], color[:, None] * tone[None])

    return texture


def striped(color: Array, other: Array, width: float, across: bool) -> Texture:
    """Stripes, along either coordinate."""

    def texture(a: Array, b: Array) -> Array:
        phase = (b if across else a) / np.float32(width)
        share = np.clip((np.abs(phase - np.round(phase)) - np.float32(0.25)) * 20 + np.float32(0.5), 0, 1)
        return color[:, None] + (other - color)[:, None] * share[None]

    return texture


def spotted(color: Array, other: Array, width: float) -> Texture:
    """Wallpaper with staggered spots."""

    def texture(a: Array, b: Array) -> Array:
        row = np.round(b / np.float32(width))
        x, y = a / np.float32(width) + row * np.float32(0.5), b / np.float32(width) - row
        share = np.clip((np.float32(0.2) - np.hypot(x - np.round(x), y)) * 14, 0, 1)
        return color[:, None] + (other - color)[:, None] * share[None]

    return texture


def mottled(color: Array, other: Array, width: float, seed: float) -> Texture:
    """Stone, concrete, grass or carpet, by its colors and its width."""

    def texture(a: Array, b: Array) -> Array:
        x, y = a * np.float32(6 / width), b * np.float32(6 / width)
        share = 0.5 + 0.35 * cloudy(x, y, x, seed) + 0.3 * cloudy(x * 4.7, y * 4.7, y, seed + 2)
        return color[:, None] + (other - color)[:, None] * np.clip(share, 0, 1)[None]

    return texture


def any_floor(chance: Chance) -> Texture:
    """A floor or table top."""
    wood, color, seed = rgb(chance.pick(WOODS)), rgb(chance.pick(FLOORS)), chance.between(1, 9)
    palette, width = chance.pick(PALETTES), chance.between(0.35, 0.9)
    makers: Sequence[Callable[[], Texture]] = (
        lambda: planks(wood, width, seed),
        lambda: planks(wood, width * 0.6, seed),
        lambda: turned(planks(wood, width, seed)),
        lambda: plain(color),
        lambda: tiled(color, color * 0.8 if seed < 5 else color, width, 0.03),
        lambda: mottled(color, color * np.float32(0.7), width * 2, seed),
        lambda: mottled(rgb("6f8f3f"), rgb("3f6128"), width, seed),
        lambda: striped(rgb(palette[2]), rgb(palette[0]), width * 0.5, seed < 5),
        lambda: plain(rgb(palette[chance.whole(0, 2)])),
    )
    return chance.pick(makers)()


def any_wall(chance: Chance) -> Texture:
    """A wall, papered or painted."""
    color, palette, width, seed = (
        rgb(chance.pick(WALLS)),
        chance.pick(PALETTES),
        chance.between(0.3, 0.7),
        chance.between(1, 9),
    )
    makers: Sequence[Callable[[], Texture]] = (
        lambda: plain(color),
        lambda: plain(color),
        lambda: plain(rgb(palette[chance.whole(0, 3)])),
        lambda: striped(color, color * np.float32(0.86), width, False),
        lambda: spotted(color, rgb(palette[0]) * np.float32(0.5) + color * np.float32(0.5), width),
        lambda: bricks(rgb(chance.pick(("a65e46", "d9d2c5", "8c8c88"))), width),
        lambda: mottled(color, color * np.float32(0.8), width * 3, seed),
        lambda: tiled(color, color, width, 0.03),
        lambda: planks(color, width * 0.7, seed),
    )
    return chance.pick(makers)()


def turned(texture: Texture) -> Texture:
    """The texture with its two coordinates swapped."""
    return lambda a, b: texture(b, a)
