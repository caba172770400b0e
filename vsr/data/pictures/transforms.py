"""Picture to model input: random views for training, one deterministic view for everything that is measured.

Both give uint8; normalizing is the model's own first layer. Work is done by Pillow while the picture is one:
for a 224-pixel view on one core its color changes take 0.6 of the time of those on tensors. Resizing large
training crops is the exception: torch does it in 0.4 of Pillow's time.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor
from torch.nn.functional import interpolate
from torchvision.transforms import v2

Resampling = Image.Resampling
MIRROR = Image.Transpose.FLIP_LEFT_RIGHT
Resize = Literal["crop", "square", "pad"]
Picture = Image.Image | np.ndarray  # RGB; an array is (H, W, 3) uint8
TORCH_FROM = 96  # pixels of a view from which torch resizes quicker than Pillow, its overhead included
GRAY = (124, 116, 104)  # ImageNet's mean color: nearly zero once normalized


class Draw(NamedTuple):
    """What is drawn for one view, as numbers or as one (n,) tensor each.

    Attributes:
        left, top, width, height: of the crop, in shares of the picture.
        flip: 1 to mirror.
        angle: of the turn, degrees counter-clockwise.
        brightness, contrast, saturation: factors.
        hue: shift, a share of the color circle.
        gray: 1 to drop the color.
        blur: standard deviation, pixels of the view; 0 for none.
        erase_left, erase_top, erase_width, erase_height: of the rectangle, pixels of the view; 0 for none.
    """

    left: Any
    top: Any
    width: Any
    height: Any
    flip: Any
    angle: Any
    brightness: Any
    contrast: Any
    saturation: Any
    hue: Any
    gray: Any
    blur: Any
    erase_left: Any
    erase_top: Any
    erase_width: Any
    erase_height: Any


class PictureTransforms:
    """Crops, color changes and blur for training; one resizing for evaluation.

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
        gray: probability of dropping all color.
        blur: probability of a Gaussian blur.
        blur_radius: smallest and largest standard deviation of the blur, pixels of the output.
        erase: probability of painting a rectangle of 2 to 20 % of the area in one gray (arXiv 1708.04896).
        resize: of evaluation. ``crop`` keeps the shape and shows the whole short side and the middle of the
            long one; ``pad`` keeps the shape and shows all of it, with bars of ImageNet's mean color;
            ``square`` shows all of it and does not keep the shape.
        crop_share: of the side of that middle square, what evaluation shows of it: 227/256 is the middle 227
            pixels of a picture resized to 256. Below 1 with ``resize=crop`` alone.
        local_size: height and width of a local view, pixels (multi-crop, arXiv 2006.09882).
        local_scale: smallest and largest share of the area that a local view covers.

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
        gray: float = 0.0,
        blur: float = 0.0,
        blur_radius: Sequence[float] = (0.1, 1.5),
        erase: float = 0.0,
        resize: Resize = "crop",
        crop_share: float = 1.0,
        local_size: int = 96,
        local_scale: Sequence[float] = (0.05, 0.25),
    ) -> None:
        for name, side in (("size (data.image_size)", size), ("local_size", local_size)):
            if not isinstance(side, int) or side < 1:
                raise ValueError(f"{name} must be a whole number of pixels >= 1, got {side}")
        if resize not in get_args(Resize):
            raise ValueError(f"resize must be one of {', '.join(get_args(Resize))}, got {resize}")
        if not 0 < crop_share <= 1:
            raise ValueError(f"crop_share must be > 0 and at most 1, got {crop_share}")
        if crop_share < 1 and resize != "crop":
            raise ValueError(f"crop_share must be 1 with resize={resize}, got {crop_share}; use resize=crop")
        ranges = {"scale": scale, "ratio": ratio, "blur_radius": blur_radius, "local_scale": local_scale}
        for name, pair in ranges.items():
            if len(pair) != 2 or not 0 < pair[0] <= pair[1]:
                raise ValueError(f"{name} must be two numbers, 0 < smallest <= largest, got {list(pair)}")
        shares = {
            "scale": scale[1],
            "local_scale": local_scale[1],
            "flip": flip,
            "color": color,
            "gray": gray,
            "blur": blur,
            "erase": erase,
        }
        for name, value, most in (
            *((*one, 1) for one in shares.items()),
            ("hue", hue, 0.5),
            ("rotate", rotate, 180),
        ):
            if not 0 <= value <= most:
                raise ValueError(f"{name} must be between 0 and {most}, got {value}")
        self.size, self.local_size = size, local_size
        self.resize: Resize = resize
        self.crop_share = crop_share
        self.local_scale = tuple(local_scale)
        self.scale, self.ratio = tuple(scale), tuple(ratio)
        self.flip, self.rotate, self.gray, self.erase = flip, rotate, gray, erase
        self.color, self.hue = color, hue
        self.blur, self.blur_radius = blur, tuple(blur_radius)
        self._jitter = v2.ColorJitter(color, color, color, hue) if color or hue else None
        self._erase = v2.RandomErasing(1.0, scale=(0.02, 0.2), value=127)

    @property
    def from_pixels(self) -> bool:
        """Training crops are taken of pixels, rather than of a picture: see `train`."""
        return self.size >= TORCH_FROM

    @property
    def train_decode_size(self) -> int:
        """Short side, pixels, to decode to for `train`: the smallest crop still fills the output.

        That for `evaluate` is another, so that what is measured does not depend on how training crops.
        """
        return math.ceil(self.size / math.sqrt(self.scale[0]))

    @property
    def evaluation_decode_size(self) -> int:
        """The same for `evaluate`."""
        return math.ceil(self.size / self.crop_share)

    @property
    def local_decode_size(self) -> int:
        """The same for `local`."""
        return math.ceil(self.local_size / math.sqrt(self.local_scale[0]))

    def train(self, picture: Picture) -> Tensor:
        """A random view (3, S, S) uint8 of an RGB picture."""
        return self._view(picture, self.size, self.scale)

    def local(self, picture: Picture) -> Tensor:
        """A random view (3, s, s) uint8 of a small part of an RGB picture."""
        return self._view(picture, self.local_size, self.local_scale)

    def evaluate(self, picture: Picture) -> Tensor:
        """The deterministic view (3, S, S) uint8 of an RGB picture; of such a view as an array, the same."""
        if isinstance(picture, np.ndarray):
            if picture.shape == (self.size, self.size, 3):
                return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))
            picture = Image.fromarray(picture)
        return _planes(self.evaluation_view(picture))

    def evaluation_view(self, picture: Image.Image) -> Image.Image:
        """`evaluate` as a picture."""
        size, (width, height) = (self.size, self.size), picture.size
        if self.resize == "square":
            return picture.resize(size, Resampling.BILINEAR)
        if self.resize == "pad":
            return _padded(picture, self.size)
        side = min(width, height) * self.crop_share
        left, top = (width - side) / 2, (height - side) / 2
        return picture.resize(size, Resampling.BILINEAR, (left, top, left + side, top + side))

    def _view(self, picture: Picture, size: int, scale: Sequence[float]) -> Tensor:
        view = self._crop(picture, size, scale)
        if self.rotate:
            angle = _between(-self.rotate, self.rotate)
            view = _image(view).rotate(angle, Resampling.BILINEAR, fillcolor=(255, 255, 255))
        if self._jitter is not None:
            view = self._jitter(_image(view))
        if _chance(self.gray):
            view = _image(view).convert("L").convert("RGB")
        if _chance(self.blur):
            view = _image(view).filter(ImageFilter.GaussianBlur(_between(*self.blur_radius)))
        tensor = view if isinstance(view, Tensor) else _planes(view)
        return self._erase(tensor) if _chance(self.erase) else tensor

    def draw(self, picture: tuple[int, int], size: int, scale: Sequence[float]) -> Draw:
        """The numbers that a view of side ``size`` draws for a picture of width and height ``picture``.

        The same, and from as many random numbers, as `train` and `local` draw while they work.
        """
        left, top, width, height = self._box(picture, scale)
        flip = _chance(self.flip)
        angle = _between(-self.rotate, self.rotate) if self.rotate else 0.0
        colors = [1.0, 1.0, 1.0, 0.0]
        if self._jitter is not None:
            drawn = self._jitter.make_params([])
            names = ("brightness_factor", "contrast_factor", "saturation_factor", "hue_factor")
            given = (drawn[name] for name in names)
            colors = [kept if one is None else one for one, kept in zip(given, colors, strict=True)]
        gray = _chance(self.gray)
        blur = _between(*self.blur_radius) if _chance(self.blur) else 0.0
        erased = (0, 0, 0, 0)
        if _chance(self.erase):
            torch.rand(1)  # which it draws for its probability, 1
            drawn = self._erase.make_params([torch.empty(3, size, size)])
            if drawn["v"] is not None:
                erased = (drawn["j"], drawn["i"], drawn["w"], drawn["h"])
        shares = (left / picture[0], top / picture[1], width / picture[0], height / picture[1])
        return Draw._make([*shares, float(flip), angle, *colors, float(gray), blur, *erased])

    def _box(self, picture: tuple[int, int], scale: Sequence[float]) -> tuple[int, int, int, int]:
        """Left, top, width and height of a random crop, drawn as torchvision's RandomResizedCrop draws it.

        Its own ``get_params`` makes a dozen tensors of one number each, which take a third of a view's time.
        """
        width, height = picture
        narrowest, widest = self.ratio
        for _ in range(10):
            covered, shape, across, down = torch.rand(4).tolist()
            area = width * height * (scale[0] + (scale[1] - scale[0]) * covered)
            ratio = narrowest * (widest / narrowest) ** shape  # uniform in its logarithm
            w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < w <= width and 0 < h <= height:
                return int(across * (width - w + 1)), int(down * (height - h + 1)), w, h
        ratio = min(max(width / height, narrowest), widest)  # none fits: the largest crop from the middle
        w, h = max(1, min(width, round(height * ratio))), max(1, min(height, round(width / ratio)))
        return (width - w) // 2, (height - h) // 2, w, h

    def _crop(self, picture: Picture, size: int, scale: Sequence[float]) -> Image.Image | Tensor:
        """A random crop, perhaps mirrored: a picture, or (3, size, size) uint8 where torch made it."""
        left, top, width, height = self._box(size_of(picture), scale)
        mirror = _chance(self.flip)
        box = (left, top, left + width, top + height)
        if size < TORCH_FROM:
            image = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
            image = image.resize((size, size), Resampling.BILINEAR, box)  # antialiased
            return image.transpose(MIRROR) if mirror else image
        if isinstance(picture, np.ndarray):
            part = picture[top : top + height, left : left + width]
        else:
            part = np.asarray(picture.crop(box))
        pixels = torch.from_numpy(part.copy()).permute(2, 0, 1)[None]  # torch warns of read-only arrays
        view = interpolate(pixels, (size, size), mode="bilinear", antialias=True)[0]
        return view.flip(-1) if mirror else view


