"""Contrastive losses: embeddings and labels to a scalar."""

from vsr.losses.infonce import InfoNCE
from vsr.losses.pairs import PairLoss

__all__ = ["InfoNCE", "PairLoss"]
