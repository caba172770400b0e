"""Picture files below a folder."""

import os
from pathlib import Path

from vsr.data.names import not_utf8
from vsr.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")


def find_pictures(root: Path) -> list[str]:
    """Paths below ``root`` of its pictures, with ``/`` between folders, sorted.

    Linked folders are followed, but not back into a folder that they lie in. Names that begin with a dot or
    are ``__MACOSX`` are what archives and desktops leave behind.

    Raises:
        DataError: a name is not UTF-8, which no table and no page can hold.
    """
    found = []
    for folder, below, files in os.walk(root, followlinks=True):
        below[:] = sorted(name for name in below if _visible(name) and not _leads_back(folder, name))
        inside = Path(folder).relative_to(root).as_posix()
        prefix = "" if inside == "." else inside + "/"
        found.extend(prefix + name for name in files if _visible(name) and name.lower().endswith(SUFFIXES))
    wrong = not_utf8(found, str(root))
    if wrong:
        raise DataError(f"data.root: {wrong}")
    return sorted(found)


def _visible(name: str) -> bool:
    return not name.startswith(".") and name != "__MACOSX"


def _leads_back(folder: str, name: str) -> bool:
    path = os.path.join(folder, name)
    if not os.path.islink(path):
        return False
    here, there = os.path.realpath(folder), os.path.realpath(path)
    return os.path.commonpath([here, there]) == there
