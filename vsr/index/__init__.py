"""Vectors become neighbours. Every index has the same verbs and the same manners."""

from vsr.index.backend import Backend
from vsr.index.flat import Flat
from vsr.index.hnsw import HNSW
from vsr.index.ivf_flat import IVFFlat
from vsr.index.ivf_pq import IVFPQ
from vsr.index.neighbours import Neighbours, ordered
from vsr.index.protocol import Index
from vsr.index.recall import Truth
from vsr.index.registry import BACKENDS, load

__all__ = [
    "BACKENDS",
    "HNSW",
    "IVFPQ",
    "Backend",
    "Flat",
    "IVFFlat",
    "Index",
    "Neighbours",
    "Truth",
    "load",
    "ordered",
]
