"""A job's process, and what came of it.

Every job is a process of its own, on the command line that a person would type: a crash of native code or
memory that runs out is a row rather than the end of the sweep, and nothing of one job is left for the next.
The start-up of some seconds is the price.
"""

import csv
import json
import math
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from vsr.processes import end, start
from vsr.sweeps.folder import SUMMARY, Outcome

OUTPUT = "output.log"
PRUNED = 3  # exit code of a job that its sweep stopped early
_POLL_S = 0.05


class Job:
    """A running process.

    Args:
        command: of the process.
        folder: of the job; what it prints goes to ``output.log`` in it.
        threads: that its libraries may use; None leaves that to them.
        gpu: the one that it sees; None leaves all in sight.
    """

    def __init__(
        self, command: list[str], folder: Path, threads: int | None = None, gpu: int | str | None = None
    ) -> None:
        self.folder, self.gpu, self._started = folder, gpu, time.monotonic()
        environment = dict(os.environ)
        if threads is not None:
            environment |= {f"{one}_NUM_THREADS": str(threads) for one in ("OMP", "MKL", "OPENBLAS")}
        if gpu is not None:
            environment["CUDA_VISIBLE_DEVICES"] = str(gpu)
        with (folder / OUTPUT).open("wb") as log:
            self.process = start(command, stdout=log, stderr=subprocess.STDOUT, env=environment)

    @property
    def seconds(self) -> float:
        """Wall time since the start."""
        return time.monotonic() - self._started

    def stop(self) -> None:
        """Kill it, and the processes it started, if they are still there."""
        end(self.process)


def first_ended(jobs: list[Job]) -> Job:
    """Wait until one of ``jobs`` has ended."""
    while True:
        for job in jobs:
            if job.process.poll() is not None:
                return job
        time.sleep(_POLL_S)


def outcome(folder: Path, code: int, metric: str, direction: str, seconds: float | None) -> Outcome:
    """What a process that ended with ``code`` left in ``folder``."""
    if code == 0:
        return Outcome("complete", final_value(folder, metric), None, seconds)
    if code == PRUNED:
        return Outcome("pruned", best_value(folder, metric, direction), None, seconds)
    return Outcome("failed", None, _error(folder, code), seconds)


def final_value(folder: Path, metric: str) -> float | None:
    """``val/map`` is ``{"val": {"map": …}}`` of ``summary.json``; None where that is no finite number."""
    path = folder / SUMMARY
    if not path.is_file():
        return None
    value: Any = json.loads(path.read_text(encoding="utf-8"))
    split, _, name = metric.partition("/")
    for key in (split, name):
        value = value.get(key) if isinstance(value, dict) else None
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def best_value(folder: Path, metric: str, direction: str) -> float | None:
    """The best of ``metrics.csv``, the untrained network of epoch 0 aside; None where there is none."""
    path = folder / "metrics.csv"
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    values = [float(row[metric]) for row in rows if row.get(metric) and float(row["epoch"]) > 0]
    finite = [value for value in values if math.isfinite(value)]
    return (max if direction == "maximize" else min)(finite, default=None)


def _error(folder: Path, code: int) -> str:
    """The last line that the process printed, or the signal that ended it."""
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    text = (folder / OUTPUT).read_text(encoding="utf-8", errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return (told or lines or [f"exit code {code}"])[-1]
