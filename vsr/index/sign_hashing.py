"""Vectors turned so that their angles order them as a metric does: what hashing by signs needs.

Inner product: Bachrach et al. 2014, "Speeding up the Xbox recommender system" (held vectors get one more
number that makes them equally long).
L2: -|q - x|² is twice the inner product of (q, 1) and (x, -|x|²/2), less |q|².
"""

from typing import Any, Self

import numpy as np


class Angles:
    """How vectors are turned, learned from a sample of them.

    Args:
        metric: cosine, ip or l2.
        mean: (d,) that is taken off, under l2.
        scale: by which vectors are divided, under l2.
        longest: length that held vectors, once lifted, are filled up to.
    """

    def __init__(self, metric: str, mean: np.ndarray, scale: float, longest: float) -> None:
        self.metric = metric
        self.mean = mean
        self.scale = scale
        self.longest = longest

    @classmethod
    def learned(cls, metric: str, vectors: np.ndarray) -> Self:
        """From ``vectors`` (n, d), as an index takes them."""
        mean, scale = np.zeros(vectors.shape[1], np.float32), 1.0
        if metric == "l2":  # a usual vector gets length 1, so that no part of the lifted one drowns another
            mean = vectors.mean(axis=0)
            scale = float(np.sqrt(np.mean(((vectors - mean) ** 2).sum(axis=1)))) or 1.0
        made = cls(metric, mean, scale, 1.0)
        made.longest = float(np.linalg.norm(made._lifted(vectors), axis=1).max()) or 1.0
        return made

    @property
    def state(self) -> dict[str, Any]:
        """What the constructor takes, as plain data."""
        return {
            "metric": self.metric,
            "mean": self.mean.tolist(),
            "scale": self.scale,
            "longest": self.longest,
        }

    @classmethod
    def of(cls, state: dict[str, Any]) -> Self:
        """The one whose `state` that was."""
        return cls(**{**state, "mean": np.asarray(state["mean"], np.float32)})

    def held(self, vectors: np.ndarray) -> np.ndarray:
        """``vectors`` (n, d) to be held, turned: (n, d), under ip (n, d + 1), under l2 (n, d + 2)."""
        if self.metric == "cosine":
            return vectors
        lifted = self._lifted(vectors)
        rest = self.longest**2 - (lifted**2).sum(axis=1, keepdims=True)
        return np.concatenate([lifted, np.sqrt(np.maximum(rest, 0))], axis=1)

    def asked(self, queries: np.ndarray) -> np.ndarray:
        """``queries`` (Q, d), turned to match."""
        if self.metric == "cosine":
            return queries
        tail = np.array([[1.0, 0.0]] if self.metric == "l2" else [[0.0]], np.float32)
        centered = (queries - self.mean) / np.float32(self.scale)
        return np.concatenate([centered, np.repeat(tail, len(queries), axis=0)], axis=1)

    def scores(self, cosines: np.ndarray, queries: np.ndarray) -> np.ndarray:
        """Similarities (Q, k) under the metric that ``cosines`` (Q, k) of turned vectors stand for."""
        if self.metric == "cosine":
            return cosines
        length = np.linalg.norm(self.asked(queries), axis=1, keepdims=True)
        products = cosines * length * self.longest
        if self.metric == "ip":
            return products
        return (2 * products - (length**2 - 1)) * self.scale**2

    def _lifted(self, vectors: np.ndarray) -> np.ndarray:
        centered = (vectors - self.mean) / np.float32(self.scale)
        if self.metric != "l2":
            return centered
        return np.concatenate([centered, -(centered**2).sum(axis=1, keepdims=True) / 2], axis=1)
