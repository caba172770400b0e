"""Lightning's Trainer and our callbacks, of one mind."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Checkpoint, ProgressBar
from lightning.pytorch.profilers import PassThroughProfiler

PROFILE = "profile"  # the stem of a profiler's files in the run folder


def agreeing(
    options: dict[str, Any], callbacks: Sequence[L.Callback]
) -> tuple[dict[str, Any], list[L.Callback]]:
    """Options and callbacks that say the same of checkpoints and the progress bar.

    Lightning refuses callbacks that an option switches off, and adds its own where nothing is said: files
    that nobody asked for.
    """
    kept = list(callbacks)
    for option, kind in (("enable_checkpointing", Checkpoint), ("enable_progress_bar", ProgressBar)):
        wanted = options.get(option)
        if wanted is False:
            kept = [one for one in kept if not isinstance(one, kind)]
        elif wanted is None:
            wanted = any(isinstance(one, kind) for one in kept)
        options = {**options, option: wanted}
    return options, kept


def profile_into(trainer: L.Trainer, folder: Path) -> None:
    """Let a profiler that was chosen by name write files into ``folder``; it would tell the log alone."""
    profiler: Any = trainer.profiler  # pyright: ignore[reportAttributeAccessIssue]
    if not isinstance(profiler, PassThroughProfiler) and profiler.filename is None:
        profiler.dirpath, profiler.filename = folder, PROFILE
