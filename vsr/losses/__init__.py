"""Contrastive losses: embeddings and labels to a scalar."""

from vsr.losses.infonce import InfoNCE

__all__ = ["InfoNCE"]
