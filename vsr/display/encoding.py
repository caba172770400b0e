"""Pictures as bytes within a size, and as data URIs."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from vsr.files import written_whole

MOST_BYTES = 300_000
_COLORS = (256, 128, 64, 32)
_QUALITIES = (92, 86, 80, 72, 62, 50, 35)
_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


def encode(image: Image.Image, suffix: str, most_bytes: int = MOST_BYTES) -> bytes:
    """The file content of ``image``: the best quality that fits ``most_bytes``, the lowest if none does.

    PNG falls back from full color to palettes, which suits drawings; use JPEG for photographs.

    Args:
        image: RGB.
        suffix: ``.png``, ``.jpg`` or ``.jpeg``.
        most_bytes: size to stay within.

    Raises:
        ValueError: another suffix.
    """
    if suffix.lower() not in _TYPES:
        raise ValueError(f"pictures are written as .png, .jpg or .jpeg, got {suffix!r}")
    content = b""
    for content in _png_tries(image) if suffix.lower() == ".png" else _jpeg_tries(image):
        if len(content) <= most_bytes:
            break
    return content


def _png_tries(image: Image.Image) -> Iterator[bytes]:
    yield _bytes(image, "PNG", optimize=True)
    for colors in _COLORS:
        palette = image.quantize(colors, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        yield _bytes(palette, "PNG", optimize=True)


def _jpeg_tries(image: Image.Image) -> Iterator[bytes]:
    for quality in _QUALITIES:
        # Full-resolution color keeps small colored text and marks sharp.
        yield _bytes(image, "JPEG", quality=quality, subsampling=0 if quality > 60 else 2)


def _bytes(image: Image.Image, kind: str, **options: int | bool) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def save_picture(image: Image.Image, path: str | Path, most_bytes: int = MOST_BYTES) -> None:
    """Write ``image`` to ``path``, whole or not at all; the suffix gives the format."""
    content = encode(image, Path(path).suffix, most_bytes)
    with written_whole(path) as aside:
        aside.write_bytes(content)


def data_uri(content: bytes, suffix: str) -> str:
    """``data:image/png;base64,…`` for an ``img`` element."""
    return f"data:{_TYPES[suffix.lower()]};base64,{base64.b64encode(content).decode('ascii')}"


def picture_uri(path: Path, most_bytes: int = 450_000) -> str:
    """A picture file as a data URI, as a smaller JPEG if it exceeds ``most_bytes``."""
    content, suffix = path.read_bytes(), path.suffix
    if len(content) > most_bytes:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        content, suffix = encode(image, ".jpg", most_bytes), ".jpg"
        while len(content) > most_bytes and min(image.size) > 1:
            image = image.reduce(2)
            content = encode(image, ".jpg", most_bytes)
    return data_uri(content, suffix)
