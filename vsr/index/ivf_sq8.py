"""Inverted lists of vectors with a byte for each number, through Faiss."""

from typing import ClassVar

from vsr.index.faiss_backend import NPROBE, FaissBackend, lists


class IVFSQ8(FaissBackend):
    """Vectors of d bytes in inverted lists; scores are those of the rounded vectors.

    Args:
        nlist: number of lists; null is 4 √n, at most one for every 39 training vectors.
        nprobe: lists that a search looks into; null is √nlist.
        metric: cosine, ip or l2.
        seed: of the k-means.
    """

    name = "ivf_sq8"
    grid: ClassVar = {"nprobe": NPROBE}
    removable = True

    def __init__(
        self, nlist: int | None = None, nprobe: int | None = None, metric: str = "cosine", seed: int = 0
    ) -> None:
        super().__init__(metric, seed)
        self.nlist = nlist
        self.nprobe = nprobe

    def _factory(self, n: int, width: int) -> str:
        self.chosen_["nlist"] = lists(self.nlist, n, self.name)
        return f"IVF{self.chosen_['nlist']},SQ8"
