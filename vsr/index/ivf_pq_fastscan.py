"""4-bit product-quantized vectors in inverted lists, scanned in registers, the best compared again.

Source: André et al. 2015, "Cache locality is not enough" (doi 10.14778/2856318.2856324), through Faiss.
"""

from typing import ClassVar

import numpy as np

from vsr.index.backend import Found
from vsr.index.faiss_backend import K_FACTOR, NPROBE, FaissBackend, lists, padding, refinement
from vsr.index.filtering import compared


class IVFPQFastScan(FaissBackend):
    """Codes of ``m`` half bytes in inverted lists.

    Under ip vectors must not be short against 1: Faiss's centers are that long, and codes hold what is left.

    Args:
        nlist: number of lists; null is 4 √n, at most one for every 39 training vectors.
        m: half bytes a code, each for d / m numbers of the vector; null is d / 2. Must divide d.
        refine: what candidates are compared again with: exact (the vectors), fp16 or sq8 (half or a quarter
            of their bytes), or none, which leaves the codes' own estimates as scores.
        nprobe: lists that a search looks into; null is √nlist.
        k_factor: candidates compared again, in multiples of k.
        metric: cosine, ip or l2.
        seed: of the k-means.

    Raises:
        ValueError: an unknown ``refine`` or metric.
    """

    name = "ivf_pq_fastscan"
    grid: ClassVar = {"nprobe": NPROBE, "k_factor": K_FACTOR}

    def __init__(
        self,
        nlist: int | None = None,
        m: int | None = None,
        refine: str = "exact",
        nprobe: int | None = None,
        k_factor: int = 8,
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
        pad, m = padding(self.m, width, 2, self.name)
        self.chosen_.update(nlist=lists(self.nlist, n, self.name), m=m)
        # Codes of residuals: of what is left of a vector when its list's centroid is taken off.
        return f"{pad}IVF{self.chosen_['nlist']},PQ{m}x4fsr{self._refinement}"

    def _nearest(self, queries: np.ndarray, k: int, mask: np.ndarray | None = None, effort: int = 1) -> Found:
        scores, places = super()._nearest(queries, k, mask, effort)
        # To a query to which all codes look the same, such as zeros, the scan finds nothing.
        lost = np.flatnonzero(places[:, 0] < 0)
        if len(lost) and mask is None and self._compares:
            scores[lost], places[lost] = compared(self, queries[lost], k, np.arange(len(self)))
        return scores, places
