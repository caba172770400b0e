"""The catalogue: one table, a row a picture, that every dataset reader makes and every other room reads."""

import hashlib
import math
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import pandas as pd

from vsr.errors import DataError, nearest
from vsr.files import written_whole

SPLITS = ("train", "val", "test")
ROLES = ("query", "gallery", "both")
COLUMNS = ("item", "image", "split", "role")
BOX = ("x", "y", "w", "h")
QRELS = ("query", "answer", "gain")
RANGE = ("offset", "length")


class Copies(Protocol):
    """Files that lie elsewhere and are copied below a catalogue's ``root`` when first read."""

    def open(self, image: str) -> BinaryIO:
        """The file ``image``, for reading."""
        ...

    def state(self, image: str) -> str:
        """Another text when the file ``image`` has changed."""
        ...

    def warn_if_tight(self, at_once: int) -> None:
        """Warn when fewer than ``at_once`` files are kept."""
        ...


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
        qrels: relevance by explicit lists, for the splits whose queries they name; labels decide elsewhere.
            Columns ``query`` and ``answer`` (int64 rows) and ``gain``: 0 is junk, which takes no rank.
        copies: brings the files, which lie elsewhere; None when they lie below ``root``.
        missing: rows, of the same columns, that were left out as their pictures are not there; None: none.

    Raises:
        DataError: a needed column is missing, a level or an item repeats, a gain is no number >= 0, a split
            or role is unknown, or ``qrels`` name rows that there are not, or a pair twice.
    """

    table: pd.DataFrame
    levels: tuple[str, ...]
    protocol: str
    root: Path | None = None
    pixels: np.ndarray | None = None
    gains: tuple[float, ...] = field(default=())
    qrels: pd.DataFrame | None = None
    copies: Copies | None = None
    missing: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        for column in (*COLUMNS, *self.levels):
            if column not in self.table.columns:
                raise DataError(
                    f"catalogue {self.protocol} has no column '{column}'{nearest(column, self.table.columns)}"
                )
        self._check_levels()
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
        self._check_gains()
        object.__setattr__(self, "table", self.table.reset_index(drop=True))
        self._check_qrels()

    def __len__(self) -> int:
        return len(self.table)

    def rows(self, split: str, role: str | None = None) -> np.ndarray:
        """Rows (n,) int64, rising, of ``split``; of those that can play ``role`` when it is given."""
        chosen = self.table["split"] == split
        if role is not None:
            chosen &= self.table["role"].isin([role, "both"])
        return np.flatnonzero(chosen.to_numpy())

    def _check_levels(self) -> None:
        if not self.levels:
            raise DataError(f"catalogue {self.protocol} names no label column; give at least one in levels")
        if len(set(self.levels)) < len(self.levels):
            raise DataError(f"data.levels must name each label column once, got {list(self.levels)}")

    def _check_gains(self) -> None:
        if not self.gains:  # the finest level counts most, the coarsest 1
            object.__setattr__(self, "gains", tuple(float(2**n - 1) for n in range(len(self.levels), 0, -1)))
        if len(self.gains) != len(self.levels):
            raise DataError(
                f"catalogue {self.protocol}: gains {self.gains} must be one per level {self.levels}; "
                "set data.gains"
            )
        sound = all(isinstance(gain, Real) and 0 <= gain < math.inf for gain in self.gains)
        if not sound or not any(self.gains):
            raise DataError(f"data.gains must be numbers >= 0, not all 0, got {list(self.gains)}")

    def _check_qrels(self) -> None:
        qrels = self.qrels
        if qrels is None:
            return
        for column in QRELS:
            if column not in qrels.columns:
                raise DataError(f"qrels of {self.protocol} have no column '{column}'")
        rows = qrels[["query", "answer"]].to_numpy()
        if not np.issubdtype(rows.dtype, np.integer) or ((rows < 0) | (rows >= len(self))).any():
            raise DataError(f"qrels of {self.protocol} name rows outside the catalogue's 0..{len(self) - 1}")
        if not (qrels["gain"].to_numpy() >= 0).all():
            raise DataError(f"qrels of {self.protocol}: a gain must be >= 0, where 0 is junk")
        again = qrels.duplicated(["query", "answer"]).to_numpy()
        if again.any():
            query, answer = self.table["item"].to_numpy()[rows[int(np.argmax(again))]]
            raise DataError(f"qrels of {self.protocol}: query '{query}' lists '{answer}' twice")

    @property
    def missing_images(self) -> list[str]:
        """The different pictures of ``missing``, in their order."""
        return [] if self.missing is None else list(dict.fromkeys(self.missing["image"].astype(str)))

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
        """16 hexadecimal digits over items, labels, splits, roles, gains, lists: what is measured."""
        columns = [*COLUMNS, *self.levels, *(c for c in BOX if c in self.table.columns)]
        digest = hashlib.sha256(repr((self.protocol, self.levels, self.gains)).encode())
        digest.update(self.table[columns].to_csv(index=False, lineterminator="\n").encode())
        if self.qrels is not None:
            digest.update(self.qrels[list(QRELS)].to_csv(index=False, lineterminator="\n").encode())
        return digest.hexdigest()[:16]

    def save(self, path: str | Path) -> None:
        """Write the table to ``path`` as Parquet, or CSV when the name ends so."""
        with written_whole(path) as aside:
            if str(path).endswith(".csv"):
                self.table.to_csv(aside, index=False)
            else:
                self.table.to_parquet(aside, index=False)
