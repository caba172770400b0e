"""Shoe, hat, bag, backpack."""

import numpy as np

from ..chance import Chance
from ..colors import Palette, mix
from ..looks import FABRIC, LEATHER, MATT, METAL, PLASTIC, SATIN, decorated, solid, where, woven
from ..part import BOTH, INWARD, Paint, Part, Patch
from ..patterns import emblem, motif, soft
from ..surfaces import Array, Surface, ball, box, lathe, loft, sheet, tube


def shoe(chance: Chance, palette: Palette) -> list[Part]:
    """A shoe in profile: sneaker, high-top, boot or slip-on."""
    style = chance.pick(("low", "low", "high", "boot", "slip"))
    collar = {"low": 0.74, "high": 1.15, "boot": 1.6, "slip": 0.62}[style] * chance.between(0.94, 1.06)
    thick, round_toe = chance.between(0.1, 0.2), chance.between(0.9, 1.06)
    sole = [(0, 0, 0, 0), (0, -0.95, 0.9, 0.31), (thick * 0.7, -0.99, round_toe, 0.35), (thick, -0.97, 0.97, 0.33)]
    heel = chance.between(0.08, 0.2) if style == "boot" else 0.0
    slope = [(0.02, -0.96, 0.97, 0.33), (0.2, -0.96, 0.9, 0.33), (0.3, -0.95, 0.68, 0.31), (0.42, -0.93, 0.38, 0.28)]
    shaft = [(0.58, -0.93, 0.1, 0.25), (collar, -0.95, -0.08 if collar < 0.9 else 0.02, 0.25)]
    upper = [(y + thick, left, right, half) for y, left, right, half in [*slope, *shaft]]
    top = collar + thick
    inner = [(top, -0.92, shaft[-1][2] - 0.03, 0.22), (top - 0.25, -0.85, -0.1, 0.2), (top - 0.26, -0.5, -0.5, 0)]
    finish = chance.pick((LEATHER, LEATHER, FABRIC, SATIN))
    base = decorated(chance, palette.main, palette.second, palette.dark, 0.9) if chance.maybe(0.35) else solid(palette.main)
    paint = _upper(chance, palette, base, thick)
    pale = palette.light if chance.maybe(0.7) else palette.dark
    parts = [
        Part(loft(sole, 2.6, 0.04), solid(pale), MATT).moved((0, heel, 0)),
        Part(loft(upper, 2.3, 0.08), paint, finish).moved((0, heel, 0)),
        Part(loft(inner, 2.2), solid(palette.dark * 0.6), MATT, INWARD).moved((0, heel, 0)),
    ]
    if heel:
        parts.append(Part(box(0.55, heel + 0.03, 0.56, 0.08), solid(palette.dark)).moved((-0.66, 0, 0)))
    if style in ("low", "high") or (style == "boot" and chance.maybe(0.5)):
        parts += _laces(chance, palette, thick + heel, min(collar, 1.15))
    elif style == "slip" and chance.maybe(0.6):
        strap = [(0.25, 0.47, -0.29), (0.34, 0.62, -0.1), (0.34, 0.62, 0.1), (0.25, 0.47, 0.29)]
        parts.append(Part(tube(strap, [0.07], 0.2, plane=(1, 0, 0)), solid(palette.second), LEATHER).moved((0, thick, 0)))
    return parts


def _upper(chance: Chance, palette: Palette, base: Paint, thick: float) -> Paint:
    """Toe cap, heel and side marks on ``base``."""
    toe, heel, mark = chance.maybe(0.5), chance.maybe(0.5), chance.whole(0, 4)
    lean, color = chance.between(-0.6, 0.6), palette.second if chance.maybe(0.7) else palette.light

    def marked(p: Patch) -> Array:
        y = p.y - thick
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
            share = share + low * soft(0.05 - np.abs(y - 0.1 - 0.55 * (x + 0.1) ** 2), 0.02) * soft(0.5 - np.abs(x), 0.03)
        elif mark == 3:
            share = share + motif("star", (p.x + 0.35) * 5, (y - 0.33) * 5)
        return np.clip(share, 0, 1)

    return where(marked, solid(color), base)


def _laces(chance: Chance, palette: Palette, base: float, collar: float) -> list[Part]:
    color = solid(palette.light if chance.maybe(0.6) else palette.second)
    ys = [0.36, 0.44, 0.53, 0.62, *np.arange(0.74, collar - 0.05, 0.13)]
    xs = np.interp(ys, [0.3, 0.42, 0.58, max(collar, 0.6)], [0.62, 0.4, 0.14, 0.0])
    lace = [
        [(x - 0.06, y + base, -0.17), (x + 0.045, y + base + 0.05, 0), (x - 0.06, y + base, 0.17)]
        for x, y in zip(xs, ys, strict=True)
        if y < collar
    ]
    return [Part(tube(path, [0.03], 0.3, plane=(1, 0, 0)), color, FABRIC) for path in lace]


