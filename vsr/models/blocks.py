"""The blocks that a backbone is made of, from the picture on."""

from torch import nn


def blocks(backbone: nn.Module) -> list[tuple[str, nn.Module]]:
    """Names and modules of the parts that follow one another and have weights, first to last.

    Stages (plain `nn.Sequential` and lists of layers) are taken apart; residual blocks, transformer layers
    and single convolutions and norms are whole. Weights that belong to no block, such as position embeddings,
    come before the first.
    """
    return [(name, part) for name, part in _parts(backbone, "") if any(True for _ in part.parameters())]


def _parts(module: nn.Module, prefix: str) -> list[tuple[str, nn.Module]]:
    found: list[tuple[str, nn.Module]] = []
    for name, child in module.named_children():
        holds_blocks = type(child) in (nn.Sequential, nn.ModuleList) or name == "encoder"
        found += _parts(child, f"{prefix}{name}.") if holds_blocks else [(prefix + name, child)]
    return found
