"""What all backends over Faiss share: a factory string says what is built, its structure what it can do."""

import logging
import math
from typing import Any

import faiss as faiss_module
import numpy as np

from vsr.errors import ConfigError
from vsr.index import faiss_introspection
from vsr.index.backend import Backend, Found
from vsr.index.serialization import Archive, Opened

faiss: Any = faiss_module  # its type stubs know half of it
# Faiss goes through BLAS from this many floats of queries on; its own 128,000 leaves the k-means of product
# quantizers, whose vectors are a few floats wide, on a path 7 to 25 times slower. One query stays off BLAS.
faiss.cvar.distance_compute_blas_threshold = 4096
log = logging.getLogger(__name__)

# Values worth trying.
NPROBE = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
EF_SEARCH = (10, 16, 32, 64, 128, 256, 512)
K_FACTOR = (1, 2, 4, 8, 16, 32)

_PART = "index.faiss"
_POINTS_PER_LIST = 39  # below which Faiss warns that k-means cells mean little
_REFINEMENTS = {"exact": ",RFlat", "fp16": ",Refine(SQfp16)", "sq8": ",Refine(SQ8)", "none": ""}


class FaissBackend(Backend):
    """An index that Faiss builds; a subclass says which by `_factory`, and sets knobs in `_prepare`.

    Attributes:
        index_: the Faiss index, once trained or filled.
    """

    needs_training = True

    def __init__(self, metric: str = "cosine", seed: int = 0) -> None:
        super().__init__(metric, seed)
        self.index_: Any = None

    def _factory(self, n: int, width: int) -> str:
        """The factory string for ``n`` vectors of ``width``."""
        raise NotImplementedError

    def _prepare(self, index: Any) -> None:
        """Set on the untrained ``index`` what the factory string cannot say."""

    def _make(self, n: int, width: int) -> Any:
        text = self._factory(n, width)
        metric = faiss.METRIC_L2 if self.metric == "l2" else faiss.METRIC_INNER_PRODUCT
        try:
            index = faiss.index_factory(width, text, metric)
        except RuntimeError as error:
            raise ConfigError(
                f"{self.name}: Faiss cannot build {text!r} for {self.metric} on vectors {width} wide: "
                f"{faiss_introspection.reason(error)}"
            ) from error
        if index.metric_type != metric:
            raise ConfigError(f"{self.name}: {text!r} ignores the metric {self.metric}: take metric=l2")
        faiss_introspection.set_seed(index, self.seed)
        self._prepare(index)
        return index

    def _most_training(self, n: int, width: int) -> int:
        self.index_ = self._make(n, width)
        return faiss_introspection.most_training(self.index_)

    def _train(self, vectors: np.ndarray, n: int) -> None:
        needed = faiss_introspection.least_training(self.index_)
        if len(vectors) < needed:
            log.warning(
                "%s: the %d training vectors are repeated to make the %d that its codes need",
                self.name,
                len(vectors),
                needed,
            )
            vectors = np.resize(vectors, (needed, vectors.shape[1]))
        self.index_.train(vectors)

    def _add(self, vectors: np.ndarray, places: np.ndarray) -> None:
        if self.index_ is None:
            self.index_ = self._make(len(vectors), vectors.shape[1])
        if faiss_introspection.keeps_places(self.index_):
            self.index_.add_with_ids(vectors, places)
        else:
            self.index_.add(vectors)

    def _nearest(self, queries: np.ndarray, k: int, mask: np.ndarray | None = None, effort: int = 1) -> Found:
        values = self.search_knobs
        values.update({name: values[name] * effort for name in values if name != "k_factor"})
        parameters = faiss_introspection.parameters(self.index_, values, faiss_introspection.selector(mask))
        near, at = self.index_.search(queries, k, params=parameters)
        return (np.negative(near, out=near) if self.metric == "l2" else near), at

    def _has(self, name: str) -> bool:
        return self.index_ is None or name in faiss_introspection.knobs(self.index_)

    def _default(self, name: str) -> int | None:
        if name == "nprobe":
            return (
                None
                if self.index_ is None
                else math.ceil(math.sqrt(faiss_introspection.n_lists(self.index_)))
            )
        return {"ef_search": 64, "k_factor": 4}[name]

    def _values(self, name: str) -> tuple[int, ...]:
        lists = faiss_introspection.n_lists(self.index_) if self.index_ is not None else 0
        if name != "nprobe" or not lists:
            return self.grid[name]
        return (*(value for value in self.grid[name] if value < lists), lists)

    def _most_effort(self) -> int:
        return faiss_introspection.most_effort(self.index_, self.search_knobs)

    @property
    def keeps_vectors(self) -> bool:
        """Whether the vectors themselves are in it, uncompressed."""
        return self.index_ is not None and faiss_introspection.keeps_vectors(self.index_)

    @property
    def _compares(self) -> bool:
        return self.index_ is not None and faiss_introspection.has_vectors(self.index_)

    def _vectors(self, places: np.ndarray) -> np.ndarray:
        return faiss_introspection.vectors(self.index_, places)

    def _remove(self, places: np.ndarray) -> None:
        self.index_.remove_ids(faiss.IDSelectorBatch(places))

    @property
    def _selects(self) -> bool:
        return faiss_introspection.selects(self.index_)

    @property
    def _moves_up(self) -> bool:
        return not faiss_introspection.keeps_places(self.index_)

    def _write(self, archive: Archive) -> None:
        write_part(archive, self.index_)

    def _read(self, opened: Opened) -> None:
        self.index_ = read_part(opened.archive)

    def _bytes(self) -> int:
        return faiss_introspection.size_bytes(self.index_)


