"""Softmax over proxies with cosines for logits, plain and with margins."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from vsr.losses.pairs import check_temperature
from vsr.losses.proxies import ProxyLoss


class NormSoftmax(ProxyLoss):
    """Cross-entropy, in nats, of classifying pictures by proxies (Zhai and Wu 2019, arXiv 1811.12649, eq. 2).

    With cosines s of pictures and proxies, y the picture's label, temperature t::

        L = mean of -log( exp(s_y / t) / sum_c exp(s_c / t) )

    Args:
        temperature: > 0.

    Raises:
        ValueError: ``temperature`` <= 0.
    """

    def __init__(self, temperature: float = 0.05) -> None:
        super().__init__()
        check_temperature(temperature)
        self.temperature = temperature

    def of_classes(self, near: Tensor, classes: Tensor) -> Tensor:
        """See `ProxyLoss.of_classes`."""
        return F.cross_entropy(near / self.temperature, classes)


class ProxyNCA(ProxyLoss):
    """ProxyNCA++ (Teh et al. 2020, arXiv 2004.01113, eq. 6): a softmax of squared distances to proxies.

    With squared distances d of pictures and proxies of unit length, y the picture's label, temperature t::

        L = mean of -log( exp(-d_y / t) / sum_c exp(-d_c / t) )

    As d = 2 - 2s this is `NormSoftmax` at temperature t / 2. The first ProxyNCA (arXiv 1703.07464) leaves the
    picture's own proxy out of the denominator, and has no temperature.

    Args:
        temperature: > 0; the paper's is 1/9.

    Raises:
        ValueError: ``temperature`` <= 0.
    """

    def __init__(self, temperature: float = 1 / 9) -> None:
        super().__init__()
        check_temperature(temperature)
        self.temperature = temperature

    def of_classes(self, near: Tensor, classes: Tensor) -> Tensor:
        """See `ProxyLoss.of_classes`."""
        return F.cross_entropy((2 * near - 2) / self.temperature, classes)


class CosFace(ProxyLoss):
    """Softmax with a margin taken from the own proxy's cosine (Wang et al. 2018, arXiv 1801.09414, eq. 4).

    With cosines s of pictures and proxies, y the picture's label, margin m and scale k::

        L = mean of -log( exp(k (s_y - m)) / (exp(k (s_y - m)) + sum_{c != y} exp(k s_c)) )

    Args:
        margin: m, >= 0, in cosines.
        scale: k, > 0.

    Raises:
        ValueError: a value is out of its range.
    """

    def __init__(self, margin: float = 0.35, scale: float = 64.0) -> None:
        super().__init__()
        check_margin_and_scale(margin, scale)
        self.margin = margin
        self.scale = scale

    def of_classes(self, near: Tensor, classes: Tensor) -> Tensor:
        """See `ProxyLoss.of_classes`."""
        own = near.gather(1, classes[:, None])
        return F.cross_entropy(self.scale * near.scatter(1, classes[:, None], own - self.margin), classes)


class ArcFace(ProxyLoss):
    """Softmax with a margin added to the own proxy's angle (Deng et al. 2019, arXiv 1801.07698, eq. 3).

    With angles θ of pictures and proxies, y the picture's label, margin m and scale k::

        L = mean of -log( exp(k cos(θ_y + m)) / (exp(k cos(θ_y + m)) + sum_{c != y} exp(k cos θ_c)) )

    Beyond θ_y = π - m, where cos(θ_y + m) would rise again, it is cos θ_y - m sin m, as in the paper's code.

    Args:
        margin: m, in radians, 0..π/2.
        scale: k, > 0.
        per_label: proxies for each label, of which the nearest counts; see `SubcenterArcFace`.

    Raises:
        ValueError: a value is out of its range.
    """

    def __init__(self, margin: float = 0.5, scale: float = 64.0, per_label: int = 1) -> None:
        super().__init__(per_label)
        check_margin_and_scale(margin, scale)
        if margin > math.pi / 2:
            raise ValueError(f"margin must be in radians, 0..π/2, got {margin}; 28.6 degrees are 0.5")
        self.margin = margin
        self.scale = scale

    def of_classes(self, near: Tensor, classes: Tensor) -> Tensor:
        """See `ProxyLoss.of_classes`."""
        if self.per_label > 1:
            near = near.unflatten(1, (self.per_label, -1)).max(dim=1).values  # (B, C)
        own = near.gather(1, classes[:, None])
        logits = near.scatter(1, classes[:, None], turned(own, self.margin))
        return F.cross_entropy(self.scale * logits, classes)


class SubcenterArcFace(ArcFace):
    """`ArcFace` with several proxies for each label, of which a picture answers to the nearest.

    Mislabeled and odd pictures gather at a proxy of their own (Deng et al. 2020, ECCV, "Sub-center ArcFace").

    Args:
        margin: in radians, 0..π/2.
        scale: > 0.
        per_label: proxies for each label, >= 1.

    Raises:
        ValueError: a value is out of its range.
    """

    def __init__(self, margin: float = 0.5, scale: float = 64.0, per_label: int = 3) -> None:
        super().__init__(margin, scale, per_label)


def turned(cosines: Tensor, margin: float) -> Tensor:
    """cos(θ + margin) of cosines of θ, and a line on from θ = π - margin, where it would turn back."""
    # Without arccos, whose slope at cosines of 1 and -1 is infinite.
    sines = (1 - cosines.square()).clamp(min=torch.finfo(cosines.dtype).eps).sqrt()
    beyond = cosines - margin * math.sin(margin)
    return torch.where(
        cosines >= -math.cos(margin), cosines * math.cos(margin) - sines * math.sin(margin), beyond
    )


def check_margin_and_scale(margin: float, scale: float) -> None:
    """Raise ValueError unless ``margin`` >= 0 and ``scale`` > 0."""
    if margin < 0:
        raise ValueError(f"margin must be >= 0, got {margin}")
    if scale <= 0:
        raise ValueError(f"scale must be > 0, got {scale}")
