"""Random views made on the device: workers decode and draw the numbers, the device computes with them.

What is drawn for a view depends on its seed alone, as in `PictureTransforms.train`, which draws the same
numbers in the same order: the views differ by resampling and rounding only.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from vsr.data.pictures.colors import brightness, contrast, gray, hue, saturation
from vsr.data.pictures.transforms import Draw, Picture, PictureTransforms, size_of

LONGEST = 2  # times the short side: a longer picture is squeezed, so that one panorama does not pad a batch
AT_ONCE = 32  # views: bounds the memory of sampling
FINER = 2  # samples per output pixel and side: without them a crop that shrinks would alias


class DeviceViews:
    """The training views of `PictureTransforms`, computed for a whole batch on its device.

    Differences from the views that workers make: every crop is taken from a picture of short side ``side``
    and sampled bilinearly, `FINER` times `FINER` to a pixel; color changes come in the order brightness,
    contrast, saturation, hue instead of a random one; corners that a turn uncovers show the picture where
    there is some, and white beyond; the blur is a true Gaussian.

    Args:
        transforms: their training views.
        side: short side, pixels, of the pictures that are sent to the device; a smaller one stays so.
    """

    def __init__(self, transforms: PictureTransforms, side: int) -> None:
        self.transforms = transforms
        self.side = side

    def source(self, picture: Picture) -> Tensor:
        """What is sent (3, h, w) uint8: short side at most ``side``, the other at most `LONGEST` times it."""
        given = size_of(picture)
        scale = min(1.0, self.side / min(given))
        longest = max(1, math.floor(LONGEST * scale * min(given)))
        width, height = (min(longest, max(1, round(length * scale))) for length in given)
        if (width, height) != given:
            image = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
            picture = image.resize((width, height), Image.Resampling.BILINEAR)
        return torch.from_numpy(np.array(picture)).permute(2, 0, 1)

    def draw(self, picture: Picture, is_local: bool = False) -> Draw:
        """What is drawn for a view of ``picture``."""
        transforms = self.transforms
        if is_local:
            return transforms.draw(size_of(picture), transforms.local_size, transforms.local_scale)
        return transforms.draw(size_of(picture), transforms.size, transforms.scale)

    def __call__(self, pictures: Tensor, sizes: Tensor, which: Tensor, draws: Tensor, side: int) -> Tensor:
        """Views (n, 3, side, side) uint8.

        Args:
            pictures: (m, 3, H, W) uint8, each in its top left corner: `sources`.
            sizes: (m, 2) width and height of each, pixels.
            which: (n,) picture of each view.
            draws: (n, fields of `Draw`).
            side: pixels.
        """
        parts = [
            self._views(pictures[part], sizes[part], drawn, side)
            for part, drawn in zip(which.split(AT_ONCE), draws.split(AT_ONCE), strict=True)
        ]
        return torch.cat(parts)

    def _views(self, images: Tensor, sizes: Tensor, draws: Tensor, side: int) -> Tensor:
        draw = Draw(*draws.unbind(1))
        with torch.autocast(images.device.type, enabled=False):
            views = _cropped(images, sizes, draw, side)
            if self.transforms.color:
                views = brightness(views, draw.brightness)
                views = contrast(views, draw.contrast)
                views = saturation(views, draw.saturation)
            if self.transforms.hue:
                views = hue(views, draw.hue)
            if self.transforms.gray:
                views = torch.where(_each(draw.gray) > 0, gray(views).expand_as(views), views)
            if self.transforms.blur:
                views = _blurred(views, draw.blur, math.ceil(3 * self.transforms.blur_radius[1]))
            if self.transforms.erase:
                views = _erased(views, draw)
            return (views * 255).round().to(torch.uint8)


def _each(values: Tensor) -> Tensor:
    return values[:, None, None, None]


def _cropped(images: Tensor, sizes: Tensor, draw: Draw, side: int) -> Tensor:
    """Crop, mirror, turn and resize (n, 3, H, W) uint8 to (n, 3, side, side) float in 0..1."""
    fine = side * FINER
    at = (torch.arange(fine, device=images.device) + 0.5) * (2 / fine) - 1  # centers of pixels in -1..1
    y, x = torch.meshgrid(at, at, indexing="ij")
    cos, sin = (f(torch.deg2rad(draw.angle))[:, None, None] for f in (torch.cos, torch.sin))
    x, y = cos * x - sin * y, sin * x + cos * y  # (n, fine, fine)
    x = torch.where(draw.flip[:, None, None] > 0, -x, x)
    grid, beyond = [], torch.zeros_like(x, dtype=torch.bool)
    sides = zip((x, y), (draw.left, draw.top), (draw.width, draw.height), (0, 1), (3, 2), strict=True)
    for position, start, length, column, axis in sides:
        extent = sizes[:, column, None, None]
        at = (start[:, None, None] + (position + 1) / 2 * length[:, None, None]) * extent  # pixels
        beyond |= (at < 0) | (at > extent)
        at = at.clamp(min=0.5).minimum(extent - 0.5)  # within the picture's own pixels: padding never shows
        grid.append(2 * at / images.shape[axis] - 1)
    grid = torch.stack(grid, dim=-1)
    sampled = F.grid_sample(images.float() / 255, grid, "bilinear", "border", align_corners=False)
    return F.avg_pool2d(sampled.masked_fill(beyond[:, None], 1), FINER)


def _blurred(views: Tensor, sigma: Tensor, reach: int) -> Tensor:
    """A Gaussian blur of standard deviation ``sigma`` (n,) pixels each; 0 leaves a view as it is."""
    n, channels, height, width = views.shape
    distance = torch.arange(-reach, reach + 1, device=views.device)
    kernel = torch.exp(-(distance**2) / (2 * sigma[:, None].clamp(min=1e-3) ** 2))
    kernel = (kernel / kernel.sum(dim=1, keepdim=True)).repeat_interleave(channels, dim=0)  # (n · 3, K)
    flat = F.pad(views.reshape(1, n * channels, height, width), [reach] * 4, mode="replicate")
    flat = F.conv2d(flat, kernel[:, None, None, :], groups=n * channels)
    flat = F.conv2d(flat, kernel[:, None, :, None], groups=n * channels)
    return flat.view(n, channels, height, width)


def _erased(views: Tensor, draw: Draw) -> Tensor:
    """Rectangles, given in pixels of the view, in one gray."""
    inside = []
    for start, length, extent in (
        (draw.erase_top, draw.erase_height, views.shape[2]),
        (draw.erase_left, draw.erase_width, views.shape[3]),
    ):
        at = torch.arange(extent, device=views.device)
        inside.append((at >= start[:, None]) & (at < (start + length)[:, None]))  # (n, extent)
    rectangle = inside[0][:, None, :, None] & inside[1][:, None, None, :]
    return views.masked_fill(rectangle, 127 / 255)


def sources(pictures: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Pictures (3, h, w) of any sizes as one tensor, each in its top left corner, and their sizes.

    Returns:
        The padded pictures (n, 3, H, W), and (n, 2) int64 widths and heights.
    """
    sizes = torch.tensor([[one.shape[2], one.shape[1]] for one in pictures])
    width, height = sizes.max(dim=0).values.tolist()
    joined = pictures[0].new_zeros(len(pictures), 3, height, width)
    for number, one in enumerate(pictures):
        joined[number, :, : one.shape[1], : one.shape[2]] = one
    return joined, sizes
