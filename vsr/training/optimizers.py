"""Parameter groups, the LARS optimizer, and learning rates over the steps of a run."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from vsr.models.blocks import blocks


def parameter_groups(
    model: nn.Module,
    loss: nn.Module,
    lr: float,
    weight_decay: float,
    head_lr_factor: float = 1.0,
    loss_lr_factor: float = 1.0,
    layer_lr_decay: float = 1.0,
) -> list[dict[str, Any]]:
    """Named parameter groups: ``backbone``, ``head`` and ``loss``, each with and without weight decay.

    Biases, norms and everything else of at most one dimension is not decayed, nor is what of the model is
    called otherwise than weight, whatever its shape: tokens, position embeddings and tables, learned scales.
    The head is all of ``model`` that is not ``model.backbone``. Frozen parameters are in: they may thaw.

    Args:
        model: has the submodule ``backbone``.
        loss: with or without parameters.
        lr: of the backbone.
        weight_decay: of the weights.
        head_lr_factor: the head learns at ``lr`` times this.
        loss_lr_factor: the loss learns at ``lr`` times this.
        layer_lr_decay: if not 1, each block of the backbone is a group of its own, ``backbone.<block>``, and
            learns at this times the rate of the next one; what belongs to no block learns as the first does.

    Returns:
        Groups with ``name``, ``params``, ``lr`` and ``weight_decay``, without empty ones.
    """
    named = list(model.named_parameters())
    of_backbone = {id(p) for p in model.get_submodule("backbone").parameters()}
    parts = {
        **_backbone_parts(model.get_submodule("backbone"), lr, layer_lr_decay),
        "head": (lr * head_lr_factor, [(name, p) for name, p in named if id(p) not in of_backbone]),
        "loss": (lr * loss_lr_factor, list(loss.named_parameters())),
    }
    groups: list[dict[str, Any]] = []
    for part, (part_lr, parameters) in parts.items():
        decayed = [p for name, p in parameters if _decays(name, p, of_loss=part == "loss")]
        chosen = {id(p) for p in decayed}
        others = [p for _, p in parameters if id(p) not in chosen]
        groups.append({"name": part, "params": decayed, "lr": part_lr, "weight_decay": weight_decay})
        groups.append({"name": f"{part}_no_decay", "params": others, "lr": part_lr, "weight_decay": 0.0})
    return [group for group in groups if group["params"]]


Part = tuple[float, list[tuple[str, nn.Parameter]]]  # learning rate, named parameters


def _backbone_parts(backbone: nn.Module, lr: float, decay: float) -> dict[str, Part]:
    if decay == 1:
        return {"backbone": (lr, list(backbone.named_parameters()))}
    parts: dict[str, Part] = {}
    held: set[int] = set()
    rate = lr
    for depth, (name, block) in enumerate(reversed(blocks(backbone))):
        rate = lr * decay**depth
        own = list(block.named_parameters())
        parts[f"backbone.{name}"] = (rate, own)
        held |= {id(p) for _, p in own}
    parts["backbone"] = (rate, [(name, p) for name, p in backbone.named_parameters() if id(p) not in held])
    return parts


def _decays(name: str, parameter: Tensor, of_loss: bool) -> bool:
    return parameter.ndim > 1 and (of_loss or name.endswith("weight"))


class Lars(Optimizer):
    """Layer-wise adaptive rates for large batches: You et al. 2017 (arXiv 1708.03888), alg. 1.

    For a layer with weights w and gradient g::

        rate = trust · |w| / (|g| + weight_decay · |w|)
        v    = momentum · v + lr · rate · (g + weight_decay · w)
        w    = w - v

    Parameters of at most one dimension (biases, norms) take rate 1, as do all-zero weights or gradients.

    Args:
        params: parameters or groups.
        lr: learning rate, >= 0.
        momentum: in 0..1.
        weight_decay: >= 0.
        trust: the paper's eta, > 0.

    Raises:
        ValueError: a value is out of its range.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        trust: float = 0.001,
    ) -> None:
        if lr < 0:
            raise ValueError(f"lr must be >= 0, got {lr}")
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be >= 0 and < 1, got {momentum}")
        if weight_decay < 0:
            raise ValueError(f"weight_decay must be >= 0, got {weight_decay}")
        if trust <= 0:
            raise ValueError(f"trust must be > 0, got {trust}")
        super().__init__(
            params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "trust": trust}
        )

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Take one step; ``closure`` computes the loss anew and its value is returned."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._update(weight, weight.grad, group)
        return loss

    def _update(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        pull = gradient.add(weight, alpha=group["weight_decay"])
        if weight.ndim > 1:
            pull = pull * _trust_rate(weight, gradient, group)
        state = self.state[weight]
        if "velocity" not in state:
            state["velocity"] = torch.zeros_like(weight)
        state["velocity"].mul_(group["momentum"]).add_(pull, alpha=group["lr"])
        weight.sub_(state["velocity"])


def _trust_rate(weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> Tensor:
    size, slope = weight.norm(), gradient.norm()
    rate = group["trust"] * size / (slope + group["weight_decay"] * size)
    return torch.where((size > 0) & (slope > 0), rate, torch.ones_like(rate))


def cosine_with_warmup(
    optimizer: Optimizer, total_steps: int, warmup: float = 0.1, floor: float = 0.0
) -> LambdaLR:
    """Rise in a line to the learning rate, then fall along half a cosine (SGDR, arXiv 1608.03983, eq. 5).

    Step it after every optimizer step.

    Args:
        optimizer: whose groups' learning rates are scaled.
        total_steps: T, optimizer steps in the whole run.
        warmup: steps if a whole number, otherwise a fraction of ``total_steps``.
        floor: what is left of the learning rate after T steps, in 0..1.

    Raises:
        ValueError: a value is out of its range.
    """
    if not 0 <= floor <= 1:
        raise ValueError(f"floor must be from 0 to 1, got {floor}")
    rise = _warmup_steps(warmup, total_steps)

    def factor(step: int) -> float:
        if step < rise:
            return (step + 1) / rise
        progress = min((step - rise) / max(total_steps - rise, 1), 1.0)
        return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress))

    return LambdaLR(optimizer, factor)


def constant_with_warmup(optimizer: Optimizer, total_steps: int, warmup: float = 0.0) -> LambdaLR:
    """Rise in a line to the learning rate, then stay. Step it after every optimizer step.

    Args:
        optimizer: whose groups' learning rates are scaled.
        total_steps: optimizer steps in the whole run.
        warmup: steps if a whole number, otherwise a fraction of ``total_steps``.

    Raises:
        ValueError: a value is out of its range.
    """
    rise = _warmup_steps(warmup, total_steps)
    return LambdaLR(optimizer, lambda step: min((step + 1) / rise, 1.0) if rise else 1.0)


def _warmup_steps(warmup: float, total_steps: int) -> int:
    if total_steps < 1:
        raise ValueError(f"total_steps must be >= 1, got {total_steps}")
    if warmup < 0 or (isinstance(warmup, float) and warmup >= 1):
        raise ValueError(f"warmup must be a whole number of steps or a fraction below 1, got {warmup}")
    return warmup if isinstance(warmup, int) else round(warmup * total_steps)
