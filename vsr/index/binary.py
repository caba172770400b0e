"""Sign bits compared by Hamming distance, the best candidates compared again exactly, through Faiss.

Source: Gong and Lazebnik 2011 (doi 10.1109/CVPR.2011.5995432), with a random in place of a learned rotation.
"""

import json
from typing import ClassVar

import numpy as np

from vsr.index.backend import Backend, Found
from vsr.index.faiss_backend import K_FACTOR, faiss, read_part, write_part
from vsr.index.lsh import check_bits
from vsr.index.serialization import Archive, Opened
from vsr.index.sign_hashing import Angles


class Binary(Backend):
    """Codes of ``bits`` signs around the mean, beside the vectors that candidates are compared again with.

    Args:
        bits: of a code, a multiple of 8; null is the multiple at or above 2 d.
        k_factor: candidates compared again, in multiples of k.
        metric: cosine, ip or l2; for the last two, the codes are of turned vectors (`sign_hashing`).
        seed: of the rotation.

    Raises:
        ValueError: ``bits`` no multiple of 8, or an unknown metric.
    """

    name = "binary"
    grid: ClassVar = {"k_factor": K_FACTOR}
    needs_training = True
    removable = True
    keeps_vectors = True
    _moves_up = True

    def __init__(
        self, bits: int | None = None, k_factor: int = 16, metric: str = "cosine", seed: int = 0
    ) -> None:
        super().__init__(metric, seed)
        self.bits = check_bits(bits)
        self.k_factor = k_factor

    def _train(self, vectors: np.ndarray, n: int) -> None:
        self.angles_ = Angles.learned(self.metric, vectors)
        turned = self.angles_.held(vectors)
        bits = self.chosen_["bits"] = self.bits or -(-2 * vectors.shape[1] // 8) * 8
        self.mean_ = turned.mean(axis=0)
        self._rotate(turned.shape[1], bits)
        self.codes_ = faiss.IndexBinaryFlat(bits)
        metric = faiss.METRIC_L2 if self.metric == "l2" else faiss.METRIC_INNER_PRODUCT
        self.index_ = faiss.IndexFlat(vectors.shape[1], metric)

    def _rotate(self, width: int, bits: int) -> None:
        self.rotation_ = faiss.RandomRotationMatrix(width, bits)
        self.rotation_.init(self.seed + 1)

    def _most_training(self, n: int, width: int) -> int:
        return 65_536

    def _signs(self, turned: np.ndarray) -> np.ndarray:
        """Codes (n, bits / 8) uint8 of ``turned`` vectors."""
        return np.packbits(self.rotation_.apply(np.ascontiguousarray(turned)) > 0, axis=1)

    def _add(self, vectors: np.ndarray, places: np.ndarray) -> None:
        self.codes_.add(self._signs(self.angles_.held(vectors) - self.mean_))
        self.index_.add(vectors)

    def _nearest(self, queries: np.ndarray, k: int, mask: np.ndarray | None = None, effort: int = 1) -> Found:
        turned = self.angles_.asked(queries)
        if self.metric == "cosine":
            turned = turned - self.mean_
        _, places = self.codes_.search(self._signs(turned), min(len(self), k * self.k_factor))
        places = np.ascontiguousarray(places)
        near = np.empty(places.shape, np.float32)
        self.index_.compute_distance_subset(
            len(queries),
            faiss.swig_ptr(queries),
            places.shape[1],
            faiss.swig_ptr(near),
            faiss.swig_ptr(places),
        )
        scores = -near if self.metric == "l2" else near
        best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        best = np.take_along_axis(best, np.argsort(-np.take_along_axis(scores, best, 1), axis=1), axis=1)
        return np.take_along_axis(scores, best, axis=1), np.take_along_axis(places, best, axis=1)

    def _vectors(self, places: np.ndarray) -> np.ndarray:
        return self.index_.reconstruct_batch(places)

    def _remove(self, places: np.ndarray) -> None:
        self.index_.remove_ids(faiss.IDSelectorBatch(places))
        self.codes_.remove_ids(faiss.IDSelectorBatch(places))

    def _write(self, archive: Archive) -> None:
        with archive.write("angles.json") as stream:
            stream.write(json.dumps(self.angles_.state).encode())
        archive.save_array("mean.npy", self.mean_)
        archive.save_array("codes.npy", faiss.vector_to_array(self.codes_.xb))
        write_part(archive, self.index_)

    def _read(self, opened: Opened) -> None:
        with opened.archive.read("angles.json") as stream:
            self.angles_ = Angles.of(json.load(stream))
        self.mean_ = opened.archive.load_array("mean.npy")
        self.index_ = read_part(opened.archive)
        self._rotate(len(self.mean_), self.chosen_["bits"])
        self.codes_ = faiss.IndexBinaryFlat(self.chosen_["bits"])
        self.codes_.add(opened.archive.load_array("codes.npy").reshape(-1, self.chosen_["bits"] // 8))

    def _bytes(self) -> int:
        each = self.codes_.code_size + self.index_.code_size
        return self.index_.ntotal * each + 4 * len(self.mean_) * max(self.chosen_["bits"], len(self.mean_))
