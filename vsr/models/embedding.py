"""Embeddings by any torchvision network: backbone, pooling, head, unit length."""

import torch
from torch import Tensor, nn

from vsr.models.backbones import Backbone, check_backbone, start_branches_at_zero, strip_classifier
from vsr.models.embedder import Embedder
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


class EmbeddingModel(Embedder):
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
        channels_last: how pictures and convolutions' weights lie in memory; decides speed alone.

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
        channels_last: bool = True,
    ) -> None:
        super().__init__()
        check_backbone(backbone, pooling)
        named = None if weights is None or is_path(weights) else torchvision_weights(backbone, weights)
        network = torchvision_network(backbone, named)
        if zero_init and weights is None:
            start_branches_at_zero(network, backbone)
        self.pictures = PictureNormalization(*mean_std(network, named))
        self.backbone: Backbone = strip_classifier(network, backbone, pooling == "cls", channels_last)
        self.pooling = build_pooling(pooling, gem_p)
        self.head, self.width = build_head(head, self.backbone.channels, width, hidden_width)
        self.normalize = normalize
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

    def _report(self, source: str, network: nn.Module) -> LoadReport:
        own = self.state_dict()
        matched = [name for name in own if name.startswith("backbone.")]
        unexpected = [name for name in network.state_dict() if f"backbone.{name}" not in own]
        missing = missing_names(own, set(matched))
        return LoadReport(source, tuple(matched), missing, tuple(unexpected))
