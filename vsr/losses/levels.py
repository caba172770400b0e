"""Which labels a loss wants: the finest, or those of all levels."""

from torch import Tensor, nn


def is_graded(loss: nn.Module) -> bool:
    """Whether ``loss`` learns from labels of all levels: it then says so by an attribute ``graded``."""
    return bool(getattr(loss, "graded", False))


def labels_for(loss: nn.Module, labels: Tensor) -> Tensor:
    """Labels (B, L), fine to coarse, for a graded loss; for another the finest, (B,).

    Args:
        loss: which is asked.
        labels: (B,) or (B, L) int.
    """
    return labels[:, 0] if labels.ndim == 2 and not is_graded(loss) else labels
