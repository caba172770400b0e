"""The result of an evaluation: rankings, values per query and their means; what reports and tests read."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vsr.errors import DataError
from vsr.files import write_json, written_whole
from vsr.index.neighbors import Neighbors

FORMAT = 2
ABOUT, QUERIES, NEIGHBORS, GROUPS = (
    "evaluation.json",
    "per_query.parquet",
    "neighbors.npz",
    "groups.csv",
)
_BEFORE = "neighbours.npz"  # the name of NEIGHBORS in version 0.1.0
_AS_TOLD = ("protocol", "fingerprint", "judging", "chosen_on", "resampling", "thresholds", "levels")


@dataclass(frozen=True)
class Sides:
    """Which pictures the positions of an evaluation are.

    Attributes:
        query_rows: (Q,) int64 catalogue rows of the queries.
        gallery_rows: (N,) int64 catalogue rows of the gallery; neighbors are positions in it.
        query_items: (Q,) text: the queries' items, by which two evaluations are put side by side.
    """

    query_rows: np.ndarray
    gallery_rows: np.ndarray
    query_items: np.ndarray


@dataclass
class Evaluation:
    """What was measured.

    Attributes:
        means: mean of each metric over the queries that have something relevant; NaN when none has.
        per_query: (Q,) float64 values of each metric, NaN for queries left out.
        neighbors: the best of each query; ids are gallery positions, self-matches and junk taken out.
        gains: (Q, K) float32 gains of the neighbors.
        n_relevant: (Q,) int64 relevant gallery items of each query, found or not.
        n_queries: Q.
        n_left_out: queries with nothing relevant in the gallery.
        protocol: name and version of what was measured.
        fingerprint: identity of the catalogue it was measured on.
        sides: which pictures the queries and the gallery are.
        judging: what fixes relevance: label levels and gains, what is ignored, how large the gallery is.
        chosen_on: the split on which the checkpoint was chosen; None when it was not chosen.
        intervals: lower and upper end of each mean's confidence interval over queries.
        resampling: how the intervals were made: method, level, resamples, seed.
        thresholds: metrics of one threshold for all queries, and the pairs they are over.
        levels: metrics of each label level as the only relevance.
        groups: means of the queries of each group, a row each; None where there are no groups.
        cut: length of the lists that the metrics are of, what is not in them counting as not found; None
            where they are of whole rankings.
        warnings: what a reader has to know before believing the means, a sentence each by what it is about.
    """

    means: dict[str, float]
    per_query: dict[str, np.ndarray]
    neighbors: Neighbors
    gains: np.ndarray
    n_relevant: np.ndarray
    n_queries: int
    n_left_out: int
    protocol: str | None = None
    fingerprint: str | None = None
    sides: Sides | None = None
    judging: dict[str, Any] = field(default_factory=dict)
    chosen_on: str | None = None
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    resampling: dict[str, Any] = field(default_factory=dict)
    thresholds: dict[str, Any] = field(default_factory=dict)
    levels: dict[str, dict[str, float]] = field(default_factory=dict)
    groups: pd.DataFrame | None = None
    cut: int | None = None
    warnings: dict[str, str] = field(default_factory=dict)

    def by_group(self, groups: np.ndarray) -> pd.DataFrame:
        """Mean of each metric over the queries of each of ``groups`` (Q,), a row each, with their number.

        The plain mean of its rows is the macro average. Groups without an answerable query are left out.
        """
        known = np.flatnonzero(self.n_relevant > 0)
        table = pd.DataFrame({name: values[known] for name, values in self.per_query.items()})
        grouped = table.groupby(np.asarray(groups)[known])
        means = pd.DataFrame(grouped.mean())
        means["queries"] = grouped.size()
        return means

    def save(self, folder: str | Path) -> None:
        """Write ``per_query.parquet``, ``neighbors.npz``, ``groups.csv`` and, last, ``evaluation.json``."""
        folder = Path(folder)
        columns: dict[str, Any] = {"n_relevant": self.n_relevant, **self.per_query}
        arrays: dict[str, Any] = {**self.neighbors._asdict(), "gains": self.gains}
        if self.sides is not None:
            columns = {"item": self.sides.query_items, **columns}
            arrays |= {"query_rows": self.sides.query_rows, "gallery_rows": self.sides.gallery_rows}
        with written_whole(folder / QUERIES) as aside:
            pd.DataFrame(columns).to_parquet(aside, index=False)
        with written_whole(folder / NEIGHBORS) as aside:
            np.savez(aside, **arrays)
        if self.groups is not None:
            with written_whole(folder / GROUPS) as aside:
                self.groups.to_csv(aside)
        write_json(folder / ABOUT, self.about())

    def about(self) -> dict[str, Any]:
        """The content of ``evaluation.json``: everything but what is per query."""
        groups = {}
        if self.groups is not None and len(self.groups):
            metrics = [name for name in self.means if name in self.groups]
            macro = {str(name): float(mean) for name, mean in self.groups[metrics].mean().items()}
            groups = {"level": self.groups.index.name, "groups": len(self.groups), "macro": macro}
        return {
            "format": FORMAT,
            "protocol": self.protocol,
            "fingerprint": self.fingerprint,
            "judging": self.judging,
            "chosen_on": self.chosen_on,
            "queries": self.n_queries,
            "left_out": self.n_left_out,
            "means": self.means,
            "intervals": self.intervals,
            "resampling": self.resampling,
            "thresholds": self.thresholds,
            "levels": self.levels,
            "groups": groups,
            "cut": self.cut,
            "warnings": self.warnings,
        }

    @classmethod
    def load(cls, folder: str | Path) -> "Evaluation":
        """Read what `save` wrote.

        Raises:
            DataError: there is no evaluation in ``folder``, or one of another format.
        """
        folder = Path(folder)
        about = _about(folder)
        table = pd.read_parquet(folder / QUERIES)
        items = table.pop("item").to_numpy(dtype=object) if "item" in table else None
        rankings = folder / NEIGHBORS
        if not rankings.is_file():
            rankings = folder / _BEFORE
        with np.load(rankings) as arrays:
            neighbors, gains = Neighbors(arrays["ids"], arrays["scores"]), arrays["gains"]
            sides = None if items is None else Sides(arrays["query_rows"], arrays["gallery_rows"], items)
        return cls(
            means={name: float("nan") if mean is None else mean for name, mean in about["means"].items()},
            n_relevant=table.pop("n_relevant").to_numpy(dtype=np.int64),
            per_query={str(name): table[name].to_numpy(dtype=np.float64) for name in table.columns},
            neighbors=neighbors,
            gains=gains,
            n_queries=about["queries"],
            n_left_out=about["left_out"],
            sides=sides,
            intervals={name: _pair(ends) for name, ends in about["intervals"].items()},
            groups=_groups(folder / GROUPS),
            cut=about.get("cut"),
            warnings=about.get("warnings", {}),
            **{name: about[name] for name in _AS_TOLD},
        )


def _about(folder: Path) -> dict[str, Any]:
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(
            f"there is no evaluation in {folder}; give the folder that evaluate.py wrote"
        ) from None
    except ValueError as error:
        raise DataError(f"{folder / ABOUT} cannot be read ({error}); measure it again") from None
    if about.get("format") != FORMAT:
        raise DataError(f"{folder} holds an evaluation of format {about.get('format')}; measure it again")
    return about


def _pair(ends: list[float | None]) -> tuple[float, float]:
    low, high = (float("nan") if end is None else end for end in ends)
    return low, high


def _groups(path: Path) -> pd.DataFrame | None:
    if not path.is_file():
        return None
    # Group names such as 007 are text, and numbers come back as they were.
    table = pd.read_csv(
        path, float_precision="round_trip", dtype={0: str}, keep_default_na=False, na_values=[""]
    )
    return table.set_index(table.columns[0])
