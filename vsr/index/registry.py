"""Backends by the name under which they are configured, and index files back to indexes."""

from pathlib import Path

from vsr.errors import IndexFileError
from vsr.index import serialization
from vsr.index.annoy import Annoy
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
from vsr.index.nsg import NSG
from vsr.index.scann import ScaNN
from vsr.index.usearch import USearch

# Those behind the last Faiss one need a library of their own, an extra of the same name.
BACKENDS: dict[str, type[Backend]] = {
    one.name: one
    for one in (
        Flat,
        IVFFlat,
        IVFSQ8,
        IVFPQ,
        IVFPQFastScan,
        IVFRaBitQ,
        Faiss,
        HNSW,
        HNSWSQ8,
        NSG,
        LSH,
        Binary,
        KMeansTree,
        Annoy,
        HNSWLib,
        USearch,
        ScaNN,
    )
}


def load(path: str | Path) -> Backend:
    """The index that `save` wrote to ``path``.

    Raises:
        IndexFileError: not there, no index file, cut off, damaged, or of a version or backend unknown here.
        ConfigError: it was made by a library that is not installed.
    """
    with serialization.opened(path) as opened:
        name = opened.manifest.get("backend")
        if name not in BACKENDS:
            raise IndexFileError(f"{path} holds an index of the unknown backend {name!r}: update vsr")
        index = BACKENDS[name](**opened.manifest["arguments"])
        index.restore(opened)
        return index
