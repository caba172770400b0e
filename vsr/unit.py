"""Vectors of unit length, with a gradient that is bounded: one function for models and losses.

The gradient of x / |x| is a projection divided by |x|: without a bound an embedding of length 0 makes it inf,
or whatever the constant is that keeps from dividing by 0, squared where a loss scales what a model scaled.
AdamW never forgets such a step: a second moment of inf is an update of 0 for ever, and one of 1e16 for tens
of thousands of steps.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

# Below it a vector has no direction worth learning: untrained networks give lengths of 0.5 to 50 while they
# train, and of 0.003 with the statistics that BatchNorm starts from.
SHORT = 1e-4
NO_ZERO = 1e-16  # keeps from dividing by 0 alone; lengths of 1e-13 still come out as 1


def unit_length(vectors: Tensor) -> Tensor:
    """Rows of (N, D) scaled to length 1, those of zeros left as they are.

    Values, and gradients of rows of length `SHORT` or more, are those of ``F.normalize`` to the last bit.
    With g the gradient that arrives at a row, what leaves it is at most ``|g| / SHORT`` long.
    """
    return F.normalize(damped(vectors), dim=1, eps=NO_ZERO)


def damped(vectors: Tensor) -> Tensor:
    """``vectors`` (N, D), with a gradient that is multiplied by (length / `SHORT`)² where that is below 1.

    Dividing by the length afterwards then leaves min(1 / length, length / SHORT²): at most 1 / SHORT, and
    nothing for a row of zeros, which points nowhere and so is pushed nowhere.
    """
    if not (torch.is_grad_enabled() and vectors.requires_grad):
        return vectors
    damped = _Damped.apply(vectors)
    assert isinstance(damped, Tensor)
    return damped


class _Damped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, vectors: Tensor) -> Tensor:
        length = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
        ctx.save_for_backward((length / SHORT).clamp(max=1).square())
        return vectors.view_as(vectors)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        return grads[0] * ctx.saved_tensors[0]
