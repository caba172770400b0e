"""The public names of a room, found in its files and imported when they are first used.

A new class is thereby exported by existing, and importing a room costs nothing: ``from vsr.losses import
InfoNCE`` reads ``vsr/losses/infonce.py`` and what that file needs, no more.
"""

import importlib
import pkgutil
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

_DEFINITION = re.compile(r"^(?:class|def) ([A-Za-z]\w*)", re.MULTILINE)


def exports(room: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` (PEP 562) of the package ``room``.

    The room exports the classes and functions without a leading underscore at the top level of its files,
    including those of sub-packages. A name that two files define is not exported, nor one that is also a
    file's: those are imported from their file.
    """

    def get(name: str) -> Any:
        if name.startswith("_") or name not in (found := public(room)):
            raise AttributeError(f"module '{room}' has no attribute '{name}'")
        value = getattr(importlib.import_module(found[name]), name)
        setattr(sys.modules[room], name, value)
        return value

    return get, lambda: sorted(public(room))


@cache
def public(room: str) -> dict[str, str]:
    """The exported names of the package ``room``, each with the module that defines it."""
    package = sys.modules[room]
    found: dict[str, str] = {}
    left_out: set[str] = set()
    for module in pkgutil.walk_packages(package.__path__, f"{room}.", onerror=lambda _: None):
        left_out.add(module.name.rpartition(".")[2])
        if not module.ispkg:
            for name in _definitions(module):
                left_out |= {name} & set(found)
                found[name] = module.name
    return {name: where for name, where in found.items() if name not in left_out}


def _definitions(module: pkgutil.ModuleInfo) -> list[str]:
    spec = module.module_finder.find_spec(module.name, None)  # pyright: ignore[reportCallIssue]
    assert spec is not None
    assert spec.origin is not None
    return _DEFINITION.findall(Path(spec.origin).read_text(encoding="utf-8"))
