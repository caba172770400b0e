"""A bag."""

from ..chance import Chance
from ..colors import Palette
from ..looks import FABRIC, LEATHER, METAL, decorated, solid
from ..part import BOTH, Part
from ..surfaces import ball, box, loft, sheet, tube

STYLES = {
    "flap": (1.0, 0.86, 0.5),
    "tote": (1.5, 1.06, 0.5),
    "doctor": (1.05, 0.7, 0.35),
}  # height, top, depth


def bag(chance: Chance, palette: Palette) -> list[Part]:
    """A handbag or tote: a tapering body, one or two handles; a flap with a clasp, or a metal frame."""
    style = chance.pick(("flap", "flap", "tote", "doctor"))
    tall, narrow, thin = STYLES[style]
    wide, tall, deep = chance.between(0.75, 1.0), tall * chance.between(0.9, 1.1), chance.between(0.22, 0.38)
    top, upper = wide * narrow, deep * thin
    leather = chance.maybe(0.5)
    color = palette.leather if leather and chance.maybe(0.5) else palette.main
    look = decorated(chance, color, palette.second, palette.light, 1.3), LEATHER if leather else FABRIC
    if leather and chance.maybe(0.6):
        look = solid(color), LEATHER
    trim = solid(palette.dark if chance.maybe(0.5) else palette.leather)
    half = ((wide + top) / 2, (deep + upper) / 2)
    body = [(0, 0, 0, 0), (0, -wide, wide, deep), (tall * 0.5, -half[0], half[0], half[1])]
    body += [(tall, -top, top, upper), (tall, 0, 0, 0)]
    parts = [Part(loft(body, 3.6, 0.04), *look)]
    arch, spread = chance.between(0.45, 0.8), wide * chance.between(0.4, 0.65)
    thin_strap = chance.pick((1.0, 0.5))
    for z in (-upper * 0.8, upper * 0.8) if style != "flap" or chance.maybe(0.4) else (0,):
        path = [
            (-spread, tall * 0.85),
            (-spread * 0.8, tall + arch),
            (spread * 0.8, tall + arch),
            (spread, tall * 0.85),
        ]
        parts.append(Part(tube([(x, y, z) for x, y in path], [0.05], 0.25, flat=thin_strap), trim, LEATHER))
    metal = solid(palette.metal)
    if style == "flap":
        low, drop = wide * chance.between(0.75, 0.95), tall * chance.between(0.4, 0.6)
        edge = [
            (-low, drop, 0.9),
            (-low * 0.4, drop - 0.1, 0.98),
            (low * 0.4, drop - 0.1, 0.98),
            (low, drop, 0.9),
        ]
        hinge = [(-top, tall * 1.01, upper), (top, tall * 1.01, upper)]
        flap = sheet([(x, y, z * deep) for x, y, z in edge], hinge, 0.1, sag=(0, 0, 0.06))
        parts.append(Part(flap, trim if chance.maybe(0.4) else look[0], look[1], BOTH))
        parts.append(Part(box(0.2, 0.16, 0.06, 0.02), metal, METAL).moved((0, drop - 0.1, deep)))
    elif style == "doctor":
        parts.append(Part(tube([(-wide * 0.72, tall, 0), (wide * 0.72, tall, 0)], [0.06]), metal, METAL))
        parts.append(Part(ball(0.08), metal, METAL).moved((0, tall + 0.06, 0.04)))
    return parts
