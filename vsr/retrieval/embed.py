"""Pictures to embeddings, in the precision of training: one way for all that measures, indexes and serves."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vsr.data.loading.dataset import Batch
from vsr.errors import DivergedError
from vsr.precision import FULL, named_precision

_MIXED = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
_TRUE = {"bf16-true": torch.bfloat16, "16-true": torch.float16, "64-true": torch.float64}


class Embedded(NamedTuple):
    """Embeddings of pictures, on the CPU.

    Attributes:
        embeddings: (N, d) float32.
        rows: (N,) int64, the pictures' rows of the catalogue.
        skipped: (S,) int64 rows that could not be decoded.
    """

    embeddings: Tensor
    rows: Tensor
    skipped: Tensor


def embed(
    network: nn.Module, batches: Iterable[Batch], device: torch.device | str, precision: str = FULL
) -> Embedded:
    """Embed the first view of every example, and leave ``network`` on the device, in evaluation mode.

    The same network, batches, device and precision give the same bits, within Lightning's evaluation too.

    Args:
        network: pictures (B, 3, H, W) to embeddings (B, d). A precision such as ``bf16-true`` is that of its
            weights afterwards.
        batches: such as ``data.loader(rows)``.
        device: that computes.
        precision: one of `vsr.precision.PRECISIONS`.

    Raises:
        ConfigError: there is no such precision.
        DivergedError: an embedding is not finite.
    """
    network = converted(network, precision).to(device).eval()
    parts, rows, skipped = [torch.zeros(0, 0)], [_none()], [_none()]
    with torch.no_grad():
        for batch in batches:
            skipped.append(batch.skipped.cpu())
            if len(batch.images):
                parts.append(forward(network, batch.images[:, 0].to(device), precision).cpu())
                rows.append(batch.rows[:, 0].cpu())
                check_finite(parts[-1], rows[-1])
    embeddings = torch.cat(parts[1:]) if len(parts) > 1 else parts[0]
    return Embedded(embeddings, torch.cat(rows), torch.cat(skipped))


def forward(network: nn.Module, images: Tensor, precision: str = FULL) -> Tensor:
    """Embeddings (B, d) float32 of ``images`` (B, 3, H, W), on their device.

    Args:
        network: there, and `converted`.
        images: uint8, or float in 0..1.
        precision: one of `vsr.precision.PRECISIONS`.
    """
    precision = named_precision(precision)
    true = _TRUE.get(precision)
    if true is not None and images.is_floating_point():
        images = images.to(true)
    with _computing_in(precision, images.device):
        return network(images).float()


def converted(network: nn.Module, precision: str) -> nn.Module:
    """``network``, its weights in the type that a precision such as ``bf16-true`` asks for; in place."""
    true = _TRUE.get(named_precision(precision))
    return network if true is None else network.to(true)


def check_finite(embeddings: Tensor, rows: Tensor, where: str = "", kept: str = "") -> None:
    """Raise DivergedError where an embedding of (B, d) is not finite, with its row of (B,) and ``where``.

    ``kept`` ends the message: the checkpoint that there is.
    """
    finite = torch.isfinite(embeddings).all(dim=1)
    if not finite.all():
        raise DivergedError(
            f"embeddings of rows {few(rows[~finite])} are not finite{where}; lower optimizer.lr, or take an "
            f"earlier checkpoint{kept}"
        )


def few(rows: Tensor, most: int = 5) -> str:
    """The first of ``rows`` (n,), and how many there are, in words."""
    shown = ", ".join(str(int(row)) for row in rows[:most])
    return shown + (f" … ({len(rows)} in all)" if len(rows) > most else "")


@contextmanager
def _computing_in(precision: str, device: torch.device) -> Iterator[None]:
    """As Lightning's precision plugins do: autocast without a cache of weights, or a default type."""
    mixed = _MIXED.get(precision)
    if mixed is not None:
        # Lightning takes bfloat16 for float16 where a CPU computes.
        kind = torch.bfloat16 if device.type == "cpu" else mixed
        with torch.autocast(device.type, dtype=kind, cache_enabled=False):
            yield
        return
    before = torch.get_default_dtype()
    torch.set_default_dtype(_TRUE.get(precision, before))
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _none() -> Tensor:
    return torch.zeros(0, dtype=torch.int64)
