"""Product-quantized vectors in inverted lists, the best candidates compared again.

Source: Jégou et al. 2011 (doi 10.1109/TPAMI.2010.57), through Faiss.
"""

from typing import ClassVar

from vsr.index.faiss_backend import K_FACTOR, NPROBE, FaissBackend, lists, padding, refinement


class IVFPQ(FaissBackend):
    """Codes of ``m`` bytes in inverted lists.

    Under ip vectors must not be short against 1: Faiss's centers are that long, and codes hold what is left.

    Args:
        nlist: number of lists; null is 4 √n, at most one for every 39 training vectors.
        m: bytes a code, each for d / m numbers of the vector; null is d / 4. Must divide d.
        refine: what candidates are compared again with: exact (the vectors), fp16 or sq8 (half or a quarter
            of their bytes), or none, which leaves the codes' own estimates as scores.
        nprobe: lists that a search looks into; null is √nlist.
        k_factor: candidates compared again, in multiples of k.
        metric: cosine, ip or l2.
        seed: of the k-means.

    Raises:
        ValueError: an unknown ``refine`` or metric.
    """

    name = "ivf_pq"
    grid: ClassVar = {"nprobe": NPROBE, "k_factor": K_FACTOR}

    def __init__(
        self,
        nlist: int | None = None,
        m: int | None = None,
        refine: str = "exact",
        nprobe: int | None = None,
        k_factor: int = 4,
        metric: str = "cosine",
        seed: int = 0,
    ) -> None:
        super().__init__(metric, seed)
        self.nlist = nlist
        self.m = m
        self.refine = refine
        self.nprobe = nprobe
        self.k_factor = k_factor
        self._refinement = refinement(refine)

    @property
    def removable(self) -> bool:
        """Whether `remove` works: only without refinement."""
        return self.refine == "none"

    def _factory(self, n: int, width: int) -> str:
        pad, m = padding(self.m, width, 4, self.name)
        self.chosen_.update(nlist=lists(self.nlist, n, self.name), m=m)
        return f"{pad}IVF{self.chosen_['nlist']},PQ{m}{self._refinement}"
