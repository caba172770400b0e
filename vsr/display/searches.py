"""Example searches as a picture: the query, then its nearest pictures, each marked right or wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from vsr.display.encoding import save_picture
from vsr.display.formats import three
from vsr.display.lettering import broken, cut
from vsr.display.marks import BADGE, MARKS, Relevance, badge, frame
from vsr.display.style import FAINT, INK, MUTED, PAPER, font

MOST_RESULTS = 10

_MARGIN, _GAP, _ASIDE = 22, 14, 34  # pixels: around all, between results, between query and results
_HEAD, _ROW_HEAD, _ROW_GAP = 74, 27, 18
_LINE = 14  # height of a caption line
_BACK = "#f1f3f5"  # behind pictures that do not fill their square
_TITLE, _BOLD, _TEXT, _SMALL = (20, True), (13, True), (13, False), (11, False)


@dataclass(frozen=True)
class Result:
    """A picture that a search found.

    Attributes:
        picture: (H, W, 3) uint8 of any size; None where it cannot be shown.
        score: higher is nearer.
        relevance: ``right``, ``partial`` (a smaller gain than the best), ``wrong``, or ``ignored`` (takes no
            rank).
        caption: one or two short lines' worth.
    """

    picture: np.ndarray | None
    score: float
    relevance: Relevance
    caption: str = ""


@dataclass(frozen=True)
class Search:
    """A query and what it found.

    Attributes:
        picture: (H, W, 3) uint8 of any size; None where it cannot be shown.
        caption: what the query is.
        results: nearest first; the first `MOST_RESULTS` are drawn.
        n_relevant: relevant pictures in the whole gallery.
        metric: a figure for this query, e.g. ``AP 0.624``.
    """

    picture: np.ndarray | None
    caption: str
    results: Sequence[Result] = field(default_factory=tuple)
    n_relevant: int = 0
    metric: str = ""


def draw_searches(searches: Sequence[Search], path: str | Path, title: str, thumbnail: int = 96) -> None:
    """Draw example searches, a row each.

    Photographs fit the size with .jpg; .png takes few colors to do so.

    Args:
        searches: what to draw, from the top.
        path: where the picture goes: .jpg or .png, at most 300 kB for 8 searches.
        title: above all.
        thumbnail: pixels a side of the squares that pictures are fitted into.
    """
    save_picture(searches_picture(searches, title, thumbnail), path)


def searches_picture(searches: Sequence[Search], title: str, thumbnail: int = 96) -> Image.Image:
    """The RGB picture that `draw_searches` writes."""
    cell = thumbnail + _GAP
    width = 2 * _MARGIN + thumbnail + _ASIDE + MOST_RESULTS * cell - _GAP
    lines = [_caption_lines(search, thumbnail) for search in searches]
    heights = [_ROW_HEAD + thumbnail + 22 + n * _LINE + _ROW_GAP for n in lines]
    image = Image.new("RGB", (width, _HEAD + max(sum(heights), 40) + _MARGIN), PAPER)
    draw = ImageDraw.Draw(image)
    _draw_head(image, draw, searches, title)
    top = _HEAD
    for place, (search, height) in enumerate(zip(searches, heights, strict=True)):
        _draw_search(image, draw, search, top, thumbnail, last=place == len(searches) - 1, height=height)
        top += height
    if not searches:
        draw.text((_MARGIN, top), "No query has anything to find.", fill=MUTED, font=font(*_TEXT))
    return image


def _caption_lines(search: Search, width: int) -> int:
    """Lines that the longest caption below a result takes."""
    captions = [result.caption for result in search.results[:MOST_RESULTS]]
    return max((len(broken(caption, font(*_SMALL), width, 2)) for caption in captions), default=0)


def _draw_head(image: Image.Image, draw: ImageDraw.ImageDraw, searches: Sequence[Search], title: str) -> None:
    draw.text(
        (_MARGIN, 12), cut(title, font(*_TITLE), image.width - 2 * _MARGIN), fill=INK, font=font(*_TITLE)
    )
    seen = {result.relevance for search in searches for result in search.results[:MOST_RESULTS]}
    x = _MARGIN
    for relevance, mark in MARKS.items():
        if relevance == "ignored" and relevance not in seen:
            continue
        image.paste(sign := badge(relevance), (x, 40), sign)
        draw.text((x + BADGE + 6, 50), mark.words, fill=INK, font=font(*_TEXT), anchor="lm")
        x += BADGE + 6 + round(font(*_TEXT).getlength(mark.words)) + 26
    words = "below each result: rank, score, caption"
    draw.text((image.width - _MARGIN, 50), words, fill=MUTED, font=font(*_TEXT), anchor="rm")


def _draw_search(
    image: Image.Image,
    draw: ImageDraw.ImageDraw,
    search: Search,
    top: int,
    thumbnail: int,
    *,
    last: bool,
    height: int,
) -> None:
    _draw_row_head(draw, search, top, image.width)
    upper = top + _ROW_HEAD
    _draw_thumbnail(image, draw, search.picture, (_MARGIN, upper), thumbnail, None)
    draw.text(
        (_MARGIN + thumbnail / 2, upper + thumbnail + 13), "query", fill=INK, font=font(*_BOLD), anchor="mm"
    )
    middle = _MARGIN + thumbnail + _ASIDE // 2
    draw.line((middle, upper, middle, upper + thumbnail), fill=MUTED, width=1)
    draw.polygon(
        [(middle, upper + thumbnail // 2 + d) for d in (-5, 5)] + [(middle + 6, upper + thumbnail // 2)],
        MUTED,
    )
    rank = 0
    for place in range(MOST_RESULTS):
        left = _MARGIN + thumbnail + _ASIDE + place * (thumbnail + _GAP)
        if place >= len(search.results):
            draw.rectangle((left, upper, left + thumbnail - 1, upper + thumbnail - 1), outline=FAINT)
            continue
        result = search.results[place]
        rank += result.relevance != "ignored"
        _draw_result(image, draw, result, rank, (left, upper), thumbnail)
    if not last:
        line = top + height - _ROW_GAP // 2
        draw.line((_MARGIN, line, image.width - _MARGIN, line), fill=FAINT)


def _draw_row_head(draw: ImageDraw.ImageDraw, search: Search, top: int, width: int) -> None:
    """The query's caption, then what is known about the whole search."""
    facts = "   ".join(
        part for part in (f"{search.n_relevant} relevant in the gallery", search.metric) if part
    )
    room = width - 2 * _MARGIN - font(*_TEXT).getlength(facts) - 14
    caption = cut(search.caption, font(*_BOLD), room)
    draw.text((_MARGIN, top + 10), caption, fill=INK, font=font(*_BOLD), anchor="lm")
    x = _MARGIN + (font(*_BOLD).getlength(caption) + 14 if caption else 0)
    draw.text((x, top + 10), facts, fill=MUTED, font=font(*_TEXT), anchor="lm")


