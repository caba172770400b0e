"""The vectors that all index methods are measured on: memory-mapped files in the run folder."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.errors import DataError
from vsr.files import write_json, written_whole
from vsr.index.copies import digests

BLOCK = 65536  # vectors copied at a time
GALLERY, QUERIES, LABELS, ABOUT = "gallery.npy", "queries.npy", "labels.npz", "vectors.json"


class Source(Protocol):
    """Where vectors come from."""

    def identity(self) -> dict[str, Any]:
        """Plain values that decide the vectors: the same identity, the same vectors."""
        ...

    def write(self, folder: Path, n_queries: int, seed: int) -> None:
        """Write gallery, at most ``n_queries`` queries and what labels there are into ``folder``."""
        ...


@dataclass(frozen=True)
class Labels:
    """What is relevant to what, as `vsr.data.relevance.LabelRelevance` takes it.

    Attributes:
        queries: (Q, L) int64 codes, a column a level, fine to coarse; -1 is unlabeled.
        gallery: (N, L) int64 codes.
        gains: (L,) float64 gain of sharing each level.
        query_identities: (Q,) int64: the gallery item of the same identity is the query itself, and ignored.
        gallery_identities: (N,) int64.
    """

    queries: np.ndarray
    gallery: np.ndarray
    gains: np.ndarray
    query_identities: np.ndarray
    gallery_identities: np.ndarray

    @classmethod
    def of_one_level(cls, queries: np.ndarray, gallery: np.ndarray) -> "Labels":
        """One level of codes (Q,) and (N,), and no query among the gallery."""
        there, here = len(gallery), len(queries)
        identities = np.arange(there + here)
        return cls(queries[:, None], gallery[:, None], np.ones(1), identities[there:], identities[:there])


class Vectors:
    """Gallery and queries in a folder that `prepared` wrote; opened anew by every measuring process.

    Args:
        folder: where they are.

    Attributes:
        gallery: (N, d) float32, memory-mapped.
        queries: (Q, d) float32.
        labeled: whether there are labels to judge by.
        about: number, width, source, fingerprint, and how many of the gallery are copies of others.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.about: dict[str, Any] = json.loads((self.folder / ABOUT).read_text("utf-8"))
        self.gallery = np.load(self.folder / GALLERY, mmap_mode="r")
        self.queries = np.load(self.folder / QUERIES)
        self.labeled = (self.folder / LABELS).is_file()

    def relevance(self) -> LabelRelevance:
        """What is relevant; without labels nothing is, and nothing is ignored."""
        if not self.labeled:
            return LabelRelevance(np.full(len(self.queries), -1), np.full(len(self.gallery), -1))
        with np.load(self.folder / LABELS) as stored:
            labels = Labels(**{name: stored[name] for name in stored.files})
        return LabelRelevance(
            labels.queries,
            labels.gallery,
            labels.gains.tolist(),
            labels.query_identities,
            labels.gallery_identities,
        )


def prepared(source: Source, folder: Path, n_queries: int, seed: int) -> Vectors:
    """The vectors of ``source`` in ``folder``: those already there when they are the same, else written now.

    Raises:
        DataError: the source cannot be read, or ``folder`` holds other vectors, which were measured.
    """
    wanted = {"source": source.identity(), "n_queries": n_queries, "seed": seed}
    about = folder / ABOUT
    if about.is_file():
        there = json.loads(about.read_text("utf-8"))
        if {key: there[key] for key in wanted} != json.loads(json.dumps(wanted)):
            raise DataError(f"{folder.parent} holds measurements of other vectors; set another hydra.run.dir")
        return Vectors(folder)
    folder.mkdir(parents=True, exist_ok=True)
    source.write(folder, n_queries, seed)
    gallery, queries = (np.load(folder / name, mmap_mode="r") for name in (GALLERY, QUERIES))
    sizes = {"n": len(gallery), "width": gallery.shape[1], "queries": len(queries)}
    distinct = np.unique(np.concatenate([digests(gallery[block]) for block in blocks(len(gallery))]))
    sizes["copies"] = len(gallery) - len(distinct)
    fingerprint = _fingerprint(gallery, queries)
    write_json(about, {**wanted, **sizes, "fingerprint": fingerprint})  # last: what is said is there
    return Vectors(folder)


def save(folder: Path, name: str, vectors: np.ndarray, rows: np.ndarray | None = None) -> None:
    """Write ``vectors`` (n, d), or their ``rows``, block by block as float32.

    Args:
        folder: where to.
        name: ``gallery.npy`` or ``queries.npy``.
        vectors: floating point, perhaps memory-mapped.
        rows: which of them, in order; None for all.

    Raises:
        DataError: a vector that is not finite.
    """
    n = len(vectors) if rows is None else len(rows)
    with written_whole(folder / name) as aside:
        out = np.lib.format.open_memmap(aside, mode="w+", dtype=np.float32, shape=(n, vectors.shape[1]))
        for block in blocks(n):
            part = np.asarray(vectors[block] if rows is None else vectors[rows[block]], dtype=np.float32)
            finite = np.isfinite(part).all(axis=1)
            if not finite.all():
                at = block.start + int(np.flatnonzero(~finite)[0])
                raise DataError(f"vector {at if rows is None else rows[at]} of the {name[:-4]} is not finite")
            out[block] = part
        out.flush()


def save_labels(folder: Path, labels: Labels) -> None:
    """Write what is relevant to what."""
    with written_whole(folder / LABELS) as aside:
        np.savez(aside, **vars(labels))


def blocks(n: int) -> Iterator[slice]:
    """0 to ``n`` in runs of `BLOCK`."""
    for start in range(0, n, BLOCK):
        yield slice(start, min(start + BLOCK, n))


def _fingerprint(gallery: np.ndarray, queries: np.ndarray) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for vectors in (gallery, queries):
        digest.update(repr(vectors.shape).encode())
        for block in blocks(len(vectors)):
            digest.update(np.ascontiguousarray(vectors[block]).data)
    return digest.hexdigest()
