"""Where a run goes on: at its own last checkpoint or one that was named, and never by chance at another's."""

import logging
import shutil
from pathlib import Path
from typing import Any

from vsr.errors import CheckpointError
from vsr.files import written_whole
from vsr.training.checkpoints import BEST, CATALOGUE, FOLDER, LAST, read_checkpoint

log = logging.getLogger(__name__)

# What of a run may be otherwise when it goes on, each with all below it: how long it is, where it runs and
# where its files lie, how it is watched. None of it says what is learned from what.
MAY_DIFFER = (
    "ckpt_path",
    "threads",
    "logger",
    "callbacks.progress",
    "callbacks.health",
    "callbacks.pruning",  # it names the sweep's folder
    "data.root",  # that it holds the same is seen by the catalogue's fingerprint
    "data.download",
    "data.cache_dir",
    "data.keep_gb",
    "loader.workers",
    "loader.cache_dir",
    "loader.eval_batch_size",
    "evaluation.block_mib",
    "trainer.max_epochs",
    "trainer.max_time",
    "trainer.accelerator",
    "trainer.devices",
    "trainer.num_nodes",
    "trainer.strategy",
    "trainer.log_every_n_steps",
    "trainer.enable_progress_bar",
    "trainer.enable_model_summary",
    "trainer.profiler",
)
_TOLD = 5  # keys that a message names


def find_resume(ckpt_path: str, folder: Path, named: bool) -> Path | None:
    """The checkpoint that ``ckpt_path`` means for the run in ``folder``; None: it starts from the beginning.

    ``last`` is ``folder``'s own last checkpoint. Where there is none yet, a run whose folder was named starts
    from the beginning, so that a job may be put into the queue again with the same command line. For a folder
    whose name was made from the time it is that of the newest run beside it.

    Raises:
        CheckpointError: there is no such file, or no run beside a folder that was made from the time.
    """
    if ckpt_path != LAST:
        if not Path(ckpt_path).is_file():
            raise CheckpointError(
                f"ckpt_path {ckpt_path} does not exist; give a .ckpt file, or ckpt_path=last"
            )
        return Path(ckpt_path)
    own = folder / FOLDER / f"{LAST}.ckpt"
    if own.is_file():
        return own
    if named:
        log.info("ckpt_path=last: %s has no checkpoint yet, the run starts from the beginning", folder)
        return None
    beside = sorted(folder.parent.glob(f"*/{FOLDER}/{LAST}.ckpt"), key=lambda path: path.stat().st_mtime)
    if not beside:
        raise CheckpointError(
            f"ckpt_path=last finds no run to resume beside {folder}; name its folder by hydra.run.dir"
        )
    log.info("ckpt_path=last: no hydra.run.dir is named, the newest run goes on, %s", beside[-1].parents[1])
    return beside[-1]


def check_same(resume: Path, config: dict[str, Any], fingerprint: str) -> None:
    """See that the checkpoint ``resume`` is of this run's configuration and data, `MAY_DIFFER` aside.

    A checkpoint that was itself named by ``ckpt_path`` may be of another: then each difference is warned of.

    Args:
        resume: the file.
        config: of this run.
        fingerprint: of this run's catalogue.

    Raises:
        CheckpointError: it differs, has more epochs than this run is to have, or cannot be read.
    """
    checkpoint = read_checkpoint(resume)
    found = _differences_that_matter(checkpoint["vsr_config"], config)
    before = checkpoint.get(CATALOGUE, fingerprint)
    if before != fingerprint:
        found["catalogue"] = (before, fingerprint)
    told = [f"{key} was {old} and is {new} now" for key, (old, new) in found.items()]
    if told and config["ckpt_path"] == LAST:
        more = f" and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
        raise CheckpointError(
            f"ckpt_path=last: the run in {resume.parents[1]} is another: {', '.join(told[:_TOLD])}{more}; "
            f"keep them, name a new hydra.run.dir, or go on from it all the same by ckpt_path={resume}"
        )
    for line in told:
        log.warning("not as in the run that is resumed: %s", line)
    done, epochs = checkpoint.get("epoch", -1) + 1, config["trainer"].get("max_epochs")
    if epochs is not None and 0 <= epochs < done:
        raise CheckpointError(f"trainer.max_epochs must be >= {done}, the epochs of {resume}, got {epochs}")


def bring_along(resume: Path, folder: Path) -> None:
    """Make another run's checkpoint ``resume``, and the best beside it, those of the run in ``folder``.

    Killed before its first epoch ends, it is then resumed there, and further processes of it find it there.
    """
    if resume.resolve().parent == (folder / FOLDER).resolve():
        return
    for name, source in ((BEST, resume.parent / f"{BEST}.ckpt"), (LAST, resume)):
        if source.is_file():
            with written_whole(folder / FOLDER / f"{name}.ckpt") as aside:
                shutil.copyfile(source, aside)


def differences(before: dict[str, Any], now: dict[str, Any], place: str = "") -> dict[str, tuple[Any, Any]]:
    """Both values by dotted key, where two configurations differ; None for a key that one lacks."""
    found: dict[str, tuple[Any, Any]] = {}
    for key in dict.fromkeys([*before, *now]):
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found |= differences(old, new, f"{place}{key}.")
        elif old != new:
            found[f"{place}{key}"] = (old, new)
    return found


def _differences_that_matter(before: dict[str, Any], now: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    free = tuple(f"{key}." for key in MAY_DIFFER)
    return {key: both for key, both in differences(before, now).items() if not f"{key}.".startswith(free)}
