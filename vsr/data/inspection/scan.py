"""Open and decode every picture of a catalogue: what it is, whether it is sound, what it looks like."""

import hashlib
import io
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, UnidentifiedImageError

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.inspection.fingerprints import TINY, difference_hash, tiny_copy
from vsr.data.pictures.decode import DAMAGE, ORIENTATION, Box, CataloguePictures, decode

_DECODED = 4 * TINY  # short side, pixels: a JPEG is decoded to no more, though all of its data is read
_BLOCK = 512  # pictures handed to the threads at a time
_FACTS = ("n_bytes", "kind", "mode", "frames", "turned", "transparent", "flat", "contrast", "error")
_FLAT = 6  # of 255: what compression leaves of one color

Watch = Callable[[Iterable["Look"]], Iterable["Look"]]


@dataclass(frozen=True)
class Look:
    """What one picture turned out to be.

    Attributes:
        size: width and height in pixels as stored; (0, 0) when not even that could be read.
        n_bytes: of the file, or of the pixels.
        kind: format, such as ``JPEG``; ``array`` for pixels.
        mode: Pillow's, such as ``RGB``, ``CMYK`` or ``I;16``.
        frames: of an animation; 1 for a still picture.
        turned: whether its EXIF orientation is other than upright.
        transparent: whether parts of it can be seen through.
        flat: whether it shows one color and nothing else.
        contrast: standard deviation of its tiny copy, of 255, in the channel that has most.
        error: why it cannot be used, in words; empty when it can.
        digest: the same for rows whose file and box, or whose pixels, are the same to the last bit.
        dhash: difference hash.
        tiny: (16, 16, 3) uint8.
    """

    size: tuple[int, int] = (0, 0)
    n_bytes: int = 0
    kind: str = ""
    mode: str = ""
    frames: int = 1
    turned: bool = False
    transparent: bool = False
    flat: bool = False
    contrast: float = 0.0
    error: str = ""
    digest: bytes = b""
    dhash: int = 0
    tiny: np.ndarray | None = None


@dataclass(frozen=True)
class Scan:
    """What all pictures turned out to be.

    Attributes:
        table: a row a picture: ``width height``, and the facts of a `Look` by their names.
        digests: (N,) object: 16 bytes each; empty where there is an error.
        hashes: (N,) uint64.
        tiny: (N, 16, 16, 3) uint8.
    """

    table: pd.DataFrame
    digests: np.ndarray
    hashes: np.ndarray
    tiny: np.ndarray

    @property
    def sound(self) -> np.ndarray:
        """Which pictures (N,) can be decoded."""
        return (self.table["error"] == "").to_numpy()


def scan(catalogue: Catalogue, workers: int | None = None, watch: Watch = lambda looks: looks) -> Scan:
    """Read and decode every picture of ``catalogue``, to its last byte.

    Threads do it: Pillow lets go of the interpreter while it decodes. About 1 kB is kept of each picture.

    Args:
        catalogue: the pictures.
        workers: threads; None: as many as there are cores.
        watch: is given the looks as they come, for a progress bar.
    """
    n = len(catalogue)
    facts: list[tuple[Any, ...]] = []
    digests, hashes = np.full(n, b"", dtype=object), np.zeros(n, np.uint64)
    tiny = np.zeros((n, TINY, TINY, 3), np.uint8)
    # Pillow warns of pictures with many pixels and of odd EXIF data; what matters of it stands in the table.
    with warnings.catch_warnings(), ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        warnings.simplefilter("ignore")
        for row, look in enumerate(watch(_in_order(pool, _Examiner(catalogue), n))):
            facts.append((*look.size, *(getattr(look, name) for name in _FACTS)))
            digests[row], hashes[row] = look.digest, look.dhash
            if look.tiny is not None:
                tiny[row] = look.tiny
    return Scan(pd.DataFrame(facts, columns=["width", "height", *_FACTS]), digests, hashes, tiny)


def _in_order(pool: ThreadPoolExecutor, examine: Callable[[int], Look], n: int) -> Iterator[Look]:
    """Looks at rows 0..n-1. In blocks, so that leaving early does not wait for a million pictures."""
    for start in range(0, n, _BLOCK):
        yield from pool.map(examine, range(start, min(start + _BLOCK, n)))


class _Examiner:
    """Looks at a row."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.pictures = CataloguePictures(catalogue)

    def __call__(self, row: int) -> Look:
        return self._array(row) if self.pictures.root is None else self._file(row)

    def _array(self, row: int) -> Look:
        try:
            picture = self.pictures(row)
        except ValueError as error:
            return Look(kind="array", error=str(error))
        content = np.asarray(picture)
        digest = hashlib.blake2b(repr(content.shape).encode() + content.tobytes(), digest_size=16).digest()
        return Look(picture.size, content.nbytes, "array", "RGB", digest=digest, **_appearance(picture))

    def _file(self, row: int) -> Look:
        try:
            content = self.pictures.content(row)
        except OSError as error:
            return Look(error="there is no such file" if isinstance(error, FileNotFoundError) else str(error))
        if not content:
            return Look(error="the file is empty")
        facts: dict[str, Any] = {"n_bytes": len(content)}
        try:
            facts |= _header(content)
            box = self.pictures.box(row)
            picture = decode(io.BytesIO(content), _DECODED, box)
        except UnidentifiedImageError:
            return Look(error="the file is no picture", **facts)
        except DAMAGE as error:
            return Look(error=" ".join(str(error).split()) or type(error).__name__, **facts)
        return Look(**facts, digest=_digest(content, box), **_appearance(picture))


def _header(content: bytes) -> dict[str, Any]:
    with Image.open(io.BytesIO(content)) as image:
        return {
            "size": image.size,
            "kind": image.format or "",
            "mode": image.mode,
            "frames": _frames(image),
            "turned": _orientation(image) not in (0, 1),
            "transparent": image.has_transparency_data,
        }


def _frames(image: Image.Image) -> int:
    try:
        return getattr(image, "n_frames", 1)
    except DAMAGE:  # the reader takes the first frame, which may be sound
        return 1


def _orientation(image: Image.Image) -> int:
    try:
        return image.getexif().get(ORIENTATION, 1)
    except DAMAGE:  # the reader takes such a picture as upright
        return 1


def _digest(content: bytes, box: Box | None) -> bytes:
    digest = hashlib.blake2b(content, digest_size=16)
    if box is not None:
        digest.update(repr(box).encode())
    return digest.digest()


def _appearance(picture: Image.Image) -> dict[str, Any]:
    tiny = tiny_copy(picture)
    return {
        "flat": all(high - low <= _FLAT for low, high in picture.getextrema()),  # pyright: ignore
        "contrast": float(tiny.reshape(-1, 3).std(axis=0).max()),
        "dhash": difference_hash(picture),
        "tiny": tiny,
    }
