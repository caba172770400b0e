"""More negatives than a batch holds: embeddings of earlier batches, or of a slowly moving copy of the model.

Under several devices every rank stores what all ranks embedded, so the memories are alike without being sent.
"""

import copy
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from vsr.errors import ConfigError
from vsr.losses.levels import labels_for
from vsr.losses.pairs import PairLoss
from vsr.losses.proxies import ProxyLoss
from vsr.training.embedded_batch import Embedded

Embed = Callable[[nn.Module, Tensor], Tensor]


class Memory(Protocol):
    """What a pair loss compares the batch with, besides itself. A module: its state is in the checkpoint."""

    def set_up(self, model: nn.Module, n_levels: int) -> None:
        """Make room for embeddings of ``model`` (its ``width``) and ``n_levels`` labels of each."""
        ...

    def keys(self, model: nn.Module, images: Tensor, embed: Embed) -> Tensor | None:
        """Keys (B, D) of the pictures of this rank, if they are not the embeddings themselves."""
        ...

    def __call__(self, loss: nn.Module, batch: Embedded) -> Tensor:
        """Scalar ``loss`` of the batch of all ranks; the batch is remembered."""
        ...


class Queue(nn.Module):
    """The newest embedding of each of the last ``size`` pictures.

    Args:
        size: pictures, N.
        width: D, of their embeddings.
        n_levels: L, labels of each.
    """

    embeddings: Tensor
    labels: Tensor
    rows: Tensor
    pointer: Tensor

    def __init__(self, size: int, width: int, n_levels: int) -> None:
        super().__init__()
        self.register_buffer("embeddings", torch.zeros(size, width))
        self.register_buffer("labels", torch.zeros(size, n_levels, dtype=torch.int64))
        self.register_buffer("rows", torch.full((size,), -1))  # -1: empty, or a newer one is elsewhere
        self.register_buffer("pointer", torch.zeros((), dtype=torch.int64))  # where the next one goes

    @torch.no_grad()
    def add(self, embeddings: Tensor, labels: Tensor, rows: Tensor) -> None:
        """Put in (B, D), (B, L) and (B,), instead of the oldest, and of older ones of the same rows."""
        size = len(self.rows)
        embeddings, labels, rows = (values[-size:] for values in (embeddings, labels, rows))
        self.rows[torch.isin(self.rows, rows)] = -1
        at = (self.pointer + torch.arange(len(rows), device=rows.device)) % size
        self.embeddings[at] = embeddings.to(self.embeddings.dtype)
        self.labels[at] = labels
        self.rows[at] = rows
        self.pointer.copy_((self.pointer + len(rows)) % size)

    def without(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Embeddings (n, D) and labels (n, L) of all pictures but those of ``rows`` (B,)."""
        wanted = (self.rows >= 0) & ~torch.isin(self.rows, rows)
        return self.embeddings[wanted], self.labels[wanted]


class XBM(nn.Module):
    """Cross-batch memory: Wang et al. 2020 (arXiv 1912.06798), algorithm 1.

    The columns of the loss are the batch, with gradient as without a memory, and then the embeddings that the
    model gave to the pictures of the last batches when it saw them. A picture stands there once, by its
    newest embedding: what the memory holds of the pictures in the batch is left out, so that a picture is
    neither positive nor negative of itself. (The authors' code adds a second loss over the memory to that of
    the batch instead; algorithm 1, and this, is one loss over both.)

    Args:
        size: pictures remembered.
        start: batches before it begins to remember: early embeddings drift too fast to be of use.

    Raises:
        ValueError: ``size`` < 1 or ``start`` < 0.
    """

    queue: Queue
    seen: Tensor

    def __init__(self, size: int, start: int = 0) -> None:
        super().__init__()
        _check_size(size)
        if start < 0:
            raise ValueError(f"start must be >= 0 batches, got {start}")
        self.size = size
        self.start = start
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))  # batches so far

    def set_up(self, model: nn.Module, n_levels: int) -> None:
        """See `Memory.set_up`."""
        self.queue = Queue(self.size, _width(model), n_levels)

    def keys(self, model: nn.Module, images: Tensor, embed: Embed) -> None:
        """None: what is remembered are the embeddings themselves."""

    def forward(self, loss: nn.Module, batch: Embedded) -> Tensor:
        """See `Memory`."""
        warm = bool(self.seen >= self.start)
        self.seen += 1
        if not warm:
            return loss(batch.embeddings, labels_for(loss, batch.labels))
        value = _loss_with(self.queue, loss, batch, batch.embeddings)
        self.queue.add(batch.embeddings.detach(), batch.labels, batch.rows)
        return value


class MoCo(nn.Module):
    """Momentum contrast: He et al. 2020 (arXiv 1911.05722), section 3.2.

    The columns of the loss are keys: embeddings by a copy of the model whose weights follow the model's::

        copy = momentum · copy + (1 - momentum) · model        before every batch

    first the keys of the batch's own pictures, then those of the last batches. A picture's own key is neither
    positive nor negative, and what the queue holds of the pictures in the batch is left out. With two views
    (``data/positives=augment``) either view's positive is thus the other one's key, as in the symmetric form
    of MoCo v3 (arXiv 2104.02057); with labels it is the keys of the other pictures of the label.

    BatchNorm: the copy normalizes by the statistics of its batch where the model does, and by the model's
    running statistics where that is frozen. Keys are not shuffled between devices, as MoCo does so that a
    query cannot tell its key by the batch they share: here the negatives include keys of that same batch.

    Costs a forward pass more a batch, and a second model in memory and checkpoint.

    Args:
        size: keys in the queue.
        momentum: in 0..1; the nearer to 1, the more alike are keys of different ages.

    Raises:
        ValueError: ``size`` < 1, or ``momentum`` is not >= 0 and < 1.
    """

    encoder: nn.Module
    queue: Queue

    def __init__(self, size: int, momentum: float = 0.999) -> None:
        super().__init__()
        _check_size(size)
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be >= 0 and < 1, got {momentum}")
        self.size = size
        self.momentum = momentum

    def set_up(self, model: nn.Module, n_levels: int) -> None:
        """See `Memory.set_up`. The copy begins as ``model`` is."""
        self.encoder = copy.deepcopy(model).requires_grad_(False)
        self.queue = Queue(self.size, _width(model), n_levels)

    @torch.no_grad()
    def keys(self, model: nn.Module, images: Tensor, embed: Embed) -> Tensor:
        """Let the copy follow ``model`` by one step; its embeddings (B, D) of the pictures."""
        follow = get_ema_multi_avg_fn(self.momentum)
        follow(list(self.encoder.parameters()), [p.detach() for p in model.parameters()], 0)
        for mine, its in zip(self.encoder.buffers(), model.buffers(), strict=True):
            mine.copy_(its)
        for mine, its in zip(self.encoder.modules(), model.modules(), strict=True):
            mine.training = its.training
        if not len(images):
            return self.queue.embeddings[:0]
        return embed(self.encoder, images)

    def forward(self, loss: nn.Module, batch: Embedded) -> Tensor:
        """See `Memory`."""
        assert batch.keys is not None
        value = _loss_with(self.queue, loss, batch, batch.keys)
        self.queue.add(batch.keys, batch.labels, batch.rows)
        return value


def check_takes_memory(loss: nn.Module) -> None:
    """Raise ConfigError unless ``loss`` can compare the batch with a memory."""
    if isinstance(loss, PairLoss):
        return
    name = type(loss).__name__
    why = (
        "compares pictures with proxies, which stand for what a memory would hold"
        if isinstance(loss, ProxyLoss)
        else "compares nothing but the batch"
    )
    raise ConfigError(f"loss {name} {why}; use memory=none, or a pair loss such as loss=infonce")


def _loss_with(queue: Queue, loss: nn.Module, batch: Embedded, own: Tensor) -> Tensor:
    """``loss`` of the batch against ``own`` (B, D), its pictures' columns, and the rest of ``queue``."""
    others, other_labels = queue.without(batch.rows)
    return loss(
        batch.embeddings,
        labels_for(loss, batch.labels),
        torch.cat([own, others.to(own.dtype)]),
        labels_for(loss, torch.cat([batch.labels, other_labels])),
        torch.arange(len(own), device=own.device),
    )


def _width(model: nn.Module) -> int:
    width = model.width
    assert isinstance(width, int)
    return width


def _check_size(size: int) -> None:
    if size < 1:
        raise ValueError(f"size must be >= 1 pictures, got {size}")
