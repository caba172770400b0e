"""The published files of a benchmark: found, or named with the page that has them."""

from pathlib import Path

from vsr.data.catalogue.tables import sibling
from vsr.errors import ConfigError, DataError


def root_folder(root: str | None, what: str) -> Path:
    """``root`` as a path.

    Raises:
        ConfigError: it is None or empty.
    """
    if root is None or not str(root):
        raise ConfigError(f"data.root must name the folder with the files of {what}; give data.root=…")
    return Path(str(root)).expanduser()  # a folder called 2018 comes as a number


def need(path: Path, page: str) -> Path:
    """``path``, which is there.

    Raises:
        DataError: it is not; the message names ``page``, where the file is published.
    """
    if not path.exists():
        raise DataError(f"data.root: no {path}{sibling(path)}; it is published at {page}")
    return path
