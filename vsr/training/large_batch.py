"""Large batches in little memory: pictures are embedded in chunks, their activations made anew for backward.

A contrastive loss needs the embeddings of the whole batch, but not its activations. Gao et al. 2021,
GradCache (arXiv 2101.06983), embed twice and hand each chunk its part of the gradient; activation
checkpointing (Chen et al. 2016, arXiv 1604.06174) of each chunk computes the same and leaves the backward
pass to autograd.
"""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

log = logging.getLogger(__name__)


class LargeBatch:
    """Embed a batch in parts of at most ``chunk`` pictures, with the gradient of the whole batch's loss.

    The activations of one part are in memory at a time, for about 1.3 times the time: all parts but the last
    run forward a second time during the backward pass. Their random state is put back for it, so that
    dropout drops the same, and BatchNorm's running statistics are left alone the second time.

    BatchNorm in training mode normalizes each part by its own statistics ("ghost" BatchNorm), so embeddings
    and gradient are not those of the whole batch, and the running statistics move once a part. Without
    BatchNorm, or with a frozen one, they are, to float tolerance.

    Args:
        chunk: pictures at a time, of one device; None embeds the batch at once.

    Raises:
        ValueError: ``chunk`` < 2.
    """

    def __init__(self, chunk: int | None = None) -> None:
        if chunk is not None and chunk < 2:
            raise ValueError(f"chunk must be >= 2, or null to embed the batch at once, got {chunk}")
        self.chunk = chunk
        self._warned = False

    def embed(self, model: nn.Module, images: Tensor) -> Tensor:
        """Embeddings (B, D) of ``images`` (B, 3, H, W) by ``model``, with gradient where it is enabled."""
        if self.chunk is None or len(images) <= self.chunk:
            return model(images)
        self._warn(model)
        # Of nearly equal size: a last part of one picture would break BatchNorm.
        *parts, last = images.tensor_split(-(-len(images) // self.chunk))
        if not torch.is_grad_enabled():
            return torch.cat([model(part) for part in (*parts, last)])
        embeddings = [_embed_again(model, part) for part in parts]
        return torch.cat([*embeddings, model(last)])  # backward begins with the last part: kept as it is

    def _warn(self, model: nn.Module) -> None:
        if not self._warned and any(norm.training for norm in _batch_norms(model)):
            self._warned = True
            log.warning(
                "large_batch.chunk=%d: BatchNorm normalizes each chunk by itself, not the whole batch; "
                "freeze it, or take a model without it, for the gradient of the whole batch",
                self.chunk,
            )


def _embed_again(model: nn.Module, images: Tensor) -> Tensor:
    def contexts() -> tuple[AbstractContextManager, AbstractContextManager]:
        return nullcontext(), _still(model)

    embeddings = checkpoint(model, images, use_reentrant=False, context_fn=contexts)
    assert isinstance(embeddings, Tensor)
    return embeddings


def _batch_norms(model: nn.Module) -> list[_BatchNorm]:
    return [part for part in model.modules() if isinstance(part, _BatchNorm)]


@contextmanager
def _still(model: nn.Module) -> Iterator[None]:
    """BatchNorm computes as ever, but leaves its running statistics as they are.

    A momentum of 0 leaves them exactly. Putting them back afterwards would not do: autograd would find that
    what it saved was changed.
    """
    norms = [norm for norm in _batch_norms(model) if norm.training and norm.track_running_stats]
    before = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum, norm.num_batches_tracked = 0.0, None
    try:
        yield
    finally:
        for norm, (momentum, counted) in zip(norms, before, strict=True):
            norm.momentum, norm.num_batches_tracked = momentum, counted
