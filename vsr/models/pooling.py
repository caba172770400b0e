"""Ways to make one vector of a feature map: (B, C, h, w) to (B, C).

GeM: Radenović et al. 2018 (arXiv 1711.02512), eq. 3, with one learned exponent.
"""

import math

import torch
from torch import Tensor, nn

from vsr.errors import ConfigError, nearest

P_RANGE = (1.0, 20.0)  # 1 is the mean; at 20 the result is within a few percent of the maximum


class AvgPool(nn.Module):
    """Mean over positions."""

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, C, h, w) to (B, C)."""
        return features.mean(dim=(2, 3))


class MaxPool(nn.Module):
    """Largest value over positions."""

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, C, h, w) to (B, C)."""
        return features.amax(dim=(2, 3))


class GeM(nn.Module):
    """Generalized mean over positions, ``mean(x^p)^(1/p)``: between the mean (p = 1) and the maximum.

    Negative features count as 0, as in the paper, where a ReLU comes before. Computed through logarithms:
    ``x^p`` itself leaves float32 for large p, and its root then has no gradient.

    Args:
        p: exponent to start from; learned, and used clamped to 1..20.
        eps: smallest feature value.

    Raises:
        ValueError: ``p`` outside 1..20.
    """

    def __init__(self, p: float = 3.0, eps: float = 1e-6) -> None:
        super().__init__()
        if not P_RANGE[0] <= p <= P_RANGE[1]:
            raise ValueError(f"gem_p must be from {P_RANGE[0]:g} to {P_RANGE[1]:g}, got {p}")
        self.p = nn.Parameter(torch.tensor(float(p)))
        self.eps = eps

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, C, h, w) to (B, C)."""
        p = self.p.clamp(*P_RANGE)
        logs = features.clamp(min=self.eps).log().flatten(2)  # (B, C, h·w)
        return (((p * logs).logsumexp(dim=2) - math.log(logs.shape[2])) / p).exp()


def build_pooling(name: str, gem_p: float) -> nn.Module:
    """The pooling called ``name``; ``cls`` averages over the one position that a class-token backbone gives.

    Raises:
        ConfigError: no pooling is called ``name``.
    """
    if name == "gem":
        return GeM(gem_p)
    poolings = {"avg": AvgPool, "max": MaxPool, "cls": AvgPool}
    if name not in poolings:
        known = [*poolings, "gem"]
        raise ConfigError(f"pooling must be avg, max, gem or cls, got {name!r}{nearest(name, known)}")
    return poolings[name]()