def _draw_result(
    image: Image.Image,
    draw: ImageDraw.ImageDraw,
    result: Result,
    rank: int,
    corner: tuple[int, int],
    thumbnail: int,
) -> None:
    left, upper = corner
    _draw_thumbnail(image, draw, result.picture, corner, thumbnail, result.relevance)
    line = upper + thumbnail + 13
    shown_rank = "–" if result.relevance == "ignored" else str(rank)
    draw.text((left, line), shown_rank, fill=MUTED, font=font(*_SMALL), anchor="lm")
    draw.text((left + thumbnail, line), three(result.score), fill=INK, font=font(*_SMALL), anchor="rm")
    for text in broken(result.caption, font(*_SMALL), thumbnail, 2):
        line += _LINE
        draw.text((left, line), text, fill=MUTED, font=font(*_SMALL), anchor="lm")


def _draw_thumbnail(
    image: Image.Image,
    draw: ImageDraw.ImageDraw,
    picture: np.ndarray | None,
    corner: tuple[int, int],
    size: int,
    relevance: Relevance | None,
) -> None:
    left, upper = corner
    image.paste(_fitted(picture, size, pale=relevance == "ignored"), corner)
    frame(draw, (left, upper, left + size, upper + size), relevance)
    if relevance is not None:
        sign = badge(relevance)
        image.paste(sign, (left - 7, upper - 7), sign)


def _fitted(picture: np.ndarray | None, size: int, *, pale: bool) -> Image.Image:
    """The whole picture within a square, its shape kept."""
    square = Image.new("RGB", (size, size), _BACK)
    if picture is None:
        ImageDraw.Draw(square).text((size / 2, size / 2), "no picture", MUTED, font(*_SMALL), anchor="mm")
        return square
    whole = Image.fromarray(np.ascontiguousarray(picture)).convert("RGB")
    scale = size / max(whole.size)
    shape = (max(1, round(whole.width * scale)), max(1, round(whole.height * scale)))
    whole = whole.resize(shape, Image.Resampling.LANCZOS)
    square.paste(whole, ((size - whole.width) // 2, (size - whole.height) // 2))
    return Image.blend(square, Image.new("RGB", (size, size), PAPER), 0.6) if pale else square
