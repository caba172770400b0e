"""Pictures as a network's weights expect them."""

import torch
from torch import Tensor, nn
from torchvision.models import WeightsEnum

Rgb = tuple[float, float, float]
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class PictureNormalization(nn.Module):
    """Pictures as the weights expect them; mean and deviation travel in the state dict.

    Args:
        mean: of red, green and blue, on a scale of 0..1.
        std: of red, green and blue, on a scale of 0..1.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Rgb, std: Rgb) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 3, H, W), uint8 in 0..255 or float in 0..1, to float of the same shape.

        Raises:
            ValueError: another shape or type.
        """
        if images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(f"images must be (B, 3, H, W), got {tuple(images.shape)}")
        if images.dtype == torch.uint8:
            images = images.to(self.mean.dtype) / 255
        elif not images.is_floating_point():
            raise ValueError(f"images must be uint8 in 0..255 or float in 0..1, got {images.dtype}")
        return (images.to(self.mean.dtype) - self.mean) / self.std


def mean_std(network: nn.Module, weights: WeightsEnum | None) -> tuple[Rgb, Rgb]:
    """Mean and deviation, on a scale of 0..1, that ``weights`` were trained with; ImageNet's without."""
    if getattr(network, "transform_input", False):  # done by the forward of GoogLeNet and Inception
        return (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
    if weights is None:
        return IMAGENET_MEAN, IMAGENET_STD
    preset = weights.transforms()
    return tuple(preset.mean), tuple(preset.std)