def size_of(picture: Picture) -> tuple[int, int]:
    """Width and height, pixels."""
    return (picture.shape[1], picture.shape[0]) if isinstance(picture, np.ndarray) else picture.size


def _image(view: Image.Image | Tensor) -> Image.Image:
    """A view as a picture; plane by plane, which takes a fifth of the time of interleaving them first."""
    if isinstance(view, Tensor):
        return Image.merge("RGB", [Image.fromarray(plane) for plane in view.numpy()])
    return view


def _planes(image: Image.Image) -> Tensor:
    """An RGB picture as (3, H, W) uint8, contiguous: joining interleaved ones to a batch is slow."""
    return torch.from_numpy(np.stack([np.asarray(band) for band in image.split()]))


def _padded(picture: Image.Image, side: int) -> Image.Image:
    """All of ``picture`` in the middle of a square, its long side ``side`` pixels."""
    scale = side / max(picture.size)
    width, height = (max(1, round(length * scale)) for length in picture.size)
    square = Image.new("RGB", (side, side), GRAY)
    square.paste(
        picture.resize((width, height), Resampling.BILINEAR), ((side - width) // 2, (side - height) // 2)
    )
    return square


def _chance(probability: float) -> bool:
    """True with ``probability``; 0 draws nothing."""
    return probability > 0 and torch.rand(()).item() < probability


def _between(low: float, high: float) -> float:
    return low + (high - low) * torch.rand(()).item()
