"""Experiment trackers: W&B offline unless the user is logged in; pictures go to loggers that show them."""

import logging
import netrc
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from lightning.pytorch.loggers import Logger, TensorBoardLogger, WandbLogger
from PIL import Image

from vsr.errors import ConfigError

log = logging.getLogger(__name__)

MODES = ("auto", "online", "offline", "disabled")


def wandb_logger(
    save_dir: str, project: str = "vsr", name: str | None = None, mode: str = "auto", tags: Iterable[str] = ()
) -> WandbLogger:
    """A W&B logger that never asks for an account.

    Args:
        save_dir: the run folder; the offline run lies below it, ready for ``wandb sync``.
        project: W&B project.
        name: run name; W&B makes one up when None.
        mode: ``auto`` is WANDB_MODE when set, online when logged in, offline otherwise.
        tags: shown beside the run.

    Raises:
        ConfigError: ``mode`` is none of auto, online, offline, disabled.
    """
    import wandb

    if mode not in MODES:
        raise ConfigError(f"logger.mode must be one of {', '.join(MODES)}, got {mode}")
    if mode == "auto":
        mode = os.environ.get("WANDB_MODE") or ("online" if _logged_in() else "offline")
    return WandbLogger(
        save_dir=save_dir,
        project=project,
        name=name,
        mode=mode,
        tags=list(tags),
        settings=wandb.Settings(silent=True, console="off"),
    )


def tensorboard_logger(save_dir: str) -> TensorBoardLogger:
    """A TensorBoard logger that writes into ``<run folder>/tensorboard``.

    Raises:
        ConfigError: the ``tensorboard`` extra is not installed.
    """
    try:
        return TensorBoardLogger(save_dir, name="tensorboard", version="", default_hp_metric=False)
    except ModuleNotFoundError as error:
        raise ConfigError(
            "logger=tensorboard needs the package tensorboard; install it with: uv sync --extra tensorboard"
        ) from error


def show_searches(loggers: Iterable[Logger], picture: Path) -> None:
    """Send the example-search picture to every logger that shows pictures."""
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            logger.log_image("test/searches", [str(picture)])
        elif isinstance(logger, TensorBoardLogger):
            with Image.open(picture) as image:
                logger.experiment.add_image(
                    "test/searches", np.asarray(image.convert("RGB")), dataformats="HWC"
                )


def close(loggers: Iterable[Logger]) -> None:
    """Finish W&B's run, so that the next job of a sweep in the same process gets one of its own."""
    if any(isinstance(logger, WandbLogger) for logger in loggers):
        import wandb

        wandb.finish()


def _logged_in() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        return netrc.netrc().authenticators("api.wandb.ai") is not None
    except (OSError, netrc.NetrcParseError):
        return False
