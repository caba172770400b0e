"""The page of two evaluations compared: differences, and the queries that changed most, with pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vsr.display.document import Caution
from vsr.display.formats import count, is_number
from vsr.display.marks import MARKS
from vsr.display.page import write_page
from vsr.display.searches import Search
from vsr.display.tables import CHOSEN_ON_TEST, TEST, method
from vsr.display.thumbnails import thumbnail

THUMBNAIL, _QUALITY = 120, 82  # pixels of the longer side, JPEG quality
_BARS = 240  # most bars in the figure of all queries
_SIGNS = {"right": "✓", "partial": "~", "wrong": "✕", "ignored": "–"}


@dataclass(frozen=True)
class Change:
    """A query under both evaluations.

    Attributes:
        item: the query's item.
        a: its search under a; without results if there are no pictures.
        b: its search under b.
        values: the metric under a and under b.
        first: rank of the first right result under a and under b; None if none was kept.
    """

    item: str
    a: Search
    b: Search
    values: tuple[float, float]
    first: tuple[int | None, int | None]


def write_comparison_page(
    path: str | Path,
    about: Mapping[str, Any],
    metric: str,
    better: Sequence[Change],
    worse: Sequence[Change],
    differences: np.ndarray,
    no_pictures: str = "",
    meanings: Mapping[str, str] | None = None,
) -> Path:
    """Write the page: one file, no network needed.

    Args:
        path: where it goes.
        about: the content of ``comparison.json``.
        metric: by which queries are called better and worse.
        better: queries that got better, the most changed first.
        worse: queries that got worse, the most changed first.
        differences: (Q,) change of every query in ``metric``, NaN for those left out.
        no_pictures: why there are no pictures; empty if there are.
        meanings: what each metric is, in a line.

    Returns:
        ``path``.
    """
    return write_page(
        path,
        "comparison.html.j2",
        about=about,
        metric=metric,
        verdict=verdict(about),
        cautions=cautions(about),
        alpha=(alpha := 1 - about["intervals"]["level"]),
        rows=[row | {"name": name, "real": _is_real(row, alpha)} for name, row in about["metrics"].items()],
        reach=_reach(about),
        method=method(about),
        level=f"{about['intervals']['level'] * 100:g}%",
        better=better,
        worse=worse,
        thumbnail=lambda picture: thumbnail(picture, THUMBNAIL, _QUALITY).uri,
        bars=_bars(differences),
        n_better=int((differences > 0).sum()),
        n_worse=int((differences < 0).sum()),
        most=float(np.nanmax(differences, initial=0)),
        least=float(np.nanmin(differences, initial=0)),
        no_pictures=no_pictures,
        meanings=meanings or {},
        marks={name: {"words": mark.words, "sign": _SIGNS[name]} for name, mark in MARKS.items()},
    )


def verdict(about: Mapping[str, Any]) -> str:
    """The result of the tests in one sentence."""
    alpha = 1 - about["intervals"]["level"]
    metrics = about["metrics"].values()
    real = [row for row in metrics if _is_real(row, alpha)]
    better = sum(row["difference"] > 0 for row in real)
    worse = len(real) - better
    if all(row["better"] == row["worse"] == 0 for row in metrics):
        return "No query differs in any metric."
    if not real:
        return (
            f"No metric differs by more than chance explains (corrected p ≥ {alpha:.2g} for all "
            f"{len(about['metrics'])}): these queries do not tell a and b apart."
        )
    parts = [f"{word} on {n}" for word, n in (("better", better), ("worse", worse)) if n]
    rest = len(about["metrics"]) - len(real)
    untold = f"; on the other {rest} no significant difference" if rest else ""
    return (
        f"b is {' and '.join(parts)} of {len(about['metrics'])} metrics (corrected p < {alpha:.2g}){untold}."
    )


def cautions(about: Mapping[str, Any]) -> list[Caution]:
    """What a reader has to know before believing the numbers."""
    found = [f"{side}: {CHOSEN_ON_TEST}" for side in ("a", "b") if about[side]["chosen_on"] == TEST]
    if about["left_out"]:
        text = f"{count(about['left_out'])} of {count(about['queries'])} queries have nothing relevant"
        found.append(f"{text} in the gallery; they are left out.")
    if about["left_aside"]:
        names = ", ".join(about["left_aside"])
        found.append(f"Measured in only one of the two, hence not compared: {names}.")
    if about["unlike"]:
        text = "Over a longer list in one of the two, such as exact search's whole ranking, so not compared:"
        found.append(f"{text} {', '.join(about['unlike'])}.")
    return [Caution(text) for text in found]


def _is_real(row: Mapping[str, Any], alpha: float) -> bool:
    """Whether the corrected test rejects that a and b are equal in a metric."""
    return is_number(row["p_holm"]) and row["p_holm"] < alpha


def _reach(about: Mapping[str, Any]) -> float:
    """Half the width of the scale that all differences and their intervals fit."""
    values = (row[key] for row in about["metrics"].values() for key in ("low", "high", "difference"))
    return max((abs(value) for value in values if is_number(value)), default=0) * 1.08 or 1.0


def _bars(differences: np.ndarray) -> list[float]:
    """The change of every query, the most improved first; means of neighboring queries if there are many."""
    values = -np.sort(-differences[~np.isnan(differences)])
    if not len(values) or not values.any():
        return []
    return [float(part.mean()) for part in np.array_split(values, min(_BARS, len(values)))]
