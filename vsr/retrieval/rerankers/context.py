"""What a reranker may need besides queries, gallery and neighbors, and the verbs that it may have."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from torch import Tensor

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.relevance.ragged import Ragged
from vsr.errors import ConfigError
from vsr.index.neighbors import Neighbors

Vectors = Tensor | np.ndarray

_MEND = {
    "train_embeddings": "embed the training pictures, or load what it learned before",
    "train_labels": "give the labels of the training pictures, or load what it learned before",
    "catalogue": "give the catalogue that the gallery is from",
    "query_rows": "give the catalogue rows of the queries",
    "gallery_rows": "give the catalogue rows of the gallery",
}


@dataclass(frozen=True)
class Context:
    """The surroundings of a search; what nobody gave is None.

    Attributes:
        similarity: cosine, ip or l2: what the search ranks by.
        gallery: (N, d) embeddings that are searched.
        ignored: gallery positions that each query ignores; none when None.
        train_embeddings: (n, d) embeddings of the training split, by the model that made the others.
        train_labels: (n,) int64 labels of them.
        catalogue: where the pictures and their columns are.
        query_rows: (Q,) int64 catalogue rows of the queries.
        gallery_rows: (N,) int64 catalogue rows of the gallery.
    """

    similarity: str = "cosine"
    gallery: Vectors | None = None
    ignored: Ragged | None = None
    train_embeddings: Tensor | None = None
    train_labels: np.ndarray | None = None
    catalogue: Catalogue | None = None
    query_rows: np.ndarray | None = None
    gallery_rows: np.ndarray | None = None

    def required(self, what: str, by: str) -> Any:
        """The attribute ``what``.

        Raises:
            ConfigError: nobody gave it; ``by`` is the reranker that cannot do without.
        """
        value = getattr(self, what)
        if value is None:
            raise ConfigError(f"rerank={by} needs {what}: {_MEND.get(what, 'give it')}")
        return value

    def refuse_l2(self, by: str) -> None:
        """Raise ConfigError when the search ranks by distance: ``by`` weighs by the cosine."""
        if self.similarity == "l2":
            raise ConfigError(
                f"rerank={by} weighs by the cosine; set evaluation.similarity=cosine, or whiten before it"
            )


class Reranker(Protocol):
    """Gives neighbors a better order, or better neighbors. Its constructor does no work."""

    def rerank(self, queries: Tensor, gallery: Vectors, neighbors: Neighbors) -> Neighbors:
        """Neighbors (Q, K') from ``queries`` (Q, d), ``gallery`` (N, d) and ``neighbors`` (Q, K)."""
        ...


@runtime_checkable
class Prepares(Protocol):
    """A reranker with work to do before any query: learning, or describing the gallery."""

    def prepare(self, context: Context) -> None:
        """Do it.

        Raises:
            ConfigError: something is missing; the message names it.
        """
        ...


@runtime_checkable
class Embeds(Protocol):
    """A reranker that changes embeddings and has the gallery searched again, as it was searched before."""

    def embed(self, queries: Tensor, gallery: Vectors, neighbors: Neighbors) -> tuple[Tensor, Vectors]:
        """Queries (Q, d') and gallery (N, d') to search instead; the same objects where nothing changes."""
        ...


@runtime_checkable
class Transforms(Protocol):
    """A reranker that moves every embedding alike, those that later rerankers learn from among them."""

    def transform(self, vectors: Vectors) -> Tensor:
        """Vectors (n, d') from ``vectors`` (n, d)."""
        ...


def needs_training(reranker: object) -> bool:
    """Whether ``reranker`` learns from embeddings of the training split: its class says ``learns = True``."""
    return bool(getattr(reranker, "learns", False))
