"""Vectors made fit for products in float32: moved to the origin, scaled, made unit length."""

import logging
import math

import numpy as np
import torch
from torch import Tensor

from vsr.errors import DivergedError

log = logging.getLogger(__name__)
_CHUNK = 16384  # gallery vectors read at a time
_SAMPLE = 16384  # gallery vectors that the middle is taken of
_FAR = 4.0  # squared distance of the middle from the origin, in squared distances of the vectors from it
_SAFE = 1e-10, 1e10  # lengths that products in float32 neither lose nor let overflow
_UNIT = 1e-6  # lengths so near 1 are rounding, as models give them
_VISIBLE = 1e-5  # squared distances of directions of which float32 cosines show fewer than a hundred steps


class Coarse:
    """Queries and gallery for products: a product differs from the score by ``unit`` and `offsets`.

    Args:
        queries: (Q, d) floating point.
        gallery: (N, d), a tensor or a numpy array.
        kind: cosine, ip or l2.

    Attributes:
        device: where products are taken: the gallery's, or the CPU where that knows no float64.
        queries: (Q, d), float32 on a CPU, float64 on an accelerator.
        gallery: (N, d) the same, or the array itself, of which `part` makes parts fit.
        middle: (d,) float64, what the gallery was moved by; None when it was not.
        distances: whether a score is 2<q, g> - |g|², not <q, g>.
        unit: score for each unit of a product.
        largest: the longest vector of the gallery, as it is multiplied.

    Raises:
        DivergedError: a vector that is not finite in float32.
    """

    def __init__(self, queries: Tensor, gallery: Tensor | np.ndarray, kind: str) -> None:
        self.kind = kind
        device = gallery.device if isinstance(gallery, Tensor) else queries.device
        self.device = torch.device("cpu") if device.type == "mps" else device  # it has no float64
        self._dtype = torch.float32 if self.device.type == "cpu" else torch.float64
        self._middle: Tensor | None = None
        self._middle = self._centre(gallery)
        self._scales = 1.0, 1.0
        self._plain = False
        lengths = self._lengths(queries, "query"), self._lengths(gallery, "gallery")
        self._scale(*lengths)
        self._plain = self._is_plain(*lengths)
        self.distances = kind == "l2" or (kind == "cosine" and self._middle is not None)
        self.unit = (0.5 if kind == "cosine" and self.distances else 1.0) / (
            self._scales[0] * self._scales[1]
        )
        self.middle = None if self._middle is None else self._middle.cpu().numpy()
        self.queries = self._whole(queries, 0)
        self.gallery = self._whole(gallery, 1) if isinstance(gallery, Tensor) else gallery
        longest = 1.0 if kind == "cosine" and self._middle is None else float(lengths[1].max(initial=0))
        self.largest = longest * self._scales[1]
        self._sizes = torch.linalg.vector_norm(self.queries, dim=1).double().cpu().numpy()

    def part(self, chosen: slice | np.ndarray) -> Tensor:
        """Part (n, d) of the gallery, ready to be multiplied."""
        if isinstance(self.gallery, Tensor):
            at = chosen if isinstance(chosen, slice) else torch.from_numpy(chosen).to(self.device)
            return self.gallery[at]
        return self._fit(torch.from_numpy(np.array(self.gallery[chosen], np.float32)).to(self.device), 1)

    def terms(self, queries: slice | np.ndarray, lengths: float | np.ndarray) -> np.ndarray:
        """What rounding goes by beside a product's own size (q,), for gallery vectors of ``lengths``."""
        usual = self._sizes[queries] * lengths / math.sqrt(self.queries.shape[1])
        return 2 * usual + np.square(lengths) if self.distances else usual

    def offsets(self, queries: slice) -> np.ndarray:
        """What makes scores, less 1 under cosine, of products times ``unit`` (q,) float64."""
        rows = self.queries[queries].double()
        if self.distances:
            return (-rows.square().sum(dim=1) * self.unit).cpu().numpy()
        if self.kind == "cosine":
            return np.full(len(rows), -1.0)
        if self._middle is None:
            return np.zeros(len(rows))
        return (rows @ self._middle / self._scales[0]).cpu().numpy()

    def _centre(self, gallery: Tensor | np.ndarray) -> Tensor | None:
        """The middle (d,) of the gallery if it lies far from the origin for its width, float64."""
        every = max(1, len(gallery) // _SAMPLE)
        if not len(gallery):
            return None
        sample = self._exact(_tensor(gallery[::every]).to(self.device))
        middle = sample.mean(dim=0).float().double()  # differences from it are exact then
        width = float((sample - middle).square().sum(dim=1).mean())
        squared = float(middle.square().sum())
        if self.kind == "cosine" and squared and width < _VISIBLE:
            log.warning(
                "gallery vectors are alike to a cosine of 1 - %.1e: their order is exact, but the cosines "
                "shown are float32, which has steps of 6e-08 there; l2 would show them apart",
                width / 2,
            )
        return middle if squared > _FAR * width else None

    def _lengths(self, vectors: Tensor | np.ndarray, side: str) -> np.ndarray:
        """Lengths (n,) float64 before scaling; under cosine those given unless the gallery is moved."""
        found = [np.zeros(0)]
        for start in range(0, len(vectors), _CHUNK):
            part = _tensor(vectors[start : start + _CHUNK]).to(self.device)
            squares = part.square().sum(dim=1).double()
            if not torch.isfinite(squares).all():
                _check_finite(part, side, start)
            if self._middle is not None and not (self.kind == "ip" and side == "query"):
                squares = (self._exact(part) - self._middle).square().sum(dim=1)
            elif not torch.isfinite(squares).all() or squares.min() < _SAFE[0] ** 2:
                squares = part.double().square().sum(dim=1)
            found.append(squares.sqrt().cpu().numpy())
        return np.concatenate(found)

    def _scale(self, queries: np.ndarray, gallery: np.ndarray) -> None:
        """Choose powers of 2 that bring lengths (Q,) and (N,) near 1 where they are extreme."""
        longest = queries.max(initial=0), gallery.max(initial=0)
        if self.kind == "l2":
            longest = (max(longest),) * 2
        if self.kind != "cosine":
            q, g = (1.0 if not n or _SAFE[0] < n < _SAFE[1] else 2.0 ** -math.frexp(n)[1] for n in longest)
            self._scales = q, g

    def _is_plain(self, queries: np.ndarray, gallery: np.ndarray) -> bool:
        """Whether vectors are multiplied as they are given, without a copy."""
        if self._dtype != torch.float32 or self._middle is not None or self._scales != (1.0, 1.0):
            return False
        if self.kind != "cosine":
            return True
        return all(np.abs(lengths - 1).max(initial=0) <= _UNIT for lengths in (queries, gallery))

    def _whole(self, vectors: Tensor, side: int) -> Tensor:
        if self._plain:
            return vectors.detach().to(self.device).float().contiguous()
        out = torch.empty(vectors.shape, dtype=self._dtype, device=self.device)
        for start in range(0, len(vectors), _CHUNK):
            part = slice(start, start + _CHUNK)
            out[part] = self._fit(_tensor(vectors[part]).to(self.device), side)
        return out

    def _fit(self, vectors: Tensor, side: int) -> Tensor:
        if self._plain:
            return vectors
        exact = self._exact(vectors)
        if self._middle is not None and not (self.kind == "ip" and side == 0):
            exact = exact - self._middle
        return (exact * self._scales[side]).to(self._dtype)

    def _exact(self, vectors: Tensor) -> Tensor:
        """``vectors`` (n, d) in float64, of length 1 under cosine; a zero vector stays zero."""
        vectors = vectors.double()
        if self.kind != "cosine":
            return vectors
        lengths = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
        return vectors / torch.where(lengths > 0, lengths, 1.0)


def _tensor(vectors: Tensor | np.ndarray) -> Tensor:
    if isinstance(vectors, Tensor):
        return vectors.detach().float()
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes inf, and is refused
        return torch.from_numpy(np.array(vectors, np.float32))


def _check_finite(part: Tensor, side: str, start: int) -> None:
    """Refuse ``part`` (n, d) of the vectors from ``start`` if any is not finite."""
    wrong = (~torch.isfinite(part).all(dim=1)).nonzero().squeeze(1)
    if len(wrong):
        what = f"{side} embedding {start + int(wrong[0])} is not finite"
        raise DivergedError(f"{what}; lower the learning rate or look at its picture")
