"""Pictures to embeddings: one class over torchvision's registry, one over timm's, and several as one."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
