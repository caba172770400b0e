"""What a metric's name says: ``val/hnsw/recall@10`` is recall@10 on val, searched through index hnsw."""

from typing import NamedTuple


class MetricName(NamedTuple):
    """The parts of a metric's name.

    Attributes:
        split: train, val or test; empty for a bare name.
        index: name of the index searched through; empty for exact search, ``exact@100`` for its first 100.
        base: the name without its cutoff.
        cutoff: what follows the ``@``, or empty.
        variant: what follows the ``:``, or empty.
    """

    split: str
    index: str
    base: str
    cutoff: str
    variant: str = ""

    @property
    def short(self) -> str:
        """The name alone: ``recall@10``, ``precision@10:last``."""
        at = f"@{self.cutoff}" if self.cutoff else ""
        return f"{self.base}{at}:{self.variant}" if self.variant else f"{self.base}{at}"

    @property
    def family(self) -> str:
        """What one cutoff or another are of: ``precision:last``."""
        return f"{self.base}:{self.variant}" if self.variant else self.base

    @property
    def k(self) -> int:
        """The cutoff as a number; 0 without one or where it is none (``map@r``)."""
        return int(self.cutoff) if self.cutoff.isdecimal() else 0

    @property
    def repeated(self) -> bool:
        """Whether exact search has the number already: within a cutoff its first 100 are all it is of."""
        return self.index.startswith("exact@") and self.k > 0


def parse(name: str) -> MetricName:
    """Take a metric's name apart; ``map`` alone has neither split nor index."""
    *places, last = name.split("/")
    last, _, variant = last.partition(":")
    base, _, cutoff = last.partition("@")
    return MetricName(places[0] if places else "", "/".join(places[1:]), base, cutoff, variant)
