"""Tree partition and anisotropic quantization, the best candidates compared again, through ScaNN.

Source: Guo et al. 2020 (arXiv 1908.10396).
"""

import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from vsr.extras import library
from vsr.index.backend import Backend, Found
from vsr.index.faiss_backend import faiss
from vsr.index.serialization import Archive, Opened

_FEW = 1000  # vectors below which they are compared one by one: too few to train codes on


class ScaNN(Backend):
    """Quantized vectors in a tree's leaves. Every `add` builds it anew.

    The vectors are held here a second time, for the building anew. Threads are all of the machine's, or one
    when Faiss is set to one (`vsr.threads`).

    Two builds of the same vectors may differ in a few neighbors, on one thread too: the library has no seed
    to set, and the last bits of its sums follow where its memory lies (of 60 builds one half differed from
    the other). A query alone goes another way than one among many, and may get other neighbors, one in a
    hundred. Vectors must not be short against 1: at lengths of 1e-4 its thresholds cost most of the recall.

    Args:
        n_leaves: of the tree; null is √n.
        leaves: that a search looks into; null is twice the root of their number, at least 10.
        reorder: candidates compared again; at least k.
        metric: cosine, ip or l2.

    Raises:
        ConfigError: ScaNN is not installed.
        ValueError: an unknown metric.
    """

    name = "scann"
    grid: ClassVar = {"leaves": (1, 2, 4, 8, 16, 32, 64, 128, 256), "reorder": (50, 100, 200, 400)}
    rebuilds_on_add = True
    keeps_vectors = True

    def __init__(
        self,
        n_leaves: int | None = None,
        leaves: int | None = None,
        reorder: int = 100,
        metric: str = "cosine",
    ) -> None:
        super().__init__(metric)
        self.n_leaves = n_leaves
        self.leaves = leaves
        self.reorder = reorder
        self._library()  # better now than after the vectors were computed
        self.index_: Any = None
        self._held = np.zeros((0, 0), np.float32)

    @staticmethod
    def _library() -> ModuleType:
        return library("scann.scann_ops.py.scann_ops_pybind", "index=scann", "ScaNN", "scann")

    def _add(self, vectors: np.ndarray, places: np.ndarray) -> None:
        if not len(vectors):
            return
        # A copy: what the caller does to the array later must not reach in here.
        self._held = np.concatenate([self._held, vectors]) if len(self._held) else vectors.copy()
        n = len(self._held)
        builder = self._library().builder(
            self._held, 10, "squared_l2" if self.metric == "l2" else "dot_product"
        )
        if n < _FEW:
            self.index_ = builder.score_brute_force().build()
            return
        self.chosen_["n_leaves"] = min(n, self.n_leaves or round(n**0.5))
        tree = builder.tree(self.chosen_["n_leaves"], 1, training_sample_size=min(n, 250_000))
        hashed = tree.score_ah(2, anisotropic_quantization_threshold=0.2)
        self.index_ = hashed.reorder(self.reorder).build()

    def _nearest(self, queries: np.ndarray, k: int, mask: np.ndarray | None = None, effort: int = 1) -> Found:
        single = faiss.omp_get_max_threads() == 1
        search = self.index_.search_batched if single else self.index_.search_batched_parallel
        knobs = {}
        if len(self._held) >= _FEW:
            knobs = {
                "leaves_to_search": min(self.knob("leaves"), self.chosen_["n_leaves"]),
                "pre_reorder_num_neighbors": max(self.reorder, k),
            }
        places, near = search(queries, final_num_neighbors=k, **knobs)
        none = np.isnan(near)  # beyond what it found it says 0, at no distance
        scores = -near if self.metric == "l2" else near.copy()
        return scores, np.where(none, -1, places.astype(np.int64))

    def _default(self, name: str) -> int:
        return max(10, round(2 * self.chosen_.get("n_leaves", 1) ** 0.5))

    def _vectors(self, places: np.ndarray) -> np.ndarray:
        return self._held[places]

    def _write(self, archive: Archive) -> None:
        archive.save_array("vectors.npy", self._held)
        if self.index_ is None:
            return
        with tempfile.TemporaryDirectory(prefix="vsr-index-") as folder:
            self.index_.serialize(folder)
            for path in sorted(Path(folder).iterdir()):
                text = path.read_bytes()
                with archive.write(f"scann/{path.name}") as stream:
                    # Its list of parts names the folder it was written to.
                    stream.write(
                        text.replace(f"{folder}/".encode(), b"") if path.suffix == ".pbtxt" else text
                    )

    def _read(self, opened: Opened) -> None:
        self._held = opened.archive.load_array("vectors.npy")
        parts = [name for name in opened.archive.names if name.startswith("scann/")]
        if not parts:
            return
        with tempfile.TemporaryDirectory(prefix="vsr-index-") as folder:
            for name in parts:
                with opened.archive.read(name) as stream:
                    content = stream.read()
                if name.endswith(".pbtxt"):
                    content = content.replace(b'asset_path: "', f'asset_path: "{folder}/'.encode())
                (Path(folder) / Path(name).name).write_bytes(content)
            self.index_ = self._library().load_searcher(folder)

    def _bytes(self) -> int:
        # A half byte for every two numbers beside the vectors it compares again with, and our own.
        return int(2 * self._held.nbytes + self._held.size / 4)
