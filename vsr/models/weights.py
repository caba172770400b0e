"""Weights for a model: from torchvision by name, from a state dict, or from a checkpoint of ours."""

import logging
import pickle
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import WeightsEnum, get_model, get_model_weights

from vsr.errors import CheckpointError, ConfigError, nearest
from vsr.models.adapters import merged_state

# What torch.load raises on files that are cut off, of another kind, or hold arbitrary objects.
UNREADABLE = (OSError, RuntimeError, ValueError, EOFError, LookupError, AttributeError, pickle.PickleError)

log = logging.getLogger(__name__)

SUFFIXES = frozenset({".pt", ".pth", ".ckpt", ".bin", ".tar"})
WRAPPERS = ("state_dict", "model", "model_state_dict")  # keys under which others keep the state dict
PREFIXES = ("module.", "_orig_mod.", "model.")  # of DataParallel, torch.compile, a Lightning module
MEND = "set model.backbone to the network that the file was made with, or take another file"
OUTSIDE = ("pictures.", "num_batches_tracked")  # constants that a plain state dict need not hold


@dataclass(frozen=True)
class LoadReport:
    """What came of loading weights.

    Attributes:
        source: path or torchvision name.
        matched: the model's names that were set.
        missing: the model's names that keep their random start.
        unexpected: the source's names that the model has no place for, such as a classifier.
    """

    source: str
    matched: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.source}: {len(self.matched)} tensors matched, missing {_counted(self.missing)}, "
            f"unexpected {_counted(self.unexpected)}"
        )

    def log(self) -> None:
        """Log the report: a warning when a part of the backbone is left to its random start."""
        partial = any(name.startswith("backbone.") for name in self.missing)
        log.log(logging.WARNING if partial else logging.INFO, "loaded %s", self)


def is_path(weights: str) -> bool:
    """Whether ``weights`` means a file rather than a name of torchvision's."""
    return Path(weights).suffix in SUFFIXES or "/" in weights or "\\" in weights or Path(weights).exists()


def torchvision_weights(backbone: str, name: str) -> WeightsEnum:
    """The torchvision entry for ``name``, such as ``IMAGENET1K_V2`` or ``DEFAULT``.

    Raises:
        ConfigError: torchvision has no such weights for ``backbone``.
    """
    known = get_model_weights(backbone)
    short = name.removeprefix(f"{known.__name__}.")
    if short not in known.__members__:
        raise ConfigError(
            f"weights must be null, a path to a .pt, .pth or .ckpt file, or torchvision's name of weights "
            f"for {backbone}, got {name!r}{nearest(short, known.__members__)}"
        )
    return known[short]


def torchvision_network(backbone: str, weights: WeightsEnum | None) -> nn.Module:
    """The whole torchvision network, with its weights if named.

    Raises:
        CheckpointError: the weights cannot be downloaded or read.
    """
    kwargs = {"init_weights": True} if backbone in ("googlenet", "inception_v3") else {}  # or they warn
    if weights is None:
        return get_model(backbone, weights=None, **kwargs)
    try:
        return get_model(backbone, weights=weights, progress=False)
    except UNREADABLE as error:  # no network, wrong hash, cut-off file in the cache
        folder = f"{torch.hub.get_dir()}/checkpoints"
        raise CheckpointError(
            f"cannot get weights {weights} ({_reason(error)}); download {weights.url} "
            f"elsewhere and put it into {folder}, or set model.weights to its path"
        ) from error


def load_file(model: nn.Module, path: str | Path) -> LoadReport:
    """Set the weights of ``model`` from a state dict of its torchvision network or a checkpoint of ours.

    A head of another shape is left as it is and reported missing, so that a model can be fine-tuned to
    another embedding width. Low-rank adapters are merged into the weights that they stand beside.

    Raises:
        CheckpointError: no such file, no file of tensors, or one that does not fit the backbone.
    """
    payload = _read(Path(path))
    state = _without_adapters(_unwrap(payload, path), payload, path)
    ours = any(name.startswith("backbone.") for name in state)
    own = model.state_dict()
    fitting: dict[str, Tensor] = {}
    unexpected: list[str] = []
    for name, value in state.items():
        target = name if ours else f"backbone.{name}"
        if target not in own:
            unexpected.append(name)
        elif _fits(target, value, own[target]):
            fitting[target] = value
        elif target.startswith("backbone."):
            raise CheckpointError(
                f"{path} does not fit the backbone: {name} is {tuple(value.shape)}, "
                f"wanted {tuple(own[target].shape)}; {MEND}"
            )
    if not any(name.startswith("backbone.") for name in fitting):
        raise CheckpointError(f"nothing in {path} fits the backbone: it holds {_few(list(state))}; {MEND}")
    model.load_state_dict(fitting, strict=False)
    return LoadReport(str(path), tuple(fitting), missing_names(own, fitting), tuple(unexpected))


def missing_names(own: Mapping[str, Tensor], fitting: Container[str]) -> tuple[str, ...]:
    """The learned names of ``own`` that ``fitting`` does not set."""
    return tuple(name for name in own if name not in fitting and not any(part in name for part in OUTSIDE))


def _fits(name: str, value: Tensor, own: Tensor) -> bool:
    if name.endswith("pos_embedding"):  # a backbone takes the grid of the file
        return value.ndim == own.ndim and value.shape[-1] == own.shape[-1]
    return value.shape == own.shape


def _read(path: Path) -> Any:
    if not path.is_file():
        raise CheckpointError(f"no file {path}; set model.weights to a .pt, .pth or .ckpt file, or to null")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        raise CheckpointError(
            f"cannot read weights from {path} ({_reason(error)}); it must be a whole file of torch.save with "
            "tensors and plain values only: fetch or save it again"
        ) from error


def _unwrap(payload: Any, path: str | Path) -> dict[str, Tensor]:
    """The state dict in ``payload`` under its names without the prefixes that wrappers add."""
    for key in WRAPPERS:
        if isinstance(payload, Mapping) and isinstance(payload.get(key), Mapping):
            payload = payload[key]
            break
    named = payload if isinstance(payload, Mapping) else {}
    state = {_bare(str(name)): value for name, value in named.items() if isinstance(value, Tensor)}
    if not state:
        held = _few([str(name) for name in named]) or f"a {type(payload).__name__}"
        raise CheckpointError(f"{path} holds no state dict but {held}; save model.state_dict() instead")
    return state


def _without_adapters(state: dict[str, Tensor], payload: Any, path: str | Path) -> dict[str, Tensor]:
    if not any(".lora_A." in name for name in state):
        return state
    recipe = (payload.get("vsr_config") or {}).get("finetune") or {}
    if "alpha" not in recipe:
        raise CheckpointError(
            f"{path} holds low-rank adapters but not their scale; give the .ckpt of a run with finetune=lora"
        )
    return merged_state(state, recipe["alpha"] / recipe["rank"])


def _bare(name: str) -> str:
    while name.startswith(PREFIXES):
        name = name.split(".", 1)[1]
    return name


def _reason(error: Exception) -> str:
    """The first sentence of what torch says; it goes on for a page."""
    return str(error).split("\n")[0].split(". ")[0][:160] or type(error).__name__


def _few(names: list[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def _counted(names: tuple[str, ...]) -> str:
    return f"{len(names)} ({_few(list(names))})" if names else "0"
