"""Parametric surfaces: functions from (u, v) in the unit square to points in space; y is up.

A surface takes ``u`` (U, 1) and ``v`` (1, V) and gives x, y, z, each broadcastable to (U, V). Angles grow
with ``u``, and ``v`` runs along the profile or the outline's height.
"""

from collections.abc import Callable, Sequence

import numpy as np

Array = np.ndarray
Surface = Callable[[Array, Array], tuple[Array, Array, Array]]
Points = Sequence[Sequence[float]] | Array
TURN = np.float32(2 * np.pi)


def rounded(points: Points, rounding: float = 0.05, steps: int = 160) -> Array:
    """Resample a polyline evenly by length and round its corners.

    Args:
        points: corners, each of the same number of coordinates.
        rounding: share of the whole length over which a corner is rounded; 0 keeps it sharp.
        steps: number of points returned.

    Returns:
        (steps, D) float32; the two ends stay where they are.
    """
    corners = np.asarray(points, dtype=np.float64)
    lengths = np.sqrt((np.diff(corners, axis=0) ** 2).sum(axis=1))
    at = np.concatenate([[0.0], np.cumsum(lengths)])
    even = np.linspace(0, at[-1], steps)
    line = np.stack([np.interp(even, at, column) for column in corners.T], axis=1)
    half = round(rounding * steps / 2)
    if half:
        before = 2 * line[0] - line[half:0:-1]  # mirrored through the ends, so that these do not move
        after = 2 * line[-1] - line[-2 : -half - 2 : -1]
        sums = np.cumsum(np.concatenate([np.zeros((1, line.shape[1])), before, line, after]), axis=0)
        width = 2 * half + 1
        line = (sums[width:] - sums[:-width]) / width
    return line.astype(np.float32)


def along(line: Array, at: Array) -> list[Array]:
    """Every coordinate of ``line`` (steps, D) at the positions ``at`` in 0..1."""
    grid = np.linspace(0, 1, len(line))
    return [np.interp(at, grid, column).astype(np.float32) for column in line.T]


def around(u: Array) -> tuple[Array, Array]:
    """The unit circle (x, z) from the back over the left, the front and the right."""
    return -np.sin(TURN * u), -np.cos(TURN * u)


def lathe(
    profile: Points, rounding: float = 0.04, ribs: int = 0, rib_depth: float = 0.0, flat: float = 1.0
) -> Surface:
    """Turn a profile of (radius, height) corners about the y axis.

    ``ribs`` waves of relative depth ``rib_depth`` run along it; ``flat`` scales its depth (z).
    """
    line = rounded(profile, rounding)

    def surface(u: Array, v: Array) -> tuple[Array, Array, Array]:
        radius, height = along(line, v)
        x, z = around(u)
        if ribs:
            radius = radius * (1 + np.float32(rib_depth) * np.cos(ribs * TURN * u))
        return radius * x, height, radius * z * np.float32(flat)

    return surface


def tube(
    path: Points,
    radius: Sequence[float],
    rounding: float = 0.12,
    flat: float = 1.0,
    plane: Sequence[float] = (0, 0, 1),
) -> Surface:
    """Sweep a circle along a path of (x, y, z) corners.

    Args:
        path: corners of the middle line.
        radius: radii spread evenly along the path.
        rounding: of the path's corners, as in `rounded`.
        flat: width along ``plane`` relative to the other direction.
        plane: a direction the path never runs along; the normal of its plane when it is flat.
    """
    line = rounded(path, rounding)
    tangent = np.gradient(line, axis=0)
    side = np.cross(tangent, np.asarray(plane, dtype=np.float32))
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    other = np.cross(side, tangent)
    other /= np.linalg.norm(other, axis=1, keepdims=True)
    radii = np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(radius)), radius)[:, None]
    sweep = np.concatenate([line, side * radii, other * radii * flat], axis=1).astype(np.float32)

    def surface(u: Array, v: Array) -> tuple[Array, Array, Array]:
        x, y, z, sx, sy, sz, ox, oy, oz = along(sweep, v)
        c, s = np.cos(TURN * u), np.sin(TURN * u)
        return x + c * sx + s * ox, y + c * sy + s * oy, z + c * sz + s * oz

    return surface


