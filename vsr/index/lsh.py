"""Locality-sensitive hashing by signs of random projections, through Faiss.

Source: Charikar 2002, "Similarity estimation techniques from rounding algorithms"
(doi 10.1145/509907.509965).
"""

import json

import numpy as np

from vsr.errors import ConfigError
from vsr.index.backend import Backend, Found
from vsr.index.faiss_backend import faiss, read_part, write_part
from vsr.index.serialization import Archive, Opened
from vsr.index.sign_hashing import Angles


class LSH(Backend):
    """Codes of ``bits`` signs, all compared by Hamming distance.

    Scores are what the share h of differing bits says of the angle: cos(π h), so they come in steps.

    Args:
        bits: of a code, a multiple of 8; null is the multiple next above 8 d.
        metric: cosine, ip or l2; for the last two, vectors are turned (`vsr.index.sign_hashing`).
        seed: of the projections.

    Raises:
        ValueError: ``bits`` no multiple of 8, or an unknown metric.
    """

    name = "lsh"
    needs_training = True
    removable = True
    _moves_up = True

    def __init__(self, bits: int | None = None, metric: str = "cosine", seed: int = 0) -> None:
        super().__init__(metric, seed)
        self.bits = check_bits(bits)

    def _train(self, vectors: np.ndarray, n: int) -> None:
        self.angles_ = Angles.learned(self.metric, vectors)
        width = self.angles_.held(vectors[:1]).shape[1]
        self.chosen_["bits"] = self.bits or 8 * vectors.shape[1]
        self.index_ = faiss.IndexLSH(width, self.chosen_["bits"], True, False)
        self.index_.rrot.init(self.seed + 1)

    def _most_training(self, n: int, width: int) -> int:
        return 65_536

    def _add(self, vectors: np.ndarray, places: np.ndarray) -> None:
        self.index_.add(np.ascontiguousarray(self.angles_.held(vectors)))

    def _nearest(self, queries: np.ndarray, k: int, mask: np.ndarray | None = None, effort: int = 1) -> Found:
        differing, places = self.index_.search(np.ascontiguousarray(self.angles_.asked(queries)), k)
        cosines = np.cos(differing * np.float32(np.pi / self.chosen_["bits"]))
        return self.angles_.scores(cosines, queries), places

    def _remove(self, places: np.ndarray) -> None:
        self.index_.remove_ids(faiss.IDSelectorBatch(places))

    def _write(self, archive: Archive) -> None:
        with archive.write("angles.json") as stream:
            stream.write(json.dumps(self.angles_.state).encode())
        write_part(archive, self.index_)

    def _read(self, opened: Opened) -> None:
        with opened.archive.read("angles.json") as stream:
            self.angles_ = Angles.of(json.load(stream))
        self.index_ = read_part(opened.archive)

    def _bytes(self) -> int:
        codes = self.index_.ntotal * self.index_.code_size
        return codes + 4 * self.index_.d * max(self.index_.d, self.chosen_["bits"])  # and the projections


def check_bits(bits: int | None) -> int | None:
    """``bits``, a multiple of 8 or None.

    Raises:
        ConfigError: it is neither.
    """
    if bits is not None and (bits < 8 or bits % 8):
        raise ConfigError(f"bits must be a multiple of 8 or null, got {bits}")
    return bits
