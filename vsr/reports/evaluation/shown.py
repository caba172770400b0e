"""An evaluation with what its positions mean: what can be shown of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.relevance.label_relevance import Relevance, relevance_of
from vsr.errors import DataError
from vsr.reports.evaluation.evaluation_content import Changes, StageLink
from vsr.retrieval.evaluation import Evaluation


@dataclass
class Shown:
    """An evaluation with what its positions mean, and what there is to show besides.

    Attributes:
        evaluation: its neighbors are positions in ``gallery_rows``.
        catalogue: where the pictures and their labels are.
        query_rows: (Q,) catalogue rows of the queries.
        gallery_rows: (N,) catalogue rows of the gallery.
        queries: (Q, d) embeddings by which the neighbors were found; None where they are not at hand.
        gallery: (N, d) embeddings, likewise.
        relevance: what was judged by; by default the catalogue's lists or labels.
        similarity: cosine, ip or l2: what the scores are of.
        stages: pages of the stages of the same measurement, this one among them.
        changes: what this stage changes, where it is one that does.
    """

    evaluation: Evaluation
    catalogue: Catalogue
    query_rows: np.ndarray
    gallery_rows: np.ndarray
    queries: Tensor | None = None
    gallery: Tensor | np.ndarray | None = None
    relevance: Relevance | None = None
    similarity: str = "cosine"
    stages: Sequence[StageLink] = ()
    changes: Changes | None = None

    def __post_init__(self) -> None:
        measured = self.evaluation
        if measured.fingerprint not in (None, self.catalogue.fingerprint):
            raise DataError(
                f"the evaluation was made on catalogue {measured.fingerprint}, this one is "
                f"{self.catalogue.fingerprint}; give the catalogue it was made on"
            )
        if measured.n_queries != len(self.query_rows):
            raise DataError(
                f"the evaluation has {measured.n_queries} queries, {len(self.query_rows)} rows are given"
            )
        if self.relevance is None:
            self.relevance = relevance_of(self.catalogue, self.query_rows, self.gallery_rows)

    @property
    def judged_by(self) -> Relevance:
        """``relevance``, which is filled in."""
        assert self.relevance is not None
        return self.relevance

    @property
    def stage(self) -> StageLink | None:
        """The one of ``stages`` that this is; None where it is no stage of several."""
        return next((stage for stage in self.stages if stage.here), None)
