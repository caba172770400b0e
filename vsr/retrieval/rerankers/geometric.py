"""Spatial verification: items whose local features fit the query's by one affine map come first.

Source: Philbin et al. 2007 (Object retrieval with large vocabularies and fast spatial matching), section 3.4;
SIFT (Lowe 2004) with its ratio test, or ORB (Rublee et al. 2011); RANSAC from OpenCV.
"""

from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np
from PIL import ImageOps
from torch import Tensor

from vsr.data.pictures.decode import CataloguePictures, CorruptPictureError
from vsr.errors import ConfigError
from vsr.extras import library
from vsr.index.neighbors import Neighbors
from vsr.retrieval.rerankers.context import Context, Vectors
from vsr.retrieval.rerankers.order import rescored
from vsr.retrieval.rerankers.vectors import check_at_least

DETECTORS = ("sift", "orb")
_LEAST = 3  # matches that an affine map needs


class _Features(NamedTuple):
    """Points (m, 2) float32 and descriptors (m, 128) float32, or (m, 32) uint8 of ORB."""

    points: np.ndarray
    descriptors: np.ndarray


class Geometric:
    """Order the nearest n by how many local features agree on one affine map of the query onto the item.

    Items with fewer than ``least`` inliers count as having none; equals keep their order. The score is the
    number of inliers plus a share, below 1, that tells the place an item came with.

    Args:
        n: neighbors that get a new order, >= 1.
        detector: sift or orb.
        features: local features of a picture, at most, >= 1.
        size: pixels on the short side to which larger pictures are shrunk, >= 16.
        ratio: of the distances to the nearest and the second feature, below which a match counts, in 0..1.
        tolerance: pixels by which an inlier may miss, > 0.
        least: inliers from which they count, >= 3.
        cache_mib: memory for features of pictures, to be used again.
    """

    def __init__(
        self,
        n: int = 20,
        detector: str = "sift",
        features: int = 500,
        size: int = 256,
        ratio: float = 0.8,
        tolerance: float = 5.0,
        least: int = 6,
        cache_mib: float = 256.0,
    ) -> None:
        check_at_least(1, n=n, features=features)
        check_at_least(16, size=size)
        check_at_least(_LEAST, least=least)
        if detector not in DETECTORS:
            raise ValueError(f"detector must be one of {', '.join(DETECTORS)}, got {detector!r}")
        if not 0 < ratio <= 1 or tolerance <= 0:
            raise ValueError(f"ratio must lie in 0..1 and tolerance be > 0, got {ratio} and {tolerance}")
        self.n, self.detector, self.features, self.size = n, detector, features, size
        self.ratio, self.tolerance, self.least, self.cache_mib = ratio, tolerance, least, cache_mib
        self._cv2 = _opencv()
        self._forget()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_cv2", "_kept")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._cv2 = _opencv()
        self._kept: OrderedDict[int, _Features] = OrderedDict()
        self._bytes = 0

    def prepare(self, context: Context) -> None:
        """Take the catalogue whose pictures are compared.

        Raises:
            ConfigError: no catalogue, query rows or gallery rows.
        """
        self._forget()
        self._pictures = CataloguePictures(context.required("catalogue", "geometric"))
        self._query_rows = context.required("query_rows", "geometric")
        self._gallery_rows = context.required("gallery_rows", "geometric")

    def rerank(self, queries: Tensor, gallery: Vectors, neighbors: Neighbors) -> Neighbors:
        """The first n neighbors in their new order, the others behind them.

        Raises:
            ConfigError: it was not prepared, or for another number of queries.
        """
        if self._pictures is None:
            raise ConfigError("rerank=geometric must see the catalogue first; call prepare")
        if len(queries) != len(self._query_rows):
            raise ConfigError(
                f"rerank=geometric was prepared for {len(self._query_rows)} queries, got {len(queries)}"
            )
        ids = neighbors.ids[:, : self.n]
        width = ids.shape[1]
        scores = np.tile((width - np.arange(width, dtype=np.float32)) / (width + 1), (len(ids), 1))
        for query, row in enumerate(self._query_rows):
            own = self._features_of(int(row))
            for place, position in enumerate(ids[query]):
                if position >= 0:
                    inliers = self.inliers(own, self._features_of(int(self._gallery_rows[position])))
                    scores[query, place] += inliers if inliers >= self.least else 0
        return rescored(neighbors, scores)

    def inliers(self, query: _Features, item: _Features) -> int:
        """How many matches agree on one affine map, by RANSAC, whose draws OpenCV seeds alike each time."""
        if min(len(query.points), len(item.points)) < _LEAST:
            return 0
        norm = self._cv2.NORM_HAMMING if self.detector == "orb" else self._cv2.NORM_L2
        matches = self._cv2.BFMatcher(norm).knnMatch(query.descriptors, item.descriptors, k=2)
        good = [one[0] for one in matches if len(one) == 2 and one[0].distance < self.ratio * one[1].distance]
        if len(good) < _LEAST:
            return 0
        source = query.points[[match.queryIdx for match in good]]
        target = item.points[[match.trainIdx for match in good]]
        found, inside = self._cv2.estimateAffine2D(source, target, ransacReprojThreshold=self.tolerance)
        return 0 if found is None else int(inside.sum())

    def _features_of(self, row: int) -> _Features:
        """Local features of a catalogue row, none when its picture cannot be decoded."""
        if row in self._kept:
            self._kept.move_to_end(row)
            return self._kept[row]
        features = self._detect(row)
        self._kept[row] = features
        self._bytes += features.points.nbytes + features.descriptors.nbytes
        while self._bytes > self.cache_mib * 2**20 and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.points.nbytes + oldest.descriptors.nbytes
        return features

    def _detect(self, row: int) -> _Features:
        assert self._pictures is not None
        nothing = _Features(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8))
        try:
            picture = ImageOps.grayscale(self._pictures(row, self.size))
        except CorruptPictureError:
            return nothing
        scale = min(1.0, self.size / min(picture.size))
        if scale < 1:
            picture = picture.resize((round(picture.width * scale), round(picture.height * scale)))
        make = self._cv2.ORB_create if self.detector == "orb" else self._cv2.SIFT_create
        points, descriptors = make(self.features).detectAndCompute(np.asarray(picture), None)
        if descriptors is None or not len(points):
            return nothing
        return _Features(np.array([point.pt for point in points], np.float32), descriptors)

    def _forget(self) -> None:
        self._kept = OrderedDict()
        self._bytes = 0
        self._pictures: CataloguePictures | None = None
        self._query_rows, self._gallery_rows = np.zeros(0, np.int64), np.zeros(0, np.int64)


def _opencv() -> Any:
    """OpenCV.

    Raises:
        ConfigError: it is not installed.
    """
    return library("cv2", "rerank=geometric", "OpenCV", "geometric")
