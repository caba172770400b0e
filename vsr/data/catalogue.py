"""The catalogue: one table, a row a picture, that every dataset reader makes and every other room reads."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from vsr.errors import DataError, nearest
from vsr.files import written_whole

SPLITS = ("train", "val", "test")
ROLES = ("query", "gallery", "both")
COLUMNS = ("item", "image", "split", "role")
BOX = ("x", "y", "w", "h")
RANGE = ("offset", "length")


@dataclass(frozen=True)
class Catalogue:
    """Pictures with their labels, splits and roles.

    Attributes:
        table: columns ``item`` (stable unique id), ``image`` (path below ``root``, or an index into
            ``pixels``), ``split`` (train, val, test), ``role`` (query, gallery, both), the label columns,
            and optionally the box ``x y w h`` in pixels. Where ``image`` is a file of many pictures,
            ``offset`` and ``length`` are the bytes of each. Its index is 0..N-1: the *rows*.
        levels: label columns, fine to coarse, such as ``("product", "category")``.
        protocol: name and version of what is measured on it, such as ``toystore/v1``.
        root: folder of the image paths; None when the pictures are in ``pixels``.
        pixels: (M, H, W, 3) uint8, possibly memory-mapped; None when the pictures are files.
        gains: graded relevance of sharing each level, fine to coarse; same length as ``levels``.

    Raises:
        DataError: a needed column is missing, an item repeats, or a split or role is unknown.
    """

    table: pd.DataFrame
    levels: tuple[str, ...]
    protocol: str
    root: Path | None = None
    pixels: np.ndarray | None = None
    gains: tuple[float, ...] = field(default=())

    def __post_init__(self) -> None:
        for column in (*COLUMNS, *self.levels):
            if column not in self.table.columns:
                raise DataError(
                    f"catalogue {self.protocol} has no column '{column}'{nearest(column, self.table.columns)}"
                )
        if not self.levels:
            raise DataError(f"catalogue {self.protocol} names no label column; give at least one in levels")
        for column, known in (("split", SPLITS), ("role", ROLES)):
            strange = set(self.table[column].unique()) - set(known)
            if strange:
                value = sorted(map(str, strange))[0]
                raise DataError(f"catalogue {self.protocol}: {column} '{value}'{nearest(value, known)}")
        if not self.table["item"].is_unique:
            item = self.table.loc[self.table["item"].duplicated(), "item"].iloc[0]
            raise DataError(f"catalogue {self.protocol}: item '{item}' stands in more than one row")
        if (self.root is None) == (self.pixels is None):
            raise DataError(f"catalogue {self.protocol} needs either a root folder or a pixel array")
        if not self.gains:  # the finest level counts most, the coarsest 1
            object.__setattr__(self, "gains", tuple(float(2**n - 1) for n in range(len(self.levels), 0, -1)))
        if len(self.gains) != len(self.levels):
            raise DataError(
                f"catalogue {self.protocol}: gains {self.gains} must be one per level {self.levels}; "
                "set data.gains"
            )
        object.__setattr__(self, "table", self.table.reset_index(drop=True))

    def __len__(self) -> int:
        return len(self.table)

    def rows(self, split: str, role: str | None = None) -> np.ndarray:
        """Rows (n,) int64, rising, of ``split``; of those that can play ``role`` when it is given."""
        chosen = self.table["split"] == split
        if role is not None:
            chosen &= self.table["role"].isin([role, "both"])
        return np.flatnonzero(chosen.to_numpy())

    @cached_property
    def codes(self) -> np.ndarray:
        """Labels (N, L) int64, a column a level, fine to coarse: 0.. in order of first appearance."""
        columns = [pd.factorize(self.table[level])[0].astype(np.int64) for level in self.levels]
        return np.stack(columns, axis=1)

    def names(self, level: str | None = None) -> list[str]:
        """Label of every row as text, at ``level`` (the finest when None)."""
        return self.table[level or self.levels[0]].astype(str).tolist()

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over items, labels, splits, roles, gains: the identity of a measurement."""
        columns = [*COLUMNS, *self.levels, *(c for c in BOX if c in self.table.columns)]
        digest = hashlib.sha256(repr((self.protocol, self.levels, self.gains)).encode())
        digest.update(self.table[columns].to_csv(index=False, lineterminator="\n").encode())
        return digest.hexdigest()[:16]

    def save(self, path: str | Path) -> None:
        """Write the table to ``path`` as Parquet, or CSV when the name ends so."""
        with written_whole(path) as aside:
            if str(path).endswith(".csv"):
                self.table.to_csv(aside, index=False)
            else:
                self.table.to_parquet(aside, index=False)
