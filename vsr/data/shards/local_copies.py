"""Local copies of remote shards: each made once, whole or not there, and the least used removed."""

import contextlib
import hashlib
import logging
import os
import posixpath
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from urllib.parse import quote, urlsplit

from filelock import AcquireReturnProxy, FileLock, Timeout

from vsr.cache import cache_root
from vsr.data.shards.connections import RemoteError
from vsr.data.shards.remote import RemoteShard, stream
from vsr.errors import DataError

log = logging.getLogger(__name__)

GB = 10**9


class Copies:
    """The copies of ``shards``, made when first asked for.

    Any number of processes and runs share a folder: of those that want the same shard one copies and the
    others wait. A copy that was broken off, even by a kill, goes on where it was. A file that is open stays
    readable though it is removed, and nobody removes what is being copied or listed.

    Args:
        shards: at least one.
        cache_dir: see `vsr.cache.cache_root`; the bound is on all copies in it.
        keep_gb: copies that are kept, in GB (10^9 bytes); the shard in work is one, however large. None: all.
    """

    def __init__(
        self, shards: Sequence[RemoteShard], cache_dir: str | None = None, keep_gb: float | None = None
    ) -> None:
        places = [_place(shard.address) for shard in shards]
        root = posixpath.commonpath([place.parent for place in places])
        self.names = [place.relative_to(root).as_posix() for place in places]
        for name, shard in zip(self.names, shards, strict=True):
            if ".." in PurePosixPath(name).parts:  # its copy would lie outside of the cache
                raise DataError(f"data.shards: {shard.address} must be named without '..'")
        self.shards = dict(zip(self.names, shards, strict=True))
        self.all = cache_root(cache_dir) / "shards" / "copies"
        self.folder = self.all / hashlib.sha256(root.encode()).hexdigest()[:16]
        self.keep = None if keep_gb is None else int(keep_gb * GB)

    def path(self, image: str) -> Path:
        """Where the copy of the shard ``image`` lies, or will."""
        state = hashlib.sha256(self.state(image).encode()).hexdigest()[:8]
        return self.folder / f"{quote(image, safe='/ ')}.{state}"

    def state(self, image: str) -> str:
        """Another text when the shard ``image`` has changed."""
        shard = self.shards[image]
        return f"{shard.address} {shard.size} {shard.state}"

    def open(self, image: str) -> BinaryIO:
        """The shard ``image``, open for reading without a buffer; copied first when it is not there.

        Raises:
            RemoteError: it cannot be read from its address, or not kept here.
        """
        file = self._opened(image)
        if file is None:
            with self.held(image) as path:
                file = open(path, "rb", buffering=0)  # noqa: SIM115 - the caller closes it
        return file

    @contextmanager
    def held(self, image: str) -> Iterator[Path]:
        """The copy of the shard ``image``, which nobody removes meanwhile.

        Raises:
            RemoteError: it cannot be read from its address, or not kept here.
        """
        path = self.path(image)
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(_locked(path))
                file = self._opened(image)
                if file is None:
                    self._copy(image, path)
                else:
                    file.close()
            except (OSError, NotImplementedError) as error:  # what comes from afar is a RemoteError
                raise RemoteError(
                    f"the copy of {self.shards[image].address} cannot be kept in {path.parent}: {error}; set "
                    "data.cache_dir or VSR_CACHE to a folder that can be written and has room, or "
                    "data.keep_gb to keep fewer"
                ) from error
            yield path

    def warn_if_tight(self, at_once: int) -> None:
        """Say so when ``at_once`` shards, read all over, are more than what is kept."""
        sizes = sorted((shard.size or 0 for shard in self.shards.values()), reverse=True)
        needed = sum(sizes[:at_once])
        if self.keep is not None and needed > self.keep:
            log.warning(
                "data.keep_gb=%g keeps fewer than the %d shards (%.3g GB) that training reads all over: they "
                "are copied again and again; set loader.shards_at_once to fewer, or keep more",
                self.keep / GB,
                min(at_once, len(sizes)),
                needed / GB,
            )

    def _opened(self, image: str) -> BinaryIO | None:
        """The copy when it is there and whole; marked as used now."""
        path, size = self.path(image), self.shards[image].size
        try:
            file = open(path, "rb", buffering=0)  # noqa: SIM115 - the caller closes it
        except OSError:  # it is not there, or making it will tell what is wrong
            return None
        if size is not None and os.fstat(file.fileno()).st_size != size:
            file.close()
            return None
        with contextlib.suppress(OSError):  # removed meanwhile, or another user's: it is open all the same
            os.utime(path)
        return file

    def _copy(self, image: str, path: Path) -> None:
        """Copy beside ``path`` and rename; to be called with the lock held."""
        shard, part = self.shards[image], _beside(path, "part")
        there = part.stat().st_size if part.exists() else 0
        if shard.size is None or there > shard.size:
            there = 0
        self._make_room((shard.size or 0) - there)
        log.debug("copying %s%s", shard.address, f" from byte {there} on" if there else "")
        with open(part, "r+b" if part.exists() else "wb") as file:
            file.truncate(there)
            for at, piece in stream(shard, there):
                if at != file.tell():
                    file.truncate(file.seek(at))
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)

    def _make_room(self, needed: int) -> None:
        """Remove the copies, whole or begun, that were not used for longest, until ``needed`` bytes fit."""
        if self.keep is None:
            return
        files = []
        for path in self.all.rglob("*"):
            with contextlib.suppress(FileNotFoundError):  # another process makes room, too
                stat = path.stat()
                if path.is_file() and path.suffix != ".lock":
                    files.append((stat.st_mtime_ns, stat.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total + needed <= self.keep:
                return
            whole = path.with_name(path.name[1:].removesuffix(".part")) if path.suffix == ".part" else path
            try:
                with FileLock(_beside(whole, "lock"), blocking=False):
                    path.unlink(missing_ok=True)
            except (Timeout, PermissionError):  # in use; Windows removes no open file
                continue
            log.debug("removed the copy %s: not used for longest", path)
            total -= size


def _place(address: str) -> PurePosixPath:
    """The path of an address, without the query of a signed one."""
    parts = urlsplit(address)
    return PurePosixPath(f"{parts.scheme}/{parts.netloc}/{parts.path}")


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f".{path.name}.{what}")


def _locked(path: Path) -> AcquireReturnProxy:
    """A held lock, which the system takes back however its holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(_beside(path, "lock"))
    try:
        return lock.acquire(blocking=False)
    except Timeout:
        log.debug("another process copies %s: waiting for it", path.name)
        return lock.acquire()
