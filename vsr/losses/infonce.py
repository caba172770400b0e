"""InfoNCE with in-batch negatives and any number of positives per anchor.

Source: van den Oord et al. 2018 (arXiv 1807.03748), eq. 4. With several positives per anchor it is L_out of
Khosla et al. 2020 (arXiv 2004.11362), eq. 2. A learnt temperature is that of CLIP (Radford et al. 2021, arXiv
2103.00020, sec. 2.5).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsr.checks import check_batch

LEARNT_RANGE = (0.01, 1.0)  # CLIP's floor; above 1 cosine similarities hardly tell pictures apart


class InfoNCE(nn.Module):
    """Mean over anchors of the cross-entropy, in nats, of picking a positive from the batch.

    With cosine similarities s, temperature t, and P(i) the other pictures of anchor i's label::

        L   = mean of L_i over the anchors with P(i) not empty
        L_i = -1/|P(i)| sum_{p in P(i)} log( exp(s_ip / t) / sum_{a != i} exp(s_ia / t) )

    It is symmetric as it stands: every picture is an anchor, so that each pair counts once from either side.
    (CLIP's two-tower symmetric loss is another one: it has no negatives from the anchor's own side.)

    Args:
        temperature: divides the cosine similarities, > 0. Lower makes hard negatives count more.
        learn_temperature: learn the logarithm of the temperature, from ``temperature``, kept in 0.01..1.

    Raises:
        ValueError: ``temperature`` <= 0, or learnt and outside 0.01..1, or a shape in ``forward`` is wrong.
    """

    def __init__(self, temperature: float = 0.07, learn_temperature: bool = False) -> None:
        super().__init__()
        if not 0 < temperature < math.inf:
            raise ValueError(f"temperature must be > 0 and finite, got {temperature}")
        low, high = LEARNT_RANGE
        if learn_temperature and not low <= temperature <= high:
            raise ValueError(f"a learnt temperature must start in {low:g}..{high:g}, got {temperature}")
        self.temperature = temperature
        self.learn_temperature = learn_temperature
        if learn_temperature:
            self.log_temperature = nn.Parameter(torch.tensor(math.log(temperature)))

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Scalar float32 (float64 for float64 embeddings), 0 when no label repeats.

        Args:
            embeddings: (B, D) float, of any length.
            labels: (B,) int.
        """
        check_batch(embeddings, labels)
        # Autocast would run this product in bf16, whose 8 significant bits blur similarities near 1.
        with torch.autocast(embeddings.device.type, enabled=False):
            wide = torch.promote_types(embeddings.dtype, torch.float32)
            unit = F.normalize(embeddings.to(wide), dim=1)
            logits = unit @ unit.T / self._temperature()  # (B, B)
        itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        positive = (labels[:, None] == labels[None, :]) & ~itself  # (B, B)
        others = logits.masked_fill(itself, torch.finfo(wide).min)  # finite: -inf is NaN at B = 1
        log_prob = logits - others.logsumexp(dim=1, keepdim=True)
        n_positive = positive.sum(dim=1)  # (B,)
        per_anchor = -log_prob.masked_fill(~positive, 0).sum(dim=1) / n_positive.clamp(min=1)
        return per_anchor.sum() / (n_positive > 0).sum().clamp(min=1)

    def _temperature(self) -> float | Tensor:
        if not self.learn_temperature:
            return self.temperature
        # The parameter itself is kept in range, not its copy: a clamped copy has no gradient to come back by.
        with torch.no_grad():
            self.log_temperature.clamp_(*map(math.log, LEARNT_RANGE))
        return self.log_temperature.exp()
