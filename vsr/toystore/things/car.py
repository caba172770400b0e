"""A car."""

import numpy as np

from ..chance import Chance
from ..colors import Palette, rgb
from ..looks import GLAZE, LACQUER, METAL, PLASTIC, SATIN, solid, where
from ..part import Finish, Paint, Part, Patch
from ..patterns import motif, soft
from ..surfaces import Array, ball, box, lathe, plate, rounded

Outline = list[tuple[float, float]]


BODIES: dict[str, Outline] = {
    "saloon": [(-1, 0.2), (1, 0.2), (1, 0.45), (0.9, 0.52), (0.4, 0.56), (-0.9, 0.58), (-1, 0.5)],
    "beetle": [
        (-0.95, 0.2),
        (0.95, 0.2),
        (0.97, 0.4),
        (0.75, 0.56),
        (0.35, 0.62),
        (-0.6, 0.62),
        (-0.92, 0.45),
    ],
    "van": [(-1, 0.2), (0.98, 0.2), (1.0, 0.45), (0.92, 0.66), (-0.98, 0.66), (-1, 0.5)],
    "pickup": [(-1.05, 0.22), (1, 0.22), (1, 0.5), (0.9, 0.58), (0.4, 0.62), (-1.05, 0.62)],
    "sports": [(-1, 0.16), (1.05, 0.16), (1.05, 0.28), (0.6, 0.42), (-0.8, 0.5), (-1.02, 0.46)],
}
CABINS: dict[str, Outline] = {
    "saloon": [(-0.72, 0.54), (0.48, 0.54), (0.2, 0.9), (-0.5, 0.9)],
    "beetle": [(-0.72, 0.55), (0.46, 0.58), (0.28, 0.9), (-0.1, 1.0), (-0.5, 0.88)],
    "van": [(-0.98, 0.62), (0.9, 0.62), (0.7, 1.12), (-0.95, 1.12)],
    "pickup": [(-0.25, 0.6), (0.5, 0.6), (0.3, 1.0), (-0.22, 1.0)],
    "sports": [(-0.72, 0.44), (0.38, 0.4), (0.02, 0.7), (-0.4, 0.7)],
}
WINDOW, RUBBER = rgb("455969"), rgb("1c1c1f")
FRONT, REAR = rgb("fff7cc"), rgb("bf1a14")  # lights


def car(chance: Chance, palette: Palette) -> list[Part]:
    """A toy car: saloon, beetle, van, pickup or sports car; +x is ahead."""
    style = chance.pick(tuple(BODIES))
    wide, stretch = chance.between(0.72, 0.88), chance.between(0.94, 1.08)
    body, cabin = ([(x, y * stretch) for x, y in shapes[style]] for shapes in (BODIES, CABINS))
    bottom, top = min(y for _, y in cabin), max(y for _, y in cabin)
    pillars = chance.pick((3.0, 4.0) if style == "van" else (3.2, 4.2, 5.2))
    roof = solid(palette.main if chance.maybe(0.6) else palette.light)

    def glass(p: Patch) -> Array:
        upright = soft(p.y - bottom - 0.04, 0.01) * soft(top - 0.09 - p.y, 0.01)
        post = soft(np.abs((p.x * pillars / 2 + 0.35) % 1 - 0.5) - 0.06, 0.01)
        return upright * np.maximum(post, np.abs(p.z) < wide * 0.36)

    windows = where(glass, solid(WINDOW), roof)
    parts = [
        Part(plate(_outline(body), wide, 0.05), _livery(chance, palette), chance.pick((LACQUER, PLASTIC))),
        Part(plate(_outline(cabin), wide * 0.86, 0.06), windows, Finish(0.6, 60, mirror=0.2)),
        *_wheels(chance, palette, wide),
    ]
    for s in (-1, 1):
        z = s * wide * 0.33
        parts.append(Part(ball(0.05, 0.075, 0.08), solid(FRONT), GLAZE).moved((0.97, 0.4 * stretch, z)))
        parts.append(Part(ball(0.03, 0.06, 0.07), solid(REAR), GLAZE).moved((-1.0, 0.42 * stretch, z)))
        parts.append(
            Part(box(0.1, 0.08, wide * 1.02, 0.03), solid(palette.metal), METAL).moved((s * 0.99, 0.2, 0))
        )
    if chance.maybe(0.3):
        parts.append(
            Part(box(0.6, 0.16, wide * 0.55, 0.05), solid(palette.second)).moved((-0.22, top + 0.01, 0))
        )
    return parts


def _wheels(chance: Chance, palette: Palette, wide: float) -> list[Part]:
    size = 0.22 * chance.between(0.95, 1.15)
    hub = solid(palette.metal if chance.maybe(0.6) else palette.light)
    profile = [(0, -0.1), (size, -0.1), (size, 0.1), (size * 0.62, 0.1), (size * 0.55, 0.07), (0, 0.07)]
    paint = where(lambda p: soft(size * 0.58 - np.hypot(p.x, p.z), 0.01), hub, solid(RUBBER))
    wheel = Part(lathe(profile, 0.03), paint, SATIN)
    return [
        wheel.moved((x, size, s * (wide / 2 - 0.02)), (90 * s, 0, 0)) for x in (-0.6, 0.6) for s in (-1, 1)
    ]


def _outline(corners: Outline) -> Array:
    start = ((corners[0][0] + corners[1][0]) / 2, corners[0][1])
    return rounded([start, *corners[1:], corners[0], start], 0.05, 120)[:-1]


def _livery(chance: Chance, palette: Palette) -> Paint:
    """One color, two tones, racing stripes, a number or flames."""
    style, name = chance.whole(0, 5), chance.pick(("star", "bolt", "heart", "ring", "flower"))

    def share(p: Patch) -> Array:
        if style == 1:
            return soft(0.4 - p.y, 0.01) + 0 * p.x
        if style == 2:
            return soft(0.09 - np.abs(np.abs(p.z) - 0.14), 0.01) * soft(p.y - 0.4, 0.02)
        if style == 3:
            return motif(name, (p.x + 0.02) * 6, (p.y - 0.4) * 6)
        if style == 4:
            return soft(0.045 - np.abs(p.y - 0.42), 0.01) + 0 * p.x
        if style == 5:
            return soft(p.x - 0.3 - 0.3 * np.sin(p.y * 26), 0.02)
        return 0 * p.x + 0 * p.y

    return where(share, solid(palette.second), solid(palette.main))
