"""An index chosen for a catalogue's size and for what it may cost."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from vsr.errors import ConfigError, nearest
from vsr.index.backend import Backend
from vsr.index.flat import Flat
from vsr.index.hnsw import HNSW
from vsr.index.hnsw_sq8 import HNSWSQ8
from vsr.index.ivf_flat import IVFFlat
from vsr.index.ivf_pq_fastscan import IVFPQFastScan
from vsr.index.ivf_rabitq import IVFRaBitQ
from vsr.index.ivf_sq8 import IVFSQ8
from vsr.index.neighbors import Neighbors
from vsr.index.tuning import tune
from vsr.index.validation import as_floats, check_metric

log = logging.getLogger(__name__)

_FEW = 10_000  # vectors that are compared one by one in a fraction of a millisecond
_QUERIES = 500  # of the catalogue's own vectors, to tune with
_BUDGET: dict[str, Any] = {"memory_mb": None, "recall": 0.95, "k": 10}


class Choice(NamedTuple):
    """A backend that may be chosen, fastest first in `CHOICES`.

    Attributes:
        backend: its class.
        knobs: constructor arguments.
        number_bytes: bytes for each number of a vector.
        vector_bytes: further bytes for each vector: links, ids, digests, factors.
        recall: the most recall@10 to be hoped for, whatever the search knobs.
        why: what it is good for.
    """

    backend: type[Backend]
    knobs: dict[str, Any]
    number_bytes: float
    vector_bytes: float
    recall: float
    why: str


CHOICES = (
    Choice(HNSW, {}, 4, 298, 0.999, "a graph of whole vectors is the fastest"),
    Choice(IVFFlat, {}, 4.4, 16, 0.999, "lists of whole vectors need no links"),
    Choice(HNSWSQ8, {}, 1, 298, 0.97, "a graph of a byte a number is fast and small"),
    Choice(IVFSQ8, {}, 1.4, 16, 0.97, "a byte a number is a quarter of the memory"),
    Choice(IVFRaBitQ, {}, 1.0, 32, 0.9, "half a byte a number keeps most of the order"),
    Choice(
        IVFPQFastScan,
        {"refine": "none"},
        0.65,
        16,
        0.7,
        "a quarter of a byte a number is the smallest",
    ),
)
_EXACT = Choice(Flat, {}, 4, 8, 1.0, "so few vectors are compared one by one")


class Auto:
    """The fastest backend that fits a memory budget and can reach a recall, its search knobs tuned for that.

    `train` chooses by arithmetic on the number and width of its vectors, which should be the whole catalogue;
    the first `add`, which should hold it all too, tunes: its own vectors are the queries, so queries from
    elsewhere should be tuned for again (``auto.tune(queries)``). Saved and loaded, it is the index chosen.

    Args:
        budget: ``memory_mb``, in 10^6 bytes, null for no limit; ``recall``, to be reached against exact
            search at ``k`` neighbors.
        metric: cosine, ip or l2.

    Attributes:
        explanation: in a sentence, what was chosen and why; empty until then.

    Raises:
        ValueError: a budget that cannot be, an unknown key in it, or an unknown metric.
    """

    name = "auto"
    needs_training = True

    def __init__(self, budget: Mapping[str, Any] | None = None, metric: str = "cosine") -> None:
        self.metric = check_metric(metric)
        self.budget = dict(budget or {})
        for key in self.budget:
            if key not in _BUDGET:
                raise ConfigError(f"budget.{key} is no part of a budget{nearest(key, _BUDGET)}")
        self._limits = {**_BUDGET, **self.budget}
        if not 0 < self._limits["recall"] <= 1:
            raise ConfigError(f"budget.recall must be above 0 and at most 1, got {self._limits['recall']}")
        if self._limits["memory_mb"] is not None and self._limits["memory_mb"] <= 0:
            raise ConfigError(f"budget.memory_mb must be > 0 or null, got {self._limits['memory_mb']}")
        self.explanation = ""
        self.index_: Backend | None = None

    def train(self, vectors: np.ndarray) -> None:
        """Choose for ``vectors`` (n, d), and train what was chosen.

        Raises:
            ValueError: vectors that no index takes; none at all; or nothing fits in the memory budget.
        """
        vectors = as_floats(vectors, None)
        if self.index_ is not None and len(self.index_):
            raise ValueError("auto holds vectors already: train an empty() one")
        if not len(vectors):
            raise ValueError("auto needs at least 1 vector to train, got 0")
        n, width = vectors.shape
        choice = chosen(n, width, self._limits["memory_mb"], self._limits["recall"])
        build: Any = choice.backend  # each takes its own knobs
        index: Backend = build(metric=self.metric, **choice.knobs)
        needed = megabytes(choice, n, width)
        limit = self._limits["memory_mb"]
        room = "" if limit is None else f" of the {limit:,} allowed"
        self.explanation = (
            f"{choice.backend.name} for {n:,} × {width}: {choice.why}, and needs about {needed:,.1f} MB{room}"
        )
        log.info("index=auto: %s", self.explanation)
        index.train(vectors)
        self.index_ = index

    def add(self, vectors: np.ndarray, ids: np.ndarray | None = None) -> None:
        """Put in ``vectors`` (n, d) under ``ids`` (n,); the first time, tune the search knobs.

        Raises:
            ValueError: as every index, and when it has not been trained.
        """
        index = self._index()
        first = not len(index)
        index.add(vectors, ids)
        if not first or len(vectors) < 2 or index.knob_grid() == [{}]:
            return
        rows = np.random.default_rng(0).permutation(len(vectors))[:_QUERIES]
        k, recall = self._limits["k"], self._limits["recall"]
        result = tune(index, vectors[rows], recall, k, gallery=vectors, ids=ids)
        self.explanation += f"; {result}"
        log.info("index=auto: %s", self.explanation)

    def search(self, queries: np.ndarray, k: int, allowed: np.ndarray | None = None) -> Neighbors:
        """As `vsr.index.Backend.search` of what was chosen."""
        return (Flat(self.metric) if self.index_ is None else self.index_).search(queries, k, allowed)

    def remove(self, ids: np.ndarray) -> None:
        """As `vsr.index.Backend.remove` of what was chosen."""
        self._index().remove(ids)

    def save(self, path: str | Path) -> None:
        """Write what was chosen; loading gives that."""
        self._index().save(path)

    def empty(self) -> Self:
        """Another with the same budget, that has not chosen yet."""
        return type(self)(**self.arguments)

    def set_knobs(self, **knobs: Any) -> None:
        """As `vsr.index.Backend.set_knobs` of what was chosen."""
        self._index().set_knobs(**knobs)

    def tune(self, queries: np.ndarray, target_recall: float | None = None, **how: Any) -> Any:
        """As `vsr.index.Backend.tune` of what was chosen, by default for the budget's recall."""
        target = self._limits["recall"] if target_recall is None else target_recall
        return tune(self._index(), queries, target, **{"k": self._limits["k"], **how})

    @property
    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"budget": self.budget, "metric": self.metric}

    @property
    def removable(self) -> bool:
        """Whether `remove` works on what was chosen."""
        return self.index_ is not None and self.index_.removable

    @property
    def rebuilds_on_add(self) -> bool:
        """Never: no such backend is among those to choose from."""
        return False

    @property
    def memory_bytes(self) -> int:
        """Bytes that it holds."""
        return 0 if self.index_ is None else self.index_.memory_bytes

    @property
    def build_knobs(self) -> dict[str, Any]:
        """Those of what was chosen, its name among them."""
        return {} if self.index_ is None else {"backend": self.index_.name, **self.index_.build_knobs}

    @property
    def search_knobs(self) -> dict[str, Any]:
        """Those of what was chosen."""
        return {} if self.index_ is None else self.index_.search_knobs

    def knob_grid(self) -> list[dict[str, Any]]:
        """That of what was chosen."""
        return [{}] if self.index_ is None else self.index_.knob_grid()

    def __len__(self) -> int:
        return 0 if self.index_ is None else len(self.index_)

    def _index(self) -> Backend:
        if self.index_ is None:
            raise ValueError("auto must be trained before that: call train(vectors) with the catalogue's")
        return self.index_


def megabytes(choice: Choice, n: int, width: int) -> float:
    """10^6 bytes that ``choice`` needs for ``n`` vectors of ``width``."""
    return n * (choice.number_bytes * width + choice.vector_bytes) / 1e6


def chosen(n: int, width: int, memory_mb: float | None, recall: float) -> Choice:
    """The fastest of `CHOICES` that fits in ``memory_mb`` and may reach ``recall``; else the best that fits.

    Few vectors, and a recall of 1, are for exact search as long as that fits.

    Raises:
        ConfigError: nothing fits.
    """
    exact = [_EXACT] if n <= _FEW or recall == 1 else []
    fitting = [
        one for one in (*exact, *CHOICES) if memory_mb is None or megabytes(one, n, width) <= memory_mb
    ]
    if not fitting:
        least = min(megabytes(one, n, width) for one in CHOICES)
        raise ConfigError(
            f"budget.memory_mb must be at least {least:,.1f} for {n:,} vectors {width} wide, got {memory_mb}"
        )
    good = [one for one in fitting if one.recall >= recall]
    return good[0] if good else max(fitting, key=lambda one: one.recall)
