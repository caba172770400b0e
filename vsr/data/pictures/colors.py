"""Color changes of a batch, each picture by an amount of its own.

As in torchvision's functions of the same names, on float pictures (n, 3, H, W) in 0..1.
"""

import torch
from torch import Tensor

LUMA = (0.2989, 0.587, 0.114)  # of red, green and blue; ITU-R BT.601 as torchvision rounds it


def gray(views: Tensor) -> Tensor:
    """(n, 1, H, W)."""
    red, green, blue = views.unbind(dim=1)
    return (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue).unsqueeze(1)


def brightness(views: Tensor, factors: Tensor) -> Tensor:
    """Times ``factors`` (n,)."""
    return _blended(views, views.new_zeros(()), factors)


def contrast(views: Tensor, factors: Tensor) -> Tensor:
    """Away from each picture's mean gray by ``factors`` (n,)."""
    return _blended(views, gray(views).mean(dim=(2, 3), keepdim=True), factors)


def saturation(views: Tensor, factors: Tensor) -> Tensor:
    """Away from gray by ``factors`` (n,)."""
    return _blended(views, gray(views), factors)


def hue(views: Tensor, shifts: Tensor) -> Tensor:
    """Round the color circle by ``shifts`` (n,), shares of it: in HSV, keeping saturation and value."""
    value, low = views.max(dim=1).values, views.min(dim=1).values
    chroma = value - low
    red, green, blue = views.unbind(dim=1)
    safe = torch.where(chroma > 0, chroma, torch.ones_like(chroma))
    sector = torch.where(
        value == red,
        (green - blue) / safe % 6,
        torch.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )  # (n, H, W), 0..6 around the circle
    sector = (sector + 6 * shifts[:, None, None]) % 6
    # Formula of Wikipedia, "HSL and HSV": f(n) = V - C max(0, min(k, 4 - k, 1)), k = (n + H / 60°) mod 6.
    channels = []
    for offset in (5, 3, 1):
        k = (offset + sector) % 6
        channels.append(value - chroma * torch.minimum(k, 4 - k).clamp(0, 1))
    return torch.stack(channels, dim=1)


def _blended(views: Tensor, other: Tensor, factors: Tensor) -> Tensor:
    factors = factors[:, None, None, None]
    return (factors * views + (1 - factors) * other).clamp(0, 1)
