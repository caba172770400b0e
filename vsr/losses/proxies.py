"""Proxies: a learned vector, or several, for each label of the training split.

A proxy loss compares pictures with the proxies of labels instead of with each other, so it needs no batch in
which labels repeat, and learns the proxies along.
"""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from vsr.checks import check_batch
from vsr.errors import ConfigError
from vsr.losses.pairs import unit
from vsr.unit import unit_length


@runtime_checkable
class SetUp(Protocol):
    """A loss with a weight for each label, which must be told the labels before it can make them."""

    def set_up(self, labels: Tensor, width: int, seed: int = 0) -> None:
        """Make the weights for labels (E,) and embeddings of ``width``, decided by ``seed``."""
        ...


class ProxyLoss(nn.Module):
    """A loss of the similarities between pictures and proxies; a subclass is its formula, `of_classes`.

    It must be told the labels and the embedding width once, before the optimizer is made: `set_up`. From then
    on ``proxies`` (per_label · C, D) is its parameter, one of each label after the other, and ``known`` (C,)
    its buffer of labels, rising; both are in its state dict. It is not meant for references: a proxy stands
    for what a memory would hold.

    Args:
        per_label: proxies for each label, >= 1.

    Raises:
        ValueError: ``per_label`` < 1.
    """

    proxies: nn.Parameter | None
    known: Tensor | None

    def __init__(self, per_label: int = 1) -> None:
        super().__init__()
        if per_label < 1:
            raise ValueError(f"per_label must be >= 1, got {per_label}")
        self.per_label = per_label
        self.register_parameter("proxies", None)
        self.register_buffer("known", None)

    def set_up(self, labels: Tensor, width: int, seed: int = 0) -> None:
        """Make the proxies, in random directions of unit length.

        Args:
            labels: (E,) int: the labels of training, each any number of times.
            width: D, of the embeddings.
            seed: of the directions.
        """
        self.known = known = labels.unique()
        generator = torch.Generator().manual_seed(seed)
        directions = torch.randn(len(known) * self.per_label, width, generator=generator)
        self.proxies = nn.Parameter(unit_length(directions).to(labels.device))

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Scalar float32 (float64 for float64 embeddings); 0, with a gradient of 0, for an empty batch.

        Args:
            embeddings: (B, D) float, of any length.
            labels: (B,) int, among those of `set_up`.

        Raises:
            ValueError: shapes or types do not fit, a label is unknown, or `set_up` was not called.
        """
        check_batch(embeddings, labels)
        if self.proxies is None or self.known is None:
            raise ConfigError(f"{type(self).__name__} has no proxies yet; call set_up(labels, width) first")
        if embeddings.shape[1] != self.proxies.shape[1]:
            width, got = self.proxies.shape[1], tuple(embeddings.shape)
            raise ValueError(f"embeddings must be (B, {width}) like the proxies, got {got}")
        classes = index_of(labels, self.known)
        with torch.autocast(embeddings.device.type, enabled=False):
            anchors = unit(embeddings)
            near = anchors @ unit(self.proxies).to(anchors.dtype).T  # (B, per_label · C)
            if not len(labels):
                return near.sum()
            return self.of_classes(near, classes)

    def of_classes(self, near: Tensor, classes: Tensor) -> Tensor:
        """The loss of cosines ``near`` (B, per_label · C) and classes (B,) in 0..C-1."""
        raise NotImplementedError


def set_up(loss: nn.Module, labels: Tensor, width: int, seed: int = 0) -> None:
    """Tell every part of ``loss`` that asks for them the training labels (E,) and the embedding width.

    To be called before an optimizer or a checkpoint takes the loss's parameters. Losses without proxies are
    left as they are.
    """
    for part in loss.modules():
        if isinstance(part, SetUp):
            part.set_up(labels, width, seed)


def index_of(labels: Tensor, known: Tensor) -> Tensor:
    """Places (B,) of ``labels`` (B,) in ``known`` (C,), which rises.

    Raises:
        ValueError: a label is not known.
    """
    places = torch.searchsorted(known, labels.contiguous()).clamp(max=len(known) - 1)
    strange = known[places] != labels
    if strange.any():
        label = int(labels[strange][0])
        raise ValueError(f"label {label} has no proxy: it is not among the {len(known)} labels of training")
    return places
