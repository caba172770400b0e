"""Scores of chosen pairs, to be ordered by: in float64, the same floats for a pair wherever it stands.

Distances are taken by differences, and so is the cosine of directions less than 60 degrees apart, of which a
product would leave nothing but rounding where they are nearly the same.
"""

import numpy as np

_FLOATS = 1 << 17  # a pair's side of a chunk: 1 MiB as float64, which stays in the cache
_LARGEST = float(np.finfo(np.float32).max)


def keys(
    queries: np.ndarray,
    owners: np.ndarray,
    vectors: np.ndarray,
    metric: str,
    middle: np.ndarray | None = None,
) -> np.ndarray:
    """What orders pairs, higher nearer: negated squared distance, inner product, or cosine - 1.

    Args:
        queries: (q, d) float32.
        owners: (p,) the query of each pair.
        vectors: (p, d) float32, of any length.
        metric: cosine, ip or l2.
        middle: (d,) taken off the vectors first under ip: every product of a query is less by the same.

    Returns:
        (p,) float64.
    """
    asked = as_doubles(queries, metric)
    found = np.empty(len(owners), np.float64)
    step = max(1, _FLOATS // max(1, vectors.shape[1]))
    for start in range(0, len(owners), step):
        chunk = slice(start, start + step)
        part = as_doubles(vectors[chunk], metric)
        if middle is not None and metric == "ip":
            part -= middle
        found[chunk] = _compared(part, asked[owners[chunk]], metric)
    return found


def shown(found: np.ndarray, metric: str) -> np.ndarray:
    """The scores (…) float32 that people see of `keys` (…), within what float32 holds."""
    scores = found + 1 if metric == "cosine" else found
    return np.clip(scores, -_LARGEST, _LARGEST).astype(np.float32)


def as_doubles(vectors: np.ndarray, metric: str) -> np.ndarray:
    """``vectors`` (n, d) in float64, of length 1 under cosine; a zero vector stays zero."""
    vectors = vectors.astype(np.float64)
    if metric == "cosine":
        lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
        vectors /= np.where(lengths > 0, lengths, 1.0)[:, None]
    return vectors


def _compared(vectors: np.ndarray, asked: np.ndarray, metric: str) -> np.ndarray:
    """`keys` (p,) of pairs of rows in float64, as `as_doubles` gives them; ``asked`` is changed."""
    if metric == "ip":
        return np.einsum("nd,nd->n", vectors, asked)
    products = np.einsum("nd,nd->n", vectors, asked) if metric == "cosine" else None
    if products is not None and products.max(initial=0) <= 0.5:
        return products - 1
    apart = np.subtract(vectors, asked, out=asked)
    squares = np.einsum("nd,nd->n", apart, apart)
    return -squares if products is None else np.where(products > 0.5, squares * -0.5, products - 1)
