"""The best and the last checkpoint of a run."""

from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from vsr.as_trained import in_todays_words
from vsr.errors import CheckpointError

FOLDER = "checkpoints"
BEST, LAST = "best", "last"
CATALOGUE = "vsr_catalogue"  # key of a checkpoint: the fingerprint of the catalogue that it learned from
VAL_SEEN = "val_seen"  # key of a checkpoint's configuration: some of its networks learned from val


class _InRunFolder(ModelCheckpoint):
    """A ModelCheckpoint that writes ``<run folder>/checkpoints/<name>.ckpt``, always under the same name."""

    def __init__(self, name: str, monitor: str | None = None, mode: str = "min") -> None:
        super().__init__(
            filename=name,
            monitor=monitor,
            mode=mode,
            save_top_k=1,
            auto_insert_metric_name=False,
            enable_version_counter=False,
            save_on_train_epoch_end=True,
        )

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Write below the run folder, which is the trainer's ``default_root_dir``."""
        self.dirpath = str(Path(trainer.default_root_dir).absolute() / FOLDER)
        super().setup(trainer, pl_module, stage)

    def on_save_checkpoint(
        self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Put down of which data it is."""
        data = trainer.datamodule  # pyright: ignore[reportAttributeAccessIssue]
        checkpoint[CATALOGUE] = data.catalogue.fingerprint

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the best so far, also in another run folder than the one that wrote it.

        Lightning forgets the best score when the folder changes; a resumed run would then call its first
        epoch the best, so paths are moved to this folder instead (`bring_along` copied the files).
        """
        before, now = str(state_dict["dirpath"]), str(self.dirpath)

        def moved(value: Any) -> Any:
            if isinstance(value, str) and value.startswith(before):
                return now + value[len(before) :]
            return {moved(key): one for key, one in value.items()} if isinstance(value, dict) else value

        super().load_state_dict({key: moved(value) for key, value in state_dict.items()})


class BestCheckpoint(_InRunFolder):
    """``checkpoints/best.ckpt``: the epoch with the best value of ``monitor``.

    Args:
        monitor: a logged name such as ``val/map``. ``test/…`` is possible and marked in every report.
        mode: ``max`` or ``min``.
    """

    def __init__(self, monitor: str = "val/map", mode: str = "max") -> None:
        super().__init__(BEST, monitor, mode)


class LastCheckpoint(_InRunFolder):
    """``checkpoints/last.ckpt``: the end of the newest epoch, from which ``ckpt_path=last`` resumes."""

    def __init__(self) -> None:
        super().__init__(LAST)


def written_by(trainer: L.Trainer) -> list[Path]:
    """The checkpoints of the trainer's run that there are, the best before the last.

    What an earlier run may have left in the folder is not of them.
    """
    callbacks = [one for one in trainer.checkpoint_callbacks if isinstance(one, _InRunFolder)]
    callbacks.sort(key=lambda one: not isinstance(one, BestCheckpoint))
    paths = [Path(one.best_model_path) for one in callbacks if one.best_model_path]  # the last's too
    return [path for path in paths if path.is_file()]


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint file onto the CPU, running nothing that is in it.

    Raises:
        CheckpointError: the file is missing, cut off, not a checkpoint, or not one of ours.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(
            f"checkpoint {path} does not exist; give a .ckpt file of a run's {FOLDER} folder"
        )
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds: zip, pickle, runtime, EOF
        raise CheckpointError(
            f"checkpoint {path} cannot be read ({type(error).__name__}); it is cut off or of another kind"
        ) from error
    if not isinstance(checkpoint, dict) or "vsr_config" not in checkpoint:
        raise CheckpointError(
            f"checkpoint {path} was not written by train.py; start from its weights by model.weights={path}"
        )
    checkpoint["vsr_config"] = in_todays_words(checkpoint["vsr_config"])
    return checkpoint


def without_weights(model: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a network whose weights a checkpoint holds: nothing else is to be loaded."""
    return {**model, "weights": None} if "weights" in model else model


def chosen_on(config: dict[str, Any], checkpoint: Path | None) -> str | None:
    """The split on which a checkpoint was chosen: ``test`` when anything of its run looked at test.

    Args:
        config: of the run that wrote it.
        checkpoint: its file. The last checkpoint was not chosen by `BestCheckpoint`, any other may be a copy
            of the best one.

    Returns:
        None when nothing was monitored: the run's end is the choice.
    """
    is_last = checkpoint is None or checkpoint.stem == LAST
    splits = [split for name, split in _monitored(config) if not (is_last and name == BEST)]
    return "test" if "test" in splits else splits[0] if splits else None


def looks_at_test(config: dict[str, Any]) -> bool:
    """Whether a callback of ``config`` monitors the test split, which must then be measured every epoch."""
    return any(split == "test" for _, split in _monitored(config))


def _monitored(config: dict[str, Any]) -> list[tuple[str, str]]:
    """Names of the callbacks that monitor a metric, and its split."""
    return [
        (name, str(node["monitor"]).partition("/")[0])
        for name, node in (config.get("callbacks") or {}).items()
        if isinstance(node, dict) and node.get("monitor")
    ]
