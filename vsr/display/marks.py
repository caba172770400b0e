"""Marks of right and wrong results: a symbol, a frame and a color each.

They differ without the color, too: right is a thick frame and a check mark, partly right a dashed frame and a
tilde, wrong a thin frame and a cross, ignored a dotted frame, a dash and a pale picture.
"""

from typing import Literal, NamedTuple

from PIL import Image, ImageDraw

from vsr.display.style import INK, MUTED, PAPER

Relevance = Literal["right", "partial", "wrong", "ignored"]

BADGE = 20  # pixels across
_FINE = 4  # drawn this much larger, then reduced: Pillow does not smooth edges


class Mark(NamedTuple):
    """The mark of a relevance.

    Attributes:
        color: of frame and badge.
        width: of the frame, pixels.
        dash: pixels drawn and left out along the frame; None for a solid one.
        strokes: lines of the symbol, points in units of the badge's radius around its center.
        words: for the legend.
    """

    color: str
    width: int
    dash: tuple[int, int] | None
    strokes: tuple[tuple[tuple[float, float], ...], ...]
    words: str


_TILDE = (
    (-0.5, 0.16),
    (-0.4, -0.06),
    (-0.25, -0.16),
    (-0.08, -0.08),
    (0.08, 0.08),
    (0.25, 0.16),
    (0.4, 0.06),
)
MARKS: dict[Relevance, Mark] = {
    "right": Mark("#00805c", 4, None, (((-0.45, 0.02), (-0.12, 0.36), (0.46, -0.34)),), "right"),
    "partial": Mark("#b87700", 4, (9, 6), ((*_TILDE, (0.5, -0.16)),), "partly right (e.g. same category)"),
    "wrong": Mark(
        "#c8402a", 2, None, (((-0.34, -0.34), (0.34, 0.34)), ((-0.34, 0.34), (0.34, -0.34))), "wrong"
    ),
    "ignored": Mark(MUTED, 2, (2, 4), (((-0.42, 0.0), (0.42, 0.0)),), "ignored (takes no rank)"),
}


def badge(relevance: Relevance) -> Image.Image:
    """A disc with the symbol of ``relevance``, `BADGE` pixels across, as RGBA."""
    mark = MARKS[relevance]
    size = BADGE * _FINE
    image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((0, 0, size - 1, size - 1), fill=PAPER)
    edge = 1.5 * _FINE
    draw.ellipse((edge, edge, size - 1 - edge, size - 1 - edge), fill=mark.color)
    for stroke in mark.strokes:
        points = [(size / 2 * (1 + x), size / 2 * (1 + y)) for x, y in stroke]
        draw.line(points, fill=PAPER, width=round(2.2 * _FINE), joint="curve")
        for x, y in (points[0], points[-1]):  # round ends
            draw.circle((x, y), 1.1 * _FINE, fill=PAPER)
    return image.resize((BADGE, BADGE), Image.Resampling.LANCZOS)


def frame(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], relevance: Relevance | None) -> None:
    """Draw the frame of ``relevance`` around ``box`` (left, top, right, bottom); None frames a query."""
    color, width, dash = MARKS[relevance][:3] if relevance else (INK, 3, None)
    left, top, right, bottom = box[0] - width, box[1] - width, box[2] + width, box[3] + width
    if dash is None:
        draw.rectangle((left, top, right - 1, bottom - 1), outline=color, width=width)
        return
    on, off = dash
    for x in _starts(left, right, on, off):
        draw.rectangle((x, top, min(x + on, right) - 1, top + width - 1), fill=color)
        draw.rectangle((x, bottom - width, min(x + on, right) - 1, bottom - 1), fill=color)
    for y in _starts(top, bottom, on, off):
        draw.rectangle((left, y, left + width - 1, min(y + on, bottom) - 1), fill=color)
        draw.rectangle((right - width, y, right - 1, min(y + on, bottom) - 1), fill=color)


def _starts(low: int, high: int, on: int, off: int) -> list[int]:
    """Even starts of dashes, with one at either end so that the corners are closed."""
    n = max(1, round((high - low - on) / (on + off)))
    return [round(low + i * (high - low - on) / n) for i in range(n + 1)]
