"""A measuring process, watched: its memory and its time are bounded, and its peak is noted."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from vsr.processes import end, start

_EVERY_S = 0.02  # between two looks at the memory
WORKER = "vsr.ann.worker"


class LimitError(Exception):
    """A measuring process took more memory or time than it may, or ended unasked."""


def private_mib(pid: int) -> float:
    """Memory of a process in MiB, without the files it maps: the vectors are not the index."""
    memory = psutil.Process(pid).memory_info()
    return (memory.rss - getattr(memory, "shared", 0)) / 2**20  # shared: on Linux alone


class Watched:
    """A worker process at one job.

    Args:
        job: what to measure.
        folder: where the job file and the log of what the process prints go.
        name: of these two.
        memory_mib: more private memory than this, and it is killed.
        seconds: longer than this, and it is killed.
    """

    def __init__(
        self, job: dict[str, Any], folder: Path, name: str, memory_mib: float, seconds: float
    ) -> None:
        self.memory_mib, self.seconds = memory_mib, seconds
        self.peak_mib = 0.0
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.json"
        path.write_text(json.dumps(job), encoding="utf-8")
        self.log = folder / f"{name}.log"
        here = [str(Path(__file__).parents[2]), *sys.path]
        with self.log.open("ab") as log:
            self.process = start(
                [sys.executable, "-m", WORKER, str(path)],
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, here))},
            )
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def events(self) -> Iterator[dict[str, Any]]:
        """What the process says, until it ends; a ``phase`` tells the peak of memory of the one before it.

        Raises:
            LimitError: it went over a limit, or ended with an error that it did not tell.
        """
        started = time.monotonic()
        told = False
        while True:
            try:
                line = self._lines.get(timeout=_EVERY_S)
            except queue.Empty:
                self._look(started)
                continue
            if line is None:
                break
            event = json.loads(line)
            told = event["event"] == "failure"
            if event["event"] == "phase":
                event["peak_mib"] = max(self.peak_mib, event["mib"])
                self.peak_mib = event["mib"]
            yield event
        code = self.process.wait()
        if code and not told:
            raise LimitError(_ending(code, self.log))

    def stop(self) -> None:
        """End the process, whatever it does."""
        end(self.process)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _look(self, started: float) -> None:
        try:
            now = private_mib(self.process.pid)
        except psutil.Error:
            return  # it is ending; its last words are on their way
        self.peak_mib = max(self.peak_mib, now)
        if now > self.memory_mib:
            raise LimitError(f"took {now:,.0f} MiB, more than the limit of {self.memory_mib:,.0f} MiB")
        if time.monotonic() - started > self.seconds:
            raise LimitError(f"took longer than the limit of {self.seconds / 60:.3g} minutes")


def _ending(code: int, log: Path) -> str:
    lines = [line for line in log.read_text("utf-8", errors="replace").splitlines() if line.strip()]
    last = f": {lines[-1][:200]}" if lines else ""
    if code < 0:
        return f"the process was ended by {signal.Signals(-code).name}{last}"
    return f"the process ended with code {code}{last}"
