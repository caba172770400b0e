"""Low-rank adapters in a frozen backbone: LoRA (Hu et al. 2021, arXiv 2106.09685), through the library peft.

peft is optional: the extra ``lora``.

An adapter stands beside a layer that the network calls and adds ``alpha / rank · B A x`` to its output; B
starts at zero, so an adapted network starts as the one it was made of. torchvision's ViT and Swin compute
attention from the weights of its projections without calling them: in these the adapters are in the MLPs,
which is where they help most (He et al. 2021, arXiv 2110.04366, section 4.5). timm's networks call all.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vsr.errors import ConfigError, nearest
from vsr.extras import library
from vsr.models.embedder import Embedder

PROBE_SIDE = 224  # px; divides by the patch sides 14, 16 and 32
KINDS = (nn.Linear, nn.Conv2d)
WITHIN = ".base_layer."  # in the names of an adapted layer's own weights


def add_adapters(
    model: Embedder,
    rank: int = 8,
    alpha: float = 16.0,
    dropout: float = 0.0,
    layers: Sequence[str] | None = None,
) -> list[str]:
    """Freeze the weights of ``model.backbone`` and put an adapter beside some of its layers.

    Args:
        model: whose backbone is changed in place.
        rank: r, of the products B A.
        alpha: adapters are scaled by ``alpha / rank``.
        dropout: of what goes into an adapter, in training.
        layers: last parts of the layers' names, such as ``fc1`` or ``attn.qkv``. None: all linear layers, or
            all convolutions, whichever hold more weights; not those in groups (depthwise ones).

    Returns:
        The names of the adapted layers.

    Raises:
        ConfigError: peft is not installed, or ``layers`` names what cannot be adapted.
    """
    peft = _peft()
    called = _called(model)
    chosen = _largest_kind(called) if layers is None else _named(called, layers, model.backbone)
    config = peft.LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=list(chosen))
    peft.inject_adapter_in_model(config, model.backbone)
    for name in chosen:
        layer: Any = model.backbone.get_submodule(name)
        layer.train(layer.get_base_layer().training)
    return list(chosen)


def merge_adapters(model: Embedder) -> None:
    """Add the adapters of ``model`` to its weights: the network has its own names and its own speed again.

    Embeddings stay as they are, to float tolerance. Afterwards all weights can learn.

    Raises:
        ConfigError: peft is not installed.
        ValueError: an adapter is not finite.
    """
    kind = _peft().tuners.lora.LoraLayer
    adapted: list[tuple[str, Any]] = [
        (name, part) for name, part in model.backbone.named_modules() if isinstance(part, kind)
    ]
    for name, part in adapted:
        part.merge(safe_merge=True)
        model.backbone.set_submodule(name, part.get_base_layer())
    model.backbone.requires_grad_(True)


def merged_state(state: Mapping[str, Tensor], scale: float) -> dict[str, Tensor]:
    """The state dict of the merged network, from that of the adapted one; needs no peft.

    Args:
        state: may be without adapters.
        scale: ``alpha / rank``.
    """
    merged = {}
    for name, value in state.items():
        if ".lora_" in name:
            continue
        layer, inside, kind = name.partition(WITHIN)
        if inside and kind == "weight":
            down, up = (state[f"{layer}.lora_{side}.default.weight"].flatten(1) for side in "AB")
            value = value + scale * (up @ down).view_as(value)
        merged[f"{layer}.{kind}" if inside else name] = value
    return merged


def _peft() -> Any:
    return library("peft", "finetune=lora", "peft", "lora")


@torch.no_grad()
def _called(model: Embedder) -> dict[str, nn.Module]:
    """The linear and convolutional layers, without groups, that a picture goes through; by name."""
    called: dict[str, nn.Module] = {}

    def noting(name: str) -> Callable[..., None]:
        return lambda part, *_: called.update({name: part})

    hooks = []
    for name, part in model.backbone.named_modules():
        if isinstance(part, nn.Linear) or (isinstance(part, nn.Conv2d) and part.groups == 1):
            hooks.append(part.register_forward_hook(noting(name)))
    modes = {part: part.training for part in model.modules()}
    weight = next(model.backbone.parameters())
    model.eval()
    model.features(torch.zeros(1, 3, PROBE_SIDE, PROBE_SIDE, device=weight.device))
    for part, training in modes.items():
        part.training = training
    for hook in hooks:
        hook.remove()
    return called


def _largest_kind(called: Mapping[str, nn.Module]) -> list[str]:
    """All linear layers or all convolutions, whichever have more weights."""
    names = {kind: [name for name, part in called.items() if isinstance(part, kind)] for kind in KINDS}
    sizes = {kind: sum(called[name].weight.numel() for name in names[kind]) for kind in KINDS}  # pyright: ignore
    return names[max(KINDS, key=lambda kind: sizes[kind])]


def _named(called: Mapping[str, nn.Module], layers: Sequence[str], backbone: nn.Module) -> list[str]:
    chosen: dict[str, None] = {}
    for wanted in layers:
        fitting = [name for name in called if f".{name}".endswith(f".{wanted}")]
        if not fitting:
            there = any(f".{name}".endswith(f".{wanted}") for name, _ in backbone.named_modules())
            why = (
                "is no linear layer or convolution without groups that the network calls"
                if there
                else "is the name of no layer" + nearest(wanted, {name.rpartition(".")[2] for name in called})
            )
            raise ConfigError(f"finetune.layers: {wanted!r} {why}")
        chosen |= dict.fromkeys(fitting)
    return list(chosen)
