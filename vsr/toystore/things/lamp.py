"""A lamp."""

from ..chance import Chance
from ..colors import Palette
from ..looks import GLAZE, LACQUER, METAL, SATIN, decorated, solid, wooden
from ..part import BOTH, Finish, Part, moved
from ..surfaces import ball, lathe, tube
from .frames import leg


def lamp(chance: Chance, palette: Palette) -> list[Part]:
    """A lamp with a shade: on a pole, a pot or three legs."""
    low, top, tall = chance.pick(
        ((0.72, 0.42, 0.75), (0.62, 0.6, 0.6), (0.85, 0.25, 0.6), (0.55, 0.3, 0.85), (0.8, 0.66, 0.42))
    )
    at = chance.between(1.15, 1.55)
    glow = chance.pick((0.0, 0.2, 0.4))
    shade = lathe([(low, at), (top, at + tall)], 0, ribs=chance.pick((0, 0, 30)), rib_depth=0.02)
    cloth = decorated(chance, palette.main, palette.second, palette.light)
    metal = chance.pick(
        (
            (solid(palette.metal), METAL),
            (solid(palette.dark), LACQUER),
            (wooden(palette.wood, 3.0, "y"), SATIN),
        )
    )
    parts = [Part(shade, cloth, Finish(0.0, 4, fuzz=0.1, glow=glow), BOTH)]
    style = chance.whole(0, 3)
    if style == 0:  # a pole on a foot
        foot = lathe([(0, 0), (0.5, 0), (0.5, 0.06), (0.1, 0.12), (0, 0.12)])
        parts += [Part(foot, *metal), Part(tube([(0, 0.1, 0), (0, at + 0.3, 0)], [0.055]), *metal)]
    elif style == 1:  # a pot
        wide = chance.between(0.34, 0.55)
        profile = [
            (0, 0),
            (wide * 0.6, 0),
            (wide, at * chance.between(0.25, 0.6)),
            (0.1, at * 0.85),
            (0.06, at + 0.2),
        ]
        paint = decorated(chance, palette.second, palette.dark, palette.light)
        parts += [Part(lathe(profile, 0.2), paint, GLAZE)]
    elif style == 2:  # three legs
        for turn in (0, 120, 240):
            parts += moved([leg((0.6, 0, 0), (0.03, at + 0.1, 0), 0.05, 0.7, metal)], turn=(0, turn + 30, 0))
    else:  # stacked balls
        size = at / 3 * 0.52
        for k in range(3):
            parts.append(
                Part(ball(size * (1.15 - 0.15 * k), size), solid(palette.second), GLAZE).moved(
                    (0, size * (1 + 1.92 * k), 0)
                )
            )
        parts.append(Part(lathe([(0, 0), (0.42, 0), (0.42, 0.05), (0, 0.06)]), *metal))
    return parts
