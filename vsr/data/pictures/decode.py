"""Decode any picture to upright RGB: every mode, EXIF rotation, boxes; corrupt files are named."""

import io
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import torch
from PIL import Image
from torchvision.io import ImageReadMode, decode_jpeg

from vsr.data.catalogue.catalogue import BOX, RANGE, Catalogue
from vsr.errors import ReadError

ORIENTATION = 0x0112  # EXIF tag; the values are those of the EXIF 2.3 standard, section 4.6.4
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow's readers raise on damaged files.
DAMAGE = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, struct.error,
    zlib.error, Image.DecompressionBombError,
)  # fmt: skip

Box = tuple[float, float, float, float]


class CorruptPictureError(ReadError):
    """A picture that cannot be decoded."""


class Pictures(Protocol):
    """Pictures by catalogue row: decoded from their files, or read from a cache of them."""

    def __call__(self, row: int, at_least: int | None = None) -> Image.Image | np.ndarray:
        """The upright RGB picture of ``row``, or its pixels (H, W, 3) uint8; perhaps smaller than it is.

        Its short side is at least ``at_least`` pixels if it has so many, or what a cache was built with.
        """
        ...


class CataloguePictures:
    """The pictures of a catalogue by row.

    Holds only what decoding needs, in arrays that worker processes share.

    Args:
        catalogue: with files below ``root`` or with ``pixels``.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        table = catalogue.table
        self.root = catalogue.root
        self.copies = catalogue.copies
        self.pixels = catalogue.pixels
        self.images = table["image"].array
        has_boxes = set(BOX) <= set(table.columns)
        self.boxes = table[list(BOX)].to_numpy(dtype=np.float64) if has_boxes else None  # (N, 4)
        has_ranges = set(RANGE) <= set(table.columns)
        self.ranges = table[list(RANGE)].to_numpy(dtype=np.int64) if has_ranges else None  # (N, 2)

    def __call__(self, row: int, at_least: int | None = None) -> Image.Image:
        """The upright RGB picture of ``row``, cut to its box.

        Args:
            row: of the catalogue.
            at_least: a JPEG may come back smaller, its short side still at least this; None: full size.

        Raises:
            CorruptPictureError: it cannot be decoded, or its box lies outside.
            ReadError: it lies elsewhere and cannot be fetched.
        """
        with self._named(row):
            if self.pixels is not None:
                stored = Image.fromarray(np.asarray(self.pixels[int(self.images[row])]))
                return _cut(stored, self.box(row), (1.0, 1.0))
            return decode(self.file(row), at_least, self.box(row))

    def as_pixels(self, row: int, at_least: int | None = None) -> np.ndarray:
        """The same as (H, W, 3) uint8, for a transform that goes on with pixels: see `decode_pixels`."""
        if self.pixels is not None:
            return np.asarray(self(row))
        with self._named(row):
            return decode_pixels(self.file(row), at_least, self.box(row))

    @contextmanager
    def _named(self, row: int) -> Iterator[None]:
        """Name the picture of ``row`` in what is raised inside."""
        try:
            yield
        except ReadError:  # nothing is wrong with the picture: it must not be skipped
            raise
        except DAMAGE as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise CorruptPictureError(
                f"picture {self.name(row)} (row {row}) cannot be read: {reason}; "
                "mend or remove it, or set loader.on_corrupt=skip"
            ) from None

    def path(self, row: int) -> Path:
        """The file that the picture of ``row`` lies in; only where the pictures are local files."""
        assert self.root is not None
        return self.root / str(self.images[row])

    def state(self, row: int) -> str:
        """Another text when the file that the picture of ``row`` lies in has changed."""
        if self.copies is not None:
            return self.copies.state(str(self.images[row]))
        try:
            stat = self.path(row).stat()
            return f"{stat.st_size} {stat.st_mtime_ns}"
        except OSError:
            return "missing"

    def file(self, row: int) -> Path | BinaryIO:
        """What Pillow opens: the picture's file, or its bytes out of a larger one.

        Raises:
            OSError: the file cannot be read.
            ReadError: it lies elsewhere and cannot be fetched.
        """
        return self.path(row) if self.ranges is None else io.BytesIO(self.content(row))

    def content(self, row: int) -> bytes:
        """The bytes of the picture of ``row``, as a file of its own has them.

        Raises:
            OSError: the file cannot be read.
            ReadError: it lies elsewhere and cannot be fetched.
        """
        if self.ranges is None:
            return self.path(row).read_bytes()
        offset, length = self.ranges[row].tolist()
        with self._open(row) as shard:
            shard.seek(offset)
            return shard.read(length)

    def _open(self, row: int) -> BinaryIO:
        if self.copies is not None:
            return self.copies.open(str(self.images[row]))
        return open(self.path(row), "rb", buffering=0)

    def box(self, row: int) -> Box | None:
        """x, y, w, h of ``row`` in pixels of the whole picture; None: all of it."""
        if self.boxes is None or not np.isfinite(self.boxes[row]).all():
            return None
        return tuple(self.boxes[row].tolist())

    def size(self, row: int) -> tuple[int, int]:
        """Width and height of the picture of ``row`` at full size, upright and cut, from its header alone.

        Raises:
            OSError, SyntaxError, ValueError: what Pillow raises on damage (``DAMAGE``), or a box outside.
        """
        if self.pixels is not None:
            height, width = self.pixels.shape[1:3]
        else:
            with Image.open(self.file(row)) as image:
                width, height = image.size
                if _orientation(image) >= 5:  # turned by a quarter
                    width, height = height, width
        box = self.box(row)
        if box is None:
            return width, height
        left, top, right, bottom = _corners((width, height), box, (1.0, 1.0))
        return right - left, bottom - top

    def name(self, row: int) -> str:
        """Path, or place in the pixel array or in a larger file, of the picture of ``row``."""
        if self.pixels is not None:
            return f"pixels[{self.images[row]}]"
        return f"'{self.images[row]}'" + ("" if self.ranges is None else f" at byte {self.ranges[row][0]}")


def decode(file: Path | BinaryIO, at_least: int | None = None, box: Box | None = None) -> Image.Image:
    """An upright RGB picture from a file of any format and mode that Pillow reads.

    Of an animation this is the first frame. Transparent parts become white. Color profiles are not applied.

    Args:
        file: path or open binary file.
        at_least: lets the JPEG decoder halve the size (draft mode, far faster) while the short side of what
            is returned stays at least this many pixels.
        box: x, y, w, h in pixels of the upright picture at full size.

    Raises:
        OSError, SyntaxError, ValueError: what Pillow raises on damage (``DAMAGE``), or a box outside.
    """
    with Image.open(file) as image:
        width, height = image.size
        turn = UPRIGHT.get(_orientation(image))
        if at_least is not None:
            spare = 1.0 if box is None else max(1.0, min(width, height) / max(1.0, min(box[2:])))
            side = math.ceil(at_least * spare)
            image.draft(None, (side, side))  # no effect on formats other than JPEG
        image.load()
        scale = (image.width / width, image.height / height)
        rgb = to_rgb(image)
    if turn is not None:
        rgb = rgb.transpose(turn)
        if rgb.size == image.size[::-1]:
            scale = (scale[1], scale[0])
    return _cut(rgb, box, scale)


def decode_pixels(file: Path | BinaryIO, at_least: int | None = None, box: Box | None = None) -> np.ndarray:
    """The pixels (H, W, 3) uint8 of `decode`, bit for bit, with its arguments and errors.

    A JPEG of usual kind that is not to be made smaller is decoded to them by torchvision, which runs the same
    library as Pillow: unpacking Pillow's own layout takes half as long again as decoding.
    """
    content = file.read_bytes() if isinstance(file, Path) else file.read()
    with Image.open(io.BytesIO(content)) as image:
        whole = image.size
        if at_least is not None:
            image.draft(None, (at_least, at_least))
        usual = image.format == "JPEG" and image.mode == "RGB" and _orientation(image) not in UPRIGHT
        if usual and box is None and image.size == whole:
            try:
                planes = decode_jpeg(_bytes(content), mode=ImageReadMode.RGB)
                assert isinstance(planes, torch.Tensor)  # for one picture, not a list of them
                return planes.permute(1, 2, 0).numpy()
            except RuntimeError:
                pass  # damaged: Pillow says how, or reads it
    return np.asarray(decode(io.BytesIO(content), at_least, box))


def to_rgb(image: Image.Image) -> Image.Image:
    """``image`` as 8-bit RGB: 16 bits are scaled down, transparency is laid on white.

    Raises:
        ValueError: Pillow knows no way from the mode to RGB.
    """
    if image.mode.startswith("I") or image.mode == "F":
        return _deep(image).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _deep(image: Image.Image) -> Image.Image:
    """8-bit gray of 16-bit, 32-bit or float gray: integers over 0..65535, floats over 0..1 or 0..255."""
    values = np.asarray(image).astype(np.float64)
    if image.mode == "F":
        values = np.nan_to_num(values)
        scaled = values * 255 if values.max(initial=0) <= 1 else values
    else:
        scaled = values / 257
    return Image.fromarray(np.rint(scaled.clip(0, 255)).astype(np.uint8))


def _bytes(content: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(content), dtype=torch.uint8)  # a copy: torch warns of read-only ones


def _orientation(image: Image.Image) -> int:
    try:
        return image.getexif().get(ORIENTATION, 1)
    except DAMAGE:  # the picture itself may be sound
        return 1


def _cut(image: Image.Image, box: Box | None, scale: tuple[float, float]) -> Image.Image:
    """The part of ``image`` in ``box`` (full-size pixels, times ``scale``), clipped to the picture."""
    return image if box is None else image.crop(_corners(image.size, box, scale))


def _corners(size: tuple[int, int], box: Box, scale: tuple[float, float]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of ``box`` times ``scale``, clipped to a picture of ``size``."""
    x, y, w, h = box
    left, right = (min(max(edge * scale[0], 0), size[0]) for edge in (x, x + w))
    top, bottom = (min(max(edge * scale[1], 0), size[1]) for edge in (y, y + h))
    corners = (int(left), int(top), int(np.ceil(right)), int(np.ceil(bottom)))
    if corners[2] <= corners[0] or corners[3] <= corners[1] or w <= 0 or h <= 0:
        raise ValueError(f"its box x={x:g} y={y:g} w={w:g} h={h:g} lies outside the picture")
    return corners