def hat(chance: Chance, palette: Palette) -> list[Part]:
    """A hat: fedora, boater, bowler, top hat, cowboy or sun hat."""
    style = chance.pick(("fedora", "boater", "bowler", "top", "cowboy", "sun"))
    brim, crown, tall, curl, pinch = {
        "fedora": (1.0, 0.56, 0.62, 0.1, 0.2),
        "boater": (1.0, 0.62, 0.45, 0.0, 0.0),
        "bowler": (0.92, 0.6, 0.68, 0.16, 0.0),
        "top": (0.85, 0.55, 1.05, 0.1, 0.0),
        "cowboy": (1.1, 0.54, 0.72, 0.36, 0.22),
        "sun": (1.25, 0.55, 0.5, -0.16, 0.0),
    }[style]
    brim, crown, tall = (value * chance.between(0.93, 1.07) for value in (brim, crown, tall))
    soft_top = 0.3 if style in ("bowler", "sun") else 0.1
    narrow = 1.04 if style == "top" else 0.86

    def bend(surface: Surface) -> Surface:
        def bent(u: Array, v: Array) -> tuple[Array, Array, Array]:
            x, y, z = surface(u, v)
            rise = curl * np.clip(x * x + 0.15 * z * z, 0, 2) if style != "fedora" else curl * (x * x - 0.9 * z)
            dent = pinch * np.exp(-((x / 0.16) ** 2)) * soft(y - tall * 0.6, 0.6) * (0.6 + 0.5 * z)
            return x, y + np.where(y < 0.08, rise * np.clip(np.hypot(x, z) - crown, 0, 1), -dent), z

        return bent

    straw = style in ("boater", "sun") or chance.maybe(0.15)
    color = mix(palette.wood, palette.light, 0.55) if straw else palette.main
    paint = woven(solid(color), 0.14 if straw else 0.05)
    deep = 1.12
    brim_line = [(crown * 0.9, 0.01), (brim, 0.0), (brim, 0.02), (crown * 0.9, 0.03)]
    crown_line = [(crown, 0.0), (crown, 0.1), (crown * narrow, tall * 0.93), (crown * 0.6 * narrow, tall), (0, tall)]
    ribbon = [(crown + 0.015, 0.03), (crown * (1 + (narrow - 1) * 0.3) + 0.02, 0.03 + tall * chance.between(0.18, 0.34))]
    band = decorated(chance, palette.second, palette.dark if straw else palette.light, palette.light, 0.6)
    return [
        Part(bend(lathe(brim_line, 0.01, flat=deep)), paint, FABRIC, BOTH),
        Part(bend(lathe(crown_line, soft_top, flat=deep)), paint, FABRIC),
        Part(bend(lathe(ribbon, 0, flat=deep)), band, SATIN),
    ]


def bag(chance: Chance, palette: Palette) -> list[Part]:
    """A handbag or tote: a tapering body, one or two handles, a flap or an emblem."""
    style = chance.pick(("flap", "flap", "tote", "doctor"))
    wide, tall = chance.between(0.75, 1.0), {"flap": 1.0, "tote": 1.5, "doctor": 1.05}[style] * chance.between(0.9, 1.1)
    deep, top = chance.between(0.22, 0.38), {"flap": 0.86, "tote": 1.06, "doctor": 0.7}[style]
    leather = chance.maybe(0.5)
    color = palette.leather if leather and chance.maybe(0.5) else palette.main
    finish = LEATHER if leather else FABRIC
    paint = solid(color) if leather and chance.maybe(0.6) else decorated(chance, color, palette.second, palette.light, 1.3)
    upper = deep * (0.5 if style != "doctor" else 0.35)
    body = [(0, 0, 0, 0), (0, -wide, wide, deep), (tall * 0.5, -wide * (1 + top) / 2, wide * (1 + top) / 2, (deep + upper) / 2)]
    body += [(tall, -wide * top, wide * top, upper), (tall, 0, 0, 0)]
    trim = solid(palette.dark if chance.maybe(0.5) else palette.leather)
    parts = [Part(loft(body, 3.6, 0.04), paint, finish)]
    arch, spread = chance.between(0.45, 0.8), wide * chance.between(0.4, 0.65)
    for z in (-upper * 0.8, upper * 0.8) if style != "flap" or chance.maybe(0.4) else (0,):
        path = [(-spread, tall * 0.85, z), (-spread * 0.8, tall + arch, z), (spread * 0.8, tall + arch, z), (spread, tall * 0.85, z)]
        parts.append(Part(tube(path, [0.05], 0.25, flat=chance.pick((1.0, 0.5))), trim, LEATHER))
    if style == "flap":
        low, drop = wide * chance.between(0.75, 0.95), tall * chance.between(0.4, 0.6)
        front = [(-wide * top, tall * 1.01, upper), (wide * top, tall * 1.01, upper)]
        hang = [(-low, drop, deep * 0.9), (-low * 0.4, drop - 0.1, deep * 0.98), (low * 0.4, drop - 0.1, deep * 0.98), (low, drop, deep * 0.9)]
        flap = sheet(hang, front, 0.1, sag=(0, 0, 0.06))
        parts.append(Part(flap, trim if chance.maybe(0.4) else paint, finish, BOTH))
        parts.append(Part(box(0.2, 0.16, 0.06, 0.02), solid(palette.metal), METAL).moved((0, drop - 0.1, deep * 1.0)))
    elif style == "doctor":
        parts.append(Part(tube([(-wide * 0.72, tall, 0), (wide * 0.72, tall, 0)], [0.06]), solid(palette.metal), METAL))
        parts.append(Part(ball(0.08), solid(palette.metal), METAL).moved((0, tall + 0.06, 0.04)))
    return parts


