"""A backbone through torch.compile."""

import torch

from vsr.errors import ConfigError, nearest
from vsr.models.embedder import Embedder


def compile_backbone(model: Embedder, backend: str) -> None:
    """Let torch compile ``model.backbone``, in place, when it is first called.

    Weights and their names stay, so that checkpoints are those of the plain network; so do embeddings and
    gradients, to float tolerance. Each kind of call (training, evaluation, another number of pictures) is
    compiled when it first comes, which takes a minute where an epoch may take seconds.

    Args:
        model: as it will be used: parts put in later are not compiled.
        backend: of torch.compile: ``inductor`` makes code for the device, and needs a C++ compiler for a CPU.

    Raises:
        ConfigError: there is no such backend.
    """
    known = torch.compiler.list_backends(exclude_tags=())
    if backend not in known:
        close = nearest(str(backend), torch.compiler.list_backends())
        raise ConfigError(f"compile must be null or a backend of torch.compile, got {backend}{close}")
    model.backbone.compile(backend=backend)
