"""One photo of one product, before it comes to the lens."""

import numpy as np

from .backdrop import backdrop, furnished
from .camera import Pose, look
from .chance import Chance
from .cloud import Cloud
from .light import Light, set_up, shade
from .surfaces import Array


def pose(chance: Chance, yaw: tuple[float, float], pitch: tuple[float, float]) -> Pose:
    """A camera within these ranges of degrees; near or far, straight or leaning, well centered or not."""
    near = chance.maybe(0.22)
    fill = chance.between(0.84, 0.97) if near else chance.between(0.6, 0.84)
    loose = 0.14 if chance.maybe(0.35) else 0.05
    return Pose(
        np.radians(chance.between(*yaw)),
        np.radians(chance.between(*pitch)),
        np.radians(chance.between(-7, 7) * (1.6 if chance.maybe(0.2) else 0.7)),
        chance.between(3.8, 8),
        fill,
        (chance.between(-loose, loose), chance.between(-loose, loose)),
    )


def light(chance: Chance) -> Light:
    """Daylight, lamplight or a studio lamp from a random side."""
    side, rise = np.radians(chance.between(-80, 80)), np.radians(chance.between(25, 68))
    key_from = np.array([np.sin(side) * np.cos(rise), np.sin(rise), np.cos(side) * np.cos(rise)])
    fill_from = np.array([-np.sin(side), 0.35, 0.8])
    warmth, hard = chance.between(-0.22, 0.3), chance.between(0, 1)
    warm = np.array([1 + warmth, 1.0, 1 - warmth])
    bounce = np.array([0.30, 0.27, 0.24]) * chance.between(0.5, 1.3)
    strength = chance.between(0.45, 0.75) + 0.55 * hard
    values = (
        warm * strength,
        key_from,
        (2 - warm) * chance.between(0.08, 0.25),
        fill_from / np.linalg.norm(fill_from),
        (1.5 - 0.5 * warm) * (0.62 - 0.3 * hard),
        bounce,
    )
    return Light(*(value.astype(np.float32) for value in values), softness=1 - hard)


def photo(cloud: Cloud, where: Pose, chance: Chance, size: int, fine: int) -> Array:
    """Linear light (3, size, size) of a photo, the product drawn ``fine`` pixels wide and reduced."""
    room = furnished(chance)
    shot = set_up(cloud, where, light(chance))
    view = look(cloud, where, fine)
    color, opacity = shade(shot, view)
    layers = np.zeros((4, fine * fine), dtype=np.float32)
    layers[:3, view.pixels] = color * opacity
    layers[3, view.pixels] = opacity
    layers = reduced(layers.reshape(4, fine, fine), size)
    return layers[:3] + backdrop(room, shot, size, chance) * (1 - layers[3])


def reduced(layers: Array, size: int) -> Array:
    """Layers (C, F, F) averaged to (C, size, size); F is 1.5 size or a multiple of it."""
    fine = layers.shape[1]
    if fine % size == 0:
        step = fine // size
        return layers.reshape(len(layers), size, step, size, step).mean(axis=(2, 4))
    for axis in (1, 2):  # 3 to 2: each new pixel is two thirds of one and a third of the middle one
        a, b, c = (np.moveaxis(layers, axis, 0)[k::3] for k in range(3))
        pair = np.stack([(2 * a + b) / 3, (b + 2 * c) / 3], axis=1)
        layers = np.moveaxis(pair.reshape(-1, *pair.shape[2:]), 0, axis)
    return layers
