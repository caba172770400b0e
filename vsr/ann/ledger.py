"""What was measured, a line a measurement: kept when the run is killed, and found when it goes on."""

import json
import os
from pathlib import Path
from typing import Any

Row = dict[str, Any]
BUILD, GRID, SEARCH, FAILURE, SESSION = "build", "grid", "search", "failure", "session"


class Ledger:
    """Measurements in a file of JSON lines, each on disk before more is done.

    A line that a crash cut off is dropped when the file is opened: it was never finished.

    Args:
        path: the file, made when it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes() if path.is_file() else b""
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(path, whole)
        self.rows: list[Row] = [json.loads(line) for line in content[:whole].splitlines()]

    def append(self, row: Row) -> None:
        """Add a measurement, durably."""
        line = (json.dumps(row, ensure_ascii=False) + "\n").encode()
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            os.write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)
        self.rows.append(row)

    def of(self, key: str, kind: str) -> list[Row]:
        """Measurements of one kind of the backend ``key``, the oldest first."""
        return [row for row in self.rows if row["key"] == key and row["kind"] == kind]
