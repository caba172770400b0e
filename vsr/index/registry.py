"""Backends by the name under which they are configured, and index files back to indexes."""

import importlib
from pathlib import Path

from vsr.errors import IndexFileError
from vsr.exports import public
from vsr.index import serialization
from vsr.index.backend import Backend


def _backends() -> dict[str, type[Backend]]:
    """Every subclass of `Backend` in this room's files that has a ``name``, by it."""
    found = {}
    for name, module in public(__package__ or "").items():
        if module == __name__:  # being imported, and holds none
            continue
        one = getattr(importlib.import_module(module), name)
        if isinstance(one, type) and issubclass(one, Backend) and hasattr(one, "name"):
            found[one.name] = one
    return found


BACKENDS = _backends()


def load(path: str | Path) -> Backend:
    """The index that `save` wrote to ``path``.

    Raises:
        IndexFileError: not there, no index file, cut off, damaged, or of a version or backend unknown here.
        ConfigError: it was made by a library that is not installed.
    """
    with serialization.opened(path) as opened:
        name = opened.manifest.get("backend")
        if name not in BACKENDS:
            raise IndexFileError(f"{path} holds an index of the unknown backend {name!r}: update vsr")
        index = BACKENDS[name](**opened.manifest["arguments"])
        index.restore(opened)
        return index
