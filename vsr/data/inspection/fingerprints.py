"""What stays of a picture when it is re-encoded or resized: a 64-bit difference hash and a tiny copy.

The hash is dHash (N. Krawetz, "Kind of Like That", hackerfactor.com, 2013): the picture is reduced to 9 × 8
gray pixels, and each of 64 bits says whether a pixel is darker than its right neighbor. It knows neither
color nor contrast, so that what it finds is checked with the tiny copies, which know both.
"""

import numpy as np
from PIL import Image

HASH_BITS = 64
TINY = 16  # side of a tiny copy, pixels
_ACROSS, _DOWN = 9, 8
_WEIGHTS = np.left_shift(np.uint64(1), np.arange(HASH_BITS, dtype=np.uint64))


def difference_hash(image: Image.Image) -> int:
    """The 64-bit dHash of an RGB picture of any size."""
    gray = image.convert("L").resize((_ACROSS, _DOWN), Image.Resampling.BOX)
    values = np.asarray(gray, dtype=np.int16)  # (8, 9)
    darker = (values[:, :-1] < values[:, 1:]).ravel()  # (64,)
    return int(_WEIGHTS[darker].sum(dtype=np.uint64))


def tiny_copy(image: Image.Image) -> np.ndarray:
    """The picture as (16, 16, 3) uint8, its aspect given up."""
    return np.asarray(image.resize((TINY, TINY), Image.Resampling.BOX))
