"""RaBitQ: randomly rotated vectors of a few bits a number, in inverted lists.

Source: Gao and Long 2024 (arXiv 2405.12497); several bits: arXiv 2409.09913; through Faiss.
"""

from typing import ClassVar

from vsr.errors import ConfigError
from vsr.index.faiss_backend import NPROBE, FaissBackend, lists


class IVFRaBitQ(FaissBackend):
    """Codes of ``bits`` bits a number, and a few floats, in inverted lists; scores are unbiased estimates.

    Under ip vectors must not be short against 1: Faiss's centers are that long, and codes hold what is left.

    Args:
        bits: bits a number, 1 to 9.
        nlist: number of lists; null is 4 √n, at most one for every 39 training vectors.
        nprobe: lists that a search looks into; null is √nlist.
        metric: cosine, ip or l2.
        seed: of the k-means.

    Raises:
        ValueError: ``bits`` out of range, or an unknown metric.
    """

    name = "ivf_rabitq"
    grid: ClassVar = {"nprobe": NPROBE}
    removable = True

    def __init__(
        self,
        bits: int = 4,
        nlist: int | None = None,
        nprobe: int | None = None,
        metric: str = "cosine",
        seed: int = 0,
    ) -> None:
        super().__init__(metric, seed)
        if not 1 <= bits <= 9:
            raise ConfigError(f"bits must be 1 to 9, got {bits}")
        self.bits = bits
        self.nlist = nlist
        self.nprobe = nprobe

    def _factory(self, n: int, width: int) -> str:
        self.chosen_["nlist"] = lists(self.nlist, n, self.name)
        return f"RR{width},IVF{self.chosen_['nlist']},RaBitQ{self.bits}"
