"""The batches of each epoch for one of several devices, as a pure function of seed and epoch."""

import hashlib
import logging
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader

from vsr.data.loading.positives import Examples
from vsr.data.samplers.sampler import Sampler, share_with_positive
from vsr.errors import ConfigError

log = logging.getLogger(__name__)

LOOKED_AT = 200  # batches of the first epoch that are searched for positives


class EpochBatches:
    """A batch sampler that knows its epoch and its rank, for `torch.utils.data.DataLoader`.

    Every rank deals out the same global epoch and takes every ``world_size``-th batch of it, so ranks see
    different batches and equally many. What is left when the ranks have equally many is not used. Each
    example comes with the seed of its augmentation, which depends on (seed, epoch, place in the global epoch)
    only: not on workers, on resuming, or on what else drew random numbers.

    It is not a torch ``BatchSampler``: Lightning would take it apart under several devices.

    Args:
        sampler: what shares a batch.
        examples: what there is.
        seed: of the whole run.
        rank: of this process.
        world_size: number of processes.

    Raises:
        ConfigError: there are fewer batches than processes, or no batch holds a positive pair.
    """

    def __init__(
        self, sampler: Sampler, examples: Examples, seed: int = 0, rank: int = 0, world_size: int = 1
    ) -> None:
        self.examples = examples
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.epoch = 0
        self.begin = 0  # batches of the epoch that a run before this one has had
        self._sampler = sampler
        self._clashes = _has_clashes(examples)
        first = self._deal(0)
        self._n_global = len(first)
        self._check(first)

    @property
    def sampler(self) -> "EpochBatches":
        """Itself: Lightning looks for ``set_epoch`` at ``batch_sampler.sampler``."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next iteration deals out; takes effect at its first batch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self._n_global // self.world_size

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        """Batches of (index into the examples, seed of its augmentation)."""
        batches = self._deal(self.epoch)
        starts = torch.tensor([0, *map(len, batches)]).cumsum(0).tolist()
        seeds = torch.empty(starts[-1], dtype=torch.int64).random_(
            generator=self._generator(self.epoch, "draws")
        )
        begin, self.begin = self.begin, 0
        for step in range(begin, len(self)):
            number = step * self.world_size + self.rank
            drawn = seeds[starts[number] : starts[number + 1]].tolist()
            yield list(zip(batches[number], drawn, strict=True))

    def _deal(self, epoch: int) -> list[list[int]]:
        batches = self._sampler.batches(self.examples.labels, self._generator(epoch, "batches"))
        return _keep_apart(batches, self.examples, self.world_size) if self._clashes else batches

    def _generator(self, epoch: int, purpose: str) -> torch.Generator:
        digest = hashlib.blake2b(f"{self.seed}/{epoch}/{purpose}".encode(), digest_size=8).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)

    def _check(self, first: Sequence[Sequence[int]]) -> None:
        n_views = self.examples.rows.shape[1]
        n_labels = len(torch.unique(self.examples.labels[:, 0]))
        if n_labels < 2:
            raise ConfigError(
                f"the training split has {n_labels} label with pictures to draw from, so no batch can hold a "
                "negative; add labels, or use data/positives=augment"
            )
        if len(first) < self.world_size:
            raise ConfigError(
                f"an epoch has {len(first)} batches for {self.world_size} devices; lower sampler.batch_size "
                "or trainer.devices"
            )
        self._warn_of_small_batches(first, n_labels)
        if n_views > 1:
            return
        share = share_with_positive(first[:LOOKED_AT], self.examples.labels)
        if share == 0:
            raise ConfigError(
                f"no batch of the first epoch holds two pictures of one of the {n_labels} labels, so there "
                "is no positive pair; use sampler=balanced with sampler.per_label >= 2, or "
                "data/positives=augment"
            )
        if share < 0.5:
            log.warning(
                "only %.0f %% of the pictures meet another of their label in their batch; sampler=balanced "
                "brings them together",
                100 * share,
            )

    def _warn_of_small_batches(self, first: Sequence[Sequence[int]], n_labels: int) -> None:
        largest = max(map(len, first))
        wanted = getattr(self._sampler, "batch_size", largest)
        if largest < wanted:
            log.warning(
                "no batch holds more than %d examples of sampler.batch_size=%d: training has %d of %d labels",
                largest,
                wanted,
                len(self.examples.labels),
                n_labels,
            )


class EpochLoader(DataLoader):
    """A DataLoader over `EpochBatches` that starts at its first batch, and can resume within an epoch.

    Lightning 2.6 makes the iterator of the first epoch before it calls ``set_epoch``, and after a resume even
    with the number of the epoch before; workers would then prefetch the wrong epoch. So nothing is dealt out
    until the first batch is asked for. ``state_dict`` counts the batches of the epoch, and Lightning keeps it
    in its checkpoints.
    """

    batch_sampler: EpochBatches

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._given = (0, 0)  # epoch, batches of it
        self._resume: tuple[int, int] | None = None

    def __iter__(self) -> Iterator[Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Batches of the epoch that is set when the first one is asked for."""
        epoch, begin = self.batch_sampler.epoch, 0
        if self._resume is not None and self._resume[0] == epoch:
            begin = self._resume[1]
        self._resume = None
        self.batch_sampler.begin = begin
        self._given = (epoch, begin)
        for batch in super().__iter__():
            self._given = (epoch, self._given[1] + 1)
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Epoch, and how many of its batches were given out."""
        return {"epoch": self._given[0], "batches": self._given[1]}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Leave out the batches already had, if the next iteration is of the same epoch."""
        self._resume = (state_dict["epoch"], state_dict["batches"])


def _has_clashes(examples: Examples) -> bool:
    """Whether a picture stands under two labels."""
    label = examples.labels[:, :1].expand_as(examples.rows)
    pairs = torch.stack([examples.rows.flatten(), label.flatten()], dim=1)
    return len(torch.unique(pairs, dim=0)) > len(torch.unique(examples.rows))


def _keep_apart(batches: list[list[int]], examples: Examples, together: int) -> list[list[int]]:
    """Move examples that share a picture under different labels out of each other's batch.

    The same picture would be a negative of itself. ``together`` batches that are compared at once on several
    devices count as one. What fits nowhere is left out of the epoch; the number of batches stays.
    """
    rows, labels = examples.rows.tolist(), examples.labels[:, 0].tolist()
    holders: list[dict[int, int]] = [{} for _ in range(-(-len(batches) // together))]  # row -> label
    kept: list[list[int]] = [[] for _ in batches]
    homeless: deque[int] = deque()

    def settle(index: int, number: int) -> bool:
        holder = holders[number // together]
        if any(holder.get(row, labels[index]) != labels[index] for row in rows[index]):
            return False
        holder.update(dict.fromkeys(rows[index], labels[index]))
        kept[number].append(index)
        return True

    for number, batch in enumerate(batches):
        homeless.extend(index for index in batch if not settle(index, number))
    for number, batch in enumerate(batches):
        for _ in range(min(len(homeless), 4 * len(batch))):  # bounded, or many clashes would cost a square
            if len(kept[number]) == len(batch):
                break
            index = homeless.popleft()
            if not settle(index, number):
                homeless.append(index)
    if homeless:
        log.debug("%d examples clash with every batch and are left out of this epoch", len(homeless))
    return kept
