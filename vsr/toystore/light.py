"""Light on the product: a key light that casts shadows, a sky, and what the floor throws back.

Highlights are Blinn-Phong (Blinn 1977), shadows a shadow map (Williams 1978); polished surfaces mirror a
simple room: floor, horizon, ceiling, lamp and window.
"""

from typing import NamedTuple

import numpy as np

from .camera import Pose, View, axes, turned
from .cloud import Cloud
from .surfaces import Array

MAP = 72  # cells a side of the shadow map
REACH = 1.75  # half extent that the map covers: a cube's corner and a little more


class Light(NamedTuple):
    """Colors are linear (3,) float32; directions point to where light comes from, (3,) float32, unit."""

    key: Array
    key_from: Array
    fill: Array
    fill_from: Array
    sky: Array
    floor: Array
    softness: float  # of shadows, 0..1


class ShadowMap(NamedTuple):
    """How near to the light the product reaches, in a grid across the light's direction."""

    axes: Array  # (3, 3) across, upwards, toward the light
    height: Array  # (MAP * MAP,)


class Shot(NamedTuple):
    """A product before the camera, lit."""

    cloud: Cloud
    pose: Pose
    light: Light
    shadows: ShadowMap


def set_up(cloud: Cloud, pose: Pose, light: Light) -> Shot:
    """The shot with the shadows that this light makes."""
    return Shot(cloud, pose, light, shadow_map(turned(cloud.shade, pose.yaw), light.key_from))


def shadow_map(shade: Array, toward: Array) -> ShadowMap:
    """The shadow map of points ``shade`` (3, M), already turned into the room."""
    across = np.cross(np.array([0.0, 1.0, 0.02]), toward)
    across /= np.linalg.norm(across)
    basis = np.stack([across, np.cross(toward, across), toward]).astype(np.float32)
    column, row, height = _across(basis, shade)
    cell = (row + np.float32(0.5)).astype(np.intp) * MAP + (column + np.float32(0.5)).astype(np.intp)
    grid = np.full(MAP * MAP, -9, dtype=np.float32)
    np.maximum.at(grid, cell, height)
    return ShadowMap(basis, grid)


def lit(shadows: ShadowMap, place: Array, bias: float) -> Array:
    """Share of the key light (M,) that reaches ``place`` (3, M): the mean over the four nearest cells."""
    column, row, height = _across(shadows.axes, place)
    height += np.float32(bias)
    left, top = np.floor(column), np.floor(row)
    cell = (top * np.float32(MAP) + left).astype(np.intp)
    corners = [(shadows.height[cell + step] <= height).astype(np.float32) for step in (0, 1, MAP, MAP + 1)]
    column -= left
    row -= top
    upper = corners[0] + column * (corners[1] - corners[0])
    lower = corners[2] + column * (corners[3] - corners[2])
    return upper + row * (lower - upper)


def _across(basis: Array, place: Array) -> tuple[Array, Array, Array]:
    """Column and row in the map, and height toward the light."""
    column, row, height = (a[0] * place[0] + a[1] * place[1] + a[2] * place[2] for a in basis)
    scale, middle, last = np.float32(MAP / 2 / REACH), np.float32(MAP / 2), np.float32(MAP - 2.01)
    return np.clip(column * scale + middle, 0, last), np.clip(row * scale + middle, 0, last), height


def shade(shot: Shot, view: View) -> tuple[Array, Array]:
    """Linear color (3, M) and opacity (M,) of the visible points."""
    cloud, light, toward = shot.cloud, shot.light, axes(shot.pose)[2]
    values = np.ascontiguousarray(cloud.attributes[view.rows].T)
    color = values[3:6]
    highlight, sharpness, mirror, metal, fuzz, glow, opacity = cloud.finishes[:, values[6].astype(np.intp)]
    normal = turned(values[:3], shot.pose.yaw)
    facing = _dot(normal, toward)
    normal *= np.where(facing < 0, np.float32(-1), np.float32(1))  # what is seen of a sheet is its front
    facing = np.abs(facing)
    rim = (1 - facing) * (1 - facing) * (1 - facing)
    openness = 0.62 + 0.38 * np.clip(
        (view.place[1] - cloud.floor) * np.float32(1.8), 0, 1
    )  # less near the floor
    up = np.float32(0.5) + np.float32(0.5) * normal[1]
    reached = lit(shot.shadows, view.place + np.float32(0.06) * normal, 0.04)
    direct = np.clip(_dot(normal, light.key_from), 0, 1) * reached
    side = np.clip(_dot(normal, light.fill_from), 0, 1) * openness
    half = light.key_from + toward
    shine = np.clip(_dot(normal, half / np.linalg.norm(half)), 0, 1) ** sharpness * highlight * reached
    gloss = mirror * (np.float32(0.25) + np.float32(0.75) * np.maximum(rim, metal)) * (0.4 + 0.6 * openness)
    room = _room(normal, facing, toward, light)
    out = np.empty_like(color)
    for k in range(3):
        soft = (light.sky[k] * up + light.floor[k] * (1 - up)) * openness
        spread = color[k] * (light.key[k] * direct + light.fill[k] * side + soft) * (1 - metal)
        spread += fuzz * rim * soft * np.float32(0.7) + color[k] * glow
        out[k] = spread + (1 + metal * (color[k] - 1)) * (light.key[k] * shine + gloss * room[k])
    return out, opacity + (1 - opacity) * np.clip(rim * 2 + shine, 0, 1)


def _room(normal: Array, facing: Array, toward: Array, light: Light) -> list[Array]:
    """What a mirror shows (3 of (M,)): floor, bright horizon, darker ceiling, a wide lamp and a window."""
    x, y, z = (2 * facing * normal[k] - toward[k] for k in range(3))
    rise = np.clip(y * 3 + np.float32(0.5), 0, 1)
    ceiling = np.clip(y * 1.6 - np.float32(0.5), 0, 1)
    lamp = light.key_from
    glare = np.clip((x * lamp[0] + y * lamp[1] + z * lamp[2]) * 9 - np.float32(7.4), 0, 1)
    side = light.fill_from
    window = np.clip((x * side[0] + y * side[1] * 0.3 + z * side[2]) * 6 - np.float32(4.6), 0, 1) * rise
    share = rise * (np.float32(1.25) - np.float32(0.75) * ceiling)
    return [
        light.floor[k] * (1 - rise) * np.float32(0.9)
        + light.sky[k] * share
        + light.key[k] * np.float32(1.1) * glare
        + light.fill[k] * window
        for k in range(3)
    ]


def _dot(vectors: Array, direction: Array) -> Array:
    """(M,) products; written out, as BLAS may round otherwise on another number of threads."""
    return vectors[0] * direction[0] + vectors[1] * direction[1] + vectors[2] * direction[2]
