"""A shoe."""

import numpy as np

from ..chance import Chance
from ..colors import Palette
from ..looks import FABRIC, LEATHER, MATT, SATIN, decorated, solid, where
from ..part import INWARD, Paint, Part, Patch, moved
from ..patterns import motif, soft
from ..surfaces import Array, box, loft, tube

COLLARS = {"low": 0.74, "high": 1.15, "boot": 1.6, "slip": 0.62}
SLOPE = (
    (0.02, -0.96, 0.97, 0.33),
    (0.2, -0.96, 0.9, 0.33),
    (0.3, -0.95, 0.68, 0.31),
    (0.42, -0.93, 0.38, 0.28),
)


def shoe(chance: Chance, palette: Palette) -> list[Part]:
    """A shoe in profile, its toe at +x: sneaker, high-top, boot or slip-on."""
    style = chance.pick(("low", "low", "high", "boot", "slip"))
    collar, thick = COLLARS[style] * chance.between(0.94, 1.06), chance.between(0.1, 0.2)
    toe, heel = chance.between(0.9, 1.06), chance.between(0.08, 0.2) if style == "boot" else 0.0
    sole = [(0, 0, 0, 0), (0, -0.95, 0.9, 0.31), (thick * 0.7, -0.99, toe, 0.35), (thick, -0.97, 0.97, 0.33)]
    front = -0.08 if collar < 0.9 else 0.02
    upper = [*SLOPE, (0.58, -0.93, 0.1, 0.25), (collar, -0.95, front, 0.25)]
    inner = [
        (collar, -0.92, front - 0.03, 0.22),
        (collar - 0.25, -0.85, -0.1, 0.2),
        (collar - 0.26, -0.5, -0.5, 0),
    ]
    base = solid(palette.main)
    if chance.maybe(0.35):
        base = decorated(chance, palette.main, palette.second, palette.dark, 0.9)
    finish = chance.pick((LEATHER, LEATHER, FABRIC, SATIN))
    foot = [
        Part(loft(upper, 2.3, 0.08), _upper(chance, palette, base), finish),
        Part(loft(inner, 2.2), solid(palette.dark * 0.6), MATT, INWARD),
    ]
    if style in ("low", "high") or (style == "boot" and chance.maybe(0.5)):
        foot += _laces(chance, palette, min(collar, 1.15))
    elif style == "slip" and chance.maybe(0.6):
        strap = [(0.25, 0.47, -0.29), (0.34, 0.62, -0.1), (0.34, 0.62, 0.1), (0.25, 0.47, 0.29)]
        foot.append(Part(tube(strap, [0.07], 0.2, plane=(1, 0, 0)), solid(palette.second), LEATHER))
    pale = palette.light if chance.maybe(0.7) else palette.dark
    parts = moved([Part(loft(sole, 2.6, 0.04), solid(pale)), *moved(foot, (0, thick, 0))], (0, heel, 0))
    if heel:
        parts.append(Part(box(0.55, heel + 0.03, 0.56, 0.08), solid(palette.dark)).moved((-0.66, 0, 0)))
    return parts


def _upper(chance: Chance, palette: Palette, base: Paint) -> Paint:
    """Toe cap, heel and side marks on ``base``."""
    toe, heel, mark = chance.maybe(0.5), chance.maybe(0.5), chance.whole(0, 4)
    lean, color = chance.between(-0.6, 0.6), palette.second if chance.maybe(0.7) else palette.light

    def marked(p: Patch) -> Array:
        y = p.y
        share = np.zeros(np.broadcast_shapes(p.x.shape, p.y.shape, p.z.shape), dtype=np.float32)
        if toe:
            share = share + soft(p.x - 0.58 + 0.3 * y, 0.03)
        if heel:
            share = share + soft(-p.x - 0.66 + 0.2 * y, 0.03)
        x = p.x - lean * y + 0.15
        low = soft(0.45 - y, 0.03)
        if mark == 1:
            share = share + low * soft(np.cos(x * 28) - 0.1, 0.3) * soft(0.34 - np.abs(x), 0.03)
        elif mark == 2:
            share = share + low * soft(0.05 - np.abs(y - 0.1 - 0.55 * (x + 0.1) ** 2), 0.02) * soft(
                0.5 - np.abs(x), 0.03
            )
        elif mark == 3:
            share = share + motif("star", (p.x + 0.35) * 5, (y - 0.33) * 5)
        return np.clip(share, 0, 1)

    return where(marked, solid(color), base)


def _laces(chance: Chance, palette: Palette, collar: float) -> list[Part]:
    """Laces up the instep."""
    color = solid(palette.light if chance.maybe(0.6) else palette.second)
    ys = [0.36, 0.44, 0.53, 0.62, *np.arange(0.74, collar - 0.05, 0.13)]
    xs = np.interp(ys, [0.3, 0.42, 0.58, max(collar, 0.6)], [0.62, 0.4, 0.14, 0.0])
    lace = [
        [(x - 0.06, y, -0.17), (x + 0.045, y + 0.05, 0), (x - 0.06, y, 0.17)]
        for x, y in zip(xs, ys, strict=True)
        if y < collar
    ]
    return [Part(tube(path, [0.03], 0.3, plane=(1, 0, 0)), color, FABRIC) for path in lace]
