"""Run a sweep's jobs on this machine, one after the other or several at once."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import rich

from vsr.errors import ConfigError
from vsr.sweeps.folder import ENDED, SUMMARY, Outcome, Trial
from vsr.sweeps.job import Job, final_value, first_ended, outcome
from vsr.sweeps.search import Search, Sweep


@dataclass
class Commands:
    """The command lines of a sweep.

    Attributes:
        job: that of a trial with so many threads, None for as many as it likes.
        worker: that which works on this sweep from another process.
    """

    job: Callable[[Trial, int | None], list[str]]
    worker: list[str]


class Local:
    """Processes on this machine.

    Args:
        processes: jobs at once.
        threads: of each; None divides the cores between them.
        gpus: numbers of those that jobs share out between them, one to a job; None leaves all in sight.

    Raises:
        ConfigError: a number < 1.
    """

    def __init__(
        self, processes: int = 1, threads: int | None = None, gpus: Sequence[int | str] | None = None
    ) -> None:
        for key, value in (("processes", processes), ("threads", threads)):
            if value is not None and value < 1:
                raise ConfigError(f"hydra.launcher.{key} must be >= 1, got {value}")
        self.processes, self.gpus = processes, list(gpus or [])
        self.threads = threads or (max(1, _cores() // processes) if processes > 1 else None)

    def run(self, sweep: Sweep, search: Search, commands: Commands) -> bool:
        """Run jobs until none is left to take.

        Returns:
            True: the sweep is at its end, as far as this process can bring it.
        """
        run = _Run(self, sweep, search, commands)
        try:
            while run.fill():
                run.wait()
        finally:
            for job, _ in run.running:
                job.stop()
        return True


class _Run:
    """The jobs that are running, and the lines that tell of those that ended."""

    def __init__(self, launcher: Local, sweep: Sweep, search: Search, commands: Commands) -> None:
        self.launcher, self.sweep, self.search, self.commands = launcher, sweep, search, commands
        self.running: list[tuple[Job, Trial]] = []
        self._started, self._ran = time.monotonic(), 0

    def fill(self) -> bool:
        """Start jobs while there is room; whether any is running."""
        while len(self.running) < self.launcher.processes:
            trial = self.search.take()
            if trial is None:
                break
            known = self._known(trial)
            if known is None:
                self._start(trial)
            else:
                self._end(trial, known)
        return bool(self.running)

    def wait(self) -> None:
        """Wait for one of them to end."""
        ended = first_ended([job for job, _ in self.running])
        trial = next(trial for job, trial in self.running if job is ended)
        self.running = [one for one in self.running if one[0] is not ended]
        ended.stop()  # what it may have left running
        self._ran += 1
        code = ended.process.returncode
        self._end(trial, outcome(ended.folder, code, self.sweep.metric, self.sweep.direction, ended.seconds))

    def _known(self, trial: Trial) -> Outcome | None:
        """What came of the job, if its end was not told because we were killed just then."""
        folder = self.sweep.folder
        before = folder.outcome(trial.number)
        if before is None or (before.state in ENDED and not self.search.guided):
            return None  # a failed job of a grid is tried again
        if before.state in ENDED:
            return before
        if (folder.job(trial.number) / SUMMARY).is_file():
            return Outcome("complete", final_value(folder.job(trial.number), self.sweep.metric))
        return None

    def _start(self, trial: Trial) -> None:
        folder, values = self.sweep.folder, self.sweep.space.values(trial.point)
        folder.clear(trial.number, keep=self.sweep.resumes)
        folder.put_down(trial.number, values, Outcome("running"))
        threads, taken = self.launcher.threads, [job.gpu for job, _ in self.running]
        gpu = min(self.launcher.gpus, key=taken.count, default=None)  # that of the fewest jobs
        command = self.commands.job(trial, threads)
        self.running.append((Job(command, folder.job(trial.number), threads, gpu), trial))

    def _end(self, trial: Trial, found: Outcome) -> None:
        if found.state == "complete" and found.value is None and self.search.guided:
            found = Outcome("failed", None, f"it measured no {self.sweep.metric}", found.seconds)
        values = self.sweep.space.values(trial.point)
        self.sweep.folder.put_down(trial.number, values, found)  # first: the search can hear of it again
        self.search.tell(trial, found)
        trial.lock.release()
        self._say(trial, found)

    def _say(self, trial: Trial, found: Outcome) -> None:
        from vsr.display.trial_line import (
            trial_line,  # here: jobs, which say nothing, need not load Matplotlib
        )

        ended = self.sweep.folder.ended()
        line = trial_line(
            number=trial.number,
            done=(len(ended), self.search.total),
            overrides=self.sweep.space.values(trial.point),
            state=found.state,
            metric=self.sweep.metric,
            value=found.value,
            best=best(ended, self.sweep.direction),
            error=found.error,
            seconds_left=self._left(len(ended)),
        )
        rich.get_console().print(line, soft_wrap=True)

    def _left(self, ended: int) -> float | None:
        """Seconds until the end at the pace of this process so far."""
        if self._ran == 0:
            return None
        return (time.monotonic() - self._started) / self._ran * max(0, self.search.total - ended)


def best(ended: dict[int, Outcome], direction: str) -> tuple[int, float] | None:
    """Number and value of the best finished job, the first of equals."""
    values = {number: one.value for number, one in ended.items() if one.state == "complete"}
    known = [(number, value) for number, value in values.items() if value is not None]
    sign = 1 if direction == "maximize" else -1
    return max(known, key=lambda one: sign * one[1], default=None)


def _cores() -> int:
    """Cores that this process may use: a scheduler may give it fewer than there are."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1
