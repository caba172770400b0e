"""How many pictures, queries and labels there are, and how pictures spread over labels: plain tables."""

import numpy as np
import pandas as pd

from vsr.data.catalogue.catalogue import SPLITS, Catalogue
from vsr.data.inspection.scan import Scan

_QUANTILES = {"smallest": 0.0, "5 %": 0.05, "median": 0.5, "95 %": 0.95, "largest": 1.0}


def split_table(catalogue: Catalogue) -> pd.DataFrame:
    """A row a split that has pictures: ``split pictures queries gallery``, and the labels of each level.

    Queries and gallery are None for train, which is not searched.
    """
    rows = []
    for split in present_splits(catalogue):
        own = catalogue.rows(split)
        rows.append(
            {
                "split": split,
                "pictures": len(own),
                "queries": None if split == "train" else len(catalogue.rows(split, "query")),
                "gallery": None if split == "train" else len(catalogue.rows(split, "gallery")),
                **{
                    level: len(np.unique(codes))
                    for level, codes in zip(catalogue.levels, catalogue.codes[own].T, strict=True)
                },
            }
        )
    return pd.DataFrame(rows, dtype=object)


def class_sizes(catalogue: Catalogue, split: str) -> pd.Series:
    """Pictures of each of the finest labels of ``split``, by name, the most first."""
    names = catalogue.table.loc[catalogue.rows(split), catalogue.levels[0]]
    return names.dropna().astype(str).value_counts()


def class_size_table(catalogue: Catalogue) -> pd.DataFrame:
    """A row a split: ``split labels smallest median mean largest single``, the last those of one picture."""
    rows = []
    for split in present_splits(catalogue):
        sizes = class_sizes(catalogue, split).to_numpy()
        rows.append(
            {
                "split": split,
                "labels": len(sizes),
                "smallest": int(sizes.min()),
                "median": float(np.median(sizes)),
                "mean": float(sizes.mean()),
                "largest": int(sizes.max()),
                "single": int((sizes == 1).sum()),
            }
        )
    return pd.DataFrame(rows)


def picture_table(scan: Scan) -> pd.DataFrame:
    """Quantiles of what can be read: a row a quantity, ``quantity smallest 5 % median 95 % largest``."""
    table = scan.table[scan.sound]
    if table.empty:
        return pd.DataFrame(columns=["quantity", *_QUANTILES])
    quantities = {
        "width, pixels": table["width"],
        "height, pixels": table["height"],
        "width / height": table["width"] / table["height"],
        "kilobytes": table["n_bytes"] / 1000,
    }
    return pd.DataFrame(
        [
            {
                "quantity": name,
                **{words: float(np.quantile(values, at)) for words, at in _QUANTILES.items()},
            }
            for name, values in quantities.items()
        ]
    )


def kind_table(scan: Scan) -> pd.DataFrame:
    """Pictures by format and mode: ``kind mode pictures``, the most first."""
    table = scan.table[scan.sound]
    counts = table.groupby(["kind", "mode"]).size().rename("pictures")  # pyright: ignore
    return counts.sort_values(ascending=False, kind="stable").reset_index()


def present_splits(catalogue: Catalogue) -> list[str]:
    """The splits that have pictures, in the order of `SPLITS`."""
    there = set(catalogue.table["split"])
    return [split for split in SPLITS if split in there]
