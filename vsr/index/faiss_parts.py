"""What can be asked of a Faiss index, read from how it is put together."""

import math
from typing import Any

import faiss as faiss_module
import numpy as np

# Faiss trains k-means on up to 256 points a centroid; with 64, training is four times as fast.
_POINTS_PER_CENTROID = 64
_CODEBOOK_POINTS = 65_536  # of which product quantizers and OPQ make use
_WHOLE_BYTES = 8  # of one offset or id
IndexLike = Any
faiss: Any = faiss_module  # its type stubs know half of it


def peeled(index: IndexLike) -> IndexLike:
    """``index`` as its own class, below any vector transform and refinement."""
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexPreTransform):
        return peeled(index.index)
    if isinstance(index, faiss.IndexRefine):
        return peeled(index.base_index)
    return index


def refined(index: IndexLike) -> bool:
    """Whether candidates are compared again with better vectors."""
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexPreTransform):
        return refined(index.index)
    return isinstance(index, faiss.IndexRefine)


def knobs(index: IndexLike) -> set[str]:
    """Names of the search knobs that ``index`` has."""
    core = peeled(index)
    names = {"k_factor"} if refined(index) else set()
    if isinstance(core, faiss.IndexIVF):
        names.add("nprobe")
        core = faiss.downcast_index(core.quantizer)
    if isinstance(core, faiss.IndexHNSW | faiss.IndexNSG):
        names.add("ef_search")
    return names


def n_lists(index: IndexLike) -> int:
    """The number of inverted lists, 0 when it has none."""
    core = peeled(index)
    return core.nlist if isinstance(core, faiss.IndexIVF) else 0


def keeps_places(index: IndexLike) -> bool:
    """Whether vectors keep their number when others are removed: those in inverted lists do."""
    return not refined(index) and isinstance(peeled(index), faiss.IndexIVF)


def removable(index: IndexLike) -> bool:
    """Whether ``remove_ids`` works."""
    return not refined(index) and isinstance(peeled(index), faiss.IndexIVF | faiss.IndexFlatCodes)


def selects(index: IndexLike) -> bool:
    """Whether a search can be limited to some vectors."""
    kinds = (
        faiss.IndexIVF,
        faiss.IndexHNSW,
        faiss.IndexFlat,
        faiss.IndexScalarQuantizer,
    )
    return isinstance(peeled(index), kinds)


def parameters(index: IndexLike, values: dict[str, int], selector: IndexLike) -> IndexLike:
    """Search parameters that carry ``values`` of the knobs, and ``selector``, to the part that heeds them.

    Refinement and transforms pass nothing on by themselves: a selector given to them would be ignored.
    """
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexPreTransform):
        inner = parameters(index.index, values, selector)
        return None if inner is None else faiss.SearchParametersPreTransform(index_params=inner)
    if isinstance(index, faiss.IndexRefine):
        inner = parameters(index.base_index, values, selector)
        return faiss.IndexRefineSearchParameters(k_factor=values["k_factor"], base_index_params=inner)
    if isinstance(index, faiss.IndexIVF):
        nprobe = min(values["nprobe"], index.nlist)
        if isinstance(faiss.downcast_index(index.quantizer), faiss.IndexHNSW):
            coarse = faiss.SearchParametersHNSW(efSearch=max(values["ef_search"], nprobe))
            return faiss.SearchParametersIVF(nprobe=nprobe, sel=selector, quantizer_params=coarse)
        return faiss.SearchParametersIVF(nprobe=nprobe, sel=selector)
    if isinstance(index, faiss.IndexHNSW):
        return faiss.SearchParametersHNSW(efSearch=values["ef_search"], sel=selector)
    return None if selector is None else faiss.SearchParameters(sel=selector)


def selector(mask: np.ndarray | None) -> IndexLike:
    """A selector of the places that are True in ``mask`` (places,)."""
    return None if mask is None else faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))


def most_effort(index: IndexLike, values: dict[str, int]) -> int:
    """How many times the knobs' ``values`` reach everything."""
    core = peeled(index)
    if isinstance(core, faiss.IndexIVF):
        return math.ceil(core.nlist / values["nprobe"])
    if isinstance(core, faiss.IndexHNSW):
        return math.ceil(max(1, core.ntotal) / values["ef_search"])
    return 1


def most_training(index: IndexLike) -> int:
    """How many vectors training has use for."""
    return max(_CODEBOOK_POINTS, _POINTS_PER_CENTROID * n_lists(index))


def least_training(index: IndexLike) -> int:
    """How many vectors training cannot do without: one a centroid of the lists and of every codebook."""
    core = peeled(index)
    codebook = getattr(core, "pq", None)
    return max(1, n_lists(index), codebook.ksub if codebook is not None else 1)


def set_seed(index: IndexLike, seed: int) -> None:
    """Let everything that is drawn by chance in training follow from ``seed``."""
    core = peeled(index)
    clusterings = [core.cp] if isinstance(core, faiss.IndexIVF) else []
    if getattr(core, "pq", None) is not None:
        clusterings.append(core.pq.cp)
    for clustering in clusterings:
        clustering.seed = seed + 1  # Faiss takes some seeds below 1 for "from the clock"
        clustering.max_points_per_centroid = _POINTS_PER_CENTROID if clustering is core.cp else 256
        clustering.min_points_per_centroid = 1  # it would warn on the standard error stream, once a codebook


def size_bytes(index: IndexLike) -> int:
    """Bytes of what ``index`` would write, which is what it holds but for spare room."""
    written = [0]

    def count(block: bytes) -> int:
        written[0] += len(block)
        return len(block)

    faiss.write_index(index, faiss.PyCallbackIOWriter(count, 1 << 20))
    return written[0]


def reason(error: RuntimeError) -> str:
    """The last part of what Faiss says, without its source files and line numbers."""
    return str(error).rpartition("Error: ")[2].strip() or str(error)
