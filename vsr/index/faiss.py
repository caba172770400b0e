"""Whatever a Faiss factory string describes.

Source: https://github.com/facebookresearch/faiss/wiki/The-index-factory
"""

from typing import ClassVar

from vsr.errors import ConfigError
from vsr.index import faiss_introspection
from vsr.index.faiss_backend import EF_SEARCH, K_FACTOR, NPROBE, FaissBackend


class Faiss(FaissBackend):
    """The index of a factory string, such as ``OPQ16,IVF64,PQ16``.

    Which of the search knobs it has, and whether vectors can be removed, is known once it is trained.

    A graph of it (``HNSW32,Flat``) links copies of a vector to one another alone, and thousands of them hide
    the rest: ``index=hnsw`` links each distinct vector once. Codes in lists, under ip, want vectors not short
    against 1, as Faiss's centers are that long.

    Args:
        factory: the factory string; without IDMap, for ids are kept here.
        nprobe: inverted lists that a search looks into; null is the root of their number.
        ef_search: candidates kept while searching a graph; null is 64.
        k_factor: candidates compared again, in multiples of k; null is 4.
        metric: cosine, ip or l2.
        seed: of k-means.

    Raises:
        ValueError: an IDMap or NSG, or an unknown metric; in ``train``, a string that Faiss does not
            understand or cannot build for these vectors or this metric.
    """

    name = "faiss"
    grid: ClassVar = {"nprobe": NPROBE, "ef_search": EF_SEARCH, "k_factor": K_FACTOR}

    def __init__(
        self,
        factory: str,
        nprobe: int | None = None,
        ef_search: int | None = None,
        k_factor: int | None = None,
        metric: str = "cosine",
        seed: int = 0,
    ) -> None:
        super().__init__(metric, seed)
        if "IDMap" in factory:
            raise ConfigError(f"factory must be without IDMap (ids are kept anyway), got {factory!r}")
        if "NSG" in factory:  # which never ends on 50 copies of a vector, and ends the process on few vectors
            raise ConfigError(f"factory must be without NSG, got {factory!r}: take index=nsg")
        self.factory = factory
        self.nprobe = nprobe
        self.ef_search = ef_search
        self.k_factor = k_factor

    @property
    def removable(self) -> bool:
        """Whether `remove` works; false until it is trained."""
        return self.index_ is not None and faiss_introspection.removable(self.index_)

    def _factory(self, n: int, width: int) -> str:
        return self.factory
