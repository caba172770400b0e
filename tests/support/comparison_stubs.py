"""Index methods that measuring processes import by this module's name: one that works, some that do not."""

import pickle
from pathlib import Path

import numpy as np

from vsr.index.flat import Flat
from vsr.index.neighbors import Neighbors


class Sampled:
    """Exact search among the first ``share`` percent of the vectors."""

    def __init__(self, metric="cosine", share=100):
        self.metric, self.share, self.flat, self.vectors = metric, share, None, None
        self.built = {"leaf": 1}

    def train(self, vectors):
        pass

    def add(self, vectors, ids=None):
        self.vectors = np.array(vectors)

    def search(self, queries, k, allowed=None):
        flat = Flat(self.metric)
        flat.add(self.vectors[: max(1, len(self.vectors) * self.share // 100)])
        return Neighbors(*flat.search(queries, k))

    def save(self, path):
        Path(path).write_bytes(pickle.dumps(1))

    def set_knobs(self, **knobs):
        for name, value in knobs.items():
            if value < 1:
                raise ValueError(f"{name} must be >= 1, got {value}")
            setattr(self, name, value)

    @property
    def memory_bytes(self):
        return self.vectors.nbytes

    @property
    def build_knobs(self):
        return self.built

    def knob_grid(self):
        return [{"share": 10}, {"share": 100}]

    def __len__(self):
        return len(self.vectors)


class Failing(Sampled):
    def train(self, vectors):
        raise RuntimeError("no such thing\nas training")
