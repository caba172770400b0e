"""Which pictures are there more than once: to the last bit, or re-encoded, resized or retouched."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from vsr.data.inspection.fingerprints import TINY
from vsr.data.inspection.near import near_pairs
from vsr.data.inspection.scan import Scan

_BLOCK = 4096  # pairs whose tiny copies are compared at a time: 20 MB
_SHARE = 0.35  # of its contrast, by which any part of a pale picture may differ
_CONTRAST = 2.0  # standard deviation of a tiny copy, of 255, below which its hash is that of noise

Among = Callable[[int, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Copy:
    """A picture and another that is the same.

    Attributes:
        row: of the catalogue.
        other: row of the copy.
        exact: whether they are the same to the last bit.
    """

    row: int
    other: int
    exact: bool


class Copies:
    """Pictures that are the same, as groups of exact copies and the near ones between the groups.

    Args:
        group: (N,) int64: rows of one group are exact copies; -1 for what cannot be read.
        pairs: (P, 2) int64: groups that are near copies of one another, each pair once.
    """

    def __init__(self, group: np.ndarray, pairs: np.ndarray) -> None:
        self.group = group
        self.pairs = pairs
        sound = np.flatnonzero(group >= 0)
        self._order = sound[np.argsort(group[sound], kind="stable")]
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(group[sound]))])
        near = pd.DataFrame(np.concatenate([pairs, pairs[:, ::-1]]), columns=["one", "other"])
        self._near = {int(one): part.to_numpy() for one, part in near.groupby("one")["other"]}  # pyright: ignore

    @cached_property
    def rows(self) -> np.ndarray:
        """Rows, rising, that have any copy."""
        several = np.flatnonzero(np.diff(self._starts) > 1)
        groups = np.union1d(several, np.unique(self.pairs))
        return np.flatnonzero(np.isin(self.group, groups))

    def exact(self, row: int) -> np.ndarray:
        """Rows of the exact copies of ``row``, itself left out."""
        members = self._members(self.group[row])
        return members[members != row]

    def near(self, row: int) -> np.ndarray:
        """Rows, rising, of the near copies of ``row`` and of their exact copies."""
        groups = self._near.get(int(self.group[row]), np.zeros(0, np.int64))
        return np.sort(np.concatenate([np.zeros(0, np.int64), *map(self._members, groups)]))

    def _members(self, group: int) -> np.ndarray:
        return self._order[self._starts[group] : self._starts[group + 1]]

    def of(self, rows: np.ndarray, among: Among) -> Iterator[Copy]:
        """For each of ``rows`` that has one, its first copy that ``among`` accepts, exact ones first.

        Args:
            rows: of the catalogue.
            among: given a row and rows of copies (n,), says which of them (n,) bool count.
        """
        for row in np.intersect1d(rows, self.rows):
            for exact, others in ((True, self.exact(row)), (False, self.near(row))):
                accepted = others[among(row, others)]
                if len(accepted):
                    yield Copy(int(row), int(accepted[0]), exact)
                    break


def find_copies(scan: Scan, distance: int | None, difference: float, workers: int | None = None) -> Copies:
    """Exact copies by digest; near ones by hash, each confirmed with the tiny copies.

    Mirrored, rotated and strongly cropped copies are not found. Pictures that are nearly of one color are
    compared for exact copies only: their hashes are all alike.

    Args:
        scan: of the catalogue.
        distance: bits, of 64, in which the hashes of near copies may differ; None: no search for near copies.
        difference: of 255, by which any of 16 parts of near copies may differ in the mean.
        workers: threads; None: as many as there are cores.

    Raises:
        DataError: there are too many near copies (`near_pairs`).
    """
    group = np.full(len(scan.digests), -1, np.int64)
    sound = np.flatnonzero(scan.sound)
    group[sound], _ = pd.factorize(scan.digests[sound])
    _, first = np.unique(group[sound], return_index=True)
    first = sound[first]  # a row of each group
    if distance is None:
        return Copies(group, np.zeros((0, 2), np.int64))
    contrast = scan.table["contrast"].to_numpy()
    shows = np.flatnonzero(contrast[first] >= _CONTRAST)
    shown = first[shows]

    def confirm(pairs: np.ndarray) -> np.ndarray:
        rows = shown[pairs]  # (p, 2)
        allowed = np.minimum(difference, _SHARE * contrast[rows].min(axis=1))
        return _differences(scan.tiny, rows) <= allowed

    pairs = near_pairs(scan.hashes[shown], distance, workers, confirm)
    return Copies(group, shows[pairs])


def _differences(tiny: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """How much the tiny copies of row pairs (p, 2) differ where they differ most: (p,), of 255.

    That is the largest mean absolute difference of any of 4 × 4 parts in any channel. A product in another
    taste differs from the first in one place; what compression does to a picture is everywhere and small.
    """
    found = [np.zeros(0)]
    parts, side = 4, TINY // 4
    for start in range(0, len(pairs), _BLOCK):
        here, there = (tiny[pairs[start : start + _BLOCK, one]].astype(np.int16) for one in (0, 1))
        away = np.abs(here - there).reshape(-1, parts, side, parts, side, 3)
        found.append(away.mean(axis=(2, 4), dtype=np.float32).max(axis=(1, 2, 3)))
    return np.concatenate(found)