def box(width: float, height: float, depth: float, rounding: float = 0.04, taper: float = 1.0) -> Surface:
    """A box standing on y = 0, its middle on the y axis, with edges rounded by this radius.

    ``u`` runs around the four sides from the middle of the back, ``v`` up the sides and on to the middle of
    the top; the bottom, which no photo shows, is left out. ``taper`` scales the top.
    """
    radius = min(rounding, 0.49 * min(width, height, depth))
    core = np.array([width / 2 - radius, depth / 2 - radius])
    quarter = np.linspace(0, np.pi / 2, 9)
    ring = []
    for sign_x, sign_z, start in ((-1, -1, np.pi), (-1, 1, np.pi / 2), (1, 1, 0.0), (1, -1, -np.pi / 2)):
        angles = start + (np.pi / 2 - quarter)
        ring += [(sign_x * core[0], sign_z * core[1], np.cos(a), np.sin(a)) for a in angles]
    middle = (0.0, -core[1], 0.0, -1.0)
    outline = np.array([middle, *ring, middle])
    edge = outline[:, :2] + radius * outline[:, 2:]
    at = np.concatenate([[0], np.cumsum(np.sqrt((np.diff(edge, axis=0) ** 2).sum(axis=1)) + 1e-9)])
    at /= at[-1]
    bevel = np.linspace(0, np.pi / 2, 6)
    rise = [(1.0, radius * np.sin(b), radius * (1 - np.cos(b))) for b in bevel]
    rise += [(1.0, radius * np.cos(b), height - radius * (1 - np.sin(b))) for b in bevel] + [
        (0.0, 0.0, height)
    ]
    profile = np.array(rise)
    lengths = np.abs(np.diff(profile[:, 0])) * np.hypot(*core) + np.hypot(*np.diff(profile[:, 1:], axis=0).T)
    stops = np.concatenate([[0], np.cumsum(lengths + 1e-9)])
    stops /= stops[-1]

    def surface(u: Array, v: Array) -> tuple[Array, Array, Array]:
        cx, cz, dx, dz = (np.interp(u, at, column).astype(np.float32) for column in outline.T)
        scale, reach, y = (np.interp(v, stops, column).astype(np.float32) for column in profile.T)
        slim = 1 + np.float32(taper - 1) * y / np.float32(height)
        return (scale * cx + reach * dx) * slim, y, (scale * cz + reach * dz) * slim

    return surface


def ball(width: float, height: float | None = None, depth: float | None = None) -> Surface:
    """An ellipsoid of these radii about the origin; ``v`` runs from its south to its north pole."""
    tall, deep = height or width, depth or width

    def surface(u: Array, v: Array) -> tuple[Array, Array, Array]:
        x, z = around(u)
        rise = np.float32(np.pi) * v
        ring = np.sin(rise)
        return width * ring * x, -tall * np.cos(rise), deep * ring * z

    return surface


def sheet(lower: Points, upper: Points, rounding: float = 0.0, sag: Sequence[float] = (0, 0, 0)) -> Surface:
    """The ruled surface between two curves of (x, y, z) corners, bent in the middle by ``sag``."""
    low, high = rounded(lower, rounding), rounded(upper, rounding)

    def surface(u: Array, v: Array) -> tuple[Array, Array, Array]:
        bend = 4 * v * (1 - v)
        first, second = along(low, u), along(high, u)
        x, y, z = (
            (1 - v) * a + v * b + bend * np.float32(s) for a, b, s in zip(first, second, sag, strict=True)
        )
        return x, y, z

    return surface


def card(width: float, height: float) -> Surface:
    """An upright rectangle about the origin; u runs right, v up. Its two sides cannot be told apart."""
    return sheet(
        [(-width / 2, -height / 2, 0), (width / 2, -height / 2, 0)],
        [(-width / 2, height / 2, 0), (width / 2, height / 2, 0)],
    )


def plate(outline: Array, depth: float, bevel: float = 0.04) -> Surface:
    """A slab facing +z, ``depth`` thick about z = 0, with a star-shaped outline of (x, y) points (n, 2)."""
    closed = np.concatenate([outline, outline[:1]])
    middle = outline.mean(axis=0)
    steps = np.linspace(0, np.pi / 2, 6)
    back = [(0.0, -depth / 2), *((1 - bevel * (1 - np.sin(b)), -depth / 2 * np.cos(b * 0.35)) for b in steps)]
    profile = np.array([*back, *((scale, -z) for scale, z in reversed(back))])
    size = np.sqrt(((outline - middle) ** 2).sum(axis=1)).mean()
    lengths = np.hypot(np.diff(profile[:, 0]) * size, np.diff(profile[:, 1]))
    stops = np.concatenate([[0], np.cumsum(lengths + 1e-9)]) / (lengths + 1e-9).sum()

    def surface(u: Array, v: Array) -> tuple[Array, Array, Array]:
        x, y = along(closed, u)
        scale, z = (np.interp(v, stops, column).astype(np.float32) for column in profile.T)
        return middle[0] + (x - middle[0]) * scale, middle[1] + (y - middle[1]) * scale, z

    return surface


def loft(sections: Points, power: float = 2.0, rounding: float = 0.06) -> Surface:
    """Stack horizontal superellipses of (y, left x, right x, half depth).

    ``power`` 2 gives ellipses, larger ones come nearer to rectangles. Give sections that start and end with
    no extent to close it.
    """
    line = rounded(sections, rounding)
    circle = np.stack(around(np.linspace(0, 1, 257)), axis=1)
    # Evenly by length: a power below 2 / power has no bounded slope where the circle crosses an axis.
    outline = rounded(np.sign(circle) * np.abs(circle) ** (2 / power), rounding=0, steps=129)

    def surface(u: Array, v: Array) -> tuple[Array, Array, Array]:
        y, left, right, half = along(line, v)
        x, z = along(outline, u)
        return (left + right) / 2 + (right - left) / 2 * x, y, half * z

    return surface
