"""What lies in each shard, as a table that is made once and kept in the cache."""

import hashlib
import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import track

from vsr.cache import cache_root
from vsr.data.catalogue.catalogue import BOX
from vsr.data.shards.local_copies import Copies
from vsr.data.shards.members import ShardSample, dotted, samples
from vsr.errors import DataError, nearest
from vsr.files import written_whole

log = logging.getLogger(__name__)

VERSION = 2  # of the tables
THREADS = 8  # shards listed at once: on a network drive it is waiting, not work
OPTIONAL = ("item", "split", "role", *BOX)
PLAIN = (str, int, float, bool)


@dataclass(frozen=True)
class _Remote:
    """A remote shard, as something to list."""

    copies: Copies
    name: str

    def __str__(self) -> str:
        return self.copies.shards[self.name].address


def listed(
    shards: Sequence[Path] | Copies, levels: Sequence[str] | None, picture: str | None, cache_dir: str | None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """A row a picture: ``shard`` (place in ``shards``), ``key``, ``offset``, ``length``, labels and so on.

    Listing reads every header of a shard once; its table is kept in the cache until the shard changes. Of a
    remote shard that is a copy of all of it, unless its writer left the table beside it.

    Args:
        shards: paths, or remote ones.
        levels: label columns, fine to coarse; None: those that the shards' writer named, else ``cls``.
        picture: see `vsr.data.shards.members.samples`.
        cache_dir: see `vsr.cache.cache_root`.

    Raises:
        DataError: a shard cannot be read, or has a sample without a label.
    """
    sources = [_Remote(shards, name) for name in shards.names] if isinstance(shards, Copies) else shards
    levels = tuple(levels or _named_levels(sources, picture))
    folder = cache_root(cache_dir) / "shards"
    noted = _noted(shards, levels) if isinstance(shards, Copies) and picture is None else {}

    def one(number: int) -> pd.DataFrame:
        table = noted[number] if number in noted else _of_shard(sources[number], levels, picture, folder)
        return table.assign(shard=number)

    console = Console(stderr=True)
    pool = ThreadPoolExecutor(THREADS)
    try:
        tables = list(
            track(
                pool.map(one, range(len(sources))),
                "listing shards",
                total=len(sources),
                console=console,
                transient=True,
                disable=not console.is_terminal,
            )
        )
    finally:
        pool.shutdown(cancel_futures=True)
    tables = [table for table in tables if len(table)]
    if not tables:
        raise DataError(f"data.shards: the {len(sources)} shards hold no picture; the first is {sources[0]}")
    return pd.concat(tables, ignore_index=True), levels


def table_of(path: Path, levels: Sequence[str], picture: str | None = None) -> pd.DataFrame:
    """A row a picture of the shard at ``path``, as `listed` gives them, by its headers.

    Raises:
        DataError: it cannot be read, or has a sample without a label.
    """
    return pd.DataFrame([_row(path, sample, levels) for sample in samples(path, picture)])


def _named_levels(shards: Sequence[Path | _Remote], picture: str | None) -> tuple[str, ...]:
    """The labels that the writer's index or the first sample names."""
    for shard in shards:
        if isinstance(shard, _Remote) and (index := shard.copies.shards[shard.name].index):
            return index.levels
        with _local(shard) as path:
            sample = next(samples(path, picture), None)
        if sample is None:
            continue
        named = sample.facts.get("levels")
        if named:
            return tuple(map(str, named))
        if "cls" in sample.facts:
            return ("cls",)
        known = [name for name, value in sample.facts.items() if isinstance(value, PLAIN)]
        raise DataError(
            f"data.shards: sample '{sample.key}' of {shard} has no .cls; name its labels in data.levels, "
            f"fine to coarse, out of {', '.join(known) or 'what a .json beside it must hold'}"
            f"{dotted(sample.key, sample.extensions)}"
        )
    raise DataError(f"data.shards: the {len(shards)} shards hold no picture; the first is {shards[0]}")


def _noted(copies: Copies, levels: tuple[str, ...]) -> dict[int, pd.DataFrame]:
    """The tables of those shards whose writer left them in an index with ``levels``, by number."""
    found: dict[int, pd.DataFrame] = {}
    for index in {shard.index for shard in copies.shards.values() if shard.index is not None}:
        table = index.table()
        if table is None or not set(levels) <= set(index.levels):
            continue
        parts = dict(iter(table.drop(columns=list(set(index.levels) - set(levels))).groupby("shard")))
        for number, shard in enumerate(copies.shards.values()):
            name = shard.address.removeprefix(index.address.rstrip("/") + "/")
            if shard.index == index and name in parts:
                found[number] = parts[name].dropna(axis=1, how="all")  # columns of other shards
    return found


@contextmanager
def _local(shard: Path | _Remote) -> Iterator[Path]:
    """The file to list; errors name the shard where it lies."""
    if isinstance(shard, Path):
        yield shard
        return
    with shard.copies.held(shard.name) as path:
        try:
            yield path
        except DataError as error:
            if shard.copies.shards[shard.name].size is None:  # then nothing else told that it was cut off
                path.unlink(missing_ok=True)
            raise DataError(str(error).replace(str(path), str(shard))) from error


def _of_shard(
    shard: Path | _Remote, levels: tuple[str, ...], picture: str | None, folder: Path
) -> pd.DataFrame:
    """The table of one shard, from the cache when it is there."""
    if isinstance(shard, Path):
        stat = os.stat(shard)
        state: tuple[Any, ...] = (str(shard), stat.st_size, stat.st_mtime_ns)
    else:
        state = (shard.copies.state(shard.name),)
    facts = (VERSION, *state, levels, picture)
    file = folder / f"{hashlib.sha256(repr(facts).encode()).hexdigest()[:16]}.parquet"
    try:
        if file.exists():
            return pd.read_parquet(file)
    except (OSError, ValueError) as error:
        log.warning("the cached list of %s cannot be read (%s): listing it again", shard, error)
    with _local(shard) as path:
        table = table_of(path, levels, picture)
    try:
        with written_whole(file) as aside:
            table.to_parquet(aside, index=False)
    except OSError as error:  # it is listed again next time
        log.warning("the list of %s cannot be kept in %s: %s", shard, folder, error)
    return table


def _row(path: Path, sample: ShardSample, levels: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"key": sample.key, "offset": sample.offset, "length": sample.length}
    for level in levels:
        value = sample.facts.get(level)
        if not isinstance(value, PLAIN) or value == "":
            raise DataError(
                f"data.levels: sample '{sample.key}' of {path} has no {level}{nearest(level, sample.facts)}"
                f"{dotted(sample.key, sample.extensions)}"
            )
        row[level] = str(value)
    for name in ("item", "split", "role"):
        if sample.facts.get(name) is not None:
            row[name] = str(sample.facts[name])
    if all(isinstance(sample.facts.get(name), int | float) for name in BOX):
        row |= {name: float(sample.facts[name]) for name in BOX}
    return row
