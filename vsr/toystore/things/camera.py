"""A camera."""

from ..chance import Chance
from ..colors import Palette, mix, rgb
from ..looks import LEATHER, METAL, PLASTIC, SATIN, decorated, solid, where, woven
from ..part import Finish, Part, moved
from ..patterns import soft
from ..surfaces import box, lathe

SIZES = {"range": (1.75, 1.0, 0.5), "reflex": (1.6, 1.05, 0.6), "instant": (1.45, 1.35, 0.7)}
PANE, COATING = rgb("1a1f26"), rgb("121429")


def camera(chance: Chance, palette: Palette) -> list[Part]:
    """A camera: rangefinder, single-lens reflex or instant."""
    style = chance.pick(("range", "reflex", "instant"))
    wide, tall, deep = SIZES[style]
    wide, tall = wide * chance.between(0.92, 1.08), tall * chance.between(0.92, 1.08)
    body, top = (palette.dark, palette.main) if chance.maybe(0.4) else (palette.main, palette.dark)
    if chance.maybe(0.5):
        top = palette.metal
    low, high = tall * chance.between(0.08, 0.2), tall * chance.between(0.66, 0.8)
    grip = solid(body)
    if chance.maybe(0.4):
        grip = decorated(chance, body, mix(body, palette.second, 0.6), palette.second, 0.7)
    band = where(lambda p: soft(p.y - low, 0.01) * soft(high - p.y, 0.01), woven(grip, 0.2), solid(top))
    x, y = chance.pick((0, 0, -0.12, 0.12)), tall * chance.between(0.42, 0.5)
    parts = [Part(box(wide, tall, deep, 0.12), band, PLASTIC if style == "instant" else LEATHER)]
    parts += moved(
        _lens(chance, palette, tall * chance.between(0.3, 0.38)), (x, y, deep / 2 - 0.01), (90, 0, 0)
    )
    if style == "reflex":
        prism = Part(box(0.62, 0.3, deep * 0.8, 0.06, 0.7), solid(top), SATIN)
        parts.append(prism.moved((x, tall - 0.03, 0)))
    elif style == "instant":
        parts += moved(_instant(palette, wide, tall), (0, 0, deep / 2))
    finder = Part(box(0.3, 0.17, 0.03, 0.01), solid(PANE), Finish(0.9, 50, mirror=0.5))
    parts.append(finder.moved((wide * chance.pick((-0.33, 0.33)), tall * 0.8, deep / 2)))
    for at, size in ((-0.36, 0.12), (0.36, 0.09)):
        wheel = lathe([(0, 0), (size, 0), (size, 0.1), (0, 0.1)], 0.02, ribs=20, rib_depth=0.03)
        color = palette.metal if chance.maybe(0.7) else palette.second
        parts.append(Part(wheel, solid(color), METAL).moved((at * wide, tall - 0.01, 0)))
    return parts


def _lens(chance: Chance, palette: Palette, radius: float) -> list[Part]:
    """A lens that looks along +y."""
    reach = chance.between(0.16, 0.5)
    profile = [(0, 0), (radius, 0), (radius, 0.08), (radius * 0.9, 0.1), (radius * 0.88, reach)]
    profile += [(radius * 0.7, reach + 0.02), (radius * 0.66, reach - 0.06)]
    glass = [(radius * 0.68, reach - 0.07), (radius * 0.45, reach - 0.02), (0, reach + 0.02)]
    ring = palette.second if chance.maybe(0.5) else palette.metal
    barrel = palette.dark * 0.5 if chance.maybe(0.7) else palette.metal
    ringed = where(
        lambda p: soft(p.y - 0.1, 0.01) * soft(reach * 0.5 + 0.02 - p.y, 0.01), solid(ring), solid(barrel)
    )
    return [
        Part(lathe(profile, 0.01), ringed, SATIN),
        Part(lathe(glass, 0.2), solid(COATING), Finish(1.0, 60, mirror=0.7)),
    ]


def _instant(palette: Palette, wide: float, tall: float) -> list[Part]:
    """The slot for the print and a stripe of three colors."""
    parts = [Part(box(wide * 0.9, 0.12, 0.05, 0.02), solid(palette.dark * 0.5)).moved((0, tall * 0.02, 0))]
    for k, color in enumerate((palette.second, palette.light, palette.dark)):
        stripe = Part(box(0.08, tall * 0.5, 0.012, 0.004), solid(color))
        parts.append(stripe.moved((-wide * 0.4 + 0.08 * k, tall * 0.12, 0)))
    return parts
