"""The mean embedding of each label, for samplers that seek out what the model confuses."""

from typing import Any

import lightning as L
import torch
from torch import Tensor

from vsr.data.samplers.sampler import LearningSampler


class ClassMeans(L.Callback):
    """Tell a sampler, after every epoch, the mean of the embeddings that each label had in its steps.

    It takes the embeddings of all devices that the training steps computed anyway, so the means lag behind
    the model by half an epoch, on average. They are summed on the CPU in float64 and in the order of the
    ranks: alike on every rank. A label that had no picture in an epoch keeps its mean. Means and sums are
    part of the checkpoint.

    Args:
        sampler: learns from the means.
        labels: (E,) finest labels of the training examples, each any number of times.
    """

    def __init__(self, sampler: LearningSampler, labels: Tensor) -> None:
        self.sampler = sampler
        self.labels = labels.unique()
        self._means: Tensor | None = None  # (C, D); NaN for labels not seen yet
        self._sums: Tensor | None = None  # (C, D), of the epoch so far
        self._counts = torch.zeros(len(self.labels), dtype=torch.int64)
        self._epoch = 0  # of the sums

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Tell the sampler what a checkpoint knew.

        Resumed from the last step of an epoch, Lightning begins the next one and never ends that one.
        """
        if self._epoch < trainer.current_epoch:
            self._close()
        self._teach()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Add the step's embeddings."""
        if not outputs:
            return
        self._epoch = trainer.current_epoch
        embeddings = outputs["embeddings"].double().cpu()
        at = torch.searchsorted(self.labels, outputs["labels"][:, 0].contiguous().cpu())
        sums = self._sums
        if sums is None:
            self._sums = sums = embeddings.new_zeros(len(self.labels), embeddings.shape[1])
        sums.index_add_(0, at, embeddings)
        self._counts.index_add_(0, at, torch.ones_like(at))

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Turn the sums into means, and begin anew."""
        self._close()

    def _close(self) -> None:
        if self._sums is None:
            return
        if self._means is None:
            self._means = torch.full_like(self._sums, torch.nan)
        seen = self._counts > 0
        self._means[seen] = self._sums[seen] / self._counts[seen, None]
        self._sums = None
        self._counts.zero_()
        self._teach()

    def state_dict(self) -> dict[str, Any]:
        """Means of the last epoch, and sums of the one under way."""
        return {"means": self._means, "sums": self._sums, "counts": self._counts, "epoch": self._epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._means, self._sums = state_dict["means"], state_dict["sums"]
        self._counts, self._epoch = state_dict["counts"], state_dict["epoch"]

    def _teach(self) -> None:
        if self._means is not None:
            seen = ~self._means[:, 0].isnan()
            self.sampler.learn(self.labels[seen], self._means[seen])
