"""Metrics by the names the field gives them: ``recall@10``, ``map``, ``ndcg@5:exp``."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from vsr.errors import ConfigError, nearest
from vsr.metrics import average_precision as ap
from vsr.metrics import hits, ndcg
from vsr.metrics.judged import Judged

Formula = Callable[[Judged, int | None], Tensor]


@dataclass(frozen=True)
class Metric:
    """One entry of the registry.

    Attributes:
        formula: per-query values (Q,) from a judged ranking and a cutoff.
        cutoff: ``never``, ``may`` or ``must``: whether the name carries ``@k``.
        graded: it needs the ranks of all items with gain, not only of the relevant ones.
        variants: other definitions of it, chosen by ``:variant`` after the name.
    """

    formula: Callable[..., Tensor]
    cutoff: str = "may"
    graded: bool = False
    variants: Mapping[str, Callable[..., Tensor]] = field(default_factory=dict)


METRICS: dict[str, Metric] = {
    "mrr": Metric(hits.reciprocal_rank),
    "recall": Metric(hits.recall, "must"),
    "hit_rate": Metric(hits.hit_rate, "must"),
    "precision": Metric(
        hits.precision,
        "must",
        variants={"min_k_r": hits.precision_of_possible, "last": hits.precision_to_last},
    ),
    "r_precision": Metric(hits.r_precision, "never"),
    "map": Metric(
        ap.average_precision,
        variants={
            "min_k_r": ap.average_precision,
            "r": ap.average_precision_over_r,
            "hits": ap.average_precision_over_hits,
            "trapezoid": ap.trapezoid,
        },
    ),
    "map@r": Metric(ap.average_precision_at_r, "never"),
    "h_ap": Metric(ap.hierarchical, "never", graded=True),
    "ndcg": Metric(ndcg.ndcg, graded=True, variants={"linear": ndcg.ndcg, "exp": ndcg.ndcg_exponential}),
}

_NAME = re.compile(r"(?P<base>[a-z_]+(@r)?)(@(?P<k>\d+))?(:(?P<variant>\w+))?")


class RankingMetrics:
    """A set of metrics, measured together.

    Args:
        names: such as ``mrr``, ``map``, ``map@10``, ``map@r``, ``r_precision``, ``recall@1``, ``hit_rate@5``,
            ``precision@10``, ``ndcg``, ``ndcg@10``, ``h_ap``; with ``:variant`` for other definitions
            (``map@5:r``, ``map@5:hits``, ``map:trapezoid``, ``ndcg:exp``, ``precision@5:min_k_r``,
            ``precision@5:last``).

    Attributes:
        depth: the largest cutoff, 0 without one: so many neighbors must be known.
        whole: some metric looks at the whole ranking.
        graded: some metric looks at the whole ranking of all items with gain.

    Raises:
        ConfigError: no name, one twice, or an unknown one.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        if not self.names:
            raise ConfigError("metrics.names is empty; choose from " + ", ".join(METRICS))
        repeated = sorted({name for name in self.names if self.names.count(name) > 1})
        if repeated:
            raise ConfigError(f"metrics.names has '{repeated[0]}' twice")
        self._formulas = {name: parse(name) for name in self.names}
        cutoffs = {name: k for name, (_, _, k) in self._formulas.items()}
        self.depth = max((k for k in cutoffs.values() if k is not None), default=0)
        self.whole = any(k is None for k in cutoffs.values())
        self.graded = any(metric.graded and k is None for metric, _, k in self._formulas.values())

    def __repr__(self) -> str:
        return f"RankingMetrics({list(self.names)})"

    def __call__(self, top: Judged, whole: Judged | None = None) -> dict[str, Tensor]:
        """Per-query values (Q,) float64 by name, NaN where nothing is relevant.

        Args:
            top: rankings of which at least the first ``depth`` ranks are known.
            whole: rankings of which every rank is known; ``top`` when None.
        """
        whole = top if whole is None else whole
        return {
            name: formula(whole if k is None else top, k) for name, (_, formula, k) in self._formulas.items()
        }


def parse(name: str) -> tuple[Metric, Formula, int | None]:
    """The registry's entry, the formula and the cutoff that ``name`` asks for.

    Raises:
        ConfigError: there is no such metric or variant, or the cutoff is missing, not possible or 0.
    """
    parts = _NAME.fullmatch(name)
    metric = METRICS.get(parts["base"]) if parts else None
    if parts is None or metric is None:
        raise ConfigError(f"metrics.names: there is no metric '{name}'{nearest(name, spellings())}")
    k = None if parts["k"] is None else int(parts["k"])
    if k == 0 or (k is None and metric.cutoff == "must") or (k is not None and metric.cutoff == "never"):
        wanted = "a cutoff >= 1, such as @10" if metric.cutoff != "never" else "no cutoff"
        raise ConfigError(f"metrics.names: '{name}' needs {wanted}{nearest(name, spellings())}")
    variant = parts["variant"]
    if variant is not None and variant not in metric.variants:
        known = nearest(variant, metric.variants) or f"; {parts['base']} has no variants"
        raise ConfigError(f"metrics.names: '{name}' names no variant of {parts['base']}{known}")
    return metric, metric.formula if variant is None else metric.variants[variant], k


def spellings() -> list[str]:
    """Every metric as it may be written, with @10 for a cutoff."""
    return sorted(
        base + cut
        for base, metric in METRICS.items()
        for cut in {"never": [""], "may": ["", "@10"], "must": ["@10"]}[metric.cutoff]
    )
