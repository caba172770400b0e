"""How much of a pretrained model moves, and when."""

from dataclasses import dataclass
from typing import Protocol

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from vsr.models.blocks import blocks
from vsr.models.embedder import Embedder


class Recipe(Protocol):
    """A way to fine-tune: what of a network learns, and how fast beside the optimizer's learning rate.

    Attributes:
        head_lr_factor: multiplies the learning rate of the head.
        loss_lr_factor: multiplies the learning rate of the loss's own parameters.
        layer_lr_decay: each block of the backbone learns at the rate of the next one times this.
    """

    @property
    def head_lr_factor(self) -> float: ...  # noqa: D102

    @property
    def loss_lr_factor(self) -> float: ...  # noqa: D102

    @property
    def layer_lr_decay(self) -> float: ...  # noqa: D102

    def adapt(self, model: Embedder) -> None:
        """Change the parts of ``model``, before its weights are read from a checkpoint."""
        ...

    def apply(self, model: Embedder, epoch: int) -> None:
        """Freeze or thaw parts of ``model``, in training mode, as ``epoch`` (0-based) asks."""
        ...


@dataclass(frozen=True)
class FineTune:
    """Learning-rate factors, and what is frozen.

    Frozen is frozen: no weight, no BatchNorm statistic, no dropout.

    Attributes:
        head_lr_factor: multiplies the learning rate of the head.
        loss_lr_factor: multiplies the learning rate of the loss's own parameters (temperature, proxies).
        freeze_backbone_epochs: the backbone is frozen for so many epochs; None: for good, a linear probe
            when the head is linear. Then fine-tuning is LP-FT (Kumar et al. 2022, arXiv 2202.10054).
        last_blocks: of the backbone, only so many last blocks (`vsr.models.blocks`) learn, with their norms;
            None: all.
        layer_lr_decay: each block learns at the rate of the next one times this, in 0..1 (BEiT, arXiv
            2106.08254); the last block at the full rate.
        freeze_batch_norm: BatchNorm in the backbone normalizes by its pretrained statistics, as in A Metric
            Learning Reality Check (arXiv 2003.08505); its scales and offsets learn.

    Raises:
        ValueError: a value is out of its range.
    """

    head_lr_factor: float = 1.0
    loss_lr_factor: float = 1.0
    freeze_backbone_epochs: int | None = 0
    last_blocks: int | None = None
    layer_lr_decay: float = 1.0
    freeze_batch_norm: bool = False

    def __post_init__(self) -> None:
        for name in ("head_lr_factor", "loss_lr_factor", "freeze_backbone_epochs"):
            if (getattr(self, name) or 0) < 0:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)}")
        if self.last_blocks is not None and self.last_blocks < 1:
            raise ValueError(
                f"last_blocks must be >= 1, got {self.last_blocks}; freeze_backbone_epochs=null freezes all"
            )
        if not 0 < self.layer_lr_decay <= 1:
            raise ValueError(f"layer_lr_decay must be > 0 and <= 1, got {self.layer_lr_decay}")

    def adapt(self, model: Embedder) -> None:
        """Leave the parts of ``model`` as they are."""

    def apply(self, model: Embedder, epoch: int) -> None:
        """Freeze or thaw the backbone of ``model``, in training mode, as ``epoch`` (0-based) asks."""
        frozen = self.freeze_backbone_epochs
        if frozen is None or epoch < frozen:
            model.freeze_backbone()
            return
        if frozen:
            model.unfreeze_backbone()
        if self.last_blocks is not None:
            _freeze_all_but_last(model.backbone, self.last_blocks)
        if self.freeze_batch_norm:
            for part in model.backbone.modules():
                if isinstance(part, _BatchNorm):
                    part.eval()


def _freeze_all_but_last(backbone: nn.Module, n_blocks: int) -> None:
    backbone.requires_grad_(False)
    for number, (_, block) in enumerate(reversed(blocks(backbone))):
        if number < n_blocks:
            block.requires_grad_(True)
        else:
            block.eval()
