"""A sweep's folder: what is swept, and a job's folder with what came of it.

Several processes, on several machines where they share the disk, may work on one folder. A job belongs to
the process that holds its lock, which the system releases however that process ends.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from vsr.errors import ConfigError
from vsr.files import write_json
from vsr.sweeps.space import Point

SWEEP, TRIAL, SUMMARY, LOCKS = "sweep.json", "trial.json", "summary.json", ".locks"
ENDED = ("complete", "pruned", "failed")


@dataclass
class Outcome:
    """What came of a job; ``trial.json`` beside number and overrides.

    Attributes:
        state: complete, pruned, failed or running.
        value: of the sweep's metric; None where it was not measured.
        error: one line, of what failed.
        seconds: wall time.
    """

    state: str
    value: float | None = None
    error: str | None = None
    seconds: float | None = None


@dataclass
class Trial:
    """A job that this process holds.

    Attributes:
        number: of the job, and the name of its folder.
        point: what it tries.
        lock: held until it is told what came of it.
    """

    number: int
    point: Point
    lock: FileLock


class SweepFolder:
    """The folder of one sweep.

    Args:
        root: the folder; it may be there from an earlier start.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def open(self, about: dict[str, Any]) -> None:
        """Put down what is swept, or see that it is what was swept here before.

        Raises:
            ConfigError: the folder is that of another sweep.
        """
        with self.alone():
            path = self.root / SWEEP
            if not path.is_file():
                write_json(path, about)
                return
            before = json.loads(path.read_text(encoding="utf-8"))
        now = json.loads(json.dumps(about))
        for key in ("metric", "direction", "sampler", "space", "fixed"):
            if before.get(key) != now.get(key):
                then, here = json.dumps(before.get(key)), json.dumps(now.get(key))
                raise ConfigError(
                    f"{self.root} holds another sweep: its {key} is {then}, here it is {here}; "
                    "give another hydra.sweep.dir"
                )

    def job(self, number: int) -> Path:
        """The folder of a job."""
        return self.root / str(number)

    def claim(self, number: int) -> FileLock | None:
        """The lock of a job, or None while another process has it."""
        lock = self._lock(str(number))
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return None
        return lock

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from choosing the next job."""
        with self._lock("next"):
            yield

    def clear(self, number: int, keep: bool = False) -> None:
        """Empty a job's folder of what a killed process left in it, unless the job goes on from that.

        Raises:
            ConfigError: it is no job's folder.
        """
        folder = self.job(number)
        if folder.exists() and any(folder.iterdir()):
            if not (folder / TRIAL).is_file():
                raise ConfigError(f"{folder} is not a job of this sweep; give another hydra.sweep.dir")
            if not keep:
                shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)

    def put_down(self, number: int, overrides: dict[str, Any], outcome: Outcome) -> None:
        """Write a job's ``trial.json``."""
        write_json(self.job(number) / TRIAL, {"number": number, "overrides": overrides, **asdict(outcome)})

    def outcome(self, number: int) -> Outcome | None:
        """What came of a job; None before its first start."""
        path = self.job(number) / TRIAL
        if not path.is_file():
            return None
        told = json.loads(path.read_text(encoding="utf-8"))
        return Outcome(told["state"], told["value"], told["error"], told["seconds"])

    def ended(self) -> dict[int, Outcome]:
        """Outcomes of the jobs that came to an end, by number."""
        numbers = sorted(int(path.parent.name) for path in self.root.glob(f"[0-9]*/{TRIAL}"))
        found = {number: self.outcome(number) for number in numbers}
        return {number: one for number, one in found.items() if one is not None and one.state in ENDED}

    def _lock(self, what: str) -> FileLock:
        (self.root / LOCKS).mkdir(parents=True, exist_ok=True)
        return FileLock(self.root / LOCKS / what)
