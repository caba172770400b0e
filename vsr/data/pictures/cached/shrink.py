"""What of a picture is kept: enough for random crops, or exactly what is measured."""

from typing import Protocol

from PIL import Image

from vsr.data.pictures.transforms import PictureTransforms

Resampling = Image.Resampling


class Shrink(Protocol):
    """How a picture is made smaller before it is kept.

    Attributes:
        name: what distinguishes its results, for the key of the cache.
        at_least: short side, pixels, to decode to.
        fixed: width and height of every result, where they do not depend on the picture.
    """

    name: str
    at_least: int
    fixed: tuple[int, int] | None

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Width and height kept of a picture of width and height ``size``."""
        ...

    def __call__(self, picture: Image.Image, size: tuple[int, int]) -> Image.Image:
        """``picture``, perhaps decoded smaller than it is, made ``size``: what `size` says."""
        ...


class ShortSide:
    """The whole picture, its short side at most ``side`` pixels: training crops at random from it.

    Args:
        side: pixels, >= 1. A smaller picture stays as it is.
    """

    def __init__(self, side: int) -> None:
        self.name = f"short side {side}"
        self.at_least = self.side = side
        self.fixed: tuple[int, int] | None = None

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The same shape, to the nearest pixel."""
        scale = min(1.0, self.side / min(size))
        return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))

    def __call__(self, picture: Image.Image, size: tuple[int, int]) -> Image.Image:
        """Resized with an antialiased bilinear filter."""
        return picture.resize(size, Resampling.BILINEAR)


class EvaluationView:
    """Exactly the view that is measured, which `PictureTransforms.evaluate` of its pixels leaves as it is.

    Args:
        transforms: their ``evaluate``.
    """

    def __init__(self, transforms: PictureTransforms) -> None:
        self.name = f"evaluation view {transforms.resize} {transforms.size}"
        if transforms.crop_share != 1:
            self.name += f" of {transforms.crop_share!r}"
        self.at_least = transforms.evaluation_decode_size
        self.fixed: tuple[int, int] | None = (transforms.size, transforms.size)
        self.transforms = transforms

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """A square, whatever the picture."""
        return self.transforms.size, self.transforms.size

    def __call__(self, picture: Image.Image, size: tuple[int, int]) -> Image.Image:
        """The view as a picture."""
        return self.transforms.evaluation_view(picture)
