"""Patterns on a surface: functions from a patch to the share (U, V), 0..1, of the second color."""

from collections.abc import Callable

import numpy as np

from .chance import Chance
from .part import Patch
from .surfaces import Array

Pattern = Callable[[Patch], Array]
MOTIFS = ("star", "heart", "flower", "leaf", "moon", "drop", "cross", "ring", "bolt")


def soft(value: Array, width: float = 0.02) -> Array:
    """0 where ``value`` is below zero, 1 above, with a short ramp between."""
    return np.clip(value / np.float32(width) + np.float32(0.5), 0, 1)


def repeats(length: float, period: float) -> int:
    """How often about ``period`` fits around, so that the pattern closes."""
    return max(1, round(length / period))


def height(patch: Patch) -> Array:
    """Y from 0 at the patch's foot to 1 at its top."""
    low, high = float(patch.y.min()), float(patch.y.max())
    return (patch.y - low) / max(high - low, 1e-6)


def wave(phase: Array, duty: float = 0.5) -> Array:
    """1 for the share ``duty`` of every whole step of ``phase``."""
    return soft(np.float32(duty / 2) - np.abs(phase - np.round(phase)), 0.04)


def plain(patch: Patch) -> Array:
    """No pattern."""
    return np.zeros((patch.u.shape[0], patch.v.shape[1]), dtype=np.float32)


def rings(period: float, duty: float, shift: float = 0) -> Pattern:
    """Level stripes."""
    return lambda p: wave(p.y / np.float32(period) + np.float32(shift), duty)


def columns(period: float, duty: float) -> Pattern:
    """Upright stripes."""
    return lambda p: wave(p.u * repeats(p.around, period) + 0 * p.v, duty)


def diagonals(period: float, duty: float, slant: float) -> Pattern:
    """Slanting stripes."""
    return lambda p: wave(
        p.u * repeats(p.around, period) + p.y / np.float32(period) * np.float32(slant), duty
    )


def zigzag(period: float, duty: float) -> Pattern:
    """Chevrons."""

    def pattern(p: Patch) -> Array:
        turn = p.u * repeats(p.around, period * 1.4)
        return wave(p.y / np.float32(period) + 1.2 * np.abs(turn - np.round(turn)), duty)

    return pattern


def checks(period: float) -> Pattern:
    """A chessboard."""

    def pattern(p: Patch) -> Array:
        column = np.floor(p.u * 2 * repeats(p.around, 2 * period))
        return ((column + np.floor(p.y / np.float32(period))) % 2).astype(np.float32)

    return pattern


def plaid(period: float, duty: float) -> Pattern:
    """Woven stripes both ways, each of half strength."""
    return lambda p: (
        0.5 * wave(p.u * repeats(p.around, period) + 0 * p.v, duty)
        + 0.5 * wave(p.y / np.float32(period), duty)
    )


def tiles(period: float) -> Callable[[Patch], tuple[Array, Array]]:
    """Local coordinates, about -1..1, in a grid of staggered cells about ``period`` wide."""

    def cells(p: Patch) -> tuple[Array, Array]:
        row = p.y / np.float32(period)
        number = np.round(row)
        column = p.u * repeats(p.around, period) + 0.5 * (number % 2)
        return 2 * (column - np.round(column)), 2 * (row - number)

    return cells


def dots(period: float, radius: float) -> Pattern:
    """Staggered dots; ``radius`` as a share of half the period."""

    def pattern(p: Patch) -> Array:
        x, y = tiles(period)(p)
        return soft(np.float32(radius) - np.sqrt(x * x + y * y), 0.1)

    return pattern


def sprinkled(name: str, period: float, size: float) -> Pattern:
    """A motif, repeated."""

    def pattern(p: Patch) -> Array:
        x, y = tiles(period)(p)
        return motif(name, x / np.float32(size), y / np.float32(size))

    return pattern


def emblem(name: str, size: float, at: float = 0.5) -> Pattern:
    """One motif at the front, ``at`` this share of the height."""

    def pattern(p: Patch) -> Array:
        x = (p.u - np.float32(0.5)) * np.float32(p.around / size)
        low, high = float(p.y.min()), float(p.y.max())
        return motif(name, x, (p.y - np.float32(low + at * (high - low))) / np.float32(size))

    return pattern


