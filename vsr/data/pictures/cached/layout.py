"""Where each picture lies in the file of a cache, and whether the file is whole."""

import hashlib
import json
import logging
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vsr.data.pictures.decode import CataloguePictures

log = logging.getLogger(__name__)

RECORD = "record.json"
CHECKED = 64  # pictures whose checksum is compared on opening, evenly spread


@dataclass(frozen=True)
class Layout:
    """n pictures one after the other, each height × width × 3 bytes.

    Attributes:
        file: name of the file.
        rows: (n,) int64 catalogue rows, rising.
        widths, heights: (n,) int64 pixels; 0 for a picture that is not kept, as it cannot be decoded.
        offsets: (n + 1,) int64 byte at which each picture begins, and the last ends.
        checks: (n,) int64 CRC-32 of each picture; -1 where none is kept.
    """

    file: str
    rows: np.ndarray
    widths: np.ndarray
    heights: np.ndarray
    offsets: np.ndarray
    checks: np.ndarray

    @property
    def n_bytes(self) -> int:
        """Length of the file."""
        return int(self.offsets[-1])

    def view(self, pixels: np.ndarray, at: int) -> np.ndarray:
        """Picture ``at``, (H, W, 3) uint8, in the bytes ``pixels`` of the file; not copied."""
        height, width, first = int(self.heights[at]), int(self.widths[at]), int(self.offsets[at])
        return np.asarray(pixels[first : first + height * width * 3]).reshape(height, width, 3)

    def check(self, pixels: np.ndarray, at: int) -> int:
        """CRC-32 of the bytes of picture ``at``."""
        return zlib.crc32(self.view(pixels, at).tobytes())


def state_of(files: CataloguePictures, rows: np.ndarray) -> str:
    """16 hexadecimal digits over length and time of change of the files that hold ``rows`` (n,)."""
    digest = hashlib.sha256()
    first: dict[str, int] = {}  # row of each file
    for row in rows.tolist():
        first.setdefault(str(files.images[row]), row)
    for row in first.values():
        digest.update(f"{files.state(row)}\n".encode())
    return digest.hexdigest()[:16]


def opened(folder: Path, state: str, tell: bool = True) -> Layout | None:
    """The cache in ``folder``, or None when there is none of ``state`` that is whole; logged if ``tell``."""
    level = logging.WARNING if tell else logging.DEBUG
    if not (folder / RECORD).exists():
        return None
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if record["state"] != state:
            log.log(level, "the pictures cached in %s have changed: caching them again", folder)
            return None
        with np.load(folder / record["layout"]) as arrays:
            parts = (arrays[name] for name in ("rows", "widths", "heights", "offsets", "checks"))
            layout = Layout(record["file"], *parts)
        if _is_whole(folder / layout.file, layout):
            return layout
        log.log(level, "the pictures cached in %s are damaged: caching them again", folder)
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        log.log(level, "the cache in %s cannot be read (%s): caching its pictures again", folder, error)
    return None


def _is_whole(path: Path, layout: Layout) -> bool:
    if path.stat().st_size != layout.n_bytes:
        return False
    kept = np.flatnonzero(layout.heights)
    if not len(kept):
        return True
    pixels = np.memmap(path, dtype=np.uint8, mode="r")
    chosen = np.unique(np.linspace(0, len(kept) - 1, min(CHECKED, len(kept))).astype(int))
    return all(layout.check(pixels, at) == int(layout.checks[at]) for at in kept[chosen].tolist())
