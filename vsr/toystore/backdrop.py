"""The room around the product: floor and wall in perspective, things that stand about, and the shadows."""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .camera import axes, rays, turned
from .chance import Chance
from .cloud import REACH, SIDE
from .colors import PALETTES, rgb
from .light import Shot, lit
from .surfaces import Array
from .textures import WALLS, Texture, any_floor, any_wall, plain

_LINEAR = (np.arange(256, dtype=np.float32) / np.float32(255)) ** 2


class Room(NamedTuple):
    """What surrounds the product: textures, the wall's distance behind it, and how blurred it is."""

    floor: Texture
    wall: Texture
    behind: float
    blur: float
    clutter: int
    lights: int


def furnished(chance: Chance) -> Room:
    """A studio, a room, a table before a blurred view, or a catalogue's plain ground."""
    style = chance.whole(0, 9)
    if style <= 1:  # a studio sweep in one color
        ground = plain(rgb(chance.pick((*WALLS, chance.pick(chance.pick(PALETTES))))))
        return Room(ground, ground, chance.between(1.3, 4), 0.0, 0, 0)
    if style == 2:
        ground = plain(np.ones(3, dtype=np.float32) * np.float32(chance.between(0.93, 1.0)))
        return Room(ground, ground, 6.0, 0.0, 0, 0)
    floor, wall = any_floor(chance), any_wall(chance)
    if style <= 6:
        behind, blur, clutter = (
            chance.between(1.1, 2.6),
            chance.between(0.0, 0.012),
            chance.pick((0, 0, 1, 2)),
        )
        return Room(floor, wall, behind, blur, clutter, 0)
    behind, blur = chance.between(3, 9), chance.between(0.015, 0.04)
    return Room(floor, wall, behind, blur, chance.whole(1, 4), chance.whole(0, 14))


def backdrop(room: Room, shot: Shot, size: int, chance: Chance) -> Array:
    """Linear light (3, size, size) of the room without the product, its shadows included."""
    eye, ray = rays(shot.pose, size)
    floor, light = np.float32(shot.cloud.floor), shot.light
    down = np.where(ray[1] < -1e-3, (floor - eye[1]) / np.minimum(ray[1], np.float32(-1e-3)), np.float32(1e6))
    back = (np.float32(-room.behind) - eye[2]) / np.minimum(ray[2], np.float32(-0.05))
    on_floor = down < back
    place = eye[:, None, None] + ray * np.where(on_floor, down, back)
    x, y, z = place.reshape(3, -1)
    colors = np.empty((size * size, 3), dtype=np.float32)
    below, beyond = np.flatnonzero(on_floor), np.flatnonzero(~on_floor)
    colors[below] = room.floor(x[below], z[below]).T
    colors[beyond] = room.wall(x[beyond], y[beyond] - floor).T
    colors = _blurred(colors.reshape(size, size, 3), room, shot, chance)
    reached = lit(shot.shadows, place.reshape(3, -1), 0.0).reshape(size, size)
    reached = soften(reached, size * (0.004 + 0.03 * light.softness))
    pool = 1 / (1 + np.float32(0.03) * (place[0] ** 2 + (place[2] - np.float32(0.5)) ** 2))  # light falls off
    facing = np.where(on_floor, light.key_from[1], np.maximum(light.key_from[2], np.float32(0.15)))
    direct = np.maximum(facing, 0) * reached * pool
    around = (1 - _contact(shot, place, on_floor)) * (np.float32(0.5) + np.float32(0.5) * pool)
    return np.stack([colors[k] * (light.key[k] * direct + light.sky[k] * around) for k in range(3)])


def soften(mask: Array, radius: float) -> Array:
    """A mask (H, W) 0..1 with its edges blurred by ``radius`` pixels."""
    picture = Image.fromarray((np.clip(mask, 0, 1) * 255).astype(np.uint8))
    return np.asarray(picture.filter(ImageFilter.BoxBlur(radius)), dtype=np.float32) / np.float32(255)


def _contact(shot: Shot, place: Array, on_floor: Array) -> Array:
    """How much (H, W) of the sky the product takes from the floor close to it."""
    x, _, z = turned(place, -shot.pose.yaw)
    scale, last = np.float32(SIDE / 2 / REACH), np.float32(SIDE - 1)
    column, row = (np.clip(a * scale + np.float32(SIDE / 2), 0, last).astype(np.intp) for a in (x, z))
    return shot.cloud.hidden[row, column] * on_floor * np.float32(0.8)


def _blurred(colors: Array, room: Room, shot: Shot, chance: Chance) -> Array:
    """The room's colors (H, W, 3) made linear (3, H, W), out of focus, with what stands about in it."""
    picture = Image.fromarray((np.clip(colors, 0, 1) * 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture, "RGBA")
    size = picture.width
    for _ in range(room.lights):  # lamps far away
        x, y, r = chance.between(0, size), chance.between(0, size * 0.6), size * chance.between(0.02, 0.07)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=(*_any_ink(chance), chance.whole(60, 190)))
    for _ in range(room.clutter):
        z = -chance.between(0.6, max(0.7, min(room.behind - 0.3, 2.5)))
        x = chance.pick((-1, 1)) * chance.between(0.5, 2.0)
        low, high = _on_picture(np.array([[x, 0, z], [x, chance.between(0.4, 1.7), z]]), shot, size)
        half = (low[1] - high[1]) * chance.between(0.2, 0.5)
        _thing(pen, chance, (high[0] - half, high[1], low[0] + half, low[1]))
    radius = size * room.blur
    soft = picture.filter(ImageFilter.GaussianBlur(radius) if radius > 0.6 else ImageFilter.BoxBlur(0.5))
    return np.stack([_LINEAR[np.asarray(band)] for band in soft.split()])


def _on_picture(places: Array, shot: Shot, size: int) -> list[tuple[float, float]]:
    """Pixels (x, y) of ``places`` (n, 3), which are relative to the floor below the product."""
    pose = shot.pose
    pixels = []
    for place in places + np.array([0, shot.cloud.floor, 0]):
        right, up, back = (float((axis * place).sum()) for axis in axes(pose))
        zoom = pose.fill / 2 * pose.distance / max(pose.distance - back, 0.5)
        pixels.append(((0.5 + pose.shift[0] + right * zoom) * size, (0.5 + pose.shift[1] - up * zoom) * size))
    return pixels


def _any_ink(chance: Chance) -> tuple[int, int, int]:
    red, green, blue = (int(c * 255) for c in rgb(chance.pick(chance.pick(PALETTES))))
    return red, green, blue


def _thing(pen: ImageDraw.ImageDraw, chance: Chance, place: tuple[float, float, float, float]) -> None:
    """A block, a rounded thing or a ball, darker on its right."""
    left, high, right, low = place
    wide, bright = right - left, _any_ink(chance)
    dim = (bright[0] * 3 // 4, bright[1] * 3 // 4, bright[2] * 3 // 4)
    shape, middle = chance.whole(0, 2), left + 0.62 * wide
    if shape == 0:
        pen.rectangle(place, fill=bright)
        pen.rectangle((middle, high, right, low), fill=dim)
    elif shape == 1:
        pen.rounded_rectangle(place, radius=wide * 0.4, fill=bright)
        pen.rounded_rectangle((middle, high, right, low), radius=(right - middle) * 0.5, fill=dim)
    else:
        pen.ellipse((left, low - wide, right, low), fill=dim)
        pen.ellipse((left, low - wide, left + 0.85 * wide, low - 0.1 * wide), fill=bright)
