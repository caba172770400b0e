"""What several devices embedded, put together on each of them, with the gradient of the whole batch.

Every rank computes the loss of all ranks' embeddings. The backward pass of the gathering sums what the ranks
want of an embedding, so with the averaging of parameter gradients over ranks (DistributedDataParallel) the
gradient is that of one device with the whole batch: for losses that are means over pictures and for those
that are not (sums over proxies), with equal and with unequal numbers of pictures on the ranks.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def world_size() -> int:
    """Number of processes that train together; 1 alone."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def gather_sizes(n: int, device: torch.device) -> list[int]:
    """``n`` of every rank. To be called on all ranks at once, as everything here."""
    if world_size() == 1:
        return [n]
    sizes = [torch.zeros(1, dtype=torch.int64, device=device) for _ in range(world_size())]
    dist.all_gather(sizes, torch.tensor([n], device=device))
    return [int(size) for size in sizes]


def gather(values: Tensor, sizes: list[int]) -> Tensor:
    """Concatenate ``values`` (n, …) of all ranks in their order: (sum of sizes, …), with gradient.

    Args:
        values: this rank's; what follows the first dimension is alike on all ranks.
        sizes: n of every rank, as `gather_sizes` gives them; 0 is possible.
    """
    if len(sizes) == 1:
        return values
    gathered = _Gather.apply(values, sizes)
    assert isinstance(gathered, Tensor)
    return gathered


class _Gather(torch.autograd.Function):
    """Forward: all_gather of padded parts. Backward: the sum of all ranks' gradients, this rank's part."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, sizes: list[int]) -> Tensor:
        ctx.sizes = sizes
        padded = values.new_zeros((max(sizes), *values.shape[1:]))  # the collective wants equal shapes
        padded[: len(values)] = values
        parts = [torch.empty_like(padded) for _ in sizes]
        dist.all_gather(parts, padded)
        return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # pyright: ignore
        total = gradient.contiguous().clone()
        dist.all_reduce(total)
        rank = dist.get_rank()
        begin = sum(ctx.sizes[:rank])
        return total[begin : begin + ctx.sizes[rank]], None
