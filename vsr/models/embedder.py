"""What every model has in common: a backbone that can be frozen, a head, unit length."""

import torch
from torch import Tensor, nn

from vsr.models.pictures import PictureNormalization
from vsr.unit import unit_length


class Embedder(nn.Module):
    """Pictures (B, 3, H, W) to embeddings (B, ``width``); a subclass makes its parts and says its `features`.

    Attributes:
        pictures: normalization that the backbone expects.
        backbone: most of the weights; can be frozen.
        head: features (B, C) to embeddings (B, D).
        width: D.
        normalize: give embeddings unit length.
    """

    pictures: PictureNormalization
    backbone: nn.Module
    head: nn.Module
    width: int
    normalize: bool

    def __init__(self) -> None:
        super().__init__()
        self._frozen = False

    def features(self, images: Tensor) -> Tensor:
        """Pooled features of the backbone, (B, C) float32, of images (B, 3, H, W), uint8 or float in 0..1."""
        raise NotImplementedError

    def forward(self, images: Tensor) -> Tensor:
        """Embeddings (B, D) float32, of unit length if ``normalize``.

        Args:
            images: (B, 3, H, W), uint8 in 0..255 or float in 0..1.

        Raises:
            ValueError: ``images`` has another shape or type.
            ConfigError: a Vision Transformer's pictures do not divide into its patches.
        """
        features = self.features(images)
        # The head is a thousandth of the work: float32 keeps embeddings that lie close together apart.
        with torch.autocast(images.device.type, enabled=False):
            embeddings = self.head(features.to(self.pictures.mean.dtype)).float()
            return unit_length(embeddings) if self.normalize else embeddings

    def freeze_backbone(self) -> None:
        """Let nothing in the backbone move: no weight, no BatchNorm statistic, and no dropout either.

        ``requires_grad`` alone leaves BatchNorm in training mode: pictures would still be normalized by the
        batch that they happen to be in, and the running statistics would drift.
        """
        self._frozen = True
        self.backbone.requires_grad_(False)
        self.backbone.eval()

    def unfreeze_backbone(self) -> None:
        """Let the whole backbone learn again."""
        self._frozen = False
        self.backbone.requires_grad_(True)
        self.backbone.train(self.training)

    def train(self, mode: bool = True) -> "Embedder":
        """Switch to training or evaluation; a frozen backbone stays in evaluation."""
        super().train(mode)
        if self._frozen:
            self.backbone.eval()
        return self
