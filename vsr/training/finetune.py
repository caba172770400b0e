"""How much of a pretrained model moves, and when."""

from dataclasses import dataclass

from vsr.models import EmbeddingModel


@dataclass(frozen=True)
class FineTune:
    """Learning-rate factors and frozen epochs.

    Attributes:
        head_lr_factor: multiplies the learning rate of the head.
        loss_lr_factor: multiplies the learning rate of the loss's own parameters (temperature, proxies).
        freeze_backbone_epochs: the backbone is frozen, BatchNorm statistics included, for so many epochs.

    Raises:
        ValueError: a factor or the number of epochs is negative.
    """

    head_lr_factor: float = 1.0
    loss_lr_factor: float = 1.0
    freeze_backbone_epochs: int = 0

    def __post_init__(self) -> None:
        for name in ("head_lr_factor", "loss_lr_factor", "freeze_backbone_epochs"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)}")

    def apply(self, model: EmbeddingModel, epoch: int) -> None:
        """Freeze or thaw the backbone of ``model`` as ``epoch`` (0-based) asks."""
        if epoch < self.freeze_backbone_epochs:
            model.freeze_backbone()
        elif self.freeze_backbone_epochs:
            model.unfreeze_backbone()
