"""Vectors as they were given, got back from what was made of them, to the bit."""

from typing import Self

import numpy as np

from vsr.index.serialization import Archive

_MOVED, _STEPS, _LENGTHS = "moved.npy", "steps.npy", "lengths.npy"


class Given:
    """What is lost of vectors that are divided by their length, moved and scaled: a byte a number or less.

    Undoing all that in float64 and rounding comes within a few steps of float32 of what was given; how many
    steps, is kept.

    Args:
        scale: what they are multiplied by, in the end.
        middle: (d,) float64, taken off before that; None for nothing.

    Attributes:
        steps: (n, d) int8, or int64 where numbers were too small beside others; None while none were changed.
        lengths: (n,) float64 by which they are multiplied again.
    """

    def __init__(self, scale: float, middle: np.ndarray | None) -> None:
        self.scale, self.middle = scale, middle
        self.steps: np.ndarray | None = None
        self.lengths = np.zeros(0)

    def add(self, given: np.ndarray, made: np.ndarray, held: int, unit: bool) -> None:
        """Take note of what ``made`` (n, d) float32 lost of ``given`` (n, d), after ``held`` others.

        Args:
            given: the vectors.
            made: what is kept of them.
            held: how many there are before, unchanged if this is the first to be noted.
            unit: whether they were divided by their lengths.
        """
        if self.steps is None:
            self.steps, self.lengths = np.zeros((held, given.shape[1]), np.int8), np.ones(held)
        lengths = np.linalg.norm(given.astype(np.float64), axis=1) if unit else np.ones(len(given))
        steps = _ordinal(given) - _ordinal(self._undone(made, lengths))
        if len(steps) and max(steps.max(), -steps.min()) > 127:
            self.steps = self.steps.astype(np.int64)
        self.steps = np.concatenate([self.steps, steps.astype(self.steps.dtype)])
        self.lengths = np.concatenate([self.lengths, lengths])

    def back(self, made: np.ndarray, places: np.ndarray) -> np.ndarray:
        """The vectors (n, d) float32 that were given, of those kept as ``made`` (n, d) at ``places``."""
        if self.steps is None:
            return made
        return _number(_ordinal(self._undone(made, self.lengths[places])) + self.steps[places])

    def remove(self, places: np.ndarray) -> None:
        """Forget ``places``; those behind move up."""
        if self.steps is not None:
            self.steps = np.delete(self.steps, places, axis=0)
            self.lengths = np.delete(self.lengths, places)

    def write(self, archive: Archive) -> None:
        """Put it into ``archive``, where there is anything to it."""
        if self.steps is not None:
            middle = np.zeros(0) if self.middle is None else self.middle
            archive.save_array(_MOVED, np.concatenate([[self.scale], middle]))
            archive.save_array(_STEPS, self.steps)
            archive.save_array(_LENGTHS, self.lengths)

    @classmethod
    def read(cls, archive: Archive) -> Self:
        """What `write` wrote."""
        if _MOVED not in archive:
            return cls(1.0, None)
        scale, *middle = archive.load_array(_MOVED)
        read = cls(float(scale), np.array(middle) if middle else None)
        read.steps, read.lengths = archive.load_array(_STEPS), archive.load_array(_LENGTHS)
        return read

    @property
    def size_bytes(self) -> int:
        """Bytes that it holds."""
        return 0 if self.steps is None else self.steps.nbytes + self.lengths.nbytes

    def _undone(self, made: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        vectors = made.astype(np.float64) / self.scale
        if self.middle is not None:
            vectors += self.middle
        with np.errstate(over="ignore"):
            return (vectors * lengths[:, None]).astype(np.float32)


def _ordinal(numbers: np.ndarray) -> np.ndarray:
    """The place (…) int64 of float32 ``numbers`` among all: the next larger one has the next."""
    bits = np.ascontiguousarray(numbers).view(np.int32)
    return (bits ^ ((bits >> 31) & 0x7FFFFFFF)).astype(np.int64)


def _number(ordinals: np.ndarray) -> np.ndarray:
    """The float32 numbers (…) of `_ordinal`."""
    bits = ordinals.astype(np.int32)
    return (bits ^ ((bits >> 31) & 0x7FFFFFFF)).view(np.float32)
