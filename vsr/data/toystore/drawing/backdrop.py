"""The room around the product: a floor and a wall in perspective, things that stand about, and the shadows."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .camera import Pose, axes, rays
from .chance import Chance
from .cloud import REACH, SIDE, Cloud
from .colors import PALETTES, WOODS, rgb
from .light import Light, ShadowMap, lit
from .patterns import cloudy
from .surfaces import Array

Texture = Callable[[Array, Array], Array]  # two coordinates (n,) on the plane -> sRGB (3, n)
WALLS = ("f1ebe0", "cfe0dc", "ecd3c0", "9dbccb", "5f7480", "d6cba8", "faf6ee", "b3cba6", "e8a98a", "3d4b55", "d5c3e3")
FLOORS = ("e3dacb", "aea499", "7a726d", "d3b28f", "f2ece1", "86a09a", "c9b3a8", "514a46")
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
    if style <= 1:  # studio sweep in one color
        color = rgb(chance.pick((*WALLS, chance.pick(chance.pick(PALETTES)))))
        ground = plain(color)
        return Room(ground, ground, chance.between(1.3, 4), 0.0, 0, 0)
    if style == 2:  # catalogue white
        ground = plain(np.array([1.0, 1.0, 1.0], dtype=np.float32) * np.float32(chance.between(0.93, 1.0)))
        return Room(ground, ground, 6.0, 0.0, 0, 0)
    floor, wall = any_floor(chance), any_wall(chance)
    if style <= 6:
        return Room(floor, wall, chance.between(1.1, 2.6), chance.between(0.0, 0.012), chance.pick((0, 0, 1, 2)), 0)
    return Room(floor, wall, chance.between(3, 9), chance.between(0.015, 0.04), chance.whole(1, 4), chance.whole(0, 14))


def plain(color: Array) -> Texture:
    """One color."""
    return lambda a, b: np.broadcast_to(color[:, None], (3, len(a)))


def planks(color: Array, width: float, seed: float) -> Texture:
    """Wooden boards along the second coordinate."""

    def texture(a: Array, b: Array) -> Array:
        board = a / np.float32(width)
        number = np.floor(board)
        tone = np.sin(number * np.float32(12.9898 + seed)) * np.float32(0.11)
        grain = np.sin(a * np.float32(34) / np.float32(width) + 5 * cloudy(a, b * 0.7, number, seed)) * np.float32(0.05)
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
    color, palette, width, seed = rgb(chance.pick(WALLS)), chance.pick(PALETTES), chance.between(0.3, 0.7), chance.between(1, 9)
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


def drawn(room: Room, cloud: Cloud, pose: Pose, size: int, light: Light, shadows: ShadowMap, chance: Chance) -> Array:
    """Linear colors (3, size, size) of the room without the product, its shadows included."""
    eye, ray = rays(pose, size)
    floor = np.float32(cloud.floor)
    down = np.where(ray[1] < -1e-3, (floor - eye[1]) / np.minimum(ray[1], np.float32(-1e-3)), np.float32(1e6))
    back = (np.float32(-room.behind) - eye[2]) / np.minimum(ray[2], np.float32(-0.05))
    on_floor = down < back
    reach = np.where(on_floor, down, back)
    place = eye[:, None, None] + ray * reach
    albedo = np.empty_like(place)
    x, y, z = place[:, on_floor]
    albedo[:, on_floor] = room.floor(x, z)
    x, y, z = place[:, ~on_floor]
    albedo[:, ~on_floor] = room.wall(x, y - floor)
    albedo = _blurred(albedo, room, pose, size, floor, on_floor, chance)
    facing = np.where(on_floor, light.key_from[1], np.maximum(light.key_from[2], np.float32(0.15)))
    reached = lit(shadows, place.reshape(3, -1), 0.0).reshape(size, size)
    reached = soften(reached, size * (0.004 + 0.03 * light.softness))
    contact = _contact(cloud, pose, place, on_floor)
    pool = 1 / (1 + np.float32(0.03) * (place[0] ** 2 + (place[2] - np.float32(0.5)) ** 2))
    direct, open_sky = np.maximum(facing, 0) * reached * pool, (1 - contact) * (np.float32(0.5) + np.float32(0.5) * pool)
    return np.stack([albedo[k] * (light.key[k] * direct + light.sky[k] * open_sky) for k in range(3)])


def soften(mask: Array, radius: float) -> Array:
    """A mask (H, W) 0..1 with its edges blurred by ``radius`` pixels."""
    picture = Image.fromarray((np.clip(mask, 0, 1) * 255).astype(np.uint8))
    return np.asarray(picture.filter(ImageFilter.BoxBlur(radius)), dtype=np.float32) / np.float32(255)


def _contact(cloud: Cloud, pose: Pose, place: Array, on_floor: Array) -> Array:
    """How much (H, W) of the sky the product takes from the floor close to it."""
    c, s = np.float32(np.cos(pose.yaw)), np.float32(np.sin(pose.yaw))
    x, z = c * place[0] - s * place[2], c * place[2] + s * place[0]
    scale, last = np.float32(SIDE / 2 / REACH), np.float32(SIDE - 1)
    column, row = (np.clip(a * scale + np.float32(SIDE / 2), 0, last).astype(np.intp) for a in (x, z))
    return cloud.hidden[row, column] * on_floor * np.float32(0.8)


def _blurred(
    albedo: Array, room: Room, pose: Pose, size: int, floor: float, on_floor: Array, chance: Chance
) -> Array:
    """Linear colors (3, H, W) of the room out of focus, with what stands about in it."""
    sharp = Image.fromarray((np.clip(np.moveaxis(albedo, 0, 2), 0, 1) * 255).astype(np.uint8))
    if room.clutter or room.lights:
        _stand_about(sharp, room, pose, size, floor, chance)
    radius = size * room.blur
    soft = sharp.filter(ImageFilter.GaussianBlur(radius) if radius > 0.6 else ImageFilter.BoxBlur(0.5))
    return np.moveaxis(_LINEAR[np.asarray(soft)], 2, 0)


def _stand_about(picture: Image.Image, room: Room, pose: Pose, size: int, floor: float, chance: Chance) -> None:
    """Draw simple things behind the product, and lights out of focus."""
    pen = ImageDraw.Draw(picture, "RGBA")
    for _ in range(room.lights):
        x, y, r = chance.between(0, size), chance.between(0, size * 0.6), size * chance.between(0.02, 0.07)
        tint = tuple(int(c * 255) for c in rgb(chance.pick(chance.pick(PALETTES))))
        pen.ellipse((x - r, y - r, x + r, y + r), fill=(*tint, chance.whole(60, 190)))
    matrix = axes(pose)
    for _ in range(room.clutter):
        z = -chance.between(0.6, max(0.7, min(room.behind - 0.3, 2.5)))
        x = chance.pick((-1, 1)) * chance.between(0.5, 2.0)
        wide, tall = chance.between(0.25, 0.6), chance.between(0.4, 1.7)
        corners = np.array([[x - wide, floor, z], [x + wide, floor, z], [x + wide, floor + tall, z], [x - wide, floor + tall, z]])
        seen = corners @ matrix.T
        zoom = pose.fill / 2 * pose.distance / np.maximum(pose.distance - seen[:, 2], 0.5)
        px = (0.5 + pose.shift[0] + seen[:, 0] * zoom) * size
        py = (0.5 + pose.shift[1] - seen[:, 1] * zoom) * size
        tint = np.array([c * 255 for c in rgb(chance.pick(chance.pick(PALETTES)))])
        _thing(pen, chance.whole(0, 2), px, py, tint)


def _thing(pen: ImageDraw.ImageDraw, shape: int, px: Array, py: Array, tint: Array) -> None:
    bright, dim = (tuple(int(c) for c in np.clip(tint * k, 0, 255)) for k in (1.0, 0.75))
    left, right, low, high = px.min(), px.max(), py.max(), py.min()
    middle = left + 0.62 * (right - left)
    if shape == 0:
        pen.rectangle((left, high, right, low), fill=bright)
        pen.rectangle((middle, high, right, low), fill=dim)
    elif shape == 1:
        pen.rounded_rectangle((left, high, right, low), radius=(right - left) * 0.4, fill=bright)
        pen.rounded_rectangle((middle, high, right, low), radius=(right - middle) * 0.5, fill=dim)
    else:
        pen.ellipse((left, low - (right - left), right, low), fill=dim)
        pen.ellipse((left, low - (right - left), left + 0.85 * (right - left), low - 0.1 * (right - left)), fill=bright)
