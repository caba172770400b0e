"""Backends by the name under which they are configured, and index files back to indexes."""

from pathlib import Path

from vsr.errors import IndexFileError
from vsr.index import saving
from vsr.index.backend import Backend
from vsr.index.flat import Flat
from vsr.index.hnsw import HNSW
from vsr.index.ivf_flat import IVFFlat
from vsr.index.ivf_pq import IVFPQ

BACKENDS: dict[str, type[Backend]] = {one.name: one for one in (Flat, HNSW, IVFFlat, IVFPQ)}


def load(path: str | Path) -> Backend:
    """The index that `save` wrote to ``path``.

    Raises:
        IndexFileError: not there, no index file, cut off, damaged, or of a version or backend unknown here.
        ImportError: it was made by a library that is not installed.
    """
    with saving.opened(path) as opened:
        name = opened.manifest.get("backend")
        if name not in BACKENDS:
            raise IndexFileError(f"{path} holds an index of the unknown backend {name!r}: update vsr")
        index = BACKENDS[name](**opened.manifest["arguments"])
        index.restore(opened)
        return index
