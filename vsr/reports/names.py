"""What a metric's name says: ``val/hnsw/recall@10`` is recall@10 on val, searched through index hnsw."""

from typing import NamedTuple

DEFINITIONS = {
    "mrr": "mean over queries of 1 / rank of the first relevant result; 0 when none is found",
    "recall": "relevant results in the top {k} / all relevant pictures in the gallery",
    "hit_rate": "share of queries with a relevant result in the top {k}; also called Recall@{k}",
    "precision": "relevant results in the top {k} / {k}",
    "map": "mean average precision over the whole ranking",
    "map@k": "mean average precision over the top {k}, divided by min({k}, relevant)",
    "map@r": "mean average precision over the top R, R being the number of relevant pictures of each query",
    "r_precision": "precision in the top R, R being the number of relevant pictures of each query",
    "ndcg": "discounted gain over the whole ranking / that of the ideal ranking; graded gains, log2 discount",
    "ndcg@k": "discounted gain in the top {k} / that of the ideal ranking of the gallery; graded gains",
}


class MetricName(NamedTuple):
    """The parts of a metric's name.

    Attributes:
        split: train, val or test; empty for a bare name.
        index: name of the index searched through; empty for exact search.
        base: the name without its cutoff.
        cutoff: what follows the ``@``, or empty.
    """

    split: str
    index: str
    base: str
    cutoff: str

    @property
    def short(self) -> str:
        """Base and cutoff alone: ``recall@10``."""
        return f"{self.base}@{self.cutoff}" if self.cutoff else self.base

    @property
    def k(self) -> int:
        """The cutoff as a number; 0 without one or where it is none (``map@r``)."""
        return int(self.cutoff) if self.cutoff.isdigit() else 0


def parse(name: str) -> MetricName:
    """Take a metric's name apart; ``map`` alone has neither split nor index."""
    *places, last = name.split("/")
    base, _, cutoff = last.partition("@")
    return MetricName(places[0] if places else "", "/".join(places[1:]), base, cutoff)


def definition(name: str) -> str:
    """What a metric means, in one line; empty for a name that is not known."""
    metric = parse(name)
    for key in (metric.short, f"{metric.base}@k" if metric.cutoff else "", metric.base):
        if key in DEFINITIONS:
            return DEFINITIONS[key].format(k=metric.cutoff or "k")
    return ""
