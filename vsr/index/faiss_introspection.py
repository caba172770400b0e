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


def keeps_vectors(index: IndexLike) -> bool:
    """Whether the vectors themselves are in ``index``, uncompressed."""
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexRefineFlat | faiss.IndexFlat | faiss.IndexIVFFlat):
        return True
    return isinstance(index, faiss.IndexHNSWFlat | faiss.IndexNSGFlat)


def has_vectors(index: IndexLike) -> bool:
    """Whether `vectors` works: the vectors, or those that they were rounded to, are in ``index``."""
    return keeps_vectors(index) or isinstance(faiss.downcast_index(index), faiss.IndexHNSWSQ)


def vectors(index: IndexLike, places: np.ndarray) -> np.ndarray:
    """The vectors (n, d) at ``places``, of an index that keeps them."""
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexIVF):
        return _from_lists(index, places)
    if isinstance(index, faiss.IndexRefine):
        index = faiss.downcast_index(index.refine_index)
    return index.reconstruct_batch(places)


def _from_lists(index: IndexLike, places: np.ndarray) -> np.ndarray:
    """The vectors at ``places`` of an IndexIVFFlat, without the map that Faiss would keep for it."""
    order = np.argsort(places)
    found = np.empty((len(places), index.d), np.float32)
    for number in range(index.nlist):
        size = index.invlists.list_size(number)
        if not size:
            continue
        held = faiss.rev_swig_ptr(index.invlists.get_ids(number), size)
        at = np.minimum(np.searchsorted(places, held, sorter=order), len(places) - 1)
        wanted = places[order[at]] == held
        if wanted.any():
            codes = faiss.rev_swig_ptr(index.invlists.get_codes(number), size * index.code_size)
            found[order[at[wanted]]] = codes.view(np.float32).reshape(size, index.d)[wanted]
    return found


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
    _quiet_transforms(index)
    core = peeled(index)
    if isinstance(core, faiss.IndexIVFPQ | faiss.IndexPQ):
        core.do_polysemous_training = False  # a minute of CPU for a filter that is never used
    clusterings = []
    if isinstance(core, faiss.IndexIVF):
        core.cp.max_points_per_centroid = _POINTS_PER_CENTROID
        clusterings.append(core.cp)
    if getattr(core, "pq", None) is not None:
        clusterings.append(core.pq.cp)
    for clustering in clusterings:
        clustering.seed = seed + 1  # Faiss takes some seeds below 1 for "from the clock"
        clustering.min_points_per_centroid = 1  # it would warn on the standard error stream, once a codebook


def _quiet_transforms(index: IndexLike) -> None:
    """Keep OPQ from warning on the standard error stream at each of its many clusterings of few vectors."""
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexRefine):
        _quiet_transforms(index.base_index)
    if not isinstance(index, faiss.IndexPreTransform):
        return
    for number in range(index.chain.size()):
        transform = faiss.downcast_VectorTransform(index.chain.at(number))
        if isinstance(transform, faiss.OPQMatrix):
            codebook = faiss.ProductQuantizer(transform.d_out, transform.M, 8)
            codebook.cp.min_points_per_centroid = 1
            codebook.this.disown()  # it must outlive this function, and Faiss will not free it
            transform.pq = codebook


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
