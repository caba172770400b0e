"""Metrics by the names the field gives them: ``recall@10``, ``map``, ``ndcg@5:exp``."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from vsr.errors import ConfigError, nearest
from vsr.metrics import average_precision as ap
from vsr.metrics import hits, ndcg
from vsr.metrics.judged import Judged

MOST = 10**9  # the largest cutoff: no gallery holds more, and ranks are compared with it as int64


@dataclass(frozen=True)
class Definition:
    """One way to compute a metric, and the same in words.

    Attributes:
        formula: per-query values (Q,) from a judged ranking and a cutoff.
        whole: what it is over a whole ranking, a line; empty where a cutoff must be given.
        cut: what it is over the top ``{k}``; empty where there is no cutoff.
    """

    formula: Callable[..., Tensor]
    whole: str = ""
    cut: str = ""

    def sentence(self, k: int | None) -> str:
        """What it is with the cutoff ``k``."""
        return self.whole if k is None else self.cut.format(k=k)


@dataclass(frozen=True)
class Metric:
    """One entry of the registry.

    Attributes:
        plain: what the bare name means.
        graded: it needs the ranks of all items with gain, not only of the relevant ones.
        variants: other definitions of it, chosen by ``:variant`` after the name.
    """

    plain: Definition
    graded: bool = False
    variants: Mapping[str, Definition] = field(default_factory=dict)

    @property
    def cutoff(self) -> str:
        """``never``, ``may`` or ``must``: whether the name carries ``@k``."""
        return "must" if not self.plain.whole else "may" if self.plain.cut else "never"


_PRECISIONS = "mean over queries of the sum of precisions at the ranks of relevant results"
_MAP = Definition(
    ap.average_precision,
    f"{_PRECISIONS} / all relevant items, over the whole ranking",
    f"{_PRECISIONS} in the top {{k}} / min({{k}}, all relevant items)",
)
_NDCG = Definition(
    ndcg.ndcg,
    "sum of gain / log2(rank + 1) over the whole ranking / that of the ideal ranking of the gallery",
    "sum of gain / log2(rank + 1) over the top {k} / that of the ideal ranking of the gallery",
)

METRICS: dict[str, Metric] = {
    "mrr": Metric(
        Definition(
            hits.reciprocal_rank,
            "mean over queries of 1 / rank of the first relevant result; 0 when none is found",
            "mean over queries of 1 / rank of the first relevant result; 0 when none is in the top {k}",
        )
    ),
    "recall": Metric(
        Definition(hits.recall, cut="relevant results in the top {k} / all relevant items in the gallery")
    ),
    "hit_rate": Metric(
        Definition(
            hits.hit_rate,
            cut="share of queries with a relevant result in the top {k}; also called Recall@{k}",
        )
    ),
    "precision": Metric(
        Definition(hits.precision, cut="relevant results in the top {k} / {k}"),
        variants={
            "min_k_r": Definition(
                hits.precision_of_possible,
                cut="relevant results in the top {k} / min({k}, all relevant items)",
            ),
            "last": Definition(
                hits.precision_to_last,
                cut="relevant results in the top k' / k', k' being {k}, or the rank of the last relevant "
                "item where that is less: mP@{k} of Revisited Oxford and Paris",
            ),
        },
    ),
    "r_precision": Metric(
        Definition(hits.r_precision, "relevant results in the top R / R, R being a query's relevant items")
    ),
    "map": Metric(
        _MAP,
        variants={
            "min_k_r": _MAP,
            "r": Definition(
                ap.average_precision_over_r,
                _MAP.whole,
                f"{_PRECISIONS} in the top {{k}} / all relevant items, also those beyond the top {{k}}",
            ),
            "hits": Definition(
                ap.average_precision_over_hits,
                f"{_PRECISIONS} / relevant results found, over the whole ranking",
                f"{_PRECISIONS} in the top {{k}} / relevant results in the top {{k}}",
            ),
            "trapezoid": Definition(
                ap.trapezoid,
                "mean over queries of the area under the precision-recall curve, by trapezoids: "
                "mAP of Revisited Oxford and Paris",
                "mean over queries of the area under the precision-recall curve of the top {k}, by "
                "trapezoids, recall being of min({k}, all relevant items)",
            ),
        },
    ),
    "map@r": Metric(
        Definition(
            ap.average_precision_at_r, f"{_PRECISIONS} in the top R / R, R being a query's relevant items"
        )
    ),
    "h_ap": Metric(
        Definition(
            ap.hierarchical,
            "map for graded gains: a result counts, of itself and of each before it, the smaller of both "
            "gains, / its rank; their sum / that of all gains",
        ),
        graded=True,
    ),
    "ndcg": Metric(
        _NDCG,
        graded=True,
        variants={
            "linear": _NDCG,
            "exp": Definition(
                ndcg.ndcg_exponential,
                _NDCG.whole.replace("gain /", "(2^gain - 1) /"),
                _NDCG.cut.replace("gain /", "(2^gain - 1) /"),
            ),
        },
    ),
}

_NAME = re.compile(r"(?P<base>[a-z_]+(@r)?)(@(?P<k>[0-9]+))?(:(?P<variant>\w+))?")


class RankingMetrics:
    """A set of metrics, measured together.

    Args:
        names: such as ``mrr``, ``map``, ``map@10``, ``map@r``, ``r_precision``, ``recall@1``, ``hit_rate@5``,
            ``precision@10``, ``ndcg``, ``ndcg@10``, ``h_ap``; with ``:variant`` for other definitions
            (``map@5:r``, ``map@5:hits``, ``map:trapezoid``, ``ndcg:exp``, ``precision@5:min_k_r``,
            ``precision@5:last``).

    Attributes:
        depth: the largest cutoff, 0 without one: so many neighbors must be known.
        uncut: the metrics that look at the whole ranking.
        whole: there is such a one.
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
        self._asked = {name: parse(name) for name in self.names}
        cutoffs = {name: k for name, (_, _, k) in self._asked.items()}
        self.depth = max((k for k in cutoffs.values() if k is not None), default=0)
        self.uncut = tuple(name for name, k in cutoffs.items() if k is None)
        self.whole = bool(self.uncut)
        self.graded = any(metric.graded and k is None for metric, _, k in self._asked.values())

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
            name: asked.formula(whole if k is None else top, k) for name, (_, asked, k) in self._asked.items()
        }


