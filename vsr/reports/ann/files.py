"""``comparison.json`` read back."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsr.errors import DataError

FORMAT = 1
JSON = "comparison.json"

Row = dict[str, Any]


@dataclass(frozen=True)
class Comparison:
    """What a comparison measured.

    Attributes:
        folder: where it was read from.
        about: vectors, machine, versions, command, how it was measured, exact search's task metrics.
        backends: a row an index method: status, build time, memory.
        settings: a row a setting of its search knobs: speed, latency, recall, task metrics.
    """

    folder: Path
    about: Row
    backends: list[Row]
    settings: list[Row]

    @property
    def recall(self) -> str:
        """The recall that speed is held against, such as ``recall@10``."""
        return f"recall@{self.about['how']['k']}"

    @property
    def task(self) -> str | None:
        """The task metric that speed is held against; None without labels."""
        return next((name for name in self.about["how"]["metrics"] if name in self.about["exact"]), None)

    @property
    def n(self) -> int:
        """Vectors in the gallery."""
        return int(self.about["vectors"]["n"])

    def of(self, name: str) -> list[Row]:
        """The settings of one index method, in their order."""
        return [row for row in self.settings if row["backend"] == name]

    def backend(self, name: str) -> Row:
        """The row of one index method."""
        return next(row for row in self.backends if row["name"] == name)


def read_comparison(folder: str | Path) -> Comparison:
    """Read the comparison in ``folder``.

    Raises:
        DataError: there is none, it was not finished, or it is of another format.
    """
    path = Path(folder) / JSON
    if not path.is_file():
        raise DataError(
            f"against: there is no {JSON} in {folder}; give the run folder of a finished compare.py"
        )
    try:
        found = json.loads(path.read_text("utf-8"))
        if found["format"] != FORMAT:
            raise DataError(f"against: {path} is of format {found['format']}; measure it again")
        return Comparison(Path(folder), found["about"], found["backends"], found["settings"])
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"against: {path} is no comparison ({type(error).__name__}: {error})") from error
