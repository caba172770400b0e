"""Any network of timm, such as DINOv2, CLIP's and SigLIP's image towers, with its own normalization and size.

timm is optional: the extra ``timm``.
"""

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsr.errors import CheckpointError, ConfigError, nearest
from vsr.extras import library
from vsr.models.embedder import Embedder
from vsr.models.heads import build_head
from vsr.models.pictures import PictureNormalization
from vsr.models.weights import load_file

OURS = ".ckpt"  # checkpoints of training runs; every other file is timm's business


class TimmModel(Embedder):
    """Pictures (B, 3, H, W) to embeddings (B, ``width``) with a network of timm, pooled as it is made to be.

    Pictures of another size than the network's own are resized to it (bilinear, antialiased), so
    ``transforms.size`` may be anything; setting it to the same size saves the resizing.

    Args:
        name: timm's name of the network, with or without a tag of weights, such as
            ``vit_small_patch14_dinov2.lvd142m``.
        head: ``none``, ``linear``, or ``mlp``.
        width: D; None for as many as the network has features.
        normalize: give embeddings unit length.
        weights: None for a random start, ``DEFAULT`` for timm's (from its hub, or the cache of it), or a path
            to a file of them (.safetensors, .pth, .bin, .npz) or to a .ckpt of a training run.
        image_size: side of the pictures that the network sees; None for its own.
        hidden_width: of the ``mlp`` head.
        channels_last: how pictures and convolutions' weights lie in memory; decides speed alone.

    Raises:
        ConfigError: timm is not installed or has no such network or tag, its patches do not divide
            ``image_size``, or head and width do not go together.
        CheckpointError: the weights cannot be had, read, or fitted.
    """

    def __init__(
        self,
        name: str,
        head: str = "linear",
        width: int | None = 128,
        normalize: bool = True,
        weights: str | None = None,
        image_size: int | None = None,
        hidden_width: int | None = None,
        channels_last: bool = True,
    ) -> None:
        super().__init__()
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.backbone = _network(name, weights, image_size).to(memory_format=self.layout)  # pyright: ignore
        settings = _timm().data.resolve_model_data_config(self.backbone)
        self.pictures = PictureNormalization(tuple(settings["mean"]), tuple(settings["std"]))
        self.image_size = image_size or int(settings["input_size"][-1])
        self.head, self.width = build_head(head, self._channels(), width, hidden_width)
        self.normalize = normalize
        if weights is not None and Path(weights).suffix == OURS:
            load_file(self, weights).log()

    def features(self, images: Tensor) -> Tensor:
        """See `Embedder.features`."""
        images = self.pictures(images)
        if images.shape[2:] != (self.image_size, self.image_size):
            images = F.interpolate(images, (self.image_size,) * 2, mode="bilinear", antialias=True)
        return self.backbone(images.contiguous(memory_format=self.layout)).float()

    @torch.no_grad()
    def _channels(self) -> int:
        """Features of a picture, asked of the network: some have more than they say."""
        training = self.backbone.training
        count = self.backbone.eval()(torch.zeros(1, 3, self.image_size, self.image_size)).shape[1]
        self.backbone.train(training)
        return count


def _timm() -> Any:
    return library("timm", "model=timm", "timm", "timm")


def _network(name: str, weights: str | None, image_size: int | None) -> nn.Module:
    timm = _timm()
    _check_name(timm, name)
    options: dict[str, Any] = {"num_classes": 0}
    if image_size is not None and _takes_size(timm, name):
        options["img_size"] = image_size
    loading: dict[str, Any] = {}
    if weights is not None and Path(weights).suffix != OURS:
        loading["pretrained"] = True
        if weights != "DEFAULT":
            if not Path(weights).is_file():
                raise CheckpointError(f"no file {weights}; set model.weights to a file, DEFAULT, or null")
            loading["pretrained_cfg_overlay"] = {"file": weights}
    random_state = torch.get_rng_state()
    try:
        network = timm.create_model(name, **options, **loading)
    except Exception as error:  # hub, disk and tensor errors of many libraries
        reason = str(error).split("\n")[0][:160] or type(error).__name__
        raise CheckpointError(
            f"cannot make timm's {name} with weights {weights} ({reason}); set model.weights to a file of "
            "them, or to null"
        ) from error
    if image_size is not None:
        _check_size(network, image_size)
    if "pretrained_cfg_overlay" in loading:
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(random_state)
            _check_loaded(network, timm.create_model(name, **options), f"{weights} fits timm's {name}")
    return network


def _check_loaded(network: nn.Module, untouched: nn.Module, told: str) -> None:
    """Raise CheckpointError where a file left ``network`` as it begins: timm skips names that it has not."""
    pairs = zip(network.parameters(), untouched.parameters(), strict=True)
    if all(torch.equal(weight, begun) for weight, begun in pairs if weight.ndim > 1):
        raise CheckpointError(f"nothing in {told}; set model.weights to a file of its weights, or to null")


def _check_name(timm: Any, name: str) -> None:
    """Raise ConfigError unless timm has the network ``name``, and the tag of weights behind its dot."""
    network, _, tag = name.partition(".")
    if not timm.is_model(network):
        close = nearest(network, timm.list_models())
        mend = close if "mean" in close else "; timm.list_models() names them"  # there are a thousand
        raise ConfigError(f"timm has no network called {network!r}{mend}")
    try:
        timm.get_pretrained_cfg(name)
    except RuntimeError as error:
        known = [one.partition(".")[2] for one in timm.list_pretrained(f"{network}.*")]
        raise ConfigError(f"timm has no weights {tag!r} of {network}{nearest(tag, known)}") from error


def _check_size(network: nn.Module, image_size: int) -> None:
    """Raise ConfigError unless pictures divide into the patches of a transformer: some drop what is over."""
    side = getattr(getattr(network, "patch_embed", None), "patch_size", 1)
    side = side if isinstance(side, int) else side[0]
    if image_size % side:
        fit = max(1, round(image_size / side)) * side
        raise ConfigError(f"model.image_size={image_size} does not divide into patches of {side}; use {fit}")


def _takes_size(timm: Any, name: str) -> bool:
    """Whether the network is made for pictures of one size (transformers); others take any."""
    config = timm.get_pretrained_cfg(name)
    return bool(config is not None and config.fixed_input_size)