def meanings(names: Iterable[str]) -> dict[str, str]:
    """What each of ``names`` is, in a line, as a page says it; names that are no metric's are left out."""
    found = {}
    for name in names:
        try:
            _, asked, k = parse(name)
        except ConfigError:
            continue  # of an evaluation that another version saved
        found[name] = asked.sentence(k)
    return found


def parse(name: str) -> tuple[Metric, Definition, int | None]:
    """The registry's entry, the definition and the cutoff that ``name`` asks for.

    Raises:
        ConfigError: there is no such metric or variant, or the cutoff is missing, not possible, not written
            as numbers are, or beyond `MOST`.
    """
    parts = _NAME.fullmatch(name)
    metric = METRICS.get(parts["base"]) if parts else None
    if parts is None or metric is None:
        raise ConfigError(f"metrics.names: there is no metric '{name}'{nearest(name, spellings())}")
    k = None if parts["k"] is None else _cutoff(name, parts["k"])
    if k == 0 or (k is None and metric.cutoff == "must") or (k is not None and metric.cutoff == "never"):
        wanted = "a cutoff >= 1, such as @10" if metric.cutoff != "never" else "no cutoff"
        raise ConfigError(f"metrics.names: '{name}' needs {wanted}{nearest(name, spellings())}")
    variant = parts["variant"]
    if variant is not None and variant not in metric.variants:
        known = nearest(variant, metric.variants) or f"; {parts['base']} has no variants"
        raise ConfigError(f"metrics.names: '{name}' names no variant of {parts['base']}{known}")
    return metric, metric.plain if variant is None else metric.variants[variant], k


def _cutoff(name: str, digits: str) -> int:
    if digits.startswith("0") and len(digits) > 1:
        mend = f"write @{digits.lstrip('0') or '1'}"
        raise ConfigError(f"metrics.names: the cutoff of '{name}' begins with 0; {mend}")
    if len(digits) > len(str(MOST)) or int(digits) > MOST:
        raise ConfigError(f"metrics.names: the cutoff of '{name}' is above {MOST:,}; lower it")
    return int(digits)


def spellings() -> list[str]:
    """Every metric as it may be written, with @10 for a cutoff."""
    return sorted(
        base + cut
        for base, metric in METRICS.items()
        for cut in {"never": [""], "may": ["", "@10"], "must": ["@10"]}[metric.cutoff]
    )
