"""What lies in each shard, as a table that is made once and kept in the cache."""

import hashlib
import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import track

from vsr.data.catalogue import BOX
from vsr.data.places import cache_root
from vsr.data.shards.members import ShardSample, samples
from vsr.errors import DataError, nearest
from vsr.files import written_whole

log = logging.getLogger(__name__)

VERSION = 1  # of the tables
THREADS = 8  # shards listed at once: on a network drive it is waiting, not work
OPTIONAL = ("item", "split", "role", *BOX)
PLAIN = (str, int, float, bool)


def listed(
    shards: Sequence[Path], levels: Sequence[str] | None, picture: str | None, cache_dir: str | None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """A row a picture: ``shard`` (place in ``shards``), ``key``, ``offset``, ``length``, labels and so on.

    Listing reads every header of a shard once; its table is kept in the cache until the shard changes.

    Args:
        shards: paths.
        levels: label columns, fine to coarse; None: those that the shards' writer named, else ``cls``.
        picture: see `vsr.data.shards.members.samples`.
        cache_dir: see `vsr.data.places.cache_root`.

    Raises:
        DataError: a shard cannot be read, or has a sample without a label.
    """
    levels = tuple(levels or _named_levels(shards, picture))
    folder = cache_root(cache_dir) / "shards"

    def one(number: int) -> pd.DataFrame:
        return _of_shard(shards[number], levels, picture, folder).assign(shard=number)

    console = Console(stderr=True)
    pool = ThreadPoolExecutor(THREADS)
    try:
        tables = list(
            track(
                pool.map(one, range(len(shards))),
                "listing shards",
                total=len(shards),
                console=console,
                transient=True,
                disable=not console.is_terminal,
            )
        )
    finally:
        pool.shutdown(cancel_futures=True)
    tables = [table for table in tables if len(table)]
    if not tables:
        raise DataError(f"data.shards: the {len(shards)} shards hold no picture; the first is {shards[0]}")
    return pd.concat(tables, ignore_index=True), levels


def _named_levels(shards: Sequence[Path], picture: str | None) -> tuple[str, ...]:
    """The labels that the first sample names."""
    for shard in shards:
        for sample in samples(shard, picture):
            named = sample.facts.get("levels")
            if named:
                return tuple(map(str, named))
            if "cls" in sample.facts:
                return ("cls",)
            known = [name for name, value in sample.facts.items() if isinstance(value, PLAIN)]
            raise DataError(
                f"data.shards: sample '{sample.key}' of {shard} has no .cls; name its labels in data.levels, "
                f"fine to coarse, out of {', '.join(known) or 'what a .json beside it must hold'}"
            )
    raise DataError(f"data.shards: the {len(shards)} shards hold no picture; the first is {shards[0]}")


def _of_shard(path: Path, levels: tuple[str, ...], picture: str | None, folder: Path) -> pd.DataFrame:
    """The table of one shard, from the cache when it is there."""
    stat = os.stat(path)
    facts = (VERSION, str(path), stat.st_size, stat.st_mtime_ns, levels, picture)
    file = folder / f"{hashlib.sha256(repr(facts).encode()).hexdigest()[:16]}.parquet"
    try:
        if file.exists():
            return pd.read_parquet(file)
    except (OSError, ValueError) as error:
        log.warning("the cached list of %s cannot be read (%s): listing it again", path, error)
    rows = [_row(path, sample, levels) for sample in samples(path, picture)]
    table = pd.DataFrame(rows)
    try:
        with written_whole(file) as aside:
            table.to_parquet(aside, index=False)
    except OSError as error:  # it is listed again next time
        log.warning("the list of %s cannot be kept in %s: %s", path, folder, error)
    return table


def _row(path: Path, sample: ShardSample, levels: tuple[str, ...]) -> dict[str, Any]:
    row: dict[str, Any] = {"key": sample.key, "offset": sample.offset, "length": sample.length}
    for level in levels:
        value = sample.facts.get(level)
        if not isinstance(value, PLAIN) or value == "":
            raise DataError(
                f"data.levels: sample '{sample.key}' of {path} has no {level}{nearest(level, sample.facts)}"
            )
        row[level] = str(value)
    for name in ("item", "split", "role"):
        if sample.facts.get(name) is not None:
            row[name] = str(sample.facts[name])
    if all(isinstance(sample.facts.get(name), int | float) for name in BOX):
        row |= {name: float(sample.facts[name]) for name in BOX}
    return row
