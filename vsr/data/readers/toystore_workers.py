"""Drawing a store on all processors.

Workers are plain child processes that run `vsr.toystore` alone. A process pool would import the
caller's script and PyTorch again in every worker, seconds each, and would need the script to be guarded.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from vsr.processes import end, start
from vsr.toystore import CANNOT_WRITE, Order, write

log = logging.getLogger(__name__)
PICTURE_S = 0.011  # about what one picture of 96 x 96 takes one processor
WORTHWHILE_S = 1.5  # of work: below it, starting workers costs more than they save
WATCHED_S = 2.0  # of waiting: above it, a person is shown how far it is


def draw_into(file: Path, offset: int, order: Order, processes: int | None = None) -> None:
    """Draw all of ``order`` into ``file``, whose pictures begin at byte ``offset``.

    Args:
        file: exists already, at its full size.
        offset: of the first picture.
        order: what to draw.
        processes: how many to draw with; None takes what the machine and the amount of work suggest.

    Raises:
        OSError: the file cannot be written, for instance because the disk is full.
    """
    work = order.shape[0] * PICTURE_S * (0.35 + 0.65 * (order.size / 96) ** 2)
    if processes is None:
        processes = 1 if work < WORTHWHILE_S else min(_processors(), order.products)
    log.info("drawing %d pictures of %d pixels with %d processes", order.shape[0], order.size, processes)
    drawn = write(order, range(order.products), file, offset)
    if processes > 1 and sys.executable:
        drawn = _together(file, offset, order, processes)
    console = Console(stderr=True)
    watched = console.is_terminal and work / processes > WATCHED_S
    with Progress(console=console, transient=True, disable=not watched) as progress:
        task = progress.add_task("drawing the toystore", total=order.products)
        for _ in drawn:
            progress.advance(task)


def _processors() -> int:
    """Processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1


def _together(file: Path, offset: int, order: Order, processes: int) -> Iterator[int]:
    """Yield a number for every product that the workers have drawn."""
    path = os.pathsep.join(filter(None, [str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH")]))
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    environment = {**os.environ, **one_thread, "PYTHONPATH": path}
    reading, writing = os.pipe()
    workers: list[subprocess.Popen[bytes]] = []
    said = ""
    try:
        with os.fdopen(reading) as lines:
            try:
                for first in range(processes):
                    numbers = map(str, (offset, first, processes, *order))
                    command = [sys.executable, "-m", "vsr.toystore", str(file), *numbers]
                    workers.append(start(command, stdout=writing, stderr=writing, env=environment))
            finally:
                os.close(writing)
            for line in lines:  # ends when the last worker has closed its end
                if line.strip().isdigit():
                    yield int(line)
                else:
                    said += line
        codes = {worker.wait() for worker in workers}
    finally:
        for worker in workers:
            end(worker)
    if CANNOT_WRITE in codes:
        raise OSError(said.strip())
    if codes != {0}:
        raise RuntimeError(f"a drawing process ended with {sorted(codes)}: {said.strip()}")
