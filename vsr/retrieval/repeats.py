"""Gallery vectors that are there more than once."""

import numpy as np
import torch
from torch import Tensor

_CHUNK = 16384


def representatives(gallery: Tensor | np.ndarray) -> np.ndarray:
    """The first position (N,) that holds the same vector, itself where it is the only one."""
    width = gallery.shape[1]
    direction = np.random.default_rng(0).normal(size=width)
    marks = np.concatenate(
        [
            np.einsum("nd,d->n", rows(gallery, slice(start, start + _CHUNK)).astype(np.float64), direction)
            for start in range(0, len(gallery), _CHUNK)
        ]
    )
    _, first, at = np.unique(marks, return_index=True, return_inverse=True)
    same = first[at]
    repeated = np.flatnonzero(same != np.arange(len(same)))
    for start in range(0, len(repeated), _CHUNK):  # equal marks are all but certain to be
        part = repeated[start : start + _CHUNK]
        unlike = (rows(gallery, part) != rows(gallery, same[part])).any(axis=1)
        same[part[unlike]] = part[unlike]
    return same


def rows(gallery: Tensor | np.ndarray, chosen: slice | np.ndarray) -> np.ndarray:
    """Rows (n, d) float32 of a gallery wherever it lies."""
    if isinstance(gallery, Tensor):
        at = chosen if isinstance(chosen, slice) else torch.from_numpy(chosen).to(gallery.device)
        return gallery.detach()[at].float().cpu().numpy()
    return np.asarray(gallery[chosen], np.float32)
