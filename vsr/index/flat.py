"""Exact search by comparing with every vector: Faiss proposes, float64 decides."""

import logging
from typing import Any

import faiss as faiss_module
import numpy as np

from vsr.index import faiss_introspection, precise
from vsr.index.backend import Found
from vsr.index.faiss_backend import FaissBackend
from vsr.index.given import Given
from vsr.index.neighbors import Neighbors, in_order
from vsr.index.serialization import Archive, Opened
from vsr.index.validation import as_floats, unit

faiss: Any = faiss_module  # its type stubs know half of it
log = logging.getLogger(__name__)

# In blocks of this many queries Faiss goes through BLAS: 41 to 49 GFLOP/s, against 6 for a few at a time.
_BLOCK = 4096
_SPARE = 8  # candidates beyond those asked for, or a quarter as many again
_SAFETY = 4.0  # of the largest error of a query's candidates
_GROWTH = 4  # of the candidates, where those do not tell
_ENOUGH = 1000  # vectors that tell where the others lie
_PAIRS = 1 << 16  # compared again at a time
_FEW = 10_000  # allowed vectors that are copied to be searched
_CHUNK = 65_536  # vectors moved at a time
_FAR = 4.0  # squared distance of the middle from the origin, in squared distances of the vectors from it
_SAFE = 1e-10, 1e10  # sizes of numbers that float32 neither loses nor overflows in products