def write_part(archive: Archive, index: Any) -> None:
    """Let Faiss write ``index`` into ``archive``."""
    with archive.write(_PART) as stream:
        faiss.write_index(index, faiss.PyCallbackIOWriter(stream.write, 1 << 20))


def read_part(archive: Archive) -> Any:
    """The Faiss index in ``archive``."""
    with archive.read(_PART) as stream:
        return faiss.read_index(faiss.PyCallbackIOReader(stream.read, 1 << 20))


def lists(nlist: int | None, n: int, name: str) -> int:
    """The number of inverted lists for ``n`` training vectors: ``nlist``, or 4 √n when None.

    A list needs a vector: more lists than vectors are cut down, with a warning.

    Raises:
        ConfigError: ``nlist`` < 1.
    """
    if nlist is None:
        return max(1, min(round(4 * math.sqrt(n)), n // _POINTS_PER_LIST))
    if nlist < 1:
        raise ConfigError(f"{name}: nlist must be >= 1 or null, got {nlist}")
    if nlist > n:
        log.warning("%s: nlist %d is cut down to %d, the number of training vectors", name, nlist, n)
    return min(nlist, n)


def padding(m: int | None, width: int, share: int, name: str) -> tuple[str, int]:
    """Factory prefix and number of codes: ``m``, or one for every ``share`` numbers, zeros filling the last.

    Raises:
        ConfigError: ``m`` does not divide ``width``.
    """
    if m is None:
        m = math.ceil(width / share)
        return (f"Pad{m * share}," if m * share != width else ""), m
    if m < 1 or width % m:
        fitting = [one for one in range(1, width + 1) if width % one == 0]
        raise ConfigError(f"{name}: m must divide the width {width}, got {m}; choose from {fitting}")
    return "", m


def refinement(refine: str) -> str:
    """The factory suffix for comparing candidates again.

    Raises:
        ConfigError: no such refinement.
    """
    if refine not in _REFINEMENTS:
        raise ConfigError(f"refine must be one of {', '.join(_REFINEMENTS)}, got {refine!r}")
    return _REFINEMENTS[refine]
