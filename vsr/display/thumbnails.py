"""Small JPEGs within a number of bytes for all of them together, for pages that hold hundreds of pictures."""

import base64
import io
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from PIL import Image

_OPTIONS = ((1.0, 75), (0.85, 66), (0.7, 58), (0.55, 50), (0.4, 40))  # share of the side, JPEG quality


class Thumbnail(NamedTuple):
    """A picture in a page: base64 of its JPEG, and its size in pixels."""

    content: str
    width: int
    height: int


def thumbnails(
    pictures: Mapping[int, np.ndarray | None], rows: Iterable[int], side: int, most_bytes: int
) -> dict[int, Thumbnail]:
    """Encode the pictures of ``rows``, each once, at the best quality that fits.

    Args:
        pictures: (H, W, 3) uint8 by row.
        rows: which; those without a picture are left out.
        side: pixels of the longer side, at most.
        most_bytes: for all together, as base64; at the lowest quality they may take more.

    Returns:
        By row.
    """
    wanted: dict[int, np.ndarray] = {}
    for row in rows:
        picture = pictures.get(row)
        if picture is not None:
            wanted[row] = picture
    for share, quality in _OPTIONS:
        # A sample tells whether this quality fits: encoding all, only to throw it away, takes seconds.
        sample = list(wanted)[:: max(1, len(wanted) // 40)]
        sizes = [len(_encoded(wanted[row], round(side * share), quality).content) for row in sample]
        if not sizes or np.mean(sizes) * len(wanted) <= most_bytes:
            break
    return {row: _encoded(picture, round(side * share), quality) for row, picture in wanted.items()}


def _encoded(picture: np.ndarray, side: int, quality: int) -> Thumbnail:
    image = Image.fromarray(np.ascontiguousarray(picture)).convert("RGB")
    scale = min(1.0, side / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if size != image.size:
        image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, optimize=True)
    return Thumbnail(base64.b64encode(buffer.getvalue()).decode("ascii"), *size)
