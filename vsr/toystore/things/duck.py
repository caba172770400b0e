"""A duck."""

import numpy as np

from ..chance import Chance
from ..colors import Palette, rgb
from ..looks import FABRIC, GLAZE, PLASTIC, SATIN, decorated, solid, where
from ..part import Part
from ..patterns import soft
from ..surfaces import Array, ball, lathe


def duck(chance: Chance, palette: Palette) -> list[Part]:
    """A bath duck; +x is ahead. Some wear a hat, a bow or a scarf."""
    plump, head, neck = chance.between(0.88, 1.1), chance.between(0.36, 0.46), chance.between(0.86, 1.05)
    color = rgb("f2c530") if chance.maybe(0.35) else palette.main
    body_paint = (
        decorated(chance, color, palette.second, palette.light, 1.1) if chance.maybe(0.5) else solid(color)
    )
    shape = ball(0.85, 0.5 * plump, 0.58 * plump)

    def body(u: Array, v: Array) -> tuple[Array, Array, Array]:
        x, y, z = shape(u, v)
        behind = np.clip(-x - 0.25, 0, 1)
        return x, y + 0.9 * behind**1.5, z * (1 - 0.7 * behind)

    beak = solid(rgb(chance.pick(("f08a24", "e4572e", "f2b134"))))
    y, x = 0.5 * plump + neck * 0.62, 0.42
    parts = [
        Part(body, body_paint, PLASTIC).moved((0, 0.5 * plump, 0)),
        Part(ball(head), solid(color), PLASTIC).moved((x, y + 0.12, 0)),
        Part(ball(head * 0.6, 0.06, head * 0.48), beak, PLASTIC).moved(
            (x + head * 1.02, y + 0.1, 0), (0, 0, 10)
        ),
        Part(ball(head * 0.5, 0.05, head * 0.4), beak, PLASTIC).moved(
            (x + head * 0.98, y + 0.02, 0), (0, 0, -8)
        ),
    ]
    wing = solid(palette.second) if chance.maybe(0.4) else solid(color * np.float32(0.93))
    for s in (-1, 1):
        parts.append(
            Part(ball(0.4, 0.26, 0.12), wing, PLASTIC).moved(
                (-0.12, 0.58 * plump, s * 0.53 * plump), (s * 12, 0, -14)
            )
        )
        eye = (x + head * 0.66, y + 0.26, s * head * 0.56)
        parts.append(Part(ball(0.1), solid(rgb("f7f7f2")), PLASTIC).moved(eye))
        parts.append(
            Part(ball(0.06), solid(rgb("0d0d0f")), GLAZE).moved((eye[0] + 0.05, eye[1], eye[2] + s * 0.035))
        )
    return parts + _dressed(chance, palette, x, y + 0.12, head)


def _dressed(chance: Chance, palette: Palette, x: float, y: float, head: float) -> list[Part]:
    color, style = palette.second, chance.whole(0, 4)
    if style == 0:
        tall = lathe(
            [(head, 0), (head * 1.0, 0.03), (head * 0.6, 0.04), (head * 0.62, 0.42), (0, 0.42)], 0.02
        )
        band = where(
            lambda p: soft(0.16 - p.y, 0.01) * soft(p.y - 0.05, 0.01), solid(color), solid(palette.dark)
        )
        return [Part(tall, band, SATIN).moved((x - 0.03, y + head * 0.78, 0), (0, 0, 8))]
    if style == 1:
        ring = [(head * 0.72, -0.08), (head * 0.86, 0), (head * 0.72, 0.08)]
        return [
            Part(lathe(ring, 0.2), solid(color), FABRIC).moved((x - 0.06, y - head * 0.82, 0), (0, 0, -14))
        ]
    if style == 2:
        bows = [
            Part(ball(0.16, 0.12, 0.07), solid(color), SATIN).moved(
                (x + 0.1, y + head * 0.9, s * 0.14), (s * 20, 90, 0)
            )
            for s in (-1, 1)
        ]
        return [*bows, Part(ball(0.07), solid(palette.dark), SATIN).moved((x + 0.1, y + head * 0.92, 0))]
    return []
