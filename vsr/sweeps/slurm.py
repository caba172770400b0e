"""Run a sweep on a SLURM cluster: some workers of a job array, each of which is the sweep's own command.

The workers share the sweep's folder, so it must lie where all machines see it. A worker that is preempted or
out of time is put into the queue again and goes on.
"""

import subprocess
from collections.abc import Mapping
from typing import Any

import rich

from vsr.errors import ConfigError
from vsr.extras import library
from vsr.sweeps.local import Commands
from vsr.sweeps.search import Search, Sweep


class Worker:
    """What a SLURM job does.

    Args:
        command: of the sweep, with ``hydra/launcher=local``.
    """

    def __init__(self, command: list[str]) -> None:
        self.command = command

    def __call__(self) -> int:
        """Work until nothing is left to take.

        Returns:
            The command's exit code: 1 where jobs of the sweep failed.
        """
        return subprocess.run(self.command, check=False).returncode

    def checkpoint(self) -> Any:
        """When time is out: the same again."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


class Slurm:
    """A job array of workers.

    Args:
        workers: SLURM jobs, each of which runs one job of the sweep at a time.
        minutes: time limit of each; they are put into the queue again when it is over.
        options: submitit's further parameters, such as ``slurm_partition`` or ``gpus_per_node``.

    Raises:
        ConfigError: a number < 1.
    """

    def __init__(
        self, workers: int = 2, minutes: int = 240, options: Mapping[str, Any] | None = None
    ) -> None:
        for key, value in (("workers", workers), ("minutes", minutes)):
            if value < 1:
                raise ConfigError(f"hydra.launcher.{key} must be >= 1, got {value}")
        self.workers, self.minutes, self.options = workers, minutes, dict(options or {})

    def run(self, sweep: Sweep, search: Search, commands: Commands) -> bool:
        """Submit the workers.

        Returns:
            False: the sweep is still to be run.

        Raises:
            ConfigError: submitit is not installed, there is no SLURM here, or it refuses the options.
        """
        submitit = library("submitit", "hydra/launcher=slurm", "submitit", "slurm")
        from submitit.core.utils import FailedJobError

        try:
            executor = submitit.AutoExecutor(folder=sweep.folder.root / "slurm", cluster="slurm")
            executor.update_parameters(name="sweep", timeout_min=self.minutes, **self.options)
            with executor.batch():
                jobs = [executor.submit(Worker(commands.worker)) for _ in range(self.workers)]
            array = jobs[0].job_id.partition("_")[0]
        except (RuntimeError, NameError, FailedJobError) as error:
            raise ConfigError(f"hydra/launcher=slurm: {error}") from error
        rich.get_console().print(
            f"Submitted SLURM job {array}: {self.workers} workers for {search.total} jobs in "
            f"{sweep.folder.root}; the last of them writes the report.",
            soft_wrap=True,
        )
        return False
