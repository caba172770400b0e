"""Contrastive losses: embeddings and labels to a scalar."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
