"""Small JPEGs within a total number of bytes, for pages with hundreds of pictures."""

import base64
import io
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from PIL import Image

_OPTIONS = ((1.0, 75), (0.85, 66), (0.7, 58), (0.55, 50), (0.4, 40))  # share of the side, JPEG quality


class Thumbnail(NamedTuple):
    """A picture in a page: its JPEG as base64, and its size in pixels."""

    content: str
    width: int
    height: int

    @property
    def uri(self) -> str:
        """For an ``img`` element."""
        return f"data:image/jpeg;base64,{self.content}"


def thumbnails(
    pictures: Mapping[int, np.ndarray | None], rows: Iterable[int], side: int, most_bytes: int
) -> dict[int, Thumbnail]:
    """The pictures of ``rows``, each encoded once, at the best quality that fits.

    Args:
        pictures: (H, W, 3) uint8 by row.
        rows: those without a picture are left out.
        side: most pixels of the longer side.
        most_bytes: for all together, as base64; the lowest quality may exceed it.

    Returns:
        By row.
    """
    wanted = {row: picture for row in rows if (picture := pictures.get(row)) is not None}
    for share, quality in _OPTIONS:
        # A sample tells whether this quality fits: encoding all of them for each try takes seconds.
        sample = list(wanted)[:: max(1, len(wanted) // 40)]
        sizes = [len(thumbnail(wanted[row], round(side * share), quality).content) for row in sample]
        if not sizes or np.mean(sizes) * len(wanted) <= most_bytes:
            break
    return {row: thumbnail(picture, round(side * share), quality) for row, picture in wanted.items()}


def thumbnail(picture: np.ndarray, side: int, quality: int) -> Thumbnail:
    """A picture (H, W, 3) uint8 as a JPEG of at most ``side`` pixels."""
    image = Image.fromarray(np.ascontiguousarray(picture)).convert("RGB")
    scale = min(1.0, side / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if size != image.size:
        image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, optimize=True)
    return Thumbnail(base64.b64encode(buffer.getvalue()).decode("ascii"), *size)
