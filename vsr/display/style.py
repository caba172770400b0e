"""The style of all figures: colors that color-blind people can tell apart, thin axes, one typeface.

Figures are matplotlib objects on the Agg canvas, without pyplot: there is no global state, so threads may
draw at the same time, and no display is needed.
"""

from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from PIL import Image, ImageFont

from vsr.display import lettering
from vsr.display.encoding import MOST_BYTES, save_picture

PAPER = "#ffffff"
INK = "#1c2733"
MUTED = "#66727e"
FAINT = "#e3e7eb"
# Okabe and Ito, "Color Universal Design" (2008), its yellow left out: too pale for lines on white.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1c2733")
DPI = 150
FONT_SIZE = 8.5  # points


def ramp(n: int) -> list[str]:
    """``n`` colors from dark to light (viridis without its pale end)."""
    return [to_hex(color) for color in matplotlib.colormaps["viridis"](np.linspace(0.0, 0.62, max(n, 1)))][:n]


def darker(color: str) -> str:
    """A darker shade of ``color``, for small text on white."""
    red, green, blue = to_rgb(color)
    return to_hex((0.75 * red, 0.75 * green, 0.75 * blue))


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of ``width`` by ``height`` inches, on an Agg canvas."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def dress(axes: Axes) -> None:
    """Apply the common style to axes: horizontal grid lines, a base line, small muted ticks."""
    axes.set_facecolor(PAPER)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)
    axes.spines["bottom"].set_linewidth(0.8)
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(axis="both", colors=MUTED, labelsize=FONT_SIZE - 0.5, length=0, pad=3)
    axes.tick_params(axis="x", length=3, color=MUTED)


def rendered(figure: Figure) -> Image.Image:
    """The figure as an RGB picture."""
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def save_figure(figure: Figure, path: str | Path, most_bytes: int = MOST_BYTES) -> None:
    """Write a figure to ``path`` (.png or .jpg), whole or not at all, within ``most_bytes``."""
    save_picture(rendered(figure), path, most_bytes)


def text_width(text: str) -> float:
    """Width in inches of a line of text in a figure."""
    return _text_font().getlength(text) / DPI


def cut(text: str, width: float) -> str:
    """``text``, or its beginning and an ellipsis, within ``width`` inches of a figure."""
    return lettering.cut(text, _text_font(), width * DPI)


def broken(text: str, width: float, most_lines: int = 2) -> str:
    """``text`` in at most ``most_lines`` lines of ``width`` inches, broken at blanks and punctuation."""
    return "\n".join(lettering.broken(text, _text_font(), width * DPI, most_lines))


def _text_font() -> ImageFont.FreeTypeFont:
    return font(round(FONT_SIZE * DPI / 72))


@cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The figures' typeface for Pillow, ``size`` in pixels: DejaVu Sans, which comes with matplotlib."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name
    # The basic layout is part of every Pillow; the other one is not, and stops at some mixed scripts.
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
