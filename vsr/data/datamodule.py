"""A catalogue as Lightning's train, val and test loaders."""

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import lightning as L
import numpy as np
import torch
from torch.utils.data import DataLoader

from vsr.data.catalogue import Catalogue
from vsr.data.dataset import OnCorrupt, PictureDataset, collate
from vsr.data.epochs import EpochBatches, EpochLoader
from vsr.data.positives import Examples, Positives
from vsr.data.samplers import Sampler
from vsr.data.transforms import PictureTransforms


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

    Raises:
        ValueError: ``eval_batch_size`` < 1, ``workers`` < 0 or an unknown ``on_corrupt``.
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
    ) -> None:
        super().__init__()
        if eval_batch_size < 1:
            raise ValueError(f"eval_batch_size must be >= 1, got {eval_batch_size}")
        if workers < 0:
            raise ValueError(f"workers must be >= 0, got {workers}")
        if on_corrupt not in ("stop", "skip"):
            raise ValueError(f"on_corrupt must be stop or skip, got {on_corrupt}")
        self.catalogue = catalogue
        self.transforms = transforms
        self.positives = positives
        self.sampler = sampler
        self.eval_batch_size = eval_batch_size
        self.workers = workers
        self.on_corrupt: OnCorrupt = on_corrupt
        self.seed = seed

    @cached_property
    def examples(self) -> Examples:
        """What training draws from; made when first asked for, as measuring alone does not need it."""
        return self.positives.examples(self.catalogue)

    def train_dataloader(self) -> EpochLoader:
        """This rank's batches. Lightning sets the epoch; by hand it is ``loader.batch_sampler.set_epoch``.

        Raises:
            DataError: the catalogue gives no training example.
            ConfigError: no batch can hold a positive pair, or there are fewer batches than devices.
        """
        batches = EpochBatches(self.sampler, self.examples, self.seed, *self._rank())
        dataset = PictureDataset(
            self.catalogue,
            self.examples.rows,
            self.examples.labels,
            self.transforms.train,
            self.transforms.train_decode_size,
            self.on_corrupt,
        )
        return EpochLoader(dataset, batch_sampler=batches, **self._options(persistent=True))

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
            self.catalogue, index, labels, self.transforms.evaluate, self.transforms.size, self.on_corrupt
        )
        batches = _Consecutive(len(index), self.eval_batch_size)
        return DataLoader(dataset, batch_sampler=batches, **self._options(persistent))  # pyright: ignore

    def _part(self, split: str) -> DataLoader:
        # Every world_size-th row, without padding: who gathers the embeddings finds each row exactly once.
        rank, world_size = self._rank()
        return self.loader(self.catalogue.rows(split)[rank::world_size], persistent=True)

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
