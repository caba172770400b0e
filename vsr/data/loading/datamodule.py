"""A catalogue as Lightning's train, val and test loaders."""

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import lightning as L
import numpy as np
import pandas as pd
import torch
from torch.utils.data import DataLoader

from vsr.data.catalogue.catalogue import RANGE, Catalogue
from vsr.data.loading.dataset import Batch, OnCorrupt, PictureDataset, RawBatch, collate, views_on_device
from vsr.data.loading.epochs import EpochBatches, EpochLoader
from vsr.data.loading.positives import Examples, Positives
from vsr.data.pictures.cached.cached_pictures import cached_pictures
from vsr.data.pictures.cached.shrink import EvaluationView, ShortSide, Shrink
from vsr.data.pictures.decode import CataloguePictures, Pictures
from vsr.data.pictures.on_device import DeviceViews
from vsr.data.pictures.transforms import PictureTransforms
from vsr.data.samplers.sampler import Sampler
from vsr.data.shards.windows import ShardWindows


class VisualSearchData(L.LightningDataModule):
    """Batches for training, and every picture of val or test once for measuring.

    The trainer needs ``use_distributed_sampler=False``: what is here knows its rank. Iterating any of the
    loaders draws nothing from torch's global generators.

    Args:
        catalogue: the pictures.
        transforms: random views for training and the one deterministic view.
        positives: what belongs together in training.
        sampler: what shares a training batch.
        eval_batch_size: pictures a batch when measuring, >= 1.
        workers: processes that decode pictures; 0 decodes in this one.
        on_corrupt: ``stop`` at a picture that cannot be decoded, or ``skip`` and report it in
            `Batch.skipped`.
        seed: of batches and augmentation.
        cache: keep the pictures resized on disk and read them from there. What is measured does not change by
            a bit; training crops from pictures of short side ``stored_scale`` × ``transforms.size``.
        cache_dir: where; None: `vsr.cache.cache_root`.
        stored_scale: short side of training pictures as cached or sent to the device, in sides of a view.
        augment_on_device: compute the training views on the device: `vsr.data.pictures.DeviceViews`.
        shards_at_once: where many pictures lie in one file, train on those of so many files at a time:
            `vsr.data.shards.ShardWindows`. None: on all of them.

    Raises:
        ValueError: ``eval_batch_size`` < 1, ``workers`` < 0, ``stored_scale`` < 1, ``shards_at_once`` < 1 or
            an unknown ``on_corrupt``.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        transforms: PictureTransforms,
        positives: Positives,
        sampler: Sampler,
        eval_batch_size: int = 64,
        workers: int = 0,
        on_corrupt: OnCorrupt = "stop",
        seed: int = 0,
        cache: bool = False,
        cache_dir: str | None = None,
        stored_scale: float = 1.15,
        augment_on_device: bool = False,
        shards_at_once: int | None = None,
    ) -> None:
        super().__init__()
        if eval_batch_size < 1:
            raise ValueError(f"eval_batch_size must be >= 1, got {eval_batch_size}")
        if workers < 0:
            raise ValueError(f"workers must be >= 0, got {workers}")
        if on_corrupt not in ("stop", "skip"):
            raise ValueError(f"on_corrupt must be stop or skip, got {on_corrupt}")
        if shards_at_once is not None and shards_at_once < 1:
            raise ValueError(f"shards_at_once must be >= 1, or null for all, got {shards_at_once}")
        if stored_scale < 1:
            raise ValueError(f"stored_scale must be >= 1, got {stored_scale}: views would be enlarged")
        self.catalogue = catalogue
        self.transforms = transforms
        self.positives = positives
        self.sampler = sampler
        self.eval_batch_size = eval_batch_size
        self.workers = workers
        self.on_corrupt: OnCorrupt = on_corrupt
        self.seed = seed
        self.shards_at_once = shards_at_once
        self.cache = cache
        self.cache_dir = cache_dir
        self.stored_side = math.ceil(stored_scale * transforms.size)
        self._checked: EpochBatches | None = None
        self.device_views = DeviceViews(transforms, self.stored_side) if augment_on_device else None

    @cached_property
    def examples(self) -> Examples:
        """What training draws from; made when first asked for, as measuring alone does not need it."""
        return self.positives.examples(self.catalogue)

    def check(self) -> None:
        """Raise what `train_dataloader` raises, before anything takes long; warn of poor batches, once."""
        if self._checked is None or (self._checked.rank, self._checked.world_size) != self._rank():
            self._checked = EpochBatches(
                self._windowed(self.examples), self.examples, self.seed, *self._rank()
            )

    def train_dataloader(self) -> EpochLoader:
        """This rank's batches. Lightning sets the epoch; by hand it is ``loader.batch_sampler.set_epoch``.

        Raises:
            DataError: the catalogue gives no training example.
            ConfigError: no batch can hold a positive pair, or there are fewer batches than devices.
        """
        examples, transforms = self.examples, self.transforms
        self.check()
        batches, self._checked = self._checked, None  # the next loader has batches, and an epoch, of its own
        dataset = PictureDataset(
            self.catalogue,
            examples.rows,
            examples.labels,
            transforms.train,
            self._train_decode_size,
            self.on_corrupt,
            pictures=self._train_pictures,
            local=transforms.local,
            n_local=examples.n_local,
            on_device=self.device_views,
        )
        return EpochLoader(dataset, batch_sampler=batches, **self._options(persistent=True))

    def on_after_batch_transfer(self, batch: Batch | RawBatch, dataloader_idx: int = 0) -> Batch:
        """Make the views of a training batch that came without them."""
        if isinstance(batch, Batch):
            return batch
        assert self.device_views is not None
        return views_on_device(batch, self.device_views, self.examples.n_local)

    def val_dataloader(self) -> DataLoader:
        """This rank's part of val, queries and gallery together, each picture once."""
        return self._part("val")

    def test_dataloader(self) -> DataLoader:
        """This rank's part of test, queries and gallery together, each picture once."""
        return self._part("test")

    def loader(self, rows: np.ndarray, persistent: bool = False) -> DataLoader:
        """The deterministic view of ``rows`` (n,) in their order, V = 1, for embedding them.

        Args:
            rows: of the catalogue.
            persistent: keep the worker processes between iterations.
        """
        labels = torch.from_numpy(self.catalogue.codes[rows])
        index = torch.from_numpy(np.asarray(rows, dtype=np.int64))[:, None]
        dataset = PictureDataset(
            self.catalogue,
            index,
            labels,
            self.transforms.evaluate,
            self.transforms.evaluation_decode_size,
            self.on_corrupt,
            pictures=self._evaluation_pictures,
        )
        batches = _Consecutive(len(index), self.eval_batch_size)
        return DataLoader(dataset, batch_sampler=batches, **self._options(persistent))  # pyright: ignore

    def _windowed(self, examples: Examples) -> Sampler:
        if not set(RANGE) <= set(self.catalogue.table.columns):
            return self.sampler
        files = pd.factorize(self.catalogue.table["image"])[0]
        shards = torch.from_numpy(files[examples.rows[:, 0].numpy()])
        if self.catalogue.copies is not None:
            self.catalogue.copies.warn_if_tight(self.shards_at_once or len(shards.unique()))
        if self.shards_at_once is None:
            return self.sampler
        return ShardWindows(self.sampler, shards, self.shards_at_once)

    @property
    def _train_decode_size(self) -> int:
        if self.device_views is not None:
            return self.stored_side
        return max(
            self.transforms.train_decode_size, self.transforms.local_decode_size * (self.examples.n_local > 0)
        )

    @cached_property
    def _train_pictures(self) -> Pictures:
        rows = self.examples.rows.unique().numpy()
        as_pixels = self.device_views is not None or self.transforms.from_pixels
        return self._pictures(rows, ShortSide(self.stored_side), as_pixels)

    @cached_property
    def _evaluation_pictures(self) -> Pictures:
        """Val and test are cached; other pictures are rarely measured and decoded from their files."""
        rows = np.union1d(self.catalogue.rows("val"), self.catalogue.rows("test"))
        return self._pictures(rows, EvaluationView(self.transforms))

    def _pictures(self, rows: np.ndarray, shrink: Shrink, as_pixels: bool = False) -> Pictures:
        if not self.cache:
            files = CataloguePictures(self.catalogue)
            return files.as_pixels if as_pixels else files
        return cached_pictures(self.catalogue, rows, shrink, self.cache_dir)

    def _part(self, split: str) -> DataLoader:
        # Rows that follow each other, as they may in a file, and no padding: who gathers the embeddings
        # finds each row exactly once.
        rank, world_size = self._rank()
        return self.loader(np.array_split(self.catalogue.rows(split), world_size)[rank], persistent=True)

    def _options(self, persistent: bool) -> dict[str, Any]:
        return {
            "collate_fn": collate,
            "num_workers": self.workers,
            "persistent_workers": persistent and self.workers > 0,
            "pin_memory": torch.accelerator.is_available(),
            # A DataLoader draws a number for its workers; from here, not from the global generator.
            "generator": torch.Generator().manual_seed(self.seed),
        }

    def _rank(self) -> tuple[int, int]:
        trainer = self.trainer
        return (0, 1) if trainer is None else (trainer.global_rank, trainer.world_size)


class _Consecutive:
    """0..n-1 in batches. Not a torch ``BatchSampler``, which Lightning would shard a second time."""

    def __init__(self, n: int, size: int) -> None:
        self.n = n
        self.size = size

    def __len__(self) -> int:
        return math.ceil(self.n / self.size)

    def __iter__(self) -> Iterator[list[int]]:
        for start in range(0, self.n, self.size):
            yield list(range(start, min(start + self.size, self.n)))
