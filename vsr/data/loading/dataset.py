"""A PyTorch Dataset over any catalogue, and the batch that its samples become."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.pictures.decode import CataloguePictures, CorruptPictureError, Pictures
from vsr.data.pictures.on_device import DeviceViews, sources
from vsr.data.pictures.transforms import Picture

OnCorrupt = Literal["stop", "skip"]


class Sample(NamedTuple):
    """One example. Its views are None when a picture of it is corrupt."""

    images: Tensor | None  # (V, 3, S, S) uint8
    label: Tensor  # (L,) int64
    rows: Tensor  # (V + W,) int64
    skipped: list[int]  # rows that could not be decoded
    local: Tensor | None = None  # (W, 3, s, s) uint8
    raw: "RawViews | None" = None  # instead of images and local, where the device makes them


class RawViews(NamedTuple):
    """What the device makes the views of one example from."""

    pictures: list[Tensor]  # each different one once, (3, h, w) uint8
    which: list[int]  # picture of each of the V + W views
    draws: Tensor  # (V + W, fields of Draw)


class Batch(NamedTuple):
    """What one step sees. B may be 0 when every picture was skipped; H and W are then 0.

    Attributes:
        images: (B, V, 3, H, W) uint8.
        labels: (B, L) int64, fine to coarse.
        rows: (B, V) int64 catalogue rows; (B, V + W) where there are local views.
        skipped: (S,) int64 catalogue rows that could not be decoded; their examples are not in the batch.
        local: (B, W, 3, h, w) uint8, smaller views of small parts (multi-crop); None: W = 0.
    """

    images: Tensor
    labels: Tensor
    rows: Tensor
    skipped: Tensor
    local: Tensor | None = None


class RawBatch(NamedTuple):
    """A batch on its way to the device, which makes the views: `views_on_device`.

    Attributes:
        pictures: (n, 3, H, W) uint8, each different picture of an example once, in its top left corner.
        sizes: (n, 2) int64 width and height of each.
        which: (B, V + W) int64 picture of each view.
        draws: (B, V + W, fields of `vsr.data.pictures.transforms.Draw`).
        labels, rows, skipped: see `Batch`.
    """

    pictures: Tensor
    sizes: Tensor
    which: Tensor
    draws: Tensor
    labels: Tensor
    rows: Tensor
    skipped: Tensor


class PictureDataset(Dataset):
    """Pictures of a catalogue, V views an example and perhaps W smaller ones.

    Args:
        catalogue: where the pictures are.
        rows: (E, V + W) int64 catalogue rows of each example.
        labels: (E, L) int64, fine to coarse.
        transform: RGB picture to (3, S, S) uint8.
        decode_size: short side, pixels, that ``transform`` needs; JPEGs may be decoded that small. None: full
            size.
        on_corrupt: ``stop`` at a picture that cannot be decoded, or ``skip`` its example and report the row.
        pictures: by row; None: decoded from the catalogue's files.
        local: RGB picture to (3, s, s) uint8, for the last ``n_local`` views.
        n_local: W.
        on_device: makes the views later, instead of ``transform`` and ``local``.

    Raises:
        ValueError: ``on_corrupt`` is neither.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        rows: Tensor,
        labels: Tensor,
        transform: Callable[[Picture], Tensor],
        decode_size: int | None = None,
        on_corrupt: OnCorrupt = "stop",
        *,
        pictures: Pictures | None = None,
        local: Callable[[Picture], Tensor] | None = None,
        n_local: int = 0,
        on_device: DeviceViews | None = None,
    ) -> None:
        if on_corrupt not in ("stop", "skip"):
            raise ValueError(f"on_corrupt must be stop or skip, got {on_corrupt}")
        self.pictures = CataloguePictures(catalogue) if pictures is None else pictures
        self.rows = rows
        self.labels = labels
        self.transform = transform
        self.decode_size = decode_size
        self.on_corrupt = on_corrupt
        self.local = local or transform
        self.n_local = n_local
        self.on_device = on_device

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
        rows, label = self.rows[index], self.labels[index]
        pictures: dict[int, Picture] = {}
        skipped = []
        for row in dict.fromkeys(rows.tolist()):  # views of one picture decode it once
            try:
                pictures[row] = self.pictures(row, self.decode_size)
            except CorruptPictureError:
                if self.on_corrupt == "stop":
                    raise
                skipped.append(row)
        if skipped:
            return Sample(None, label, rows, skipped)
        if self.on_device is not None:
            return Sample(None, label, rows, skipped, raw=self._raw(pictures, rows.tolist()))
        views = [pictures[row] for row in rows.tolist()]
        n_global = len(views) - self.n_local
        images = _stacked([self.transform(view) for view in views[:n_global]])
        local = _stacked([self.local(view) for view in views[n_global:]]) if self.n_local else None
        return Sample(images, label, rows, skipped, local)

    def _raw(self, pictures: dict[int, Picture], rows: list[int]) -> RawViews:
        assert self.on_device is not None
        n_global, place = len(rows) - self.n_local, {row: at for at, row in enumerate(pictures)}
        draws = [self.on_device.draw(pictures[row], at >= n_global) for at, row in enumerate(rows)]
        sent = [self.on_device.source(picture) for picture in pictures.values()]
        return RawViews(sent, [place[row] for row in rows], torch.tensor(draws))


def _stacked(views: list[Tensor]) -> Tensor:
    return views[0][None] if len(views) == 1 else torch.stack(views)  # one is not copied, as the batch will


def collate(samples: Sequence[Sample]) -> Batch | RawBatch:
    """Join samples to a batch, leaving out the corrupt ones."""
    skipped = torch.tensor([row for sample in samples for row in sample.skipped], dtype=torch.int64)
    whole = [sample for sample in samples if not sample.skipped]
    if not whole:
        n_views = len(samples[0].rows)
        images = torch.empty(0, n_views, 3, 0, 0, dtype=torch.uint8)
        labels = samples[0].label.new_empty(0, *samples[0].label.shape)
        return Batch(images, labels, torch.empty(0, n_views, dtype=torch.int64), skipped)
    labels = torch.stack([sample.label for sample in whole])
    rows = torch.stack([sample.rows for sample in whole])
    raw = [sample.raw for sample in whole if sample.raw is not None]
    if raw:
        pictures, sizes = sources([picture for one in raw for picture in one.pictures])
        first = torch.tensor([0, *(len(one.pictures) for one in raw[:-1])]).cumsum(0)  # (B,)
        which = torch.tensor([one.which for one in raw]) + first[:, None]
        return RawBatch(
            pictures, sizes, which, torch.stack([one.draws for one in raw]), labels, rows, skipped
        )
    images = torch.stack([sample.images for sample in whole if sample.images is not None])
    local = [sample.local for sample in whole if sample.local is not None]
    return Batch(images, labels, rows, skipped, torch.stack(local) if local else None)


def views_on_device(batch: RawBatch, views: DeviceViews, n_local: int) -> Batch:
    """The views of ``batch``, computed where its pictures are."""
    n_global = batch.which.shape[1] - n_local

    def made(which: Tensor, draws: Tensor, side: int) -> Tensor:
        flat = views(batch.pictures, batch.sizes, which.flatten(), draws.flatten(0, 1), side)
        return flat.unflatten(0, which.shape)

    transforms = views.transforms
    images = made(batch.which[:, :n_global], batch.draws[:, :n_global], transforms.size)
    local = None
    if n_local:
        local = made(batch.which[:, n_global:], batch.draws[:, n_global:], transforms.local_size)
    return Batch(images, batch.labels, batch.rows, batch.skipped, local)


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
