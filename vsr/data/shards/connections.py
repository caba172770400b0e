"""Connections to where shards lie: one of each kind in a process, and patience with those that break."""

import gc
import logging
import os
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import fsspec
import fsspec.config

from vsr.errors import ConfigError, ReadError, nearest
from vsr.extras import package_command

log = logging.getLogger(__name__)
T = TypeVar("T")

WAITS_S = (1.0, 3.0, 10.0, 30.0)  # before each further try
SILENCE_S = 60.0  # without a byte, after which a connection counts as broken
HTTP = ("http", "https")
PASSING = (408, 425, 429)  # of the answers 4xx, those that another try may change
# Of other errors, those that another try does not change; a certificate that does not hold is a ValueError.
FINAL = (
    FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, NotImplementedError,
    ValueError, TypeError, LookupError, AttributeError,
)  # fmt: skip
_MADE: dict[tuple[str, str], Any] = {}  # filesystems with their connections, by kind and host


class RemoteError(ReadError):
    """A shard that cannot be read from its address, or not kept here."""


def filesystem(address: str) -> Any:
    """The fsspec filesystem of ``address``, with the connections of this process.

    Raises:
        ConfigError: its kind is unknown or needs a package that is not installed.
    """
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
        mend = package_command(package)
        raise ConfigError(
            f"data.shards: {address} needs the package {package}, which is missing: {mend}"
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


class Patience:
    """The tries that are left for what is asked of ``address``."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.renew()

    def renew(self) -> None:
        """Count from the first try again."""
        self._waits = iter(WAITS_S)

    def wait(self, error: Exception) -> None:
        """Say what happened and sleep before the next try.

        Raises:
            RemoteError: there is none left, or no sense in it.
        """
        if isinstance(error, ConfigError):
            raise error
        cause = _cause(error)
        answer = _told(cause)
        if not _may_pass(cause):
            raise RemoteError(
                f"data.shards: {self.address} cannot be read: {answer}; mend the address, its rights or what "
                "is there"
            ) from error
        wait_s = next(self._waits, None)
        if wait_s is None:
            raise RemoteError(
                f"data.shards: {self.address} cannot be read after {len(WAITS_S) + 1} tries: {answer}; mend "
                "the connection or the server and start again, what was copied is kept"
            ) from error
        log.warning("%s cannot be read: %s; trying again in %g s", self.address, answer, wait_s)
        time.sleep(wait_s)


def patiently(address: str, work: Callable[[], T]) -> T:
    """What ``work`` returns, tried again when the connection breaks.

    Raises:
        FileNotFoundError: there is nothing.
        RemoteError: it failed each time, or in a way that another try will not change.
    """
    patience = Patience(address)
    while True:
        try:
            return work()
        except Exception as error:  # each filesystem raises its own kinds
            cause = _cause(error)
            if isinstance(cause, FileNotFoundError) or getattr(cause, "status", None) == 404:
                raise FileNotFoundError(address) from error
            patience.wait(error)


def _cause(error: BaseException) -> BaseException:
    """What fsspec's HTTP hides: its info says 'not found' whatever happened."""
    import aiohttp

    cause = error.__cause__
    hidden = isinstance(error, FileNotFoundError) and isinstance(cause, OSError | aiohttp.ClientError)
    return cause if hidden and cause is not None else error


def _may_pass(error: BaseException) -> bool:
    status = getattr(error, "status", None)
    if isinstance(status, int) and status:
        return status >= 500 or status in PASSING
    return not isinstance(error, FINAL)


def _told(error: BaseException) -> str:
    status = getattr(error, "status", None)
    if isinstance(status, int) and status:
        return f"the server answered {status} {getattr(error, 'message', '')}".strip()
    if isinstance(error, FileNotFoundError):
        return "it is not found"
    return " ".join(str(error).split()) or type(error).__name__
