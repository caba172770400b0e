"""What a shop decides, by columns of the catalogue: items that are not shown, or only after all others."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from vsr.data.catalogue.catalogue import Catalogue
from vsr.errors import ConfigError, DataError, nearest
from vsr.index.neighbors import Neighbors
from vsr.retrieval.rerankers.context import Context, Vectors
from vsr.retrieval.rerankers.order import listed

Rule = Mapping[str, Sequence[Any]]


class Policy:
    """Filter and demote items by the values in their catalogue columns.

    Values are compared as text, so ``false`` in a configuration is False in the table.

    Args:
        exclude: column to values; items with one of them are taken out.
        demote: column to values; items with one of them come after all others, in their order.
    """

    def __init__(self, exclude: Rule | None = None, demote: Rule | None = None) -> None:
        self.exclude, self.demote = dict(exclude or {}), dict(demote or {})
        for name, rule in (("exclude", self.exclude), ("demote", self.demote)):
            for column, values in rule.items():
                if isinstance(values, str) or not isinstance(values, Sequence):
                    raise ValueError(f"{name}.{column} must be a list of values, got {values!r}")
        self._excluded: np.ndarray | None = None
        self._demoted: np.ndarray | None = None

    def prepare(self, context: Context) -> None:
        """Look up the gallery's items.

        Raises:
            ConfigError: no catalogue or gallery rows.
            DataError: the catalogue lacks a column.
        """
        catalogue = context.required("catalogue", "policy")
        rows = context.required("gallery_rows", "policy")
        self._excluded, self._demoted = (
            _matching(catalogue, rows, one) for one in (self.exclude, self.demote)
        )

    def rerank(self, queries: Tensor, gallery: Vectors, neighbors: Neighbors) -> Neighbors:
        """The neighbors that may be shown, in their order but for the demoted ones, which come last."""
        if self._excluded is None or self._demoted is None:
            raise ConfigError("rerank=policy must see the catalogue first; call prepare")
        ids = np.where((neighbors.ids >= 0) & self._excluded[neighbors.ids], -1, neighbors.ids)
        last = (ids < 0) * 2 + self._demoted[ids] * (ids >= 0)
        order = np.argsort(last, axis=1, kind="stable")
        return listed(
            np.take_along_axis(ids, order, axis=1), np.take_along_axis(neighbors.scores, order, axis=1)
        )


def _matching(catalogue: Catalogue, rows: np.ndarray, rule: Rule) -> np.ndarray:
    """True (N,) for the rows that have one of the values in any of the columns."""
    found = np.zeros(len(rows), bool)
    for column, values in rule.items():
        if column not in catalogue.table.columns:
            known = [str(name) for name in catalogue.table.columns]
            raise DataError(
                f"rerank.policy: {catalogue.protocol} has no column '{column}'{nearest(column, known)}"
            )
        held = catalogue.table[column].astype(str).to_numpy()[rows]
        found |= np.isin(held, [str(value) for value in values])
    return found
