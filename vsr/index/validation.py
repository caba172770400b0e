"""What may enter an index: the one check that every index makes of the vectors it is given."""

import numpy as np

METRICS = ("cosine", "ip", "l2")
# Squared lengths outside these bounds are taken again in float64: they have lost digits, or overflowed.
_SMALL, _LARGE = 1e-30, 1e36
_UNIT = 2e-6  # squared lengths so near 1 are rounding


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
    vectors = as_floats(vectors, width)
    return unit(vectors) if metric == "cosine" else vectors


def as_floats(vectors: np.ndarray, width: int | None) -> np.ndarray:
    """``vectors`` (n, d) as C-contiguous float32, checked like `as_vectors` but of any length."""
    if not isinstance(vectors, np.ndarray) or not np.issubdtype(vectors.dtype, np.floating):
        kind = vectors.dtype if isinstance(vectors, np.ndarray) else type(vectors).__name__
        raise ValueError(f"vectors must be a floating-point numpy array, got {kind}")
    if vectors.ndim != 2 or vectors.shape[1] == 0:
        raise ValueError(f"vectors must be (n, d), got {vectors.shape}")
    if width is not None and vectors.shape[1] != width:
        raise ValueError(f"vectors must be {width} wide like those in the index, got {vectors.shape[1]}")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes inf, and is refused below
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        flat = vectors.reshape(-1)
        # One pass at the speed of memory; a sum of squares that is finite has no NaN or inf in it.
        clean = np.isfinite(np.dot(flat, flat))
    if not clean and not np.isfinite(vectors).all():
        row = int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])
        raise ValueError(f"vectors must be finite, row {row} is not")
    return vectors


def unit(vectors: np.ndarray) -> np.ndarray:
    """``vectors`` (n, d) float32 at length 1, themselves when they are; a zero vector stays zero."""
    with np.errstate(over="ignore"):
        squared = np.einsum("nd,nd->n", vectors, vectors)
    if np.abs(squared - 1).max(initial=0) <= _UNIT:  # as models give them: nothing to divide
        return vectors
    lengths = np.sqrt(squared)
    rough = np.flatnonzero((squared < _SMALL) | ~(squared < _LARGE))
    if not len(rough):
        return vectors / lengths[:, None]
    exact = np.linalg.norm(vectors[rough].astype(np.float64), axis=1, keepdims=True)
    lengths[rough] = 1.0
    result = vectors / lengths[:, None]
    result[rough] = vectors[rough] / np.where(exact > 0, exact, 1.0)
    return result


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