def band(low: float, high: float) -> Pattern:
    """One level band between two shares of the height."""
    return lambda p: soft(height(p) - np.float32(low), 0.01) * soft(np.float32(high) - height(p), 0.01)


def fade(low: float, high: float) -> Pattern:
    """A slow change from foot to top."""
    return lambda p: np.clip((height(p) - np.float32(low)) / np.float32(high - low), 0, 1)


def patches(period: float, seed: float, share: float) -> Pattern:
    """Irregular spots, such as those of a cow or of marble."""

    def pattern(p: Patch) -> Array:
        step = np.float32(2 * np.pi / period)
        return soft(cloudy(p.x * step, p.y * step, p.z * step, seed) - np.float32(1 - 2 * share), 0.08)

    return pattern


def cloudy(x: Array, y: Array, z: Array, seed: float) -> Array:
    """Smooth noise, about -1..1: a few waves in slanting directions."""
    total: Array = np.zeros(1, dtype=np.float32)
    for k in range(1, 5):
        a, b, c = (float(np.sin(seed * 12.9898 * k + turn)) for turn in (0.0, 2.1, 4.2))
        total = total + np.sin(
            np.float32(a) * x + np.float32(b) * y + np.float32(c) * z + np.float32(seed * k)
        )
    return total * np.float32(0.45)


def motif(name: str, x: Array, y: Array) -> Array:
    """The inside of a small figure that fits -1..1 both ways."""
    radius = np.sqrt(x * x + y * y)
    turn = np.arctan2(x, y)
    if name == "star":
        edge = 0.42 + 0.55 * np.abs(1 - np.abs((turn * 5 / np.pi) % 2 - 1) * 1.0) ** 1.3
        return soft(edge - radius, 0.08)
    if name == "heart":
        w, h = x * 1.2, y * 1.2 + 0.1
        return soft(-((w * w + h * h - 1) ** 3) + w * w * h**3, 0.1)
    if name == "flower":
        return soft(0.62 + 0.33 * np.cos(5 * turn) - radius, 0.08) * soft(radius - 0.2, 0.08)
    if name == "leaf":
        a, b = (x + y) * 0.707, (x - y) * 0.707
        return soft(0.42 * (1 - a * a) - np.abs(b), 0.06) * soft(np.abs(b) - 0.035, 0.04)
    if name == "moon":
        return soft(0.9 - radius, 0.06) * soft(np.sqrt((x - 0.45) ** 2 + (y - 0.25) ** 2) - 0.72, 0.06)
    if name == "drop":
        return soft(0.62 * np.sqrt(np.clip(1 - y, 0, 2)) * (1 + y).clip(0, 1) ** 0.5 - np.abs(x) - 0.02, 0.06)
    if name == "cross":
        return soft(0.28 - np.minimum(np.abs(x), np.abs(y)), 0.05) * soft(
            0.9 - np.maximum(np.abs(x), np.abs(y)), 0.05
        )
    if name == "ring":
        return soft(0.22 - np.abs(radius - 0.68), 0.05)
    zig = x + 0.35 * np.where(y > 0, 1 - y, -1 - y)  # bolt
    return soft(0.3 - np.abs(zig), 0.05) * soft(0.95 - np.abs(y), 0.05)


def any_pattern(chance: Chance, size: float = 1.0) -> Pattern:
    """One pattern with its scale, about one in five plain; ``size`` scales the periods."""
    period, duty = size * chance.between(0.2, 0.5), chance.between(0.3, 0.6)
    name, seed = chance.pick(MOTIFS), chance.between(1, 9)
    low = chance.between(0.2, 0.6)
    makers = (
        lambda: plain,
        lambda: plain,
        lambda: plain,
        lambda: rings(period, duty),
        lambda: rings(period * 0.5, duty),
        lambda: columns(period, duty),
        lambda: diagonals(period, duty, 1.0),
        lambda: zigzag(period, duty),
        lambda: checks(period * 0.8),
        lambda: plaid(period, duty),
        lambda: dots(period, 0.35 + duty * 0.6),
        lambda: sprinkled(name, period * 1.2, 0.62 + 0.3 * duty),
        lambda: emblem(name, 1.1 * period),
        lambda: band(low, low + 0.5 * duty),
        lambda: band(-1, low),
        lambda: fade(0.1, 0.9),
        lambda: patches(period * 2.4, seed, duty * 0.9),
    )
    return chance.pick(makers)()
