"""Where positives come from: the same label, views of one picture, or pairs that belong together."""

import logging
import posixpath
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.catalogue.tables import read_table, texts
from vsr.errors import DataError

log = logging.getLogger(__name__)

MEND = "give the items as the catalogue names them"


class Examples(NamedTuple):
    """What training draws its batches from.

    Attributes:
        rows: (E, V) int64 catalogue rows: the V views of each example, local ones last.
        labels: (E, L) int64, fine to coarse; examples that share the first column are positives of each
            other.
        n_local: how many of the V views are local: smaller, of small parts.
    """

    rows: Tensor
    labels: Tensor
    n_local: int = 0


class Positives(Protocol):
    """Says which pictures of the training split belong together."""

    def examples(self, catalogue: Catalogue) -> Examples:
        """The training examples of ``catalogue``."""
        ...


class LabelPositives:
    """Pictures of the same finest label are positives. One view (V = 1), all levels (L)."""

    def examples(self, catalogue: Catalogue) -> Examples:
        """Every training picture once.

        Raises:
            DataError: no label of the training split has two pictures.
        """
        rows = _train_rows(catalogue)
        labels = catalogue.codes[rows]
        if np.unique(labels[:, 0]).size == len(labels):
            raise DataError(
                f"none of the {len(labels)} {catalogue.levels[0]} labels of the training split of "
                f"{catalogue.protocol} has two pictures, so no batch can hold a positive pair; "
                "use data/positives=augment or a coarser label"
            )
        return Examples(torch.from_numpy(rows)[:, None], torch.from_numpy(labels))


class AugmentPositives:
    """Random views of one picture are positives, labels are not looked at (SimCLR, arXiv 2002.05709). L = 1.

    Args:
        views: of each picture in a batch, >= 2.
        local_views: more views of it, smaller and of small parts (multi-crop, arXiv 2006.09882), positives
            like the others.

    Raises:
        ValueError: ``views`` < 2 or ``local_views`` < 0.
    """

    def __init__(self, views: int = 2, local_views: int = 0) -> None:
        if views < 2:
            raise ValueError(f"views must be >= 2, got {views}: one view of a picture has no positive")
        if local_views < 0:
            raise ValueError(f"local_views must be >= 0, got {local_views}")
        self.views = views
        self.local_views = local_views

    def examples(self, catalogue: Catalogue) -> Examples:
        """Every training picture once, as many times the same row as views, a label of its own."""
        rows = torch.from_numpy(_train_rows(catalogue))
        views = rows[:, None].repeat(1, self.views + self.local_views)
        return Examples(views, torch.arange(len(rows))[:, None], self.local_views)


class PairPositives:
    """Pairs of items from a table, such as clicks: columns ``query`` and ``positive``. V = 2, L = 1.

    Pairs of one query share its label, so what was clicked for one query is positive of each other too. Pairs
    with a picture outside the training split are left out: they would show training what it is measured on.

    Args:
        path: CSV, TSV or Parquet.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def examples(self, catalogue: Catalogue) -> Examples:
        """Every different pair once; the label is the query's row.

        Raises:
            DataError: the table cannot be read or lacks a column, an item is unknown or paired with itself,
                or no pair lies within the training split.
        """
        table = read_table(self.path, ("query", "positive"), "positives.path")
        found = np.stack([self._rows(table, name, catalogue) for name in ("query", "positive")], axis=1)
        itself = (found[:, 0] == found[:, 1]) & (found[:, 0] >= 0)
        if itself.any():
            row = int(np.argmax(itself))
            raise DataError(
                f"{self.path}: row {row + 1} pairs item '{table['query'].iloc[row]}' with itself; remove it, "
                "or use data/positives=augment for views of one picture"
            )
        rows = found[np.sort(np.unique(found, axis=0, return_index=True)[1])]  # (E, 2)
        in_train = np.isin(rows, _train_rows(catalogue)).all(axis=1)
        if not in_train.all():
            log.warning(
                "%d of %d pairs of %s reach outside the training split and are left out",
                (~in_train).sum(),
                len(rows),
                self.path.name,
            )
        if not in_train.any():
            raise DataError(f"no pair of {self.path} lies within the training split of {catalogue.protocol}")
        rows = torch.from_numpy(rows[in_train])
        return Examples(rows, rows[:, :1].clone())

    def _rows(self, table: pd.DataFrame, name: str, catalogue: Catalogue) -> np.ndarray:
        """Catalogue rows (E,) of the items in the column ``name``; -1 for one left out as missing."""
        known = pd.Index(catalogue.table["item"].astype(str))
        items = texts(table, name, f"positives.path: {self.path}")
        rows = known.get_indexer(pd.Index(items)).astype(np.int64)
        plain = known.get_indexer(pd.Index([posixpath.normpath(item) for item in items]))
        rows = np.where(rows < 0, plain, rows)  # ./a.jpg is a.jpg in a manifest, too
        gone = set() if catalogue.missing is None else set(catalogue.missing["item"].astype(str))
        unknown = (rows < 0) & np.array([item not in gone for item in items])
        if unknown.any():
            first = int(np.argmax(unknown))
            slashes = items[first].replace("\\", "/")
            mend = f"write / between folders, as in '{slashes}'" if slashes in known else MEND
            raise DataError(
                f"{self.path}: {unknown.sum()} of {len(rows)} {name} items are not in the catalogue; the "
                f"first is '{items[first]}' in row {first + 1}; {mend}"
            )
        return rows


def _train_rows(catalogue: Catalogue) -> np.ndarray:
    rows = catalogue.rows("train")
    if not len(rows):
        raise DataError(
            f"{catalogue.protocol} has no training split, it is for evaluation only: train on another data=… "
            "and measure with python evaluate.py checkpoint=… data=…"
        )
    return rows
