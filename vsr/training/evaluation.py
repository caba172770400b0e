"""Ranking metrics of the validation or test split, measured by Lightning's own evaluation loop."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import lightning as L
import numpy as np
import torch
from torch import Tensor

from vsr.data import Batch, LabelRelevance
from vsr.data.catalogue import Catalogue
from vsr.errors import DataError
from vsr.index import Index
from vsr.metrics import RankingMetrics
from vsr.retrieval import Evaluation, Reranker, evaluate


@dataclass
class Measured:
    """What one pass over a split gave.

    Attributes:
        split: val or test.
        evaluation: rankings and metrics; its ids are positions in ``gallery_rows``.
        query_rows: (Q,) int64 catalogue rows of the queries.
        gallery_rows: (N,) int64 catalogue rows of the gallery.
        skipped: rows whose pictures could not be decoded and were left out.
        queries: (Q, D) embeddings, on the CPU.
        gallery: (N, D) embeddings, on the CPU.
    """

    split: str
    evaluation: Evaluation
    query_rows: np.ndarray
    gallery_rows: np.ndarray
    skipped: list[int] = field(default_factory=list)
    queries: Tensor | None = None
    gallery: Tensor | None = None


class RankingEvaluation(L.Callback):
    """Embed a split, rank the gallery for each query, log ``<split>/<metric>``.

    Every picture is embedded once, whatever its roles. Under several devices the embeddings are gathered and
    each row is kept once, so every rank logs the same numbers as one device alone would. The random state and
    the training mode are as before when it is done.

    Args:
        metrics: what to measure.
        index: searched instead of exact search when given.
        rerankers: applied in order to what the search found.
        depth: neighbors kept for each query, for pictures and for metrics through an index.
        block_mib: memory for one block of similarities.
    """

    def __init__(
        self,
        metrics: RankingMetrics,
        index: Index | None = None,
        rerankers: Sequence[Reranker] = (),
        depth: int = 100,
        block_mib: float = 256.0,
    ) -> None:
        self.metrics = metrics
        self.index = index
        self.rerankers = tuple(rerankers)
        self.depth = depth
        self.block_mib = block_mib
        self.latest: Measured | None = None
        self._seen: list[tuple[Tensor, Tensor]] = []
        self._skipped: list[int] = []
        self._random_state: Tensor | None = None

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Forget the last pass and keep the random state."""
        self._seen, self._skipped = [], []
        self._random_state = torch.get_rng_state()

    on_test_start = on_validation_start

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Tensor,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the batch's embeddings (B, D) and rows (B,)."""
        self._seen.append((outputs.detach().float(), batch.rows[:, 0]))
        self._skipped.extend(batch.skipped.tolist())

    on_test_batch_end = on_validation_batch_end

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Measure and log, unless this is Lightning's sanity check of a few batches."""
        if not trainer.sanity_checking:
            self._measure(trainer, pl_module, "val")

    def on_test_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Measure and log."""
        self._measure(trainer, pl_module, "test")

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Put the random state back."""
        if self._random_state is not None:
            torch.set_rng_state(self._random_state)

    on_test_end = on_validation_end

    def _measure(self, trainer: L.Trainer, pl_module: L.LightningModule, split: str) -> None:
        catalogue = trainer.datamodule.catalogue  # pyright: ignore[reportAttributeAccessIssue]
        embeddings, rows = self._whole_split(pl_module)
        self.latest = measure(self, catalogue, split, embeddings, rows)
        self.latest.skipped = self._skipped_anywhere(pl_module)
        values = {f"{split}/{name}": value for name, value in self.latest.evaluation.means.items()}
        pl_module.log_dict(values)  # every rank logs the same values: no sync_dist

    def _whole_split(self, pl_module: L.LightningModule) -> tuple[Tensor, Tensor]:
        """Embeddings (n, D) and rows (n,), rising, of the whole split, on every rank."""
        if not self._seen:
            raise DataError(
                "the evaluation saw no picture; check the split column and trainer.limit_val_batches"
            )
        embeddings = torch.cat([one for one, _ in self._seen])
        rows = torch.cat([one for _, one in self._seen])
        self._seen = []
        if pl_module.trainer.world_size > 1:
            embeddings, rows = _gather(pl_module, embeddings), _gather(pl_module, rows)
        order = torch.argsort(rows, stable=True)
        rows, embeddings = rows[order], embeddings[order]
        first = torch.ones_like(rows, dtype=torch.bool)
        first[1:] = rows[1:] != rows[:-1]
        return embeddings[first], rows[first]

    def _skipped_anywhere(self, pl_module: L.LightningModule) -> list[int]:
        skipped = torch.tensor(self._skipped, dtype=torch.long, device=pl_module.device)
        if pl_module.trainer.world_size > 1:
            skipped = _gather(pl_module, skipped)
        return sorted(set(skipped.tolist()))


def measure(
    how: RankingEvaluation, catalogue: Catalogue, split: str, embeddings: Tensor, rows: Tensor
) -> Measured:
    """Rank and judge the embeddings (n, D) of the rows (n,), rising, of one split.

    Raises:
        DataError: the split has no query or no gallery picture.
    """
    sides = {}
    for role in ("query", "gallery"):
        wanted = torch.from_numpy(catalogue.rows(split, role)).to(rows.device)
        at = torch.isin(rows, wanted).nonzero().squeeze(1)
        if len(at) == 0:
            raise DataError(
                f"split {split} of {catalogue.protocol} has no {role} picture; check its split and role"
            )
        sides[role] = (embeddings[at], rows[at].cpu().numpy())
    (queries, query_rows), (gallery, gallery_rows) = sides["query"], sides["gallery"]
    evaluation = evaluate(
        queries,
        gallery,
        LabelRelevance.from_catalogue(catalogue, query_rows, gallery_rows),
        how.metrics,
        index=how.index,
        rerankers=how.rerankers,
        depth=how.depth,
        block_mib=how.block_mib,
    )
    evaluation.protocol = f"{catalogue.protocol}:{split}"
    evaluation.fingerprint = catalogue.fingerprint
    return Measured(split, evaluation, query_rows, gallery_rows, queries=queries.cpu(), gallery=gallery.cpu())


def _gather(pl_module: L.LightningModule, values: Tensor) -> Tensor:
    """Concatenate ``values`` (n, …) of all ranks; n may differ from rank to rank."""
    lengths = pl_module.all_gather(torch.tensor(len(values), device=pl_module.device)).flatten().tolist()
    padded = values.new_zeros((max(lengths), *values.shape[1:])).to(pl_module.device)
    padded[: len(values)] = values
    gathered = pl_module.all_gather(padded)  # (world, longest, …)
    return torch.cat([part[:length] for part, length in zip(gathered, lengths, strict=True)])
