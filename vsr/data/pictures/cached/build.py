"""Building a cache: measured by the headers, decoded by threads, taken on where a killed process left off."""

import json
import logging
import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
from rich.console import Console
from rich.progress import track

from vsr.data.pictures.cached.layout import RECORD, Layout
from vsr.data.pictures.cached.shrink import Shrink
from vsr.data.pictures.decode import DAMAGE, CataloguePictures, CorruptPictureError
from vsr.errors import ReadError
from vsr.files import write_json, written_whole

log = logging.getLogger(__name__)
T = TypeVar("T")
CHUNK = 64  # pictures decoded and written at a time, and lost at most for each thread when killed


def build(
    folder: Path,
    files: CataloguePictures,
    rows: np.ndarray,
    shrink: Shrink,
    state: str,
    threads: int | None = None,
) -> Layout:
    """Write the pictures of ``rows`` (n,) into ``folder``, which nobody else writes to meanwhile.

    The record is written last, so that a file without it is never taken for whole. A journal beside the
    pixels says which chunks are done, with their checksums: those that still agree are kept.

    Raises:
        OSError: the folder cannot be written or the disk has no room.
    """
    (folder / RECORD).unlink(missing_ok=True)
    _clear(folder, state)
    threads = threads or _processors()
    blank = _measured(files, rows, shrink, f"pixels-{state}.bin", threads)
    pixels, journal = folder / blank.file, folder / f"journal-{state}.jsonl"
    _make_room(pixels, blank, len(rows), shrink)
    checks = _done(journal, pixels, blank)
    left = [first for first in range(0, len(rows), CHUNK) if first not in checks]
    if checks:
        log.info("%d of %d pictures were cached before", sum(map(len, checks.values())), len(rows))
    with open(journal, "a", encoding="utf-8") as lines:

        def chunk(first: int) -> tuple[int, list[int]]:
            return first, _write(pixels, blank, first, files, shrink)

        for first, found in _threaded(chunk, left, threads, "caching pictures"):
            checks[first] = found
            lines.write(json.dumps({"first": first, "checks": found}) + "\n")
            lines.flush()
    layout = _finished(blank, [check for _, found in sorted(checks.items()) for check in found])
    _tell_of_corrupt(files, layout)
    with open(pixels, "r+b") as file:
        os.fsync(file.fileno())
    arrays = f"layout-{state}.npz"
    with written_whole(folder / arrays) as aside:
        parts = {name: getattr(layout, name) for name in ("rows", "widths", "heights", "offsets", "checks")}
        np.savez(aside, **parts)
    facts = {"pictures": len(rows), "bytes": layout.n_bytes, "what": shrink.name}
    write_json(folder / RECORD, {"state": state, "file": layout.file, "layout": arrays, **facts})
    journal.unlink()
    return layout


def _measured(files: CataloguePictures, rows: np.ndarray, shrink: Shrink, name: str, threads: int) -> Layout:
    """Where each picture will lie; those whose header cannot be read have no place."""

    def size(row: int) -> tuple[int, int]:
        if shrink.fixed is not None:
            return shrink.fixed
        try:
            return shrink.size(files.size(row))
        except ReadError:  # not of the picture, which is not to be left out for it
            raise
        except DAMAGE:
            return 0, 0

    sizes = np.array(list(_threaded(size, rows.tolist(), threads, "measuring pictures")), dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(sizes.prod(axis=1) * 3)])
    return Layout(name, rows, sizes[:, 0], sizes[:, 1], offsets, np.full(len(rows), -1, dtype=np.int64))


def _make_room(pixels: Path, layout: Layout, n: int, shrink: Shrink) -> None:
    """The file at its whole length; OSError when the disk is too small for it."""
    there = 0
    if pixels.exists():
        stat = pixels.stat()
        there = getattr(stat, "st_blocks", 0) * 512  # of a file with holes, what is really used
    needed, free = layout.n_bytes - there, shutil.disk_usage(pixels.parent).free
    log.info(
        "caching %d pictures (%s) in %s: %.1f MiB", n, shrink.name, pixels.parent, layout.n_bytes / 2**20
    )
    if needed > free:
        raise OSError(f"{needed / 2**20:.1f} MiB needed, {free / 2**20:.1f} MiB free")
    with open(pixels, "ab") as file:
        file.truncate(layout.n_bytes)


def _write(pixels: Path, layout: Layout, first: int, files: CataloguePictures, shrink: Shrink) -> list[int]:
    """Decode and write a chunk; the checksum of each picture, -1 for one that cannot be decoded."""
    checks: list[int] = []
    # Written, not mapped: on a disk that fills up, writing raises and a mapped page kills the process.
    with open(pixels, "r+b", buffering=0) as file:
        for at in range(first, min(first + CHUNK, len(layout.rows))):
            size = int(layout.widths[at]), int(layout.heights[at])
            try:
                picture = shrink(files(int(layout.rows[at]), shrink.at_least), size) if size[0] else None
            except CorruptPictureError:
                picture = None
            if picture is None:
                checks.append(-1)
                continue
            raw = picture.tobytes()
            file.seek(int(layout.offsets[at]))
            file.write(raw)
            checks.append(zlib.crc32(raw))
    return checks


def _done(journal: Path, pixels: Path, layout: Layout) -> dict[int, list[int]]:
    """Checksums of the chunks that a process before this one wrote, by their first picture."""
    if not journal.exists() or not layout.n_bytes:
        return {}
    written = np.memmap(pixels, dtype=np.uint8, mode="r")
    done: dict[int, list[int]] = {}
    for line in journal.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
            first, checks = int(entry["first"]), [int(check) for check in entry["checks"]]
        except (ValueError, KeyError, TypeError):  # the line at which it was killed
            continue
        agreed = all(
            check < 0 or layout.check(written, first + number) == check for number, check in enumerate(checks)
        )
        if agreed and len(checks) == min(CHUNK, len(layout.rows) - first):
            done[first] = checks
    return done


def _finished(blank: Layout, checks: list[int]) -> Layout:
    """``blank`` with its checksums; pictures that could not be decoded have size 0."""
    kept = np.array(checks, dtype=np.int64) >= 0
    sizes = np.where(kept, blank.widths, 0), np.where(kept, blank.heights, 0)
    return Layout(blank.file, blank.rows, *sizes, blank.offsets, np.array(checks, dtype=np.int64))


def _tell_of_corrupt(files: CataloguePictures, layout: Layout) -> None:
    corrupt = layout.rows[layout.heights == 0]
    if len(corrupt):
        row = int(corrupt[0])
        log.warning(
            "%d of %d pictures cannot be decoded and are not cached; the first is %s (row %d)",
            len(corrupt),
            len(layout.rows),
            files.name(row),
            row,
        )


def _clear(folder: Path, state: str) -> None:
    """Remove what was built, wholly or in part, of files that have changed since."""
    for pattern in ("pixels-*.bin", "journal-*.jsonl", "layout-*.npz"):
        for path in folder.glob(pattern):
            if f"-{state}." not in path.name:
                path.unlink(missing_ok=True)


def _threaded(work: Callable[..., T], on: Iterable[int], threads: int, what: str) -> Iterator[T]:
    """Results in order, with a progress bar where a person watches. Pillow lets other threads run."""
    console = Console(stderr=True)
    pool = ThreadPoolExecutor(threads)
    try:
        given = list(on)
        yield from track(
            pool.map(work, given),
            what,
            total=len(given),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
    finally:  # at Ctrl-C or an error: what waits is not begun
        pool.shutdown(cancel_futures=True)


def _processors() -> int:
    """Processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1
