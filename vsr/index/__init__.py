"""Vectors become neighbours. Every index has the same verbs and the same manners."""

from vsr.index.annoy import Annoy
from vsr.index.auto import Auto
from vsr.index.backend import Backend
from vsr.index.binary import Binary
from vsr.index.faiss import Faiss
from vsr.index.flat import Flat
from vsr.index.hnsw import HNSW
from vsr.index.hnsw_sq8 import HNSWSQ8
from vsr.index.hnswlib import HNSWLib
from vsr.index.ivf_flat import IVFFlat
from vsr.index.ivf_pq import IVFPQ
from vsr.index.ivf_pq_fastscan import IVFPQFastScan
from vsr.index.ivf_rabitq import IVFRaBitQ
from vsr.index.ivf_sq8 import IVFSQ8
from vsr.index.kmeans_tree import KMeansTree
from vsr.index.lsh import LSH
from vsr.index.neighbours import Neighbours, ordered
from vsr.index.nsg import NSG
from vsr.index.protocol import Index
from vsr.index.recall import Truth
from vsr.index.registry import BACKENDS, load
from vsr.index.scann import ScaNN
from vsr.index.tuning import Trial, Tuning, tune
from vsr.index.usearch import USearch

__all__ = [
    "BACKENDS",
    "HNSW",
    "HNSWSQ8",
    "IVFPQ",
    "IVFSQ8",
    "LSH",
    "NSG",
    "Annoy",
    "Auto",
    "Backend",
    "Binary",
    "Faiss",
    "Flat",
    "HNSWLib",
    "IVFFlat",
    "IVFPQFastScan",
    "IVFRaBitQ",
    "Index",
    "KMeansTree",
    "Neighbours",
    "ScaNN",
    "Trial",
    "Truth",
    "Tuning",
    "USearch",
    "load",
    "ordered",
    "tune",
]