class Flat(FaissBackend):
    """All vectors, compared one by one: exact, whatever their scale and however far from the origin.

    Faiss compares in float32: vectors of length 1 under cosine, moved to the origin where that is far away,
    scaled where their size is extreme. The nearest and some more are compared once more in float64, by the
    vectors as they were given, which takes another byte a number where they were changed; when those do not
    settle it, more are. Ties are found in the order of adding.

    Args:
        metric: cosine, ip (inner product) or l2.

    Attributes:
        index_: the Faiss index of what is compared in float32.
        given_: how those came from the vectors that were given.

    Raises:
        ValueError: an unknown metric.
    """

    name = "flat"
    needs_training = False
    removable = True

    def __init__(self, metric: str = "cosine") -> None:
        super().__init__(metric)
        self.given_ = Given(1.0, None)

    def _factory(self, n: int, width: int) -> str:
        return "Flat"

    def _fit(self, vectors: np.ndarray, width: int | None) -> np.ndarray:
        return as_floats(vectors, width)

    def _add(self, vectors: np.ndarray, places: np.ndarray) -> None:
        held = len(self._places.ids)
        if not held:
            self._choose(vectors)
        elif held < _ENOUGH <= held + len(vectors):  # its first vectors were too few to say where all lie
            vectors = np.concatenate([self._as_given(np.arange(held)), vectors])
            self._choose(vectors)
        moved = self._moved(vectors, gallery=True)
        if moved is not vectors or self.given_.steps is not None:
            self.given_.add(vectors, moved, self.index_.ntotal, self.metric == "cosine")
        self.index_.add(moved)

    def _choose(self, vectors: np.ndarray) -> None:
        """Start an empty index for vectors such as ``vectors`` (n, d)."""
        sample = precise.as_doubles(vectors[:: max(1, len(vectors) // 16384)], self.metric)
        middle = sample.sum(axis=0) / max(1, len(sample))
        middle = middle.astype(np.float32).astype(np.float64)  # differences from it are exact then
        apart = np.square(sample - middle).sum(axis=1).mean() if len(sample) else 0.0
        far = np.square(middle).sum() > _FAR * apart
        size, scale = np.abs(sample - middle if far else sample).max(initial=0), 1.0
        if self.metric != "cosine" and size and not _SAFE[0] < size < _SAFE[1]:
            scale = float(2.0 ** -np.frexp(size)[1])
        self.given_ = Given(scale, middle if far else None)
        distances = self.metric == "l2" or (self.metric == "cosine" and far)
        self.index_ = (faiss.IndexFlatL2 if distances else faiss.IndexFlatIP)(vectors.shape[1])

    def _moved(self, vectors: np.ndarray, gallery: bool) -> np.ndarray:
        """``vectors`` (n, d) as they are compared in float32, themselves where nothing is to be done."""
        given = self.given_
        if given.middle is None and given.scale == 1.0:
            return unit(vectors) if self.metric == "cosine" else vectors
        moved = np.empty_like(vectors)
        for start in range(0, len(vectors), _CHUNK):
            part = precise.as_doubles(vectors[start : start + _CHUNK], self.metric)
            if given.middle is not None and (gallery or self.metric != "ip"):
                part -= given.middle
            with np.errstate(over="ignore"):
                moved[start : start + _CHUNK] = part * given.scale
        return moved

    def _as_given(self, places: np.ndarray) -> np.ndarray:
        """The vectors (n, d) that were added at ``places``."""
        return self.given_.back(_view(self.index_)[places], places)

    def _nearest(self, queries: np.ndarray, k: int, mask: np.ndarray | None = None, effort: int = 1) -> Found:
        among = _Among(self.index_, mask)
        parts = [
            self._settled(queries[start : start + _BLOCK], min(k, among.n), among)
            for start in range(0, len(queries), _BLOCK)
        ]
        scores, places = (np.concatenate(one) for one in zip(*parts, strict=True))
        return scores, places

    def _settled(self, queries: np.ndarray, k: int, among: "_Among") -> Found:
        """Keys and places (Q, k) of the nearest."""
        keys, places = np.empty((len(queries), k)), np.empty((len(queries), k), np.int64)
        moved = self._moved(queries, gallery=False)
        fit = np.abs(moved).max(axis=1) < _SAFE[1]  # for the vectors' scale; others are compared with all
        todo, wanted = np.flatnonzero(fit), min(among.n, k + max(_SPARE, k // 4))
        self._compare_all(queries, np.flatnonzero(~fit), among, keys, places)
        while k and len(todo):
            near, at = among.search(moved[todo], wanted)
            lost = (at < 0).any(axis=1)  # to vectors too large for products
            if lost.any():
                self._compare_all(queries, todo[lost], among, keys, places)
                todo, near, at = todo[~lost], near[~lost], at[~lost]
            settled = np.empty(len(todo), bool)
            step = max(1, _PAIRS // wanted)
            for start in range(0, len(todo), step):
                part = slice(start, start + step)
                true = self._keys(queries[todo[part]], at[part])
                settled[part] = (wanted == among.n) | self._is_settled(true, near[part], k)
                keys[todo[part]], places[todo[part]] = self._best(at[part], true, k)
            todo, wanted = todo[~settled], min(among.n, _GROWTH * wanted)
        return keys, places

    def _compare_all(
        self, queries: np.ndarray, which: np.ndarray, among: "_Among", keys: np.ndarray, places: np.ndarray
    ) -> None:
        """Set keys and places (Q, k) of ``which`` queries by comparing them with every vector in float64."""
        there, k = among.places[None], keys.shape[1]
        for query in which if k else ():
            true = self._keys(queries[query : query + 1], there)
            keys[query : query + 1], places[query : query + 1] = self._best(there, true, k)

    @staticmethod
    def _best(places: np.ndarray, true: np.ndarray, k: int) -> Found:
        """The best ``k`` of ``places`` (Q, K) by their keys ``true`` (Q, K)."""
        order = np.lexsort((places, -true))[:, :k]
        return np.take_along_axis(true, order, axis=1), np.take_along_axis(places, order, axis=1)

    def _keys(self, queries: np.ndarray, places: np.ndarray) -> np.ndarray:
        owners = np.repeat(np.arange(len(queries)), places.shape[1])
        vectors = self._as_given(places.ravel())
        return precise.keys(queries, owners, vectors, self.metric, self.given_.middle).reshape(places.shape)

    def _is_settled(self, true: np.ndarray, near: np.ndarray, k: int) -> np.ndarray:
        """Whether nothing can be among the ``k`` nearest but the candidates (Q, K), for each query."""
        coarse = near.astype(np.float64)
        if isinstance(self.index_, faiss.IndexFlatL2):
            coarse *= -0.5 if self.metric == "cosine" else -1.0
        elif self.metric == "cosine":
            coarse -= 1
        coarse /= self.given_.scale**2
        error = np.abs(coarse - true).max(axis=1)
        last = coarse[:, -1]
        best = -np.partition(-true, k - 1, axis=1)[:, k - 1]
        return best > last + _SAFETY * error + 2.0**-22 * np.abs(last)

    def _among(self, queries: np.ndarray, k: int, mask: np.ndarray) -> Found:
        return self._nearest(queries, k, mask)

    def _answer(self, queries: np.ndarray, ids: np.ndarray, scores: np.ndarray) -> Neighbors:
        ids, keys = in_order(ids, scores)
        if self.metric == "ip" and self.given_.middle is not None:
            keys = keys + np.einsum("qd,d->q", queries.astype(np.float64), self.given_.middle)[:, None]
        return Neighbors(ids, np.where(ids < 0, np.float32(-np.inf), precise.shown(keys, self.metric)))

    def _vectors(self, places: np.ndarray) -> np.ndarray:
        vectors = self._as_given(places)
        return unit(vectors) if self.metric == "cosine" else vectors

    def _remove(self, places: np.ndarray) -> None:
        super()._remove(places)
        self.given_.remove(places)

    def _write(self, archive: Archive) -> None:
        super()._write(archive)
        self.given_.write(archive)

    def _read(self, opened: Opened) -> None:
        super()._read(opened)
        self.given_ = Given.read(opened.archive)

    def _bytes(self) -> int:
        return super()._bytes() + self.given_.size_bytes


class _Among:
    """Those vectors of a flat Faiss index that may be found.

    Args:
        index: holds all.
        mask: True (places,) where allowed; None for everywhere.
    """

    def __init__(self, index: Any, mask: np.ndarray | None) -> None:
        self.n = index.ntotal if mask is None else int(mask.sum())
        self._mask, self._index, self._only, self._parameters = mask, index, None, None
        if mask is None:
            return
        if self.n <= _FEW:
            self._only = np.flatnonzero(mask)
            self._index = type(index)(index.d)
            self._index.add(_view(index)[self._only])
        else:
            self._parameters = faiss.SearchParameters(sel=faiss_introspection.selector(mask))

    @property
    def places(self) -> np.ndarray:
        """All places (n,) of them."""
        return np.arange(self.n) if self._mask is None else np.flatnonzero(self._mask)

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """What Faiss says of the ``k`` nearest of ``queries`` (Q, d), and their places (Q, k)."""
        near, at = self._index.search(queries, k, params=self._parameters)
        return near, at if self._only is None else self._only[at]


def _view(index: Any) -> np.ndarray:
    """The vectors (n, d) in a flat Faiss index, uncopied."""
    return faiss.rev_swig_ptr(index.get_xb(), index.ntotal * index.d).reshape(index.ntotal, index.d)
