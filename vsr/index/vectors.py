"""What may enter an index: the one check that every index makes of the vectors it is given."""

import numpy as np

METRICS = ("cosine", "ip", "l2")


def as_vectors(vectors: np.ndarray, width: int | None, metric: str) -> np.ndarray:
    """``vectors`` (n, d) as C-contiguous float32, of length 1 when ``metric`` is cosine.

    Other layouts are copied: several libraries read Fortran-ordered arrays wrongly without a word.

    Args:
        vectors: (n, d) floating point.
        width: d that they must have; None takes any.
        metric: cosine, ip or l2.

    Raises:
        ValueError: not floating point, not two-dimensional, of another width, or not finite.
    """
    if not isinstance(vectors, np.ndarray) or not np.issubdtype(vectors.dtype, np.floating):
        kind = vectors.dtype if isinstance(vectors, np.ndarray) else type(vectors).__name__
        raise ValueError(f"vectors must be a floating-point numpy array, got {kind}")
    if vectors.ndim != 2 or vectors.shape[1] == 0:
        raise ValueError(f"vectors must be (n, d), got {vectors.shape}")
    if width is not None and vectors.shape[1] != width:
        raise ValueError(f"vectors must be {width} wide like those in the index, got {vectors.shape[1]}")
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if not np.isfinite(vectors).all():
        row = int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])
        raise ValueError(f"vectors must be finite, row {row} is not")
    if metric == "cosine":
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = vectors / np.maximum(length, np.finfo(np.float32).tiny)  # a zero vector stays zero
    return vectors


def check_metric(metric: str) -> str:
    """``metric`` if there is such a one.

    Raises:
        ValueError: it is not cosine, ip or l2.
    """
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}, got {metric!r}")
    return metric


def as_ids(ids: np.ndarray | None, n: int, start: int) -> np.ndarray:
    """``ids`` (n,) as int64; ``start``, ``start + 1``, … when None.

    Raises:
        ValueError: not one integer >= 0 for each vector.
    """
    if ids is None:
        return np.arange(start, start + n)
    if ids.shape != (n,) or not np.issubdtype(ids.dtype, np.integer) or (n and ids.min() < 0):
        raise ValueError(f"ids must be {n} integers >= 0, got {ids.dtype} {ids.shape}")
    return ids.astype(np.int64)
