"""Picture to model input: random views for training, one deterministic view for everything that is measured.

Both give uint8; normalizing is the model's own first layer. Work is done by Pillow while the picture is one:
for a 160-pixel picture on one core its color changes take half the time of those on tensors.
"""

import math
from collections.abc import Sequence

import torch
from PIL import Image, ImageFilter
from torch import Tensor
from torchvision.transforms import RandomResizedCrop, v2
from torchvision.transforms.v2 import functional as F

Resampling = Image.Resampling


class PictureTransforms:
    """Crops, color changes and blur for training; resize and center crop for evaluation.

    All randomness comes from torch's default generator, so that seeding it repeats a view.

    Args:
        size: height and width S of the output, pixels.
        scale: smallest and largest share of the picture's area that a training crop covers.
        ratio: narrowest and widest training crop, width / height, before it is made square.
        flip: probability of mirroring left and right. 0 where text or handedness matters.
        rotate: largest turn to either side, degrees; the corners become white.
        color: largest relative change of brightness, contrast and saturation; 0.4 means 0.6 to 1.4.
        hue: largest shift of the hue as a share of the color circle, up to 0.5. Costs more than the rest
            together.
        grey: probability of dropping all color.
        blur: probability of a Gaussian blur.
        blur_radius: smallest and largest standard deviation of the blur, pixels of the output.
        erase: probability of painting a rectangle of 2 to 20 % of the area in one grey (arXiv 1708.04896).

    Raises:
        ValueError: a value outside its range.
    """

    def __init__(
        self,
        size: int,
        scale: Sequence[float] = (0.5, 1.0),
        ratio: Sequence[float] = (0.75, 1.3333),
        flip: float = 0.5,
        rotate: float = 0.0,
        color: float = 0.0,
        hue: float = 0.0,
        grey: float = 0.0,
        blur: float = 0.0,
        blur_radius: Sequence[float] = (0.1, 1.5),
        erase: float = 0.0,
    ) -> None:
        if size < 1:
            raise ValueError(f"size must be >= 1 pixel, got {size}")
        for name, pair in (("scale", scale), ("ratio", ratio), ("blur_radius", blur_radius)):
            if len(pair) != 2 or not 0 < pair[0] <= pair[1]:
                raise ValueError(f"{name} must be two numbers, 0 < smallest <= largest, got {list(pair)}")
        shares = {"scale": scale[1], "flip": flip, "color": color, "grey": grey, "blur": blur, "erase": erase}
        for name, value, most in (
            *((*one, 1) for one in shares.items()),
            ("hue", hue, 0.5),
            ("rotate", rotate, 180),
        ):
            if not 0 <= value <= most:
                raise ValueError(f"{name} must be between 0 and {most}, got {value}")
        self.size = size
        self.scale, self.ratio = tuple(scale), tuple(ratio)
        self.flip, self.rotate, self.grey, self.erase = flip, rotate, grey, erase
        self.color, self.hue = color, hue
        self.blur, self.blur_radius = blur, tuple(blur_radius)
        self._jitter = v2.ColorJitter(color, color, color, hue) if color or hue else None
        self._erase = v2.RandomErasing(1.0, scale=(0.02, 0.2), value=127)

    @property
    def train_decode_size(self) -> int:
        """Short side, pixels, to decode to for `train`: the smallest crop still fills the output.

        For `evaluate` it is ``size``, so that what is measured does not depend on how training crops.
        """
        return math.ceil(self.size / math.sqrt(self.scale[0]))

    def train(self, picture: Image.Image) -> Tensor:
        """A random view (3, S, S) uint8 of an RGB picture."""
        view = self._crop(picture)
        if _chance(self.flip):
            view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if self.rotate:
            angle = _between(-self.rotate, self.rotate)
            view = view.rotate(angle, Resampling.BILINEAR, fillcolor=(255, 255, 255))
        if self._jitter is not None:
            view = self._jitter(view)
        if _chance(self.grey):
            view = view.convert("L").convert("RGB")
        if _chance(self.blur):
            view = view.filter(ImageFilter.GaussianBlur(_between(*self.blur_radius)))
        tensor = F.pil_to_tensor(view)
        return self._erase(tensor) if _chance(self.erase) else tensor

    def evaluate(self, picture: Image.Image) -> Tensor:
        """The whole short side and the middle of the long one, (3, S, S) uint8, of an RGB picture."""
        side = min(picture.size)
        left, top = (picture.width - side) / 2, (picture.height - side) / 2
        box = (left, top, left + side, top + side)
        return F.pil_to_tensor(picture.resize((self.size, self.size), Resampling.BILINEAR, box))

    def _crop(self, picture: Image.Image) -> Image.Image:
        top, left, height, width = RandomResizedCrop.get_params(
            picture,  # pyright: ignore[reportArgumentType] - annotated as a tensor, takes both
            list(self.scale),
            list(self.ratio),
        )
        box = (left, top, left + width, top + height)
        return picture.resize((self.size, self.size), Resampling.BILINEAR, box)  # antialiased


def _chance(probability: float) -> bool:
    """True with ``probability``; 0 draws nothing."""
    return probability > 0 and torch.rand(()).item() < probability


def _between(low: float, high: float) -> float:
    return low + (high - low) * torch.rand(()).item()
