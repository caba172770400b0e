"""A PyTorch Dataset over any catalogue, and the batch that its samples become."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from vsr.data.catalogue import Catalogue
from vsr.data.pictures import CataloguePictures, CorruptPictureError

OnCorrupt = Literal["stop", "skip"]


class Sample(NamedTuple):
    """One example: images (V, 3, S, S) uint8, or None when a picture of it is corrupt."""

    images: Tensor | None
    label: Tensor  # (L,) int64
    rows: Tensor  # (V,) int64
    skipped: list[int]  # rows that could not be decoded


class Batch(NamedTuple):
    """What one step sees. B may be 0 when every picture was skipped; H and W are then 0.

    Attributes:
        images: (B, V, 3, H, W) uint8.
        labels: (B, L) int64, fine to coarse.
        rows: (B, V) int64 catalogue rows.
        skipped: (S,) int64 catalogue rows that could not be decoded; their examples are not in the batch.
    """

    images: Tensor
    labels: Tensor
    rows: Tensor
    skipped: Tensor


class PictureDataset(Dataset):
    """Pictures of a catalogue, V views an example.

    Args:
        catalogue: where the pictures are.
        rows: (E, V) int64 catalogue rows of each example.
        labels: (E, L) int64, fine to coarse.
        transform: RGB picture to (3, S, S) uint8.
        decode_size: short side, pixels, that ``transform`` needs; JPEGs may be decoded that small. None: full
            size.
        on_corrupt: ``stop`` at a picture that cannot be decoded, or ``skip`` its example and report the row.

    Raises:
        ValueError: ``on_corrupt`` is neither.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        rows: Tensor,
        labels: Tensor,
        transform: Callable[[Image.Image], Tensor],
        decode_size: int | None = None,
        on_corrupt: OnCorrupt = "stop",
    ) -> None:
        if on_corrupt not in ("stop", "skip"):
            raise ValueError(f"on_corrupt must be stop or skip, got {on_corrupt}")
        self.pictures = CataloguePictures(catalogue)
        self.rows = rows
        self.labels = labels
        self.transform = transform
        self.decode_size = decode_size
        self.on_corrupt = on_corrupt

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: int | tuple[int, int]) -> Sample:
        """Example ``index``, or (``index``, ``seed``) where the transform is random.

        Raises:
            CorruptPictureError: a picture cannot be decoded and ``on_corrupt`` is ``stop``.
        """
        if isinstance(key, tuple):
            with seeded(key[1]):
                return self._sample(key[0])
        return self._sample(key)

    def _sample(self, index: int) -> Sample:
        rows = self.rows[index]
        pictures: dict[int, Image.Image] = {}
        skipped = []
        for row in dict.fromkeys(rows.tolist()):  # views of one picture decode it once
            try:
                pictures[row] = self.pictures(row, self.decode_size)
            except CorruptPictureError:
                if self.on_corrupt == "stop":
                    raise
                skipped.append(row)
        views = None if skipped else torch.stack([self.transform(pictures[row]) for row in rows.tolist()])
        return Sample(views, self.labels[index], rows, skipped)


def collate(samples: Sequence[Sample]) -> Batch:
    """Join samples to a `Batch`, leaving out the corrupt ones."""
    skipped = torch.tensor([row for sample in samples for row in sample.skipped], dtype=torch.int64)
    whole = [sample for sample in samples if sample.images is not None]
    if not whole:
        n_views = len(samples[0].rows)
        images = torch.empty(0, n_views, 3, 0, 0, dtype=torch.uint8)
        labels = samples[0].label.new_empty(0, *samples[0].label.shape)
        return Batch(images, labels, torch.empty(0, n_views, dtype=torch.int64), skipped)
    images = torch.stack([sample.images for sample in whole if sample.images is not None])
    labels = torch.stack([sample.label for sample in whole])
    return Batch(images, labels, torch.stack([sample.rows for sample in whole]), skipped)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's CPU generator inside; leave it as it was outside.

    ``torch.manual_seed`` would also reseed every accelerator, whose state nobody puts back.
    """
    state = torch.get_rng_state()
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(state)
