"""The run's record: a row of numbers for every epoch, on disk and in the checkpoint."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning as L
import pandas as pd
import rich
from lightning.pytorch.loggers import Logger

from vsr.display.console import epoch_line
from vsr.files import written_whole

METRICS_CSV = "metrics.csv"


class Record(L.Callback):
    """Keep ``metrics.csv``: epoch 0 is the untrained network, epoch e the state after e epochs.

    Trackers get the same rows under the same names, each at its step.

    The rows are part of the checkpoint, so a resumed run goes on where its checkpoint stood and its file is
    the same as that of a run that was never interrupted.

    Args:
        monitor: name of the metric by which an epoch is called the best.
        mode: ``max`` or ``min``.
    """

    def __init__(self, monitor: str = "val/map", mode: str = "max") -> None:
        self.monitor = monitor
        self.mode = mode
        self.rows: list[dict[str, float]] = []
        self.untrained: dict[str, float] = {}
        self.skipped: list[int] = []
        self.seconds_before = 0.0
        self._validated: dict[str, float] = {}
        self._sent = 0  # rows that the trackers have
        self._headed = False  # the column names stand above the first line of this process
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Wall time in seconds since the run began, time before a resume included."""
        return self.seconds_before + time.monotonic() - self._started

    @property
    def best_epoch(self) -> int:
        """Epoch whose monitored metric is the best, from 1; 0 when none was measured after training."""
        measured = [row for row in self.rows if self.monitor in row and row["epoch"] > 0]
        if not measured:
            return 0
        sign = 1 if self.mode == "max" else -1
        return int(max(measured, key=lambda row: sign * row[self.monitor])["epoch"])  # the first of equals

    def state_dict(self) -> dict[str, Any]:
        """Plain data for the checkpoint."""
        return {
            "rows": self.rows,
            "untrained": self.untrained,
            "skipped": self.skipped,
            "seconds": self.seconds,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.rows = [dict(row) for row in state_dict["rows"]]
        self.untrained = dict(state_dict["untrained"])
        self.skipped = list(state_dict["skipped"])
        self.seconds_before = state_dict["seconds"]
        self._started = time.monotonic()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """What was recorded stays, whatever checkpoint is loaded meanwhile; time goes on."""
        state, started = self.state_dict(), time.monotonic()
        yield
        self.load_state_dict(state | {"seconds": state["seconds"] + time.monotonic() - started})

    def before_training(self, trainer: L.Trainer, metrics: dict[str, float]) -> None:
        """Put down epoch 0."""
        self.rows, self._sent = [{"epoch": 0, "step": 0, **metrics}], 0
        self._validated = {}  # that was the validation before training
        self._publish(trainer)

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Remember pictures that could not be decoded."""
        if len(batch.skipped):
            self.skipped = sorted({*self.skipped, *batch.skipped.tolist()})

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Hold what this validation logged; Lightning would go on showing it after epochs without one."""
        self._validated = {
            name: float(value)
            for name, value in trainer.callback_metrics.items()
            if name.partition("/")[0] in ("val", self.monitor.partition("/")[0])
        }

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Put down the epoch: loss, learning rate and what the evaluation logged."""
        row: dict[str, float] = {"epoch": trainer.current_epoch + 1, "step": trainer.global_step}
        if "train/loss" in trainer.callback_metrics:
            row["train/loss"] = float(trainer.callback_metrics["train/loss"])
        row["lr"] = float(trainer.optimizers[0].param_groups[0]["lr"])
        row.update(self._validated)
        self._validated = {}
        self.rows.append(row)
        self._publish(trainer)

    def _publish(self, trainer: L.Trainer) -> None:
        if not trainer.is_global_zero:
            return
        row = self.rows[-1]
        path = Path(trainer.default_root_dir) / METRICS_CSV
        with written_whole(path) as aside:
            self.frame().to_csv(aside, index=False)
        self._send(trainer.loggers)
        metrics = {name: value for name, value in row.items() if name != "epoch" and name != "step"}
        epoch = int(row["epoch"])
        header = not self._headed and epoch > 0  # epoch 0 brings its own
        rich.get_console().print(epoch_line(epoch, metrics, epoch == self.best_epoch, header, self.monitor))
        self._headed = True

    def _send(self, loggers: Iterable[Logger]) -> None:
        """Send the trackers the rows that they lack: the newest, after a resume also all before it."""
        for row in self.rows[self._sent :]:
            values = {name: value for name, value in row.items() if name != "step"}
            for logger in loggers:
                logger.log_metrics(values, step=int(row["step"]))
        self._sent = len(self.rows)

    def frame(self) -> pd.DataFrame:
        """The rows as a table: ``epoch``, ``step``, ``train/loss``, ``lr``, then the metrics."""
        first = ["epoch", "step", "train/loss", "lr"]
        frame = pd.DataFrame(self.rows)
        return frame.reindex(columns=[*first, *(name for name in frame.columns if name not in first)])
