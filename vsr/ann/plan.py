"""What is measured and how: index methods with their knobs, repeats, budgets and limits."""

import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from vsr.errors import ConfigError, nearest
from vsr.metrics.ranking import RankingMetrics

Knobs = dict[str, Any]
METRICS = ("ndcg@10", "map@10", "hit_rate@1")
EXACT = "exact"  # the family of methods that compare every pair
_RECALL = 2  # the definition of recall that measurements follow: those by an earlier one are made anew


class Candidate:
    """One index method. No dataclass: Hydra would take those that it is given apart.

    Args:
        name: how reports call it.
        target: dotted path of its class.
        arguments: of its constructor.
        family: exact, tree, hashing, clusters, graph or other; decides its color, and exact that it
            is held to find everything.
        search: settings of the search knobs; None for those that the class declares.
    """

    def __init__(
        self,
        name: str,
        target: str,
        arguments: dict[str, Any] | None = None,
        family: str = "other",
        search: list[Knobs] | None = None,
    ) -> None:
        self.name, self.target, self.family, self.search = name, target, family, search
        self.arguments = arguments or {}


class Plan:
    """What is measured and how.

    Args:
        backends: what is compared.
        metric: cosine, ip or l2, of all of them.
        queries: at most so many queries are searched for.
        k: neighbors asked for when time is taken.
        depth: neighbors asked for once more, untimed, for ``recall@depth``.
        metrics: task metrics, judged by labels, with cutoffs of at most ``k``.
        repeats: times that each throughput is taken.
        seconds: that each repeat lasts, about; and the one-by-one latencies together.
        memory_gib: a backend that takes more is stopped; None for nine tenths of what is free at the start.
        minutes: a backend that takes longer, from start to end, is stopped.
        threads: of "all cores" and of building; None for as many as there are.
        block_mib: memory for one block of exact similarities.
        seed: of which vectors become queries.

    Raises:
        ConfigError: a number outside its range, an unknown metric, or nothing to compare.
    """

    def __init__(
        self,
        backends: Sequence[Candidate],
        metric: str = "cosine",
        queries: int = 1000,
        k: int = 10,
        depth: int = 100,
        metrics: Sequence[str] = METRICS,
        repeats: int = 3,
        seconds: float = 0.3,
        memory_gib: float | None = None,
        minutes: float = 30.0,
        threads: int | None = None,
        block_mib: float = 256.0,
        seed: int = 0,
    ) -> None:
        least = {"queries": queries, "k": k, "repeats": repeats}
        for name, value in (*least.items(), ("threads", 1 if threads is None else threads)):
            if value < 1:
                raise ConfigError(f"comparison.{name} must be >= 1, got {value}")
        for name, value in (("seconds", seconds), ("minutes", minutes), ("memory_gib", memory_gib)):
            if value is not None and value <= 0:
                raise ConfigError(f"comparison.{name} must be > 0, got {value}")
        if depth < k:
            raise ConfigError(f"comparison.depth must be >= comparison.k = {k}, got {depth}")
        if RankingMetrics(metrics).whole or RankingMetrics(metrics).depth > k:
            raise ConfigError(
                f"comparison.metrics must have cutoffs <= comparison.k = {k}, got {list(metrics)}"
            )
        if not backends:
            raise ConfigError("comparison.backends is empty: there is nothing to compare")
        self.backends, self.metric, self.queries, self.k, self.depth = (
            list(backends),
            metric,
            queries,
            k,
            depth,
        )
        self.metrics, self.repeats, self.seconds = list(metrics), repeats, seconds
        self.memory_gib, self.minutes, self.threads = memory_gib, minutes, threads
        self.block_mib, self.seed = block_mib, seed

    def measuring(self) -> dict[str, Any]:
        """What a measuring process has to know, and what decides its numbers."""
        names = ("metric", "k", "depth", "metrics", "repeats", "seconds", "threads", "block_mib")
        return {name: getattr(self, name) for name in names}

    def key(self, backend: Candidate, fingerprint: str) -> str:
        """Names a backend's measurements: the same key, the same index over the same vectors."""
        what = [backend.target, backend.arguments, self.measuring(), fingerprint, _RECALL]
        return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()[:16]


def settings(search: Mapping[str, Any] | Sequence[Knobs] | None) -> list[Knobs] | None:
    """The settings that a configuration means: all combinations of lists by knob, or a list as it stands."""
    if search is None:
        return None
    if not isinstance(search, Mapping):
        return [dict(one) for one in search]
    values = [one if isinstance(one, list | tuple) else [one] for one in search.values()]
    return [dict(zip(search, chosen, strict=True)) for chosen in itertools.product(*values)]


def chosen(backends: Mapping[str, Any], only: Sequence[str]) -> dict[str, Any]:
    """Those of ``backends`` named in ``only``, in its order; all when it is empty.

    Raises:
        ConfigError: a name that is not among them.
    """
    for name in only:
        if name not in backends:
            raise ConfigError(f"comparison.only: no backend '{name}'{nearest(name, backends)}")
    return {name: backends[name] for name in only or backends}
