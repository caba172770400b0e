"""The result of an evaluation: rankings, values per query and their means; what reports and tests read."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from vsr.errors import DataError
from vsr.files import write_json, written_whole
from vsr.index import Neighbours

FORMAT = 1


@dataclass
class Evaluation:
    """What was measured.

    Attributes:
        means: mean of each metric over the queries that have something relevant; NaN when none has.
        per_query: (Q,) float64 values of each metric, NaN for queries left out.
        neighbours: the best of each query; ids are gallery positions, self-matches and junk taken out.
        gains: (Q, K) float32 gains of the neighbours.
        n_relevant: (Q,) int64 relevant gallery items of each query, found or not.
        n_queries: Q.
        n_left_out: queries with nothing relevant in the gallery.
        protocol: name and version of what was measured.
        fingerprint: identity of the catalogue it was measured on.
    """

    means: dict[str, float]
    per_query: dict[str, np.ndarray]
    neighbours: Neighbours
    gains: np.ndarray
    n_relevant: np.ndarray
    n_queries: int
    n_left_out: int
    protocol: str | None = None
    fingerprint: str | None = None

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
        """Write ``per_query.parquet``, ``neighbours.npz`` and, last, ``evaluation.json`` into ``folder``."""
        folder = Path(folder)
        with written_whole(folder / "per_query.parquet") as aside:
            pd.DataFrame({"n_relevant": self.n_relevant, **self.per_query}).to_parquet(aside, index=False)
        with written_whole(folder / "neighbours.npz") as aside:
            np.savez(aside, ids=self.neighbours.ids, scores=self.neighbours.scores, gains=self.gains)
        about = {
            "format": FORMAT,
            "protocol": self.protocol,
            "fingerprint": self.fingerprint,
            "queries": self.n_queries,
            "left_out": self.n_left_out,
            "means": self.means,
        }
        write_json(folder / "evaluation.json", about)

    @classmethod
    def load(cls, folder: str | Path) -> "Evaluation":
        """Read what `save` wrote.

        Raises:
            DataError: there is no evaluation in ``folder``, or one of another format.
        """
        folder = Path(folder)
        try:
            about = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DataError(
                f"there is no evaluation in {folder}; give the folder that evaluate.py wrote"
            ) from None
        if about.get("format") != FORMAT:
            raise DataError(f"{folder} holds an evaluation of format {about.get('format')}; measure it again")
        table = pd.read_parquet(folder / "per_query.parquet")
        with np.load(folder / "neighbours.npz") as arrays:
            neighbours, gains = Neighbours(arrays["ids"], arrays["scores"]), arrays["gains"]
        return cls(
            means={name: float("nan") if mean is None else mean for name, mean in about["means"].items()},
            n_relevant=table.pop("n_relevant").to_numpy(dtype=np.int64),
            per_query={str(name): table[name].to_numpy(dtype=np.float64) for name in table.columns},
            neighbours=neighbours,
            gains=gains,
            n_queries=about["queries"],
            n_left_out=about["left_out"],
            protocol=about["protocol"],
            fingerprint=about["fingerprint"],
        )
