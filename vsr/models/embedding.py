"""A picture's embedding: backbone, pooling, head, unit length."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsr.models.backbones import Backbone, check_backbone, start_branches_at_zero, strip_classifier
from vsr.models.heads import build_head
from vsr.models.pictures import PictureNormalization, mean_std
from vsr.models.pooling import build_pooling
from vsr.models.weights import (
    LoadReport,
    is_path,
    load_file,
    missing_names,
    torchvision_network,
    torchvision_weights,
)

SMALLEST = 1e-16  # length kept from dividing by 0; an untrained EfficientNet gives lengths of 1e-13


class EmbeddingModel(nn.Module):
    """Pictures (B, 3, H, W) to embeddings (B, ``width``) with any torchvision classification network.

    Args:
        backbone: torchvision's name of the network, such as ``resnet50``.
        pooling: ``avg``, ``max``, ``gem``, or ``cls`` for the class token of a Vision Transformer.
        head: ``none``, ``linear``, or ``mlp`` (linear, ReLU, linear).
        width: D, the numbers in an embedding; None for as many as the backbone has channels.
        normalize: give embeddings unit length.
        weights: None for a random start, torchvision's name (``IMAGENET1K_V2``, ``DEFAULT``), or a path to a
            state dict of the network or to a checkpoint of ours.
        hidden_width: of the ``mlp`` head; None for as many as the backbone has channels.
        gem_p: the exponent that ``gem`` starts from.
        zero_init: start each residual branch of a ResNet without weights at zero (arXiv 1706.02677).

    Attributes:
        loaded: what came of loading ``weights``; None without weights.

    Raises:
        ConfigError: no such backbone, pooling, head or weights, or they do not go together.
        CheckpointError: the weights cannot be had, read, or fitted.
    """

    def __init__(
        self,
        backbone: str,
        pooling: str = "avg",
        head: str = "linear",
        width: int | None = 128,
        normalize: bool = True,
        weights: str | None = None,
        hidden_width: int | None = None,
        gem_p: float = 3.0,
        zero_init: bool = False,
    ) -> None:
        super().__init__()
        check_backbone(backbone, pooling)
        named = None if weights is None or is_path(weights) else torchvision_weights(backbone, weights)
        network = torchvision_network(backbone, named)
        if zero_init and weights is None:
            start_branches_at_zero(network, backbone)
        self.pictures = PictureNormalization(*mean_std(network, named))
        self.backbone: Backbone = strip_classifier(network, backbone, class_token=pooling == "cls")
        self.pooling = build_pooling(pooling, gem_p)
        self.head, self.width = build_head(head, self.backbone.channels, width, hidden_width)
        self.normalize = normalize
        self._frozen = False
        self.loaded: LoadReport | None = None
        if named is not None:
            self.loaded = self._report(str(named), network)
        elif weights is not None:
            self.loaded = load_file(self, weights)
        if self.loaded is not None:
            self.loaded.log()

    def features(self, images: Tensor) -> Tensor:
        """Pooled features of the backbone, (B, C) float32, of images (B, 3, H, W), uint8 or float in 0..1."""
        features = self.backbone(self.pictures(images))
        with torch.autocast(images.device.type, enabled=False):  # sums over positions want float32
            return self.backbone.finish(self.pooling(features.float()).to(self.pictures.mean.dtype)).float()

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
            return F.normalize(embeddings, dim=1, eps=SMALLEST) if self.normalize else embeddings

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

    def train(self, mode: bool = True) -> "EmbeddingModel":
        """Switch to training or evaluation; a frozen backbone stays in evaluation."""
        super().train(mode)
        if self._frozen:
            self.backbone.eval()
        return self

    def _report(self, source: str, network: nn.Module) -> LoadReport:
        own = self.state_dict()
        matched = [name for name in own if name.startswith("backbone.")]
        unexpected = [name for name in network.state_dict() if f"backbone.{name}" not in own]
        missing = missing_names(own, set(matched))
        return LoadReport(source, tuple(matched), missing, tuple(unexpected))
