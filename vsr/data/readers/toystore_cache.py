"""The drawn pixels on disk: a folder an order, either whole or drawn again."""

import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from vsr.cache import cache_root
from vsr.data.readers.toystore_workers import draw_into
from vsr.errors import DataError
from vsr.files import write_json
from vsr.toystore import VERSION, Order

log = logging.getLogger(__name__)
CHECKED = 2048  # pictures read to recognize a file, evenly spread; all of them in a smaller store
ABANDONED_S = 24 * 3600  # age from which a half-drawn file belongs to a process that was killed


def pixels(order: Order, cache_dir: str | None = None, processes: int | None = None) -> np.ndarray:
    """The pictures of ``order``, (M, H, W, 3) uint8, memory-mapped and read-only; drawn when not there yet.

    Raises:
        DataError: the cache folder cannot be written or has no room.
    """
    name = hashlib.sha256(repr((VERSION, *order)).encode()).hexdigest()[:16]
    folder = cache_root(cache_dir) / f"toystore-{name}"
    found = _opened(folder, order)
    if found is not None:
        return found
    if (folder / "record.json").exists():
        log.warning("the cached toystore in %s is damaged: drawing it again", folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_room(folder, order)
        _draw(folder, order, processes)
    except OSError as error:
        raise DataError(
            f"the toystore cannot be drawn into {folder}: {error}; "
            "set VSR_CACHE or data.cache_dir to a folder that can be written and has room"
        ) from error
    return np.load(folder / "pixels.npy", mmap_mode="r")


def _opened(folder: Path, order: Order) -> np.ndarray | None:
    """The cached pictures, or None when there are none that are whole."""
    file, record = folder / "pixels.npy", folder / "record.json"
    if not file.exists() or not record.exists():
        return None
    try:
        array = np.load(file, mmap_mode="r")
        known = json.loads(record.read_text(encoding="utf-8"))["fingerprint"]
        if array.shape == order.shape and array.dtype == np.uint8 and fingerprint(array) == known:
            return array
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        log.info("cannot read %s: %s", folder, error)
    return None


def fingerprint(array: np.ndarray) -> str:
    """16 hexadecimal digits over the shape and over at most `CHECKED` pictures, evenly spread."""
    digest = hashlib.sha256(repr(array.shape).encode())
    for at in np.unique(np.linspace(0, len(array) - 1, min(CHECKED, len(array))).astype(int)):
        digest.update(array[at].tobytes())
    return digest.hexdigest()[:16]


def _draw(folder: Path, order: Order, processes: int | None) -> None:
    """Draw beside the final name and rename, unless another process was first."""
    handle, name = tempfile.mkstemp(dir=folder, prefix=".drawing-", suffix=".npy")
    os.close(handle)
    aside = Path(name)
    try:
        blank = np.lib.format.open_memmap(aside, mode="w+", dtype=np.uint8, shape=order.shape)
        offset = blank.offset
        del blank
        draw_into(aside, offset, order, processes)
        if _opened(folder, order) is None:
            mark = fingerprint(np.load(aside, mmap_mode="r"))
            os.chmod(aside, 0o644)
            os.replace(aside, folder / "pixels.npy")
            write_json(folder / "record.json", {"version": VERSION, **order._asdict(), "fingerprint": mark})
    finally:
        aside.unlink(missing_ok=True)


def _check_room(folder: Path, order: Order) -> None:
    """Raise OSError when the disk is too small; clear away what killed processes left."""
    for left in folder.glob(".drawing-*"):
        if time.time() - left.stat().st_mtime > ABANDONED_S:
            left.unlink(missing_ok=True)
    needed, free = int(np.prod(order.shape)), shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(f"{needed / 2**20:.0f} MiB needed, {free / 2**20:.0f} MiB free")
