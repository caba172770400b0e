"""The Lightning module: pictures to embeddings to a contrastive loss, and embeddings for the evaluation."""

from collections.abc import Callable, Iterable
from typing import Any

import lightning as L
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from vsr.data import Batch
from vsr.errors import DivergedError
from vsr.losses import labels_for
from vsr.training.finetune import FineTune
from vsr.training.optimizers import parameter_groups


class VisualSearchModule(L.LightningModule):
    """Train ``model`` with ``loss``; embed pictures for validation and test.

    The random state of every training step is a function of seed, epoch, batch and rank alone. What happens
    between two steps (an evaluation, a resume from a checkpoint) cannot change what is learnt.

    Args:
        model: pictures (B, 3, H, W) to embeddings (B, D).
        loss: embeddings (B, D) and labels (B,), or (B, L) if it is ``graded``, to a scalar; its own
            parameters are trained too.
        optimizer: takes parameter groups, gives an optimizer; its ``lr`` and ``weight_decay`` are defaults
            which the groups scale.
        scheduler: takes an optimizer and the number of steps in all, gives a scheduler stepped every batch.
        finetune: learning-rate factors and freezing.
        seed: of the training steps.
        config: the resolved plain configuration, kept in every checkpoint; the network is rebuilt from it.

    Raises:
        DivergedError: in training and validation steps, when a loss or an embedding is not finite.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: nn.Module,
        optimizer: Callable[[Iterable], Optimizer] | None = None,
        scheduler: Callable[[Optimizer, int], LRScheduler] | None = None,
        finetune: FineTune | None = None,
        seed: int = 0,
        config: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.finetune = finetune or FineTune()
        self.seed = seed
        self.config = config or {}

    def forward(self, images: Tensor) -> Tensor:
        """Embeddings (B, D) float32 of pictures (B, 3, H, W), uint8 or float in 0..1."""
        return self.model(images)

    def on_train_epoch_start(self) -> None:
        """Freeze or thaw the backbone as the epoch asks."""
        self.finetune.apply(self.model, self.current_epoch)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Make the step's random state a function of seed, epoch, batch and rank."""
        torch.manual_seed(_mix(self.seed, self.current_epoch, batch_idx, self.global_rank))

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor | None:
        """Loss of one batch; None, and so no step, when every picture of the batch was skipped as corrupt."""
        n_items, n_views = batch.images.shape[:2]
        if n_items == 0:
            return None
        embeddings = self.model(batch.images.flatten(0, 1))  # (B·V, D)
        loss = self.loss(embeddings, labels_for(self.loss, batch.labels.repeat_interleave(n_views, dim=0)))
        if not torch.isfinite(loss):
            raise DivergedError(
                f"loss is {loss.item()} at step {self.global_step} (epoch {self.current_epoch}, "
                f"batch {batch_idx}, rows {_few(batch.rows[:, 0])}); lower optimizer.lr, "
                "raise loss.temperature, or set trainer.gradient_clip_val=1; the last good checkpoint is kept"
            )
        self.log("train/loss", loss, on_step=True, on_epoch=True, prog_bar=True, batch_size=n_items)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Embeddings (B, D) of the batch, for the evaluation callback."""
        return self._embed(batch, batch_idx)

    def test_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Embeddings (B, D) of the batch, for the evaluation callback."""
        return self._embed(batch, batch_idx)

    def _embed(self, batch: Batch, batch_idx: int) -> Tensor:
        embeddings = self.model(batch.images.flatten(0, 1)).float()
        finite = torch.isfinite(embeddings).all(dim=1)
        if not finite.all():
            bad = batch.rows[:, 0][~finite]
            raise DivergedError(
                f"embeddings of rows {_few(bad)} are not finite in evaluation batch {batch_idx} after step "
                f"{self.global_step}; lower optimizer.lr, or take an earlier checkpoint"
            )
        return embeddings

    def configure_optimizers(self) -> dict[str, Any]:
        """Optimizer over named parameter groups, and its per-step schedule."""
        if self.optimizer is None:
            raise RuntimeError("the module was built without an optimizer: it can evaluate but not train")
        defaults = getattr(self.optimizer, "keywords", {})
        groups = parameter_groups(
            self.model,
            self.loss,
            lr=defaults["lr"],
            weight_decay=defaults.get("weight_decay", 0.0),
            head_lr_factor=self.finetune.head_lr_factor,
            loss_lr_factor=self.finetune.loss_lr_factor,
        )
        optimizer = self.optimizer(groups)
        if self.scheduler is None:
            return {"optimizer": optimizer}
        total = int(self.trainer.estimated_stepping_batches)
        scheduler = self.scheduler(optimizer, total)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the configuration as plain data: Lightning loads with ``weights_only``."""
        checkpoint["vsr_config"] = self.config


def _mix(*numbers: int) -> int:
    """A 63-bit seed of several whole numbers (splitmix64, Steele et al. 2014)."""
    state = 0
    for number in numbers:
        state = (state + number + 0x9E3779B97F4A7C15) % 2**64
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) % 2**64
        state ^= state >> 31
    return state >> 1


def _few(rows: Tensor, most: int = 5) -> str:
    shown = ", ".join(str(int(row)) for row in rows[:most])
    return shown + (f" … ({len(rows)} in all)" if len(rows) > most else "")
