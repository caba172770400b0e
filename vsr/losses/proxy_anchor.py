"""Proxy-Anchor loss: each proxy is an anchor for the pictures of the batch.

Source: Kim et al. 2020 (arXiv 2003.13911), eq. 4.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from vsr.losses.logsumexp import masked_logsumexp
from vsr.losses.proxies import ProxyLoss


class ProxyAnchor(ProxyLoss):
    """Soft sum of a proxy's far positives and near negatives.

    With cosines s of pictures x and proxies p, scale a and margin m, P all proxies, P+ those whose label is
    in the batch, and X_p+ and X_p- the pictures of p's label and of others::

        L = 1/|P+| sum_{p in P+} log(1 + sum_{x in X_p+} exp(-a (s_xp - m)))
          + 1/|P|  sum_{p in P}  log(1 + sum_{x in X_p-} exp( a (s_xp + m)))

    Args:
        margin: m, in 0..1.
        scale: a, > 0.

    Raises:
        ValueError: a value is out of its range.
    """

    def __init__(self, margin: float = 0.1, scale: float = 32.0) -> None:
        super().__init__()
        if not 0 <= margin <= 1:
            raise ValueError(f"margin must be in 0..1, got {margin}")
        if scale <= 0:
            raise ValueError(f"scale must be > 0, got {scale}")
        self.margin = margin
        self.scale = scale

    def of_classes(self, near: Tensor, classes: Tensor) -> Tensor:
        """See `ProxyLoss.of_classes`."""
        own = torch.zeros_like(near, dtype=torch.bool).scatter_(1, classes[:, None], True)  # (B, C)
        pull = masked_logsumexp(self.scale * (self.margin - near), own, dim=0)  # (C,)
        push = masked_logsumexp(self.scale * (self.margin + near), ~own, dim=0)
        # A proxy without positives has log(1 + 0) = 0: the sum over P is the sum over P+.
        return F.softplus(pull).sum() / own.any(dim=0).sum() + F.softplus(push).mean()
