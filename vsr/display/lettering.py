"""Text for Pillow's fonts: cut to a width, broken into lines."""

from bisect import bisect_right

from PIL import ImageFont

ELLIPSIS = "…"


def cut(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """``text`` on one line, or its beginning and an ellipsis, within ``width`` pixels."""
    text = " ".join(text.split())
    if font.getlength(text) <= width:
        return text
    return text[: _fitting(text, font, width - font.getlength(ELLIPSIS))].rstrip() + ELLIPSIS


def broken(text: str, font: ImageFont.FreeTypeFont, width: float, most_lines: int) -> list[str]:
    """``text`` in at most ``most_lines`` lines of ``width`` pixels, broken at blanks and punctuation."""
    lines: list[str] = []
    rest = " ".join(text.split())
    while rest and len(lines) < most_lines - 1 and font.getlength(rest) > width:
        here = _break(rest, font, width)
        lines.append(rest[:here].rstrip())
        rest = rest[here:].lstrip()
    return [*lines, cut(rest, font, width)] if rest else lines


def _break(text: str, font: ImageFont.FreeTypeFont, width: float) -> int:
    """How many characters go on the line: up to the last good place, otherwise as many as fit."""
    fits = max(1, _fitting(text, font, width))
    good = [
        n for n in range(fits // 3, fits + 1) if n and (text[n - 1] in " -_/.," or text[n : n + 1] == " ")
    ]
    return good[-1] if good else fits


def _fitting(text: str, font: ImageFont.FreeTypeFont, width: float) -> int:
    """How many characters from the beginning fit into ``width``."""
    return bisect_right(range(1, len(text) + 1), width, key=lambda n: font.getlength(text[:n]))
