"""Made-up vectors: clusters in a space of few dimensions, as embeddings of products lie."""

from pathlib import Path
from typing import Any

import numpy as np

from vsr.ann.vectors import GALLERY, QUERIES, Labels, blocks, save, save_labels
from vsr.files import written_whole

_NOISE = 0.05  # of each coordinate outside of the few dimensions, as a share of what is inside


class Clustered:
    """Vectors of length 1 in clusters; a vector's cluster is its label.

    Centers and spread lie in ``intrinsic`` dimensions, mapped linearly into ``width``, with a little noise in
    all of them: embeddings use few of their dimensions, and an index that has to tell apart vectors spread
    evenly in all would be measured on what never occurs.

    Args:
        n: vectors of the gallery, >= 1.
        width: d, >= 1.
        clusters: how many; None for the square root of ``n``.
        spread: standard deviation within a cluster, that of the centers being 1.
        intrinsic: dimensions that the clusters lie in, <= ``width``.
        query_shift: length of an offset common to all queries, that of the vectors being 1: queries from
            elsewhere, such as sketches or text. 0 for queries from the clusters.
        seed: of everything.

    Raises:
        ValueError: a number outside its range.
    """

    def __init__(
        self,
        n: int = 20_000,
        width: int = 128,
        clusters: int | None = None,
        spread: float = 1.0,
        intrinsic: int = 24,
        query_shift: float = 0.0,
        seed: int = 0,
    ) -> None:
        for name, value in (("n", n), ("width", width), ("clusters", clusters), ("intrinsic", intrinsic)):
            if value is not None and value < 1:
                raise ValueError(f"{name} must be >= 1, got {value}")
        if spread < 0 or query_shift < 0:
            raise ValueError(f"spread and query_shift must be >= 0, got {spread} and {query_shift}")
        self.n, self.width, self.spread, self.query_shift, self.seed = n, width, spread, query_shift, seed
        self.clusters = clusters or max(1, round(n**0.5))
        self.intrinsic = min(intrinsic, width)

    def identity(self) -> dict[str, Any]:
        """Its arguments."""
        return {"kind": "clustered", **vars(self)}

    def write(self, folder: Path, n_queries: int, seed: int) -> None:
        """See `vsr.ann.vectors.Source`; memory is one block."""
        random = np.random.default_rng([self.seed, 0])
        centers = random.standard_normal((self.clusters, self.intrinsic)).astype(np.float32)
        basis = random.standard_normal((self.intrinsic, self.width)).astype(np.float32)
        shift = _unit(random.standard_normal((1, self.width)).astype(np.float32)) * self.query_shift
        labels = np.random.default_rng([self.seed, 1]).integers(0, self.clusters, self.n)
        with written_whole(folder / GALLERY) as aside:
            out = np.lib.format.open_memmap(aside, mode="w+", dtype=np.float32, shape=(self.n, self.width))
            for block in blocks(self.n):
                own = np.random.default_rng([self.seed, 2, block.start])
                out[block] = self._around(centers[labels[block]], basis, own)
            out.flush()
        random = np.random.default_rng([self.seed, 3, seed])
        asked = random.integers(0, self.clusters, n_queries)
        queries = _unit(self._around(centers[asked], basis, random) + shift)
        save(folder, QUERIES, queries)
        save_labels(folder, Labels.of_one_level(asked, labels))

    def _around(self, centers: np.ndarray, basis: np.ndarray, random: np.random.Generator) -> np.ndarray:
        shape = (len(centers), self.width)
        inner = centers + self.spread * random.standard_normal(centers.shape, dtype=np.float32)
        outer = random.standard_normal(shape, dtype=np.float32)
        return _unit(inner @ basis + _NOISE * np.sqrt(np.float32(self.intrinsic)) * outer)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float32).tiny)
