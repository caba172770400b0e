"""Palettes of colors that go together, sRGB 0..1."""

import colorsys
from typing import NamedTuple

import numpy as np

from .chance import Chance

Array = np.ndarray

# main, second, light and dark color of each palette
PALETTES = (
    ("c8553d", "f2c879", "f6ead7", "3b2b28"),  # terracotta
    ("2f6690", "81c3d7", "f1f4f2", "16324f"),  # harbor
    ("588157", "a3b18a", "f0eee0", "344e41"),  # sage
    ("e9b44c", "9b2915", "faf3dd", "50352a"),  # mustard
    ("d1495b", "edae49", "fbf1e6", "30343f"),  # berry
    ("3d405b", "e07a5f", "f4f1de", "26273a"),  # dusk
    ("6d597a", "e5989b", "fde8e2", "355070"),  # plum
    ("008080", "f4a259", "f4f0e6", "1d3f44"),  # teal
    ("f28482", "84a59d", "f7ede2", "5c4742"),  # coral
    ("e8e1d3", "b08968", "fbf8f2", "4a3c31"),  # linen
    ("33363b", "d9a441", "ececec", "191a1d"),  # charcoal
    ("a4c3d2", "d7827e", "f8f6f0", "44576b"),  # powder
    ("d62828", "fcbf49", "fdf0d5", "003049"),  # circus
    ("1d7874", "ee2e31", "f7f3e9", "0b3c49"),  # lacquer
    ("3a86ff", "ffbe0b", "fdfcf7", "1b2a49"),  # play
    ("7b4fa3", "f7b801", "f5effa", "2d1e40"),  # violet
    ("e76f51", "2a9d8f", "fbf3e4", "264653"),  # orange
    ("f4f1ea", "1f4e79", "ffffff", "22313f"),  # porcelain
)
WOODS = ("c69c6d", "a87445", "8a5a36", "6b4226", "d8b98a", "4d3224")
METALS = ("d9dadb", "d8b25c", "c58a62", "8d9196", "3a3c40")  # steel, brass, copper, iron, black
LEATHERS = ("8a4b2a", "5a3521", "b3743f", "2b2523", "d0b08a", "6e2f2a")


class Palette(NamedTuple):
    """The colors of one product, each (3,) sRGB 0..1."""

    main: Array
    second: Array
    light: Array
    dark: Array
    wood: Array
    metal: Array
    leather: Array


def rgb(code: str) -> Array:
    """(3,) sRGB 0..1 of six hexadecimal digits."""
    return np.array([int(code[at : at + 2], 16) for at in (0, 2, 4)], dtype=np.float32) / np.float32(255)


def mix(first: Array, second: Array, share: Array | float) -> Array:
    """``first`` where ``share`` (U, V) is 0, ``second`` where it is 1; colors are (3,) or (3, U, V)."""
    if isinstance(share, np.ndarray):
        first, second = (c[:, None, None] if c.ndim == 1 else c for c in (first, second))
        share = share.astype(np.float32)
    return (first + (second - first) * share).astype(np.float32)


def palette(chance: Chance) -> Palette:
    """One of the palettes, its colors slightly shifted and in one of a few orders."""
    main, second, light, dark = (_shifted(rgb(code), chance) for code in chance.pick(PALETTES))
    order = chance.whole(0, 9)
    if order >= 8:
        main, light = light, main
    elif order >= 5:
        main, second = second, main
    elif order == 4:
        main, dark = dark, main
    wood, metal, leather = (_shifted(rgb(chance.pick(codes)), chance) for codes in (WOODS, METALS, LEATHERS))
    return Palette(main, second, light, dark, wood, metal, leather)


def _shifted(color: Array, chance: Chance) -> Array:
    hue, light, strength = colorsys.rgb_to_hls(*map(float, color))
    hue += chance.between(-0.02, 0.02)
    light = min(max(light * chance.between(0.88, 1.1), 0.03), 0.97)
    strength = min(strength * chance.between(0.8, 1.12), 1.0)
    return np.array(colorsys.hls_to_rgb(hue % 1, light, strength), dtype=np.float32)
