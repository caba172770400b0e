"""Stop a run that does not look promising beside the other trials of its sweep."""

from typing import Protocol

import lightning as L

from vsr.errors import Pruned


class Trial(Protocol):
    """Where the values go."""

    def report(self, step: int, value: float) -> bool:
        """Take ``value`` of ``step``; whether to stop."""
        ...


class Pruning(L.Callback):
    """Report the monitored metric to a sweep's trial after every epoch, and stop when it says so.

    Sweeps add this callback to the runs they start. Epochs without the metric are passed over.

    Args:
        trial: what is reported to.
        monitor: name of the metric.
    """

    def __init__(self, trial: Trial, monitor: str = "val/map") -> None:
        self.trial, self.monitor = trial, monitor

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Report; the record, which stands before this callback, has put the epoch down.

        Raises:
            Pruned: the trial is to stop.
        """
        value = trainer.callback_metrics.get(self.monitor)
        if value is None:
            return
        epoch = trainer.current_epoch + 1
        stop = trainer.is_global_zero and self.trial.report(epoch, float(value))
        if trainer.strategy.reduce_boolean_decision(stop, all=False):  # every process hears of it
            raise Pruned(f"stopped after epoch {epoch}: {self.monitor} is behind the other trials'")
