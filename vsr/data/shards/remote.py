"""Shards at an address: finding them there, and reading with patience what a connection breaks off."""

import gc
import io
import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import fsspec
import fsspec.config
import pandas as pd

from vsr.errors import ConfigError, DataError, ReadError, nearest

log = logging.getLogger(__name__)
T = TypeVar("T")

INDEX = "shards.json"  # what the writer leaves beside its shards: their names and sizes …
TABLE = "shards.parquet"  # … and what lies where in them
WAITS_S = (1.0, 2.0, 4.0, 8.0)  # before each further try
SILENCE_S = 60.0  # without a byte, after which a connection counts as broken
PIECE = 8 * 2**20  # bytes asked for at a time
THREADS = 8  # addresses asked at once: it is waiting, not work
HTTP = ("http", "https")
PASSING = (408, 425, 429)  # of the answers 4xx, those that another try may change
# What a file's state is told by, whichever of them a filesystem gives.
STATES = ("ETag", "etag", "md5Hash", "Last-Modified", "LastModified", "mtime", "updated", "created")
_MADE: dict[tuple[str, str], Any] = {}  # filesystems with their connections, by kind and host


class RemoteError(ReadError):
    """A shard that cannot be read from its address, or not kept here."""


@dataclass(frozen=True)
class Index:
    """What the shards' writer noted beside them, in the folder at ``address``."""

    address: str
    levels: tuple[str, ...]

    def table(self) -> pd.DataFrame | None:
        """A row a picture, with the name of its ``shard``; None where it was not copied along.

        Raises:
            RemoteError: it cannot be read.
        """
        content = _read(_below(self.address, TABLE))
        return None if content is None else pd.read_parquet(io.BytesIO(content))


class RemoteShard(NamedTuple):
    """A shard that is not a local file."""

    address: str
    size: int | None  # in bytes; None where the server does not say
    state: str  # another one when the shard has changed
    index: Index | None = None


def is_address(name: str) -> bool:
    """Whether ``name`` is of something else than a local path."""
    return "://" in name


def find_remote(names: Iterable[str]) -> list[RemoteShard]:
    """The shards at addresses: of a shard, of a folder, or globs. Each once, in order.

    Of a folder, those of the writer's index, or else every .tar that the filesystem lists, sorted.

    Raises:
        ConfigError: the kind of address is unknown or needs a package that is not installed.
        DataError: there is no shard.
        RemoteError: what is there cannot be asked.
    """
    found: list[RemoteShard | str] = []
    for name in names:
        if any(sign in name for sign in ("*[" if name.startswith(HTTP) else "*[?")):
            found += _listed(name, lambda files, name: files.glob(name, detail=True))
        elif ".tar" in (name[-4:], urlsplit(name).path[-4:]):
            found.append(name)
        else:
            found += _of_folder(name)
    pool = ThreadPoolExecutor(THREADS)
    try:
        shards = list(pool.map(lambda one: _asked(one) if isinstance(one, str) else one, found))
    finally:  # at an error: what waits is not begun
        pool.shutdown(cancel_futures=True)
    return list({shard.address: shard for shard in shards}.values())


def stream(shard: RemoteShard, start: int) -> Iterator[tuple[int, bytes]]:
    """The bytes of a shard from ``start`` on, each piece with the place where it begins.

    A connection that breaks is made again, from where it broke where the server can; else, the next piece
    begins at 0.

    Raises:
        RemoteError: it broke, again and again, without another byte; or there are more or fewer bytes than
            the server said.
    """
    at = best = start
    waits = iter(WAITS_S)
    while True:
        try:
            for piece in _pieces(shard, at):
                yield at, piece
                at += len(piece)
            if shard.size is None or at == shard.size:
                return
            if at > shard.size:
                raise DataError(f"it has {at} bytes now and had {shard.size} when it was listed")
            raise EOFError(f"it ended after {at} of {shard.size} bytes")
        except Exception as error:  # each filesystem raises its own kinds
            if at > best:  # not the same failure again and again
                best, waits = at, iter(WAITS_S)
            if at and isinstance(error, ValueError) and "range requests" in str(error):
                log.warning(
                    "%s cannot be read from byte %d on: copying it from its beginning", shard.address, at
                )
                at = 0
                continue
            _wait_or_raise(shard.address, error, waits)


def _pieces(shard: RemoteShard, start: int) -> Iterator[bytes]:
    options: dict[str, Any] = {"block_size": PIECE}
    if shard.address.startswith(HTTP):
        options["size"] = shard.size
        if not start:
            options["block_size"] = 0  # one request for all, as not every server gives parts
    with _filesystem(shard.address).open(shard.address, "rb", **options) as file:
        file.seek(start)
        while piece := file.read(PIECE):
            yield piece


def _of_folder(address: str) -> list[RemoteShard]:
    content = _read(_below(address, INDEX))
    try:
        noted = {} if content is None else json.loads(content)
    except ValueError:  # a server that has a page for everything
        noted = {}
    if isinstance(noted, dict) and noted.get("shards"):
        index = Index(address, tuple(noted["levels"]))
        names = sorted(noted["shards"], key=PurePosixPath)
        return [
            RemoteShard(_below(address, name), noted["shards"][name], str(noted["mark"]), index)
            for name in names
        ]
    depth = 1 if address.startswith(HTTP) else None  # following links leads anywhere
    return _listed(address, lambda files, name: files.find(name, maxdepth=depth, detail=True))


