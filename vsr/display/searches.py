"""Example searches as a picture: each query and its nearest pictures, marked right or wrong."""

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
        picture: (H, W, 3) uint8 of any size; None if it cannot be shown.
        score: higher is more similar.
        relevance: ``right``, ``partial`` (a smaller gain than the best), ``wrong``, or ``ignored`` (takes no
            rank).
        caption: one or two short lines.
    """

    picture: np.ndarray | None
    score: float
    relevance: Relevance
    caption: str = ""


@dataclass(frozen=True)
class Search:
    """A query and its results.

    Attributes:
        picture: (H, W, 3) uint8 of any size; None if it cannot be shown.
        caption: what the query is.
        results: nearest first; the first `MOST_RESULTS` are drawn.
        n_relevant: relevant pictures in the whole gallery.
        metric: a value for this query, e.g. ``AP 0.624``.
    """

    picture: np.ndarray | None
    caption: str
    results: Sequence[Result] = field(default_factory=tuple)
    n_relevant: int = 0
    metric: str = ""


def draw_searches(searches: Sequence[Search], path: str | Path, title: str, thumbnail: int = 96) -> None:
    """Draw example searches, a row each.

    Use .jpg for photographs: .png reduces the colors to stay within the size.

    Args:
        searches: from the top.
        path: .jpg or .png, at most 300 kB for 8 searches.
        title: at the head.
        thumbnail: side in pixels of the squares that pictures are fitted into.
    """
    save_picture(searches_picture(searches, title, thumbnail), path)


def searches_picture(searches: Sequence[Search], title: str, thumbnail: int = 96) -> Image.Image:
    """The RGB picture that `draw_searches` writes."""
    cell = thumbnail + _GAP
    width = 2 * _MARGIN + thumbnail + _ASIDE + MOST_RESULTS * cell - _GAP
    lines = [_caption_lines(search, thumbnail) for search in searches]
    heights = [_ROW_HEAD + thumbnail + 22 + n * _LINE + _ROW_GAP for n in lines]
    image = Image.new("RGB", (width, _HEAD + max(sum(heights), 40) + _MARGIN), PAPER)
    sheet = _Sheet(image, thumbnail)
    sheet.head(searches, title)
    top = _HEAD
    for place, (search, height) in enumerate(zip(searches, heights, strict=True)):
        if place:
            line = top - _ROW_GAP // 2
            sheet.draw.line((_MARGIN, line, width - _MARGIN, line), fill=FAINT)
        sheet.search(search, top)
        top += height
    if not searches:
        sheet.draw.text((_MARGIN, top), "No query has anything to find.", fill=MUTED, font=font(*_TEXT))
    return image


def _caption_lines(search: Search, width: int) -> int:
    """Lines of the longest caption below a result."""
    captions = [result.caption for result in search.results[:MOST_RESULTS]]
    return max((len(broken(caption, font(*_SMALL), width, 2)) for caption in captions), default=0)


class _Sheet:
    """The picture while it is drawn; ``size`` is the side of the squares that pictures are fitted into."""

    def __init__(self, image: Image.Image, size: int) -> None:
        self.image, self.draw, self.size = image, ImageDraw.Draw(image), size

    def head(self, searches: Sequence[Search], title: str) -> None:
        """Title and legend."""
        image, room = self.image, self.image.width - 2 * _MARGIN
        self.draw.text((_MARGIN, 12), cut(title, font(*_TITLE), room), fill=INK, font=font(*_TITLE))
        seen = {result.relevance for search in searches for result in search.results[:MOST_RESULTS]}
        x = _MARGIN
        for relevance, mark in MARKS.items():
            if relevance == "ignored" and relevance not in seen:
                continue
            image.paste(sign := badge(relevance), (x, 40), sign)
            self.draw.text((x + BADGE + 6, 50), mark.words, fill=INK, font=font(*_TEXT), anchor="lm")
            x += BADGE + 6 + round(font(*_TEXT).getlength(mark.words)) + 26
        words = "below each result: rank, score, caption"
        self.draw.text((image.width - _MARGIN, 50), words, fill=MUTED, font=font(*_TEXT), anchor="rm")

    def search(self, search: Search, top: int) -> None:
        """A row: the query, then its results."""
        draw, size, upper = self.draw, self.size, top + _ROW_HEAD
        self._row_head(search, top)
        self._picture(search.picture, (_MARGIN, upper), None)
        below = (_MARGIN + size / 2, upper + size + 13)
        draw.text(below, "query", fill=INK, font=font(*_BOLD), anchor="mm")
        x, y = _MARGIN + size + _ASIDE // 2, upper + size // 2
        draw.line((x, upper, x, upper + size), fill=MUTED, width=1)
        draw.polygon([(x, y - 5), (x, y + 5), (x + 6, y)], MUTED)
        rank = 0
        for place in range(MOST_RESULTS):
            left = _MARGIN + size + _ASIDE + place * (size + _GAP)
            if place >= len(search.results):
                draw.rectangle((left, upper, left + size - 1, upper + size - 1), outline=FAINT)
                continue
            result = search.results[place]
            rank += result.relevance != "ignored"
            self._result(result, rank, (left, upper))

    def _row_head(self, search: Search, top: int) -> None:
        """The query's caption, then what is known about the whole search."""
        facts = f"{search.n_relevant} relevant in the gallery   {search.metric}".rstrip()
        room = self.image.width - 2 * _MARGIN - font(*_TEXT).getlength(facts) - 14
        caption = cut(search.caption, font(*_BOLD), room)
        self.draw.text((_MARGIN, top + 10), caption, fill=INK, font=font(*_BOLD), anchor="lm")
        x = _MARGIN + (font(*_BOLD).getlength(caption) + 14 if caption else 0)
        self.draw.text((x, top + 10), facts, fill=MUTED, font=font(*_TEXT), anchor="lm")

    def _result(self, result: Result, rank: int, corner: tuple[int, int]) -> None:
        left, line = corner[0], corner[1] + self.size + 13
        self._picture(result.picture, corner, result.relevance)
        shown, score = "–" if result.relevance == "ignored" else str(rank), three(result.score)
        self.draw.text((left, line), shown, fill=MUTED, font=font(*_SMALL), anchor="lm")
        self.draw.text((left + self.size, line), score, fill=INK, font=font(*_SMALL), anchor="rm")
        for text in broken(result.caption, font(*_SMALL), self.size, 2):
            line += _LINE
            self.draw.text((left, line), text, fill=MUTED, font=font(*_SMALL), anchor="lm")

    def _picture(
        self, picture: np.ndarray | None, corner: tuple[int, int], relevance: Relevance | None
    ) -> None:
        left, upper = corner
        self.image.paste(_fitted(picture, self.size, pale=relevance == "ignored"), corner)
        frame(self.draw, (left, upper, left + self.size, upper + self.size), relevance)
        if relevance is not None:
            self.image.paste(sign := badge(relevance), (left - 7, upper - 7), sign)


def _fitted(picture: np.ndarray | None, size: int, *, pale: bool) -> Image.Image:
    """The whole picture within a square, its aspect ratio kept."""
    square = Image.new("RGB", (size, size), _BACK)
    if picture is None:
        ImageDraw.Draw(square).text((size / 2, size / 2), "no picture", MUTED, font(*_SMALL), anchor="mm")
        return square
    whole = Image.fromarray(np.ascontiguousarray(picture)).convert("RGB")
    width, height = (max(1, round(side * size / max(whole.size))) for side in whole.size)
    whole = whole.resize((width, height), Image.Resampling.LANCZOS)
    square.paste(whole, ((size - whole.width) // 2, (size - whole.height) // 2))
    return Image.blend(square, Image.new("RGB", (size, size), PAPER), 0.6) if pale else square
