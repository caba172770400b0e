"""Inverted lists of vectors with a byte for each number, through Faiss."""

from vsr.index.faiss_backend import lists
from vsr.index.ivf_flat import IVFFlat


class IVFSQ8(IVFFlat):
    """Vectors of d bytes in the lists, whose scores they give; in all else, arguments too, as `IVFFlat`.

    Under ip vectors must not be short against 1: Faiss's centers are that long, and codes hold what is left.
    """

    name = "ivf_sq8"

    def _factory(self, n: int, width: int) -> str:
        self.chosen_["nlist"] = lists(self.nlist, n, self.name)
        return f"IVF{self.chosen_['nlist']},SQ8"