def _listed(name: str, find: Callable[[Any, str], dict[str, dict[str, Any]]]) -> list[RemoteShard]:
    """What a filesystem lists at ``name``, sorted."""

    def work() -> list[RemoteShard]:
        files = _filesystem(name)
        found = find(files, name)
        shards = [(files.unstrip_protocol(one), facts) for one, facts in found.items()]
        return [_described(address, facts) for address, facts in shards if address.endswith(".tar")]

    try:
        shards = _patiently(name, work)
    except FileNotFoundError:
        shards = []
    if not shards:
        raise DataError(
            f"data.shards: no shard is listed at {name}, nor an index {INDEX} of python -m vsr.data.shards; "
            "mend the address, or name the shards, as in …/train-{000000..000099}.tar"
        )
    shards.sort(key=lambda shard: PurePosixPath(shard.address))
    # HTTP lists names alone.
    return [shard if shard.size is not None else _asked(shard.address) for shard in shards]


def _asked(address: str) -> RemoteShard:
    def work() -> RemoteShard:
        return _described(address, _filesystem(address).info(address))

    try:
        return _patiently(address, work)
    except FileNotFoundError as error:
        raise DataError(f"data.shards: no shard {address}: the answer is 'not found'; mend it") from error


def _described(address: str, facts: dict[str, Any]) -> RemoteShard:
    state = [str(facts[name]) for name in STATES if facts.get(name) is not None]
    return RemoteShard(address, facts.get("size"), " ".join(state[:1]))


def _read(address: str) -> bytes | None:
    """What lies at ``address``; None when nothing does."""

    def work() -> bytes:
        return _filesystem(address).cat_file(address)

    try:
        return _patiently(address, work)
    except FileNotFoundError:
        return None


def _below(address: str, name: str) -> str:
    return f"{address.rstrip('/')}/{name}"


def _filesystem(address: str) -> Any:
    parts = urlsplit(address)
    made = _MADE.get((parts.scheme, parts.netloc))
    if made is None:
        made = _MADE[parts.scheme, parts.netloc] = _made(address)
    return made


def _close_all() -> None:
    """Before a fork: a child's garbage collector would close the parent's connections (fsspec 2026.9).

    That takes it seconds, and the parent waits for its next answer until `SILENCE_S` are over.
    """
    if _MADE:
        _MADE.clear()
        gc.collect()  # fsspec closes what is no longer referred to


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_close_all)


def _made(address: str) -> Any:
    protocol = address.partition("://")[0]
    try:
        options = _http_options() if protocol in HTTP else {}
        return fsspec.url_to_fs(address, skip_instance_cache=True, **options)[0]
    except ImportError as error:
        package = getattr(error.__cause__, "name", None) or str(error)
        raise ConfigError(
            f"data.shards: {address} needs the package {package}, which is missing: pip install {package}"
        ) from error
    except ValueError as error:
        if protocol in fsspec.available_protocols():
            raise
        raise ConfigError(
            f"data.shards: {address} is of no known kind{nearest(protocol, fsspec.available_protocols())}"
        ) from error


def _http_options() -> dict[str, Any]:
    """For aiohttp, which by itself gives up after five minutes however well it goes and asks no proxy."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=None, sock_connect=SILENCE_S / 2, sock_read=SILENCE_S)
    given = fsspec.config.conf.get("http", {}).get("client_kwargs", {})
    return {"client_kwargs": {"timeout": timeout, "trust_env": True, **given}}


def _patiently(address: str, work: Callable[[], T]) -> T:
    """What ``work`` returns, tried again when the connection breaks.

    Raises:
        FileNotFoundError: there is nothing.
        RemoteError: it failed each time, or in a way that another try will not change.
    """
    waits = iter(WAITS_S)
    while True:
        try:
            return work()
        except Exception as error:  # each filesystem raises its own kinds
            cause = _cause(error)
            if isinstance(cause, FileNotFoundError) or getattr(cause, "status", None) == 404:
                raise FileNotFoundError(address) from error
            _wait_or_raise(address, error, waits)


def _wait_or_raise(address: str, error: Exception, waits: Iterator[float]) -> None:
    """Sleep before the next try; raise when there is none, or no sense in it."""
    if isinstance(error, ConfigError):
        raise error
    cause = _cause(error)
    answer = _told(cause)
    if not _may_pass(cause):
        raise RemoteError(
            f"data.shards: {address} cannot be read: {answer}; mend the address, its rights or what is there"
        ) from error
    wait = next(waits, None)
    if wait is None:
        raise RemoteError(
            f"data.shards: {address} cannot be read after {len(WAITS_S) + 1} tries: {answer}; mend the "
            "connection or the server and start again, what was copied is kept"
        ) from error
    log.warning("%s cannot be read: %s; trying again in %g s", address, answer, wait)
    time.sleep(wait)


def _cause(error: BaseException) -> BaseException:
    """What fsspec's HTTP hides: its info says 'not found' whatever happened."""
    cause = error.__cause__
    hidden = isinstance(error, FileNotFoundError) and isinstance(cause, _connection_errors())
    return cause if hidden and cause is not None else error


def _connection_errors() -> tuple[type[Exception], ...]:
    import aiohttp

    return OSError, EOFError, aiohttp.ClientError


def _may_pass(error: BaseException) -> bool:
    status = getattr(error, "status", None)
    if isinstance(status, int) and status:
        return status >= 500 or status in PASSING
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError | ValueError):
        return False  # a certificate that does not hold is a ValueError, too
    return isinstance(error, _connection_errors())


def _told(error: BaseException) -> str:
    status = getattr(error, "status", None)
    if isinstance(status, int) and status:
        return f"the server answered {status} {getattr(error, 'message', '')}".strip()
    if isinstance(error, FileNotFoundError):
        return "it is not found"
    return " ".join(str(error).split()) or type(error).__name__
