"""torchvision's classification networks without their classifiers: pictures to a feature map (B, C, h, w).

Parameters keep torchvision's names, so that any state dict of the whole network fits. Taken are a network's
children in their order up to its pooling; that this is the network's own computation is what
``tests/models/test_backbones.py`` checks against torchvision's ``forward``.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision import models
from torchvision.models import ConvNeXt, DenseNet, VisionTransformer
from torchvision.models.resnet import BasicBlock, Bottleneck

from vsr.errors import ConfigError, nearest

PROBE_SIDE = 128  # px; on such a picture the width of the features is found


class ConvBackbone(nn.Module):
    """The layers of ``network`` up to its pooling.

    Args:
        network: a torchvision classification network whose children run one after the other.
        channels_last: let weights and pictures lie channels-last: 5 to 20 % faster in training on a CPU, and
            what tensor cores want.

    Attributes:
        channels: C, the width of the feature map.
    """

    HEADS = frozenset({"avgpool", "classifier", "dropout", "fc", "flatten", "head"})

    def __init__(self, network: nn.Module, channels_last: bool = True) -> None:
        super().__init__()
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.order: list[str] = []
        for name, child in network.named_children():
            if name not in self.HEADS and not name.lower().startswith("aux"):
                self._append(name, child)
        if isinstance(network, DenseNet):  # its forward applies this one outside of a module
            self._append("relu", nn.ReLU())
        self.classifier = nn.Identity()
        if isinstance(network, ConvNeXt):  # whose classifier begins with the norm of the pooled features
            self.classifier = nn.Sequential(network.classifier[0])
        self.to(memory_format=self.layout)
        self.channels = self._probe()

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 3, H, W), normalized, to features (B, C, h, w)."""
        features = images.contiguous(memory_format=self.layout)
        for name in self.order:
            features = self.get_submodule(name)(features)
        return features

    def finish(self, pooled: Tensor) -> Tensor:
        """What the network does to pooled features (B, C) before its classifier's first product."""
        return self.classifier(pooled[:, :, None, None])[:, :, 0, 0]

    def _append(self, name: str, child: nn.Module) -> None:
        self.add_module(name, child)
        self.order.append(name)

    def _probe(self) -> int:
        self.eval()
        with torch.no_grad():
            channels = self(torch.zeros(1, 3, PROBE_SIDE, PROBE_SIDE)).shape[1]
        self.train()
        return channels


class TokenBackbone(nn.Module):
    """A Vision Transformer (Dosovitskiy et al. 2020, arXiv 2010.11929) for pictures of any size.

    Position embeddings are interpolated to the picture's grid of patches where it is not the grid they were
    made for, and take the grid of a state dict that is loaded.

    Args:
        network: a torchvision Vision Transformer.
        class_token: give the class token as a map of one position; otherwise the patch tokens.

    Attributes:
        channels: C, the width of a token.
    """

    def __init__(self, network: VisionTransformer, class_token: bool) -> None:
        super().__init__()
        self.conv_proj = network.conv_proj
        self.class_token = network.class_token
        self.encoder = network.encoder
        self.keep_class_token = class_token
        self.patch_side = network.patch_size
        self.channels = network.hidden_dim

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 3, H, W), normalized, to features (B, C, h, w), or (B, C, 1, 1) for the class token.

        Raises:
            ConfigError: a side is no multiple of the patch side.
        """
        self._check_sides(*images.shape[2:])
        patches = self.conv_proj(images)  # (B, C, h, w)
        rows, columns = patches.shape[2:]
        tokens = torch.cat([self.class_token.expand(len(images), -1, -1), patches.flatten(2).mT], dim=1)
        encoder = self.encoder
        tokens = tokens + self._positions(rows, columns)
        tokens = encoder.ln(encoder.layers(encoder.dropout(tokens)))  # (B, 1 + h·w, C)
        if self.keep_class_token:
            return tokens[:, 0, :, None, None]
        return tokens[:, 1:].mT.unflatten(2, (rows, columns))

    def finish(self, pooled: Tensor) -> Tensor:
        """Pooled features (B, C) as they are: the last norm comes before the pooling."""
        return pooled

    def _check_sides(self, height: int, width: int) -> None:
        side = self.patch_side
        if height % side or width % side:
            below = max(min(height, width) // side, 1) * side
            raise ConfigError(
                f"a Vision Transformer with patches of {side} px takes pictures whose sides are multiples of "
                f"{side}, got {height} x {width} px; set the image size to {below} or {below + side}"
            )

    def _positions(self, rows: int, columns: int) -> Tensor:
        """Position embeddings (1, 1 + rows·columns, C)."""
        positions = self.encoder.pos_embedding
        grid = int((positions.shape[1] - 1) ** 0.5)
        if (rows, columns) == (grid, grid):
            return positions
        patches = positions[:, 1:].mT.unflatten(2, (grid, grid)).float()  # bicubic knows no float16 on a CPU
        patches = F.interpolate(patches, size=(rows, columns), mode="bicubic", antialias=True)
        return torch.cat([positions[:, :1], patches.flatten(2).mT.to(positions.dtype)], dim=1)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *rest: object) -> None:
        loaded = state_dict.get(prefix + "encoder.pos_embedding")
        own = self.encoder.pos_embedding
        if loaded is not None and loaded.ndim == 3 and loaded.shape[2] == own.shape[2]:
            own.data = own.data.new_empty(loaded.shape)  # of a network for pictures of another size
        super()._load_from_state_dict(state_dict, prefix, *rest)


Backbone = ConvBackbone | TokenBackbone


def check_backbone(name: str, pooling: str) -> None:
    """Raise ConfigError unless torchvision has ``name``, with a class token if ``pooling`` is ``cls``."""
    known = models.list_models(module=models)
    if name not in known:
        raise ConfigError(f"no torchvision classification network is called {name!r}{nearest(name, known)}")
    if pooling == "cls" and not name.startswith("vit_"):
        raise ConfigError(
            f"pooling=cls needs a class token, which {name} does not have; use pooling avg, max or gem, "
            "or a vit_* backbone"
        )


def strip_classifier(
    network: nn.Module, name: str, class_token: bool, channels_last: bool = True
) -> Backbone:
    """The backbone of a torchvision classification network.

    Raises:
        ConfigError: the network takes pictures of one size only, or its parts do not follow one another.
    """
    if isinstance(network, VisionTransformer):
        return TokenBackbone(network, class_token)
    try:
        return ConvBackbone(network, channels_last)
    except (RuntimeError, NotImplementedError, AssertionError) as error:
        raise ConfigError(
            f"backbone {name} cannot be used: its layers take no picture of {PROBE_SIDE} px "
            f"({str(error).splitlines()[0][:120]}); choose another, such as resnet50 or swin_t"
        ) from error


def start_branches_at_zero(network: nn.Module, name: str) -> None:
    """Zero the last BatchNorm scale of every residual block, so that each block starts as its shortcut.

    Deep ResNets then learn from the first steps on (Goyal et al. 2017, arXiv 1706.02677, section 5.1).

    Raises:
        ConfigError: the network has no such blocks.
    """
    blocks = [block for block in network.modules() if isinstance(block, BasicBlock | Bottleneck)]
    if not blocks:
        raise ConfigError(
            f"zero_init is for ResNets, {name} has no residual blocks of theirs; set it to false"
        )
    for block in blocks:
        last = block.bn3 if isinstance(block, Bottleneck) else block.bn2
        nn.init.zeros_(last.weight)
