"""The blocks that a backbone is made of, from the picture on."""

from torch import nn


def blocks(backbone: nn.Module) -> list[tuple[str, nn.Module]]:
    """Names and modules of the parts that follow one another and have weights, first to last.

    Stages (plain `nn.Sequential`, lists of layers, and timm's, which hold ``blocks``) are taken apart;
    residual blocks, transformer layers and single convolutions are whole. A norm between blocks, or after the
    last, belongs to the block before it: the module is then a list of both. Weights that belong to no block,
    such as position embeddings, are in none.
    """
    found: list[tuple[str, list[nn.Module]]] = []
    for name, part in _parts(backbone, ""):
        dimensions = {weight.ndim for weight in part.parameters()}
        if not dimensions:
            continue
        if found and max(dimensions) < 2:
            found[-1][1].append(part)
        else:
            found.append((name, [part]))
    return [(name, parts[0] if len(parts) == 1 else nn.ModuleList(parts)) for name, parts in found]


def _parts(module: nn.Module, prefix: str) -> list[tuple[str, nn.Module]]:
    found: list[tuple[str, nn.Module]] = []
    for name, child in module.named_children():
        holds_blocks = type(child) in (nn.Sequential, nn.ModuleList) or name == "encoder"
        if holds_blocks or hasattr(child, "blocks"):
            found += _parts(child, f"{prefix}{name}.")
        else:
            found.append((prefix + name, child))
    return found
