"""Optuna's study of a sweep, in a journal file that processes and machines share."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from filelock import FileLock

from vsr.extras import library

if TYPE_CHECKING:
    import optuna

JOURNAL, STUDY = "study.journal", "sweep"


class JournalLock:
    """Guards the journal with a lock that the system releases when its holder is killed.

    Optuna's own locks are files, which a killed process leaves behind: the next start waits for them.
    """

    def __init__(self, path: Path) -> None:
        self._lock = FileLock(path)

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._lock.acquire()
        return True

    def release(self) -> None:
        """Give it back."""
        self._lock.release()


def open_study(folder: Path, direction: Literal["maximize", "minimize"] | None = None) -> "optuna.Study":
    """The study in ``folder``, begun with ``direction`` where there is none.

    Raises:
        ConfigError: Optuna is not installed.
    """
    library("optuna", "hydra/sweeper/search=optuna", "Optuna", "optuna")
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    lock = JournalLock(folder / ".locks" / "journal")
    backend = JournalFileBackend(str(folder / JOURNAL), lock_obj=lock)  # pyright: ignore[reportArgumentType]
    storage, sampler = JournalStorage(backend), optuna.samplers.RandomSampler()  # points come from elsewhere
    if direction is None:
        return optuna.load_study(study_name=STUDY, storage=storage, sampler=sampler)
    return optuna.create_study(
        study_name=STUDY, storage=storage, sampler=sampler, direction=direction, load_if_exists=True
    )
