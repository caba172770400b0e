"""What a pair loss compares: the anchors of a batch with columns, which are the batch or a reference set."""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from vsr.checks import check_batch
from vsr.unit import unit_length


class Pairs(NamedTuple):
    """B anchors against N columns.

    Attributes:
        similarities: (B, N) float32, or float64 for float64 embeddings.
        positive: (B, N) bool: the same label, and not the anchor itself.
        negative: (B, N) bool: another label.
    """

    similarities: Tensor
    positive: Tensor
    negative: Tensor


class Positives(NamedTuple):
    """The P positive pairs of a batch, anchor by anchor, and side by side in a matrix of W columns.

    Attributes:
        anchors: (P,) int row of each pair.
        columns: (P,) int column of each pair.
        places: (P,) int column of each pair in ``near``.
        near: (B, W) similarities, W the most positives of an anchor, at least 1; 0 where it has fewer.
        filled: (B, W) bool: where ``near`` holds a pair.
    """

    anchors: Tensor
    columns: Tensor
    places: Tensor
    near: Tensor
    filled: Tensor


class PairLoss(nn.Module):
    """A loss of the similarities between pictures; a subclass is its formula, `of_pairs`.

    The anchors are the batch. They are compared with the batch itself, or with a reference set: a memory, a
    momentum encoder's keys, what other devices embedded. Where the references hold the batch too, ``own``
    says where, so that no picture is its own positive: with a memory of earlier batches,
    ``loss(new, labels, cat([new, memory]), cat([labels, memory_labels]), own=arange(B))``.
    """

    def forward(
        self,
        embeddings: Tensor,
        labels: Tensor,
        ref_embeddings: Tensor | None = None,
        ref_labels: Tensor | None = None,
        own: Tensor | None = None,
    ) -> Tensor:
        """Scalar float32 (float64 for float64 embeddings); 0, with a gradient of 0, for an empty batch.

        Args:
            embeddings: (B, D) float: the anchors, of any length.
            labels: (B,) int.
            ref_embeddings: (N, D) float: the columns, instead of the batch.
            ref_labels: (N,) int.
            own: (B,) int: the column that holds the anchor itself, -1 for none; None: no column does.

        Raises:
            ValueError: shapes or types do not fit.
        """
        # Autocast would run the product in bf16, whose 8 significant bits blur similarities near 1.
        with torch.autocast(embeddings.device.type, enabled=False):
            pairs = self.compare(embeddings, labels, ref_embeddings, ref_labels, own)
            if not pairs.similarities.numel():
                return pairs.similarities.sum()
            return self.of_pairs(pairs)

    def of_pairs(self, pairs: Pairs) -> Tensor:
        """The loss, a scalar, of at least one anchor and column."""
        raise NotImplementedError

    def compare(
        self,
        embeddings: Tensor,
        labels: Tensor,
        ref_embeddings: Tensor | None = None,
        ref_labels: Tensor | None = None,
        own: Tensor | None = None,
    ) -> Pairs:
        """Similarities and masks of the arguments of `forward`."""
        check_batch(embeddings, labels)
        anchors = self.vectors(embeddings)
        if ref_embeddings is None or ref_labels is None:
            if ref_embeddings is not None or ref_labels is not None or own is not None:
                raise ValueError("ref_embeddings and ref_labels go together, and own needs both")
            same = labels[:, None] == labels[None, :]  # (B, B)
            return Pairs(gram(anchors), same.clone().fill_diagonal_(False), ~same)
        check_references(embeddings, ref_embeddings, ref_labels, own)
        same = labels[:, None] == ref_labels[None, :]  # (B, N)
        similarities = anchors @ self.vectors(ref_embeddings).to(anchors.dtype).T
        if own is None:
            return Pairs(similarities, same, ~same)
        itself = own[:, None] == torch.arange(len(ref_labels), device=own.device)
        return Pairs(similarities, same & ~itself, ~(same | itself))

    def vectors(self, embeddings: Tensor) -> Tensor:
        """What similarities are dot products of: unit length, and float32 at least."""
        return unit(embeddings)


def positives_of(pairs: Pairs) -> Positives:
    """The positive pairs on their own: usually few, so that what is done to them costs next to nothing."""
    anchors, columns = pairs.positive.nonzero(as_tuple=True)
    n_positive = pairs.positive.sum(dim=1)
    first = n_positive.cumsum(0) - n_positive
    places = torch.arange(len(anchors), device=anchors.device) - first[anchors]
    width = max(int(n_positive.max()), 1)
    near = pairs.similarities.new_zeros(len(n_positive), width)
    near = near.index_put((anchors, places), pairs.similarities[anchors, columns])
    filled = torch.arange(width, device=anchors.device) < n_positive[:, None]
    return Positives(anchors, columns, places, near, filled)


def gram(vectors: Tensor) -> Tensor:
    """Dot products (B, B) of the rows of (B, D) with each other."""
    return _Gram.apply(vectors)  # pyright: ignore[reportReturnType]


class _Gram(torch.autograd.Function):
    """Autograd would take two products for the gradient, one for either side; their sum takes one."""

    @staticmethod
    def forward(ctx: Any, vectors: Tensor) -> Tensor:
        ctx.save_for_backward(vectors)
        return vectors @ vectors.T

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (vectors,) = ctx.saved_tensors
        both = grads[0].T.contiguous()  # torch transposes in tiles; adding a transposed matrix it does not
        return both.add_(grads[0]) @ vectors


def unit(embeddings: Tensor) -> Tensor:
    """Rows of (B, D) scaled to unit length, in float32, or float64 for float64."""
    return unit_length(widened(embeddings))


def widened(values: Tensor) -> Tensor:
    """``values`` in float32, or in float64 if they are."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def check_references(
    embeddings: Tensor, ref_embeddings: Tensor, ref_labels: Tensor, own: Tensor | None
) -> None:
    """Raise ValueError unless the references (N, D), (N,) and ``own`` (B,) fit ``embeddings`` (B, D)."""
    check_batch(ref_embeddings, ref_labels)
    if ref_embeddings.shape[1] != embeddings.shape[1]:
        raise ValueError(
            f"ref_embeddings must be (N, {embeddings.shape[1]}), got {tuple(ref_embeddings.shape)}"
        )
    if own is not None and (own.shape != embeddings.shape[:1] or own.is_floating_point()):
        raise ValueError(f"own must be ({len(embeddings)},) of integers, got {tuple(own.shape)} {own.dtype}")


def mean_where(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of the ``values`` that ``mask`` picks; 0, with a gradient of 0, where it picks none."""
    return torch.where(mask, values, 0).sum() / mask.sum().clamp(min=1)


def check_temperature(temperature: float, name: str = "temperature") -> None:
    """Raise ValueError unless ``temperature`` is > 0 and finite."""
    if not 0 < temperature < math.inf:
        raise ValueError(f"{name} must be > 0 and finite, got {temperature}")


def distances(similarities: Tensor) -> Tensor:
    """Euclidean distances of unit vectors from their cosines, of the same shape; the gradient at 0 is 0.

    In float32 a distance below 5e-4 is rounding: 2 - 2s cancels.
    """
    return torch.rsub(similarities, 2, alpha=2).clamp(min=1e-12).sqrt()  # 2 - 2s


def mean_of(values: Tensor) -> Tensor:
    """Mean of (P,); 0, with a gradient of 0, of none."""
    return values.sum() / max(len(values), 1)
