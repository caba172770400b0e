"""Where a photo is taken from, and which points of the product it sees."""

from typing import NamedTuple

import numpy as np

from .cloud import FINE, HALF, Cloud
from .surfaces import Array

EMPTY = np.iinfo(np.int64).max
DEPTH = np.float32(1 << 20)  # steps of a unit of depth
GAP = int(0.02 * DEPTH) << 32  # more than a surface rises from one pixel to the next
CHUNK = 256  # blocks projected at a time: their coordinates stay in the processor's cache
_POINT = np.arange(FINE, dtype=np.int32)
# Row of a block's 16 attributes for each of its 64 points.
_HALF_ROW = (np.arange(8)[:, None] // 2 * 4 + np.arange(8)[None, :] // 2).ravel()


class Pose(NamedTuple):
    """A camera ``distance`` away from the product's middle; angles in radians.

    Attributes:
        yaw: turn of the product about the vertical.
        pitch: how far the camera looks down.
        roll: how far it leans.
        distance: in half extents of the product.
        fill: share of the picture that two half extents cover.
        shift: (x, y) of the product's middle off the picture's, as a share of the picture.
    """

    yaw: float
    pitch: float
    roll: float
    distance: float
    fill: float
    shift: tuple[float, float]


class View(NamedTuple):
    """What the camera sees of the product: M visible pixels of a square picture.

    Attributes:
        pixels: (M,) flat pixel numbers.
        rows: (M,) rows of the cloud's attributes.
        place: (3, M) float32: where these points stand in the room, the product turned by its yaw.
    """

    pixels: Array
    rows: Array
    place: Array


def turned(place: Array, yaw: float) -> Array:
    """Points (3, ...) turned about the vertical."""
    c, s = np.float32(np.cos(yaw)), np.float32(np.sin(yaw))
    return np.stack([c * place[0] + s * place[2], place[1], c * place[2] - s * place[0]])


def axes(pose: Pose) -> Array:
    """(3, 3) float32: the camera's right, up and backward directions in the room."""
    cp, sp, cr, sr = np.cos(pose.pitch), np.sin(pose.pitch), np.cos(pose.roll), np.sin(pose.roll)
    right, up, back = np.array([1, 0, 0]), np.array([0, cp, -sp]), np.array([0, sp, cp])
    return np.array([cr * right + sr * up, cr * up - sr * right, back], dtype=np.float32)


def rays(pose: Pose, size: int) -> tuple[Array, Array]:
    """The camera's place (3,) in the room and the direction (3, size, size) in which each pixel looks."""
    right, up, back = axes(pose)
    grid = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size) - np.float32(0.5)
    focal = np.float32(pose.fill / 2 * pose.distance)
    x = ((grid - np.float32(pose.shift[0])) / focal)[None, None, :]
    y = (-(grid - np.float32(pose.shift[1])) / focal)[None, :, None]
    return back * np.float32(pose.distance), right[:, None, None] * x + up[:, None, None] * y - back[
        :, None, None
    ]


def look(cloud: Cloud, pose: Pose, size: int) -> View:
    """The nearest point of the cloud in every pixel of a picture ``size`` pixels wide."""
    blocks = _facing(cloud, pose)
    wide = size + 2  # a border takes what falls off the picture
    nearest = np.full(wide * wide, EMPTY)
    for first in range(0, len(blocks), CHUNK):
        some = blocks[first : first + CHUNK]
        pixel, depth = _projected(cloud.place[:, some].reshape(3, -1), pose, size)
        key = np.empty((len(some), FINE, 2), dtype=np.int32)
        key[..., 0] = some[:, None] * FINE + _POINT
        key[..., 1] = (depth * DEPTH).reshape(-1, FINE)
        np.minimum.at(nearest, pixel, key.view(np.int64).ravel())
    found = _filled(nearest.reshape(wide, wide))[1:-1, 1:-1].ravel()
    pixels = np.flatnonzero(found != EMPTY)
    point = found[pixels] & 0xFFFFFFFF
    rows = point // FINE * HALF + _HALF_ROW[point % FINE]
    return View(pixels, rows, turned(cloud.place.reshape(3, -1)[:, point], pose.yaw))


def _projected(place: Array, pose: Pose, size: int) -> tuple[Array, Array]:
    """Pixel (n,) in the picture with its border, and depth (n,) float32 > 0, of points (3, n)."""
    c, s = np.cos(pose.yaw), np.sin(pose.yaw)
    matrix = axes(pose) @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], dtype=np.float32)
    x, y, depth = (row[0] * place[0] for row in matrix)
    for row, values in zip(matrix, (x, y, depth), strict=True):
        values += row[1] * place[1]
        values += row[2] * place[2]
    np.subtract(np.float32(pose.distance), depth, out=depth)
    zoom = np.float32(pose.fill / 2 * pose.distance * size) / depth
    x *= zoom
    x += np.float32((0.5 + pose.shift[0]) * size + 1)
    y *= -zoom
    y += np.float32((0.5 + pose.shift[1]) * size + 1)
    limit = np.float32(size + 1)
    pixel = np.clip(y, 0, limit, out=y).astype(np.intp)
    pixel *= size + 2
    pixel += np.clip(x, 0, limit, out=x).astype(np.intp)
    return pixel, depth


def _facing(cloud: Cloud, pose: Pose) -> Array:
    """Numbers of the blocks that may be seen."""
    cp, sp = np.cos(pose.pitch), np.sin(pose.pitch)
    toward = turned(np.array([[0], [sp], [cp]], dtype=np.float32), -pose.yaw)[:, 0]
    x, y, z, length = cloud.cones
    # Perspective and the spread of the block's normals widen the half space.
    spread = np.sqrt(np.maximum(1 - length * length, 0)) + np.float32(1.45 / pose.distance)
    return np.flatnonzero((x * toward[0] + y * toward[1] + z * toward[2] > -spread) | cloud.both)


def _filled(nearest: Array) -> Array:
    """Close small gaps: what is left and right of a pixel, or above and below it, is nearer by `GAP`."""
    left, right, up, down = nearest[1:-1, :-2], nearest[1:-1, 2:], nearest[:-2, 1:-1], nearest[2:, 1:-1]
    middle = nearest[1:-1, 1:-1]
    for _ in range(2):  # of two gaps that touch, the second pass sees one closed
        around = np.minimum(np.maximum(left, right), np.maximum(up, down))
        np.copyto(middle, around, where=middle - GAP > around)
    return nearest
