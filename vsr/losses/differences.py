"""For each pair, a sum over columns of a function of differences: P × N work in B × N memory.

Ranks and triplets compare a positive with every column. Kept for the backward pass that is P × N numbers, B³
in the worst case; here blocks of them are made, summed, and made again when the gradient is asked for.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

BLOCK = 2**20  # differences at a time: 4 MiB of float32, which stays in the cache of a CPU
ACCELERATOR_BLOCK = 2**25  # there few and large steps are quick


class Curve(NamedTuple):
    """A function of differences, 0 with slope 0 at minus infinity; both may write into their argument."""

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]


def sums_of_differences(
    values: Tensor, anchors: Tensor, columns: Tensor, counted: Tensor, curve: Curve
) -> Tensor:
    """Σ_j curve(values[a, j] - values[a, c]) over the counted columns j of row a, for each pair (a, c).

    Args:
        values: (B, N) float; it may be differentiated once.
        anchors: (P,) int rows a.
        columns: (P,) int columns c. No pair (a, c) stands twice.
        counted: (B, N) bool.
        curve: what to sum.

    Returns:
        (P,) sums.
    """
    return _Sums.apply(values, anchors, columns, counted, curve)


class _Sums(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, values: Tensor, anchors: Tensor, columns: Tensor, counted: Tensor, curve: Curve
    ) -> Tensor:
        level = values[anchors, columns]  # (P,)
        values = values.masked_fill(~counted, -torch.inf)
        ctx.save_for_backward(values, level, anchors, columns)
        ctx.curve = curve
        size = _pairs_in_block(values)
        blocks = zip(anchors.split(size), level.split(size), strict=True)
        sums = [curve.value(values[rows] - at[:, None]).sum(dim=1) for rows, at in blocks]
        return torch.cat(sums)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None, None]:
        values, level, anchors, columns = ctx.saved_tensors
        grad = torch.zeros_like(values)
        size = _pairs_in_block(values)
        parts = (one.split(size) for one in (anchors, columns, level, grads[0]))
        for rows, places, at, weight in zip(*parts, strict=True):
            slopes = ctx.curve.slope(values[rows] - at[:, None]) * weight[:, None]
            grad.index_add_(0, rows, slopes)
            grad[rows, places] -= slopes.sum(dim=1)
        return grad, None, None, None, None


def _pairs_in_block(values: Tensor) -> int:
    block = BLOCK if values.device.type == "cpu" else ACCELERATOR_BLOCK
    return max(1, block // values.shape[1])


def sigmoid(temperature: float) -> Curve:
    """1 / (1 + exp(-x / temperature)): a step at 0, made smooth."""

    def slope(x: Tensor) -> Tensor:
        up = x.div_(temperature).sigmoid_()
        return up.mul_(1 - up).div_(temperature)

    return Curve(lambda x: x.div_(temperature).sigmoid_(), slope)


def hinge(margin: float) -> Curve:
    """max(0, x + margin)."""
    return Curve(lambda x: x.add_(margin).relu_(), lambda x: (x > -margin).to(x.dtype))


def step(margin: float) -> Curve:
    """1 where x + margin > 0: the count of what `hinge` sums."""
    return Curve(lambda x: (x > -margin).to(x.dtype), torch.zeros_like)


def softplus() -> Curve:
    """Log(1 + exp(x)): a hinge without a corner."""
    return Curve(F.softplus, torch.sigmoid_)
