"""Shards at an address: finding them there, and reading with patience what a connection breaks off."""

import io
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pandas as pd

from vsr.data.shards.connections import HTTP, Patience, filesystem, patiently
from vsr.errors import DataError

log = logging.getLogger(__name__)

INDEX = "shards.json"  # what the writer leaves beside its shards: their names and sizes …
TABLE = "shards.parquet"  # … and what lies where in them
PIECE = 8 * 2**20  # bytes asked for at a time
THREADS = 8  # addresses asked at once: it is waiting, not work
# What a file's state is told by, whichever of them a filesystem gives.
STATES = ("ETag", "etag", "md5Hash", "Last-Modified", "LastModified", "mtime", "updated", "created")


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
    patience = Patience(shard.address)
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
                best = at
                patience.renew()
            if at and isinstance(error, ValueError) and "range requests" in str(error):
                log.warning(
                    "%s cannot be read from byte %d on: copying it from its beginning", shard.address, at
                )
                at = 0
                continue
            patience.wait(error)


def _pieces(shard: RemoteShard, start: int) -> Iterator[bytes]:
    options: dict[str, Any] = {"block_size": PIECE}
    if shard.address.startswith(HTTP):
        options["size"] = shard.size
        if not start:
            options["block_size"] = 0  # one request for all, as not every server gives parts
    with filesystem(shard.address).open(shard.address, "rb", **options) as file:
        file.seek(start)
        while piece := file.read(PIECE):
            yield piece


def _of_folder(address: str) -> Sequence[RemoteShard | str]:
    content = _read(_below(address, INDEX))
    try:
        noted = {} if content is None else json.loads(content)
    except ValueError:  # a server that has a page for everything
        noted = {}
    if isinstance(noted, dict) and {"shards", "levels", "mark"} <= noted.keys():
        index, sizes = Index(address, tuple(noted["levels"])), noted["shards"]
        names = sorted(sizes, key=PurePosixPath)
        return [RemoteShard(_below(address, name), sizes[name], str(noted["mark"]), index) for name in names]
    depth = 1 if address.startswith(HTTP) else None  # following links leads anywhere
    return _listed(address, lambda files, name: files.find(name, maxdepth=depth, detail=True))


def _listed(name: str, find: Callable[[Any, str], dict[str, dict[str, Any]]]) -> list[RemoteShard | str]:
    """What a filesystem lists at ``name``, sorted; addresses alone where it tells no sizes, as HTTP does."""

    def work() -> list[RemoteShard]:
        files = filesystem(name)
        found = find(files, name)
        shards = [(files.unstrip_protocol(one), facts) for one, facts in found.items()]
        return [_described(address, facts) for address, facts in shards if address.endswith(".tar")]

    try:
        shards = patiently(name, work)
    except FileNotFoundError:
        shards = []
    if not shards:
        raise DataError(
            f"data.shards: no shard is listed at {name}, nor an index {INDEX} of python -m vsr.data.shards; "
            "mend the address, or name the shards, as in …/train-{000000..000099}.tar"
        )
    shards.sort(key=lambda shard: PurePosixPath(shard.address))
    return [shard.address if shard.size is None else shard for shard in shards]


def _asked(address: str) -> RemoteShard:
    def work() -> RemoteShard:
        return _described(address, filesystem(address).info(address))

    try:
        return patiently(address, work)
    except FileNotFoundError as error:
        raise DataError(f"data.shards: no shard {address}: the answer is 'not found'; mend it") from error


def _described(address: str, facts: dict[str, Any]) -> RemoteShard:
    state = [str(facts[name]) for name in STATES if facts.get(name) is not None]
    return RemoteShard(address, facts.get("size"), " ".join(state[:1]))


def _read(address: str) -> bytes | None:
    """What lies at ``address``; None when nothing does."""

    def work() -> bytes:
        return filesystem(address).cat_file(address)

    try:
        return patiently(address, work)
    except FileNotFoundError:
        return None


def _below(address: str, name: str) -> str:
    return f"{address.rstrip('/')}/{name}"
