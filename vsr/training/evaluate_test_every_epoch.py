"""Measure the test split after every epoch, for runs that choose on it and say so."""

import copy

import lightning as L
from torch.utils.data import DataLoader

from vsr.retrieval.embed import embed
from vsr.training.evaluation_callback import RankingEvaluation


class EveryEpochTest(L.Callback):
    """Log ``test/<metric>`` beside ``val/<metric>``, so that a callback can monitor it.

    Lightning runs no test loop within ``fit``; this embeds the split after validation, in its precision.
    Choosing a checkpoint on test makes its test
    figures too good: every report of such a run is marked.

    Args:
        evaluation: measures; it keeps its own state of the validation.
    """

    def __init__(self, evaluation: RankingEvaluation) -> None:
        self.evaluation = evaluation
        self._loader: DataLoader | None = None

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Embed, measure and log test, when validation is part of a fit."""
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        loader = self._loader
        if loader is None:
            data = trainer.datamodule  # pyright: ignore[reportAttributeAccessIssue]
            loader = self._loader = data.test_dataloader()
        evaluation = copy.copy(self.evaluation)
        evaluation.on_test_start(trainer, pl_module)
        evaluation.take(*embed(pl_module.model, loader, pl_module.device, pl_module.precision))  # pyright: ignore
        evaluation.on_test_epoch_end(trainer, pl_module)
