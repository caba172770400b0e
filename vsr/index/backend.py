"""The manners that all backends share: what may enter, under which id, and how the answer looks.

A backend adds the few private verbs in which its library differs, all in terms of *places*: the library's own
numbering of the vectors, from 0.
"""

import inspect
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from vsr.errors import ConfigError, nearest
from vsr.index import serialization
from vsr.index.filtering import Found, filtered
from vsr.index.id_map import Places
from vsr.index.neighbors import Neighbors, ordered
from vsr.index.validation import as_floats, as_vectors, check_metric

BLOCK = 65_536  # vectors made unit length and handed to the library at a time


class Backend:
    """An index over some library; see `vsr.index.Index` for the verbs.

    Args:
        metric: cosine, ip (inner product) or l2.
        seed: decides whatever the library draws by chance.

    Raises:
        ValueError: an unknown metric.
    """

    name: ClassVar[str]
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {}  # search knobs, and values of each worth trying
    needs_training: ClassVar[bool] = False
    rebuilds_on_add: ClassVar[bool] = False
    removable: bool = False
    keeps_vectors: bool = False
    _selects: bool = False  # `_nearest` takes a mask of allowed places
    _moves_up: bool = False  # removing a vector moves those behind it one place up

    def __init__(self, metric: str = "cosine", seed: int = 0) -> None:
        self.metric = check_metric(metric)
        self.seed = seed
        self.width_: int | None = None
        self.trained_ = False
        self.chosen_: dict[str, Any] = {}  # build knobs that were null, as training settled them
        self._places = Places()
        self._bytes_: int | None = None

    def __len__(self) -> int:
        return len(self._places)

    def train(self, vectors: np.ndarray) -> None:
        """Learn from ``vectors`` (n, d), or from as many of them as the method has use for.

        Raises:
            ValueError: vectors of the wrong kind, width or not finite; none at all where some are needed;
                or the index holds vectors already.
        """
        as_floats(vectors, self.width_)
        if not self.needs_training:
            return
        if len(self._places.ids):
            raise ValueError(f"{self.name} holds vectors already: train an empty() one")
        if not len(vectors):
            raise ValueError(f"{self.name} needs at least 1 vector to train, got 0")
        self.chosen_ = {}
        most = self._most_training(*vectors.shape)
        if most < len(vectors):
            chosen = np.random.default_rng(self.seed).choice(len(vectors), most, replace=False, shuffle=False)
            sample = vectors[np.sort(chosen)]
        else:
            sample = vectors
        self._train(as_vectors(sample, None, self.metric), len(vectors))
        self.width_, self.trained_, self._bytes_ = vectors.shape[1], True, None

    def add(self, vectors: np.ndarray, ids: np.ndarray | None = None) -> None:
        """Put in ``vectors`` (n, d) under ``ids`` (n,), by default the numbers after the largest.

        Raises:
            ValueError: vectors of the wrong kind, width or not finite; ids that do not fit, repeat or are
                held; an index that needs training and had none.
        """
        vectors = as_floats(vectors, self.width_)
        ids = self._places.checked(ids, len(vectors))
        if self.needs_training and not self.trained_:
            raise ValueError(f"{self.name} must be trained before vectors are added: call train(vectors)")
        self.width_, self._bytes_ = vectors.shape[1], None
        block = len(vectors) if self.rebuilds_on_add else BLOCK
        for start in range(0, len(vectors), max(1, block)):
            part = slice(start, start + block)
            first = len(self._places.ids)
            part_ids = ids[part]
            self._add(self._fit(vectors[part], None), np.arange(first, first + len(part_ids)))
            self._places.append(part_ids)

    def search(self, queries: np.ndarray, k: int, allowed: np.ndarray | None = None) -> Neighbors:
        """The ``k`` nearest of each of ``queries`` (Q, d); -1 and -inf where fewer were found.

        Scores are similarities, or negated squared distances when the metric is l2; of a compressed index,
        the library's estimates of them. Among equal scores ids rise, except that which of the items tied for
        the last place is kept is the library's choice.

        Args:
            queries: (Q, d) floating point.
            k: how many, >= 1. More than there are is answered with -1 at the end.
            allowed: (m,) integer ids, of which alone results may be; ids not held are passed over. A search
                that finds fewer than there are (and than ``k``) goes on until it has found them: by comparing
                with every allowed vector, or where vectors are kept compressed only, with more effort.

        Raises:
            ValueError: queries of the wrong kind or width or not finite, ``k`` < 1, or ``allowed`` no ids.
        """
        if k < 1:
            raise ValueError(f"k must be >= 1, got {k}")
        queries = self._fit(queries, self.width_)
        self._check_knobs()
        found = min(k, len(self))
        if not found or not len(queries):
            scores, places = nothing(len(queries), k)
        elif allowed is None:
            scores, places = self._nearest(queries, found)
        else:
            scores, places = self._among(queries, found, self._mask(allowed))
        scores, places = padded(scores, places, k)
        return self._answer(queries, self._places.named(places), scores)

    def remove(self, ids: np.ndarray) -> None:
        """Take out ``ids`` (n,).

        Raises:
            ValueError: an id that is not held or repeats, or an index that cannot (see `removable`).
        """
        if not self.removable:
            raise ValueError(f"{self.name} cannot remove vectors: fill an empty() one with those that stay")
        ids = _integers(ids, "ids")
        places = self._places.find(ids)
        if (places < 0).any():
            raise ValueError(f"ids must be in the index, {ids[places < 0][0]} is not")
        if len(np.unique(places)) < len(places):
            raise ValueError("ids to remove must not repeat")
        if len(places):
            self._remove(places)
            self._places.remove(places, self._moves_up)
            self._bytes_ = None

    def save(self, path: str | Path) -> None:
        """Write it to the file ``path``, whole or not at all; `vsr.index.load` reads it.

        Raises:
            OSError: the folder cannot be written, or the disk is full.
        """
        manifest = {
            "backend": self.name,
            "arguments": self.arguments,
            "width": self.width_,
            "trained": self.trained_,
            "chosen": self.chosen_,
        }
        serialization.write(
            path, manifest, self._places.ids, self._write if self.width_ is not None else None
        )

    def restore(self, opened: serialization.Opened) -> None:
        """Take over what a file holds; for `vsr.index.load`."""
        self.width_, self.trained_ = opened.manifest["width"], opened.manifest["trained"]
        self.chosen_, self._places = opened.manifest["chosen"], Places(opened.ids)
        if self.width_ is not None:
            self._read(opened)

    def empty(self) -> Self:
        """Another index with the same arguments and knobs, untrained and empty."""
        return type(self)(**self.arguments)

    @property
    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments, search knobs as they are now."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    @property
    def build_knobs(self) -> dict[str, Any]:
        """What it is built with; what is null in the configuration shows as training settled it."""
        fixed = {key: value for key, value in self.arguments.items() if key not in self.grid}
        return {**{key: fixed[key] for key in fixed if key not in ("metric", "seed")}, **self.chosen_}

    @property
    def search_knobs(self) -> dict[str, Any]:
        """What a search uses now; each is a plain field of the object, too."""
        return {name: self.knob(name) for name in self.grid if self._has(name)}

    def knob(self, name: str) -> Any:
        """The search knob ``name`` as a search uses it, null replaced by its default."""
        value = getattr(self, name)
        return self._default(name) if value is None else value

    def set_knobs(self, **knobs: Any) -> None:
        """Change search knobs, without building anew.

        Raises:
            ConfigError: there is no such search knob.
        """
        for name, value in knobs.items():
            if name not in self.search_knobs:
                known = nearest(name, self.search_knobs)
                raise ConfigError(f"{name} is no search knob of {self.name}{known}")
            setattr(self, name, value)

    def knob_grid(self) -> list[dict[str, Any]]:
        """Settings of the search knobs worth trying, cheap to dear; ``[{}]`` when it has none."""
        names = list(self.search_knobs)
        values = [self._values(name) for name in names]
        return [dict(zip(names, setting, strict=True)) for setting in product(*values)]

    @property
    def memory_bytes(self) -> int:
        """Bytes that it holds: what the library would write, or says that it holds, and the ids."""
        if self._bytes_ is None:
            self._bytes_ = self._bytes() if self.width_ is not None else 0
        return self._bytes_ + self._places.ids.nbytes

    def held(self) -> tuple[np.ndarray, np.ndarray]:
        """Ids (n,) and vectors (n, d) that it holds, of length 1 under cosine.

        Raises:
            ValueError: it keeps them compressed only.
        """
        if not self.keeps_vectors:
            raise ValueError(f"{self.name} keeps no vectors, only codes of them")
        places = np.flatnonzero(self._places.ids >= 0)
        return self._places.ids[places], self._vectors(places)

    @property
    def _compares(self) -> bool:
        """Whether `_vectors` works: gives the vectors whose scores a search gives, be they rounded."""
        return self.keeps_vectors

    def _mask(self, allowed: np.ndarray) -> np.ndarray:
        """True (places,) where ``allowed``."""
        places = self._places.find(_integers(allowed, "allowed"))
        mask = np.zeros(len(self._places.ids), bool)
        mask[places[places >= 0]] = True
        return mask

    def _check_knobs(self) -> None:
        for name, value in self.search_knobs.items():
            whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
            if value is not None and not (whole and value >= 1):
                raise ConfigError(f"{self.name}: {name} must be an integer >= 1, got {value!r}")

    # What a backend says of itself.

    def _fit(self, vectors: np.ndarray, width: int | None) -> np.ndarray:
        """``vectors`` (n, d), of ``width`` unless None, as the library takes them."""
        return as_vectors(vectors, width, self.metric)

    def _among(self, queries: np.ndarray, k: int, mask: np.ndarray) -> Found:
        """The ``k`` nearest of the places where ``mask`` is True."""
        return filtered(self, queries, k, mask)

    def _answer(self, queries: np.ndarray, ids: np.ndarray, scores: np.ndarray) -> Neighbors:
        """Neighbors (Q, k) of what was found, in order."""
        return ordered(ids, scores)

    def _most_training(self, n: int, width: int) -> int:
        """How many of ``n`` vectors training has use for."""
        return n

    def _has(self, name: str) -> bool:
        """Whether the search knob ``name`` means anything to this very index."""
        return True

    def _default(self, name: str) -> Any:
        """The search knob ``name`` when it is null; None while only training will tell."""
        raise NotImplementedError(name)

    def _values(self, name: str) -> tuple[Any, ...]:
        """Values of the search knob ``name`` worth trying on this very index."""
        return self.grid[name]

    def _train(self, vectors: np.ndarray, n: int) -> None:
        """Learn from ``vectors``, a sample of ``n``."""

    def _add(self, vectors: np.ndarray, places: np.ndarray) -> None:
        """Put in ``vectors`` (n, d), fit for the library, at ``places``: the next ones."""
        raise NotImplementedError

    def _nearest(self, queries: np.ndarray, k: int, mask: np.ndarray | None = None, effort: int = 1) -> Found:
        """The ``k`` nearest; where it ``_selects``, of ``mask`` only, with ``effort`` times the knobs."""
        raise NotImplementedError

    def _most_effort(self) -> int:
        """The ``effort`` beyond which `_nearest` finds nothing more."""
        return 1

    def _vectors(self, places: np.ndarray) -> np.ndarray:
        """The vectors (n, d) at ``places``, as the library took them; where it ``keeps_vectors``."""
        raise NotImplementedError

    def _remove(self, places: np.ndarray) -> None:
        raise NotImplementedError

    def _write(self, archive: serialization.Archive) -> None:
        raise NotImplementedError

    def _read(self, opened: serialization.Opened) -> None:
        raise NotImplementedError

    def _bytes(self) -> int:
        raise NotImplementedError


def nothing(n_queries: int, k: int) -> Found:
    """No neighbors, for each of ``n_queries``."""
    return np.full((n_queries, k), -np.inf, np.float32), np.full((n_queries, k), -1, np.int64)


def padded(scores: np.ndarray, places: np.ndarray, k: int) -> Found:
    """``scores`` and ``places`` (Q, K') widened to ``k``."""
    if scores.shape[1] == k:
        return scores, places
    wide = np.full((len(scores), k), -np.inf, scores.dtype), np.full((len(scores), k), -1, np.int64)
    wide[0][:, : scores.shape[1]], wide[1][:, : scores.shape[1]] = scores, places
    return wide


def _integers(ids: np.ndarray, what: str) -> np.ndarray:
    ids = np.asarray(ids)
    if ids.ndim != 1 or (len(ids) and not np.issubdtype(ids.dtype, np.integer)):
        raise ValueError(f"{what} must be a row of integer ids, got {ids.dtype} {ids.shape}")
    return ids.astype(np.int64)
