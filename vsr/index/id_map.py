"""Which id stands at which place: libraries number vectors from 0, users name them as they like."""

import numpy as np

from vsr.index.validation import as_ids


class Places:
    """Ids by place.

    Attributes:
        ids: (n,) int64, -1 at a place whose vector was removed.
    """

    def __init__(self, ids: np.ndarray | None = None) -> None:
        self.ids = np.zeros(0, np.int64) if ids is None else ids
        self._n_removed = int((self.ids < 0).sum())
        self._largest = int(self.ids.max(initial=-1))
        self._order: np.ndarray | None = None

    def __len__(self) -> int:
        """How many are held, removed ones not counted."""
        return len(self.ids) - self._n_removed

    def checked(self, ids: np.ndarray | None, n: int) -> np.ndarray:
        """Ids (n,) for ``n`` new vectors: ``ids``, or when None the numbers after the largest so far.

        Raises:
            ValueError: not one integer >= 0 a vector, or an id that repeats or is held already.
        """
        if ids is None:
            return np.arange(self._largest + 1, self._largest + 1 + n)
        ids = as_ids(ids, n, 0)
        rising = np.sort(ids)
        twice = rising[1:][rising[1:] == rising[:-1]]
        if len(twice):
            raise ValueError(f"ids must not repeat, {twice[0]} does")
        if n and len(self) and rising[0] <= self._largest:
            held = ids[self.find(ids) >= 0]
            if len(held):
                raise ValueError(f"ids must be new, {held[0]} is in the index already")
        return ids

    def append(self, ids: np.ndarray) -> np.ndarray:
        """Put ``ids`` at the next places, and return those."""
        first = len(self.ids)
        self.ids = np.concatenate([self.ids, ids])
        self._largest = max(self._largest, int(ids.max(initial=-1)))
        self._order = None
        return np.arange(first, len(self.ids))

    def find(self, ids: np.ndarray) -> np.ndarray:
        """The place of each of ``ids``, -1 where it is not held."""
        if not len(self.ids):
            return np.full(len(ids), -1, np.int64)
        if self._order is None:
            self._order = np.argsort(self.ids, kind="stable")
        at = np.searchsorted(self.ids, ids, sorter=self._order)
        places = self._order[np.minimum(at, len(self.ids) - 1)]
        return np.where((self.ids[places] == ids) & (ids >= 0), places, -1)

    def remove(self, places: np.ndarray, move_up: bool) -> None:
        """Take out the ids at ``places``; those behind ``move_up``, or stay where they are."""
        if move_up:
            self.ids = np.delete(self.ids, places)
        else:
            self.ids[places] = -1
            self._n_removed += len(places)
        self._order = None

    def named(self, places: np.ndarray) -> np.ndarray:
        """The id at each of ``places`` (…), -1 where the place is."""
        if not len(self.ids):
            return np.full(places.shape, -1, np.int64)
        if places.min(initial=0) >= 0:
            return self.ids[places]
        return np.where(places < 0, -1, self.ids[places])
