"""Two evaluations of the same queries, query by query: is the difference real?"""

from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd
import torch

from vsr.errors import DataError
from vsr.metrics.ranking import RankingMetrics
from vsr.metrics.resampling import EXACT_UP_TO, holm, sign_flip_test
from vsr.retrieval.evaluation import Evaluation, Sides
from vsr.retrieval.statistics import Statistics

_SAME = 1e-9  # differences of a query below this are rounding


class Measures(Protocol):
    """Whatever is of a protocol and a catalogue."""

    @property
    def protocol(self) -> str | None:
        """Name and version of what is measured."""
        ...

    @property
    def fingerprint(self) -> str | None:
        """Identity of the catalogue it is measured on."""
        ...


@dataclass
class Comparison:
    """What compares ``b`` with ``a``; a positive difference means that ``b`` is better.

    Attributes:
        a: the first evaluation.
        b: the second one, its queries in the order of ``a``'s.
        table: a row a metric: ``a a_low a_high b b_low b_high difference low high p p_holm better worse
            equal``.
        differences: (Q,) value under ``b`` less that under ``a``, of each metric; NaN for queries left out.
        left_aside: metrics that only one of the two has.
        unlike: metrics of the whole ranking that one has over a longer list than the other: not compared.
        statistics: how intervals and tests were made.
    """

    a: Evaluation
    b: Evaluation
    table: pd.DataFrame
    differences: dict[str, np.ndarray]
    left_aside: list[str]
    statistics: Statistics
    unlike: list[str] = field(default_factory=list)

    @property
    def items(self) -> np.ndarray:
        """(Q,) items of the queries."""
        return _sides(self.a, "a").query_items

    def changed(self, metric: str, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the queries that ``metric`` says got better and worse, the most changed first."""
        values = self.differences[metric]
        better = np.argsort(-np.nan_to_num(values), kind="stable")
        worse = np.argsort(np.nan_to_num(values), kind="stable")
        return better[values[better] > 0][:most], worse[values[worse] < 0][:most]

    def per_query(self) -> pd.DataFrame:
        """A row a query: ``item``, and for each metric ``a/<metric>`` and ``b/<metric>``."""
        columns: dict[str, Any] = {"item": self.items}
        for name in self.table.index:
            columns |= {f"{side}/{name}": one.per_query[name] for side, one in (("a", self.a), ("b", self.b))}
        return pd.DataFrame(columns)

    def about(self) -> dict[str, Any]:
        """Everything but what is per query, as plain data."""
        return {
            "protocol": self.a.protocol,
            "fingerprint": self.a.fingerprint,
            "queries": self.a.n_queries,
            "left_out": self.a.n_left_out,
            "intervals": self.statistics.about,
            "test": {
                "name": "paired randomization test, two-sided",
                "flips": self.statistics.flips,
                "exact_up_to": EXACT_UP_TO,
                "seed": self.statistics.seed,
            },
            "correction": f"Holm over {len(self.table)} metrics",
            "metrics": self.table.to_dict(orient="index"),
            "left_aside": self.left_aside,
            "unlike": self.unlike,
        }


def compare(a: Evaluation, b: Evaluation, statistics: Statistics | None = None) -> Comparison:
    """Put ``b`` beside ``a``, query by query.

    Raises:
        DataError: they are not of the same protocol, catalogue, gallery, queries and relevance, or have no
            metric in common.
    """
    statistics = statistics or Statistics()
    b = aligned(a, b)
    names = [name for name in a.per_query if name in b.per_query]
    unlike = [] if _reach(a) == _reach(b) else list(RankingMetrics(names).uncut) if names else []
    names = [name for name in names if name not in unlike]
    if unlike and not names:
        raise DataError(
            f"a and b cannot be compared: one is over whole rankings or longer lists than the other, and "
            f"{', '.join(unlike)} depend on that; take stages/exact@… in place of exact search, or measure "
            "with cutoffs, such as map@10"
        )
    if not names:
        raise DataError(
            f"a and b have no metric in common (a: {', '.join(a.per_query)}; b: {', '.join(b.per_query)}); "
            "measure both with the same metrics"
        )
    left_aside = sorted({*a.per_query} ^ {*b.per_query})
    differences = {name: _difference(a.per_query[name], b.per_query[name]) for name in names}
    return Comparison(
        a, b, _table(a, b, differences, statistics), differences, left_aside, statistics, unlike
    )


def _reach(evaluation: Evaluation) -> int | None:
    """Length of the lists that its metrics are of; None where these, or the rankings, are whole."""
    cut = evaluation.cut
    return None if cut is None or cut >= evaluation.judging["gallery"] else cut


def _table(
    a: Evaluation, b: Evaluation, differences: dict[str, np.ndarray], statistics: Statistics
) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for side, one in (("a", a), ("b", b)):
        ends = list(statistics.intervals({name: one.per_query[name] for name in differences}).values())
        columns[side] = [_mean(one.per_query[name]) for name in differences]
        columns[f"{side}_low"], columns[f"{side}_high"] = zip(*ends, strict=True)
    ends = list(statistics.intervals(differences).values())
    columns["difference"] = [_mean(values) for values in differences.values()]
    columns["low"], columns["high"] = zip(*ends, strict=True)
    paired = torch.from_numpy(np.stack(list(differences.values()), axis=1))
    p = sign_flip_test(paired, statistics.flips, statistics.seed)
    columns |= {"p": p.numpy(), "p_holm": holm(p).numpy()}
    columns["better"] = [int((values > 0).sum()) for values in differences.values()]
    columns["worse"] = [int((values < 0).sum()) for values in differences.values()]
    columns["equal"] = [int((values == 0).sum()) for values in differences.values()]
    return pd.DataFrame(columns, index=pd.Index(list(differences), name="metric"))


def aligned(a: Evaluation, b: Evaluation, named: tuple[str, str] = ("a", "b")) -> Evaluation:
    """``b`` with its queries in ``a``'s order, when both measured the same thing.

    Args:
        a: one evaluation.
        b: another.
        named: what a person calls the two.

    Raises:
        DataError: they are not of the same protocol, catalogue, gallery, queries and relevance.
    """
    ours, theirs = (_sides(one, name) for one, name in zip((a, b), named, strict=True))
    check_same_data(a, b, named)
    if not np.array_equal(ours.gallery_rows, theirs.gallery_rows):
        counts = f"({len(ours.gallery_rows)} and {len(theirs.gallery_rows)} pictures)"
        raise _refusal(named, f"galleries {counts}", "perhaps pictures were skipped in one of them")
    only = set(ours.query_items) ^ set(theirs.query_items)
    if only:
        some = f"({len(only)} are in one only, such as {min(only)})"
        raise _refusal(named, f"queries {some}", "measure both alike")
    if a.judging != b.judging:
        raise _refusal(named, f"relevance ({a.judging} and {b.judging})", "measure both alike")
    place = {item: at for at, item in enumerate(theirs.query_items)}
    order = np.array([place[item] for item in ours.query_items], np.int64)
    if not np.array_equal(a.n_relevant, b.n_relevant[order]):
        raise _refusal(named, "numbers of relevant pictures for the same queries", "measure both alike")
    return _reordered(b, theirs, order)


def check_same_data(a: Measures, b: Measures, named: tuple[str, str] = ("a", "b")) -> None:
    """Refuse two that were, or will be, measured by other protocols or on other catalogues.

    Raises:
        DataError: they differ.
    """
    for what, one, other in (
        ("protocols", a.protocol, b.protocol),
        ("catalogue fingerprints", a.fingerprint, b.fingerprint),
    ):
        if one != other:
            mend = "measure both on the same split of the same data"
            raise _refusal(named, f"{what} ({one} and {other})", mend)


def _reordered(b: Evaluation, sides: Sides, order: np.ndarray) -> Evaluation:
    return replace(
        b,
        per_query={name: values[order] for name, values in b.per_query.items()},
        neighbors=type(b.neighbors)(*(one[order] for one in b.neighbors)),
        gains=b.gains[order],
        n_relevant=b.n_relevant[order],
        sides=Sides(sides.query_rows[order], sides.gallery_rows, sides.query_items[order]),
    )


def _sides(evaluation: Evaluation, side: str) -> Sides:
    if evaluation.sides is None:
        raise DataError(f"evaluation {side} does not say which pictures its queries are; measure it again")
    return evaluation.sides


def _refusal(named: tuple[str, str], what: str, mend: str) -> DataError:
    return DataError(f"{' and '.join(named)} cannot be compared: they have different {what}; {mend}")


def _difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    difference = b - a
    return np.where(np.abs(difference) < _SAME, 0.0, difference)  # NaN stays


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
