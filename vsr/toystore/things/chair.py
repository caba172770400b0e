"""A chair."""

import numpy as np

from ..chance import Chance
from ..colors import Palette
from ..part import Part, moved
from ..surfaces import box, lathe, tube
from .frames import Look, cloth_look, frame_look, leg


def chair(chance: Chance, palette: Palette) -> list[Part]:
    """A chair: four legs, a seat, one of five backs, sometimes arms or a cushion."""
    frame = frame_look(chance, palette)
    wide, deep, seat = chance.between(0.9, 1.15), chance.between(0.85, 1.0), chance.between(0.85, 1.05)
    up, lean, splay = chance.between(0.8, 1.25), chance.between(0.05, 0.22), chance.pick((0, 0.02, 0.14))
    thick = chance.between(0.045, 0.075)
    x, z = wide / 2 - thick, deep / 2 - thick
    parts = [
        leg((s * (x + splay), 0, f * (z + splay)), (s * x, seat, f * z), thick, 0.75, frame)
        for s in (-1, 1)
        for f in (-1, 1)
    ]
    cloth = cloth_look(chance, palette, 0.8)
    soft = chance.maybe(0.5)
    if chance.maybe(0.25):
        bench = lathe([(0, 0), (wide * 0.52, 0), (wide * 0.52, 0.1), (0, 0.12)], flat=deep / wide)
    else:
        bench = box(wide, 0.1, deep, 0.04)
    parts.append(Part(bench, *frame).moved((0, seat - 0.05, 0)))
    if soft:
        parts.append(Part(box(wide * 0.94, 0.14, deep * 0.94, 0.065), *cloth).moved((0, seat + 0.03, 0)))
    back = _back(chance, frame, cloth if soft else frame, x, up)
    parts += moved(back, (0, seat, -z), (-np.degrees(np.arctan(lean)), 0, 0))
    if chance.maybe(0.2):
        for s in (-1, 1):
            path = [(s * x, seat + 0.42, -z), (s * (x + 0.05), seat + 0.42, z * 0.9), (s * x, seat, z * 0.9)]
            parts.append(Part(tube(path, [thick * 0.9], 0.06, plane=(1, 0, 0)), *frame))
    return parts


def _back(chance: Chance, frame: Look, panel: Look, x: float, up: float) -> list[Part]:
    """The back of a chair, ``up`` high between posts at -x and x, standing on y = 0."""
    posts = [leg((s * x, 0, 0), (s * x, up, 0), 0.055, 1.0, frame) for s in (-1, 1)]
    style = chance.whole(0, 4)
    if style == 0:
        return [*posts, Part(box(2 * x, up * 0.72, 0.1, 0.045), *panel).moved((0, up * 0.3, 0))]
    if style == 1:  # upright slats
        places = np.linspace(-x, x, chance.whole(3, 5) + 2)[1:-1]
        slats = [Part(box(0.09, up * 0.82, 0.04, 0.01), *frame).moved((at, 0.12, 0)) for at in places]
        return [*posts, *slats, Part(box(2 * x + 0.1, 0.16, 0.07, 0.03), *frame).moved((0, up - 0.12, 0))]
    if style == 2:  # a ladder
        rung = Part(box(2 * x, 0.13, 0.05, 0.02), *frame)
        return [*posts, *(rung.moved((0, up * share, 0)) for share in (0.32, 0.6, 0.88))]
    if style == 3:  # a round bow
        half = [(x, 0), (x * 1.05, up * 0.75), (x * 0.6, up * 1.05)]
        path = [(-a, b, 0) for a, b in half] + [(a, b, 0) for a, b in reversed(half)]
        spokes = np.linspace(-x * 0.6, x * 0.6, chance.whole(2, 4))
        bars = [leg((s, 0, 0), (s * 1.1, up * 0.98, 0), 0.03, 1.0, frame) for s in spokes]
        return [Part(tube(path, [0.055], 0.2), *frame), *bars]
    return [*posts, Part(box(2 * x + 0.14, up * 0.34, 0.09, 0.04), *panel).moved((0, up * 0.66, 0))]
