"""Pictures out of a memory-mapped file that holds them resized, as raw RGB."""

import hashlib
import logging
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from filelock import FileLock, Timeout
from PIL import Image

from vsr.cache import cache_root
from vsr.data.catalogue.catalogue import BOX, RANGE, Catalogue
from vsr.data.pictures.cached.build import build
from vsr.data.pictures.cached.layout import Layout, opened, state_of
from vsr.data.pictures.cached.shrink import Shrink
from vsr.data.pictures.decode import CataloguePictures, Pictures
from vsr.errors import DataError

log = logging.getLogger(__name__)

VERSION = 1  # of the files; another one has folders of its own


class CachedPictures:
    """The pictures of a catalogue by row, read from a cache; from their files where the cache lacks them.

    Worker processes share the pages of the file, whether they are forked or started anew.

    Args:
        path: the file of raw RGB pixels.
        layout: what lies where in it.
        files: the pictures that are not in it.
    """

    def __init__(self, path: Path, layout: Layout, files: CataloguePictures) -> None:
        self.path, self.layout, self.files = path, layout, files
        self._at = np.full(len(files.images), -1, dtype=np.int64)  # catalogue row -> place in the layout
        kept = layout.heights > 0
        self._at[layout.rows[kept]] = np.flatnonzero(kept)
        self._bytes = self._map()

    def __call__(self, row: int, at_least: int | None = None) -> Image.Image | np.ndarray:
        """The pixels (H, W, 3) of ``row`` as they were kept, read-only; decoded where they were not.

        Raises:
            CorruptPictureError: it is not in the cache and cannot be decoded.
        """
        at = int(self._at[row])
        return self.files(row, at_least) if at < 0 else self.layout.view(self._bytes, at)

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the mapped file, whose content pickle would copy."""
        return {**self.__dict__, "_bytes": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Map the file anew."""
        self.__dict__.update(state)
        self._bytes = self._map()

    def _map(self) -> np.ndarray:
        return (
            np.memmap(self.path, dtype=np.uint8, mode="r") if self.layout.n_bytes else np.empty(0, np.uint8)
        )


def cached_pictures(
    catalogue: Catalogue,
    rows: np.ndarray,
    shrink: Shrink,
    cache_dir: str | None = None,
    threads: int | None = None,
) -> Pictures:
    """The pictures of ``rows`` (n,) as ``shrink`` keeps them, built on the first call and read on the next.

    A cache is of one set of pictures and one way of shrinking. It is built again when the size or the time of
    a file changed, and what a killed process had done of it is taken on. Of several processes that want the
    same one, one builds and the others wait. A picture that cannot be decoded is not in it: asking for it
    decodes it, with the error that this gives. Pictures in an array (`Catalogue.pixels`) need no cache and
    get none.

    Args:
        catalogue: with files below ``root``.
        rows: which of its pictures.
        shrink: what is kept of each.
        cache_dir: see `vsr.cache.cache_root`.
        threads: that decode while building; None: as many as there are processors.

    Raises:
        DataError: the folder cannot be written, has no room, or lies where files cannot be locked.
    """
    files = CataloguePictures(catalogue)
    if files.pixels is not None or not len(rows):
        return files
    rows = np.unique(rows)
    folder = cache_root(cache_dir) / f"pictures-{_key(catalogue, rows, shrink)}"
    state = state_of(files, rows)
    found = opened(folder, state, tell=False)
    if found is None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _alone(folder):
                found = opened(folder, state)  # another process may have built it meanwhile
                if found is None:
                    found = build(folder, files, rows, shrink, state, threads)
        except (OSError, NotImplementedError) as error:
            raise DataError(
                f"the pictures cannot be cached in {folder}: {error}; set loader.cache_dir or VSR_CACHE to a "
                "folder that can be written and has room, or loader.cache=false"
            ) from error
    return CachedPictures(folder / found.file, found, files)


def _alone(folder: Path) -> FileLock:
    """A lock that the system takes back however its holder dies."""
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        log.info("another process builds %s: waiting for it", folder)
        lock.acquire()
    return lock


def _key(catalogue: Catalogue, rows: np.ndarray, shrink: Shrink) -> str:
    """16 hexadecimal digits over what is cached, and by what: pictures, boxes, way of shrinking, versions."""
    columns = ["image", *(name for name in (*BOX, *RANGE) if name in catalogue.table.columns)]
    assert catalogue.root is not None
    facts = (VERSION, PIL.__version__, shrink.name, str(catalogue.root.resolve()))
    digest = hashlib.sha256(repr(facts).encode())
    digest.update(catalogue.table[columns].iloc[rows].to_csv(index=False, lineterminator="\n").encode())
    return digest.hexdigest()[:16]
