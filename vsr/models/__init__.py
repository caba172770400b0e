"""Pictures to embeddings: one class over torchvision's registry, one over timm's, and several as one."""

from vsr.models.adapters import add_adapters, merge_adapters
from vsr.models.blocks import blocks
from vsr.models.compiling import compile_backbone
from vsr.models.concatenated import Concatenated
from vsr.models.embedder import Embedder
from vsr.models.embedding import EmbeddingModel
from vsr.models.timm import TimmModel
from vsr.models.weights import LoadReport

__all__ = [
    "Concatenated",
    "Embedder",
    "EmbeddingModel",
    "LoadReport",
    "TimmModel",
    "add_adapters",
    "blocks",
    "compile_backbone",
    "merge_adapters",
]
