"""The cheapest search knobs that reach a recall, found on one half of the queries and told by the other."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vsr.index.backend import Backend
from vsr.index.recall import Truth

log = logging.getLogger(__name__)

_LEAST_QUERIES = 2


@dataclass(frozen=True)
class Trial:
    """One setting of the search knobs, as the first half of the queries measured it.

    Attributes:
        knobs: the setting.
        recall: mean recall@k against exact search.
        seconds: of searching that half at once, the fastest of the repeats.
    """

    knobs: dict[str, Any]
    recall: float
    seconds: float


@dataclass(frozen=True)
class Tuning:
    """What tuning found; the index is left with ``knobs``.

    Attributes:
        reached: whether some setting reached the target on the first half of the queries.
        knobs: the fastest such setting, or when none did, the one of the highest recall.
        recall: its recall@k on the held-out half: what to expect of new queries like these.
        seconds_per_query: its time on the held-out half, searched at once.
        target_recall: what was asked for.
        k: neighbors judged.
        trials: all that was measured, cheap knobs first.
    """

    reached: bool
    knobs: dict[str, Any]
    recall: float
    seconds_per_query: float
    target_recall: float
    k: int
    trials: list[Trial]

    def __str__(self) -> str:
        setting = ", ".join(f"{name}={value}" for name, value in self.knobs.items()) or "no knobs"
        rate = 1 / self.seconds_per_query
        told = f"recall@{self.k} {self.recall:.3f} at {rate:,.0f} queries/s on held-out queries"
        if self.reached:
            return f"{setting}: {told}"
        best = max(trial.recall for trial in self.trials)
        return (
            f"no setting reaches recall@{self.k} {self.target_recall}; best {best:.3f} with {setting}: {told}"
        )


def tune(
    index: Backend,
    queries: np.ndarray,
    target_recall: float = 0.95,
    k: int = 10,
    gallery: np.ndarray | None = None,
    ids: np.ndarray | None = None,
    grid: Sequence[dict[str, Any]] | None = None,
    repeats: int = 3,
) -> Tuning:
    """Set on ``index`` the fastest search knobs that reach ``target_recall`` against exact search.

    Queries at even positions choose, those at odd ones are held out and tell the recall. An item as near as
    the k-th of exact search counts as found, whichever of equally near ones it is.

    Args:
        index: a filled one.
        queries: (Q, d) of the kind that will be asked, at least 2.
        target_recall: 0 < recall <= 1.
        k: neighbors judged.
        gallery: (n, d) what it holds; needed only where it keeps codes, not vectors.
        ids: (n,) ids of the gallery; by default its rows.
        grid: settings to try; by default the index's own `knob_grid`.
        repeats: searches timed for a setting.

    Raises:
        ValueError: an empty index, too few queries, a target that cannot be, or a gallery of another size.
    """
    if not 0 < target_recall <= 1:
        raise ValueError(f"target_recall must be above 0 and at most 1, got {target_recall}")
    if not len(index):
        raise ValueError(f"{index.name} is empty: add vectors before tuning it")
    if len(queries) < _LEAST_QUERIES:
        least = f"at least {_LEAST_QUERIES} queries, half of them held out"
        raise ValueError(f"tuning needs {least}; got {len(queries)}")
    if gallery is None:
        ids, gallery = _held(index)
    if len(gallery) != len(index):
        raise ValueError(f"the index holds {len(index)} vectors, the gallery {len(gallery)}")
    choosing, telling = (np.ascontiguousarray(half) for half in (queries[::2], queries[1::2]))
    truth = Truth(choosing, gallery, k, index.metric, ids)
    trials = []
    for knobs in index.knob_grid() if grid is None else grid:
        index.set_knobs(**knobs)
        recall, seconds = _measured(index, choosing, truth, k, repeats)
        trials.append(Trial(dict(knobs), recall, seconds))
    good = [trial for trial in trials if trial.recall >= target_recall]
    best = min(good, key=lambda one: one.seconds) if good else max(trials, key=lambda one: one.recall)
    index.set_knobs(**best.knobs)
    recall, seconds = _measured(index, telling, Truth(telling, gallery, k, index.metric, ids), k, repeats)
    result = Tuning(bool(good), best.knobs, recall, seconds / len(telling), target_recall, k, trials)
    log.info("%s: %s", index.name, result)
    return result


def _held(index: Backend) -> tuple[np.ndarray, np.ndarray]:
    if not index.keeps_vectors:
        raise ValueError(f"{index.name} keeps no vectors to compare with: give tune(gallery=…) what it holds")
    return index.held()


def _measured(index: Backend, queries: np.ndarray, truth: Truth, k: int, repeats: int) -> tuple[float, float]:
    """Mean recall@k, and seconds of the fastest of ``repeats`` searches."""
    seconds, found = float("inf"), None
    for _ in range(max(1, repeats)):
        start = time.perf_counter()
        found = index.search(queries, k)
        seconds = min(seconds, time.perf_counter() - start)
    assert found is not None
    return float(truth.recalls(found.ids, k).mean()), seconds
