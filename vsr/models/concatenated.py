"""Several networks as one: their embeddings side by side."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vsr.unit import unit_length


class Concatenated(nn.Module):
    """Embeddings of ``models``, each made unit length, one after the other: "concatenated" in MLRC's tables.

    The cosine similarity of two pictures is the mean of those that the models give. It is for measuring and
    searching; `vsr.training.concatenate` makes a checkpoint of it (arXiv 2003.08505, section 4.2).

    Args:
        models: networks from pictures (B, 3, H, W) to embeddings, with an attribute ``width``.

    Attributes:
        width: D, the sum of the models' widths.

    Raises:
        ValueError: ``models`` is empty.
    """

    def __init__(self, models: Sequence[nn.Module]) -> None:
        super().__init__()
        if not models:
            raise ValueError("models must be one network or more, got none")
        self.models = nn.ModuleList(models)
        self.width = sum(int(model.width) for model in models)  # pyright: ignore[reportArgumentType]

    def forward(self, images: Tensor) -> Tensor:
        """Embeddings (B, D) float32 of unit length, of images (B, 3, H, W), uint8 or float in 0..1."""
        parts = [unit_length(model(images).float()) for model in self.models]
        return torch.cat(parts, dim=1) / math.sqrt(len(parts))
