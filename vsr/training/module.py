"""The Lightning module: pictures to embeddings to a contrastive loss, and embeddings for the evaluation."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

import lightning as L
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from vsr.data.loading.dataset import Batch
from vsr.errors import ConfigError, DivergedError
from vsr.losses.levels import labels_for
from vsr.losses.proxies import set_up
from vsr.precision import FULL
from vsr.retrieval.embed import check_finite, few, forward
from vsr.training.checkpoints import written_by
from vsr.training.distributed import world_size
from vsr.training.embedded_batch import Embedded
from vsr.training.finetune import FineTune, Recipe
from vsr.training.health import not_finite
from vsr.training.large_batch import LargeBatch
from vsr.training.memory import Memory, check_takes_memory
from vsr.training.optimizers import parameter_groups

log = logging.getLogger(__name__)

MENDS = "lower optimizer.lr, raise loss.temperature, or set trainer.gradient_clip_val=1"


class VisualSearchModule(L.LightningModule):
    """Train ``model`` with ``loss``; embed pictures for validation and test.

    The random state of every training step is a function of seed, epoch, batch and rank alone. What happens
    between two steps (an evaluation, a resume from a checkpoint) cannot change what is learned.

    Under several devices the loss sees the embeddings of all of them, and the gradient is that of one device
    with the whole batch.

    Args:
        model: pictures (B, 3, H, W) to embeddings (B, D).
        loss: embeddings (B, D) and labels (B,), or (B, L) if it is ``graded``, to a scalar; its own
            parameters are trained too.
        optimizer: takes parameter groups, gives an optimizer; its ``lr`` and ``weight_decay`` are defaults
            which the groups scale.
        scheduler: takes an optimizer and the number of steps in all, gives a scheduler stepped every batch.
        finetune: learning-rate factors and freezing.
        memory: what the loss compares the batch with, besides itself.
        large_batch: how the pictures of a batch are embedded.
        seed: of the training steps.
        config: the resolved plain configuration, kept in every checkpoint; the network is rebuilt from it.

    Raises:
        ConfigError: the loss cannot compare with a memory.
        DivergedError: in training and validation steps, when a loss or an embedding is not finite.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: nn.Module,
        optimizer: Callable[[Iterable], Optimizer] | None = None,
        scheduler: Callable[[Optimizer, int], LRScheduler] | None = None,
        finetune: Recipe | None = None,
        memory: Memory | None = None,
        large_batch: LargeBatch | None = None,
        seed: int = 0,
        config: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if memory is not None:
            check_takes_memory(loss)
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.finetune: Recipe = finetune or FineTune()
        self.memory = memory
        self.large_batch = large_batch or LargeBatch()
        self.seed = seed
        self.config = config or {}

    def set_up(self, labels: Tensor) -> None:
        """Tell loss and memory of the training labels (E, L), before an optimizer or a checkpoint asks."""
        set_up(self.loss, labels[:, 0], self.model.width, self.seed)  # pyright: ignore[reportArgumentType]
        if self.memory is not None:
            self.memory.set_up(self.model, labels.shape[1])
            # Alike on every rank: DistributedDataParallel need not send them before every step.
            self._ddp_params_and_buffers_to_ignore = [
                name for name, _ in self.named_buffers() if name.startswith("memory.queue.")
            ]

    def forward(self, images: Tensor) -> Tensor:
        """Embeddings (B, D) float32 of pictures (B, 3, H, W), uint8 or float in 0..1."""
        return self.model(images)

    def on_train_start(self) -> None:
        """Freeze or thaw the backbone: an epoch that is resumed within has no start."""
        self.on_train_epoch_start()
        start = getattr(self.memory, "start", 0)
        batches = self.trainer.num_training_batches * (self.trainer.max_epochs or 0)
        if 0 < batches <= start:
            log.warning(
                "memory.start=%d: nothing is ever remembered, as the run has %d batches; lower it",
                start,
                batches,
            )

    def on_train_epoch_start(self) -> None:
        """Freeze or thaw the backbone as the epoch asks.

        Raises:
            ConfigError: nothing is left to learn.
        """
        self.finetune.apply(self.model, self.current_epoch)  # pyright: ignore[reportArgumentType]
        if not any(weight.requires_grad for weight in self.parameters()):
            raise ConfigError(
                f"finetune freezes all that could learn in epoch {self.current_epoch}: the model has no head "
                "and the loss no weights; use model.head=linear, or finetune=full"
            )

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Make the step's random state a function of seed, epoch, batch and rank."""
        torch.manual_seed(_mix(self.seed, self.current_epoch, batch_idx, self.global_rank))

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        """End at ``max_steps`` as anywhere else, with a validation: Lightning would just break off."""
        if self.trainer.global_step == self.trainer.max_steps:
            self.trainer.should_stop = True

    def on_train_epoch_end(self) -> None:
        """Raise DivergedError, before a checkpoint is written, where weights or optimizer are not finite."""
        found = not_finite(self, self.trainer.optimizers)
        if found is not None:
            where = f"after step {self.global_step} (epoch {self.current_epoch})"
            raise DivergedError(f"{found} {where}: a gradient was too large; {MENDS}{self._kept()}")

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor] | None:
        """Loss of one batch, with the embeddings (B, D) and labels (B, L) that callbacks learn from.

        None, and so no step, when every picture of the batch was skipped as corrupt.
        """
        if not len(batch.images) and world_size() == 1:
            return None
        whole = self._embed_batch(batch).on_all_devices()
        if self.memory is None:
            loss = self.loss(whole.embeddings, labels_for(self.loss, whole.labels))
        else:
            loss = self.memory(self.loss, whole)
        if not torch.isfinite(loss) & torch.isfinite(whole.embeddings).all():
            raise DivergedError(self._diverged(loss, whole, batch_idx))
        n_items = len(whole.rows) // batch.rows.shape[1]
        self.log("train/loss_step", loss, prog_bar=True)
        # Its mean is sent to the trackers with the epoch's row, under the name that it has in metrics.csv.
        self.log("train/loss", loss, on_step=False, on_epoch=True, logger=False, batch_size=n_items)
        return {"loss": loss, "embeddings": whole.embeddings.detach(), "labels": whole.labels}

    def _diverged(self, loss: Tensor, whole: Embedded, batch_idx: int) -> str:
        """What is not finite: a loss that mines pairs leaves out those it cannot compare, and stays so."""
        finite = torch.isfinite(whole.embeddings).all(dim=1)
        where = f"at step {self.global_step} (epoch {self.current_epoch}, batch {batch_idx}"
        what = (
            f"loss is {loss.item()} {where}, rows {few(whole.rows.unique())})"
            if finite.all()
            else f"embeddings of rows {few(whole.rows[~finite].unique())} are not finite {where}; "
            f"loss {loss.item():g})"
        )
        return f"{what}; {MENDS}{self._kept()}"

    def _kept(self) -> str:
        """The tail of a message: where the weights of an earlier epoch are, if this run wrote any."""
        paths = [] if self._trainer is None else written_by(self._trainer)
        return f"; {paths[-1]} is kept" if paths else ""

    def _embed_batch(self, batch: Batch) -> Embedded:
        """This rank's pictures, embedded: B·V of them, local views included."""
        labels = batch.labels.repeat_interleave(batch.rows.shape[1], dim=0)
        images = batch.images.flatten(0, 1)

        def embed(model: nn.Module, images: Tensor) -> Tensor:
            return self._embed_views(model, images, batch)

        embeddings = embed(self.model, images) if len(images) else self._no_embeddings()
        keys = None if self.memory is None else self.memory.keys(self.model, images, embed)
        return Embedded(embeddings, labels, batch.rows.flatten(), keys)

    def _embed_views(self, model: nn.Module, images: Tensor, batch: Batch) -> Tensor:
        """Embeddings of ``images`` (B·V, 3, H, W), each example's followed by those of its local views."""
        embeddings = self.large_batch.embed(model, images)
        if batch.local is None:
            return embeddings
        local = self.large_batch.embed(model, batch.local.flatten(0, 1))
        parts = (embeddings.unflatten(0, batch.images.shape[:2]), local.unflatten(0, batch.local.shape[:2]))
        return torch.cat(parts, dim=1).flatten(0, 1)

    def _no_embeddings(self) -> Tensor:
        """(0, D) with a gradient of zero for every weight: this rank still takes part in the step."""
        zero = sum(weight.sum() * 0 for weight in self.model.parameters() if weight.requires_grad)
        assert isinstance(zero, Tensor)
        return zero.new_zeros(0, self.model.width) + zero  # pyright: ignore[reportArgumentType]

    def validation_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Embeddings (B, D) of the batch, for the evaluation callback."""
        return self._embed(batch, batch_idx)

    def test_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Embeddings (B, D) of the batch, for the evaluation callback."""
        return self._embed(batch, batch_idx)

    def _embed(self, batch: Batch, batch_idx: int) -> Tensor:
        if not len(batch.images):  # every picture was skipped
            return batch.images.new_zeros(0, self.model.width, dtype=torch.float32)  # pyright: ignore
        embeddings = forward(self.model, batch.images[:, 0], self.precision)
        where = f" in evaluation batch {batch_idx} after step {self.global_step}"
        check_finite(embeddings, batch.rows[:, 0], where, self._kept())
        return embeddings

    @property
    def precision(self) -> str:
        """Of the trainer that the module is attached to."""
        return FULL if self._trainer is None else str(self.trainer.precision)

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
            layer_lr_decay=self.finetune.layer_lr_decay,
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

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse to resume with another memory, or other adapters, than those that the checkpoint holds."""
        before, now = (config.get("memory") for config in (checkpoint["vsr_config"], self.config))
        if before != now:
            raise ConfigError(f"memory was {before} in the run that is resumed and is {now} now; keep it")
        before, now = (_adapters(config) for config in (checkpoint["vsr_config"], self.config))
        if before != now:
            raise ConfigError(
                f"finetune has adapters {before} in the run that is resumed and {now} now; keep them"
            )


def _adapters(config: dict[str, Any]) -> dict[str, Any] | None:
    """What decides which adapters there are and what they compute; None without adapters."""
    recipe = config.get("finetune") or {}
    return {name: recipe[name] for name in ("rank", "alpha", "layers")} if "rank" in recipe else None


def _mix(*numbers: int) -> int:
    """A 63-bit seed of several whole numbers (splitmix64, Steele et al. 2014)."""
    state = 0
    for number in numbers:
        state = (state + number + 0x9E3779B97F4A7C15) % 2**64
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) % 2**64
        state ^= state >> 31
    return state >> 1
