"""Checks that more than one room makes of its input."""

from torch import Tensor


def check_batch(embeddings: Tensor, labels: Tensor) -> None:
    """Raise ValueError unless ``embeddings`` is (B, D) float and ``labels`` is (B,) of whole numbers."""
    if embeddings.ndim != 2:
        raise ValueError(f"embeddings must be (B, D), got {tuple(embeddings.shape)}")
    if not embeddings.is_floating_point():
        raise ValueError(f"embeddings must be floating point, got {embeddings.dtype}")
    if labels.shape != embeddings.shape[:1]:
        raise ValueError(f"labels must be ({len(embeddings)},), got {tuple(labels.shape)}")
    if labels.is_floating_point():
        raise ValueError(f"labels must be integers (float merges ids above 2^24), got {labels.dtype}")