def backpack(chance: Chance, palette: Palette) -> list[Part]:
    """A backpack: rounded body, front pocket, top loop, straps at the sides."""
    wide, tall, deep = chance.between(0.58, 0.74), chance.between(1.6, 1.95), chance.between(0.32, 0.42)
    paint = woven(decorated(chance, palette.main, palette.second, palette.light, 1.3), 0.06)
    second = woven(solid(palette.second if chance.maybe(0.6) else palette.leather), 0.06)
    body = [(0, 0, 0, 0), (0, -wide, wide, deep), (tall * 0.7, -wide * 1.02, wide * 1.02, deep), (tall * 0.93, -wide * 0.8, wide * 0.8, deep * 0.7)]
    body += [(tall, -wide * 0.3, wide * 0.3, deep * 0.3), (tall, 0, 0, 0)]
    parts = [Part(loft(body, chance.between(2.8, 3.8), 0.07), paint, FABRIC)]
    low, high, out = tall * 0.07, tall * chance.between(0.4, 0.55), wide * chance.between(0.66, 0.85)
    pocket = [(low, 0, 0, 0), (low, -out, out, 0.2), (high, -out, out, 0.2), (high, 0, 0, 0)]
    parts.append(Part(loft(pocket, 3.4, 0.08), second if chance.maybe(0.6) else paint, FABRIC).moved((0, 0, deep * 0.9)))
    zip_y = tall * 0.75
    zipper = [(-wide * 0.9, zip_y * 0.75, deep * 0.9), (-wide * 0.75, zip_y * 1.04, deep * 0.98), (wide * 0.75, zip_y * 1.04, deep * 0.98), (wide * 0.9, zip_y * 0.75, deep * 0.9)]
    dark = solid(palette.dark)
    parts.append(Part(tube(zipper, [0.022], 0.15), dark, PLASTIC))
    parts.append(Part(tube([(-0.18, tall - 0.04, -0.08), (-0.13, tall + 0.2, -0.08), (0.13, tall + 0.2, -0.08), (0.18, tall - 0.04, -0.08)], [0.04], 0.2), dark, FABRIC))
    for s in (-1, 1):
        strap = [(s * wide * 0.45, tall * 0.92, -deep * 0.8), (s * wide * 0.95, tall * 0.75, -deep * 1.5), (s * wide * 1.0, tall * 0.3, -deep * 1.3), (s * wide * 0.8, tall * 0.1, -deep)]
        parts.append(Part(tube(strap, [0.09, 0.09, 0.05], 0.2, plane=(1, 0, 0)), second, FABRIC))
        if chance.maybe(0.5):
            side = [(0.1, 0, 0, 0), (0.1, -0.12, 0.12, deep * 0.7), (tall * 0.36, -0.12, 0.12, deep * 0.7), (tall * 0.36, 0, 0, 0)]
            parts.append(Part(loft(side, 3.0), second, FABRIC).moved((s * wide * 0.98, 0, 0)))
    if chance.maybe(0.5):
        patch = lathe([(0, 0), (0.17, 0), (0.17, 0.03), (0, 0.03)], 0)
        parts.append(Part(patch, solid(palette.light), MATT).moved((0, high * 0.6, deep * 0.9 + 0.19), (90, 0, 0)))
    return parts
