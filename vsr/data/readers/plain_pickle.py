"""Pickles that hold data alone, read without running anything that they ask for.

A pickle is a program for a small machine that may call whatever it names. Here it can name only how numpy
arrays are put together, and what is called is not numpy but stand-ins that take notes.
"""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from vsr.errors import DataError

# What pickle's machine raises on damage; RecursionError: a list that holds itself.
DAMAGE = (
    pickle.UnpicklingError, EOFError, AttributeError, IndexError, KeyError, TypeError, ValueError,
    OverflowError, MemoryError, RecursionError,
)  # fmt: skip


def read_plain_pickle(path: Path) -> Any:
    """What the pickle at ``path`` holds: dicts, lists, text, numbers, and arrays of numbers.

    Pickles of Python 2 are read too; their text is taken as Latin-1. An array of objects becomes a list.

    Raises:
        DataError: there is no such file, it is damaged, or it asks for anything else to be loaded or called.
    """
    try:
        with path.open("rb") as file:
            return _plain(_Reader(file).load())
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except DAMAGE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path} is not a pickle of plain data: {reason}; get the published file") from None


class _Array:
    """Notes of how an array is to be made. Its slots leave a pickle nothing else to set."""

    __slots__ = ("value",)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, by_columns, content = state  # numpy's own state: version, shape, dtype, order, bytes
        if dtype.value is None:
            self.value = list(content)
            return
        raw = content.encode("latin-1") if isinstance(content, str) else content
        flat = np.frombuffer(raw, dtype=dtype.value)
        self.value = flat.reshape(shape, order="F" if by_columns else "C")


class _Dtype:
    """Notes of a dtype: booleans, integers and floats; None for objects."""

    __slots__ = ("value",)

    def __init__(self, name: str) -> None:
        if name[:1] not in "biufO" or not (name[1:] or "8").isdigit():
            raise pickle.UnpicklingError(f"it holds an array of type {name!r}")
        self.value = None if name[:1] == "O" else np.dtype(name)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if self.value is not None and state[1] in ("<", ">", "|"):
            self.value = self.value.newbyteorder(state[1])


class _Reader(pickle.Unpickler):
    """An unpickler that knows the names an array of numbers needs, and no other.

    It gives out bound methods, not classes: those cannot be changed by what is read.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, encoding="latin-1")

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        """The stand-in for ``module.name``.

        Raises:
            UnpicklingError: it is no part of an array.
        """
        known = {
            ("multiarray", "_reconstruct"): self._array,
            ("multiarray", "scalar"): self._scalar,
            ("numeric", "_frombuffer"): self._buffer,
            ("numpy", "ndarray"): self._array,
            ("numpy", "dtype"): self._dtype,
            ("_codecs", "encode"): self._bytes,
            ("__builtin__", "bytes"): self._no_bytes,
            ("builtins", "bytes"): self._no_bytes,
        }
        for core in ("numpy.core.", "numpy._core."):
            if module.startswith(core):
                module = module.removeprefix(core)
                break
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"it asks to load {module}.{name}, which was refused")
        return known[module, name]

    def _array(self, *_: Any) -> _Array:
        return _Array()

    def _dtype(self, name: str, *_: Any) -> _Dtype:
        return _Dtype(name)

    def _buffer(self, content: Any, dtype: _Dtype, shape: tuple[int, ...], order: str) -> _Array:
        array = _Array()
        array.__setstate__((1, shape, dtype, order == "F", bytes(content)))
        return array

    def _scalar(self, dtype: _Dtype, content: Any) -> Any:
        raw = content.encode("latin-1") if isinstance(content, str) else content
        return np.frombuffer(raw, dtype=dtype.value)[0].item()

    def _bytes(self, text: str, encoding: str) -> bytes:
        if encoding not in ("latin1", "latin-1"):
            raise pickle.UnpicklingError(f"it holds bytes written as {encoding!r}")
        return text.encode("latin-1")

    def _no_bytes(self) -> bytes:
        return b""


def _plain(value: Any) -> Any:
    """``value`` with arrays in place of the notes."""
    if isinstance(value, _Array):
        return _plain(value.value) if isinstance(value.value, list) else value.value
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, str | int | float | bytes | np.ndarray | None):
        return value
    raise pickle.UnpicklingError(f"it holds a {type(value).__name__}")
