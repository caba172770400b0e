"""The measurements of a comparison, read from ``comparison.json``."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vsr.ann.ledger import Row
from vsr.display.formats import is_number
from vsr.errors import DataError

FORMAT, JSON = 1, "comparison.json"  # as vsr.ann.result_tables writes it, whose import takes PyTorch


@dataclass(frozen=True)
class Measurements:
    """What a comparison of index methods measured.

    Attributes:
        folder: where it was read from.
        about: vectors, machine, versions, command, method of measuring, exact search's task metrics.
        backends: a row per index method: status, build time, memory.
        settings: a row per setting of its search parameters: speed, latency, recall, task metrics.
    """

    folder: Path
    about: Row
    backends: list[Row]
    settings: list[Row]

    @property
    def recall(self) -> str:
        """The recall that speed is compared at, such as ``recall@10``."""
        return f"recall@{self.about['how']['k']}"

    @property
    def task(self) -> str | None:
        """The task metric that speed is compared at; None without labels."""
        return next((name for name in self.about["how"]["metrics"] if name in self.about["exact"]), None)

    @property
    def n(self) -> int:
        """Vectors in the gallery."""
        return int(self.about["vectors"]["n"])

    @property
    def size(self) -> str:
        """``1,000 × 128``: vectors and their width."""
        return f"{self.n:,} × {self.about['vectors']['width']}"

    def of(self, name: str) -> list[Row]:
        """The settings of one index method, in order."""
        return [row for row in self.settings if row["backend"] == name]

    def backend(self, name: str) -> Row:
        """The row of one index method."""
        return next(row for row in self.backends if row["name"] == name)


def read_comparison(folder: str | Path) -> Measurements:
    """Read the comparison in ``folder``.

    Raises:
        DataError: there is none, it did not finish, or its format is another one.
    """
    path = Path(folder) / JSON
    if not path.is_file():
        raise DataError(f"against: {folder} has no {JSON}; give the run folder of a finished compare.py")
    try:
        found = json.loads(path.read_text("utf-8"))
        if found["format"] != FORMAT:
            raise DataError(f"against: {path} has format {found['format']}, not {FORMAT}; measure it again")
        return Measurements(Path(folder), found["about"], found["backends"], found["settings"])
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"against: {path} is not a comparison ({type(error).__name__}: {error})") from error


def column(rows: Sequence[Row], name: str) -> np.ndarray:
    """Values (n,) float64 of a column, NaN where they are missing."""
    return np.array([row[name] if is_number(row.get(name)) else np.nan for row in rows], dtype=np.float64)
