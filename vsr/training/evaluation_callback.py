"""Ranking metrics of the validation or test split, measured by Lightning's own evaluation loop."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import lightning as L
import numpy as np
import torch
from torch import Tensor

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.loading.dataset import Batch
from vsr.data.relevance.label_relevance import relevance_of
from vsr.errors import ConfigError, DataError, nearest
from vsr.index.protocol import Index
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.evaluate import evaluate_stages
from vsr.retrieval.evaluation import Evaluation
from vsr.retrieval.rerankers.context import Context, Reranker, needs_training
from vsr.retrieval.similarity import SIMILARITIES
from vsr.retrieval.stages import Stage
from vsr.training.embed import gather, train_split, unique_rows
from vsr.training.history import Record

log = logging.getLogger(__name__)


class MeasuredOn(NamedTuple):
    """What fixes the numbers of an evaluation, known before it is made."""

    protocol: str
    fingerprint: str

    @classmethod
    def of(cls, catalogue: Catalogue, split: str) -> "MeasuredOn":
        """That of one split of a catalogue."""
        return cls(f"{catalogue.protocol}:{split}", catalogue.fingerprint)


@dataclass
class Measured:
    """What one pass over a split gave.

    Attributes:
        split: val or test.
        stages: exact search first; with an index or a reranker then exact search's lists alone, the index if
            there is one, and each reranker. Ids are positions in ``gallery_rows``.
        query_rows: (Q,) int64 catalogue rows of the queries.
        gallery_rows: (N,) int64 catalogue rows of the gallery.
        skipped: rows whose pictures could not be decoded and were left out.
        queries: (Q, D) embeddings, on the CPU.
        gallery: (N, D) embeddings, on the CPU.
        similarity: cosine, ip or l2: what exact search ranked by.
    """

    split: str
    stages: list[Stage]
    query_rows: np.ndarray
    gallery_rows: np.ndarray
    skipped: list[int] = field(default_factory=list)
    queries: Tensor | None = None
    gallery: Tensor | None = None
    similarity: str = "cosine"

    @property
    def evaluation(self) -> Evaluation:
        """Rankings and metrics of exact search."""
        return self.stages[0].evaluation

    @property
    def baseline(self) -> Evaluation:
        """What serving is held against: exact search measured on lists as long, where anything is served."""
        return self.stages[1 if len(self.stages) > 1 else 0].evaluation

    @property
    def warnings(self) -> dict[str, str]:
        """What a reader has to know first, of all stages."""
        return {about: text for stage in self.stages for about, text in stage.evaluation.warnings.items()}

    @property
    def served(self) -> Stage:
        """The last stage: what a person gets who searches through index and rerankers."""
        return self.stages[-1]

    def values(self) -> dict[str, float]:
        """Means by name: ``map``, ``exact@100/map``, ``hnsw/map`` and its change, ``hnsw/change/map``.

        Of the stages after exact search's lists, which a change is from, the first, which is the index if
        there is one, and the last.
        """
        values = dict(self.evaluation.means)
        for stage in self.stages[1:2]:
            values |= {f"{stage.name}/{name}": mean for name, mean in stage.evaluation.means.items()}
        for stage in {stage.name: stage for stage in (*self.stages[2:3], *self.stages[2:][-1:])}.values():
            change = stage.change(self.baseline)
            values |= {f"{stage.name}/{name}": mean for name, mean in stage.evaluation.means.items()}
            values |= {f"{stage.name}/change/{name}": value for name, value in change.items()}
        return values


class RankingEvaluation(L.Callback):
    """Embed a split, rank the gallery for each query, log ``<split>/<metric>``.

    Exact search is measured always; then, from the same embeddings, search through the index and what stands
    after each reranker, logged as ``<split>/<stage>/<metric>`` and ``<split>/<stage>/change/<metric>``. These
    are measured on lists of ``depth``; a change is from exact search measured on such lists, logged as
    ``<split>/exact@<depth>/<metric>``.
    Rerankers that learn do so from the training split, embedded by the same model when there is such a one.

    Every picture is embedded once, whatever its roles. Under several devices the embeddings are gathered and
    each row is kept once, so every rank logs the same numbers as one device alone would. The random state and
    the training mode are as before when it is done.

    Args:
        metrics: what to measure.
        index: searched besides when given.
        rerankers: applied in order to what the search found.
        depth: neighbors kept for each query, for pictures and for metrics but those of exact search.
        block_mib: memory for one block of similarities.
        similarity: cosine, ip or l2: what exact search ranks by.

    Raises:
        ConfigError: an unknown similarity, an index of another metric, or ``depth`` < 1.
    """

    def __init__(
        self,
        metrics: RankingMetrics,
        index: Index | None = None,
        rerankers: Sequence[Reranker] = (),
        depth: int = 100,
        block_mib: float = 256.0,
        similarity: str = "cosine",
    ) -> None:
        if similarity not in SIMILARITIES:
            raise ConfigError(f"evaluation.similarity: '{similarity}'{nearest(similarity, SIMILARITIES)}")
        if index is not None and index.metric != similarity:
            raise ConfigError(
                f"evaluation.similarity is {similarity} but index.metric is {index.metric}: "
                f"set both alike, such as index.metric={similarity}"
            )
        if depth < 1:
            raise ConfigError(f"evaluation.depth must be >= 1, got {depth}")
        self.similarity = similarity
        self.metrics = metrics
        self.index = index
        self.rerankers = tuple(rerankers)
        self.depth = depth
        self.block_mib = block_mib
        self.latest: Measured | None = None
        self._seen: list[tuple[Tensor, Tensor]] = []
        self._skipped: list[int] = []
        self._random_state: Tensor | None = None
        self._told: set[str] = set()

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Forget the last pass and keep the random state."""
        self._seen, self._skipped = [], []
        self._random_state = torch.get_rng_state()

    on_test_start = on_validation_start

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the batch's embeddings (B, D) and rows (B,)."""
        self.take(outputs.detach().float(), batch.rows[:, 0], batch.skipped)

    on_test_batch_end = on_validation_batch_end

    def take(self, embeddings: Tensor, rows: Tensor, skipped: Tensor) -> None:
        """Keep embeddings (B, D) of rows (B,), and the rows (S,) that could not be decoded."""
        self._seen.append((embeddings, rows))
        self._skipped.extend(skipped.tolist())

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
        data = trainer.datamodule  # pyright: ignore[reportAttributeAccessIssue]
        embeddings, rows = self._whole_split(pl_module)
        context = Context(catalogue=data.catalogue)
        if any(needs_training(one) for one in self.rerankers):
            train, train_rows = train_split(pl_module, data)
            labels = data.catalogue.codes[train_rows, 0]
            context = replace(context, train_embeddings=train, train_labels=labels)
        self.latest = measure(self, data.catalogue, split, embeddings, rows, context)
        self.latest.skipped = self._skipped_anywhere(pl_module)
        if trainer.is_global_zero:
            self._warn(split, self.latest.warnings)
        values = {f"{split}/{name}": value for name, value in self.latest.values().items()}
        # A `Record` sends its rows to the trackers itself. Every rank logs the same: no sync_dist.
        recorded = any(isinstance(one, Record) for one in trainer.callbacks)  # pyright: ignore[reportAttributeAccessIssue]
        pl_module.log_dict(values, logger=not recorded)

    def _warn(self, split: str, warnings: dict[str, str]) -> None:
        """Say what is new; the same warning after every epoch would hide others."""
        for about, text in warnings.items():
            if about not in self._told:
                self._told.add(about)
                log.warning("on %s: %s", split, text)

    def _whole_split(self, pl_module: L.LightningModule) -> tuple[Tensor, Tensor]:
        """Embeddings (n, D) and rows (n,), rising, of the whole split, on every rank."""
        seen, self._seen = self._seen, []
        nothing = "the evaluation saw no picture; check the split column and trainer.limit_val_batches"
        return unique_rows(pl_module, seen, nothing)

    def _skipped_anywhere(self, pl_module: L.LightningModule) -> list[int]:
        skipped = torch.tensor(self._skipped, dtype=torch.long, device=pl_module.device)
        if pl_module.trainer.world_size > 1:
            skipped = gather(pl_module, skipped)
        return sorted(set(skipped.tolist()))


def measure(
    how: RankingEvaluation,
    catalogue: Catalogue,
    split: str,
    embeddings: Tensor,
    rows: Tensor,
    context: Context | None = None,
) -> Measured:
    """Rank and judge the embeddings (n, D) of the rows (n,), rising, of one split, stage by stage.

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
    stages = evaluate_stages(
        queries,
        gallery,
        relevance_of(catalogue, query_rows, gallery_rows),
        how.metrics,
        index=how.index,
        rerankers=how.rerankers,
        depth=how.depth,
        block_mib=how.block_mib,
        similarity=how.similarity,
        context=replace(
            context or Context(catalogue=catalogue), query_rows=query_rows, gallery_rows=gallery_rows
        ),
    )
    measured = MeasuredOn.of(catalogue, split)
    for stage in stages:
        stage.evaluation.protocol, stage.evaluation.fingerprint = measured.protocol, measured.fingerprint
    return Measured(
        split,
        stages,
        query_rows,
        gallery_rows,
        queries=queries.cpu(),
        gallery=gallery.cpu(),
        similarity=how.similarity,
    )
