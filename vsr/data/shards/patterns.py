"""Names of shards: folders, globs, and the braces that WebDataset's users write."""

import glob
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from vsr.data.catalogue.tables import sibling
from vsr.data.shards.remote import RemoteShard, find_remote, is_address
from vsr.errors import ConfigError, DataError

BRACES = re.compile(r"\{([^{}]*)\}")
RANGE = re.compile(r"(\d+)\.\.(\d+)")


def expand(pattern: str) -> Iterator[str]:
    """``a-{08..10}.tar`` and ``{a,b}.tar`` as the names they stand for."""
    found = BRACES.search(pattern)
    if found is None:
        yield pattern
        return
    numbers = RANGE.fullmatch(found[1])
    if numbers:
        first, last = numbers.groups()
        choices = [str(number).zfill(len(first)) for number in range(int(first), int(last) + 1)]
    else:
        choices = found[1].split(",")
    for choice in choices:
        yield from expand(pattern[: found.start()] + choice + pattern[found.end() :])


def find_shards(patterns: str | Sequence[str]) -> list[Path] | list[RemoteShard]:
    """The shards that ``patterns`` name, each once, in order. Of a folder, every .tar below it, sorted.

    Raises:
        ConfigError: some are local and some are not, or the kind of address is not known here.
        DataError: a name or a pattern leads to no file.
        RemoteError: an address cannot be asked.
    """
    given = patterns if isinstance(patterns, list | tuple) else [patterns]
    patterns = [str(one) for one in given]  # a folder called 2018 comes as a number
    remote = [one for one in patterns if is_address(one)]
    if not remote:
        return _find_local(patterns)
    if len(remote) < len(patterns):
        local = next(one for one in patterns if not is_address(one))
        raise ConfigError(f"data.shards must be addresses or local paths, got {remote[0]} and {local}")
    return find_remote(name for pattern in patterns for name in expand(pattern))


def _find_local(patterns: Sequence[str]) -> list[Path]:
    found: list[Path] = []
    for pattern in patterns:
        for name in expand(str(Path(pattern).expanduser())):
            path = Path(name)
            if path.is_dir():
                matches = sorted(path.rglob("*.tar"))
            elif path.is_file():
                matches = [path]
            else:
                matches = [Path(one) for one in sorted(glob.glob(name, recursive=True))]
            if not matches:
                what = "file .tar below" if path.is_dir() else "shard"
                raise DataError(f"data.shards: no {what} {name}{sibling(path)}")
            found += matches
    return list(dict.fromkeys(path.absolute() for path in found))
