"""Tar shards as a catalogue: the labels in memory, the pictures where they are."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from vsr.data.catalogue.catalogue import BOX, Catalogue
from vsr.data.catalogue.splits import check_fractions
from vsr.data.names import not_utf8
from vsr.data.readers.folder import SPLIT_FOLDERS, split_table
from vsr.data.shards.local_copies import Copies
from vsr.data.shards.patterns import find_shards
from vsr.data.shards.remote import RemoteShard
from vsr.data.shards.shard_table import listed
from vsr.errors import ConfigError, DataError

WORDS = re.compile(r"[a-z]+")


class Shards:
    """Reads tar shards in the WebDataset layout as a catalogue.

    A sample is a picture with a ``.cls`` (its label) or a ``.json`` of labels, and perhaps of ``item``,
    ``split``, ``role`` and the box ``x y w h``, as `vsr.data.shards.write_shards` writes them. Without a
    ``split`` in the samples, shards named for one (``train-000.tar``, ``val/000.tar``) are it; else one is
    made that is disjoint by the finest label, as `vsr.data.readers.Folder` makes it.

    Shards at an address (``https://…``, ``s3://…``, whatever fsspec knows) are copied to the cache one by
    one, when something in them is first read: `vsr.data.shards.Copies`. Local ones are not copied.

    Each shard is listed once, by its headers. After that pictures are read by their byte ranges from wherever
    the shards lie, a network drive for instance: an epoch has exactly the batches that the same pictures as
    files would give, is dealt out over ranks and workers without a picture twice, and resumes within. In
    memory there are about 300 bytes a picture.

    Args:
        shards: a folder, a path, a glob, or ``photos-{000..127}.tar``; or several of them. All may be
            addresses; of a folder that its server does not list, the index of the shards' writer is read.
        levels: label columns, fine to coarse; None: those that the shards' writer named, else ``cls``.
        picture: extension of the picture, where samples have several.
        gains: relevance of sharing each level, fine to coarse; None: 2^n - 1 counted from the coarsest.
        splits: shares of the labels for train, val and test where they are made.
        seed: of the split that is made.
        image_size: stored for who reads the configuration; the transforms resize.
        cache_dir: for the lists of the shards and copies of remote ones; None: `vsr.cache.cache_root`.
        keep_gb: of those copies, in GB (10^9 bytes), > 0; the least recently used are removed. None: all.

    Raises:
        ConfigError: no ``shards`` are given, ``splits`` are not shares, or ``keep_gb`` is not > 0.
    """

    def __init__(
        self,
        shards: str | Sequence[str] | None = None,
        levels: Sequence[str] | None = None,
        picture: str | None = None,
        gains: Sequence[float] | None = None,
        splits: Sequence[float] = (0.6, 0.15, 0.25),
        seed: int = 0,
        image_size: int = 160,
        cache_dir: str | None = None,
        keep_gb: float | None = None,
    ) -> None:
        if not shards:
            raise ConfigError("data.shards must name tar files or their folder; give data.shards=…")
        if keep_gb is not None and not keep_gb > 0:
            raise ConfigError(f"data.keep_gb must be > 0, or null to keep all, got {keep_gb}")
        check_fractions(splits)
        self.shards = shards
        self.levels = None if levels is None else tuple(levels)
        self.picture = picture
        self.gains = tuple(gains or ())
        self.splits = tuple(splits)
        self.seed = seed
        self.image_size = image_size
        self.cache_dir = cache_dir
        self.keep_gb = keep_gb

    def read(self) -> Catalogue:
        """The catalogue; pictures are listed, not opened.

        Raises:
            DataError: no shard is found, one is cut off or damaged, a sample has no label, a split or role is
                given for some samples only, or there is one label only.
            RemoteError: an address cannot be read.
        """
        found = find_shards(self.shards)
        paths = [one for one in found if isinstance(one, Path)]
        remote = [one for one in found if isinstance(one, RemoteShard)]
        copies = Copies(remote, self.cache_dir, self.keep_gb) if remote else None
        root = copies.folder if copies else Path(os.path.commonpath([path.parent for path in paths]))
        below = copies.names if copies else [path.relative_to(root).as_posix() for path in paths]
        wrong = not_utf8(below, str(root))
        if wrong:
            raise DataError(f"data.shards: {wrong}")
        table, levels = listed(copies or paths, self.levels, self.picture, self.cache_dir)
        names = np.array(below, dtype=object)
        table = table.assign(image=names[table["shard"]])
        for name in ("item", "split", "role"):
            _check_complete(table, name)
        if "item" not in table:
            table["item"] = table["image"] + "/" + table["key"]
        if "split" not in table:
            by_name = [_split_of(name) for name in names]
            if all(by_name):
                table["split"] = np.array(by_name, dtype=object)[table["shard"]]
        labels = table[levels[0]].tolist()
        if len(set(labels)) < 2:
            raise DataError(
                f"all {len(table)} pictures of data.shards have the same {levels[0]} '{labels[0]}'; search "
                "needs at least two, so name another column in data.levels"
            )
        boxes = [name for name in BOX if name in table]
        kept = ["item", "image", *(name for name in ("split", "role") if name in table), *levels, *boxes]
        table = table.loc[:, [*kept, "offset", "length"]]
        table, protocol = split_table(table, labels, self.splits, self.seed)
        return Catalogue(table, levels, f"shards/{protocol}", root, gains=self.gains, copies=copies)


def _check_complete(table: pd.DataFrame, name: str) -> None:
    if name not in table:
        return
    empty = table[name].isna().to_numpy()
    if empty.any():
        row = table.iloc[int(np.argmax(empty))]
        raise DataError(
            f"data.shards: {empty.sum()} of {len(table)} samples have no {name} and others have one; the "
            f"first is '{row['key']}' of {row['image']}"
        )


def _split_of(shard: str) -> str | None:
    """The split that a word of the shard's path names, such as ``train-000.tar``; None without one."""
    words = {SPLIT_FOLDERS[word] for word in WORDS.findall(shard.lower()) if word in SPLIT_FOLDERS}
    return words.pop() if len(words) == 1 else None
