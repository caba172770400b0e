"""Fine-tune by low-rank adapters: the pretrained weights stay, a hundredth of their number learns."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch.nn.modules.batchnorm import _BatchNorm

from vsr.models.adapters import add_adapters
from vsr.models.embedder import Embedder


@dataclass(frozen=True)
class LoRA:
    """Adapters, head and loss learn; the backbone's weights and BatchNorm statistics stay as pretrained.

    LoRA (Hu et al. 2021, arXiv 2106.09685); see `vsr.models.add_adapters` for which layers have adapters.
    Checkpoints hold the adapters beside the weights, so that a run can be resumed, and are measured so; what
    serves, or starts another run by ``model.weights=…ckpt``, has them merged into the weights.

    Attributes:
        rank: of an adapter's product, >= 1.
        alpha: adapters are scaled by alpha / rank, > 0: what learns well at one rank does so at another.
        dropout: of what goes into an adapter, in 0..1.
        layers: last parts of the names of the layers; None for all of the kind that holds most weights.
        head_lr_factor: multiplies the learning rate of the head.
        loss_lr_factor: multiplies the learning rate of the loss's own parameters.
        layer_lr_decay: the adapters of each block learn at the rate of the next block's times this, in 0..1.

    Raises:
        ValueError: a value is out of its range.
    """

    rank: int = 8
    alpha: float = 16.0
    dropout: float = 0.0
    layers: Sequence[str] | None = None
    head_lr_factor: float = 1.0
    loss_lr_factor: float = 1.0
    layer_lr_decay: float = 1.0

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise ValueError(f"rank must be >= 1, got {self.rank}")
        if self.alpha <= 0:
            raise ValueError(f"alpha must be > 0, got {self.alpha}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be >= 0 and < 1, got {self.dropout}")
        if isinstance(self.layers, str):
            raise ValueError(f"layers must be a list of names, such as [{self.layers}], got {self.layers}")
        for name in ("head_lr_factor", "loss_lr_factor"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)}")
        if not 0 < self.layer_lr_decay <= 1:
            raise ValueError(f"layer_lr_decay must be > 0 and <= 1, got {self.layer_lr_decay}")

    def adapt(self, model: Embedder) -> None:
        """Put the adapters into the backbone of ``model``, whose own weights are frozen."""
        add_adapters(model, self.rank, self.alpha, self.dropout, self.layers)

    def apply(self, model: Embedder, epoch: int) -> None:
        """Keep the BatchNorm statistics of the backbone of ``model``, in training mode, as they are."""
        for part in model.backbone.modules():
            if isinstance(part, _BatchNorm):
                part.eval()
