"""Parts of a product: a surface, what it is made of and where it stands."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from .surfaces import Array, Surface

UNMOVED = np.eye(3, 4)
OUTWARD, INWARD, BOTH = 1, -1, 0  # which side of a surface can be seen


class Patch(NamedTuple):
    """The points of one surface that a paint colors: all (U, V) or broadcastable, float32."""

    u: Array
    v: Array
    x: Array
    y: Array
    z: Array
    around: float  # length in u, where it is longest
    along: float  # length in v, where it is longest


Paint = Callable[[Patch], Array]  # -> (3, U, V) or broadcastable, sRGB 0..1


class Finish(NamedTuple):
    """How a surface answers light; every value 0..1 but ``sharpness``, the exponent of the highlight."""

    highlight: float = 0.05
    sharpness: float = 12.0
    mirror: float = 0.0
    metal: float = 0.0
    fuzz: float = 0.0
    glow: float = 0.0
    opacity: float = 1.0


class Part(NamedTuple):
    """A surface, how it looks, which side is seen, and where it stands (rotation and shift, 3 x 4)."""

    surface: Surface
    paint: Paint
    finish: Finish = Finish()
    side: int = OUTWARD
    frame: Array = UNMOVED

    def moved(
        self, at: Sequence[float] = (0, 0, 0), turn: Sequence[float] = (0, 0, 0), size: float = 1
    ) -> "Part":
        """The part scaled, turned by degrees about x, then y, then z, and shifted by ``at``."""
        matrix = size * _rotation(turn)
        rest = matrix @ self.frame[:, 3] + np.asarray(at, dtype=float)
        return self._replace(frame=np.column_stack([matrix @ self.frame[:, :3], rest]))


def moved(
    parts: Sequence[Part], at: Sequence[float] = (0, 0, 0), turn: Sequence[float] = (0, 0, 0), size: float = 1
) -> list[Part]:
    """All ``parts`` moved as one, as `Part.moved` does."""
    return [part.moved(at, turn, size) for part in parts]


def _rotation(degrees: Sequence[float]) -> Array:
    """Turn about x, then y, then z."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x
