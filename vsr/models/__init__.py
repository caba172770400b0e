"""Pictures to embeddings: one class over torchvision's registry."""

from vsr.models.blocks import blocks
from vsr.models.embedding import EmbeddingModel
from vsr.models.weights import LoadReport

__all__ = ["EmbeddingModel", "LoadReport", "blocks"]
