"""Decode any picture to upright RGB: every mode, EXIF rotation, boxes; corrupt files are named."""

import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from vsr.data.catalogue import BOX, Catalogue
from vsr.errors import DataError

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


class CorruptPictureError(DataError):
    """A picture that cannot be decoded.

    Args:
        message: one line. A DataLoader worker hands an exception on with its traceback as the message; the
            last line of that is the one we wrote.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message.rpartition(f"{type(self).__name__}: ")[2].strip())


class CataloguePictures:
    """The pictures of a catalogue by row.

    Holds only what decoding needs, in arrays that worker processes share.

    Args:
        catalogue: with files below ``root`` or with ``pixels``.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        table = catalogue.table
        self.root = catalogue.root
        self.pixels = catalogue.pixels
        self.images = table["image"].array
        has_boxes = set(BOX) <= set(table.columns)
        self.boxes = table[list(BOX)].to_numpy(dtype=np.float64) if has_boxes else None  # (N, 4)

    def __call__(self, row: int, at_least: int | None = None) -> Image.Image:
        """The upright RGB picture of ``row``, cut to its box.

        Args:
            row: of the catalogue.
            at_least: a JPEG may come back smaller, its short side still at least this; None: full size.

        Raises:
            CorruptPictureError: it cannot be decoded, or its box lies outside.
        """
        box = self.box(row)
        try:
            if self.pixels is not None:
                return _cut(Image.fromarray(np.asarray(self.pixels[int(self.images[row])])), box, (1.0, 1.0))
            assert self.root is not None
            return decode(self.root / str(self.images[row]), at_least, box)
        except DAMAGE as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise CorruptPictureError(
                f"picture {self.name(row)} (row {row}) cannot be read: {reason}; "
                "mend or remove it, or set loader.on_corrupt=skip"
            ) from None

    def box(self, row: int) -> Box | None:
        """The part of the picture that ``row`` means: x, y, w, h in pixels; None for the whole."""
        if self.boxes is None or not np.isfinite(self.boxes[row]).all():
            return None
        x, y, w, h = self.boxes[row].tolist()
        return x, y, w, h

    def name(self, row: int) -> str:
        """Path, or place in the pixel array, of the picture of ``row``."""
        return f"'{self.images[row]}'" if self.pixels is None else f"pixels[{self.images[row]}]"


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
    """8-bit grey of 16-bit, 32-bit or float grey: integers over 0..65535, floats over 0..1 or 0..255."""
    values = np.asarray(image).astype(np.float64)
    if image.mode == "F":
        values = np.nan_to_num(values)
        scaled = values * 255 if values.max(initial=0) <= 1 else values
    else:
        scaled = values / 257
    return Image.fromarray(np.rint(scaled.clip(0, 255)).astype(np.uint8))


def _orientation(image: Image.Image) -> int:
    try:
        return image.getexif().get(ORIENTATION, 1)
    except DAMAGE:  # the picture itself may be sound
        return 1


def _cut(image: Image.Image, box: Box | None, scale: tuple[float, float]) -> Image.Image:
    """The part of ``image`` in ``box`` (full-size pixels, times ``scale``), clipped to the picture."""
    if box is None:
        return image
    x, y, w, h = box
    left, right = (min(max(edge * scale[0], 0), image.width) for edge in (x, x + w))
    top, bottom = (min(max(edge * scale[1], 0), image.height) for edge in (y, y + h))
    corners = (int(left), int(top), int(np.ceil(right)), int(np.ceil(bottom)))
    if corners[2] <= corners[0] or corners[3] <= corners[1] or w <= 0 or h <= 0:
        raise ValueError(f"its box x={x:g} y={y:g} w={w:g} h={h:g} lies outside the picture")
    return image.crop(corners)
