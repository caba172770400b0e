"""A navigable graph of vectors with a byte for each number, through Faiss.

Source: Malkov and Yashunin 2016 (arXiv 1603.09320).
"""

import numpy as np

from vsr.index.faiss_backend import faiss
from vsr.index.hnsw import HNSW


class HNSWSQ8(HNSW):
    """A graph of rounded vectors, whose scores they give; otherwise, and in its arguments, as `HNSW`.

    Vectors that are rounded alike are copies of one another.
    """

    name = "hnsw_sq8"
    needs_training = True  # of the range of each number

    def _factory(self, n: int, width: int) -> str:
        return f"HNSW{self.m},SQ8"

    def _distinguished(self, vectors: np.ndarray) -> np.ndarray:
        return faiss.downcast_index(self.index_.storage).sa_encode(vectors)
