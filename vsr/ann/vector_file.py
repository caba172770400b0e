"""Vectors that people bring: .npy, .npz or Parquet, with labels and queries where they have them."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from vsr.ann.vectors import GALLERY, QUERIES, Labels, save, save_labels
from vsr.data.catalogue.tables import sibling
from vsr.errors import ConfigError, DataError, nearest

KINDS = (".npy", ".npz", ".parquet")
_SHARE = 10  # without queries of their own, at most a tenth of the vectors is taken for queries


@dataclass(frozen=True)
class _Found:
    """What was read: vectors (n, d), and labels (n,), queries and their labels where there are any."""

    vectors: np.ndarray
    labels: np.ndarray | None = None
    queries: np.ndarray | None = None
    query_labels: np.ndarray | None = None


class VectorFile:
    """Vectors from a file.

    Without queries, some of the vectors, drawn at random, are taken out of the gallery to be the queries.

    Args:
        path: ``.npy`` (n, d); ``.npz`` with ``embeddings`` and, where there are, ``labels``, ``queries`` and
            ``query_labels``; or ``.parquet`` with a column of lists and, where there is, one of labels and
            ``role`` (query, gallery or both).
        queries: ``.npy`` (Q, d) of their own.
        labels: ``.npy`` (n,) of integers or text.
        query_labels: ``.npy`` (Q,).
        embedding: the Parquet column of vectors.
        label: the Parquet column of labels.

    Raises:
        ConfigError: no path.
    """

    def __init__(
        self,
        path: str | None,
        queries: str | None = None,
        labels: str | None = None,
        query_labels: str | None = None,
        embedding: str = "embedding",
        label: str = "label",
    ) -> None:
        if not path:
            raise ConfigError("vectors.path must be set: give vectors.path=… (.npy, .npz or .parquet)")
        self.path, self.queries, self.labels = Path(path), queries, labels
        self.query_labels, self.embedding, self.label = query_labels, embedding, label

    def identity(self) -> dict[str, Any]:
        """The files with their sizes and times."""
        files = [("path", self.path), ("queries", self.queries), ("labels", self.labels)]
        files.append(("query_labels", self.query_labels))
        given = {key: _stamp(Path(path), f"vectors.{key}") for key, path in files if path}
        return {"kind": "file", **given, "embedding": self.embedding, "label": self.label}

    def write(self, folder: Path, n_queries: int, seed: int) -> None:
        """See `vsr.ann.vectors.Source`.

        Raises:
            DataError: a file cannot be read, or what is in it does not belong together.
        """
        found = self._checked(self._read())
        random = np.random.default_rng(seed)
        asked: np.ndarray | None = None
        kept = found.labels
        if found.queries is None:
            n = len(found.vectors)
            drawn = np.sort(random.choice(n, min(n_queries, max(1, n // _SHARE)), replace=False))
            others = np.delete(np.arange(n), drawn)
            if not len(others):
                raise DataError(f"vectors.path: {self.path} holds {n} vectors, too few to search in")
            save(folder, GALLERY, found.vectors, others)
            save(folder, QUERIES, found.vectors, drawn)
            if found.labels is not None:
                asked, kept = found.labels[drawn], found.labels[others]
        else:
            chosen = np.arange(len(found.queries))
            if len(chosen) > n_queries:
                chosen = np.sort(random.choice(chosen, n_queries, replace=False))
            save(folder, GALLERY, found.vectors)
            save(folder, QUERIES, found.queries, chosen)
            asked = None if found.query_labels is None else found.query_labels[chosen]
        if asked is not None and kept is not None:
            save_labels(folder, _coded(asked, kept))

    def _read(self) -> _Found:
        kind = self.path.suffix.lower()
        if kind not in KINDS:
            raise DataError(f"vectors.path: {self.path} must end in {', '.join(KINDS)}")
        if kind == ".parquet":
            found = self._table()
        elif kind == ".npz":
            found = _archive(_load(self.path, "vectors.path"), self.path)
        else:
            found = _Found(_load(self.path, "vectors.path"))
        names = ("queries", "labels", "query_labels")
        own = {name: _load(Path(path), f"vectors.{name}") for name in names if (path := getattr(self, name))}
        return replace(found, **own)

    def _table(self) -> _Found:
        try:
            names = pq.read_schema(self.path).names
            if self.embedding not in names:
                hint = nearest(self.embedding, names)
                raise DataError(f"vectors.embedding: {self.path} has no column '{self.embedding}'{hint}")
            wanted = [self.embedding, *(name for name in (self.label, "role") if name in names)]
            table = pq.read_table(self.path, columns=wanted)
        except (pa.ArrowException, OSError) as error:
            text = " ".join(str(error).split())
            raise DataError(f"vectors.path: {self.path} cannot be read as Parquet: {text}") from error
        vectors = _lists(table[self.embedding].combine_chunks(), self.path, self.embedding)
        labels = table[self.label].to_pandas().to_numpy() if self.label in wanted else None
        if "role" not in wanted:
            return _Found(vectors, labels)
        role = table["role"].to_pandas()
        asked, kept = (np.flatnonzero(role.isin([one, "both"])) for one in ("query", "gallery"))
        if not len(asked) or not len(kept):
            raise DataError(f"{self.path}: column role must name queries and gallery; leave it out otherwise")
        some = (None, None) if labels is None else (labels[kept], labels[asked])
        return _Found(vectors[kept], some[0], vectors[asked], some[1])

    def _checked(self, found: _Found) -> _Found:
        for name, vectors in (("path", found.vectors), ("queries", found.queries)):
            if vectors is None:
                continue
            if vectors.ndim != 2 or 0 in vectors.shape or not np.issubdtype(vectors.dtype, np.floating):
                what = f"{vectors.dtype} {vectors.shape}"
                raise DataError(f"vectors.{name}: vectors must be floating point (n, d), got {what}")
        if found.queries is not None and found.queries.shape[1] != found.vectors.shape[1]:
            widths = f"{found.queries.shape[1]} wide, the vectors {found.vectors.shape[1]}"
            raise DataError(f"vectors.queries: queries are {widths}; they must be equal")
        _check_labels("labels", found.labels, len(found.vectors))
        _check_labels(
            "query_labels", found.query_labels, None if found.queries is None else len(found.queries)
        )
        return found


def _stamp(path: Path, key: str) -> list[Any]:
    if not path.is_file():
        raise DataError(f"{key}: no file {path}{sibling(path)}")
    return [str(path), path.stat().st_size, path.stat().st_mtime]


def _load(path: Path, key: str) -> Any:
    """An array, memory-mapped, or the arrays of an .npz."""
    if not path.is_file():
        raise DataError(f"{key}: no file {path}{sibling(path)}")
    try:
        return np.load(path, mmap_mode="r")
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        text = " ".join(str(error).split())
        raise DataError(f"{key}: {path} cannot be read by NumPy: {text}") from error


def _archive(arrays: Mapping[str, np.ndarray], path: Path) -> _Found:
    known = {"embeddings", "labels", "queries", "query_labels"}
    if "embeddings" not in arrays:
        hint = nearest("embeddings", list(arrays))
        raise DataError(f"vectors.path: {path} has no array 'embeddings'{hint}")
    given = {name: arrays[name] for name in known - {"embeddings"} if name in arrays}
    return _Found(arrays["embeddings"], **given)


def _lists(column: Any, path: Path, name: str) -> np.ndarray:
    """A Parquet column of equally long lists as (n, d), copied only when it has to be."""
    if not (
        pa.types.is_list(column.type)
        or pa.types.is_large_list(column.type)
        or pa.types.is_fixed_size_list(column.type)
    ):
        raise DataError(f"vectors.embedding: column '{name}' of {path} must hold lists, got {column.type}")
    flat = column.flatten().to_numpy(zero_copy_only=False)
    n = len(column)
    if n == 0 or len(flat) % n or column.null_count or not _even(column, len(flat) // n):
        raise DataError(f"vectors.embedding: column '{name}' of {path} must hold lists of one length")
    return flat.reshape(n, -1)


def _even(column: Any, width: int) -> bool:
    if pa.types.is_fixed_size_list(column.type):
        return True
    return bool((np.diff(column.offsets.to_numpy()) == width).all())


def _check_labels(name: str, labels: np.ndarray | None, n: int | None) -> None:
    if labels is None:
        return
    if n is None or labels.shape != (n,):
        raise DataError(f"vectors.{name}: there must be one for each of {n or 0} vectors, got {labels.shape}")
    if np.issubdtype(labels.dtype, np.floating):
        raise DataError(f"vectors.{name}: labels must be integers or text, got {labels.dtype}")


def _coded(queries: np.ndarray, gallery: np.ndarray) -> Labels:
    """Labels of any kind as codes; what is missing is unlabeled."""
    codes, _ = pd.factorize(np.concatenate([np.asarray(gallery, object), np.asarray(queries, object)]))
    codes = codes.astype(np.int64)
    return Labels.of_one_level(codes[len(gallery) :], codes[: len(gallery)])
