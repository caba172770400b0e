"""Experiment trackers: W&B offline unless the user is logged in, TensorBoard, MLflow in the run folder."""

import logging
import netrc
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from lightning.pytorch.loggers import Logger, MLFlowLogger, TensorBoardLogger, WandbLogger

from vsr.errors import ConfigError
from vsr.extras import missing

End = Literal["finished", "pruned", "failed"]
MODES = ("auto", "online", "offline", "disabled")


def wandb_logger(
    save_dir: str,
    project: str = "vsr",
    name: str | None = None,
    mode: str = "auto",
    tags: Iterable[str] = (),
    log_checkpoints: bool = False,
) -> "RunWandbLogger":
    """A W&B logger that never asks for an account.

    Args:
        save_dir: the run folder; the offline run lies below it, ready for ``wandb sync``.
        project: W&B project.
        name: run name; W&B makes one up when None.
        mode: ``auto`` is WANDB_MODE when set, online when logged in, offline otherwise.
        tags: shown beside the run.
        log_checkpoints: whether best and last checkpoint become an artifact at the end.

    Raises:
        ConfigError: ``mode`` is none of auto, online, offline, disabled.
    """
    import wandb

    if mode not in MODES:
        raise ConfigError(f"logger.mode must be one of {', '.join(MODES)}, got {mode}")
    if mode == "auto":
        mode = os.environ.get("WANDB_MODE") or ("online" if _logged_in() else "offline")
    logger = RunWandbLogger(
        save_dir=save_dir,
        project=project,
        name=name,
        mode=mode,
        tags=list(tags),
        settings=wandb.Settings(silent=True, console="off"),
    )
    logger.log_checkpoints = log_checkpoints
    return logger


def tensorboard_logger(save_dir: str) -> TensorBoardLogger:
    """A TensorBoard logger that writes into ``<run folder>/tensorboard``.

    Raises:
        ConfigError: the ``tensorboard`` extra is not installed.
    """
    try:
        return TensorBoardLogger(save_dir, name="tensorboard", version="", default_hp_metric=False)
    except ModuleNotFoundError as error:
        raise missing("logger=tensorboard", "TensorBoard", "tensorboard") from error


def mlflow_logger(
    save_dir: str,
    experiment: str = "vsr",
    name: str | None = None,
    tracking_uri: str | None = None,
    log_checkpoints: bool = False,
) -> "RunMLFlowLogger":
    """An MLflow logger whose store is ``<run folder>/mlflow.db`` unless a server is named.

    Artifacts of that store lie in ``<run folder>/mlartifacts``. MLflow's store of plain files is no longer an
    option: since 3.7 it asks for a database.

    Args:
        save_dir: the run folder.
        experiment: MLflow experiment.
        name: run name; MLflow makes one up when None.
        tracking_uri: server or store, such as ``http://localhost:5000``; None is MLFLOW_TRACKING_URI when
            set, else the run folder.
        log_checkpoints: whether best and last checkpoint become artifacts at the end.

    Raises:
        ConfigError: the ``mlflow`` extra is not installed.
    """
    uri, folder = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI"), Path(save_dir).resolve()
    for noisy in ("mlflow", "alembic"):  # they tell how they make the database
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # It warns that the experiment is not there yet, which in a run's own store is always so.
    logging.getLogger("lightning.pytorch.loggers.mlflow").setLevel(logging.ERROR)
    try:
        logger = RunMLFlowLogger(
            experiment,
            name,
            uri or f"sqlite:///{folder}/mlflow.db",
            artifact_location=None if uri else f"{folder.as_uri()}/mlartifacts",
        )
    except ModuleNotFoundError as error:
        raise missing("logger=mlflow", "MLflow", "mlflow") from error
    logger.log_checkpoints = log_checkpoints
    return logger


class RunWandbLogger(WandbLogger):
    """Lightning's logger, which knows whether checkpoints are to become artifacts.

    Lightning's own ``log_model`` makes versions of one artifact of the best and the last checkpoint, and
    calls both the best.
    """

    log_checkpoints = False


class RunMLFlowLogger(MLFlowLogger):
    """Lightning's logger for a whole run: several passes of a trainer, of which only the last ends it."""

    log_checkpoints = False

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log; ``@``, which MLflow refuses in names, becomes ``_at_``."""
        super().log_metrics({name.replace("@", "_at_"): value for name, value in metrics.items()}, step)

    def finalize(self, status: str = "success") -> None:
        """Do nothing at the end of a pass: `end` tells how the run ended."""

    def end(self, how: End) -> None:
        """Tell how the run ended; a pruned one has finished, and a tag says so."""
        if how == "pruned":
            self.experiment.set_tag(self.run_id, "pruned", "true")
        super().finalize("failed" if how == "failed" else "success")


def close(loggers: Iterable[Logger], how: End = "finished") -> None:
    """End the trackers' runs; the next job of a sweep in the same process then gets one of its own.

    Args:
        loggers: of the run.
        how: the run ended. One that its sweep pruned has finished too, and is tagged ``pruned: true``.
    """
    for logger in loggers:
        if isinstance(logger, RunMLFlowLogger):
            logger.end(how)
        elif isinstance(logger, WandbLogger):
            import wandb

            if how == "pruned" and wandb.run is not None:  # on rank 0 alone
                wandb.run.tags = (*(wandb.run.tags or ()), "pruned: true")
            wandb.finish(exit_code=1 if how == "failed" else 0)


def _logged_in() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        return netrc.netrc().authenticators("api.wandb.ai") is not None
    except (OSError, netrc.NetrcParseError):
        return False
