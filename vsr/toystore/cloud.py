"""A product as a cloud of colored points, dense enough to show no gaps; made once, shared by its photos.

Points stand in blocks of 8 x 8 neighbors, so that a photo skips the blocks that face away at one test each.
Normals and colors are kept for every 2 x 2 points: half the picture's resolution is enough for them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from .part import BOTH, OUTWARD, Part, Patch
from .surfaces import Array

BLOCK = 8  # points a side of a block
FINE, HALF = BLOCK * BLOCK, BLOCK * BLOCK // 4  # points, and rows of attributes, in a block
COARSE = 17  # grid points a side from which lengths are estimated
REACH, SIDE = 1.6, 176  # half width of the floor under the product, and cells across it
SHADE_STEP = 7  # every so many points cast shadows


class Cloud(NamedTuple):
    """A product centered at the origin, its largest half extent 1.

    Attributes:
        place: (3, blocks, 64) float32.
        attributes: (blocks * 16, 7) float32: normal, color, finish.
        cones: (4, blocks) float32: mean normal and its length; a short one means a curved block.
        both: (blocks,) bool: seen from both sides.
        finishes: (7, F) float32, the values of `Finish`.
        shade: (3, M) float32: fewer points, which cast the shadows.
        floor: height of the floor, < 0.
        hidden: (SIDE, SIDE) float32: how much of the sky the product takes from the floor below it, 0..1,
            over -REACH..REACH in z and x.
    """

    place: Array
    attributes: Array
    cones: Array
    both: Array
    finishes: Array
    shade: Array
    floor: float
    hidden: Array


def sample(parts: Sequence[Part], spacing: float) -> Cloud:
    """Cover ``parts`` with points at most ``spacing`` apart, the product's largest half extent being 1."""
    coarse = np.linspace(0, 1, COARSE, dtype=np.float32)
    hulls = [_placed(part, part.surface(coarse[:, None], coarse[None, :])) for part in parts]
    corners = np.concatenate([hull.reshape(3, -1) for hull in hulls], axis=1)
    low, high = corners.min(axis=1), corners.max(axis=1)
    middle, size = (low + high) / 2, float((high - low).max() / 2)
    pieces = [_points(part, hull, spacing * size) for part, hull in zip(parts, hulls, strict=True)]
    place, normal, color = (np.concatenate(columns, axis=1) for columns in zip(*pieces, strict=True))
    place = (place - middle[:, None, None]) / np.float32(size)
    count = [piece[0].shape[1] for piece in pieces]
    attributes = np.empty((place.shape[1] * HALF, 7), dtype=np.float32)
    attributes[:, :3] = normal.reshape(3, -1).T
    attributes[:, 3:6] = color.reshape(3, -1).T
    attributes[:, 6] = np.repeat(np.arange(len(parts)), [n * HALF for n in count])
    cones = normal.mean(axis=2)
    finishes = np.array([part.finish for part in parts], dtype=np.float32).T.copy()
    both = np.repeat([part.side == BOTH for part in parts], count)
    shade = np.ascontiguousarray(place.reshape(3, -1)[:, ::SHADE_STEP])
    cones = np.concatenate([cones, np.sqrt((cones**2).sum(axis=0, keepdims=True))])
    floor = float((low[1] - middle[1]) / size)
    return Cloud(place, attributes, cones, both, finishes, shade, floor, _hidden(shade, floor))


def _points(part: Part, hull: Array, step: float) -> tuple[Array, Array, Array]:
    """Places (3, blocks, 64), unit normals and linear colors (3, blocks, 16) of one part."""
    (around, steep_u), (along, steep_v) = (_longest(hull, axis) for axis in (1, 2))
    fine = [BLOCK * max(1, int(np.ceil(steep / step / BLOCK))) for steep in (steep_u, steep_v)]
    place = _placed(part, part.surface(*_grid(*fine)))
    u, v = _grid(fine[0] // 2, fine[1] // 2)
    x, y, z = (np.asarray(c, dtype=np.float32) for c in part.surface(u, v))
    size = float(np.linalg.norm(part.frame[:, 0]))
    color = part.paint(Patch(u, v, x, y, z, around / size, along / size))
    normal = _normals(_placed(part, (x, y, z)), part.side)
    linear = np.broadcast_to(np.square(np.clip(color, 0, 1), dtype=np.float32), normal.shape)
    return _blocks(place, BLOCK), _blocks(normal, BLOCK // 2), _blocks(linear, BLOCK // 2)


def _grid(count_u: int, count_v: int) -> tuple[Array, Array]:
    """Middles of the cells, (U, 1) and (1, V): no point stands on a pole or twice on a seam."""
    u, v = ((np.arange(n, dtype=np.float32) + np.float32(0.5)) / np.float32(n) for n in (count_u, count_v))
    return u[:, None], v[None, :]


def _blocks(values: Array, side: int) -> Array:
    _, count_u, count_v = values.shape
    tiled = values.reshape(3, count_u // side, side, count_v // side, side)
    return tiled.transpose(0, 1, 3, 2, 4).reshape(3, -1, side * side)


def _placed(part: Part, local: Sequence[Array]) -> Array:
    x, y, z = (c.astype(np.float32, copy=False) for c in local)
    rows = part.frame.astype(np.float32)
    return np.stack(np.broadcast_arrays(*(x * row[0] + row[3] + y * row[1] + z * row[2] for row in rows)))


def _longest(hull: Array, axis: int) -> tuple[float, float]:
    """Length of the longest line of the coarse grid along ``axis``, and its steepest slope."""
    steps = np.sqrt((np.diff(hull, axis=axis) ** 2).sum(axis=0))
    return float(steps.sum(axis=axis - 1).max()) + 1e-6, float(steps.max()) * (COARSE - 1)


def _normals(place: Array, side: int) -> Array:
    du, dv = _slope(place, 1), _slope(place, 2)
    normal = np.empty_like(place)
    for a, b, c in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        normal[a] = du[b] * dv[c] - du[c] * dv[b]
    if side != BOTH:
        # A place vector's flow through a closed surface is three times its volume: > 0 for outward normals.
        middle = place.mean(axis=(1, 2), keepdims=True)
        outward = float(((place - middle) * normal).sum()) > 0
        if outward != (side == OUTWARD):
            normal = -normal
    return normal / np.maximum(np.sqrt((normal * normal).sum(axis=0)), 1e-12)


def _slope(place: Array, axis: int) -> Array:
    slope = np.empty_like(place)
    values, out = (np.moveaxis(array, axis, 1) for array in (place, slope))
    np.subtract(values[:, 2:], values[:, :-2], out=out[:, 1:-1])
    np.subtract(values[:, 1], values[:, 0], out=out[:, 0])
    np.subtract(values[:, -1], values[:, -2], out=out[:, -1])
    return slope


def _hidden(shade: Array, floor: float) -> Array:
    """`Cloud.hidden`: near 1 where the product touches the floor, less where it hangs above."""
    low = shade[:, shade[1] < floor + 0.6]
    cells = SIDE // 4
    column, row = (((np.clip(low[k] / REACH, -0.98, 0.98) + 1) * (cells / 2)).astype(np.intp) for k in (0, 2))
    grid = np.zeros(cells * cells, dtype=np.float32)
    np.maximum.at(grid, row * cells + column, np.exp((floor - low[1]) * 6))
    picture = Image.fromarray((grid.reshape(cells, cells) * 255).astype(np.uint8))
    smooth = picture.filter(ImageFilter.GaussianBlur(0.7)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return np.asarray(smooth, dtype=np.float32) / np.float32(255)
